package io.github.usage4j.pricing;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The amounts of a price: below and above thresholds, and for units.
 *
 * @param amounts for each million, or each call; a rate that is not in the map is not set
 * @param units for each of what is charged apart from tokens
 * @param tiers what is different above thresholds, the highest first
 * @param unknown what has a price of its own that is not known, unless it is among the amounts
 */
record Rates(
    Map<Rate, BigDecimal> amounts,
    Map<String, UnitPrice> units,
    List<Tier> tiers,
    Set<Rate> unknown) {

  static final Rates NONE = new Rates(Map.of(), Map.of(), List.of(), Set.of());

  private static final Comparator<Tier> HIGHEST_FIRST =
      Comparator.comparingLong(Tier::above).reversed();

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
      return new Tier(above, all, known && other.known);
    }

    Tier times(BigDecimal factor) {
      return new Tier(above, Rates.times(amounts, factor), known);
    }
  }

  Rates {
    amounts = Map.copyOf(amounts);
    units = Map.copyOf(units);
    tiers = List.copyOf(tiers);
    unknown = Set.copyOf(unknown);
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
    return new Rates(changed, units, tiers, unknown);
  }

  Rates withUnit(String unit, UnitPrice amount) {
    var changed = new TreeMap<>(units);
    changed.put(unit, amount);
    return new Rates(amounts, changed, tiers, unknown);
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
    return new Rates(amounts, units, changed, unknown);
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
    Set<Rate> stated = stated();
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
    return new Rates(allAmounts, allUnits, allTiers, others.unknown);
  }

  /**
   * These as the prices of a condition's own. If they say what tokens cost, nothing else does: what
   * the others charge apart and these do not is not known, nor what holds above a threshold of the
   * others that these do not have. What they do not say of calls and units is as in the others.
   */
  Rates inPlaceOf(Rates others) {
    boolean replace = stated().stream().anyMatch(Rate::ofTokens);
    var kept = EnumSet.allOf(Rate.class);
    var apart = EnumSet.noneOf(Rate.class);
    apart.addAll(others.unknown);
    if (replace) {
      kept.removeIf(Rate::ofTokens);
      apart.addAll(others.stated());
      apart.removeIf(rate -> !rate.ofTokens());
    }
    var all = new EnumMap<Rate, BigDecimal>(Rate.class);
    put(all, others.amounts);
    all.keySet().retainAll(kept);
    put(all, amounts);
    var allUnits = new TreeMap<>(others.units);
    allUnits.putAll(units);
    kept.removeAll(stated());
    var allTiers = new ArrayList<Tier>();
    for (Tier tier : tiers) {
      Tier both =
          others.tierAt(tier.above(), EnumSet.complementOf(kept)).map(tier::over).orElse(tier);
      allTiers.add(replace ? new Tier(both.above(), both.amounts()) : both);
    }
    for (Tier tier : others.tiers) {
      if (!haveTierAbove(tier.above())) {
        boolean known = kept.containsAll(tier.amounts().keySet());
        allTiers.add(known ? tier : new Tier(tier.above(), Map.of(), false));
      }
    }
    allTiers.sort(HIGHEST_FIRST);
    return new Rates(all, allUnits, allTiers, apart);
  }

  /** What is set, at any threshold. */
  private Set<Rate> stated() {
    var stated = EnumSet.noneOf(Rate.class);
    stated.addAll(amounts.keySet());
    tiers.forEach(tier -> stated.addAll(tier.amounts().keySet()));
    return stated;
  }

  /** Every token amount, at any threshold; in the order of rates, which maps do not keep. */
  Stream<Map.Entry<Rate, BigDecimal>> tokenAmounts() {
    return Stream.concat(Stream.of(amounts), tiers.stream().map(Tier::amounts))
        .flatMap(all -> all.entrySet().stream())
        .filter(amount -> amount.getKey().ofTokens())
        .sorted(Map.Entry.comparingByKey());
  }

  /** Every token amount multiplied; amounts for a call and for units stay. */
  Rates times(BigDecimal factor) {
    if (factor.compareTo(BigDecimal.ONE) == 0) {
      return this;
    }
    List<Tier> dearer = tiers.stream().map(tier -> tier.times(factor)).toList();
    return new Rates(times(amounts, factor), units, dearer, unknown);
  }

  private static Map<Rate, BigDecimal> times(Map<Rate, BigDecimal> amounts, BigDecimal factor) {
    var all = new EnumMap<Rate, BigDecimal>(Rate.class);
    amounts.forEach(
        (rate, amount) ->
            all.put(rate, rate.ofTokens() ? DecimalBounds.plain(amount.multiply(factor)) : amount));
    return all;
  }

  boolean perCall() {
    return amounts.containsKey(Rate.PER_CALL);
  }

  /** See {@link ModelPrice#covers}; the counts must not contradict each other. */
  boolean cover(TokenCounts tokens) {
    return cover(tokens, tierFor(tokens));
  }

  /** The same for the prices of a tier; null for those below every threshold. */
  boolean cover(TokenCounts tokens, @Nullable Tier tier) {
    return (tier == null || tier.known()) && at(tier).cover(tokens);
  }

  /** The tier that applies to a call; null for the prices below every threshold. */
  @Nullable Tier tierFor(TokenCounts tokens) {
    long input = TokenAmounts.orZero(tokens.input());
    for (Tier tier : tiers) {
      if (input > tier.above()) {
        return tier;
      }
    }
    return null;
  }

  /**
   * The amounts that apply at a tier, or below every threshold. What a tier does not set is as in
   * the tier below it.
   */
  TokenAmounts at(@Nullable Tier tier) {
    if (tier == null) {
      return new TokenAmounts(amounts, unknown);
    }
    var applied = new EnumMap<Rate, BigDecimal>(Rate.class);
    put(applied, amounts);
    for (int i = tiers.size() - 1; i >= 0; i--) { // the lowest is the last
      if (tiers.get(i).above() <= tier.above()) {
        put(applied, tiers.get(i).amounts());
      }
    }
    return new TokenAmounts(applied, unknown);
  }

  /** One product for each unit that has a price. */
  void multiply(Map<String, BigDecimal> used, Products to) {
    if (used.isEmpty()) {
      return;
    }
    new TreeMap<>(used)
        .forEach(
            (unit, amount) -> {
              UnitPrice price = units.get(unit);
              if (price != null && amount.signum() > 0) {
                to.units(unit, amount, price, price.of(amount));
              }
            });
  }
}
