package io.github.usage4j.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/**
 * How large and how fine a decimal number may be that somebody else states: a provider, a price
 * file, an import, a file of events. Each foreign number is read through here before anything is
 * computed with it, because {@link BigDecimal} takes {@code 1e-100000000} as it is, and the first
 * addition, rounding or plain text of it writes out a hundred million digits.
 *
 * <p>The time to read a number depends neither on its exponent nor on its length: what has more
 * than {@link #MAX_DIGITS} digits or characters, or an exponent beyond that, is refused unread.
 * What is returned has at most {@code integerDigits + decimals} digits in one form per value,
 * without trailing zeros and without an exponent, so that all arithmetic with it is short. A sign
 * is kept; whether an amount may be negative is for the caller to check. Nothing that is returned
 * is -0.
 *
 * @param integerDigits the most digits before the point
 * @param decimals the most digits behind the point, trailing zeros not counted
 */
public record DecimalBounds(int integerDigits, int decimals) {

  /**
   * The most digits, characters and places of an exponent that are looked at; Jackson's own bound
   * for a number in JSON.
   */
  public static final int MAX_DIGITS = 1_000;

  /** For callers that say more exactly what they refuse: only bounds the work. */
  public static final DecimalBounds ANY = new DecimalBounds(MAX_DIGITS, MAX_DIGITS);

  /** Whole numbers that fit into a {@code long}. */
  public static final DecimalBounds WHOLE = new DecimalBounds(18, 0);

  /** So many bits have at least {@link #MAX_DIGITS} digits. */
  private static final int MAX_BITS = 3_330;

  private static final int MAX_SHOWN = 80;

  /** Shown without an exponent up to here. */
  private static final int PLAIN = 40;

  /**
   * @throws IllegalArgumentException if a number of digits is negative or more than {@link
   *     #MAX_DIGITS}
   */
  public DecimalBounds {
    Checks.requireBetween("integerDigits", integerDigits, 0, MAX_DIGITS);
    Checks.requireBetween("decimals", decimals, 0, MAX_DIGITS);
  }

  /**
   * The number, if it is within the bounds as it is.
   *
   * @param stated text in JSON is no number here: hand in its {@link JsonNode#textValue()}
   * @return null if it is absent, is no number (NaN and infinity are none), or is not within the
   *     bounds
   */
  public @Nullable BigDecimal exact(@Nullable JsonNode stated) {
    return exact(read(stated));
  }

  /**
   * The number, if the text is one in ASCII digits and within the bounds as it is.
   *
   * @return null if it is absent, no number, or not within the bounds
   */
  public @Nullable BigDecimal exact(@Nullable String stated) {
    return exact(read(stated));
  }

  /**
   * The number, if it is within the bounds as it is.
   *
   * @return null if it is absent or not within the bounds
   */
  public @Nullable BigDecimal exact(@Nullable BigDecimal stated) {
    BigDecimal number = plainOrNull(stated);
    return number != null && number.scale() <= decimals && fits(number) ? number : null;
  }

  /**
   * As {@link #exact(String)}, but with the zeros at its end that were written: a price of 0.30 is
   * shown as such. Only an exponent is written out.
   */
  public @Nullable BigDecimal asWritten(@Nullable String stated) {
    BigDecimal number = read(stated);
    BigDecimal plain = exact(number);
    return plain == null || number == null || number.scale() < 0 || number.scale() > decimals
        ? plain
        : number;
  }

  /**
   * The number, with what it has beyond {@link #decimals} rounded half-even: binary fractions have
   * more digits than an amount of money.
   *
   * @return null as with {@link #exact(JsonNode)}, except for the decimals
   */
  public @Nullable BigDecimal rounded(@Nullable JsonNode stated) {
    return rounded(read(stated));
  }

  /** As {@link #rounded(JsonNode)}, for text as in {@link #exact(String)}. */
  public @Nullable BigDecimal rounded(@Nullable String stated) {
    return rounded(read(stated));
  }

  /** As {@link #rounded(JsonNode)}. */
  public @Nullable BigDecimal rounded(@Nullable BigDecimal stated) {
    BigDecimal number = plainOrNull(stated);
    if (number != null && number.scale() > decimals) {
      number = plainOrNull(number.setScale(decimals, RoundingMode.HALF_EVEN));
    }
    return number != null && fits(number) ? number : null;
  }

