package io.github.usage4j.internal;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One event as one line of JSON, and back, exactly: amounts are text, times are whole microseconds,
 * what is unknown is left out. Labels are not written, because they are kept in one place only. A
 * field of another name is refused: whoever wrote it knew something that would be lost.
 *
 * <p>The form of version {@link EventFile#VERSION}; a change of it is a new version. A field that a
 * version did not have yet is left out, as unknown ones are: version 1 had no {@code conditions}
 * and no {@code cacheReadAudio}.
 */
public final class EventJson {

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private EventJson() {}

  /**
   * The event as JSON in UTF-8, without a line break at its end and with none inside.
   *
   * @param recordedAt when a store wrote it; null if that is not known
   */
  public static byte[] write(UsageEvent event, @Nullable Instant recordedAt) {
    var bytes = new ByteArrayOutputStream(512);
    try (var json = MAPPER.createGenerator(bytes)) {
      write(json, event, recordedAt);
    } catch (IOException e) {
      throw new UncheckedIOException("memory can be written to", e);
    }
    return bytes.toByteArray();
  }

  private static void write(JsonGenerator json, UsageEvent event, @Nullable Instant recordedAt)
      throws IOException {
    json.writeStartObject();
    text(json, "id", event.id());
    text(json, "kind", event.kind());
    json.writeBooleanField("streaming", event.streaming());
    text(json, "provider", event.provider());
    text(json, "requestModel", event.requestModel());
    text(json, "responseModel", event.responseModel());
    text(json, "responseId", event.responseId());
    text(json, "serviceTier", event.serviceTier());
    text(json, "credentialId", event.credentialId());
    text(json, "occurredAt", event.occurredAt());
    text(json, "recordedAt", recordedAt);
    json.writeNumberField("durationMicros", micros(event.duration()));
    Duration firstToken = event.timeToFirstToken();
    if (firstToken != null) {
      json.writeNumberField("timeToFirstTokenMicros", micros(firstToken));
    }
    text(json, "operationId", event.operationId());
    text(json, "parentOperationId", event.parentOperationId());
    json.writeNumberField("step", event.step());
    json.writeNumberField("attempts", event.attempts());
    json.writeBooleanField("opensOperation", event.opensOperation());
    Attribution who = event.attribution();
    text(json, "organization", who.organization());
    text(json, "user", who.user());
    text(json, "customer", who.customer());
    text(json, "session", who.session());
    text(json, "category", who.category());
    json.writeBooleanField("impersonated", who.impersonated());
    texts(json, "tags", who.tags());
    tokens(json, "tokens", event.tokens());
    tokens(json, "statedTokens", event.statedTokens());
    text(json, "quality", event.quality());
    text(json, "source", event.source());
    texts(json, "units", event.units());
    texts(json, "conditions", event.conditions());
    cost(json, "cost", event.cost());
    cost(json, "statedCost", event.statedCost());
    text(json, "outcome", event.outcome());
    text(json, "errorType", event.errorType());
    text(json, "errorMessage", event.errorMessage());
    text(json, "finishReason", event.finishReason());
    json.writeNumberField("toolCalls", event.toolCalls());
    text(json, "metadata", event.metadata());
    text(json, "instance", event.instance());
    json.writeEndObject();
  }

  private static void text(JsonGenerator json, String name, @Nullable Object value)
      throws IOException {
    if (value != null) {
      String text = value instanceof BigDecimal amount ? amount.toPlainString() : value.toString();
      json.writeStringField(name, text);
    }
  }

  /** Sorted, so that equal events are equal lines. */
  private static void texts(JsonGenerator json, String name, Map<String, ?> values)
      throws IOException {
    if (!values.isEmpty()) {
      json.writeObjectFieldStart(name);
      for (Map.Entry<String, ?> entry : new TreeMap<>(values).entrySet()) {
        text(json, entry.getKey(), entry.getValue());
      }
      json.writeEndObject();
    }
  }

  private static void tokens(JsonGenerator json, String name, @Nullable TokenCounts tokens)
      throws IOException {
    if (tokens != null) {
      json.writeObjectFieldStart(name);
      count(json, "input", tokens.input());
      count(json, "output", tokens.output());
      count(json, "cacheRead", tokens.cacheRead());
      count(json, "cacheWrite", tokens.cacheWrite());
      count(json, "cacheWriteOneHour", tokens.cacheWriteOneHour());
      count(json, "reasoning", tokens.reasoning());
      count(json, "inputAudio", tokens.inputAudio());
      count(json, "outputAudio", tokens.outputAudio());
      count(json, "cacheReadAudio", tokens.cacheReadAudio());
      json.writeEndObject();
    }
  }

  private static void count(JsonGenerator json, String name, @Nullable Long count)
      throws IOException {
    if (count != null) {
      json.writeNumberField(name, count);
    }
  }

  private static void cost(JsonGenerator json, String name, @Nullable Cost cost)
      throws IOException {
    if (cost != null) {
      json.writeObjectFieldStart(name);
      text(json, "input", cost.input());
      text(json, "output", cost.output());
      text(json, "cache", cost.cache());
      text(json, "other", cost.other());
      text(json, "currency", cost.currency().getCurrencyCode());
      text(json, "priceReference", cost.priceReference());
      json.writeEndObject();
    }
  }

  private static long micros(Duration duration) {
    return duration.dividedBy(Duration.of(1, ChronoUnit.MICROS));
  }

  /**
   * The event of a line.
   *
   * @throws IllegalArgumentException naming what is wrong, if the line is not what {@link #write}
   *     makes of an event
   */
  public static EventFile.Entry read(byte[] line) {
    try {
      var fields = new Fields("", MAPPER.readTree(line));
      var entry = new EventFile.Entry(event(fields), fields.mapped("recordedAt", Instant::parse));
      fields.requireEmpty();
      return entry;
    } catch (IOException e) {
      throw new IllegalArgumentException("not JSON: " + firstLine(e), e);
    }
  }

  private static String firstLine(Exception e) {
    String message = String.valueOf(e.getMessage());
    return message.lines().findFirst().orElse(message);
  }

  private static UsageEvent event(Fields fields) {
    return new UsageEvent(
        fields.required("id", UUID::fromString),
        fields.required("kind", UsageEvent.Kind::valueOf),
        fields.flag("streaming"),
        fields.required("provider"),
        fields.required("requestModel"),
        fields.text("responseModel"),
        fields.text("responseId"),
        fields.text("serviceTier"),
        fields.text("credentialId"),
        fields.required("occurredAt", Instant::parse),
        duration(fields.requiredNumber("durationMicros")),
        durationOrNull(fields.number("timeToFirstTokenMicros")),
        fields.required("operationId"),
        fields.text("parentOperationId"),
        fields.requiredInt("step"),
        fields.requiredInt("attempts"),
        fields.flag("opensOperation"),
        new Attribution(
            fields.text("organization"),
            fields.text("user"),
            null,
            fields.text("customer"),
            null,
            fields.text("session"),
            fields.text("category"),
            fields.flag("impersonated"),
            fields.texts("tags", Function.identity())),
        required("tokens", tokens(fields.object("tokens"))),
        tokens(fields.object("statedTokens")),
        fields.required("quality", UsageEvent.Quality::valueOf),
        fields.mapped("source", UsageEvent.Source::valueOf),
        fields.texts("units", EventJson::amount),
        fields.texts("conditions", Function.identity()),
        cost(fields.object("cost")),
        cost(fields.object("statedCost")),
        fields.required("outcome", UsageEvent.Outcome::valueOf),
        fields.text("errorType"),
        fields.text("errorMessage"),
        fields.text("finishReason"),
        fields.requiredInt("toolCalls"),
        fields.text("metadata"),
        fields.text("instance"));
  }

  private static @Nullable TokenCounts tokens(@Nullable Fields fields) {
    if (fields == null) {
      return null;
    }
    var tokens =
        new TokenCounts(
            fields.number("input"),
            fields.number("output"),
            fields.number("cacheRead"),
            fields.number("cacheWrite"),
            fields.number("cacheWriteOneHour"),
            fields.number("reasoning"),
            fields.number("inputAudio"),
            fields.number("outputAudio"),
            fields.number("cacheReadAudio"));
    fields.requireEmpty();
    return tokens;
  }

  private static @Nullable Cost cost(@Nullable Fields fields) {
    if (fields == null) {
      return null;
    }
    var cost =
        new Cost(
            fields.required("input", EventJson::amount),
            fields.required("output", EventJson::amount),
            fields.required("cache", EventJson::amount),
            fields.required("other", EventJson::amount),
            fields.required("currency", Cost::currencyOf),
            fields.text("priceReference"));
    fields.requireEmpty();
    return cost;
  }

  private static BigDecimal amount(String text) {
    return DecimalBounds.ANY.require("amount", text);
  }

  private static Duration duration(long micros) {
    return Duration.of(micros, ChronoUnit.MICROS);
  }

  private static @Nullable Duration durationOrNull(@Nullable Long micros) {
    return micros == null ? null : duration(micros);
  }

  private static <T> T required(String name, @Nullable T value) {
    if (value == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return value;
  }

  /** What is left of an object: a field that was read is gone. */
  private static final class Fields {

    private final String name;
    private final ObjectNode left;

    Fields(String name, JsonNode node) {
      if (!(node instanceof ObjectNode object)) {
        throw new IllegalArgumentException((name.isEmpty() ? "the line" : name) + " is no object");
      }
      this.name = name;
      this.left = object;
    }

    void requireEmpty() {
      if (!left.isEmpty()) {
        throw new IllegalArgumentException(
            "unknown field " + path(left.fieldNames().next()) + " of a newer version");
      }
    }

    private String path(String field) {
      return name.isEmpty() ? field : name + "." + field;
    }

    @Nullable String text(String field) {
      JsonNode value = left.remove(field);
      if (value != null && !value.isTextual()) {
        throw new IllegalArgumentException(path(field) + " must be text, but is " + value);
      }
      return value == null ? null : value.textValue();
    }

    String required(String field) {
      return EventJson.required(path(field), text(field));
    }

    <T> @Nullable T mapped(String field, Function<String, T> mapper) {
      String text = text(field);
      return text == null ? null : map(field, text, mapper);
    }

    <T> T required(String field, Function<String, T> mapper) {
      return map(field, required(field), mapper);
    }

    private <T> T map(String field, String text, Function<String, T> mapper) {
      try {
        return mapper.apply(text);
      } catch (RuntimeException e) {
        throw new IllegalArgumentException(
            path(field) + " cannot be " + DecimalBounds.shown(text), e);
      }
    }

    @Nullable Long number(String field) {
      JsonNode value = left.remove(field);
      if (value != null && !(value.isIntegralNumber() && value.canConvertToLong())) {
        throw new IllegalArgumentException(path(field) + " must be a number, but is " + value);
      }
      return value == null ? null : Long.valueOf(value.longValue());
    }

    long requiredNumber(String field) {
      return EventJson.required(path(field), number(field));
    }

    int requiredInt(String field) {
      long number = requiredNumber(field);
      if (number != (int) number) {
        throw new IllegalArgumentException(path(field) + " is too much: " + number);
      }
      return (int) number;
    }

    boolean flag(String field) {
      JsonNode value = left.remove(field);
      if (value == null || !value.isBoolean()) {
        throw new IllegalArgumentException(path(field) + " must be true or false");
      }
      return value.booleanValue();
    }

    @Nullable Fields object(String field) {
      JsonNode value = left.remove(field);
      return value == null ? null : new Fields(path(field), value);
    }

    <T> Map<String, T> texts(String field, Function<String, T> mapper) {
      Fields object = object(field);
      var values = new HashMap<String, T>();
      while (object != null && !object.left.isEmpty()) {
        String key = object.left.fieldNames().next();
        values.put(key, object.required(key, mapper));
      }
      return values;
    }
  }
}
