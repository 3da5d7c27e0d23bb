package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.pricing.SourceFacts.Model;
import io.github.usage4j.pricing.SourceFacts.Usage;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The bundled catalog beside a computation of its own from the rules of its source. */
class CatalogDifferenceTest {

  private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");
  private static final int CALLS = 5_000;

  /** Rows whose amounts, dates or names are not the source's: see corrections.json. */
  private static final Set<String> REPLACED =
      Set.of(
          "aws/amazon.titan-embed-text-v1",
          "deepseek/deepseek-chat",
          "deepseek/deepseek-reasoner",
          "deepseek/deepseek-v4-flash",
          "deepseek/deepseek-v4-pro",
          "github-copilot/gpt-3.5-turbo",
          "github-copilot/gpt-4.1",
          "github-copilot/gpt-4o",
          "github-copilot/gpt-4o-mini",
          "google/gemma-3",
          "google/gemma-3n",
          "google/gemma-4-26b-a4b-it",
          "google/gemma-4-31b-it",
          "openai/moderation",
          "typesafe/jev-1.13.0");

  /** Why a call that the source prices has no price here. */
  private enum Reason {
    WRITE_FOR_AN_HOUR,
    OUTPUT_WITHOUT_PRICE,
    OUTPUT_NOT_TOLD_APART,
    ANNOUNCED,
    NO_PRICE_IN_THE_SOURCE
  }

  private static final List<Instant> DATES =
      List.of(
          Instant.parse("2024-02-29T23:59:59.999999Z"),
          Instant.parse("2025-06-09T23:59:59.999999Z"),
          Instant.parse("2025-06-10T00:00:00Z"),
          Instant.parse("2026-03-12T23:59:59.999999Z"),
          Instant.parse("2026-03-13T00:00:00Z"),
          Instant.parse("2026-07-30T00:00:00Z"),
          Instant.parse("2026-08-20T23:59:59.999999Z"),
          Instant.parse("2026-08-21T00:00:00Z"),
          Instant.parse("2026-09-01T00:00:00Z"),
          Instant.parse("2026-12-31T23:59:59.999999Z"),
          Instant.parse("2027-01-01T00:00:00Z"));

  private final SourceFacts facts = new SourceFacts();
  private final LoadedPrices prices = PriceCatalog.bundled();

  @Test
  void randomCalls_costWhatTheSourceSays() {
    var random = new Random(20261130);
    List<Model> models = facts.models();
    List<Model> dated =
        models.stream().filter(model -> model.json().get("prices").isArray()).toList();
    var priced = new TreeSet<String>();
    var unpriced = new TreeMap<Reason, Integer>();
    int checked = 0;
    while (checked < CALLS) {
      List<Model> from = random.nextInt(4) == 0 ? dated : models;
      Model listed =
          checked < models.size() ? models.get(checked) : from.get(random.nextInt(from.size()));
      String name = name(random, listed);
      Model model = facts.find(listed.provider(), name);
      Instant at = DATES.get(random.nextInt(DATES.size()));
      if (random.nextInt(3) == 0) {
        at = NOW.minus(Duration.ofMinutes(random.nextInt(600_000)));
      }
      JsonNode rates = corrected(model, at);
      Usage use = usage(random, rates);
      checked++;
      if (REPLACED.contains(model.key())) {
        continue;
      }
      Reason reason = reason(model, rates, use, at);
      Optional<BigDecimal> cost = cost(listed.provider(), name, at, use);
      if (reason != null) {
        assertThat(cost).as("%s %s at %s: %s", model.key(), name, at, use).isEmpty();
        unpriced.merge(reason, 1, Integer::sum);
      } else {
        assertThat(cost)
            .as("%s %s at %s: %s", model.key(), name, at, use)
            .hasValueSatisfying(
                sum -> assertThat(sum).isEqualByComparingTo(SourceFacts.cost(rates, use)));
        priced.add(model.key());
      }
    }
    assertThat(priced).hasSizeGreaterThan(1_500);
    assertThat(unpriced.keySet()).containsExactlyInAnyOrder(Reason.values());
    assertThat(unpriced.values().stream().mapToInt(n -> n).sum()).isLessThan(CALLS / 8);
  }

  /** One by its own name in three, else one that a clause states. */
  private static String name(Random random, Model model) {
    List<String> names = model.names();
    boolean own = names.isEmpty() || random.nextInt(3) == 0;
    return own ? model.name() : names.get(random.nextInt(names.size()));
  }

