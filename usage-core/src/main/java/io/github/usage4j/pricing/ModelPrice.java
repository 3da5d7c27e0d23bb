package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.internal.Checks;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Currency;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one model costs, per million tokens. Immutable; each method returns a changed copy. Amounts
 * are decimal text, so that no binary fraction comes near money.
 *
 * <p>The cost of a call is
 *
 * <pre>
 * ((input - cacheRead - cacheWrite) * INPUT + cacheRead * CACHE_READ
 *   + (cacheWrite - oneHour) * CACHE_WRITE + oneHour * CACHE_WRITE_ONE_HOUR
 *   + output * OUTPUT) / 1 000 000 + PER_CALL
 * </pre>
 *
 * with the lower case names from {@link TokenCounts}, where an unknown count counts nothing. A
 * cache price that is not set is the input price; a one-hour write without a price of its own costs
 * what any cache write does. Reasoning is part of the output.
 */
public final class ModelPrice {

  /** The most decimals of a price; then one token's cost is exact in {@link Cost#SCALE}. */
  public static final int SCALE = 12;

  /** The highest price per million tokens taken; more is a mistake of unit. */
  public static final BigDecimal MAX = new BigDecimal("1000000");

  private final String provider;
  private final String model;
  private final Currency currency;
  private final Rates rates;
  private final Instant validFrom;
  private final Instant validUntil;
  private final @Nullable String reference;

