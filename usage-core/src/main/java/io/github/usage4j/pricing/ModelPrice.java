package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.internal.Checks;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Currency;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
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

  private static final int MILLION_DIGITS = 6;

  private final String provider;
  private final String model;
  private final Currency currency;
  private final Map<Rate, BigDecimal> rates;
  private final List<Tier> tiers;
  private final Instant validFrom;
  private final Instant validUntil;
  private final @Nullable String reference;

  /** What has a price; a rate that is not in the map is not set. */
  private enum Rate {
    INPUT("input"),
    OUTPUT("output"),
    CACHE_READ("cacheRead"),
    CACHE_WRITE("cacheWrite"),
    CACHE_WRITE_ONE_HOUR("cacheWriteOneHour"),
    PER_CALL("perCall");

    private final String setter;

    Rate(String setter) {
      this.setter = setter;
    }
  }

  /** What is different for calls with more input tokens than a threshold. */
  private record Tier(long above, Map<Rate, BigDecimal> rates) {}

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
      Map<Rate, BigDecimal> rates,
      List<Tier> tiers,
      Instant validFrom,
      Instant validUntil,
      @Nullable String reference) {
    this.provider = provider;
    this.model = model;
    this.currency = currency;
    this.rates = rates;
    this.tiers = tiers;
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
        Map.of(),
        List.of(),
        Instant.MIN,
        Instant.MAX,
        null);
  }

  /** What a million input tokens cost. */
  public ModelPrice input(String price) {
    return with(Rate.INPUT, price);
  }

  /** What a million output tokens cost, reasoning included. */
  public ModelPrice output(String price) {
    return with(Rate.OUTPUT, price);
  }

  /** What a million input tokens cost that are read from a cache. Default: the input price. */
  public ModelPrice cacheRead(String price) {
    return with(Rate.CACHE_READ, price);
  }

  /** What a million input tokens cost that are written to a cache. Default: the input price. */
  public ModelPrice cacheWrite(String price) {
    return with(Rate.CACHE_WRITE, price);
  }

  /** The same for writes kept for one hour. Default: the price of any cache write. */
  public ModelPrice cacheWriteOneHour(String price) {
    return with(Rate.CACHE_WRITE_ONE_HOUR, price);
  }

  /** What each call costs, apart from tokens. Default: nothing. */
  public ModelPrice perCall(String price) {
    return with(Rate.PER_CALL, price);
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
    if (!prices.tiers.isEmpty()
        || !prices.validFrom.equals(Instant.MIN)
        || !prices.validUntil.equals(Instant.MAX)) {
      throw new IllegalArgumentException(
          "the prices above "
              + tokens
              + " input tokens of "
              + reference()
              + " must not have thresholds or dates of their own");
    }
    var changed = new ArrayList<>(tiers);
    for (Tier tier : tiers) {
      if (tier.above() == tokens) {
        throw new IllegalArgumentException(
            reference() + " has prices above " + tokens + " input tokens already");
      }
    }
    changed.add(new Tier(tokens, prices.rates));
    changed.sort(Comparator.comparingLong(Tier::above).reversed());
    return copy(rates, List.copyOf(changed), validFrom, validUntil, reference);
  }

  /** From when this price applies, inclusive. Default: always. */
  public ModelPrice validFrom(Instant inclusive) {
    return copy(rates, tiers, inclusive, validUntil, reference);
  }

  /** Until when this price applies, exclusive. Default: for ever. */
  public ModelPrice validUntil(Instant exclusive) {
    return copy(rates, tiers, validFrom, exclusive, reference);
  }

  /** Where this price is written down, such as a contract. Default: provider and model. */
  public ModelPrice reference(String where) {
    return copy(
        rates, tiers, validFrom, validUntil, Checks.requireIdentifier("reference", where, 256));
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
    Map<Rate, BigDecimal> applied = ratesFor(tokens);
    boolean onlyParts = tokens.total() == null && !tokens.isUnknown();
    return !onlyParts
        && (orZero(tokens.input()) == 0 || applied.containsKey(Rate.INPUT))
        && (orZero(tokens.output()) == 0 || applied.containsKey(Rate.OUTPUT));
  }

  /** True if a call is charged for being made, whatever it used. */
  public boolean isPerCall() {
    return rates.containsKey(Rate.PER_CALL);
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
    Tier tier = tierFor(counted);
    String which =
        tier == null ? reference() : reference() + " above " + tier.above() + " input tokens";
    List<Explanation.Line> lines = lines(counted, ratesFor(counted));
    BigDecimal total =
        lines.stream().map(Explanation.Line::amount).reduce(BigDecimal.ZERO, BigDecimal::add);
    return new Explanation(which, currency, lines, total);
  }

  /** The highest threshold that is exceeded; null if none is. */
  private @Nullable Tier tierFor(TokenCounts tokens) {
    for (Tier tier : tiers) {
      if (orZero(tokens.input()) > tier.above()) {
        return tier;
      }
    }
    return null;
  }

  private Map<Rate, BigDecimal> ratesFor(TokenCounts tokens) {
    Tier tier = tierFor(tokens);
    if (tier == null) {
      return rates;
    }
    var applied = new EnumMap<Rate, BigDecimal>(Rate.class);
    applied.putAll(rates);
    applied.putAll(tier.rates());
    return applied;
  }

  private static List<Explanation.Line> lines(TokenCounts tokens, Map<Rate, BigDecimal> rates) {
    long read = orZero(tokens.cacheRead());
    long write = orZero(tokens.cacheWrite());
    long oneHour = orZero(tokens.cacheWriteOneHour());
    long plain = Math.max(0, orZero(tokens.input()) - read - write);
    BigDecimal input = rates.getOrDefault(Rate.INPUT, BigDecimal.ZERO);
    BigDecimal writePrice = rates.getOrDefault(Rate.CACHE_WRITE, input);
    var lines = new ArrayList<Explanation.Line>();
    add(lines, "input", plain, input);
    add(lines, "cache read", read, rates.getOrDefault(Rate.CACHE_READ, input));
    add(lines, "cache write", write - oneHour, writePrice);
    add(
        lines,
        "cache write, 1 hour",
        oneHour,
        rates.getOrDefault(Rate.CACHE_WRITE_ONE_HOUR, writePrice));
    add(lines, "output", orZero(tokens.output()), rates.getOrDefault(Rate.OUTPUT, BigDecimal.ZERO));
    BigDecimal perCall = rates.get(Rate.PER_CALL);
    if (perCall != null) {
      add(lines, "call", 1, perCall.movePointRight(MILLION_DIGITS));
    }
    return lines;
  }

  private static void add(
      List<Explanation.Line> lines, String kind, long count, BigDecimal perMillion) {
    if (count > 0) {
      BigDecimal amount =
          perMillion.multiply(BigDecimal.valueOf(count)).movePointLeft(MILLION_DIGITS);
      lines.add(new Explanation.Line(kind, count, perMillion, amount));
    }
  }

  private static long orZero(@Nullable Long count) {
    return count == null ? 0 : count;
  }

  private ModelPrice with(Rate rate, String price) {
    String what = rate.setter + " price of " + provider + "/" + model;
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
    var changed = new EnumMap<Rate, BigDecimal>(Rate.class);
    changed.putAll(rates);
    changed.put(rate, amount);
    return copy(Map.copyOf(changed), tiers, validFrom, validUntil, reference);
  }

  private ModelPrice copy(
      Map<Rate, BigDecimal> rates,
      List<Tier> tiers,
      Instant validFrom,
      Instant validUntil,
      @Nullable String reference) {
    return new ModelPrice(
        provider, model, currency, rates, tiers, validFrom, validUntil, reference);
  }
}
