package io.github.usage4j.backfill;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The values of a record as JSON, and the other way round. */
final class JsonTrees {

  /** Names under which log shippers and tables keep a JSON object as text. */
  private static final Set<String> TEXTS =
      Set.of("message", "response", "body", "payload", "log", "usage", "usagemetadata", "metadata");

  /** Names of what holds counts, which some systems write as text. */
  private static final Set<String> USAGE = Set.of("usage", "usagemetadata", "tokenusage");

  private static final int MAX_DEPTH = 64;

  /** What is longer is content, and no name of a model or tier. */
  private static final int MAX_TEXT = 1_000;

  private static final ObjectReader READER =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build()
          .readerFor(new TypeReference<LinkedHashMap<String, Object>>() {});

  private JsonTrees() {}

  /** The record with the objects that it keeps as text where an object is expected. */
  static Map<String, ?> unfolded(Map<String, ?> record) {
    Map<String, @Nullable Object> unfolded = null;
    for (Map.Entry<String, ?> field : record.entrySet()) {
      if (field.getValue() instanceof String text
          && text.startsWith("{")
          && TEXTS.contains(Fields.normal(field.getKey()))) {
        Map<String, ?> object = parsed(text);
        if (object != null) {
          unfolded = unfolded == null ? new LinkedHashMap<>(record) : unfolded;
          unfolded.put(field.getKey(), object);
        }
      }
    }
    return unfolded == null ? record : unfolded;
  }

  private static @Nullable Map<String, ?> parsed(String text) {
    try {
      return READER.readValue(text);
    } catch (JsonProcessingException e) {
      return null; // then it is just a text
    }
  }

  /** The object at a path of names; null if there is none. */
  static @Nullable Map<?, ?> object(Map<?, ?> record, String path) {
    Map<?, ?> at = record;
    for (String name : path.isEmpty() ? new String[0] : path.split("\\.", -1)) {
      at = get(at, name) instanceof Map<?, ?> inner ? inner : null;
      if (at == null) {
        return null;
      }
    }
    return at;
  }

  /** The value of a name, however that is written; as it is written first. */
  static @Nullable Object get(Map<?, ?> object, String name) {
    Object exact = object.get(name);
    if (exact != null) {
      return exact;
    }
    String normal = Fields.normal(name);
    for (Map.Entry<?, ?> field : object.entrySet()) {
      if (field.getValue() != null && normal.equals(Fields.normal("" + field.getKey()))) {
        return field.getValue();
      }
    }
    return null;
  }

  /** An object as the provider wrote it, without content; counts that are text become numbers. */
  static ObjectNode of(Map<?, ?> object) {
    return of(object, 0, false);
  }

  /** An object that holds counts. */
  static ObjectNode ofUsage(Map<?, ?> object) {
    return of(object, 0, true);
  }

  private static ObjectNode of(Map<?, ?> object, int depth, boolean usage) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    object.forEach(
        (name, value) ->
            node.set(
                "" + name,
                node(
                    value,
                    depth + 1,
                    usage || USAGE.contains(("" + name).toLowerCase(Locale.ROOT)))));
    return node;
  }

  private static JsonNode node(@Nullable Object value, int depth, boolean usage) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    if (value == null || depth > MAX_DEPTH) {
      return nodes.nullNode();
    }
    if (value instanceof Map<?, ?> object) {
      return of(object, depth, usage);
    }
    if (value instanceof List<?> list) {
      ArrayNode array = nodes.arrayNode();
      list.forEach(element -> array.add(node(element, depth + 1, usage)));
      return array;
    }
    if (value instanceof Integer || value instanceof Long || value instanceof Short) {
      return nodes.numberNode(((Number) value).longValue());
    }
    if (value instanceof BigInteger number) {
      return nodes.numberNode(number);
    }
    if (value instanceof BigDecimal number) {
      return nodes.numberNode(number);
    }
    if (value instanceof Number number) {
      double binary = number.doubleValue();
      return Double.isFinite(binary) ? nodes.numberNode(binary) : nodes.nullNode();
    }
    if (value instanceof Boolean flag) {
      return nodes.booleanNode(flag);
    }
    String text = value.toString();
    if (text.length() > MAX_TEXT) {
      return nodes.textNode("");
    }
    return usage && text.matches("[0-9]{1,18}")
        ? nodes.numberNode(Long.parseLong(text))
        : nodes.textNode(text);
  }
}
