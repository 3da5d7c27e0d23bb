package io.github.usage4j.query;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.internal.UsageIds;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one user request caused: all calls of one operation.
 *
 * @param opening the call that the operation is counted by: its first one that was let through. Its
 *     {@code occurredAt} and id are the position of the operation in a list
 * @param usage the sum of all its calls: tokens, costs, calls, tool turns
 * @param startedAt when its first call started
 * @param latency from there to the end of the call that ended last
 * @param status how the call ended that started last: a step that failed and was repeated with
 *     success is no failure
 */
public record OperationUsage(
    UsageEvent opening, UsageSummary usage, Instant startedAt, Duration latency, Outcome status) {

  /** The id shared by its calls. */
  public String operationId() {
    return opening.operationId();
  }

  /** Who caused it, as known when it was opened. */
  public Attribution attribution() {
    return opening.attribution();
  }

  /** The operation inside which it began; null if there is none. */
  public @Nullable String parentOperationId() {
    return opening.parentOperationId();
  }

  /** Starts the sum of an operation. */
  public static Sum of(UsageEvent opening) {
    return new Sum(opening);
  }

  /** Adds up the calls of an operation, in any order. Not safe for use by several threads. */
  public static final class Sum {

    private static final Comparator<UsageEvent> IN_TIME =
        Comparator.comparing(UsageEvent::occurredAt)
            .thenComparingInt(UsageEvent::step)
            .thenComparing(UsageEvent::id, UsageIds.ORDER);

    private final UsageEvent opening;
    private UsageSummary usage = UsageSummary.EMPTY;
    private UsageEvent last;
    private Instant start;
    private Instant end;

    private Sum(UsageEvent opening) {
      this.opening = opening;
      this.last = opening;
      this.start = opening.occurredAt();
      this.end = opening.occurredAt().plus(opening.duration());
    }

    /** True if the call is a step of this operation, and of its organization. */
    public boolean isStep(UsageEvent call) {
      return call.operationId().equals(opening.operationId())
          && Objects.equals(
              call.attribution().organization(), opening.attribution().organization());
    }

    /** Adds one of its calls; the opening one has to be added too. */
    public void add(UsageEvent call) {
      usage = usage.plus(UsageSummary.of(call));
      last = IN_TIME.compare(call, last) > 0 ? call : last;
      start = call.occurredAt().isBefore(start) ? call.occurredAt() : start;
      Instant ended = call.occurredAt().plus(call.duration());
      end = ended.isAfter(end) ? ended : end;
    }

    /** What was added so far. */
    public OperationUsage result() {
      return new OperationUsage(
          opening, usage, start, Duration.between(start, end), last.outcome());
    }
  }
}
