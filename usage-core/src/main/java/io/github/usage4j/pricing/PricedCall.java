package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.pricing.CostExplanation.Line;
import io.github.usage4j.pricing.CostExplanation.Part;
import io.github.usage4j.pricing.Rates.Tier;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One call and the price that applies to it. */
record PricedCall(ModelPrice price, List<TokenCounts> exchanges, Map<String, BigDecimal> units) {

  PricedCall {
    exchanges =
        exchanges.size() == 1
            ? List.of(exchanges.get(0).consistent())
            : exchanges.stream().map(TokenCounts::consistent).toList();
  }

  PricedCall(ModelPrice price, TokenCounts tokens) {
    this(price, List.of(tokens), Map.of());
  }

  /**
   * A call at the price for its service tier and conditions: wherever calls are priced, it begins
   * here.
   *
   * @param exchanges what each of several exchanges used
   * @return empty if there is no price for the tier, or for one of the conditions
   */
  static Optional<PricedCall> of(ModelPrice list, UsageEvent call, List<TokenCounts> exchanges) {
    return list.forConditions(call.serviceTier(), call.conditions())
        .map(price -> new PricedCall(price, exchanges, call.units()));
  }

  private boolean withoutTokens() {
    for (TokenCounts tokens : exchanges) {
      if (!tokens.isUnknown()) {
        return false;
      }
    }
    return true;
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
    for (TokenCounts tokens : exchanges) {
      if (!price.rates().cover(tokens)) {
        return false;
      }
    }
    return true;
  }

  /** True if several exchanges cost what their sum does: no threshold is passed, none paid each. */
  boolean addsUp() {
    return !price.isPerCall()
        && exchanges.stream().allMatch(tokens -> price.rates().tierFor(tokens) == null);
  }

  CostExplanation explain() {
    var lines = new Lines();
    return new CostExplanation(multiply(lines), price.currency(), lines.all);
  }

  /** What {@link #explain} adds up to; on the way of every call. */
  Cost cost() {
    var sums = new CostParts();
    String reference = multiply(sums);
    return sums.toCost(price.currency(), reference);
  }

  private String multiply(Products to) {
    Rates rates = price.rates();
    var references = exchanges.size() == 1 ? null : new LinkedHashSet<String>();
    String reference = "";
    for (TokenCounts tokens : exchanges) {
      Tier tier = rates.tierFor(tokens);
      rates.at(tier).multiply(tokens, 1, to);
      reference = reference(tier);
      if (references != null) {
        references.add(reference);
      }
    }
    rates.multiply(units, to);
    return references == null ? reference : String.join("; ", references);
  }

  /** Keeps the products. */
  private static final class Lines implements Products {
    private final List<Line> all = new ArrayList<>();

    @Override
    public void tokens(
        Part part, String what, BigDecimal quantity, BigDecimal perMillion, BigDecimal amount) {
      all.add(new Line(part, what, quantity, perMillion, Line.MILLION, amount));
    }

    @Override
    public void units(String what, BigDecimal quantity, UnitPrice price, BigDecimal amount) {
      all.add(new Line(Part.OTHER, what, quantity, price.amount(), price.per(), amount));
    }
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
        var lines = new Lines();
        price.rates().at(tier).multiply(sum, calls, lines);
        price.rates().multiply(units, lines);
        return new CostExplanation(name, price.currency(), lines.all);
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
