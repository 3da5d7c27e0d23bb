package io.github.usage4j.pricing;

import io.github.usage4j.internal.Checks;
import io.github.usage4j.internal.UsualTiers;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What is different for calls of a service tier other than the provider's usual one. */
record ServiceTiers(Map<String, Rates> byName) {

  static final ServiceTiers NONE = new ServiceTiers(Map.of());

  /** The words of Vertex for tiers that Gemini's own service, and price lists, call otherwise. */
  private static final Map<String, String> ALIASES =
      Map.of("on_demand_flex", "flex", "on_demand_priority", "priority");

  ServiceTiers {
    byName = Map.copyOf(byName);
  }

  static boolean isUsual(String tier) {
    return UsualTiers.isUsual(tier);
  }

  boolean isEmpty() {
    return byName.isEmpty();
  }

  Optional<Rates> find(String tier) {
    return Optional.ofNullable(byName.get(inCatalog(tier)));
  }

  /** What a catalog calls this tier. */
  static String inCatalog(String tier) {
    String name = ModelMatch.lower(tier);
    return ALIASES.getOrDefault(name, name);
  }

  ServiceTiers with(String tier, Rates rates) {
    String name = inCatalog(Checks.requireIdentifier("service tier", tier, 64));
    if (isUsual(name)) {
      throw new IllegalArgumentException(
          "a service tier must not be a usual one, whose price is the price, but was " + tier);
    }
    var changed = new TreeMap<>(byName);
    if (changed.put(name, rates) != null) {
      throw new IllegalArgumentException(
          "there is a price for the service tier " + name + " already");
    }
    return new ServiceTiers(changed);
  }
}
