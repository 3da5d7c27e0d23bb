package io.github.usage4j;

import java.time.Duration;

/**
 * What happens inside the library, for counters and gauges. Every method does nothing unless it is
 * overridden. Implementations must be quick and safe for use by several threads; an exception of
 * theirs is swallowed and logged once.
 *
 * <p>Alert on {@link #dropped} and {@link #conflicts}: both mean that a figure is missing.
 */
public interface UsageMetrics {

  /** Counts nothing. */
  UsageMetrics NONE = new UsageMetrics() {};

  /** Why an event was given up. */
  enum DropReason {
    /** The buffer stayed full for as long as a caller may wait. */
    BUFFER_FULL,
    /** The sink refuses this event for what is in it. */
    REJECTED,
    /** The id is stored already, with other billable content; the stored one stays. */
    CONFLICT,
    /** It is older than the single calls that the store still has. */
    BEHIND_HORIZON,
    /** It came after the tracker was closed, or could not be delivered while it was closing. */
    CLOSED,
    /** A record of a spool cannot be read back; its file is kept beside the others. */
    CORRUPT
  }

  /** Something that is wrong. */
  enum Anomaly {
    /** A provider's figures contradict each other or are out of range. */
    CONTRADICTORY_FIGURES,
    /** The attribution resolver of the host threw; the call is unattributed. */
    RESOLVER_FAILED,
    /** A listener of the host threw. */
    LISTENER_FAILED,
    /** A scope was closed on another thread or out of order, or stayed open. */
    SCOPE_MISUSED,
    /** An event could not be built as given and was recorded without what was wrong. */
    EVENT_REPAIRED,
    /** Looking up or applying a price failed; the call is unpriced. */
    PRICING_FAILED,
    /** The end of a call that had ended already; it is ignored. */
    ENDED_TWICE,
    /** The estimator of the host failed; the rule of thumb was used. */
    ESTIMATOR_FAILED,
    /** A call ended after its operation was over, and was reported as such without it. */
    LATE_STEP,
    /** A guarded model was called past every tracked one: the call is not accounted for. */
    UNTRACKED_CALL,
    /** The filter of a buffer threw; the event was let through. */
    FILTER_FAILED,
    /** The disk of a spool fails: events are in memory only until it works, or they are stored. */
    SPOOL_FAILED,
    /** A dead letter could not be written; the event is in the log only. */
    DEAD_LETTER_FAILED,
    /** The store of limits failed: what it would have said is not known. */
    LIMIT_STORE_UNAVAILABLE,
    /** A function or meter of the host's that limits depend on threw; what it said last stays. */
    LIMIT_SOURCE_FAILED
  }

  /** An event was accepted for delivery, or dropped right away. */
  default void recorded(UsageEvent event) {}

  /** A buffer has taken events: each ends as written, duplicate or dropped. */
  default void accepted(int events) {}

  /** A sink has stored a batch. */
  default void written(int events, Duration took) {}

  /** Events that the store had already, unchanged: harmless. */
  default void duplicates(int events) {}

  /** Events whose id the store has with other billable content; each is dropped too. */
  default void conflicts(int events) {}

  /** Writing a batch failed and will be tried again. */
  default void retried(int events, Throwable cause) {}

  /** Events that will not be stored. */
  default void dropped(int events, DropReason reason) {}

  /** How many events wait in a buffer, told after each batch and each failure. */
  default void pending(long events) {}

  /** How long the oldest of them has been waiting at most, told together with {@link #pending}. */
  default void oldestAge(Duration age) {}

  /** Something is wrong; see {@link Anomaly}. */
  default void anomaly(Anomaly what) {}
}
