package io.github.usage4j.limit;

import io.github.usage4j.Cost;
import io.github.usage4j.limit.UsageLimit.Admission;
import io.github.usage4j.limit.UsageLimit.Mode;
import io.github.usage4j.limit.UsageLimit.Reservation;
import io.github.usage4j.limit.UsageLimit.Unpriced;
import org.jspecify.annotations.Nullable;

/** A limit that applies to somebody's calls, and the counter that it is decided by. */
record Applied(UsageLimit limit, Counter counter) {

  /** What {@link #wanted} says of a call that nobody knows the cost of and that is refused. */
  static final long UNPRICED = -1;

  /** True if this call is let through whatever is left. */
  boolean letsThrough(LimitRequest request) {
    return limit.mode() == Mode.OBSERVE
        || (limit.admission() == Admission.WHOLE_OPERATION && !request.beginsOperation());
  }

  /** How much the call is thought to use, in the counter's units; or {@link #UNPRICED}. */
  long wanted(LimitRequest request) {
    boolean worst = limit.reservation() == Reservation.WORST_CASE;
    long output = limit.assumedOutput();
    return switch (limit.measure()) {
      case CALLS -> 1;
      case OPERATIONS -> request.beginsOperation() ? 1 : 0;
      // A call uses something: where nothing is left, none is let through.
      case TOKENS ->
          Math.max(1, worst ? request.worstTokens(output) : request.expectedTokens(output));
      case COST ->
          request instanceof Probe
              ? 1
              : cost(worst ? request.worstCost(output) : request.expectedCost(output));
    };
  }

  private long cost(@Nullable Cost cost) {
    if (cost != null && cost.currency().equals(limit.currency())) {
      return counter.units.up(cost.total());
    }
    boolean allowed = limit.onUnpriced() == Unpriced.ALLOW || limit.mode() == Mode.OBSERVE;
    return allowed ? 0 : UNPRICED;
  }
}
