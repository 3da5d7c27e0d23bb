package io.github.usage4j.pricing;

import java.util.List;
import java.util.Map;

/** The clauses of a catalog that say which names a price is for. */
final class ModelMatchJson {

  private static final String KNOWN =
      "equals, versionOf, endsWithVersionOf, startsWith, contains, endsWith, regex, any, all";

  private ModelMatchJson() {}

  /**
   * Reads one clause, with those inside of it.
   *
   * @throws IllegalArgumentException naming the place, if it says nothing, several things or
   *     something unknown
   */
  static ModelMatch read(JsonAt match) {
    List<Map.Entry<String, JsonAt>> fields = match.fields();
    if (fields.size() != 1) {
      throw match.bad("must say one thing, but says " + fields.size());
    }
    JsonAt value = fields.get(0).getValue();
    return switch (fields.get(0).getKey()) {
      case "equals" -> value.check(() -> ModelMatch.equalTo(value.text()));
      case "versionOf" -> value.check(() -> ModelMatch.versionOf(value.text()));
      case "endsWithVersionOf" -> value.check(() -> ModelMatch.endsWithVersionOf(value.text()));
      case "startsWith" -> value.check(() -> ModelMatch.startsWith(value.text()));
      case "contains" -> value.check(() -> ModelMatch.contains(value.text()));
      case "endsWith" -> value.check(() -> ModelMatch.endsWith(value.text()));
      case "regex" -> value.check(() -> ModelMatch.regex(value.text()));
      case "any" -> value.check(() -> ModelMatch.any(all(value)));
      case "all" -> value.check(() -> ModelMatch.all(all(value)));
      default -> throw value.bad("is not known; known are " + KNOWN);
    };
  }

  private static List<ModelMatch> all(JsonAt clauses) {
    return clauses.elements().stream().map(ModelMatchJson::read).toList();
  }
}
