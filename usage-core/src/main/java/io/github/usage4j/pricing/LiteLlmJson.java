package io.github.usage4j.pricing;

import io.github.usage4j.internal.DecimalBounds;
import io.github.usage4j.pricing.LoadedPrices.Contents;
import io.github.usage4j.pricing.ModelCapabilities.Feature;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * LiteLLM's price map: one object for each model, amounts in dollars for one token. The names of
 * amounts end with what they are for: a threshold, a service tier, or both.
 */
final class LiteLlmJson {

  private static final Set<String> NO_MODELS = Set.of("sample_spec", "fallback_generalizations");
  private static final Pattern THRESHOLD = Pattern.compile("_above_([0-9]{1,6})k_tokens");
  private static final Pattern SERVICE_TIER = Pattern.compile("_(batches|flex|priority)$");
  private static final int PER_MILLION = 6;
  private static final long THOUSAND = 1000;

  private static final Map<String, Feature> FEATURES =
      Map.ofEntries(
          Map.entry("supports_function_calling", Feature.TOOL_CALLS),
          Map.entry("supports_response_schema", Feature.STRUCTURED_OUTPUT),
          Map.entry("supports_reasoning", Feature.REASONING),
          Map.entry("supports_prompt_caching", Feature.PROMPT_CACHE),
          Map.entry("supports_vision", Feature.IMAGE_INPUT),
          Map.entry("supports_audio_input", Feature.AUDIO_INPUT),
          Map.entry("supports_video_input", Feature.VIDEO_INPUT),
          Map.entry("supports_pdf_input", Feature.PDF_INPUT),
          Map.entry("supports_image_output", Feature.IMAGE_OUTPUT),
          Map.entry("supports_audio_output", Feature.AUDIO_OUTPUT));

  private LiteLlmJson() {}

  /** Reads all of it; see {@link LoadedPrices.Format}. */
  static Contents read(JsonAt root, PriceSource file) {
    var source = new PriceSource("litellm", file.version(), file.asOf());
    var models = new ArrayList<ListedModel>();
    Set<String> listed = listed(root);
    for (Map.Entry<String, JsonAt> entry : root.fields()) {
      if (!NO_MODELS.contains(entry.getKey())) {
        JsonAt at = entry.getValue();
        models.add(at.check(() -> model(entry.getKey(), at, source, listed)));
      }
    }
    return new Contents(source, new PriceIndex(models, Map.of()));
  }

  /** The whole names of all models, after their providers. */
  private static Set<String> listed(JsonAt root) {
    var listed = new HashSet<String>();
    for (Map.Entry<String, JsonAt> entry : root.fields()) {
      String provider = entry.getValue().get("litellm_provider").node().asText("");
      listed.add(
          ProviderNames.inCatalog(provider) + "/" + ModelMatch.lower(entry.getKey().strip()));
    }
    return listed;
  }

  private static ListedModel model(
      String key, JsonAt json, PriceSource source, Set<String> listed) {
    String listedProvider = json.get("litellm_provider").text();
    String provider = ProviderNames.inCatalog(listedProvider);
    // A shorter name is not taken from a model that the file lists by it.
    String whole = ModelMatch.lower(key.strip());
    List<ModelMatch> names =
        ModelNames.of(provider, key).stream()
            .filter(name -> name.equals(whole) || !listed.contains(provider + "/" + name))
            .map(ModelMatch::equalTo)
            .toList();
    Amounts amounts = amounts(json);
    var prices = new ArrayList<ModelPrice>();
    ModelPrice empty = ModelPrice.perMillion(provider, key, "USD");
    ModelPrice price = price(empty, amounts, json);
    if (!price.rates().equals(Rates.NONE)) {
      prices.add(source.refer(price));
    }
    return new ListedModel(provider, key, ModelMatch.any(names), prices, capabilities(json));
  }

  /** By service tier (empty for the usual one), by threshold (0 for below all), by name. */
  private record Amounts(Map<String, Map<Long, Map<String, JsonAt>>> byTier) {
    void put(String serviceTier, long above, String name, JsonAt amount) {
      byTier
          .computeIfAbsent(serviceTier, tier -> new TreeMap<>())
          .computeIfAbsent(above, threshold -> new LinkedHashMap<>())
          .put(name, amount);
    }
  }

  private static Amounts amounts(JsonAt json) {
    var amounts = new Amounts(new TreeMap<>());
    for (Map.Entry<String, JsonAt> field : json.fields()) {
      if (!field.getKey().contains("cost") || !field.getValue().isThere()) {
        continue;
      }
      String name = field.getKey();
      String serviceTier = "";
      Matcher tier = SERVICE_TIER.matcher(name);
      if (tier.find()) {
        serviceTier = tier.group(1).equals("batches") ? "batch" : tier.group(1);
        name = name.substring(0, tier.start());
      }
      long above = 0;
      Matcher threshold = THRESHOLD.matcher(name);
      if (threshold.find()) {
        above = Long.parseLong(threshold.group(1)) * THOUSAND;
        name = name.substring(0, threshold.start()) + name.substring(threshold.end());
      }
      amounts.put(serviceTier, above, name, field.getValue());
    }
    JsonAt ranges = json.get("tiered_pricing");
    if (ranges.isThere()) {
      var begun = new HashSet<Long>();
      ranges.elements().forEach(range -> addRange(amounts, range, begun));
    }
    return amounts;
  }

