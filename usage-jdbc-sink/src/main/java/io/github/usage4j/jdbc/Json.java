package io.github.usage4j.jdbc;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.jdbc.EventColumns.UnstorableException;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The columns that hold a JSON object. They are text and not a database's JSON type, so that what
 * is read is what was written. Keys are sorted and amounts have no exponent: equal maps are equal
 * texts.
 */
final class Json {

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final ObjectWriter WRITER =
      MAPPER.writer().with(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN);

  /** Far more than any amount has, and far less than Jackson refuses to read back. */
  private static final int MAX_DIGITS = 500;

  private Json() {}

  /** NULL for an empty map. */
  static @Nullable String of(Map<String, ?> values) {
    if (values.isEmpty()) {
      return null;
    }
    values.forEach(
        (key, value) -> {
          if (value instanceof BigDecimal amount
              && (amount.precision() > MAX_DIGITS || Math.abs(amount.scale()) > MAX_DIGITS)) {
            throw new UnstorableException(
                "units of " + key + " must have at most " + MAX_DIGITS + " digits");
          }
        });
    try {
      return WRITER.writeValueAsString(new TreeMap<>(values));
    } catch (JsonProcessingException e) {
      throw new UnstorableException("cannot write as JSON: " + e.getMessage());
    }
  }

  static @Nullable String ofTokens(@Nullable TokenCounts tokens) {
    if (tokens == null) {
      return null;
    }
    var counts = new LinkedHashMap<String, Long>();
    TokenColumn.all()
        .forEach(
            column -> {
              Long value = column.of(tokens);
              if (value != null) {
                counts.put(column.json, value);
              }
            });
    String json = of(counts);
    return json == null ? "{}" : json;
  }

  /** The parts of a cost; null if it has none, because only its sum is known. */
  static @Nullable String ofCostParts(@Nullable Cost cost) {
    if (cost == null || cost.equals(Cost.total(cost.total(), cost.currency().getCurrencyCode()))) {
      return null;
    }
    var parts = new LinkedHashMap<String, Object>();
    parts.put("input", cost.input().toPlainString());
    parts.put("output", cost.output().toPlainString());
    parts.put("cache", cost.cache().toPlainString());
    parts.put("other", cost.other().toPlainString());
    if (cost.priceReference() != null) {
      parts.put("priceReference", cost.priceReference());
    }
    return of(parts);
  }

  static Map<String, String> texts(@Nullable String json) {
    return read(json, new TypeReference<Map<String, String>>() {});
  }

  static Map<String, BigDecimal> amounts(@Nullable String json) {
    return read(json, new TypeReference<Map<String, BigDecimal>>() {});
  }

  static @Nullable TokenCounts tokens(@Nullable String json) {
    if (json == null) {
      return null;
    }
    Map<String, Long> counts = read(json, new TypeReference<Map<String, Long>>() {});
    return TokenColumn.read(column -> counts.get(column.json));
  }

  private static <V> Map<String, V> read(
      @Nullable String json, TypeReference<Map<String, V>> type) {
    if (json == null) {
      return Map.of();
    }
    try {
      return MAPPER.readValue(json, type);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not the JSON that was written: " + json, e);
    }
  }
}
