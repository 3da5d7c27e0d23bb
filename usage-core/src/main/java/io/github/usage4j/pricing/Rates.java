package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.pricing.CostExplanation.Part;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The amounts of a price, and the arithmetic with them: the one place where tokens are multiplied.
 *
 * @param amounts for each million, or each call; a rate that is not in the map is not set
 * @param units for each of what is charged apart from tokens
 * @param tiers what is different above thresholds, the highest first
 */
record Rates(Map<Rate, BigDecimal> amounts, Map<String, BigDecimal> units, List<Tier> tiers) {

  static final Rates NONE = new Rates(Map.of(), Map.of(), List.of());

  private static final int MILLION_DIGITS = 6;
  private static final Comparator<Tier> HIGHEST_FIRST =
      Comparator.comparingLong(Tier::above).reversed();

  /** Takes what a call is charged for, product by product. */
  interface Products {
    /** So many tokens at a price for a million. */
    void tokens(
        Part part, String what, BigDecimal quantity, BigDecimal perMillion, BigDecimal amount);

    /** So many of something else at a price for each. */
    void units(String what, BigDecimal quantity, BigDecimal price, BigDecimal amount);
  }

  /**
   * What some of the tokens may be.
   *
   * @param most how many of them at most; null if all may be
   */
  record Kind(Rate rate, @Nullable Long most) {}

  /** What has a price. */
  enum Rate {
    INPUT("input"),
    OUTPUT("output"),
    CACHE_READ("cacheRead"),
    CACHE_READ_AUDIO("cacheReadAudio"),
    CACHE_WRITE("cacheWrite"),
    CACHE_WRITE_ONE_HOUR("cacheWriteOneHour"),
    REASONING("reasoning"),
    INPUT_AUDIO("inputAudio"),
    OUTPUT_AUDIO("outputAudio"),
    PER_CALL("perCall");

    private final String setter;

    Rate(String setter) {
      this.setter = setter;
    }

    String setter() {
      return setter;
    }
  }

  /**
   * What is different for calls with more input tokens than a threshold.
   *
   * @param known false if it is only known that something is different
   */
  record Tier(long above, Map<Rate, BigDecimal> amounts, boolean known) {
    Tier(long above, Map<Rate, BigDecimal> amounts) {
      this(above, amounts, true);
    }

    /** This, and of another one at the same threshold what is not set here. */
    Tier over(Tier other) {
      var all = new EnumMap<Rate, BigDecimal>(Rate.class);
      put(all, other.amounts);
      put(all, amounts);
      return new Tier(above, all);
    }
  }

  Rates {
    amounts = Map.copyOf(amounts);
    units = Map.copyOf(units);
    tiers = List.copyOf(tiers);
  }

  /**
   * Sets these amounts in place of those that are there. Who says what a cache write costs, but not
   * what one for an hour does, leaves that unknown: it is never what it was before.
   */
  private static void put(Map<Rate, BigDecimal> all, Map<Rate, BigDecimal> amounts) {
    if (amounts.containsKey(Rate.CACHE_WRITE)) {
      all.remove(Rate.CACHE_WRITE_ONE_HOUR);
    }
    all.putAll(amounts);
  }

  Rates with(Rate rate, BigDecimal amount) {
    var changed = new EnumMap<Rate, BigDecimal>(Rate.class);
    changed.putAll(amounts);
    changed.put(rate, amount);
    return new Rates(changed, units, tiers);
  }

  Rates withUnit(String unit, BigDecimal amount) {
    var changed = new TreeMap<>(units);
    changed.put(unit, amount);
    return new Rates(amounts, changed, tiers);
  }

  boolean haveTiers() {
    return !tiers.isEmpty();
  }

  /** The tier at this threshold without what is stated of these rates. */
  private Optional<Tier> tierAt(long tokens, Set<Rate> without) {
    return tiers.stream()
        .filter(tier -> tier.above() == tokens)
        .findFirst()
        .map(
            tier -> {
              var rest = new EnumMap<Rate, BigDecimal>(Rate.class);
              rest.putAll(tier.amounts());
              rest.keySet().removeAll(without);
              return new Tier(tokens, rest, tier.known());
            });
  }

  boolean haveTierAbove(long tokens) {
    return tiers.stream().anyMatch(tier -> tier.above() == tokens);
  }

  Rates above(long tokens, Rates others) {
    var changed = new ArrayList<>(tiers);
    changed.add(new Tier(tokens, others.amounts));
    changed.sort(HIGHEST_FIRST);
    return new Rates(amounts, units, changed);
  }

