package io.github.usage4j.limit;

import io.github.usage4j.limit.UsageLimitExceededException.Reason;
import java.math.BigDecimal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What this instance knows of one counter, and decides by. Amounts are in {@link Units}. Safe for
 * use by several threads; deciding takes no lock as long as there is something in stock.
 */
abstract class Counter {

  final LimitKey key;
  final Units units;
  private long lastUsed; // written without a fence by every decision; roughly right is enough

  Counter(LimitKey key, long now) {
    this.key = key;
    units = Units.of(key.measure());
    lastUsed = now;
  }

  /** What became of an attempt to take something. */
  enum Taken {
    YES,
    /** Nothing is left. */
    NO,
    /** It cannot be told, because the store is away. */
    UNKNOWN,
    /** This object is not used any more: ask for the one that is. */
    RETIRED
  }

  /**
   * Takes an amount for a call that is about to be made.
   *
   * @param force takes it also if it is not there
   * @param now of the monotonic clock
   */
  abstract Taken take(long amount, boolean force, long now);

  /** A call that took something will not use it. */
  abstract void release(long amount);

  /** A call that took something has ended and used this instead; its event is not stored yet. */
  abstract void settle(long taken, long used);

  /** An event that was settled is stored; the store gave so much of the lease back for it. */
  abstract void stored(long used, long lowered);

  /** True if events are to be remembered until they are stored. */
  abstract boolean remembers();

  /** How much is under way here, or not stored yet. */
  abstract long reserved();

  /** Where the store says the counter stands; null if it keeps none. */
  abstract @Nullable LimitState state();

  /** What is used and what is allowed, as far as is known here, for a message. */
  abstract BigDecimal used();

  abstract BigDecimal allowed();

  /** After which time it may be tried again, if this knows better than the period. */
  @Nullable Duration retryAfter(long amount) {
    return null;
  }

  /** The definition may have changed. */
  abstract void terms(LimitStore.Terms terms);

  /** Somebody may have changed what is allowed: ask the store before refusing again. */
  void refresh() {}

  /** Does what was put off; may wait for the store. */
  void work(long now) {}

  /** Gives up everything if nothing is under way; true if it did, and is {@link Taken#RETIRED}. */
  abstract boolean retire();

  /** What was leased was taken back by others: nothing of it may be given out any more. */
  void abandon() {}

  final void touch(long now) {
    lastUsed = now;
  }

  final long idle(long now) {
    return now - lastUsed;
  }

  Reason reasonFor(Taken taken) {
    return taken == Taken.UNKNOWN ? Reason.STORE_AWAY : Reason.EXHAUSTED;
  }
}
