package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.internal.Guard;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands batches to a sink and accounts for what becomes of each event: written, known already, or
 * dropped with a reason. Shared by all buffers.
 */
final class Delivery {

  private static final Logger LOG = LoggerFactory.getLogger(UsageSink.class);

  private final UsageSink sink;
  private final Guard guard;
  private final AtomicLong dropped = new AtomicLong();
  private boolean failing;

  Delivery(UsageSink sink, UsageMetrics metrics) {
    this.sink = sink;
    this.guard = new Guard(metrics);
  }

  /**
   * Writes these events and takes out of the list what is settled: stored, known already, or
   * dropped. Events that the sink rejects for what is in them are found by halving the batch.
   *
   * @throws Exception if the sink cannot write now; what is left in the list was not stored
   */
  void write(List<UsageEvent> pending) throws Exception {
    int size = pending.size();
    while (!pending.isEmpty()) {
      List<UsageEvent> batch = List.copyOf(pending.subList(0, Math.min(size, pending.size())));
      try {
        writeOnce(batch);
        size *= 2;
      } catch (UsageSink.RejectedException e) {
        if (batch.size() > 1) {
          size = batch.size() / 2;
          continue;
        }
        drop(batch, DropReason.REJECTED_BY_SINK, e);
      }
      pending.subList(0, batch.size()).clear();
    }
  }

  private void writeOnce(List<UsageEvent> batch) throws Exception {
    long started = System.nanoTime();
    var report = new Tally();
    sink.write(batch, report);
    if (failing) {
      failing = false;
      LOG.info("Usage events can be written again");
    }
    int stored = batch.size() - report.duplicates - report.conflicts - report.behind;
    guard.metrics(m -> m.written(stored, Duration.ofNanos(System.nanoTime() - started)));
    if (report.duplicates > 0) {
      guard.metrics(m -> m.duplicates(report.duplicates));
    }
    if (report.conflicts > 0) {
      guard.metrics(m -> m.conflicts(report.conflicts));
    }
  }

  /** A write failed and will be tried again. */
  void failed(int events, Throwable cause) {
    guard.metrics(m -> m.retried(events, cause));
    if (failing) {
      LOG.debug("Still cannot write {} usage events", events, cause);
    } else {
      failing = true;
      LOG.warn(
          "Cannot write {} usage events now; they are kept and tried again"
              + " (further failures are logged at debug level)",
          events,
          cause);
    }
  }

  /** These events will not be stored. */
  void drop(List<UsageEvent> events, DropReason reason, Throwable cause) {
    drop(events.size(), reason);
    for (UsageEvent event : events) {
      LOG.error("Dropped usage event {}: {}", event.id(), reason, cause);
    }
  }

  /** So many events will not be stored. */
  void drop(int events, DropReason reason) {
    if (events > 0) {
      long before = dropped.getAndAdd(events);
      guard.metrics(m -> m.dropped(events, reason));
      if (before == 0) {
        LOG.warn(
            "Dropped {} usage events: {} (further drops are counted in UsageMetrics, logged at"
                + " debug level)",
            events,
            reason);
      } else {
        LOG.debug("Dropped {} usage events: {}", events, reason);
      }
    }
  }

  /** How many events were dropped so far. */
  long dropped() {
    return dropped.get();
  }

  void pending(long events) {
    guard.metrics(m -> m.pending(events));
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

  /** What the sink said about one batch. */
  private final class Tally implements UsageSink.Report {
    private int duplicates;
    private int conflicts;
    private int behind;

    @Override
    public void duplicate(UsageEvent event) {
      duplicates++;
    }

    @Override
    public void conflict(UsageEvent event) {
      conflicts++;
      drop(1, DropReason.CONFLICT);
      LOG.error(
          "Usage event {} is stored already with other billable content; the stored one stays",
          event.id());
    }

    @Override
    public void behindHorizon(UsageEvent event) {
      behind++;
      drop(1, DropReason.BEHIND_HORIZON);
      LOG.error(
          "Usage event {} of {} is older than the single calls that the store still has; it is not"
              + " counted",
          event.id(),
          event.occurredAt());
    }
  }
}
