package io.github.usage4j.pricing;

import io.github.usage4j.internal.DecimalBounds;
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
          what
              + " must be between 0 and "
              + ModelPrice.MAX
              + ", but was "
              + DecimalBounds.shown(amount));
    }
    requireScale(what, amount);
    // Decimals of nothing stay when it is added, and ask for as many digits.
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
          what
              + " must be above 0 and at most "
              + MAX_FACTOR
              + ", but was "
              + DecimalBounds.shown(factor));
    }
    requireScale(what, factor);
    return factor;
  }

  private static BigDecimal decimal(String what, String text) {
    BigDecimal number = DecimalBounds.ANY.asWritten(text);
    if (number == null) {
      throw new IllegalArgumentException(
          what + " must be a decimal number, but was " + DecimalBounds.shown(text));
    }
    return number;
  }

  private static void requireScale(String what, BigDecimal number) {
    if (DecimalBounds.plain(number).scale() > ModelPrice.SCALE) {
      throw new IllegalArgumentException(
          what
              + " must have at most "
              + ModelPrice.SCALE
              + " decimals, but was "
              + DecimalBounds.shown(number));
    }
  }
}
