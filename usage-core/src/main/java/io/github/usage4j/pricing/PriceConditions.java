package io.github.usage4j.pricing;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What is different for calls under conditions that are neither counts nor a service tier, by the
 * condition's name and value in lower case. See {@link UsageEvent#conditions}.
 */
record PriceConditions(Map<String, Map<String, Effect>> byName) {

  static final PriceConditions NONE = new PriceConditions(Map.of());

  /** The most conditions that one price tells apart. */
  static final int MAX_NAMES = 16;

  /** What a condition does to the price. */
  sealed interface Effect permits Factor, Own {}

  /** Every token amount is multiplied; 1 where the price is the list price. */
  record Factor(BigDecimal by) implements Effect {}

  /** There are other amounts. */
  record Own(Charges prices) implements Effect {}

  PriceConditions {
    byName = Map.copyOf(byName);
    if (byName.size() > MAX_NAMES) {
      throw new IllegalArgumentException(
          "a price must have at most " + MAX_NAMES + " conditions, but has " + byName.size());
    }
  }

  /** How names and values of conditions are compared. */
  static String key(String text) {
    return ModelMatch.lower(text.strip());
  }

  boolean isEmpty() {
    return byName.isEmpty();
  }

  /** What a condition does; null if it is not known. Name and value are in lower case. */
  @Nullable Effect find(String name, String value) {
    Map<String, Effect> values = byName.get(name);
    return values == null ? null : values.get(value);
  }

  /**
   * One condition more.
   *
   * @throws IllegalArgumentException if it is there already, or name or value cannot be one
   */
  PriceConditions with(String name, String value, Effect effect) {
    int most = UsageEvent.MAX_CONDITION;
    String checkedName = key(Checks.requireIdentifier("condition", name, most));
    String checkedValue =
        key(Checks.requireIdentifier("value of the condition " + name, value, most));
    var names = new TreeMap<>(byName);
    var values = new TreeMap<>(names.getOrDefault(checkedName, Map.of()));
    if (values.put(checkedValue, effect) != null) {
      throw new IllegalArgumentException(
          "there is a price for the condition " + checkedName + "=" + checkedValue + " already");
    }
    names.put(checkedName, Map.copyOf(values));
    return new PriceConditions(names);
  }

  /** These, and of others what these do not say of a condition's value. */
  PriceConditions over(PriceConditions others) {
    var names = new TreeMap<>(others.byName);
    byName.forEach(
        (name, values) -> {
          var all = new TreeMap<>(names.getOrDefault(name, Map.of()));
          all.putAll(values);
          names.put(name, Map.copyOf(all));
        });
    return new PriceConditions(names);
  }

  /** The factors of other conditions than this one. */
  PriceConditions factorsBeside(String condition) {
    var names = new TreeMap<String, Map<String, Effect>>();
    byName.forEach(
        (name, values) -> {
          var factors = new TreeMap<>(values);
          factors.values().removeIf(Own.class::isInstance);
          if (!name.equals(condition) && !factors.isEmpty()) {
            names.put(name, Map.copyOf(factors));
          }
        });
    return new PriceConditions(names);
  }

  /** The prices of their own, each with the name of its condition. */
  Stream<Map.Entry<String, Charges>> own() {
    return byName.entrySet().stream()
        .flatMap(
            name ->
                name.getValue().values().stream()
                    .filter(Own.class::isInstance)
                    .map(effect -> Map.entry(name.getKey(), ((Own) effect).prices())));
  }

  /** The most decimals that all factors of a call have together. */
  int decimals() {
    return byName.values().stream()
        .mapToInt(
            values ->
                factors(values).mapToInt(by -> DecimalBounds.plain(by).scale()).max().orElse(0))
        .sum();
  }

  /** The most that all factors of a call come to together. */
  BigDecimal highest() {
    return byName.values().stream()
        .map(values -> factors(values).reduce(BigDecimal.ONE, BigDecimal::max))
        .reduce(BigDecimal.ONE, BigDecimal::multiply);
  }

  private static Stream<BigDecimal> factors(Map<String, Effect> values) {
    return values.values().stream()
        .filter(Factor.class::isInstance)
        .map(effect -> ((Factor) effect).by());
  }
}
