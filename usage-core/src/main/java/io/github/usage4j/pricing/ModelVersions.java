package io.github.usage4j.pricing;

/**
 * What may stand behind the name of a model in the name of one of its versions, in this order, each
 * once at most: a date, {@code -latest}, a version, a revision, a deployment, a context window.
 * Everything else behind a name is a name of its own: {@code claude-opus-4-10} and {@code
 * gemini-3.6-flash-lite} are no versions of {@code claude-opus-4-1} and {@code gemini-3.6-flash}.
 */
final class ModelVersions {

  /** For documents and messages. */
  static final String FORMS =
      "a date (-20250929 or -2025-09-29), -latest, -v1, :0, @20250929, @2025-09-29, @default,"
          + " @latest, [1m]";

  private static final int COMPACT_DATE = 8;
  private static final int ISO_DATE = 10;
  private static final int FIRST_YEAR = 2020;
  private static final int LAST_YEAR = 2099;
  private static final int MONTHS = 12;
  private static final int DAYS = 31;
  private static final int MOST_DIGITS = 3;

  private ModelVersions() {}

  /** True if nothing but a version follows from here on, or nothing at all. */
  static boolean endsAt(String name, int from) {
    int at = from;
    at = passed(at, date(name, at, '-'));
    at = passed(at, text(name, at, "-latest"));
    at = passed(at, number(name, at, "-v"));
    at = passed(at, number(name, at, ":"));
    at = passed(at, deployment(name, at));
    at = passed(at, contextWindow(name, at));
    return at == name.length();
  }

  private static int passed(int at, int end) {
    return Math.max(at, end);
  }

  private static int deployment(String name, int at) {
    int end = text(name, at, "@default");
    end = Math.max(end, text(name, at, "@latest"));
    return Math.max(end, date(name, at, '@'));
  }

  /** Such as {@code [1m]}, by which clients ask for a context of a million tokens. */
  private static int contextWindow(String name, int at) {
    int digits = number(name, at, "[");
    boolean closed = digits > 0 && (name.startsWith("m]", digits) || name.startsWith("k]", digits));
    return closed ? digits + 2 : -1;
  }

  private static int text(String name, int at, String text) {
    return name.startsWith(text, at) ? at + text.length() : -1;
  }

  /** The end of a mark and of the digits behind it; -1 if there are none, or too many. */
  private static int number(String name, int at, String mark) {
    if (!name.startsWith(mark, at)) {
      return -1;
    }
    int end = at + mark.length();
    while (end < name.length() && digit(name, end) >= 0) {
      end++;
    }
    int digits = end - at - mark.length();
    return digits > 0 && digits <= MOST_DIGITS ? end : -1;
  }

  /** The end of a date that is one of the calendar; -1 if there is none. */
  private static int date(String name, int at, char mark) {
    if (at >= name.length() || name.charAt(at) != mark) {
      return -1;
    }
    int from = at + 1;
    if (isDate(name, from, 4, 6) && endsHere(name, from + COMPACT_DATE)) {
      return from + COMPACT_DATE;
    }
    boolean iso =
        from + ISO_DATE <= name.length()
            && name.charAt(from + 4) == '-'
            && name.charAt(from + 7) == '-'
            && isDate(name, from, 5, 8)
            && endsHere(name, from + ISO_DATE);
    return iso ? from + ISO_DATE : -1;
  }

  private static boolean isDate(String name, int from, int month, int day) {
    return within(number(name, from, 4), FIRST_YEAR, LAST_YEAR)
        && within(number(name, from + month, 2), 1, MONTHS)
        && within(number(name, from + day, 2), 1, DAYS);
  }

  private static boolean within(int number, int least, int most) {
    return number >= least && number <= most;
  }

  /** True if no further digit follows, which would make it another number. */
  private static boolean endsHere(String name, int at) {
    return at == name.length() || digit(name, at) < 0;
  }

  private static int number(String name, int from, int digits) {
    int number = 0;
    for (int at = from; at < from + digits; at++) {
      int digit = at < name.length() ? digit(name, at) : -1;
      if (digit < 0) {
        return -1;
      }
      number = number * 10 + digit;
    }
    return number;
  }

  /** ASCII only: digits of other scripts are letters of a name. */
  private static int digit(String name, int at) {
    char c = name.charAt(at);
    return c >= '0' && c <= '9' ? c - '0' : -1;
  }
}
