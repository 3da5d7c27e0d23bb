package io.github.usage4j.pricing;

import io.github.usage4j.pricing.LoadedPrices.Contents;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The second format of genai-prices: providers, models with clauses that match names, prices under
 * conditions, amounts in dollars for a million tokens, each perhaps with thresholds of its own.
 */
final class GenaiPricesJson {

  /** Behind the names of models that cost nothing, and in the file have no amounts. */
  private static final String FREE = ":free";

  private GenaiPricesJson() {}

  /** Reads all of it; see {@link LoadedPrices.Format}. */
  static Contents read(JsonAt root, PriceSource file) {
    var source = new PriceSource("genai-prices", file.version(), file.asOf());
    var models = new ArrayList<ListedModel>();
    var fallbacks = new HashMap<String, List<String>>();
    var notes = new ArrayList<String>();
    for (JsonAt provider : root.elements()) {
      String name = ProviderNames.inCatalog(provider.get("id").text());
      for (JsonAt model : provider.get("models").elements()) {
        models.add(model.check(() -> model(name, model, source, notes)));
      }
      JsonAt others = provider.get("fallback_model_providers");
      if (others.isThere()) {
        fallbacks.put(
            name, others.elements().stream().map(o -> ProviderNames.inCatalog(o.text())).toList());
      }
    }
    return new Contents(source, new PriceIndex(models, fallbacks), notes);
  }

  private static ListedModel model(
      String provider, JsonAt json, PriceSource source, List<String> notes) {
    String id = json.get("id").text();
    ModelMatch match = GenaiMatch.read(json.get("match"), id);
    ModelPrice empty = ModelPrice.perMillion(provider, id, "USD").matching(match);
    List<ModelPrice> listed = prices(empty, json.get("prices"), id, notes);
    Long context = json.get("context_window").tokensOrNull();
    ModelCapabilities capabilities =
        context == null ? null : new ModelCapabilities(null, null, context, Set.of());
    return new ListedModel(
        provider, id, match, listed.stream().map(source::refer).toList(), capabilities);
  }

  /** None where the file has no amounts, or one that cannot be said here: that is not free. */
  private static List<ModelPrice> prices(
      ModelPrice empty, JsonAt json, String id, List<String> notes) {
    Set<String> unknown = unknownUnits(json);
    if (!unknown.isEmpty()) {
      notes.add(empty.reference() + " has no price, because units of it are not known: " + unknown);
      return List.of();
    }
    List<ModelPrice> listed =
        json.node().isArray() ? conditional(empty, json) : List.of(price(empty, json));
    if (listed.stream().anyMatch(price -> !price.rates().equals(Rates.NONE))) {
      return listed;
    }
    return id.endsWith(FREE) ? List.of(empty.input("0").output("0")) : List.of();
  }

  private static Set<String> unknownUnits(JsonAt json) {
    var unknown = new TreeSet<String>();
    List<JsonAt> all =
        json.node().isArray()
            ? json.elements().stream().map(entry -> entry.get("prices")).toList()
            : List.of(json);
    for (JsonAt prices : all) {
      for (Map.Entry<String, JsonAt> field : prices.fields()) {
        if (!GenaiUnits.isKnown(field.getKey())) {
          unknown.add(field.getKey());
        }
      }
    }
    return unknown;
  }

  /**
   * The last price whose condition holds applies. So one for a time of day also beats those with
   * dates that are listed before it, and is valid anew from each of their dates.
   */
  private static List<ModelPrice> conditional(ModelPrice empty, JsonAt prices) {
    var listed = new ArrayList<ModelPrice>();
    var dates = new LinkedHashSet<Instant>();
    dates.add(Instant.MIN);
    for (JsonAt entry : prices.elements()) {
      ModelPrice price = price(empty, entry.get("prices"));
      JsonAt constraint = entry.get("constraint");
      if (constraint.get("start_date").isThere()) {
        Instant from = CatalogJson.instant(constraint.get("start_date"));
        dates.add(from);
        listed.add(price.validFrom(from));
      } else if (constraint.get("start_time").isThere()) {
        ModelPrice daily =
            constraint.check(
                () ->
                    price.daily(
                        CatalogJson.time(constraint.get("start_time")),
                        CatalogJson.time(constraint.get("end_time"))));
        dates.forEach(from -> listed.add(daily.validFrom(from)));
      } else if (constraint.isThere()) {
        throw constraint.bad("must have a start_date, or a start_time and an end_time");
      } else {
        listed.add(price);
      }
    }
    return listed;
  }

  private static ModelPrice price(ModelPrice empty, JsonAt json) {
    var amounts = new LinkedHashMap<String, JsonAt>();
    var byThreshold = new TreeMap<Long, Map<String, JsonAt>>();
    for (Map.Entry<String, JsonAt> field : json.fields()) {
      JsonAt value = field.getValue();
      if (value.node().isObject()) {
        amounts.put(field.getKey(), value.get("base"));
        for (JsonAt tier : value.get("tiers").elements()) {
          Long start = tier.get("start").tokensOrNull();
          if (start == null) {
            throw tier.get("start").bad("must be there");
          }
          JsonAt other =
              byThreshold
                  .computeIfAbsent(start, t -> new LinkedHashMap<>())
                  .put(field.getKey(), tier.get("price"));
          if (other != null) {
            throw tier.bad("begins at " + start + ", as another one does");
          }
        }
      } else if (value.isThere()) {
        amounts.put(field.getKey(), value);
      }
    }
    Set<String> units = json.fields().stream().map(Map.Entry::getKey).collect(Collectors.toSet());
    ModelPrice price = withAmounts(empty, amounts, units);
    var reached = new LinkedHashMap<String, JsonAt>();
    for (Map.Entry<Long, Map<String, JsonAt>> tier : byThreshold.entrySet()) {
      // An amount without a step at this threshold keeps the one of its own last step.
      reached.putAll(tier.getValue());
      ModelPrice before = price;
      ModelPrice above = withAmounts(empty, reached, units);
      price = json.check(() -> before.aboveInput(tier.getKey(), above));
    }
    return price;
  }

  private static ModelPrice withAmounts(
      ModelPrice price, Map<String, JsonAt> amounts, Set<String> units) {
    ModelPrice priced = price;
    for (Map.Entry<String, JsonAt> amount : amounts.entrySet()) {
      ModelPrice before = priced;
      JsonAt at = amount.getValue();
      priced = at.check(() -> GenaiUnits.set(before, amount.getKey(), at, units));
    }
    return priced;
  }
}
