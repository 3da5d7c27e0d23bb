package io.github.usage4j.pricing;

import io.github.usage4j.pricing.LoadedPrices.Contents;
import io.github.usage4j.pricing.ModelCapabilities.Feature;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The API of models.dev: providers, their models, amounts in dollars for a million tokens. It has
 * no dates, so prices hold for all time; a model without a cost has no price, which is not free.
 */
final class ModelsDevJson {

  private static final long LONG_CONTEXT = 200_000;
  private static final int SECONDS = 60;

  private static final Map<String, Feature> INPUTS =
      Map.of(
          "image", Feature.IMAGE_INPUT,
          "audio", Feature.AUDIO_INPUT,
          "video", Feature.VIDEO_INPUT,
          "pdf", Feature.PDF_INPUT);
  private static final Map<String, Feature> OUTPUTS =
      Map.of(
          "image", Feature.IMAGE_OUTPUT,
          "audio", Feature.AUDIO_OUTPUT,
          "video", Feature.VIDEO_OUTPUT);

  private ModelsDevJson() {}

  /** Reads all of it; see {@link LoadedPrices.Format}. */
  static Contents read(JsonAt root, PriceSource file) {
    var source = new PriceSource("models.dev", file.version(), file.asOf());
    var models = new ArrayList<ListedModel>();
    for (Map.Entry<String, JsonAt> provider : root.fields()) {
      String name = ProviderNames.inCatalog(provider.getKey());
      for (Map.Entry<String, JsonAt> model : provider.getValue().get("models").fields()) {
        JsonAt at = model.getValue();
        models.add(at.check(() -> model(name, model.getKey(), at, source)));
      }
    }
    return new Contents(source, new PriceIndex(models, Map.of()));
  }

  private static ListedModel model(String provider, String name, JsonAt json, PriceSource source) {
    JsonAt cost = json.get("cost");
    ModelPrice empty = ModelPrice.perMillion(provider, name, "USD");
    ModelPrice price = cost.isThere() && isByContext(cost) ? price(empty, cost) : empty;
    List<ModelPrice> prices =
        price.rates().equals(Rates.NONE) ? List.of() : List.of(source.refer(price));
    return new ListedModel(
        provider, name, ModelMatch.equalTo(name.strip()), prices, capabilities(json));
  }

  private static ModelPrice price(ModelPrice empty, JsonAt cost) {
    ModelPrice price = withSteps(withAmounts(empty, cost), empty, cost);
    JsonAt perMinute = cost.get("per_minute");
    if (perMinute.isThere()) {
      price = price.perUnit("seconds", PublicAmounts.shifted(perMinute, 0), SECONDS);
    }
    return price;
  }

  /** False if amounts depend on something that a price here cannot: then nothing is guessed. */
  private static boolean isByContext(JsonAt cost) {
    for (JsonAt step : steps(cost)) {
      String type = step.get("tier").get("type").textOrNull();
      if (type != null && !type.equals("context")) {
        return false;
      }
    }
    return true;
  }

  /**
   * Steps have a size of their own. Beside them the file repeats the first one for readers that
   * know of a single step at 200 000 tokens, which is not where it is.
   */
  private static ModelPrice withSteps(ModelPrice price, ModelPrice empty, JsonAt cost) {
    List<JsonAt> steps = steps(cost);
    JsonAt longer = cost.get("context_over_200k");
    if (steps.isEmpty() && longer.isThere()) {
      ModelPrice above = withAmounts(empty, longer);
      return longer.check(() -> price.aboveInput(LONG_CONTEXT, above));
    }
    ModelPrice priced = price;
    for (JsonAt step : steps) {
      JsonAt size = step.get("tier").get("size");
      Long tokens = size.tokensOrNull();
      if (tokens == null) {
        throw size.bad("must be there");
      }
      ModelPrice before = priced;
      ModelPrice above = withAmounts(empty, step);
      priced = step.check(() -> before.aboveInput(tokens, above));
    }
    return priced;
  }

  private static List<JsonAt> steps(JsonAt cost) {
    JsonAt tiers = cost.get("tiers");
    return tiers.isThere() ? tiers.elements() : List.of();
  }

  private static ModelPrice withAmounts(ModelPrice price, JsonAt cost) {
    ModelPrice priced = price;
    for (Map.Entry<String, JsonAt> field : cost.fields()) {
      JsonAt amount = field.getValue();
      if (amount.isThere()) {
        ModelPrice before = priced;
        priced = amount.check(() -> set(before, field.getKey(), amount));
      }
    }
    return priced;
  }

  private static ModelPrice set(ModelPrice price, String name, JsonAt amount) {
    return switch (name) {
      case "input" -> price.input(PublicAmounts.shifted(amount, 0));
      case "output" -> price.output(PublicAmounts.shifted(amount, 0));
      case "reasoning" -> price.reasoning(PublicAmounts.shifted(amount, 0));
      case "cache_read" -> price.cacheRead(PublicAmounts.shifted(amount, 0));
      case "cache_write" -> price.cacheWrite(PublicAmounts.shifted(amount, 0));
      case "input_audio" -> price.inputAudio(PublicAmounts.shifted(amount, 0));
      case "output_audio" -> price.outputAudio(PublicAmounts.shifted(amount, 0));
      default -> price;
    };
  }

  private static ModelCapabilities capabilities(JsonAt json) {
    var features = EnumSet.noneOf(Feature.class);
    addIf(features, json.get("tool_call").isTrue(), Feature.TOOL_CALLS);
    addIf(features, json.get("structured_output").isTrue(), Feature.STRUCTURED_OUTPUT);
    addIf(features, json.get("reasoning").isTrue(), Feature.REASONING);
    addIf(features, json.get("cost").get("cache_read").isThere(), Feature.PROMPT_CACHE);
    JsonAt modalities = json.get("modalities");
    addAll(features, modalities.get("input"), INPUTS);
    addAll(features, modalities.get("output"), OUTPUTS);
    JsonAt limit = json.get("limit");
    return new ModelCapabilities(
        tokens(limit.get("input")),
        tokens(limit.get("output")),
        tokens(limit.get("context")),
        features);
  }

  /** The file has 0 where a limit is not known. */
  private static @Nullable Long tokens(JsonAt limit) {
    Long tokens = limit.tokensOrNull();
    return tokens == null || tokens == 0 ? null : tokens;
  }

  private static void addIf(Set<Feature> features, boolean supported, Feature feature) {
    if (supported) {
      features.add(feature);
    }
  }

  private static void addAll(Set<Feature> features, JsonAt names, Map<String, Feature> known) {
    if (names.isThere()) {
      for (JsonAt name : names.elements()) {
        Feature feature = known.get(name.text());
        if (feature != null) {
          features.add(feature);
        }
      }
    }
  }
}