  /** With the price of writes for an hour that Bedrock, Vertex and OpenRouter have. */
  private static JsonNode corrected(Model model, Instant at) {
    JsonNode rates = SourceFacts.prices(model.json(), at);
    boolean claude =
        Set.of("aws", "google", "openrouter").contains(model.provider())
            && model.id().contains("claude");
    if (!claude || !rates.has("cache_write_mtok") || rates.has("cache_write_1h_mtok")) {
      return rates;
    }
    ObjectNode with = rates.deepCopy();
    with.set("cache_write_1h_mtok", twice(rates.get("input_mtok")));
    return with;
  }

  private static JsonNode twice(JsonNode price) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    if (price.isNumber()) {
      return json.numberNode(price.decimalValue().multiply(BigDecimal.valueOf(2)));
    }
    ObjectNode both = json.objectNode();
    both.set("base", twice(price.get("base")));
    var tiers = both.putArray("tiers");
    for (JsonNode tier : price.get("tiers")) {
      ObjectNode other = tiers.addObject();
      other.set("start", tier.get("start"));
      other.set("price", twice(tier.get("price")));
    }
    return both;
  }

  private static Reason reason(Model model, JsonNode rates, Usage use, Instant at) {
    if (model.isFree()) {
      return null;
    }
    if (rates.isEmpty()) {
      return Reason.NO_PRICE_IN_THE_SOURCE;
    }
    boolean future =
        model.json().get("prices").isArray()
            && model.json().get("prices").toString().contains("2027-01-01");
    if (future && !at.isBefore(Instant.parse("2027-01-01T00:00:00Z"))) {
      return Reason.ANNOUNCED;
    }
    if (use.output() > 0 && (rates.has("output_image_mtok") || rates.has("output_video_mtok"))) {
      return Reason.OUTPUT_NOT_TOLD_APART;
    }
    if (use.output() > 0 && !rates.has("output_mtok")) {
      return Reason.OUTPUT_WITHOUT_PRICE;
    }
    boolean hour = rates.has("cache_write_mtok") && !rates.has("cache_write_1h_mtok");
    return use.oneHour() > 0 && hour ? Reason.WRITE_FOR_AN_HOUR : null;
  }

  private static Usage usage(Random random, JsonNode rates) {
    var units = new HashMap<String, Long>();
    if (!rates.isEmpty() && !rates.has("input_mtok")) {
      if (rates.has("input_document_kpages")) {
        units.put("pages", 1L + random.nextInt(500));
      }
      if (rates.has("input_annotated_document_kpages")) {
        units.put("annotated_pages", (long) random.nextInt(500));
      }
      if (rates.has("audio_hours")) {
        units.put("seconds", 1L + random.nextInt(10_000));
      }
      if (rates.has("input_text_messages_kcount")) {
        units.put("text_messages", (long) random.nextInt(9));
      }
      return new Usage(0, 0, 0, 0, 0, 0, 0, 0, 0, units);
    }
    long input = size(random, rates);
    long read = random.nextInt(3) == 0 ? (long) (input * random.nextDouble()) : 0;
    long write = random.nextInt(3) == 0 ? (long) ((input - read) * random.nextDouble()) : 0;
    long hour = random.nextInt(3) == 0 ? (long) (write * random.nextDouble()) : 0;
    long readAudio = random.nextInt(3) == 0 ? (long) (read * random.nextDouble()) : 0;
    long audio =
        readAudio
            + (random.nextInt(3) == 0 ? (long) ((input - read - write) * random.nextDouble()) : 0);
    long output = random.nextInt(8) == 0 ? 0 : random.nextInt(100_000);
    long reasoning = random.nextInt(3) == 0 ? (long) (output * random.nextDouble()) : 0;
    long audioOut =
        random.nextInt(3) == 0 ? (long) ((output - reasoning) * random.nextDouble()) : 0;
    for (String unit : List.of("web_searches", "file_searches")) {
      if (random.nextInt(4) == 0) {
        units.put(unit, (long) random.nextInt(5));
      }
    }
    return new Usage(
        input, output, read, write, hour, audio, readAudio, audioOut, reasoning, units);
  }

  /** Around a threshold, or anything up to a million. */
  private static long size(Random random, JsonNode rates) {
    JsonNode tiers = rates.path("input_mtok").path("tiers");
    if (!tiers.isEmpty() && random.nextBoolean()) {
      return tiers.get(random.nextInt(tiers.size())).get("start").asLong() + random.nextInt(3) - 1;
    }
    return 1 + random.nextInt(random.nextBoolean() ? 5_000 : 1_000_000);
  }

  private Optional<BigDecimal> cost(String provider, String name, Instant at, Usage use) {
    UsageEvent event = event(provider, name, at, use);
    return prices.costOf(event, List.of()).map(cost -> cost.total());
  }

  private static UsageEvent event(String provider, String name, Instant at, Usage use) {
    var event =
        UsageEvent.builder(UUID.randomUUID(), Kind.CHAT, provider, name)
            .startedAt(at)
            .units(
                use.units().entrySet().stream()
                    .collect(
                        Collectors.toMap(
                            Map.Entry::getKey, e -> BigDecimal.valueOf(e.getValue()))));
    if (use.input() > 0) {
      event.tokens(
          TokenCounts.of(use.input(), use.output())
              .cacheRead(use.read())
              .cacheWrite(use.write())
              .cacheWriteOneHour(use.oneHour())
              .reasoning(use.reasoning())
              .audio(use.audioIn(), use.audioOut())
              .cacheReadAudio(use.readAudio()));
    }
    return event.build();
  }

  /** The list in docs/pricing.md, "Models of the source without a price". */
  private static final Map<String, String> UNPRICED =
      Map.of(
          "cerebras/qwen-3-coder-480b", "the source states none",
          "deepseek/deepseek-chat", "withdrawn",
          "deepseek/deepseek-reasoner", "withdrawn",
          "huggingface_together/ServiceNow-AI/Apriel-1.6-15b-Thinker", "the source states none",
          "openrouter/gemini-2.5-pro-exp-03-25", "the source states none",
          "openrouter/google/gemini-flash-1.5-8b-exp", "the source states none",
          "openrouter/google/lyria-3-clip-preview", "the source states none",
          "openrouter/google/lyria-3-pro-preview", "the source states none");

  /** Their output has no price, see "Units of genai-prices". */
  private static final Set<String> INPUT_ONLY =
      Set.of(
          "google/gemini-2.5-flash-image",
          "google/gemini-3-pro-image-preview",
          "google/gemini-3.1-flash-image-preview",
          "google/gemini-3.1-flash-lite-image",
          "google/gemini-omni-flash-preview",
          "openai/gpt-image-1.5",
          "quicksilverpro/gemini-3-pro-image");

  @Test
  void everyModel_thatTheSourcePrices_hasAPrice() throws Exception {
    var without = new TreeSet<String>();
    var inputOnly = new TreeSet<String>();
    for (Model model : facts.models()) {
      JsonNode rates = SourceFacts.prices(model.json(), NOW);
      String name = model.name();
      Usage use = typical(rates);
      if (cost(model.provider(), name, NOW, use).isEmpty()) {
        Usage input = new Usage(1_000, 0, 0, 0, 0, 0, 0, 0, 0, Map.of());
        if (use.output() > 0 && cost(model.provider(), name, NOW, input).isPresent()) {
          inputOnly.add(model.key());
        } else {
          without.add(model.key());
        }
      }
    }
    String page = Files.readString(Path.of("..", "docs", "pricing.md"));
    UNPRICED.keySet().forEach(key -> assertThat(page).contains("`" + key + "`"));
    INPUT_ONLY.forEach(
        key -> assertThat(page).contains("`" + key.substring(key.indexOf('/') + 1) + "`"));
    assertThat(facts.models()).hasSize(1_694);
    assertThat(without).containsExactlyElementsOf(new TreeSet<>(UNPRICED.keySet()));
    assertThat(inputOnly).containsExactlyElementsOf(new TreeSet<>(INPUT_ONLY));
  }

  private static Usage typical(JsonNode rates) {
    if (rates.isEmpty() || rates.has("input_mtok")) {
      long output = rates.isEmpty() || rates.has("output_mtok") ? 200 : 0;
      return new Usage(1_000, output, 100, 0, 0, 0, 0, 0, 0, Map.of());
    }
    var units = new HashMap<String, Long>();
    if (rates.has("input_document_kpages")) {
      units.put("pages", 3L);
    }
    if (rates.has("audio_hours")) {
      units.put("seconds", 3_600L);
    }
    return new Usage(0, 0, 0, 0, 0, 0, 0, 0, 0, units);
  }
}
