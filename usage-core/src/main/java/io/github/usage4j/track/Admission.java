package io.github.usage4j.track;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.limit.UsageLimitExceededException;
import io.github.usage4j.limit.UsageLimiter;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What limits keep free for one call: nothing until it asked and was let through. */
final class Admission {

  private boolean begun;
  private volatile UsageLimiter.@Nullable Hold hold;

  /** True the first time: a call asks once. */
  synchronized boolean begin() {
    boolean first = !begun;
    begun = true;
    return first;
  }

  /**
   * Asks the limits. Whatever else goes wrong in there is counted and lets the call through.
   *
   * @throws UsageLimitExceededException if one of them refuses
   */
  void ask(Supplier<UsageLimiter.Hold> limits, Guard guard) {
    try {
      hold = limits.get();
    } catch (UsageLimitExceededException e) {
      throw e;
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      guard.report(Anomaly.LIMIT_STORE_UNAVAILABLE, "asking the limits of a call", e);
    }
  }

  /** The call has ended with this event, which nobody has yet. Never throws: it must be stored. */
  void settle(UsageEvent event, Guard guard) {
    UsageLimiter.Hold kept = hold;
    if (kept != null) {
      guard.run(
          Anomaly.LIMIT_STORE_UNAVAILABLE,
          "settling what limits kept free",
          () -> kept.settle(event));
    }
  }

  /** The call is none after all. */
  void release(Guard guard) {
    UsageLimiter.Hold kept = hold;
    if (kept != null) {
      guard.run(Anomaly.LIMIT_STORE_UNAVAILABLE, "releasing what limits kept free", kept::release);
    }
  }
}
