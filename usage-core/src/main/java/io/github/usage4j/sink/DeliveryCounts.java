package io.github.usage4j.sink;

import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.internal.Guard;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What became of the events of one buffer: kept for its health, told to the metrics, and losses
 * logged, the first one loudly. Safe for use by several threads.
 */
final class DeliveryCounts {

  private static final Logger LOG = LoggerFactory.getLogger(UsageSink.class);

  private final Guard guard;
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong duplicates = new AtomicLong();
  private final AtomicLong conflicts = new AtomicLong();
  private final AtomicLong retries = new AtomicLong();
  private final AtomicLong waits = new AtomicLong();
  private final Map<DropReason, LongAdder> dropped = new ConcurrentHashMap<>();
  private final AtomicLong droppedInAll = new AtomicLong();
  private volatile boolean failing;
  private volatile @Nullable String lastFailure;

  DeliveryCounts(UsageMetrics metrics) {
    guard = new Guard(metrics);
  }

  /** Called on the way of a model call. */
  void accepted(int events) {
    if (events > 0) {
      guard.metrics(events, UsageMetrics::accepted);
    }
  }

  /** A caller found the buffer full and has to wait. */
  void waited() {
    waits.incrementAndGet();
  }

  void written(int events, Duration took) {
    written.addAndGet(events);
    guard.metrics(m -> m.written(events, took));
  }

  void duplicates(int events) {
    if (events > 0) {
      duplicates.addAndGet(events);
      guard.metrics(m -> m.duplicates(events));
    }
  }

  void conflicts(int events) {
    if (events > 0) {
      conflicts.addAndGet(events);
      guard.metrics(m -> m.conflicts(events));
    }
  }

  /** A write failed and will be tried again. */
  void failed(int events, Throwable cause) {
    long tries = retries.incrementAndGet();
    lastFailure = cause.toString();
    guard.metrics(m -> m.retried(events, cause));
    if (failing) {
      LOG.debug("Still cannot write {} usage events, {} failures in all", events, tries, cause);
    } else {
      failing = true;
      LOG.warn(
          "Cannot write {} usage events now; they are kept and tried again"
              + " (further failures are logged at debug level)",
          events,
          cause);
    }
  }

  /** A write worked. */
  void worked() {
    if (failing) {
      failing = false;
      LOG.info("Usage events can be written again");
    }
  }

  /** So many events will not be stored. */
  void drop(int events, DropReason reason) {
    if (events <= 0) {
      return;
    }
    dropped.computeIfAbsent(reason, r -> new LongAdder()).add(events);
    long before = droppedInAll.getAndAdd(events);
    guard.metrics(m -> m.dropped(events, reason));
    if (before == 0) {
      LOG.warn(
          "Dropped {} usage events: {} (further drops are counted in UsageMetrics, logged at debug"
              + " level)",
          events,
          reason);
    } else {
      LOG.debug("Dropped {} usage events: {}, {} in all", events, reason, before + events);
    }
  }

  void pending(long events, Duration oldest) {
    guard.metrics(m -> m.pending(events));
    guard.metrics(m -> m.oldestAge(oldest));
  }

  void report(Anomaly anomaly, String message, Throwable cause) {
    guard.report(anomaly, message, cause);
  }

  Guard guard() {
    return guard;
  }

  /** How many events were dropped so far. */
  long dropped() {
    return droppedInAll.get();
  }

  boolean failing() {
    return failing;
  }

  long waits() {
    return waits.get();
  }

  /** Everything counted so far, with what only the buffer knows. */
  UsageBuffer.Health health(
      String sink, UsageBuffer.State state, long accepted, long pending, Duration oldest) {
    var byReason = new EnumMap<DropReason, Long>(DropReason.class);
    dropped.forEach((reason, events) -> byReason.put(reason, events.sum()));
    return new UsageBuffer.Health(
        sink,
        state,
        accepted,
        written.get(),
        duplicates.get(),
        conflicts.get(),
        retries.get(),
        Map.copyOf(byReason),
        pending,
        oldest,
        waits.get(),
        lastFailure);
  }

  /** What closing reports: one line, loud if something was lost. */
  static void reportClosed(UsageBuffer.Health end) {
    if (end.droppedInAll() > 0 || end.pending() > 0) {
      LOG.warn(
          "Closed {}: {} usage events written, {} known already, dropped {}, {} left in the spool",
          end.sink(),
          end.written(),
          end.duplicates(),
          end.dropped(),
          end.pending());
    } else {
      LOG.debug(
          "Closed {}: {} usage events written, {} known already, none lost",
          end.sink(),
          end.written(),
          end.duplicates());
    }
  }
}
