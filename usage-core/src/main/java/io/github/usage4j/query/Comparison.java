package io.github.usage4j.query;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.UsageSummary;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A period beside the one before it.
 *
 * @param period the later one
 * @param current what it adds up to
 * @param previousPeriod the earlier one
 * @param previous what that adds up to
 */
public record Comparison(
    BillingPeriod period,
    UsageSummary current,
    BillingPeriod previousPeriod,
    UsageSummary previous) {

  /**
   * How an amount changed.
   *
   * @param current the later amount
   * @param previous the earlier amount
   * @param difference current minus previous, exact
   * @param percent the same in percent of the earlier amount, to 16 digits; null if that was 0
   */
  public record Change(
      BigDecimal current,
      BigDecimal previous,
      BigDecimal difference,
      @Nullable BigDecimal percent) {

    static Change of(BigDecimal current, BigDecimal previous) {
      BigDecimal difference = current.subtract(previous);
      return new Change(
          current,
          previous,
          difference,
          previous.signum() == 0
              ? null
              : difference.movePointRight(2).divide(previous, MathContext.DECIMAL64));
    }
  }

  /**
   * How a measure changed.
   *
   * @throws IllegalArgumentException if it is the cost, and the two have several currencies: name
   *     one
   */
  public Change change(UsageMeasure measure) {
    if (measure == UsageMeasure.COST) {
      var currencies =
          Stream.concat(current.costs().stream(), previous.costs().stream())
              .map(cost -> cost.currency().getCurrencyCode())
              .distinct()
              .sorted()
              .toList();
      if (currencies.size() > 1) {
        throw new IllegalArgumentException(
            "costs of one currency can be compared, but these are in "
                + currencies
                + "; say which with costChange(currency)");
      }
    }
    return Change.of(current.amount(measure), previous.amount(measure));
  }

  /**
   * How the cost in one currency changed.
   *
   * @param currency an ISO 4217 code
   * @throws IllegalArgumentException if there is no such currency
   */
  public Change costChange(String currency) {
    return Change.of(current.cost(currency), previous.cost(currency));
  }
}
