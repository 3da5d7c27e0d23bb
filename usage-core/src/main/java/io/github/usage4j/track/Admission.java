package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.limit.UsageLimitExceededException;
import io.github.usage4j.limit.UsageLimiter;
import io.github.usage4j.pricing.UnpricedModelException;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether one call may be made, and what limits keep free for it: nothing until it asked and was
 * let through.
 */
final class Admission {

  private boolean begun;
  private volatile UsageLimiter.@Nullable Hold hold;
  private volatile boolean admittedOperation; // asked for it, and has not given it back

  /** See {@link TrackedCall#admit(CallSize)}. */
  void admit(TrackedCall call, CallSize size) {
    if (call.suspended() || call.hasEnded() || !begin()) {
      return;
    }
    UsageTracker tracker = call.tracker;
    try {
      Attribution who = call.attribution();
      if (!tracker.pricing().allows(who, call.provider, call.model, call.occurredAt)) {
        throw new UnpricedModelException(call.provider, call.model);
      }
      UsageLimiter limiter = tracker.limiter();
      if (limiter != null) {
        var request = new CallRequest(call, who, size, tracker.pricing());
        ask(() -> limiter.admit(request), tracker.guard());
        admittedOperation = request.beginsOperation();
        call.operation.admitted();
      }
    } catch (UsageLimitExceededException | UnpricedModelException refused) {
      var unused = call.end.as(Outcome.REFUSED, event -> event.errorType(CallEnd.typeOf(refused)));
      throw refused;
    }
  }

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

  /** The call has ended with these events, which nobody has yet. Never throws: see the sinks. */
  void settle(UsageEvent event, List<UsageEvent> others, Guard guard) {
    UsageLimiter.Hold kept = hold;
    if (kept != null) {
      guard.run(
          Anomaly.LIMIT_STORE_UNAVAILABLE,
          "settling what limits kept free",
          () -> kept.settle(event, others));
    }
  }

  /** Whoever takes its place asks for the operation, too, if this was the call that had asked. */
  void giveBack(TrackedCall call) {
    boolean forOperation;
    synchronized (this) {
      forOperation = admittedOperation;
      admittedOperation = false;
    }
    if (forOperation) {
      call.operation.notAdmitted();
    }
    release(call.tracker.guard());
  }

  /** The call is none after all. */
  void release(Guard guard) {
    UsageLimiter.Hold kept = hold;
    if (kept != null) {
      guard.run(Anomaly.LIMIT_STORE_UNAVAILABLE, "releasing what limits kept free", kept::release);
    }
  }
}
