package io.github.usage4j.pricing;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.pricing.ModelPrice.Explanation;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The amounts of a price, and the arithmetic with them: the one place where tokens are multiplied.
 *
 * @param amounts for each million, or each call; a rate that is not in the map is not set
 * @param tiers what is different above thresholds, the highest first
 */
record Rates(Map<Rate, BigDecimal> amounts, List<Tier> tiers) {

  static final Rates NONE = new Rates(Map.of(), List.of());

  private static final int MILLION_DIGITS = 6;

  /** What has a price. */
  enum Rate {
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

    String setter() {
      return setter;
    }
  }

  /** What is different for calls with more input tokens than a threshold. */
  record Tier(long above, Map<Rate, BigDecimal> amounts) {}

  Rates {
    amounts = Map.copyOf(amounts);
    tiers = List.copyOf(tiers);
  }

  Rates with(Rate rate, BigDecimal amount) {
    var changed = new EnumMap<Rate, BigDecimal>(Rate.class);
    changed.putAll(amounts);
    changed.put(rate, amount);
    return new Rates(changed, tiers);
  }

  boolean haveTiers() {
    return !tiers.isEmpty();
  }

  boolean haveTierAbove(long tokens) {
    return tiers.stream().anyMatch(tier -> tier.above() == tokens);
  }

  Rates above(long tokens, Rates others) {
    var changed = new ArrayList<>(tiers);
    changed.add(new Tier(tokens, others.amounts));
    changed.sort(Comparator.comparingLong(Tier::above).reversed());
    return new Rates(amounts, changed);
  }

  boolean perCall() {
    return amounts.containsKey(Rate.PER_CALL);
  }

  /** See {@link ModelPrice#covers}. */
  boolean cover(TokenCounts tokens) {
    Map<Rate, BigDecimal> applied = amountsFor(tokens);
    boolean onlyParts = tokens.total() == null && !tokens.isUnknown();
    return !onlyParts
        && (orZero(tokens.input()) == 0 || applied.containsKey(Rate.INPUT))
        && (orZero(tokens.output()) == 0 || applied.containsKey(Rate.OUTPUT));
  }

  /** The highest threshold that is exceeded; null if none is. */
  @Nullable Long exceededBy(TokenCounts tokens) {
    Tier tier = tierFor(tokens);
    return tier == null ? null : Long.valueOf(tier.above());
  }

  private @Nullable Tier tierFor(TokenCounts tokens) {
    for (Tier tier : tiers) {
      if (orZero(tokens.input()) > tier.above()) {
        return tier;
      }
    }
    return null;
  }

  private Map<Rate, BigDecimal> amountsFor(TokenCounts tokens) {
    Tier tier = tierFor(tokens);
    if (tier == null) {
      return amounts;
    }
    var applied = new EnumMap<Rate, BigDecimal>(Rate.class);
    applied.putAll(amounts);
    applied.putAll(tier.amounts());
    return applied;
  }

  /** One product for each kind of token; the counts must not contradict each other. */
  List<Explanation.Line> lines(TokenCounts tokens) {
    Map<Rate, BigDecimal> rates = amountsFor(tokens);
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
}