  /**
   * These, and of the others what is not set here. Who changes a price but says nothing of a
   * threshold of the others leaves unknown what applies above it.
   */
  Rates over(Rates others) {
    var allAmounts = new EnumMap<Rate, BigDecimal>(Rate.class);
    put(allAmounts, others.amounts);
    put(allAmounts, amounts);
    var allUnits = new TreeMap<>(others.units);
    allUnits.putAll(units);
    var stated = EnumSet.noneOf(Rate.class);
    stated.addAll(amounts.keySet());
    tiers.forEach(tier -> stated.addAll(tier.amounts().keySet()));
    var allTiers = new ArrayList<Tier>();
    for (Tier tier : tiers) {
      allTiers.add(others.tierAt(tier.above(), stated).map(tier::over).orElse(tier));
    }
    for (Tier tier : others.tiers) {
      if (!haveTierAbove(tier.above())) {
        allTiers.add(amounts.isEmpty() ? tier : new Tier(tier.above(), Map.of(), false));
      }
    }
    allTiers.sort(HIGHEST_FIRST);
    return new Rates(allAmounts, allUnits, allTiers);
  }

  boolean perCall() {
    return amounts.containsKey(Rate.PER_CALL);
  }

  /** See {@link ModelPrice#covers}. */
  boolean cover(TokenCounts tokens) {
    return cover(tokens, tierFor(tokens));
  }

  boolean cover(TokenCounts tokens, @Nullable Tier tier) {
    Map<Rate, BigDecimal> applied = amountsIn(tier);
    boolean onlyParts = tokens.total() == null && !tokens.isUnknown();
    return !onlyParts
        && (tokens.input() != null || !haveInputParts(tokens))
        && (tokens.output() != null || !haveOutputParts(tokens))
        && (tier == null || tier.known())
        && (orZero(tokens.input()) == 0 || applied.containsKey(Rate.INPUT))
        && (orZero(tokens.output()) == 0 || applied.containsKey(Rate.OUTPUT))
        && (orZero(tokens.cacheWriteOneHour()) == 0 || priceOneHour(applied));
  }

  /** Who charges cache writes apart charges those for an hour apart from others. */
  private static boolean priceOneHour(Map<Rate, BigDecimal> applied) {
    return applied.containsKey(Rate.CACHE_WRITE_ONE_HOUR) || !applied.containsKey(Rate.CACHE_WRITE);
  }

  private static boolean haveInputParts(TokenCounts tokens) {
    return orZero(tokens.cacheRead()) > 0
        || orZero(tokens.cacheWrite()) > 0
        || orZero(tokens.cacheWriteOneHour()) > 0
        || orZero(tokens.inputAudio()) > 0
        || orZero(tokens.cacheReadAudio()) > 0;
  }

  private static boolean haveOutputParts(TokenCounts tokens) {
    return orZero(tokens.reasoning()) > 0 || orZero(tokens.outputAudio()) > 0;
  }

  /** The tier that applies to a call; null for the prices below every threshold. */
  @Nullable Tier tierFor(TokenCounts tokens) {
    long input = orZero(tokens.input());
    for (Tier tier : tiers) {
      if (input > tier.above()) {
        return tier;
      }
    }
    return null;
  }

  /** What a tier does not set is as in the tier below it. */
  private Map<Rate, BigDecimal> amountsIn(@Nullable Tier tier) {
    if (tier == null) {
      return amounts;
    }
    var applied = new EnumMap<Rate, BigDecimal>(Rate.class);
    put(applied, amounts);
    for (int i = tiers.size() - 1; i >= 0; i--) { // the lowest is the last
      if (tiers.get(i).above() <= tier.above()) {
        put(applied, tiers.get(i).amounts());
      }
    }
    return applied;
  }

  /**
   * What so many tokens cost at most.
   *
   * @param plain what they are if nothing else
   * @param kinds what they may be otherwise
   */
  BigDecimal atMost(@Nullable Tier tier, Rate plain, long tokens, List<Kind> kinds) {
    Map<Rate, BigDecimal> applied = amountsIn(tier);
    BigDecimal open = applied.getOrDefault(plain, BigDecimal.ZERO);
    for (Kind kind : kinds) {
      open = kind.most() == null ? open.max(highest(applied, kind.rate())) : open;
    }
    BigDecimal all = open.multiply(BigDecimal.valueOf(tokens));
    for (Kind kind : kinds) {
      BigDecimal dearer = highest(applied, kind.rate()).subtract(open);
      if (kind.most() != null && dearer.signum() > 0) {
        all = all.add(dearer.multiply(BigDecimal.valueOf(kind.most())));
      }
    }
    return perMillion(all);
  }

  /** A write for one hour may also be one for less. */
  private static BigDecimal highest(Map<Rate, BigDecimal> applied, Rate rate) {
    BigDecimal price = applied.getOrDefault(rate, BigDecimal.ZERO);
    return rate == Rate.CACHE_WRITE_ONE_HOUR
        ? price.max(applied.getOrDefault(Rate.CACHE_WRITE, BigDecimal.ZERO))
        : price;
  }

