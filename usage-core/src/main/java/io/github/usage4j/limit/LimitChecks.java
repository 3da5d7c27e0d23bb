package io.github.usage4j.limit;

import io.github.usage4j.UsageMeasure;
import io.github.usage4j.internal.DecimalBounds;
import io.github.usage4j.limit.LimitWindow.Kind;
import io.github.usage4j.limit.UsageLimit.Mode;
import java.math.BigDecimal;
import java.util.Currency;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a limit must be like. Every message names the limit, the rule and the value. */
final class LimitChecks {

  private static final BigDecimal MAX_COST = new BigDecimal("1000000000");
  private static final BigDecimal MAX_COUNT = BigDecimal.valueOf(UsageLimit.MAX_COUNT);
  private static final int MAX_PERCENT = 100;

  private LimitChecks() {}

  static BigDecimal number(String amount) {
    BigDecimal number = DecimalBounds.ANY.asWritten(amount);
    if (number == null) {
      throw new IllegalArgumentException(
          "amount must be a decimal number such as 2.50, but was " + DecimalBounds.shown(amount));
    }
    return number;
  }

  static void amount(
      String limit, UsageMeasure measure, BigDecimal amount, @Nullable Currency currency) {
    boolean money = measure == UsageMeasure.COST;
    if (money != (currency != null)) {
      throw new IllegalArgumentException(
          "currency of limit '"
              + limit
              + "' must be given for COST and only then, but was "
              + currency
              + " for "
              + measure);
    }
    BigDecimal most = money ? MAX_COST : MAX_COUNT;
    int decimals = money ? UsageLimit.MAX_DECIMALS : 0;
    BigDecimal plain = new DecimalBounds(most.precision(), decimals).exact(amount);
    if (plain == null || plain.signum() <= 0 || plain.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          "amount of limit '"
              + limit
              + "' must be more than 0 and at most "
              + most.toPlainString()
              + " with at most "
              + decimals
              + " decimals, but was "
              + DecimalBounds.shown(amount));
    }
  }

  static void window(
      String limit, UsageMeasure measure, BigDecimal amount, LimitWindow window, Mode mode) {
    if (window.kind() == Kind.ROLLING_DAYS && mode == Mode.HARD) {
      throw new IllegalArgumentException(
          "limit '"
              + limit
              + "' over "
              + window
              + " must be soft or observe only, because what falls out of it is only known a day"
              + " later, but was HARD");
    }
    boolean counted = measure == UsageMeasure.CALLS || measure == UsageMeasure.TOKENS;
    if (window.isRate() && (!counted || (window.kind() == Kind.AT_ONCE && tokens(measure)))) {
      throw new IllegalArgumentException(
          "limit '"
              + limit
              + "' per "
              + window
              + " must be one of calls or tokens, but was of "
              + measure);
    }
    BigDecimal most = BigDecimal.valueOf(window.rateTime().toNanos());
    if (most.signum() > 0 && amount.compareTo(most) > 0) { // a bucket cannot fill any faster
      throw new IllegalArgumentException(
          "amount of limit '"
              + limit
              + "' per "
              + window
              + " must be at most "
              + most.toPlainString()
              + ", but was "
              + amount.toPlainString());
    }
  }

  private static boolean tokens(UsageMeasure measure) {
    return measure == UsageMeasure.TOKENS;
  }

  static List<Integer> thresholds(String limit, List<Integer> percent) {
    int before = 0;
    for (int threshold : percent) {
      if (threshold <= before || threshold > MAX_PERCENT) {
        throw new IllegalArgumentException(
            "alertAt of limit '"
                + limit
                + "' must be ascending percentages from 1 to "
                + MAX_PERCENT
                + ", but was "
                + percent);
      }
      before = threshold;
    }
    return List.copyOf(percent);
  }
}
