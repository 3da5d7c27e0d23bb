package io.github.usage4j.limit;

import io.github.usage4j.limit.LimitStore.Terms;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A counter that several instances may pass a little: it decides by what the store said last, at
 * most {@link #MAX_AGE} ago while the store answers, and what was used here since. While the store
 * is away it goes on with that.
 */
final class SharedCounter extends Counter {

  static final Duration MAX_AGE = Duration.ofSeconds(10);

  private static final long OLD = MAX_AGE.toNanos();
  private static final long GETTING_OLD = OLD / 2;

  private final Leasing leasing;
  private final boolean refuses;
  private final AtomicLong pending = new AtomicLong(); // under way, or not stored yet
  private final AtomicLong storedSince = new AtomicLong(); // the store said how much is used
  private final AtomicBoolean asking = new AtomicBoolean();
  private final AtomicBoolean waiting = new AtomicBoolean(); // to be asked on another thread
  private volatile Terms terms;
  private volatile @Nullable LimitState last;
  private volatile long total; // used, as of last
  private volatile long allowed;
  private volatile long askedAt;
  private volatile boolean outdated;
  private volatile boolean retired;

  /**
   * @param refuses false if it only observes
   */
  SharedCounter(LimitKey key, Terms terms, boolean refuses, Leasing leasing, long now) {
    super(key, now);
    this.terms = terms;
    this.refuses = refuses;
    this.leasing = leasing;
    allowed = units.down(terms.allowance());
    askedAt = now - OLD;
  }

  @Override
  Taken take(long amount, boolean force, long now) {
    if (retired) {
      return Taken.RETIRED;
    }
    long age = now - askedAt;
    boolean old = age >= OLD || outdated;
    if (old && refuses) {
      ask(now);
    } else if (old || age >= GETTING_OLD) {
      askLater(now); // what only observes lets no call wait for the store
    }
    long after = pending.addAndGet(amount);
    if (refuses && !force && total + storedSince.get() + after > allowed) {
      pending.addAndGet(-amount);
      return Taken.NO;
    }
    return Taken.YES;
  }

  private void askLater(long now) {
    if (waiting.compareAndSet(false, true)) {
      leasing.later(
          () -> {
            waiting.set(false);
            ask(now);
          });
    }
  }

  /** One thread asks; others go on with what is known. */
  private void ask(long now) {
    if (asking.compareAndSet(false, true)) {
      try {
        outdated = false;
        // What is stored while the store answers is counted twice for a moment, never not at all.
        long before = storedSince.get();
        LimitState state = leasing.open(key, terms);
        if (state != null) {
          last = state;
          allowed = units.down(state.total());
          total = units.up(state.used());
          storedSince.addAndGet(-before);
        }
        askedAt = now;
      } finally {
        asking.set(false);
      }
    }
  }

  @Override
  void release(long amount) {
    pending.addAndGet(-amount);
  }

  @Override
  void settle(long taken, long used) {
    pending.addAndGet(used - taken);
  }

  @Override
  void stored(long used, long lowered) {
    storedSince.addAndGet(used);
    pending.addAndGet(-used);
  }

  @Override
  boolean remembers() {
    return true;
  }

  @Override
  long reserved() {
    return pending.get();
  }

  @Override
  @Nullable LimitState state() {
    return last;
  }

  @Override
  BigDecimal used() {
    return units.amount(total + storedSince.get());
  }

  @Override
  BigDecimal allowed() {
    return units.amount(allowed);
  }

  @Override
  void terms(Terms changed) {
    if (!changed.equals(terms)) {
      terms = changed;
      allowed = units.down(changed.allowance());
      refresh();
    }
  }

  @Override
  void refresh() {
    outdated = true;
  }

  @Override
  boolean retire() {
    retired = pending.get() == 0;
    return retired;
  }
}