  /**
   * How a cost comes about.
   *
   * @param priceReference which price was applied
   * @param currency of all amounts
   * @param lines one for each kind of token that was used, and one for the call itself if priced
   * @param total the sum of the lines, exact
   */
  public record Explanation(
      String priceReference, Currency currency, List<Line> lines, BigDecimal total) {

    /**
     * One product.
     *
     * @param tokenKind what was counted
     * @param tokens how many
     * @param pricePerMillion what a million of them costs
     * @param amount what these cost
     */
    public record Line(
        String tokenKind, long tokens, BigDecimal pricePerMillion, BigDecimal amount) {}

    /** Copies the lines. */
    public Explanation {
      lines = List.copyOf(lines);
    }

    /** The sum of the lines whose kind starts with this word. */
    BigDecimal sum(String kind) {
      return lines.stream()
          .filter(line -> line.tokenKind.startsWith(kind))
          .map(Line::amount)
          .reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    /** One line for each product, then the sum. */
    @Override
    public String toString() {
      var text = new StringBuilder();
      for (Line line : lines) {
        text.append(
            String.format(
                "%-22s %,15d x %s %s / 1M = %s%n",
                line.tokenKind,
                line.tokens,
                line.pricePerMillion.toPlainString(),
                currency,
                line.amount.toPlainString()));
      }
      return text.append("total ")
          .append(total.toPlainString())
          .append(' ')
          .append(currency)
          .append(" (")
          .append(priceReference)
          .append(')')
          .toString();
    }
  }

  private ModelPrice(
      String provider,
      String model,
      Currency currency,
      Rates rates,
      Instant validFrom,
      Instant validUntil,
      @Nullable String reference) {
    this.provider = provider;
    this.model = model;
    this.currency = currency;
    this.rates = rates;
    this.validFrom = validFrom;
    this.validUntil = validUntil;
    this.reference = reference;
    if (!validFrom.isBefore(validUntil)) {
      throw new IllegalArgumentException(
          "a price must be valid from an instant before it ends, but that of "
              + provider
              + "/"
              + model
              + " is valid from "
              + validFrom
              + " until "
              + validUntil);
    }
  }

  /**
   * A price without amounts yet, always valid.
   *
   * @param currency an ISO 4217 code
   * @throws IllegalArgumentException if a name is blank or the currency unknown
   */
  public static ModelPrice perMillion(String provider, String model, String currency) {
    return new ModelPrice(
        Checks.requireIdentifier("provider", provider, 256),
        Checks.requireIdentifier("model", model, 256),
        Cost.currencyOf(currency),
        Rates.NONE,
        Instant.MIN,
        Instant.MAX,
        null);
  }

  /** What a million input tokens cost. */
  public ModelPrice input(String price) {
    return with(Rates.Rate.INPUT, price);
  }

  /** What a million output tokens cost, reasoning included. */
  public ModelPrice output(String price) {
    return with(Rates.Rate.OUTPUT, price);
  }

  /** What a million input tokens cost that are read from a cache. Default: the input price. */
  public ModelPrice cacheRead(String price) {
    return with(Rates.Rate.CACHE_READ, price);
  }

  /** What a million input tokens cost that are written to a cache. Default: the input price. */
  public ModelPrice cacheWrite(String price) {
    return with(Rates.Rate.CACHE_WRITE, price);
  }

  /** The same for writes kept for one hour. Default: the price of any cache write. */
  public ModelPrice cacheWriteOneHour(String price) {
    return with(Rates.Rate.CACHE_WRITE_ONE_HOUR, price);
  }

  /** What each call costs, apart from tokens. Default: nothing. */
  public ModelPrice perCall(String price) {
    return with(Rates.Rate.PER_CALL, price);
  }

  /**
   * Other prices for every token of a call that has more than {@code tokens} input tokens, cached
   * ones included. A call with exactly that many pays what is below. Of several thresholds the
   * highest that is exceeded applies. What {@code prices} does not set is as it is here.
   *
   * @throws IllegalArgumentException if the threshold is negative or there already, or the prices
   *     are of another currency or have thresholds or dates of their own
   */
  public ModelPrice aboveInput(long tokens, ModelPrice prices) {
    if (tokens < 0) {
      throw new IllegalArgumentException("threshold must not be negative, but was " + tokens);
    }
    if (!prices.currency.equals(currency)) {
      throw new IllegalArgumentException(
          "a tier must have the currency of its price, "
              + currency
              + ", but has "
              + prices.currency);
    }
    if (prices.rates.haveTiers()
        || !prices.validFrom.equals(Instant.MIN)
        || !prices.validUntil.equals(Instant.MAX)) {
      throw new IllegalArgumentException(
          "the prices above "
              + tokens
              + " input tokens of "
              + reference()
              + " must not have thresholds or dates of their own");
    }
    if (rates.haveTierAbove(tokens)) {
      throw new IllegalArgumentException(
          reference() + " has prices above " + tokens + " input tokens already");
    }
    return copy(rates.above(tokens, prices.rates), validFrom, validUntil, reference);
  }

  /** From when this price applies, inclusive. Default: always. */
  public ModelPrice validFrom(Instant inclusive) {
    return copy(rates, inclusive, validUntil, reference);
  }

  /** Until when this price applies, exclusive. Default: for ever. */
  public ModelPrice validUntil(Instant exclusive) {
    return copy(rates, validFrom, exclusive, reference);
  }

  /** Where this price is written down, such as a contract. Default: provider and model. */
  public ModelPrice reference(String where) {
    return copy(rates, validFrom, validUntil, Checks.requireIdentifier("reference", where, 256));
  }

  /** Who serves the model. */
  public String provider() {
    return provider;
  }

  /** The model's name. */
  public String model() {
    return model;
  }

  /** Where this price is written down. */
  public String reference() {
    return reference != null ? reference : provider + "/" + model;
  }

  Instant validFrom() {
    return validFrom;
  }

  Instant validUntil() {
    return validUntil;
  }

  /**
   * True if there is a price for everything that these tokens are. Output tokens of a price that
   * has no output price are not free: such a call stays unpriced. So does one of which only a part
   * of input or output is known.
   */
  public boolean covers(TokenCounts tokens) {
    return rates.cover(tokens);
  }

  /** True if a call is charged for being made, whatever it used. */
  public boolean isPerCall() {
    return rates.perCall();
  }

  /**
   * What a call with these tokens costs, exact.
   *
   * @throws IllegalArgumentException if this price does not cover them
   */
  public Cost costOf(TokenCounts tokens) {
    Explanation explained = explain(tokens);
    return new Cost(
        explained.sum("input"),
        explained.sum("output"),
        explained.sum("cache"),
        explained.sum("call"),
        currency,
        explained.priceReference());
  }

  /**
   * How the cost of a call with these tokens comes about.
   *
   * @throws IllegalArgumentException if this price does not cover them
   */
  public Explanation explain(TokenCounts tokens) {
    if (!covers(tokens)) {
      throw new IllegalArgumentException(
          "the price " + reference() + " has no amount for some of " + tokens);
    }
    TokenCounts counted = tokens.consistent();
    Long threshold = rates.exceededBy(counted);
    String which =
        threshold == null ? reference() : reference() + " above " + threshold + " input tokens";
    List<Explanation.Line> lines = rates.lines(counted);
    BigDecimal total =
        lines.stream().map(Explanation.Line::amount).reduce(BigDecimal.ZERO, BigDecimal::add);
    return new Explanation(which, currency, lines, total);
  }

  private ModelPrice with(Rates.Rate rate, String price) {
    String what = rate.setter() + " price of " + provider + "/" + model;
    BigDecimal amount;
    try {
      amount = new BigDecimal(price);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          what + " must be a decimal number, but was '" + price + "'", e);
    }
    if (amount.signum() < 0 || amount.compareTo(MAX) > 0) {
      throw new IllegalArgumentException(
          what + " must be between 0 and " + MAX + ", but was " + price);
    }
    if (amount.stripTrailingZeros().scale() > SCALE) {
      throw new IllegalArgumentException(
          what + " must have at most " + SCALE + " decimals, but was " + price);
    }
    return copy(rates.with(rate, amount), validFrom, validUntil, reference);
  }

  private ModelPrice copy(
      Rates changed, Instant from, Instant until, @Nullable String writtenDown) {
    return new ModelPrice(provider, model, currency, changed, from, until, writtenDown);
  }
}
