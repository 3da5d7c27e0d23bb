package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * What so many of a unit cost, as it is published: an hour of audio counts as 3 600 seconds, and a
 * third of a cent for each would not be exact.
 *
 * @param amount for {@code per} of them
 */
record UnitPrice(BigDecimal amount, int per) {

  /** A million, as of tokens. */
  static final int MOST = 1_000_000;

  UnitPrice {
    if (per < 1 || per > MOST) {
      throw new IllegalArgumentException(
          "a price must be for 1 to " + MOST + " of a unit, but was for " + per);
    }
  }

  /** Only what has more decimals than a cost is rounded, half to even. */
  BigDecimal of(BigDecimal quantity) {
    BigDecimal product = quantity.multiply(amount);
    if (per == 1) {
      return product.scale() > Cost.SCALE
          ? product.setScale(Cost.SCALE, RoundingMode.HALF_EVEN)
          : product;
    }
    return product.divide(BigDecimal.valueOf(per), Cost.SCALE, RoundingMode.HALF_EVEN);
  }
}
