package io.github.usage4j.pricing;

import java.math.BigDecimal;

/** Reads prices, and what they are multiplied by. */
final class Amounts {

  private static final BigDecimal MAX_FACTOR = new BigDecimal("1000");

  private Amounts() {}

  /**
   * A price.
   *
   * @param what it is, for messages
   * @throws IllegalArgumentException if it is no decimal number, negative, above {@link
   *     ModelPrice#MAX}, or has more than {@link ModelPrice#SCALE} decimals
   */
  static BigDecimal parse(String what, String price) {
    BigDecimal amount = decimal(what, price);
    if (amount.signum() < 0 || amount.compareTo(ModelPrice.MAX) > 0) {
      throw new IllegalArgumentException(
          what + " must be between 0 and " + ModelPrice.MAX + ", but was " + price);
    }
    requireScale(what, amount, price);
    // An exponent at nothing stays when it is added, and asks for as many digits.
    return amount.signum() == 0 ? BigDecimal.ZERO : amount;
  }

  /**
   * A factor.
   *
   * @param what it is, for messages
   * @throws IllegalArgumentException if it is no decimal number, not above 0, above 1000, or has
   *     more than {@link ModelPrice#SCALE} decimals
   */
  static BigDecimal factor(String what, String text) {
    BigDecimal factor = decimal(what, text);
    if (factor.signum() <= 0 || factor.compareTo(MAX_FACTOR) > 0) {
      throw new IllegalArgumentException(
          what + " must be above 0 and at most " + MAX_FACTOR + ", but was " + text);
    }
    requireScale(what, factor, text);
    return factor;
  }

  private static BigDecimal decimal(String what, String text) {
    try {
      return new BigDecimal(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          what + " must be a decimal number, but was '" + text + "'", e);
    }
  }

  private static void requireScale(String what, BigDecimal number, String text) {
    if (number.stripTrailingZeros().scale() > ModelPrice.SCALE) {
      throw new IllegalArgumentException(
          what + " must have at most " + ModelPrice.SCALE + " decimals, but was " + text);
    }
  }
}
