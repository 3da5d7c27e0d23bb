package io.github.usage4j.pricing;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The clauses of genai-prices, with an end. There, most clauses are open: {@code starts_with
 * claude-opus-4-1} is also true of {@code claude-opus-4-10}, which would then have the price of
 * another model, and no report would show it. Here, a version may follow ({@link ModelVersions}),
 * and nothing else; a model that is not listed is unpriced, which every report shows.
 */
final class GenaiMatch {

  /** The beginning of a date, or a mark before one. */
  private static final Pattern BEGUN_DATE = Pattern.compile("(-20\\d\\d-?|[-@])$");

  /** A name, as a regular expression, and a date behind it. */
  private static final Pattern DATED =
      Pattern.compile("\\^(.+?)-\\\\d(?:\\{8}\\$|\\{4}-\\\\d\\{2}-\\\\d\\{2}\\$)?");

  private static final Pattern WHOLE = Pattern.compile("\\^(.+)\\$");
  private static final Pattern ESCAPE = Pattern.compile("\\\\([^A-Za-z0-9])");
  private static final Pattern SYNTAX = Pattern.compile("[\\\\^$.|?*+()\\[\\]{}]");

  private GenaiMatch() {}

  /**
   * Reads a clause.
   *
   * @param id the model's own name, by which it is found wherever the open clause found it
   */
  static ModelMatch read(JsonAt match, String id) {
    ModelMatch closed = closed(match);
    boolean itself = closed.matches(id) || !open(match).matches(id);
    return itself ? closed : closed.or(ModelMatch.versionOf(stem(id)));
  }

  private static ModelMatch closed(JsonAt match) {
    JsonAt value = only(match);
    return switch (value.step()) {
      case "equals" -> ModelMatch.equalTo(value.text());
      case "starts_with" -> ModelMatch.versionOf(stem(value.text()));
      case "contains", "ends_with" -> ModelMatch.endsWithVersionOf(stem(value.text()));
      case "regex" -> value.check(() -> closed(value.text()));
      case "or" -> ModelMatch.any(value.elements().stream().map(GenaiMatch::closed).toList());
      case "and" -> allOf(value);
      default -> throw unknown(value);
    };
  }

  /** One end is enough: what only says that a part is in the name stays as it is beside it. */
  private static ModelMatch allOf(JsonAt clauses) {
    boolean ends =
        clauses.elements().stream().anyMatch(clause -> !only(clause).step().equals("contains"));
    return ModelMatch.all(
        clauses.elements().stream()
            .map(
                clause ->
                    switch (only(clause).step()) {
                      case "ends_with" -> open(clause);
                      case "contains" -> ends ? open(clause) : closed(clause);
                      default -> closed(clause);
                    })
            .toList());
  }

  /** A regular expression that is only a name, or a name and a date, is said as what it is. */
  private static ModelMatch closed(String regex) {
    Matcher dated = DATED.matcher(regex);
    String name = dated.matches() ? plain(dated.group(1)) : null;
    if (name != null) {
      return ModelMatch.versionOf(name);
    }
    Matcher whole = WHOLE.matcher(regex);
    String text = whole.matches() ? plain(whole.group(1)) : null;
    if (text != null) {
      return ModelMatch.equalTo(text);
    }
    return ModelMatch.regex(regex);
  }

  /** The text that an expression is for if it is for one text only; else null. */
  private static @Nullable String plain(String regex) {
    String rest = ESCAPE.matcher(regex).replaceAll("");
    return SYNTAX.matcher(rest).find() ? null : ESCAPE.matcher(regex).replaceAll("$1");
  }

  /** A prefix without the date that begins behind it; what was tuned keeps its mark. */
  private static String stem(String text) {
    if (text.endsWith(".ft-")) {
      return text;
    }
    String stem = BEGUN_DATE.matcher(text).replaceFirst("");
    return stem.isBlank() ? text : stem;
  }

  /** What the clause says in genai-prices itself. */
  private static ModelMatch open(JsonAt match) {
    JsonAt value = only(match);
    return switch (value.step()) {
      case "equals" -> ModelMatch.equalTo(value.text());
      case "starts_with" -> ModelMatch.startsWith(value.text());
      case "contains" -> ModelMatch.contains(value.text());
      case "ends_with" -> ModelMatch.endsWith(value.text());
      case "regex" -> value.check(() -> ModelMatch.regex(value.text()));
      case "or" -> ModelMatch.any(value.elements().stream().map(GenaiMatch::open).toList());
      case "and" -> ModelMatch.all(value.elements().stream().map(GenaiMatch::open).toList());
      default -> throw unknown(value);
    };
  }

  private static JsonAt only(JsonAt match) {
    List<Map.Entry<String, JsonAt>> fields = match.fields();
    if (fields.size() != 1) {
      throw match.bad("must say one thing, but says " + fields.size());
    }
    return fields.get(0).getValue();
  }

  private static IllegalArgumentException unknown(JsonAt value) {
    return value.bad(
        "is not known; known are equals, starts_with, contains, ends_with, regex, or, and");
  }
}
