package io.github.usage4j.track;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.limit.UsageLimiter;
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
   * Asks the limits.
   *
   * @throws io.github.usage4j.limit.UsageLimitExceededException if one of them refuses
   */
  void ask(UsageLimiter limiter, CallRequest request, Operation operation) {
    hold = limiter.admit(request);
    operation.admitted();
  }

  /** The call has ended with this event, which nobody has yet. */
  void settle(UsageEvent event) {
    UsageLimiter.Hold kept = hold;
    if (kept != null) {
      kept.settle(event);
    }
  }

  /** The call is none after all. */
  void release() {
    UsageLimiter.Hold kept = hold;
    if (kept != null) {
      kept.release();
    }
  }
}
