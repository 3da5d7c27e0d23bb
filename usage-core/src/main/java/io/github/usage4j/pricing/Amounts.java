package io.github.usage4j.pricing;

import java.math.BigDecimal;

/** Reads prices. */
final class Amounts {

  private Amounts() {}

  /**
   * A price.
   *
   * @param what it is, for messages
   * @throws IllegalArgumentException if it is no decimal number, negative, above {@link
   *     ModelPrice#MAX}, or has more than {@link ModelPrice#SCALE} decimals
   */
  static BigDecimal parse(String what, String price) {
    BigDecimal amount;
    try {
      amount = new BigDecimal(price);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          what + " must be a decimal number, but was '" + price + "'", e);
    }
    if (amount.signum() < 0 || amount.compareTo(ModelPrice.MAX) > 0) {
      throw new IllegalArgumentException(
          what + " must be between 0 and " + ModelPrice.MAX + ", but was " + price);
    }
    if (amount.stripTrailingZeros().scale() > ModelPrice.SCALE) {
      throw new IllegalArgumentException(
          what + " must have at most " + ModelPrice.SCALE + " decimals, but was " + price);
    }
    // An exponent at nothing stays when it is added, and asks for as many digits.
    return amount.signum() == 0 ? BigDecimal.ZERO : amount;
  }
}
