package io.github.usage4j.pricing;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Writes the bundled catalog from a table of price facts. Not part of the library: run it by hand
 * when there are new facts, then look at the difference.
 *
 * <pre>CatalogGenerator CSV DAY COMMIT JSON</pre>
 *
 * where DAY is the day on which the table was made and COMMIT the version of its source.
 */
final class CatalogGenerator {

  private static final String SOURCE = "genai-prices";

  private CatalogGenerator() {}

  public static void main(String[] args) throws IOException {
    Files.writeString(Path.of(args[3]), json(Path.of(args[0]), args[1], args[2]));
  }

  static String json(Path csv, String day, String commit) {
    var models = new LinkedHashMap<String, List<Map<String, String>>>();
    for (Map<String, String> row : PriceTable.rows(csv)) {
      models
          .computeIfAbsent(row.get("provider") + " " + row.get("model_id"), k -> new ArrayList<>())
          .add(row);
    }
    return """
        {
        "format": 1,
        "name": "bundled",
        "version": "%s",
        "generated": "%s",
        "sources": {
          "%s": {
            "what": "prices/new_data/v2/data.json of https://github.com/pydantic/genai-prices",
            "commit": "%s",
            "licence": "MIT, Copyright Pydantic Services Inc.",
            "taken": "%s"
          }
        },
        "models": [
        %s
        ]
        }
        """
        .formatted(
            day,
            day,
            SOURCE,
            commit,
            day,
            models.values().stream()
                .map(rows -> model(rows, day))
                .collect(Collectors.joining(",\n")));
  }

  private static String model(List<Map<String, String>> rows, String day) {
    Map<String, String> first = rows.get(0);
    return "{\"provider\": %s, \"model\": %s,\n \"match\": %s,\n \"prices\": [\n  %s]}"
        .formatted(
            text(first.get("provider")),
            text(first.get("model_id")),
            any(first.get("match")),
            rows.stream().map(row -> price(row, day)).collect(Collectors.joining(",\n  ")));
  }

  private static String any(String match) {
    return several("any", match.split("\\s*\\|\\s*"), CatalogGenerator::all);
  }

  private static String all(String match) {
    return several("all", match.split("\\s*&\\s*"), CatalogGenerator::clause);
  }

  private static String several(
      String name, String[] parts, java.util.function.Function<String, String> each) {
    String joined = java.util.Arrays.stream(parts).map(each).collect(Collectors.joining(", "));
    return parts.length == 1 ? joined : "{\"%s\": [%s]}".formatted(name, joined);
  }

  private static String clause(String clause) {
    if (clause.startsWith("re:")) {
      return "{\"regex\": %s}".formatted(text(clause.substring(3)));
    }
    String kind =
        switch (clause.charAt(0)) {
          case '=' -> "equals";
          case '^' -> "startsWith";
          case '~' -> "contains";
          case '$' -> "endsWith";
          default -> throw new IllegalArgumentException(clause);
        };
    return "{\"%s\": %s}".formatted(kind, text(clause.substring(1)));
  }

  private static String price(Map<String, String> row, String day) {
    var fields = new ArrayList<String>();
    add(fields, "source", SOURCE);
    add(fields, "checked", row.get("prices_checked").isEmpty() ? day : row.get("prices_checked"));
    add(fields, "from", row.get("effective_from"));
    if (!row.get("daily_from_utc").isEmpty()) {
      fields.add(
          "\"daily\": {\"from\": %s, \"to\": %s}"
              .formatted(text(row.get("daily_from_utc")), text(row.get("daily_to_utc"))));
    }
    add(fields, "currency", row.get("currency"));
    amounts(fields, row, "");
    add(fields, "inputAudio", row.get("input_audio_per_mtok"));
    add(fields, "outputAudio", row.get("output_audio_per_mtok"));
    if (!row.get("tier_threshold_tokens").isEmpty()) {
      var tier = new ArrayList<String>();
      tier.add("\"tokens\": " + row.get("tier_threshold_tokens"));
      amounts(tier, row, "tier_");
      fields.add("\"aboveInput\": [{" + String.join(", ", tier) + "}]");
    }
    return "{" + String.join(", ", fields) + "}";
  }

  private static void amounts(List<String> fields, Map<String, String> row, String prefix) {
    add(fields, "input", row.get(prefix + "input_per_mtok"));
    add(fields, "output", row.get(prefix + "output_per_mtok"));
    add(fields, "cacheRead", row.get(prefix + "cache_read_per_mtok"));
    add(fields, "cacheWrite", row.get(prefix + "cache_write_per_mtok"));
    add(fields, "cacheWriteOneHour", row.get(prefix + "cache_write_1h_per_mtok"));
  }

  private static void add(List<String> fields, String name, String value) {
    if (!value.isEmpty()) {
      fields.add("\"" + name + "\": " + text(value));
    }
  }

  private static String text(String text) {
    return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
  }
}
