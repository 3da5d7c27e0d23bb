package io.github.usage4j.pricing;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;

/**
 * Which names of a model a price is for. Compared without regard to case, the same in every
 * language setting. Immutable and safe for use by several threads.
 */
public final class ModelMatch {

  private enum Kind {
    EQUALS,
    STARTS_WITH,
    CONTAINS,
    ENDS_WITH,
    VERSION_OF,
    ENDS_WITH_VERSION_OF,
    REGEX,
    ANY,
    ALL
  }

  private final Kind kind;
  private final String text;
  private final Pattern pattern;
  private final List<ModelMatch> parts;

  /** What ends the words in front of a model's name. */
  private static final String SERVED_BY = "./:";

  private static final Pattern NO_PATTERN = Pattern.compile("");

  private ModelMatch(Kind kind, String text, Pattern pattern, List<ModelMatch> parts) {
    this.kind = kind;
    this.text = text;
    this.pattern = pattern;
    this.parts = parts;
  }

  /** The name is this one. */
  public static ModelMatch equalTo(String name) {
    return text(Kind.EQUALS, name);
  }

  /** The name begins with this. */
  public static ModelMatch startsWith(String prefix) {
    return text(Kind.STARTS_WITH, prefix);
  }

  /** This is anywhere in the name. */
  public static ModelMatch contains(String part) {
    return text(Kind.CONTAINS, part);
  }

  /** The name ends with this. */
  public static ModelMatch endsWith(String suffix) {
    return text(Kind.ENDS_WITH, suffix);
  }

  /**
   * The name is this one, or a version of it: behind it stands nothing but a date ({@code
   * -20250929}, {@code -2025-09-29}), {@code -latest}, {@code -v1}, {@code :0}, {@code @20250929},
   * {@code @default}, {@code @latest} or {@code [1m]}, in this order, each once at most. So a price
   * is never taken for the next model, whose name only begins like this one.
   */
  public static ModelMatch versionOf(String name) {
    return text(Kind.VERSION_OF, name);
  }

  /**
   * The same behind words that say where or by whom a model is served and end with {@code .},
   * {@code /} or {@code :}, such as {@code us.anthropic.} or {@code publishers/anthropic/models/}.
   */
  public static ModelMatch endsWithVersionOf(String name) {
    return text(Kind.ENDS_WITH_VERSION_OF, name);
  }

  /**
   * This regular expression is found in the name; use {@code ^} and {@code $} for all of it.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static ModelMatch regex(String regex) {
    checkNotEmpty(Kind.REGEX, regex);
    try {
      return new ModelMatch(
          Kind.REGEX,
          regex,
          Pattern.compile(regex, Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE),
          List.of());
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(
          "a model name must be matched by a regular expression, but '"
              + regex
              + "' is none: "
              + e.getDescription(),
          e);
    }
  }

  /**
   * One of these at least.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static ModelMatch any(List<ModelMatch> parts) {
    return combined(Kind.ANY, parts);
  }

  /**
   * All of these.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static ModelMatch all(List<ModelMatch> parts) {
    return combined(Kind.ALL, parts);
  }

  /** This one or the other. */
  public ModelMatch or(ModelMatch other) {
    return any(List.of(this, other));
  }

  /** This one and the other. */
  public ModelMatch and(ModelMatch other) {
    return all(List.of(this, other));
  }

  private static ModelMatch combined(Kind kind, List<ModelMatch> parts) {
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("'" + name(kind) + "' must have at least one part");
    }
    return parts.size() == 1
        ? parts.get(0)
        : new ModelMatch(kind, "", NO_PATTERN, List.copyOf(parts));
  }

  private static ModelMatch text(Kind kind, String text) {
    checkNotEmpty(kind, text);
    return new ModelMatch(kind, lower(text), NO_PATTERN, List.of());
  }

  /** Empty text would match every model of the provider, which nobody means. */
  private static void checkNotEmpty(Kind kind, String text) {
    if (text.isBlank()) {
      throw new IllegalArgumentException("'" + name(kind) + "' must not be blank");
    }
  }

  /** Locale.ROOT: in a Turkish locale "GPT-4I" would not become "gpt-4i". */
  static String lower(String name) {
    return name.toLowerCase(Locale.ROOT);
  }

  /** True if this is a name of the model. */
  public boolean matches(String model) {
    return matchesLower(lower(model));
  }

  boolean matchesLower(String name) {
    return switch (kind) {
      case EQUALS -> name.equals(text);
      case STARTS_WITH -> name.startsWith(text);
      case CONTAINS -> name.contains(text);
      case ENDS_WITH -> name.endsWith(text);
      case VERSION_OF -> name.startsWith(text) && ModelVersions.endsAt(name, text.length());
      case ENDS_WITH_VERSION_OF -> endsWithVersion(name);
      case REGEX -> pattern.matcher(name).find();
      case ANY -> anyMatches(name);
      case ALL -> allMatch(name);
    };
  }

  private boolean endsWithVersion(String name) {
    int at = name.indexOf(text);
    while (at >= 0) {
      boolean whole = at == 0 || SERVED_BY.indexOf(name.charAt(at - 1)) >= 0;
      if (whole && ModelVersions.endsAt(name, at + text.length())) {
        return true;
      }
      at = name.indexOf(text, at + 1);
    }
    return false;
  }

  private boolean anyMatches(String name) {
    for (ModelMatch part : parts) {
      if (part.matchesLower(name)) {
        return true;
      }
    }
    return false;
  }

  private boolean allMatch(String name) {
    for (ModelMatch part : parts) {
      if (!part.matchesLower(name)) {
        return false;
      }
    }
    return true;
  }

  /** Names that match for being these; what else may match is asked of {@link #rest}. */
  Collection<String> names() {
    var names = new ArrayList<String>();
    if (kind == Kind.EQUALS) {
      names.add(text);
    } else if (kind == Kind.ANY) {
      parts.forEach(part -> names.addAll(part.names()));
    }
    return names;
  }

  /** True if names other than {@link #names} may match. */
  boolean rest() {
    return kind == Kind.ANY ? parts.stream().anyMatch(ModelMatch::rest) : kind != Kind.EQUALS;
  }

  /** What it says, as catalogs call it. */
  String kind() {
    return name(kind);
  }

  /** What it says it of; empty for {@code any} and {@code all}. */
  String text() {
    return text;
  }

  List<ModelMatch> parts() {
    return parts;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ModelMatch that
        && kind == that.kind
        && text.equals(that.text)
        && parts.equals(that.parts);
  }

  @Override
  public int hashCode() {
    return Objects.hash(kind, text, parts);
  }

  /** For messages, such as {@code startsWith 'gpt-5' or equals 'gpt'}. */
  @Override
  public String toString() {
    return switch (kind) {
      case ANY, ALL ->
          parts.stream()
              .map(ModelMatch::toString)
              .collect(Collectors.joining(kind == Kind.ANY ? " or " : " and ", "(", ")"));
      default -> name(kind) + " '" + text + "'";
    };
  }

  private static String name(Kind kind) {
    return switch (kind) {
      case EQUALS -> "equals";
      case STARTS_WITH -> "startsWith";
      case CONTAINS -> "contains";
      case ENDS_WITH -> "endsWith";
      case VERSION_OF -> "versionOf";
      case ENDS_WITH_VERSION_OF -> "endsWithVersionOf";
      case REGEX -> "regex";
      case ANY -> "any";
      case ALL -> "all";
    };
  }
}
