package io.github.usage4j.limit;

import io.github.usage4j.limit.LimitStore.Terms;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** How many calls are under way at once, in this instance alone. */
final class AtOnceCounter extends LocalCounter {

  private static final Duration SOON = Duration.ofSeconds(1);
  private static final long RETIRED = Long.MAX_VALUE / 2;

  private final AtomicLong underWay = new AtomicLong();
  private final long most;
  private final boolean refuses;

  AtOnceCounter(LimitKey key, BigDecimal amount, boolean refuses, long now) {
    super(key, now);
    this.refuses = refuses;
    most = units.down(amount);
  }

  @Override
  Taken take(long amount, boolean force, long now) {
    long before = underWay.get();
    while (before < RETIRED) {
      if (before + amount > most && refuses && !force) {
        return Taken.NO;
      }
      if (underWay.compareAndSet(before, before + amount)) {
        return Taken.YES;
      }
      before = underWay.get();
    }
    return Taken.RETIRED;
  }

  @Override
  void release(long amount) {
    underWay.addAndGet(-amount);
  }

  @Override
  void settle(long taken, long used) {
    release(taken);
  }

  @Override
  long reserved() {
    return underWay.get();
  }

  @Override
  BigDecimal used() {
    return BigDecimal.ZERO;
  }

  @Override
  BigDecimal allowed() {
    return units.amount(most);
  }

  @Override
  Duration retryAfter(long amount) {
    return SOON;
  }

  @Override
  void terms(Terms terms) {}

  @Override
  boolean retire() {
    return underWay.compareAndSet(0, RETIRED);
  }
}
