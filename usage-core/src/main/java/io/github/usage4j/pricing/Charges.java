package io.github.usage4j.pricing;

import io.github.usage4j.internal.DecimalBounds;
import io.github.usage4j.pricing.PriceConditions.Effect;
import io.github.usage4j.pricing.PriceConditions.Factor;
import io.github.usage4j.pricing.PriceConditions.Own;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The list amounts of a price, and what is different for service tiers and under conditions: the
 * one place where it is decided which amounts a call is charged.
 */
record Charges(Rates rates, ServiceTiers serviceTiers, PriceConditions conditions) {

  static final Charges NONE = new Charges(Rates.NONE, ServiceTiers.NONE, PriceConditions.NONE);

  /**
   * The amounts for some calls.
   *
   * @param which calls, such as {@code inference_geo=us}; without what leaves the list price
   */
  record Applied(Rates rates, Set<String> which) {}

  Charges with(Rates changed) {
    return new Charges(changed, serviceTiers, conditions);
  }

  Charges with(ServiceTiers changed) {
    return new Charges(rates, changed, conditions);
  }

  Charges with(PriceConditions changed) {
    return new Charges(rates, serviceTiers, changed);
  }

  /**
   * What a call is charged.
   *
   * @param tier null for the provider's usual one
   * @param stated conditions of the call, whatever case they are in
   * @return empty if that is not known: of the tier, of one of the conditions, or of how those that
   *     have prices of their own go together
   */
  Optional<Applied> under(@Nullable String tier, Map<String, String> stated) {
    var conditionsOfCall = new TreeMap<String, String>();
    for (Map.Entry<String, String> condition : stated.entrySet()) {
      String value = PriceConditions.key(condition.getValue());
      String other = conditionsOfCall.put(PriceConditions.key(condition.getKey()), value);
      if (other != null && !other.equals(value)) {
        return Optional.empty();
      }
    }
    List<Applied> all = all(tier, conditionsOfCall, new TreeSet<>()).stream().distinct().toList();
    return all.size() == 1 ? Optional.of(all.get(0)) : Optional.empty();
  }

  /** In every way in which it is stated how the conditions go together. */
  private List<Applied> all(@Nullable String tier, Map<String, String> stated, Set<String> said) {
    BigDecimal factor = BigDecimal.ONE;
    boolean known = true;
    var which = new TreeSet<>(said);
    var own = new TreeMap<String, Charges>();
    for (Map.Entry<String, String> condition : stated.entrySet()) {
      Effect effect = conditions.find(condition.getKey(), condition.getValue());
      if (effect instanceof Own other) {
        own.put(condition.getKey(), other.prices());
      } else if (effect instanceof Factor multiplied) {
        factor = factor.multiply(multiplied.by());
        if (multiplied.by().compareTo(BigDecimal.ONE) != 0) {
          which.add(condition.toString());
        }
      } else {
        known = false;
      }
    }
    if (own.isEmpty()) {
      Rates applied = known ? ofTier(tier) : null;
      return applied == null ? List.of() : List.of(new Applied(applied.times(factor), which));
    }
    var all = new ArrayList<Applied>();
    own.forEach(
        (name, prices) -> {
          var others = new TreeMap<>(stated);
          var more = new TreeSet<>(said);
          more.add(name + "=" + others.remove(name));
          all.addAll(prices.inPlaceOf(this, name).all(tier, others, more));
        });
    return all;
  }

  private @Nullable Rates ofTier(@Nullable String tier) {
    return tier == null
        ? rates
        : serviceTiers.find(tier).map(other -> other.over(rates)).orElse(null);
  }

  /**
   * These as the prices of a condition's own, in place of what holds without it. What they state of
   * other conditions applies, and of the rest the factors: how two prices of their own go together
   * is only known if one of them states it.
   */
  private Charges inPlaceOf(Charges list, String condition) {
    return new Charges(
        rates.inPlaceOf(list.rates),
        serviceTiers,
        conditions.over(list.conditions.factorsBeside(condition)));
  }

  /**
   * Whatever the factors make of an amount must be a price again.
   *
   * @throws IllegalArgumentException naming the amount, if it may not be
   */
  void check(String label) {
    if (!conditions.isEmpty()) {
      check(label, rates);
      new TreeMap<>(serviceTiers.byName()).values().forEach(ofTier -> check(label, ofTier));
      conditions.own().forEach(own -> own.getValue().inPlaceOf(this, own.getKey()).check(label));
    }
  }

  private void check(String label, Rates amounts) {
    int decimals = conditions.decimals();
    BigDecimal highest = conditions.highest();
    amounts
        .tokenAmounts()
        .forEach(
            amount -> {
              BigDecimal price = DecimalBounds.plain(amount.getValue());
              if (price.scale() + decimals > ModelPrice.SCALE
                  || price.multiply(highest).compareTo(ModelPrice.MAX) > 0) {
                throw new IllegalArgumentException(
                    amount.getKey().setter()
                        + " price of "
                        + label
                        + ", multiplied by the factors of its conditions, must be at most "
                        + ModelPrice.MAX
                        + " and have at most "
                        + ModelPrice.SCALE
                        + " decimals, but is "
                        + price.toPlainString()
                        + " and they come to up to "
                        + highest.toPlainString()
                        + " with up to "
                        + decimals
                        + " decimals");
              }
            });
  }
}