  /**
   * The number, which must be within the bounds as it is.
   *
   * @param what it is, for the message
   * @throws IllegalArgumentException naming it, the bounds and the value
   */
  public BigDecimal require(String what, String stated) {
    BigDecimal number = exact(stated);
    if (number == null) {
      throw refused(what, shown(stated));
    }
    return number;
  }

  /** As {@link #require(String, String)}. */
  public BigDecimal require(String what, BigDecimal stated) {
    BigDecimal number = exact(stated);
    if (number == null) {
      throw refused(what, shown(stated));
    }
    return number;
  }

  private IllegalArgumentException refused(String what, String shown) {
    return new IllegalArgumentException(
        what
            + " must be a decimal number with at most "
            + integerDigits
            + " digits before and "
            + decimals
            + " behind the point, but was "
            + shown);
  }

  private boolean fits(BigDecimal number) {
    return number.precision() - number.scale() <= integerDigits;
  }

  /**
   * A whole number, also one that is written with a point or an exponent, such as 12.0 or 1e3.
   *
   * @return null if it is absent, is none, or has more than 18 digits
   */
  public static @Nullable Long wholeNumber(@Nullable JsonNode stated) {
    return wholeNumber(WHOLE.exact(stated));
  }

  /** As {@link #wholeNumber(JsonNode)}, for text as in {@link #exact(String)}. */
  public static @Nullable Long wholeNumber(@Nullable String stated) {
    return wholeNumber(WHOLE.exact(stated));
  }

  private static @Nullable Long wholeNumber(@Nullable BigDecimal number) {
    return number == null ? null : Long.valueOf(number.longValue());
  }

  /**
   * One form per value, without trailing zeros and without an exponent, so that equal amounts are
   * equal objects.
   *
   * @throws IllegalArgumentException naming the value, if it is not within {@link #ANY}
   */
  public static BigDecimal plain(BigDecimal number) {
    return ANY.require("number", number);
  }

  /** A foreign number for a message: as it was written, cut where it is long. */
  public static String shown(BigDecimal number) {
    if (!isShort(number)) {
      return "a number of more than " + MAX_DIGITS + " digits";
    }
    boolean plain = number.scale() >= -PLAIN && number.scale() <= PLAIN;
    return cut(plain ? number.toPlainString() : number.toString());
  }

  /** Foreign text for a message, in quotes, cut where it is long. */
  public static String shown(String text) {
    return "'" + cut(text) + "'";
  }

  private static String cut(String text) {
    return text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "…" : text;
  }

  private static @Nullable BigDecimal read(@Nullable JsonNode stated) {
    if (stated == null || !stated.isNumber()) {
      return null;
    }
    boolean binary = stated.isDouble() || stated.isFloat();
    return binary && !Double.isFinite(stated.doubleValue()) ? null : stated.decimalValue();
  }

  private static @Nullable BigDecimal read(@Nullable String stated) {
    if (stated == null || stated.length() > MAX_DIGITS) {
      return null;
    }
    for (int i = 0; i < stated.length(); i++) {
      if (stated.charAt(i) > 'e') { // digits of other scripts could be parsed, too
        return null;
      }
    }
    try {
      return new BigDecimal(stated);
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /** Bounds the work first: digits and exponent of what is returned are at most MAX_DIGITS. */
  private static @Nullable BigDecimal plainOrNull(@Nullable BigDecimal number) {
    if (number == null || !isShort(number)) {
      return null;
    }
    if (number.signum() == 0) {
      return BigDecimal.ZERO; // 0e-999999999 too
    }
    if (number.scale() > MAX_DIGITS || number.scale() < -MAX_DIGITS) {
      return null;
    }
    BigDecimal stripped = number.stripTrailingZeros();
    return stripped.scale() < 0 ? stripped.setScale(0) : stripped;
  }

  /** By its bits, because counting the digits of a long number takes long. */
  private static boolean isShort(BigDecimal number) {
    return number.unscaledValue().bitLength() <= MAX_BITS;
  }
}
