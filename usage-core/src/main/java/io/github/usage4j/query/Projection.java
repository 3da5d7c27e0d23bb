package io.github.usage4j.query;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a period will add up to if it goes on as it began. The method is linear: what was used so
 * far, times the length of the period, by the part of it that has passed, to the microsecond. It
 * knows no weekdays, so early in a month it follows the days that happened to be in it.
 *
 * @param period what is projected
 * @param asOf until when usage was counted
 * @param basis how the figures were made
 * @param soFar what was used until then; a projection can be no better than its {@code unpriced},
 *     {@code unmeasured} and {@code estimated}
 * @param tokens total tokens, rounded; null with {@link Basis#TOO_LITTLE_DATA}
 * @param calls calls that are not refused, rounded; null with {@link Basis#TOO_LITTLE_DATA}
 * @param costs amounts by currency code, in the order of the codes, rounded to 18 decimals; empty
 *     with {@link Basis#TOO_LITTLE_DATA}
 */
public record Projection(
    BillingPeriod period,
    Instant asOf,
    Basis basis,
    UsageSummary soFar,
    @Nullable Long tokens,
    @Nullable Long calls,
    Map<String, BigDecimal> costs) {

  /** The smallest part of a period that is projected from: one of this many. */
  public static final int MIN_PART = 10;

  /** How the figures of a projection were made. */
  public enum Basis {
    /** The period is over: nothing is projected, the figures are what was used. */
    ACTUAL,
    /** In proportion to the time that has passed. */
    LINEAR,
    /** Less than a tenth of the period has passed, or there was no call yet: there are none. */
    TOO_LITTLE_DATA
  }

  /** Copies the costs, keeping their order. */
  public Projection {
    costs = Collections.unmodifiableMap(new TreeMap<>(costs));
  }

  /**
   * Projects a period.
   *
   * @param soFar what was used in it before {@code now}
   */
  public static Projection of(BillingPeriod period, Instant now, UsageSummary soFar) {
    Duration passed = period.upTo(now).length();
    Basis basis =
        passed.equals(period.length())
            ? Basis.ACTUAL
            : passed.multipliedBy(MIN_PART).compareTo(period.length()) < 0 || soFar.calls() == 0
                ? Basis.TOO_LITTLE_DATA
                : Basis.LINEAR;
    if (basis == Basis.TOO_LITTLE_DATA) {
      return new Projection(period, now, basis, soFar, null, null, Map.of());
    }
    BigDecimal whole = micros(period.length());
    BigDecimal part = micros(passed);
    var costs = new TreeMap<String, BigDecimal>();
    soFar
        .costs()
        .forEach(
            cost ->
                costs.put(
                    cost.currency().getCurrencyCode(),
                    basis == Basis.ACTUAL
                        ? cost.total()
                        : DecimalBounds.plain(scaled(cost.total(), whole, part, Cost.SCALE))));
    return new Projection(
        period,
        now,
        basis,
        soFar,
        count(soFar.totalTokens(), whole, part, basis),
        count(soFar.calls(), whole, part, basis),
        costs);
  }

  private static long count(long soFar, BigDecimal whole, BigDecimal part, Basis basis) {
    return basis == Basis.ACTUAL
        ? soFar
        : scaled(BigDecimal.valueOf(soFar), whole, part, 0).longValueExact();
  }

  private static BigDecimal scaled(
      BigDecimal amount, BigDecimal whole, BigDecimal part, int decimals) {
    return amount.multiply(whole).divide(part, decimals, RoundingMode.HALF_UP);
  }

  private static BigDecimal micros(Duration duration) {
    return BigDecimal.valueOf(
        ChronoUnit.MICROS.between(Instant.EPOCH, Instant.EPOCH.plus(duration)));
  }
}
