package io.github.usage4j.limit;

import io.github.usage4j.UsageEvent;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** What the counters keep free for one call. Safe for use by several threads. */
final class LimitHold implements UsageLimiter.Hold {

  /** Of a call that no limit applies to. */
  static final LimitHold NONE = new LimitHold(null, new Counter[0], new long[0]);

  private final @Nullable UsageLimiter limiter;
  private final Counter[] counters;
  private final long[] taken;
  private final AtomicBoolean over = new AtomicBoolean();

  LimitHold(@Nullable UsageLimiter limiter, Counter[] counters, long[] taken) {
    this.limiter = limiter;
    this.counters = counters;
    this.taken = taken;
  }

  @Override
  public void settle(UsageEvent event, List<UsageEvent> others) {
    if (limiter == null || !over.compareAndSet(false, true)) {
      return;
    }
    for (UsageEvent other : others) { // first: what was taken keeps the counters from retiring
      // Under a limit of its model alone, it counts as a recorded call does: once it is stored.
      settle(limiter, other, new long[counters.length]);
    }
    settle(limiter, event, taken);
  }

  private void settle(UsageLimiter by, UsageEvent event, long[] reserved) {
    var used = new long[counters.length];
    for (int i = 0; i < counters.length; i++) {
      Counter counter = counters[i];
      boolean counts = counter.key.counts(event);
      used[i] = counts ? counter.units.up(counter.key.amountOf(event)) : 0;
      counter.settle(reserved[i], used[i]);
    }
    by.ended(event, counters, used);
  }

  @Override
  public void release() {
    if (over.compareAndSet(false, true)) {
      for (int i = 0; i < counters.length; i++) {
        counters[i].release(taken[i]);
      }
    }
  }
}
