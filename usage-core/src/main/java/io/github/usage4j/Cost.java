package io.github.usage4j;

import io.github.usage4j.internal.Checks;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.util.Currency;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a model call costs at list or negotiated prices, exact and unrounded. It is an estimate from
 * token counts, not an invoice. Amounts are in whole units of the currency (dollars, not cents).
 *
 * @param input what the input tokens cost that were neither read from nor written to a cache
 * @param output what the output tokens cost, reasoning included
 * @param cache what cache reads and cache writes cost
 * @param other what is charged apart from tokens: per call, search, image or second
 * @param currency of all four; amounts of different currencies are never added
 * @param priceReference which price was applied (catalog, row, tier), so that the amount can be
 *     explained; null if several were, or it is unknown
 */
public record Cost(
    BigDecimal input,
    BigDecimal output,
    BigDecimal cache,
    BigDecimal other,
    Currency currency,
    @Nullable String priceReference) {

  /** Decimals kept: a price has at most 12 per million tokens, so one token has at most 18. */
  public static final int SCALE = 18;

  /** One event is far from it; so are the sums of all that there will be. */
  private static final DecimalBounds AMOUNT = new DecimalBounds(40, SCALE);

  private static final int MAX_REFERENCE = 512;

  /** What ISO 4217 has for "no currency"; rollups mark with it what has no price. */
  private static final String NO_CURRENCY = "XXX";

  /**
   * @throws IllegalArgumentException if an amount is negative or has more than {@link #SCALE}
   *     decimals or 40 digits before the point, or the currency is XXX, which stands for none
   */
  public Cost {
    input = canonical("input cost", input);
    output = canonical("output cost", output);
    cache = canonical("cache cost", cache);
    other = canonical("other cost", other);
    if (currency.getCurrencyCode().equals(NO_CURRENCY)) {
      throw new IllegalArgumentException(
          "currency must be one that things are paid in, but was " + NO_CURRENCY);
    }
    priceReference = Checks.textOrNull(priceReference, MAX_REFERENCE);
  }

  /** Nothing, in the given currency. */
  public static Cost zero(Currency currency) {
    return new Cost(
        BigDecimal.ZERO, BigDecimal.ZERO, BigDecimal.ZERO, BigDecimal.ZERO, currency, null);
  }

  /**
   * An amount of which only the sum is known, such as one that a provider states.
   *
   * @param currency an ISO 4217 code
   * @throws IllegalArgumentException if the amount is negative or the currency unknown
   */
  public static Cost total(BigDecimal amount, String currency) {
    return new Cost(
        BigDecimal.ZERO, BigDecimal.ZERO, BigDecimal.ZERO, amount, currencyOf(currency), null);
  }

  /** The sum of all parts. */
  public BigDecimal total() {
    return canonical("total cost", sum(sum(input, output), sum(cache, other)));
  }

  /** Most calls have two parts, and every call is summed. */
  private static BigDecimal sum(BigDecimal one, BigDecimal more) {
    return one.signum() == 0 ? more : more.signum() == 0 ? one : one.add(more);
  }

  /** True if the parts and the currency are equal; the reference may say something else. */
  public boolean amountsEqual(@Nullable Cost other) {
    return other != null
        && input.compareTo(other.input) == 0
        && output.compareTo(other.output) == 0
        && cache.compareTo(other.cache) == 0
        && this.other.compareTo(other.other) == 0
        && currency.equals(other.currency);
  }

  /**
   * Both added up, part by part.
   *
   * @throws IllegalArgumentException if the currencies differ
   */
  public Cost plus(Cost more) {
    if (!currency.equals(more.currency)) {
      throw new IllegalArgumentException(
          "costs of one currency can be added, but these are in "
              + currency
              + " and "
              + more.currency);
    }
    return new Cost(
        input.add(more.input),
        output.add(more.output),
        cache.add(more.cache),
        other.add(more.other),
        currency,
        Objects.equals(priceReference, more.priceReference) ? priceReference : null);
  }

  /**
   * The currency of an ISO 4217 code.
   *
   * @throws IllegalArgumentException naming the code, if there is none
   */
  public static Currency currencyOf(String code) {
    try {
      return Currency.getInstance(code);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "currency must be an ISO 4217 code such as USD, but was '" + code + "'", e);
    }
  }

  /**
   * One form per value, so that equal amounts are equal records: no trailing zeros, no exponent.
   */
  private static BigDecimal canonical(String name, BigDecimal amount) {
    if (amount.signum() < 0) {
      throw new IllegalArgumentException(
          name + " must not be negative, but was " + DecimalBounds.shown(amount));
    }
    BigDecimal plain = AMOUNT.exact(amount);
    if (plain == null) {
      throw new IllegalArgumentException(
          name
              + " must have at most "
              + AMOUNT.integerDigits()
              + " digits before the point and at most "
              + SCALE
              + " decimals, but was "
              + DecimalBounds.shown(amount));
    }
    return plain;
  }

  /** Sums per currency, ordered by currency code; nothing is converted. */
  static List<Cost> sumByCurrency(Stream<Cost> costs) {
    var sums = new TreeMap<String, Cost>();
    costs.forEach(c -> sums.merge(c.currency().getCurrencyCode(), c, Cost::plus));
    return List.copyOf(sums.values());
  }
}
