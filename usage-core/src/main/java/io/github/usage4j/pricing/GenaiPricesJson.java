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

/**
 * The second format of genai-prices: providers, models with clauses that match names, prices under
 * conditions, amounts in dollars for a million tokens, each perhaps with thresholds of its own.
 */
final class GenaiPricesJson {

  private static final int PER_THOUSAND = -3;
  private static final int PER_MILLION = -6;
  private static final int HOUR = 3600;

  private GenaiPricesJson() {}

  /** Reads all of it; see {@link LoadedPrices.Format}. */
  static Contents read(JsonAt root, PriceSource file) {
    var source = new PriceSource("genai-prices", file.version(), file.asOf());
    var models = new ArrayList<ListedModel>();
    var fallbacks = new HashMap<String, List<String>>();
    for (JsonAt provider : root.elements()) {
      String name = ProviderNames.inCatalog(provider.get("id").text());
      for (JsonAt model : provider.get("models").elements()) {
        models.add(model.check(() -> model(name, model, source)));
      }
      JsonAt others = provider.get("fallback_model_providers");
      if (others.isThere()) {
        fallbacks.put(
            name, others.elements().stream().map(o -> ProviderNames.inCatalog(o.text())).toList());
      }
    }
    return new Contents(source, new PriceIndex(models, fallbacks));
  }

  private static ListedModel model(String provider, JsonAt json, PriceSource source) {
    String id = json.get("id").text();
    ModelMatch match = CatalogJson.match(json.get("match"));
    ModelPrice empty = ModelPrice.perMillion(provider, id, "USD").matching(match);
    JsonAt prices = json.get("prices");
    List<ModelPrice> listed =
        prices.node().isArray() ? conditional(empty, prices) : List.of(price(empty, prices));
    Long context = json.get("context_window").tokensOrNull();
    ModelCapabilities capabilities =
        context == null ? null : new ModelCapabilities(null, null, context, Set.of());
    return new ListedModel(
        provider,
        id,
        match,
        listed.stream().allMatch(price -> price.rates().equals(Rates.NONE))
            ? List.of()
            : listed.stream().map(source::refer).toList(),
        capabilities);
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
    ModelPrice price = withAmounts(empty, amounts);
    var reached = new LinkedHashMap<String, JsonAt>();
    for (Map.Entry<Long, Map<String, JsonAt>> tier : byThreshold.entrySet()) {
      // An amount without a step at this threshold keeps the one of its own last step.
      reached.putAll(tier.getValue());
      ModelPrice before = price;
      ModelPrice above = withAmounts(empty, reached);
      price = json.check(() -> before.aboveInput(tier.getKey(), above));
    }
    return price;
  }

  private static ModelPrice withAmounts(ModelPrice price, Map<String, JsonAt> amounts) {
    ModelPrice priced = price;
    for (Map.Entry<String, JsonAt> amount : amounts.entrySet()) {
      ModelPrice before = priced;
      JsonAt at = amount.getValue();
      priced = at.check(() -> set(before, amount.getKey(), at, amounts.keySet()));
    }
    return priced;
  }

  private static ModelPrice set(ModelPrice price, String name, JsonAt json, Set<String> beside) {
    return switch (name) {
      case "input_mtok" -> price.input(perMillion(json));
      case "input_text_mtok" ->
          beside.contains("input_mtok") ? price : price.input(perMillion(json));
      case "output_mtok" -> price.output(perMillion(json));
      case "output_text_mtok" ->
          beside.contains("output_mtok") ? price : price.output(perMillion(json));
      case "cache_read_mtok" -> price.cacheRead(perMillion(json));
      case "cache_write_mtok" ->
          beside.contains("cache_write_5m_mtok") ? price : price.cacheWrite(perMillion(json));
      case "cache_write_5m_mtok" -> price.cacheWrite(perMillion(json));
      case "cache_write_1h_mtok" -> price.cacheWriteOneHour(perMillion(json));
      case "input_audio_mtok" -> price.inputAudio(perMillion(json));
      case "output_audio_mtok" -> price.outputAudio(perMillion(json));
      case "output_reasoning_mtok" -> price.reasoning(perMillion(json));
      case "requests_kcount" -> price.perCall(PublicAmounts.shifted(json, PER_THOUSAND));
      case "rerank_searches_kcount" ->
          price.perUnit("searches", PublicAmounts.shifted(json, PER_THOUSAND));
      case "web_searches_kcount" ->
          price.perUnit("web_searches", PublicAmounts.shifted(json, PER_THOUSAND));
      case "input_mchars" -> price.perUnit("characters", PublicAmounts.shifted(json, PER_MILLION));
      case "audio_hours", "input_audio_hours" ->
          PublicAmounts.divided(json, HOUR)
              .map(perSecond -> price.perUnit("seconds", perSecond))
              .orElse(price);
      default -> price;
    };
  }

  private static String perMillion(JsonAt json) {
    return PublicAmounts.shifted(json, 0);
  }
}
