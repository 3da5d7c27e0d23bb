package io.github.usage4j.examples.price;

import io.github.usage4j.Cost;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * What a call should cost.
 *
 * @param amount null if there should be no price for it
 * @param orUnpriced whether no price is right as well: better than a wrong one
 * @param currency null if it is not said
 */
record Expected(@Nullable BigDecimal amount, boolean orUnpriced, @Nullable String currency) {

  static final String UNPRICED = "unpriced";

  /**
   * @param cost null if there is no price
   */
  boolean isMetBy(@Nullable Cost cost) {
    if (cost == null) {
      return amount == null || orUnpriced;
    }
    return amount != null
        && cost.total().compareTo(amount) == 0
        && (currency == null || cost.currency().getCurrencyCode().equals(currency));
  }

  @Override
  public String toString() {
    if (amount == null) {
      return UNPRICED;
    }
    return plain(amount) + (orUnpriced ? " or " + UNPRICED : "");
  }

  /** Without exponent and zeros at its end. */
  static String plain(BigDecimal amount) {
    return DecimalBounds.plain(amount).toPlainString();
  }
}
