package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.Checks;
import java.math.BigDecimal;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalTime;
import java.util.Currency;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
 *   + output * OUTPUT) / 1 000 000 + PER_CALL + units * PER_UNIT
 * </pre>
 *
 * with the lower case names from {@link TokenCounts}, where an unknown count counts nothing. A
 * cache price that is not set is the input price, but where cache writes have a price, those for
 * one hour need theirs: a call with such writes is unpriced without it. Reasoning is part of the
 * output, audio part of input, cache reads and output; where they have a price of their own, they
 * are taken out of that, so that no token is in two products. Where it is not known how much of the
 * audio was read from a cache, as much as possible is taken for audio that was not.
 */
public final class ModelPrice {

  /** The most decimals of a price; then one token's cost is exact in {@link Cost#SCALE}. */
  public static final int SCALE = 12;

  /** The highest price per million tokens taken; more is a mistake of unit. */
  public static final BigDecimal MAX = new BigDecimal("1000000");

  private static final int MAX_REFERENCE = 400;

  /** More than tiers and conditions that any provider has. */
  private static final int MAX_REMEMBERED = 64;

  private final String provider;
  private final String model;
  private final ModelMatch match;
  private final Currency currency;
  private final Charges charges;
  private final PriceDates dates;
  private final @Nullable String reference;

  /** What was made of this price for calls of some tier and conditions. */
  private final ConcurrentHashMap<Calls, ModelPrice> remembered = new ConcurrentHashMap<>();

  private record Calls(@Nullable String tier, Map<String, String> conditions) {}

  private ModelPrice(
      String provider,
      String model,
      ModelMatch match,
      Currency currency,
      Charges charges,
      PriceDates dates,
      @Nullable String reference) {
    this.provider = provider;
    this.model = model;
    this.match = match;
    this.currency = currency;
    this.charges = charges;
    this.dates = dates;
    this.reference = reference;
    charges.check(provider + "/" + model);
  }

  /**
   * A price without amounts yet, always valid.
   *
   * @param currency an ISO 4217 code
   * @throws IllegalArgumentException if a name is blank or the currency unknown
   */
  public static ModelPrice perMillion(String provider, String model, String currency) {
    String name = Checks.requireIdentifier("model", model, 256);
    return new ModelPrice(
        Checks.requireIdentifier("provider", provider, 256),
        name,
        ModelMatch.equalTo(name),
        Cost.currencyOf(currency),
        Charges.NONE,
        PriceDates.ALWAYS,
        null);
  }

