package io.github.usage4j.limit;

import io.github.bucket4j.Bucket;
import io.github.bucket4j.TimeMeter;
import io.github.usage4j.limit.LimitStore.Terms;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How much in a minute or an hour, in this instance alone: a bucket that holds as much as is
 * allowed in that time and fills evenly.
 */
final class RateCounter extends LocalCounter {

  private final Bucket bucket;
  private final long capacity;
  private final boolean refuses;
  private volatile boolean retired;

  RateCounter(
      LimitKey key, LimitWindow window, BigDecimal amount, boolean refuses, LongSupplier nanos) {
    super(key, nanos.getAsLong());
    this.refuses = refuses;
    capacity = units.down(amount);
    bucket =
        Bucket.builder()
            .addLimit(limit -> limit.capacity(capacity).refillGreedy(capacity, window.rateTime()))
            .withCustomTimePrecision(new Monotonic(nanos))
            .build();
  }

  /** The clock that everything else here goes by. */
  private record Monotonic(LongSupplier nanos) implements TimeMeter {

    @Override
    public long currentTimeNanos() {
      return nanos.getAsLong();
    }

    @Override
    public boolean isWallClockBased() {
      return false;
    }
  }

  @Override
  Taken take(long amount, boolean force, long now) {
    if (retired) {
      return Taken.RETIRED;
    }
    if (amount == 0 || bucket.tryConsume(amount)) {
      return Taken.YES;
    }
    if (force || !refuses) {
      overdraw(amount);
      return Taken.YES;
    }
    return Taken.NO;
  }

  private void overdraw(long amount) {
    if (amount > 0) {
      bucket.consumeIgnoringRateLimits(amount);
    }
  }

  @Override
  void release(long amount) {
    if (amount > 0) {
      bucket.addTokens(amount);
    }
  }

  @Override
  void settle(long taken, long used) {
    if (used > taken) {
      overdraw(used - taken);
    } else {
      release(taken - used);
    }
  }

  @Override
  long reserved() {
    return 0;
  }

  @Override
  BigDecimal used() {
    return units.amount(Math.max(0, capacity - bucket.getAvailableTokens()));
  }

  @Override
  BigDecimal allowed() {
    return units.amount(capacity);
  }

  @Override
  Duration retryAfter(long amount) {
    if (amount > capacity) {
      return UsageLimiter.NEVER;
    }
    return Duration.ofNanos(
        bucket.estimateAbilityToConsume(Math.max(1, amount)).getNanosToWaitForRefill());
  }

  @Override
  void terms(Terms terms) {}

  @Override
  boolean retire() {
    retired = bucket.getAvailableTokens() >= capacity;
    return retired;
  }
}
