package io.github.usage4j.pricing;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The source of the bundled catalog, reckoned with by its own rules (engine.ts and units.yml of
 * genai-prices) and in no other way: nothing here uses the library's catalog, matching or
 * arithmetic. It knows no corrections.
 */
final class SourceFacts {

  private static final BigDecimal HOUR = new BigDecimal(3_600);
  private static final BigDecimal MILLION = new BigDecimal(1_000_000);
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  /** Models whose clauses only say how their names begin. */
  private static final Map<String, String> KNOWN =
      Map.of(
          "mistral/magistral-small", "magistral-small-2509",
          "openai/ft:gpt-3.5-turbo-", "ft:gpt-3.5-turbo-0125:acme::1",
          "openai/ft:gpt-4o", "ft:gpt-4o-2024-08-06:acme:name:1",
          "openai/ft:gpt-4o-mini", "ft:gpt-4o-mini-2024-07-18:acme::1",
          "openai/gpt-4o-mini-2024-07-18.ft-", "gpt-4o-mini-2024-07-18.ft-0123abc");

  private final JsonNode providers;

  SourceFacts() {
    this(PriceTable.shared("genai-prices-2026-09-23.json"));
  }

  SourceFacts(Path file) {
    try {
      providers = JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A model as the source has it. */
  record Model(String provider, JsonNode json) {
    String id() {
      return json.get("id").asText();
    }

    String key() {
      return provider + "/" + id();
    }

    boolean isFree() {
      return json.get("prices").isEmpty() && id().endsWith(":free");
    }

    /** All names that its clauses state as they are. */
    List<String> names() {
      var names = new ArrayList<String>();
      collect(json.get("match"), names);
      return names;
    }

    /** A name that is one of it: its own, unless no clause is for that. */
    String name() {
      String known = KNOWN.get(key());
      if (known != null) {
        return known;
      }
      if (matches(json.get("match"), id())) {
        return id();
      }
      List<String> names = names();
      return names.isEmpty() ? texts(json.get("match")).get(0) : names.get(0);
    }

    private static List<String> texts(JsonNode match) {
      var texts = new ArrayList<String>();
      for (Map.Entry<String, JsonNode> clause : match.properties()) {
        clause.getValue().forEach(part -> texts.addAll(texts(part)));
        if (clause.getValue().isTextual()) {
          texts.add(clause.getValue().asText());
        }
      }
      return texts;
    }

    private static void collect(JsonNode match, List<String> names) {
      for (Map.Entry<String, JsonNode> clause : match.properties()) {
        if (clause.getValue().isArray()) {
          clause.getValue().forEach(part -> collect(part, names));
        } else if (clause.getKey().equals("equals")) {
          names.add(clause.getValue().asText());
        }
      }
    }
  }

  List<Model> models() {
    var models = new ArrayList<Model>();
    for (JsonNode provider : providers) {
      provider
          .get("models")
          .forEach(model -> models.add(new Model(provider.get("id").asText(), model)));
    }
    return models;
  }

  /** The first model of a provider whose clauses fit, else of those it falls back to. */
  Model find(String provider, String name) {
    Model own = first(provider, name);
    if (own != null) {
      return own;
    }
    for (JsonNode listed : providers) {
      if (listed.get("id").asText().equals(provider)) {
        for (JsonNode other : listed.path("fallback_model_providers")) {
          Model found = first(other.asText(), name);
          if (found != null) {
            return found;
          }
        }
      }
    }
    return null;
  }

  private Model first(String provider, String name) {
    for (JsonNode listed : providers) {
      if (listed.get("id").asText().equals(provider)) {
        for (JsonNode model : listed.get("models")) {
          if (matches(model.get("match"), name)) {
            return new Model(provider, model);
          }
        }
      }
    }
    return null;
  }

  static boolean matches(JsonNode match, String name) {
    Map.Entry<String, JsonNode> clause = match.properties().iterator().next();
    JsonNode value = clause.getValue();
    String text = value.asText().toLowerCase(Locale.ENGLISH);
    String lower = name.toLowerCase(Locale.ENGLISH);
    return switch (clause.getKey()) {
      case "or" -> {
        boolean any = false;
        for (JsonNode part : value) {
          any |= matches(part, name);
        }
        yield any;
      }
      case "and" -> {
        boolean all = true;
        for (JsonNode part : value) {
          all &= matches(part, name);
        }
        yield all;
      }
      case "equals" -> lower.equals(text);
      case "starts_with" -> lower.startsWith(text);
      case "ends_with" -> lower.endsWith(text);
      case "contains" -> lower.contains(text);
      case "regex" -> Pattern.compile(value.asText()).matcher(name).find();
      default -> throw new IllegalArgumentException(clause.getKey());
    };
  }

  /** The amounts in force: the last entry whose constraint holds. */
  static JsonNode prices(JsonNode model, Instant at) {
    JsonNode prices = model.get("prices");
    if (!prices.isArray()) {
      return prices;
    }
    for (int i = prices.size() - 1; i >= 0; i--) {
      JsonNode constraint = prices.get(i).get("constraint");
      if (constraint == null || holds(constraint, at)) {
        return prices.get(i).get("prices");
      }
    }
    return prices.get(0).get("prices");
  }

  private static boolean holds(JsonNode constraint, Instant at) {
    if (constraint.has("start_date")) {
      LocalDate day = LocalDate.parse(constraint.get("start_date").asText());
      return !at.isBefore(day.atStartOfDay(ZoneOffset.UTC).toInstant());
    }
    LocalTime from = LocalTime.parse(constraint.get("start_time").asText().replace("Z", ""));
    LocalTime to = LocalTime.parse(constraint.get("end_time").asText().replace("Z", ""));
    LocalTime time = LocalTime.ofInstant(at, ZoneOffset.UTC);
    boolean after = !time.isBefore(from);
    return to.isBefore(from) ? after || time.isBefore(to) : after && time.isBefore(to);
  }

  /**
   * What a call uses. Parts are in the counts above them: cached and audio in the input, cached
   * audio in both.
   */
  record Usage(
      long input,
      long output,
      long read,
      long write,
      long oneHour,
      long audioIn,
      long readAudio,
      long audioOut,
      long reasoning,
      Map<String, Long> units) {}

  /** The total price, exact. */
  static BigDecimal cost(JsonNode prices, Usage use) {
    BigDecimal total = tokens(prices, use).divide(MILLION);
    var per =
        new HashMap<>(
            Map.of(
                "web_searches_kcount", "web_searches",
                "storage_searches_kcount", "file_searches",
                "rerank_searches_kcount", "searches",
                "input_text_messages_kcount", "text_messages"));
    for (Map.Entry<String, String> unit : per.entrySet()) {
      if (prices.has(unit.getKey())) {
        total =
            total.add(
                amount(prices, unit.getKey(), 0)
                    .multiply(BigDecimal.valueOf(use.units().getOrDefault(unit.getValue(), 0L)))
                    .movePointLeft(3));
      }
    }
    long pages = use.units().getOrDefault("pages", 0L);
    long annotated = use.units().getOrDefault("annotated_pages", 0L);
    total =
        total.add(
            amount(prices, "input_document_kpages", 0).multiply(number(pages)).movePointLeft(3));
    total =
        total.add(
            amount(prices, "input_annotated_document_kpages", 0)
                .multiply(number(annotated))
                .movePointLeft(3));
    String hours = prices.has("input_audio_hours") ? "input_audio_hours" : "audio_hours";
    BigDecimal seconds = number(use.units().getOrDefault("seconds", 0L));
    total =
        total.add(
            amount(prices, hours, 0).multiply(seconds).divide(HOUR, 18, RoundingMode.HALF_EVEN));
    return prices.has("requests_kcount")
        ? total.add(amount(prices, "requests_kcount", 0).movePointLeft(3))
        : total;
  }

  /** Each unit's tokens without those of the priced units inside of it. */
  private static BigDecimal tokens(JsonNode prices, Usage use) {
    boolean readPriced = prices.has("cache_read_mtok");
    boolean writePriced = prices.has("cache_write_mtok");
    boolean hourPriced = prices.has("cache_write_1h_mtok");
    boolean audioPriced = prices.has("input_audio_mtok");
    boolean readAudioPriced = prices.has("cache_audio_read_mtok");
    long readAudio = readAudioPriced ? use.readAudio() : 0;
    long read = readPriced ? use.read() - readAudio : 0;
    long write = writePriced ? use.write() - (hourPriced ? use.oneHour() : 0) : 0;
    long hour = hourPriced ? use.oneHour() : 0;
    long audio = audioPriced ? use.audioIn() - (readPriced ? use.readAudio() : 0) : 0;
    long input = use.input() - readAudio - read - write - hour - audio;
    long reasoning = prices.has("output_reasoning_mtok") ? use.reasoning() : 0;
    long audioOut = prices.has("output_audio_mtok") ? use.audioOut() : 0;
    long output = use.output() - reasoning - audioOut;
    return product(prices, "input_mtok", input, use)
        .add(product(prices, "cache_read_mtok", read, use))
        .add(product(prices, "cache_audio_read_mtok", readAudio, use))
        .add(product(prices, "cache_write_mtok", write, use))
        .add(product(prices, "cache_write_1h_mtok", hour, use))
        .add(product(prices, "input_audio_mtok", audio, use))
        .add(product(prices, "output_mtok", output, use))
        .add(product(prices, "output_reasoning_mtok", reasoning, use))
        .add(product(prices, "output_audio_mtok", audioOut, use));
  }

  private static BigDecimal product(JsonNode prices, String unit, long tokens, Usage use) {
    return amount(prices, unit, use.input()).multiply(number(tokens));
  }

  /** The amount of the last threshold that all input exceeds. */
  private static BigDecimal amount(JsonNode prices, String unit, long input) {
    JsonNode price = prices.get(unit);
    if (price == null) {
      return BigDecimal.ZERO;
    }
    if (price.isNumber()) {
      return decimal(price);
    }
    BigDecimal applies = decimal(price.get("base"));
    for (JsonNode tier : price.get("tiers")) {
      if (input > tier.get("start").asLong()) {
        applies = decimal(tier.get("price"));
      }
    }
    return applies;
  }

  /** Without the digits that a binary fraction leaves behind, such as 0.0700000000000000039. */
  private static BigDecimal decimal(JsonNode number) {
    BigDecimal amount = number.decimalValue();
    return amount.scale() > 12 ? amount.setScale(12, RoundingMode.HALF_EVEN) : amount;
  }

  private static BigDecimal number(long count) {
    return BigDecimal.valueOf(count);
  }
}