  /** For which names of the model this price is. Default: its name. */
  public ModelPrice matching(ModelMatch names) {
    return new ModelPrice(provider, model, names, currency, charges, dates, reference);
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

  /**
   * What a million input tokens cost that are audio and read from a cache. Default: the price of
   * any cache read; if that has none, the price of audio input.
   */
  public ModelPrice cacheReadAudio(String price) {
    return with(Rate.CACHE_READ_AUDIO, price);
  }

  /** What a million input tokens cost that are written to a cache. Default: the input price. */
  public ModelPrice cacheWrite(String price) {
    return with(Rate.CACHE_WRITE, price);
  }

  /**
   * The same for writes kept for one hour. Default: the input price if cache writes have none; if
   * they have one, it is not known what these cost, and calls with such writes are not covered.
   */
  public ModelPrice cacheWriteOneHour(String price) {
    return with(Rate.CACHE_WRITE_ONE_HOUR, price);
  }

  /** What a million output tokens cost that are reasoning. Default: the output price. */
  public ModelPrice reasoning(String price) {
    return with(Rate.REASONING, price);
  }

  /** What a million input tokens cost that are audio. Default: the input price. */
  public ModelPrice inputAudio(String price) {
    return with(Rate.INPUT_AUDIO, price);
  }

  /** What a million output tokens cost that are audio. Default: the output price. */
  public ModelPrice outputAudio(String price) {
    return with(Rate.OUTPUT_AUDIO, price);
  }

  /** What each call costs, apart from tokens. Default: nothing. */
  public ModelPrice perCall(String price) {
    return with(Rate.PER_CALL, price);
  }

  /**
   * What each of a unit costs that is charged apart from tokens. A call without tokens is only
   * priced if each of its units is, or the call itself. Default: nothing.
   *
   * @param unit as in {@link UsageEvent#units}: {@code searches} of rerankers, {@code
   *     web_searches}, {@code images}, {@code seconds}, {@code characters}, or a name of the host's
   *     own
   */
  public ModelPrice perUnit(String unit, String price) {
    return perUnit(unit, price, 1);
  }

  /**
   * What so many of a unit cost, where the price of one has no end of decimals, such as an hour of
   * audio: {@code perUnit("seconds", "0.111", 3600)}. Fractions of it cost a fraction, rounded half
   * to even in the last decimal of a {@link Cost}.
   *
   * @param per from 1 to a million
   * @throws IllegalArgumentException if it is not, or the price is none
   * @since 0.1.0
   */
  public ModelPrice perUnit(String unit, String price, int per) {
    String name = Checks.requireIdentifier("unit", unit, 256);
    BigDecimal amount = Amounts.parse(label("price per " + name), price);
    return with(rates().withUnit(name, new UnitPrice(amount, per)));
  }

  /**
   * Other prices for every token of a call that has more than {@code tokens} input tokens, cached
   * ones included. A call with exactly that many pays what is below. Of several thresholds the
   * highest that is exceeded applies. What {@code prices} does not set is as it is here.
   *
   * @throws IllegalArgumentException if the threshold is negative or there already, or the prices
   *     are of another currency or have thresholds, units, service tiers, conditions or dates of
   *     their own
   */
  public ModelPrice aboveInput(long tokens, ModelPrice prices) {
    if (tokens < 0) {
      throw new IllegalArgumentException("threshold must not be negative, but was " + tokens);
    }
    Rates above = new PartOfPrice(this, "above " + tokens + " input tokens").aboveInput(prices);
    if (rates().haveTierAbove(tokens)) {
      throw new IllegalArgumentException(
          reference() + " has prices above " + tokens + " input tokens already");
    }
    return with(rates().above(tokens, above));
  }

  /**
   * Other prices for calls of a service tier, such as {@code batch}, {@code flex} or {@code
   * priority}: see {@link UsageEvent#serviceTier}. What {@code prices} does not set, thresholds
   * included, is as it is here. Calls of a tier that is neither set nor the provider's usual one
   * are not covered.
   *
   * @throws IllegalArgumentException if the tier is a usual one ({@code default}, {@code standard},
   *     {@code auto}, {@code on_demand}) or there already, or the prices are of another currency or
   *     have service tiers, conditions or dates of their own
   */
  public ModelPrice serviceTier(String tier, ModelPrice prices) {
    Rates ofTier = new PartOfPrice(this, "for the service tier " + tier).serviceTier(prices);
    return with(charges.with(charges.serviceTiers().with(tier, ofTier)));
  }

  /**
   * A factor for calls under a condition that is neither a count nor a service tier, such as {@code
   * inference_geo=us}: see {@link UsageEvent#conditions}. It multiplies what tokens cost, of any
   * kind, above any threshold and in any service tier, and goes together with the factors of other
   * conditions; what calls and units cost stays. Calls under a condition of which nothing is said
   * are not covered.
   *
   * @param name compared without regard to case; so is {@code value}
   * @param factor decimal text, above 0 and at most 1000; 1 where this price is the list price
   * @throws IllegalArgumentException if the factor cannot be one, or is there already, or a price
   *     multiplied by it and by those of other conditions may have more than {@link #SCALE}
   *     decimals or be above {@link #MAX}
   */
  public ModelPrice condition(String name, String value, String factor) {
    String what = label("factor for " + name + "=" + value);
    return condition(name, value, new PriceConditions.Factor(Amounts.factor(what, factor)));
  }

  /**
   * Other prices for calls under a condition; see {@link #condition(String, String, String)}. If
   * they say what tokens cost, nothing of that is as it is here: a call with cached, audio or
   * reasoning tokens is only covered if they have a price for what has one here, and above a
   * threshold that this price has only if they have it too. What they do not say of calls and units
   * is as it is here, and if they say nothing of tokens, so is that.
   *
   * <p>Factors of other conditions are applied to them. How they go together with a service tier,
   * or with another condition that has prices of its own, is only known if {@code prices} says so:
   * by service tiers and conditions of their own.
   *
   * @throws IllegalArgumentException if there is a price for the condition already, or {@code
   *     prices} are of another currency, have dates, or have no amount
   */
  public ModelPrice condition(String name, String value, ModelPrice prices) {
    var part = new PartOfPrice(this, "for " + name + "=" + value);
    return condition(name, value, new PriceConditions.Own(part.condition(name, prices)));
  }

  private ModelPrice condition(String name, String value, PriceConditions.Effect effect) {
    return with(charges.with(charges.conditions().with(name, value, effect)));
  }

  /** From when this price applies, inclusive. Default: always. */
  public ModelPrice validFrom(Instant inclusive) {
    return withDates(dates.from(inclusive));
  }

  /** Until when this price applies, exclusive. Default: until the next one does, or for ever. */
  public ModelPrice validUntil(Instant exclusive) {
    return withDates(dates.until(exclusive));
  }

  /**
   * Only at this time of each day in UTC; such a price beats the one without. If {@code to} is
   * earlier than {@code from}, it is of the day after. Default: all day.
   *
   * @param from inclusive
   * @param to exclusive
   * @throws IllegalArgumentException if both are the same
   */
  public ModelPrice daily(LocalTime from, LocalTime to) {
    return withDates(dates.within(DailyWindow.of(from, to, Set.of())));
  }

  /**
   * Only at this time of some days of the week in UTC. If {@code to} is earlier than {@code from},
   * it is of the day after, which need not be one of these: what passes midnight belongs to the day
   * on which it begins. Where several prices became valid at the same time, one for some days beats
   * one for each, and of those one for a time of day beats one for all day. Default: each day.
   *
   * @param from inclusive
   * @param to exclusive
   * @param days on which it begins
   * @throws IllegalArgumentException if both times are the same, or there is no day
   */
  public ModelPrice daily(LocalTime from, LocalTime to, Set<DayOfWeek> days) {
    return withDates(dates.within(DailyWindow.of(from, to, DailyWindow.some(days))));
  }

  /**
   * Only on some days of the week in UTC, each of them from midnight to midnight; see {@link
   * #daily(LocalTime, LocalTime, Set)}. Takes the place of {@code daily}.
   *
   * @throws IllegalArgumentException if there is no day
   */
  public ModelPrice weekly(Set<DayOfWeek> days) {
    return withDates(dates.within(new DailyWindow(null, null, DailyWindow.some(days))));
  }

  /** Where this price is written down, such as a contract. Default: provider and model. */
  public ModelPrice reference(String where) {
    String text = Checks.requireIdentifier("reference", where, MAX_REFERENCE);
    return new ModelPrice(provider, model, match, currency, charges, dates, text);
  }

  /** Who serves the model. */
  public String provider() {
    return provider;
  }

  /** The model's name. */
  public String model() {
    return model;
  }

  /** Of all amounts. */
  public Currency currency() {
    return currency;
  }

  /** From when it applies, inclusive; {@link Instant#MIN} if always. */
  public Instant validFrom() {
    return dates.from();
  }

  /** Where this price is written down. */
  public String reference() {
    return reference != null ? reference : provider + "/" + model;
  }

  ModelMatch match() {
    return match;
  }

  PriceDates dates() {
    return dates;
  }

  Rates rates() {
    return charges.rates();
  }

  Charges charges() {
    return charges;
  }

  /** This price, and what others say of conditions where it says nothing. */
  ModelPrice orElse(PriceConditions others) {
    return with(charges.with(charges.conditions().over(others)));
  }

  /**
   * This price as it is for calls of a service tier; empty if there is none for that tier.
   *
   * @param tier as the provider calls it; null for its usual one
   */
  public Optional<ModelPrice> forServiceTier(@Nullable String tier) {
    return forConditions(tier, Map.of());
  }

  /**
   * This price as it is for calls of a service tier and under conditions; empty if there is none
   * for the tier, or one of the conditions, or it is not known how they go together.
   *
   * @param tier as the provider calls it; null for its usual one
   * @param conditions what changes the price beside it: see {@link UsageEvent#conditions}
   */
  public Optional<ModelPrice> forConditions(@Nullable String tier, Map<String, String> conditions) {
    String other = tier == null || ServiceTiers.isUsual(tier) ? null : ServiceTiers.inCatalog(tier);
    if (other == null && conditions.isEmpty()) {
      return Optional.of(this);
    }
    var calls = new Calls(other, Map.copyOf(conditions));
    ModelPrice known = remembered.get(calls);
    return known != null ? Optional.of(known) : applied(calls);
  }

  private Optional<ModelPrice> applied(Calls calls) {
    Optional<ModelPrice> applied =
        charges.under(calls.tier(), calls.conditions()).map(found -> applied(calls.tier(), found));
    applied.ifPresent(
        price -> {
          if (remembered.size() >= MAX_REMEMBERED) {
            remembered.clear(); // conditions are written in more ways than there are
          }
          remembered.put(calls, price);
        });
    return applied;
  }

  private ModelPrice applied(@Nullable String tier, Charges.Applied found) {
    var text = new StringBuilder(reference());
    if (tier != null) {
      text.append(", ").append(tier);
    }
    found.which().forEach(condition -> text.append(", ").append(condition));
    Charges only = Charges.NONE.with(found.rates());
    return new ModelPrice(provider, model, match, currency, only, dates, text.toString());
  }

  /**
   * True if there is a price for everything that these tokens are. Output tokens of a price that
   * has no output price are not free: such a call stays unpriced. So does one of which only a part
   * of input or output is known.
   */
  public boolean covers(TokenCounts tokens) {
    return rates().cover(tokens.consistent());
  }

  /** True if a call is charged for being made, whatever it used. */
  public boolean isPerCall() {
    return rates().perCall();
  }

  /**
   * What a call with these tokens costs in the usual service tier and under no condition, exact.
   *
   * @throws IllegalArgumentException if this price does not cover them
   */
  public Cost costOf(TokenCounts tokens) {
    return covering(tokens).cost();
  }

  /**
   * How the cost of a call with these tokens comes about in the usual service tier and under no
   * condition.
   *
   * @throws IllegalArgumentException if this price does not cover them
   */
  public CostExplanation explain(TokenCounts tokens) {
    return covering(tokens).explain();
  }

  private PricedCall covering(TokenCounts tokens) {
    var call = new PricedCall(this, tokens);
    if (!rates().cover(call.exchanges().get(0))) {
      throw new IllegalArgumentException(
          "the price " + reference() + " has no amount for some of " + tokens);
    }
    return call;
  }

  /**
   * How the cost of a call comes about: its tokens, its units, its service tier and the conditions
   * that it was made under.
   *
   * @param exchanges what each of several exchanges used, each to be priced by itself; what the
   *     event says if there was one
   * @return empty if this price does not cover the call, which is then unpriced
   */
  public Optional<CostExplanation> explain(UsageEvent event, List<TokenCounts> exchanges) {
    return PricedCall.of(this, event, exchanges)
        .filter(PricedCall::covered)
        .map(PricedCall::explain);
  }

  private String label(String what) {
    return what + " of " + provider + "/" + model;
  }

  private ModelPrice with(Rate rate, String price) {
    return with(rates().with(rate, Amounts.parse(label(rate.setter() + " price"), price)));
  }

  private ModelPrice with(Rates changed) {
    return with(charges.with(changed));
  }

  private ModelPrice with(Charges changed) {
    return new ModelPrice(provider, model, match, currency, changed, dates, reference);
  }

  private ModelPrice withDates(PriceDates changed) {
    return new ModelPrice(provider, model, match, currency, charges, changed, reference);
  }
}
