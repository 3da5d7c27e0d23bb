package io.github.usage4j.pricing;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.usage4j.internal.DecimalBounds;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A value in a JSON file that knows where it stands, so that every complaint names the place. */
record JsonAt(String file, @Nullable JsonAt parent, String step, JsonNode node) {

  private static final ObjectReader JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .build()
          .reader();

  /**
   * The top of a file.
   *
   * @throws IllegalArgumentException naming file and line, if it is not JSON
   */
  static JsonAt parse(String file, byte[] json) {
    try {
      JsonNode node = JSON.readTree(json);
      if (node == null || node.isMissingNode()) {
        throw new IllegalArgumentException(file + ": not JSON: the file is empty");
      }
      return new JsonAt(file, null, "", node);
    } catch (JacksonException e) {
      JsonLocation at = e.getLocation();
      String place = at == null ? "" : ", line " + at.getLineNr() + ", column " + at.getColumnNr();
      throw new IllegalArgumentException(file + place + ": not JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new IllegalArgumentException(file + ": cannot be read: " + e.getMessage(), e);
    } catch (ArithmeticException | NumberFormatException e) { // an exponent that no number has
      throw new IllegalArgumentException(file + ": not JSON: " + e.getMessage(), e);
    }
  }

  /** A field of an object, which need not be there. */
  JsonAt get(String field) {
    JsonNode value = node.get(field);
    return new JsonAt(file, this, field, value == null ? MissingNode.getInstance() : value);
  }

  /** Only put together for a complaint: a file has many values. */
  private String path() {
    if (parent == null) {
      return "";
    }
    String above = parent.path();
    if (parent.node.isArray()) {
      return above + "[" + step + "]";
    }
    boolean plain = step.chars().allMatch(c -> Character.isLetterOrDigit(c) || c == '_');
    if (!plain) {
      return above + "['" + step + "']";
    }
    return above.isEmpty() ? step : above + "." + step;
  }

  /** True if there is a value, and not null. */
  boolean isThere() {
    return !node.isMissingNode() && !node.isNull();
  }

  /** The fields of an object, in order. */
  List<Map.Entry<String, JsonAt>> fields() {
    if (!node.isObject()) {
      throw bad("must be an object, but is " + shown());
    }
    var fields = new ArrayList<Map.Entry<String, JsonAt>>();
    node.fieldNames().forEachRemaining(name -> fields.add(Map.entry(name, get(name))));
    return fields;
  }

  /** The elements of an array, in order. */
  List<JsonAt> elements() {
    if (!node.isArray()) {
      throw bad("must be an array, but is " + shown());
    }
    var elements = new ArrayList<JsonAt>();
    for (JsonNode element : node) {
      elements.add(new JsonAt(file, this, String.valueOf(elements.size()), element));
    }
    return elements;
  }

  String text() {
    if (!node.isTextual() || node.textValue().isBlank()) {
      throw bad("must be text, but is " + shown());
    }
    return node.textValue();
  }

  @Nullable String textOrNull() {
    return isThere() ? text() : null;
  }

  /** A decimal number, written as a number or as text. */
  String decimal() {
    if (node.isTextual()) {
      return node.textValue();
    }
    BigDecimal number = DecimalBounds.ANY.exact(node);
    if (number == null) {
      String digits = node.isNumber() ? " of at most " + DecimalBounds.MAX_DIGITS + " digits" : "";
      throw bad("must be a decimal number" + digits + ", but is " + shown());
    }
    return number.toString();
  }

  /** A whole number of tokens, also where it is written with a decimal point; null if absent. */
  @Nullable Long tokensOrNull() {
    if (!isThere()) {
      return null;
    }
    if (!node.isNumber()) {
      throw bad("must be a number of tokens, but is " + shown());
    }
    Long tokens = DecimalBounds.wholeNumber(node);
    if (tokens == null) {
      throw bad("must be a whole number of tokens, but is " + shown());
    }
    return tokens;
  }

  /** True only for {@code true}. */
  boolean isTrue() {
    return node.isBoolean() && node.booleanValue();
  }

  /**
   * Refuses what is not known, because a price under a misspelt name would be passed over.
   *
   * @throws IllegalArgumentException naming the first one that is none of these
   */
  void allowOnly(String... names) {
    List<String> known = Arrays.asList(names);
    for (Map.Entry<String, JsonAt> field : fields()) {
      if (!known.contains(field.getKey())) {
        throw field.getValue().bad("is not known here; known are " + new TreeSet<>(known));
      }
    }
  }

  /** Does something with this value; a complaint about it is told with its place. */
  <T> T check(Supplier<T> use) {
    try {
      return use.get();
    } catch (Misplaced e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw new Misplaced(place() + ": " + e.getMessage(), e);
    }
  }

  /** A complaint about this value. */
  IllegalArgumentException bad(String rule) {
    return new Misplaced(place() + " " + rule, null);
  }

  private String place() {
    String path = path();
    return path.isEmpty() ? file : file + ": " + path;
  }

  private String shown() {
    String text = node.isMissingNode() ? "absent" : node.toString();
    return text.length() > 80 ? text.substring(0, 80) + "…" : text;
  }

  /** A complaint that names its place already. */
  private static final class Misplaced extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    Misplaced(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
