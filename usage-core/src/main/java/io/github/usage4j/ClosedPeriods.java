package io.github.usage4j;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Remembers sums of periods that ended {@link #CLOSED_AFTER} or more ago. A late call ends what is
 * remembered: at once if this process wrote it, else after {@link #KEPT}.
 */
final class ClosedPeriods implements UsageReader {

  static final Duration CLOSED_AFTER = Duration.ofDays(3);
  static final Duration KEPT = Duration.ofMinutes(1);
  private static final long MAX_ROWS = 50_000;

  /** Rows, and how often the past had changed before they were read. */
  private record Known(long changes, List<UsageSummary> rows) {}

  private final UsageReader reader;
  private final InstantSource clock;
  private final AtomicLong changes = new AtomicLong();
  private final Cache<UsageQuery, Known> known;

  ClosedPeriods(UsageReader reader, InstantSource clock) {
    this.reader = reader;
    this.clock = clock;
    this.known =
        Caffeine.newBuilder()
            .expireAfterWrite(KEPT)
            .ticker(() -> TimeUnit.MILLISECONDS.toNanos(clock.millis()))
            .maximumWeight(MAX_ROWS)
            .weigher((UsageQuery query, Known found) -> 1 + found.rows.size())
            .executor(Runnable::run)
            .build();
  }

  @Override
  public List<UsageSummary> aggregate(UsageQuery query) {
    if (query.when().end().isAfter(closed())) {
      return reader.aggregate(query);
    }
    // Before the question is asked: an answer that a change overtakes is never handed out again.
    long before = changes.get();
    Known found = known.getIfPresent(query);
    if (found == null || found.changes != before) {
      found = new Known(before, List.copyOf(reader.aggregate(query)));
      known.put(query, found);
    }
    return found.rows;
  }

  @Override
  public List<UsageEvent> events(EventQuery query) {
    return reader.events(query);
  }

  /** Calls of this time or later have been stored, changed or deleted. */
  void changed(Instant earliest) {
    if (earliest.isBefore(closed())) {
      changes.incrementAndGet();
    }
  }

  UsageReader reader() {
    return reader;
  }

  private Instant closed() {
    return clock.instant().minus(CLOSED_AFTER);
  }
}
