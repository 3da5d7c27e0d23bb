package io.github.usage4j.backfill;

import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/** Reads times as other systems write them. */
final class RecordTimes {

  private static final long NANOS = 1_000_000_000L;

  private final @Nullable ZoneId localTimes;

  /**
   * @param localTimes the zone of times that state none; null refuses them
   */
  RecordTimes(@Nullable ZoneId localTimes) {
    this.localTimes = localTimes;
  }

  /**
   * A time; null if there is none.
   *
   * @param property what it is, for the message
   * @throws IllegalArgumentException if it is no time, or has no zone
   */
  @Nullable Instant read(String property, @Nullable Object value) {
    if (value == null) {
      return null;
    }
    try {
      if (value instanceof Instant at) {
        return at;
      }
      if (value instanceof OffsetDateTime at) {
        return at.toInstant();
      }
      if (value instanceof LocalDateTime at) {
        return local(property, at);
      }
      BigDecimal number =
          value instanceof BigDecimal exact
              ? DecimalBounds.ANY.exact(exact)
              : DecimalBounds.ANY.exact(value.toString());
      if (number != null && number.signum() >= 0) {
        return epoch(number);
      }
      return written(property, value.toString());
    } catch (DateTimeException | ArithmeticException e) {
      String shown =
          value instanceof BigDecimal exact
              ? DecimalBounds.shown(exact)
              : DecimalBounds.shown(value.toString());
      throw new IllegalArgumentException(
          property + " must be a time such as 2026-11-21T12:00:00Z, but is " + shown, e);
    }
  }

  /** Seconds, milliseconds, microseconds or nanoseconds since 1970: by their size, to year 5138. */
  private static Instant epoch(BigDecimal number) {
    int digits = number.precision() - number.scale();
    int shift = digits <= 11 ? 9 : digits <= 14 ? 6 : digits <= 17 ? 3 : 0;
    BigDecimal nanos = number.movePointRight(shift);
    if (nanos.precision() - nanos.scale() > 20) {
      throw new DateTimeException("more than nanoseconds");
    }
    long seconds = nanos.movePointLeft(9).longValue();
    long rest = nanos.subtract(BigDecimal.valueOf(seconds).movePointRight(9)).longValue();
    return Instant.ofEpochSecond(seconds, rest % NANOS);
  }

  private Instant written(String property, String text) {
    String iso = text.indexOf(' ') == 10 ? text.replaceFirst(" ", "T") : text;
    String joined = iso.replace(" ", "");
    try {
      return DateTimeFormatter.ISO_OFFSET_DATE_TIME.parse(joined, Instant::from);
    } catch (DateTimeException e) {
      return local(property, LocalDateTime.parse(iso));
    }
  }

  private Instant local(String property, LocalDateTime at) {
    if (localTimes == null) {
      throw new IllegalArgumentException(
          property + " has no time zone: " + at + "; say which one with localTimesIn");
    }
    return at.atZone(localTimes).toInstant();
  }
}
