package io.github.usage4j;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Numbers that take for ever where somebody computes with them as they are. */
public final class HostileNumbers {

  /** As they may stand in JSON; each is a number to some parser. */
  public static final List<String> TOKENS =
      List.of(
          "1e-100000000",
          "1e100000000",
          "-1e100000000",
          "1.5e-999999999",
          "1E+2147483647",
          "10E+2147483647",
          "1E+2147483648",
          "1e-2147483647",
          "1e-2147483648",
          "1e99999999999999999999",
          "0e-999999999",
          "0e999999999",
          "-0",
          "-0.0e5",
          "NaN",
          "-Infinity",
          "99999999999",
          "9223372036854775807",
          "-9223372036854775808",
          "9".repeat(900),
          "0." + "3".repeat(900),
          "9".repeat(5_000),
          "0." + "3".repeat(5_000));

  /** As text, where there is no parser that has a bound of its own. */
  public static final List<String> TEXTS =
      Stream.concat(
              TOKENS.stream(),
              Stream.of("9".repeat(100_000), "1e" + "0".repeat(100_000), "\u0661".repeat(1_000)))
          .toList();

  private static final JsonMapper MAPPER = new JsonMapper();

  private HostileNumbers() {}

  /**
   * Hands out the document again and again, each time with another value or another hostile number
   * in its place, as a number and as a text.
   */
  public static void inPlaceOfEach(String json, Consumer<String> use) throws IOException {
    JsonNode document = MAPPER.readTree(json);
    var places = new ArrayList<Consumer<JsonNode>>();
    collect(document, places);
    for (int i = 0; i < places.size(); i++) {
      var values = new ArrayList<JsonNode>();
      TOKENS.forEach(
          token -> values.add(JsonNodeFactory.instance.rawValueNode(new RawValue(token))));
      TEXTS.forEach(text -> values.add(JsonNodeFactory.instance.textNode(text)));
      for (JsonNode value : values) {
        JsonNode copy = document.deepCopy();
        var same = new ArrayList<Consumer<JsonNode>>();
        collect(copy, same);
        same.get(i).accept(value);
        use.accept(MAPPER.writeValueAsString(copy));
      }
    }
  }

  /** Every value that is no container, by what puts another one in its place. */
  private static void collect(JsonNode node, List<Consumer<JsonNode>> places) {
    if (node instanceof ObjectNode object) {
      for (var field : object.properties()) {
        if (field.getValue().isValueNode()) {
          places.add(value -> object.set(field.getKey(), value));
        } else {
          collect(field.getValue(), places);
        }
      }
    } else if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        int at = i;
        if (array.get(i).isValueNode()) {
          places.add(value -> array.set(at, value));
        } else {
          collect(array.get(i), places);
        }
      }
    }
  }
}
