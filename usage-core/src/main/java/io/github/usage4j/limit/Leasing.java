package io.github.usage4j.limit;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.limit.LimitStore.Ask;
import io.github.usage4j.limit.LimitStore.Lease;
import io.github.usage4j.limit.LimitStore.Terms;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What counters need of the store, which may be away. */
interface Leasing {

  /** True if what was leased may still be given out at this time of the monotonic clock. */
  boolean mayGrant(long now);

  /** Asks for a lease; null if the store is away, which has been reported. */
  @Nullable Lease lease(LimitKey key, Ask ask);

  /** Asks where a counter stands; null if the store is away, which has been reported. */
  @Nullable LimitState open(LimitKey key, Terms terms);

  /**
   * Asks for the billing period of an organization; null if the store is away, which has been
   * reported.
   */
  @Nullable BillingPeriod periodAt(String organization, Instant at);

  /** Runs a task soon, on a thread that may wait for the store. */
  void later(Runnable task);
}
