package io.github.usage4j.limit;

import java.math.BigDecimal;
import java.util.List;

/**
 * Where a counter stands in the store, at one moment. Immutable.
 *
 * @param key which counter
 * @param allowance what the limit's definition allows
 * @param alertAt the percentages at which alerts are raised
 * @param granted the sum of the add-on grants of this counter
 * @param used the sum of the stored events that count; exact, with up to 18 decimals
 * @param leased what all instances together hold of the rest, and have not given back
 */
public record LimitState(
    LimitKey key,
    BigDecimal allowance,
    List<Integer> alertAt,
    BigDecimal granted,
    BigDecimal used,
    BigDecimal leased) {

  /** Copies the list. */
  public LimitState {
    alertAt = List.copyOf(alertAt);
  }

  /** Allowance and add-ons together. */
  public BigDecimal total() {
    return allowance.add(granted);
  }

  /** What nobody has used and nobody holds; negative if the limit is exceeded. */
  public BigDecimal room() {
    return total().subtract(used).subtract(leased);
  }
}