  /** A range begins above its lower bound; a range of something else than tokens has none. */
  private static void addRange(Amounts amounts, JsonAt range, Set<Long> begun) {
    JsonAt bounds = range.get("range");
    if (bounds.isThere()) {
      List<JsonAt> numbers = bounds.elements();
      if (numbers.isEmpty()) {
        throw bounds.bad("must begin with a number of tokens, but is empty");
      }
      Long lower = numbers.get(0).tokensOrNull();
      long above = lower == null ? 0 : lower;
      if (!begun.add(above)) {
        throw bounds.bad("begins at " + above + ", as another one does");
      }
      for (Map.Entry<String, JsonAt> field : range.fields()) {
        if (field.getKey().contains("cost") && field.getValue().isThere()) {
          amounts.put("", above, field.getKey(), field.getValue());
        }
      }
    }
  }

  private static ModelPrice price(ModelPrice empty, Amounts amounts, JsonAt json) {
    ModelPrice price = empty;
    for (Map.Entry<String, Map<Long, Map<String, JsonAt>>> tier : amounts.byTier().entrySet()) {
      ModelPrice ofTier = ofTier(empty, tier.getValue(), json);
      ModelPrice before = price;
      price =
          tier.getKey().isEmpty()
              ? ofTier
              : json.check(() -> before.serviceTier(tier.getKey(), ofTier));
    }
    return price;
  }

  private static ModelPrice ofTier(
      ModelPrice empty, Map<Long, Map<String, JsonAt>> byThreshold, JsonAt json) {
    ModelPrice price = withUnits(empty, byThreshold.getOrDefault(0L, Map.of()));
    for (Map.Entry<Long, Map<String, JsonAt>> above : byThreshold.entrySet()) {
      ModelPrice amounts = withTokens(above.getKey() == 0 ? price : empty, above.getValue());
      ModelPrice before = price;
      price =
          above.getKey() == 0
              ? amounts
              : json.check(() -> before.aboveInput(above.getKey(), amounts));
    }
    return price;
  }

  private static ModelPrice withTokens(ModelPrice price, Map<String, JsonAt> amounts) {
    ModelPrice priced = price;
    for (Map.Entry<String, JsonAt> amount : amounts.entrySet()) {
      ModelPrice before = priced;
      JsonAt at = amount.getValue();
      priced = at.check(() -> set(before, amount.getKey(), at, amounts));
    }
    return priced;
  }

  private static ModelPrice set(
      ModelPrice price, String name, JsonAt amount, Map<String, JsonAt> beside) {
    return switch (name) {
      case "input_cost_per_token" -> price.input(perMillion(amount));
      case "output_cost_per_token" -> price.output(perMillion(amount));
      case "output_cost_per_reasoning_token" -> price.reasoning(perMillion(amount));
      case "cache_read_input_token_cost" -> price.cacheRead(perMillion(amount));
      case "input_cost_per_token_cache_hit" ->
          beside.containsKey("cache_read_input_token_cost")
              ? price
              : price.cacheRead(perMillion(amount));
      case "cache_creation_input_token_cost" -> price.cacheWrite(perMillion(amount));
      // the time to live of one hour, not a threshold
      case "cache_creation_input_token_cost_above_1hr" ->
          price.cacheWriteOneHour(perMillion(amount));
      case "input_cost_per_audio_token" -> price.inputAudio(perMillion(amount));
      case "output_cost_per_audio_token" -> price.outputAudio(perMillion(amount));
      case "input_cost_per_request" -> price.perCall(PublicAmounts.shifted(amount, 0));
      case "input_cost_per_query" -> price.perUnit("searches", PublicAmounts.shifted(amount, 0));
      default -> price;
    };
  }

  private static String perMillion(JsonAt amount) {
    return PublicAmounts.shifted(amount, PER_MILLION);
  }

  /**
   * Images, seconds and characters count only where tokens do not: models that are charged by
   * tokens state what that comes to for an image beside it.
   */
  private static ModelPrice withUnits(ModelPrice price, Map<String, JsonAt> amounts) {
    if (isCharged(amounts, "input_cost_per_token") || isCharged(amounts, "output_cost_per_token")) {
      return price;
    }
    ModelPrice priced = price;
    priced = unit(priced, "images", amounts, "output_cost_per_image", "input_cost_per_image");
    priced = unit(priced, "seconds", amounts, "input_cost_per_second", "output_cost_per_second");
    return unit(
        priced, "characters", amounts, "input_cost_per_character", "output_cost_per_character");
  }

  private static boolean isCharged(Map<String, JsonAt> amounts, String name) {
    JsonAt amount = amounts.get(name);
    return amount != null && PublicAmounts.amount(amount, PER_MILLION).signum() > 0;
  }

  /** One unit has one price: where it stands under both names, one of them may be 0. */
  private static ModelPrice unit(
      ModelPrice price, String unit, Map<String, JsonAt> amounts, String first, String second) {
    BigDecimal highest = null;
    for (String name : List.of(first, second)) {
      JsonAt amount = amounts.get(name);
      if (amount != null) {
        BigDecimal one = PublicAmounts.amount(amount, 0);
        highest = highest == null ? one : highest.max(one);
      }
    }
    return highest == null ? price : price.perUnit(unit, highest.toString());
  }

  private static ModelCapabilities capabilities(JsonAt json) {
    var features = EnumSet.noneOf(Feature.class);
    FEATURES.forEach(
        (name, feature) -> {
          if (json.get(name).isTrue()) {
            features.add(feature);
          }
        });
    return new ModelCapabilities(
        tokens(json.get("max_input_tokens")),
        tokens(json.get("max_output_tokens")),
        null,
        features);
  }

  /** A number that is none says nothing, and neither does 0. */
  private static @Nullable Long tokens(JsonAt json) {
    Long tokens = DecimalBounds.wholeNumber(json.node());
    return tokens != null && tokens > 0 ? tokens : null;
  }
}
