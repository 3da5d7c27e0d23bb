package io.github.usage4j.pricing;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.pricing.CostExplanation.Line;
import io.github.usage4j.pricing.Rates.Tier;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One call and the price that applies to it. */
record PricedCall(ModelPrice price, List<TokenCounts> exchanges, Map<String, BigDecimal> units) {

  PricedCall {
    exchanges = exchanges.stream().map(TokenCounts::consistent).toList();
  }

  PricedCall(ModelPrice price, TokenCounts tokens) {
    this(price, List.of(tokens), Map.of());
  }

  private boolean withoutTokens() {
    return exchanges.stream().allMatch(TokenCounts::isUnknown);
  }

  /**
   * True if everything has a price. Units beside tokens that have none are not charged apart: an
   * image that is charged by its tokens is counted all the same.
   */
  boolean covered() {
    if (withoutTokens()) {
      return price.isPerCall()
          || (!units.isEmpty() && price.rates().units().keySet().containsAll(units.keySet()));
    }
    return exchanges.stream().allMatch(price::covers);
  }

  /** True if several exchanges cost what their sum does: no threshold is passed, none paid each. */
  boolean addsUp() {
    return !price.isPerCall()
        && exchanges.stream().allMatch(tokens -> price.rates().tierFor(tokens) == null);
  }

  CostExplanation explain() {
    var lines = new ArrayList<Line>();
    var references = new LinkedHashSet<String>();
    for (TokenCounts tokens : exchanges) {
      Tier tier = price.rates().tierFor(tokens);
      lines.addAll(price.rates().lines(tokens, tier, 1));
      references.add(reference(tier));
    }
    lines.addAll(price.rates().unitLines(units));
    return new CostExplanation(String.join("; ", references), price.currency(), lines);
  }

  /**
   * The arithmetic of a stored cost whose exchanges are no longer known one by one, from their sum:
   * possible where all of them were charged at the same tier.
   *
   * @param calls how many exchanges there were
   * @param reference of the stored cost
   * @return null if no tier has this reference
   */
  @Nullable CostExplanation explainSum(int calls, @Nullable String reference) {
    TokenCounts sum = exchanges.stream().reduce(TokenCounts::plus).orElse(TokenCounts.UNKNOWN);
    var tiers = new ArrayList<@Nullable Tier>(price.rates().tiers());
    tiers.add(null);
    for (Tier tier : tiers) {
      String name = reference(tier);
      if (name.equals(reference) && price.rates().cover(sum, tier)) {
        var lines = new ArrayList<>(price.rates().lines(sum, tier, calls));
        lines.addAll(price.rates().unitLines(units));
        return new CostExplanation(name, price.currency(), lines);
      }
    }
    return null;
  }

  private String reference(@Nullable Tier tier) {
    return tier == null
        ? price.reference()
        : price.reference() + " above " + tier.above() + " input tokens";
  }
}
