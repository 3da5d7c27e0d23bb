package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands batches to a sink and settles each event: written, known already, or dropped with a reason
 * and, where there is a file for it, as a dead letter. Shared by all buffers. One thread at a time
 * writes.
 */
final class Delivery {

  private static final Logger LOG = LoggerFactory.getLogger(UsageSink.class);

  private final UsageSink sink;
  private final DeliveryCounts counts;
  private final @Nullable DeadLetters letters;

  Delivery(UsageSink sink, DeliveryCounts counts, @Nullable DeadLetters letters) {
    this.sink = sink;
    this.counts = counts;
    this.letters = letters;
  }

  /**
   * Writes these events and takes out of the list what is settled: stored, known already, or
   * dropped. Events that the sink rejects for what is in them are found by halving the batch.
   *
   * @throws Exception if the sink cannot write now; what is left in the list was not stored
   */
  void write(List<UsageEvent> pending) throws Exception {
    var dead = new ArrayList<DeadLetters.Letter>();
    try {
      write(pending, dead);
    } finally {
      bury(dead); // together, because each time costs a flush of the disk
    }
  }

  private void write(List<UsageEvent> pending, List<DeadLetters.Letter> dead) throws Exception {
    int size = pending.size();
    while (!pending.isEmpty()) {
      List<UsageEvent> batch = List.copyOf(pending.subList(0, Math.min(size, pending.size())));
      try {
        writeOnce(batch, dead);
        size *= 2;
      } catch (UsageSink.RejectedException e) {
        if (batch.size() > 1) {
          size = batch.size() / 2;
          continue;
        }
        dead.addAll(giveUp(batch, DropReason.REJECTED, e));
      }
      pending.subList(0, batch.size()).clear();
    }
  }

  private void writeOnce(List<UsageEvent> batch, List<DeadLetters.Letter> dead) throws Exception {
    long started = System.nanoTime();
    var report = new Tally();
    sink.write(batch, report);
    counts.worked();
    int stored = batch.size() - report.duplicates - report.refused.size();
    counts.written(stored, Duration.ofNanos(System.nanoTime() - started));
    counts.duplicates(report.duplicates);
    for (DeadLetters.Letter refused : report.refused) {
      refused(refused);
      dead.add(refused);
    }
  }

  private void refused(DeadLetters.Letter refused) {
    if (refused.reason() == DropReason.CONFLICT) {
      counts.conflicts(1);
    }
    counts.drop(1, refused.reason());
    LOG.error("Usage event {} is not stored: {}", refused.event().id(), refused.why());
  }

  /** A write failed and will be tried again. */
  void failed(int events, Throwable cause) {
    counts.failed(events, cause);
  }

  /** These events will not be stored. */
  void drop(List<UsageEvent> events, DropReason reason, @Nullable Throwable cause) {
    bury(giveUp(events, reason, cause));
  }

  private List<DeadLetters.Letter> giveUp(
      List<UsageEvent> events, DropReason reason, @Nullable Throwable cause) {
    counts.drop(events.size(), reason);
    if (reason == DropReason.REJECTED) { // one by one; others are dropped by the thousand
      for (UsageEvent event : events) {
        LOG.error("Dropped usage event {}: {}", event.id(), reason, cause);
      }
    }
    String why = cause == null ? "" : cause.toString();
    Instant now = Instant.now();
    return events.stream().map(e -> new DeadLetters.Letter(e, reason, now, why)).toList();
  }

  private void bury(List<DeadLetters.Letter> dead) {
    if (letters != null && !dead.isEmpty()) {
      letters.add(dead, counts);
    }
  }

  DeliveryCounts counts() {
    return counts;
  }

  /** Flushes the sink; false if that failed. */
  boolean flush() {
    try {
      sink.flush();
      return true;
    } catch (Throwable e) {
      // Also errors: without the writing thread every later event would be lost.
      LOG.warn("Cannot flush {}", sink, e);
      return false;
    }
  }

  void close() {
    flush();
    try {
      sink.close();
    } catch (Throwable e) {
      LOG.warn("Cannot close {}", sink, e);
    }
  }

  /** Names the sink, whatever its own code does. */
  @Override
  public String toString() {
    try {
      return sink.toString();
    } catch (RuntimeException e) {
      return sink.getClass().getName();
    }
  }

  /** What the sink said about one batch; it counts only once the batch is through. */
  private static final class Tally implements UsageSink.Report {
    private int duplicates;
    private final List<DeadLetters.Letter> refused = new ArrayList<>();

    @Override
    public void duplicate(UsageEvent event) {
      duplicates++;
    }

    @Override
    public void conflict(UsageEvent event) {
      refused.add(
          new DeadLetters.Letter(
              event,
              DropReason.CONFLICT,
              Instant.now(),
              "it is stored already with other billable content, which stays"));
    }

    @Override
    public void behindHorizon(UsageEvent event) {
      refused.add(
          new DeadLetters.Letter(
              event,
              DropReason.BEHIND_HORIZON,
              Instant.now(),
              "it is of "
                  + event.occurredAt()
                  + ", older than the single calls that the store still has; it is not counted"));
    }
  }
}
