package io.github.usage4j.limit;

import io.github.usage4j.limit.LimitStore.Ask;
import io.github.usage4j.limit.LimitStore.Lease;
import io.github.usage4j.limit.LimitStore.Terms;
import java.math.BigDecimal;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A counter that no instance may pass. This one decides by what it has leased: {@code leased = free
 * + under way + recorded but not stored}. Where more was used than was leased, free is below 0
 * until a lease covers it.
 */
final class LeasedCounter extends Counter {

  /** For how long a refusal stands, so that a flood of refused calls does not reach the store. */
  private static final long REFUSED_NANOS = 200_000_000;

  private static final long STOCK_SHARE = 50;
  private static final long RETIRED = Long.MIN_VALUE / 2;

  private final Leasing leasing;
  private final AtomicLong free = new AtomicLong();
  private final AtomicLong leased = new AtomicLong();
  private final AtomicBoolean refilling = new AtomicBoolean();
  private final ReentrantLock asking = new ReentrantLock();
  private volatile Terms terms;
  private volatile long lowWater;
  private volatile @Nullable LimitState last;
  private volatile long refusedAt;
  private volatile long refusedAmount = Long.MAX_VALUE;
  private volatile boolean retired;
  private volatile boolean abandoned;

  /** Whether the store may have more leased to this instance than {@code leased} says. */
  private volatile boolean unheard;

  LeasedCounter(LimitKey key, Terms terms, Leasing leasing, long now) {
    super(key, now);
    this.terms = terms;
    this.leasing = leasing;
  }

  @Override
  Taken take(long amount, boolean force, long now) {
    if (!leasing.mayGrant(now)) {
      return forced(amount, force, retired ? Taken.RETIRED : Taken.UNKNOWN);
    }
    long had = free.get();
    while (had >= amount) {
      if (free.compareAndSet(had, had - amount)) {
        if (had - amount < lowWater && refilling.compareAndSet(false, true)) {
          leasing.later(() -> refill(amount));
        }
        return Taken.YES;
      }
      had = free.get();
    }
    return refused(amount, now)
        ? forced(amount, force, retired ? Taken.RETIRED : Taken.NO)
        : forced(amount, force, ask(amount, now));
  }

  private Taken forced(long amount, boolean force, Taken otherwise) {
    if (!force || otherwise == Taken.YES || otherwise == Taken.RETIRED) {
      return otherwise;
    }
    free.addAndGet(-amount);
    return Taken.YES;
  }

  private boolean refused(long amount, long now) {
    return amount >= refusedAmount && now - refusedAt < REFUSED_NANOS;
  }

  /** Leases what is missing, or waits for another thread that does. */
  private Taken ask(long amount, long now) {
    asking.lock();
    try {
      while (!retired) {
        long had = free.get();
        if (had >= amount) {
          if (free.compareAndSet(had, had - amount)) {
            return Taken.YES;
          }
        } else if (refused(amount, now)) {
          return Taken.NO;
        } else {
          Lease got = lease(amount - had);
          if (got == null) {
            return Taken.UNKNOWN;
          }
          if (got.added().signum() == 0) {
            refusedAmount = amount;
            refusedAt = now;
          } // else others may have been quicker to take it: look again
        }
      }
      return Taken.RETIRED;
    } finally {
      asking.unlock();
    }
  }

  private void refill(long least) {
    asking.lock();
    try {
      if (!retired && free.get() < lowWater) {
        var unused = lease(Math.max(1, least - free.get()));
      }
    } finally {
      refilling.set(false);
      asking.unlock();
    }
  }

  /** Asks the store for more, while {@code asking} is held; null if it is away. */
  private @Nullable Lease lease(long least) {
    Terms now = terms;
    long most = Math.max(least, units.down(now.allowance()) / STOCK_SHARE);
    BigDecimal holding = units.amount(Math.max(0, leased.get()));
    Lease lease =
        leasing.lease(key, new Ask(now, holding, units.amount(least), units.amount(most)));
    // It may have failed before or after its commit. To count on nothing of either, what is given
    // back stays given back, and what was asked for is given back by the next one that is heard of.
    unheard = lease == null;
    if (lease == null) {
      return null;
    }
    last = lease.state();
    long added = units.down(lease.added());
    leased.addAndGet(added);
    free.addAndGet(added);
    if (added > 0) {
      lowWater = added / 4;
      refusedAmount = Long.MAX_VALUE;
    }
    return lease;
  }

  @Override
  void release(long amount) {
    free.addAndGet(amount);
  }

  @Override
  void settle(long taken, long used) {
    free.addAndGet(taken - used);
  }

  @Override
  void stored(long used, long lowered) {
    // No more than there is: of an event that was stored before, the store says its whole amount.
    long had = leased.getAndUpdate(before -> before - Math.max(0, Math.min(before, lowered)));
    free.addAndGet(used - Math.max(0, Math.min(had, lowered)));
  }

  @Override
  boolean remembers() {
    return !abandoned;
  }

  @Override
  long reserved() {
    return leased.get() - free.get();
  }

  @Override
  @Nullable LimitState state() {
    return last;
  }

  @Override
  BigDecimal used() {
    LimitState known = last;
    return known == null ? BigDecimal.ZERO : known.used();
  }

  @Override
  BigDecimal allowed() {
    LimitState known = last;
    return known == null ? terms.allowance() : known.total();
  }

  @Override
  void terms(Terms changed) {
    if (!changed.equals(terms)) {
      terms = changed;
      refresh();
      leasing.later(this::giveBack);
    }
  }

  @Override
  void refresh() {
    refusedAmount = Long.MAX_VALUE;
  }

  @Override
  void work(long now) {
    if (free.get() > 0 || unheard) {
      giveBack();
    }
  }

  /** Gives back what is free, so that others have it, or a lower allowance takes effect. */
  private void giveBack() {
    asking.lock();
    try {
      if (retired) {
        return;
      }
      long had = free.get();
      while (had > 0 && !free.compareAndSet(had, 0)) {
        had = free.get();
      }
      if (had > 0) {
        leased.addAndGet(-had);
      }
      var unused = lease(0);
    } finally {
      asking.unlock();
    }
  }

  /** Only when the store has heard of it: a lease of nobody would be out of everybody's reach. */
  @Override
  boolean retire() {
    asking.lock();
    try {
      if (!retired && (unheard || free.get() > 0)) {
        giveBack();
      }
      if (!retired && !unheard && leased.get() == 0) {
        retired = free.compareAndSet(0, RETIRED); // not if something is under way
      }
      return retired;
    } finally {
      asking.unlock();
    }
  }

  @Override
  void abandon() {
    abandoned = true;
    retired = true;
    free.set(RETIRED);
  }
}
