package io.github.usage4j.internal;

import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Argument checks shared by the packages of this library. Every message names the thing, the rule
 * and the value.
 */
public final class Checks {

  private static final char REPLACEMENT = '\uFFFD';
  private static final char DELETE = '\u007F';

  private Checks() {}

  /**
   * An identifier of the host: {@code null} or blank means unattributed and gives {@code null}.
   *
   * @param name what the identifier is, for the message
   * @param maxCodePoints the greatest length
   * @throws IllegalArgumentException if it is longer, is surrounded by white space, or contains a
   *     control character or half a surrogate pair. It is never cut: two long ids could become one.
   */
  public static @Nullable String identifier(String name, @Nullable String id, int maxCodePoints) {
    if (id == null || id.isBlank()) {
      return null;
    }
    if (id.length() > maxCodePoints) {
      int length = id.codePointCount(0, id.length());
      if (length > maxCodePoints) {
        throw new IllegalArgumentException(
            name + " must have at most " + maxCodePoints + " code points, but had " + length);
      }
    }
    if (id.strip().length() != id.length()) {
      throw new IllegalArgumentException(
          name + " must not begin or end with white space, but was '" + id + "'");
    }
    int bad = firstUnstorable(id);
    if (bad >= 0) {
      throw new IllegalArgumentException(unstorable(name, id, bad));
    }
    return id;
  }

  private static String unstorable(String name, String text, int bad) {
    return String.format(
        Locale.ROOT,
        "%s must not contain control characters or unpaired surrogates, but had U+%04X at index %d",
        name,
        (int) text.charAt(bad),
        bad);
  }

  /** An identifier that must be there. */
  public static String requireIdentifier(String name, @Nullable String id, int maxCodePoints) {
    String checked = identifier(name, id, maxCodePoints);
    if (checked == null) {
      throw new IllegalArgumentException(name + " must not be null or blank, but was " + quote(id));
    }
    return checked;
  }

  /**
   * Text that somebody else wrote (a label, a model name, an error message): cut to the given
   * number of code points, with what no database stores replaced by U+FFFD. Never refused, because
   * it comes in on the way of a call.
   */
  public static String text(String text, int maxCodePoints) {
    String cut = text;
    if (text.length() > maxCodePoints && text.codePointCount(0, text.length()) > maxCodePoints) {
      cut = text.substring(0, text.offsetByCodePoints(0, maxCodePoints));
    }
    if (firstUnstorable(cut) < 0) {
      return cut;
    }
    var clean = new StringBuilder(cut);
    for (int i = firstUnstorable(cut); i < clean.length(); i++) {
      if (unstorable(clean, i)) {
        clean.setCharAt(i, REPLACEMENT);
      } else if (Character.isHighSurrogate(clean.charAt(i))) {
        i++;
      }
    }
    return clean.toString();
  }

  /** {@link #text} that keeps null and turns blank into null. */
  public static @Nullable String textOrNull(@Nullable String text, int maxCodePoints) {
    return text == null || text.isBlank() ? null : text(text, maxCodePoints);
  }

  public static int requireAtLeast(String name, int value, int minimum) {
    if (value < minimum) {
      throw new IllegalArgumentException(
          name + " must be at least " + minimum + ", but was " + value);
    }
    return value;
  }

  /**
   * A whole number within bounds.
   *
   * @throws IllegalArgumentException naming it, the bounds and the value
   */
  public static int requireBetween(String name, int value, int minimum, int maximum) {
    if (value < minimum || value > maximum) {
      throw new IllegalArgumentException(
          name + " must be between " + minimum + " and " + maximum + ", but was " + value);
    }
    return value;
  }

  /**
   * The constant of this name, in any case.
   *
   * @throws IllegalArgumentException naming those there are, if it is none of them
   */
  public static <E extends Enum<E>> E oneOf(String what, String name, E[] constants) {
    for (E constant : constants) {
      if (constant.name().equalsIgnoreCase(name)) {
        return constant;
      }
    }
    throw new IllegalArgumentException(
        what + " must be one of " + Arrays.toString(constants) + ", but was " + quote(name));
  }

  /**
   * Text that is compared with what is stored.
   *
   * @throws IllegalArgumentException if it has a control character or half a surrogate pair, which
   *     nothing stored has, and which some databases refuse
   */
  public static String requireStorable(String name, String text) {
    int bad = firstUnstorable(text);
    if (bad >= 0) {
      throw new IllegalArgumentException(unstorable(name, text, bad));
    }
    return text;
  }

  /** True if every database keeps this text as it is, white space of any kind included. */
  public static boolean isStorable(String text) {
    return text.indexOf('\0') < 0 && firstUnstorable(text.replaceAll("\\s", " ")) < 0;
  }

  /** On the way of every call, for each of its texts: what is usual is passed over at once. */
  private static int firstUnstorable(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= ' ' && c < DELETE) {
        continue;
      }
      if (unstorable(text, i)) {
        return i;
      }
      if (Character.isHighSurrogate(c)) {
        i++;
      }
    }
    return -1;
  }

  /** True for a control character and for half a surrogate pair; {@code i} starts a code point. */
  private static boolean unstorable(CharSequence text, int i) {
    char c = text.charAt(i);
    if (Character.isHighSurrogate(c)) {
      return i + 1 >= text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
    }
    return Character.isLowSurrogate(c) || Character.isISOControl(c);
  }

  private static String quote(@Nullable String value) {
    return value == null ? "null" : "'" + value + "'";
  }
}