  /**
   * One product for each kind of token that was used; the counts must not contradict each other. No
   * token is in two products: what has a price of its own is taken out of what it is a part of.
   *
   * @param tier whose prices apply; null for those below every threshold
   * @param calls how many calls these tokens are of
   */
  void multiply(TokenCounts tokens, @Nullable Tier tier, int calls, Products to) {
    Map<Rate, BigDecimal> rates = amountsIn(tier);
    long read = orZero(tokens.cacheRead());
    long write = orZero(tokens.cacheWrite());
    long oneHour = orZero(tokens.cacheWriteOneHour());
    long fresh = Math.max(0, orZero(tokens.input()) - read - write);
    long allReadAudio = readAudio(tokens, read, fresh);
    long readAudio = audioOfReads(rates) == null ? 0 : allReadAudio;
    long audioIn =
        apart(rates, Rate.INPUT_AUDIO, orZero(tokens.inputAudio()) - allReadAudio, fresh);
    long output = orZero(tokens.output());
    long reasoning = apart(rates, Rate.REASONING, orZero(tokens.reasoning()), output);
    long audioOut =
        apart(rates, Rate.OUTPUT_AUDIO, orZero(tokens.outputAudio()), output - reasoning);

    BigDecimal in = rates.getOrDefault(Rate.INPUT, BigDecimal.ZERO);
    BigDecimal out = rates.getOrDefault(Rate.OUTPUT, BigDecimal.ZERO);
    BigDecimal writePrice = rates.getOrDefault(Rate.CACHE_WRITE, in);
    tokens(to, Part.INPUT, "input", fresh - audioIn, in);
    tokens(to, Part.INPUT, "input, audio", audioIn, rates.getOrDefault(Rate.INPUT_AUDIO, in));
    tokens(to, Part.CACHE, "cache read", read - readAudio, rates.getOrDefault(Rate.CACHE_READ, in));
    tokens(to, Part.CACHE, "cache read, audio", readAudio, audioOfReads(rates));
    tokens(to, Part.CACHE, "cache write", write - oneHour, writePrice);
    tokens(
        to,
        Part.CACHE,
        "cache write, 1 hour",
        oneHour,
        rates.getOrDefault(Rate.CACHE_WRITE_ONE_HOUR, writePrice));
    tokens(to, Part.OUTPUT, "output", output - reasoning - audioOut, out);
    tokens(
        to, Part.OUTPUT, "output, reasoning", reasoning, rates.getOrDefault(Rate.REASONING, out));
    tokens(to, Part.OUTPUT, "output, audio", audioOut, rates.getOrDefault(Rate.OUTPUT_AUDIO, out));
    BigDecimal perCall = rates.get(Rate.PER_CALL);
    if (perCall != null) {
      BigDecimal number = BigDecimal.valueOf(calls);
      to.units("calls", number, perCall, product(number, perCall));
    }
  }

  /** One product for each unit that has a price. */
  void multiply(Map<String, BigDecimal> used, Products to) {
    if (used.isEmpty()) {
      return;
    }
    new TreeMap<>(used)
        .forEach(
            (unit, amount) -> {
              BigDecimal price = units.get(unit);
              if (price != null && amount.signum() > 0) {
                to.units(unit, amount, price, product(amount, price));
              }
            });
  }

  /** How many of a part are priced by themselves: none without a price, never more than there. */
  private static long apart(Map<Rate, BigDecimal> rates, Rate rate, long part, long whole) {
    return rates.containsKey(rate) ? Math.min(Math.max(0, part), whole) : 0;
  }

  /**
   * How many of the tokens read from a cache are audio. Where that is not stated, audio is what was
   * not cached as far as there is such, and only the rest of it was: so none of it counts less than
   * it may cost.
   */
  private static long readAudio(TokenCounts tokens, long read, long fresh) {
    Long stated = tokens.cacheReadAudio();
    return Math.min(
        read, stated != null ? stated : Math.max(0, orZero(tokens.inputAudio()) - fresh));
  }

  /**
   * What audio costs that was read from a cache, if that is not what any cache read does: where
   * cache reads have no price, they cost what they would have otherwise, and audio is dearer.
   */
  private static @Nullable BigDecimal audioOfReads(Map<Rate, BigDecimal> rates) {
    BigDecimal own = rates.get(Rate.CACHE_READ_AUDIO);
    return own != null || rates.containsKey(Rate.CACHE_READ) ? own : rates.get(Rate.INPUT_AUDIO);
  }

  private static void tokens(
      Products to, Part part, String what, long count, @Nullable BigDecimal perMillion) {
    if (count > 0 && perMillion != null) {
      BigDecimal quantity = BigDecimal.valueOf(count);
      to.tokens(part, what, quantity, perMillion, perMillion(perMillion.multiply(quantity)));
    }
  }

  /** A unit may be finer than a cost, such as seconds with the digits of a binary fraction. */
  private static BigDecimal product(BigDecimal quantity, BigDecimal price) {
    BigDecimal exact = quantity.multiply(price);
    return exact.scale() > Cost.SCALE ? exact.setScale(Cost.SCALE, RoundingMode.HALF_EVEN) : exact;
  }

  static BigDecimal perMillion(BigDecimal product) {
    return product.movePointLeft(MILLION_DIGITS);
  }

  static long orZero(@Nullable Long count) {
    return count == null ? 0 : count;
  }
}
