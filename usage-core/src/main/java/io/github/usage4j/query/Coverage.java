package io.github.usage4j.query;

import io.github.usage4j.BillingPeriod;
import java.time.Instant;

/**
 * Which part of a period an answer from single calls is about. Sums outlive the calls they were
 * made of; what only calls can tell is known from the raw horizon on.
 *
 * @param coveredFrom from when on the answer holds: the start of the period, or the raw horizon if
 *     that is later, but no later than the period's end
 * @param complete true if that is the whole period
 */
public record Coverage(Instant coveredFrom, boolean complete) {

  /** What is covered of a period where single calls are kept from the horizon on. */
  public static Coverage of(BillingPeriod when, Instant horizon) {
    if (!horizon.isAfter(when.start())) {
      return new Coverage(when.start(), true);
    }
    return new Coverage(horizon.isBefore(when.end()) ? horizon : when.end(), false);
  }
}
