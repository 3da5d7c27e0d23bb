package io.github.usage4j.limit;

import io.github.usage4j.UsageMeasure;
import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * Amounts as whole numbers, so that one can be taken from another in one step: money in billionths.
 * What is used is rounded up and what is allowed is rounded down, so that no limit is passed by
 * rounding. Immutable.
 */
record Units(int decimals) {

  private static final long MAX = Long.MAX_VALUE / 4;
  private static final BigDecimal MOST = BigDecimal.valueOf(MAX);

  static Units of(UsageMeasure measure) {
    return new Units(measure == UsageMeasure.COST ? UsageLimit.MAX_DECIMALS : 0);
  }

  long up(BigDecimal amount) {
    return whole(amount, RoundingMode.CEILING);
  }

  long down(BigDecimal amount) {
    return whole(amount, RoundingMode.FLOOR);
  }

  BigDecimal amount(long units) {
    return BigDecimal.valueOf(units, decimals);
  }

  private long whole(BigDecimal amount, RoundingMode mode) {
    BigDecimal units = amount.movePointRight(decimals).setScale(0, mode);
    if (units.abs().compareTo(MOST) > 0) {
      return units.signum() < 0 ? -MAX : MAX;
    }
    return units.longValueExact();
  }
}
