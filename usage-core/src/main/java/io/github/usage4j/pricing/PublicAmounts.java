package io.github.usage4j.pricing;

import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.math.RoundingMode;

/** Reads the amounts of files that others publish, in whatever unit those have them. */
final class PublicAmounts {

  /** A binary fraction shows itself by at least so many digits. */
  private static final int BINARY_DIGITS = 15;

  private PublicAmounts() {}

  /**
   * An amount with its point moved, such as from one token to a million. Digits beyond the scale of
   * prices are those of a binary fraction that somebody's script computed with, like {@code
   * 1.5000000000000002e-07}: they are rounded away if there are that many, else refused.
   *
   * @return decimal text for {@link ModelPrice}
   */
  static String shifted(JsonAt json, int digits) {
    return amount(json, digits).toString();
  }

  /** As {@link #shifted}. */
  static BigDecimal amount(JsonAt json, int digits) {
    String stated = json.decimal();
    BigDecimal amount = DecimalBounds.ANY.exact(stated);
    if (amount == null) {
      throw json.bad("must be a decimal number, but is " + DecimalBounds.shown(stated));
    }
    if (amount.signum() < 0 || amount.compareTo(ModelPrice.MAX) > 0) {
      throw json.bad(
          "must be between 0 and " + ModelPrice.MAX + ", but is " + DecimalBounds.shown(amount));
    }
    BigDecimal moved = amount.movePointRight(digits);
    boolean binary = amount.precision() >= BINARY_DIGITS;
    return moved.scale() > ModelPrice.SCALE && binary
        ? moved.setScale(ModelPrice.SCALE, RoundingMode.HALF_EVEN)
        : moved;
  }
}
