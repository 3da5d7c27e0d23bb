package io.github.usage4j.limit;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitStore.Terms;
import io.github.usage4j.limit.UsageLimit.Mode;
import java.math.BigDecimal;

/**
 * Stands for a counter of which nobody can say now which period it counts: a hard limit cannot be
 * decided, others let through. It counts nothing, and the store does not know it.
 */
final class UndecidedCounter extends LocalCounter {

  private final boolean hard;
  private final BigDecimal allowance;

  UndecidedCounter(UsageLimit limit, Scope scope, long now) {
    super(limit.key(scope, BillingPeriod.lifetime()), now);
    hard = limit.mode() == Mode.HARD;
    allowance = limit.amount();
  }

  @Override
  Taken take(long amount, boolean force, long now) {
    return hard && !force ? Taken.UNKNOWN : Taken.YES;
  }

  @Override
  void release(long amount) {}

  @Override
  void settle(long taken, long used) {}

  @Override
  long reserved() {
    return 0;
  }

  @Override
  BigDecimal used() {
    return BigDecimal.ZERO;
  }

  @Override
  BigDecimal allowed() {
    return allowance;
  }

  @Override
  void terms(Terms terms) {}

  @Override
  boolean retire() {
    return true;
  }
}
