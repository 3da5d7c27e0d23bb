package io.github.usage4j.limit;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.internal.Checks;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Objects;

/**
 * The time over which a limit counts: which period an instant belongs to. Periods are half-open, in
 * UTC, and those of one window follow each other without gap or overlap, except rolling days, which
 * overlap by their nature. Immutable.
 *
 * @param kind how long it is and where it begins
 * @param number the day of the month on which a {@link Kind#MONTH} begins, 1 to 31, where 29 to 31
 *     begin on a shorter month's last day; the number of {@link Kind#ROLLING_DAYS}; else 0
 */
public record LimitWindow(Kind kind, int number) {

  /** The greatest number of rolling days. */
  public static final int MAX_ROLLING_DAYS = 366;

  /**
   * Where a {@link Kind#BILLING} period ends of which nobody knows the end. A day before all time
   * ends, so that its counter is not that of {@link Kind#LIFETIME}.
   */
  public static final Instant UNTIL_RENEWAL =
      BillingPeriod.lifetime().end().minus(Duration.ofDays(1));

  /** How long a window is and where it begins. */
  public enum Kind {
    /** No time at all: how many calls are under way at once, in each instance. */
    AT_ONCE,
    /** A minute, in each instance. */
    MINUTE,
    /** An hour, in each instance. */
    HOUR,
    /** A day in UTC. */
    DAY,
    /** An ISO week in UTC, Monday to Sunday. */
    WEEK,
    /** A month in UTC, from a day of the month. */
    MONTH,
    /** From one renewal to the next, as the host's billing system says. */
    BILLING,
    /** All time. */
    LIFETIME,
    /** So many whole days in UTC, of which the last is today. */
    ROLLING_DAYS
  }

  /**
   * @throws IllegalArgumentException if the number does not fit the kind
   */
  public LimitWindow {
    Objects.requireNonNull(kind, "kind");
    switch (kind) {
      case MONTH -> Checks.requireBetween("billingDay", number, 1, 31);
      case ROLLING_DAYS -> Checks.requireBetween("rolling days", number, 1, MAX_ROLLING_DAYS);
      default -> Checks.requireBetween("number of a window of kind " + kind, number, 0, 0);
    }
  }

  static LimitWindow of(Kind kind) {
    return new LimitWindow(kind, kind == Kind.MONTH ? 1 : 0);
  }

  /** True if it is kept by each instance for itself and never stored: see docs/limits.md. */
  public boolean isRate() {
    return kind == Kind.AT_ONCE || kind == Kind.MINUTE || kind == Kind.HOUR;
  }

  /** In which time a rate's bucket fills; none if it has no bucket. */
  Duration rateTime() {
    return switch (kind) {
      case MINUTE -> Duration.ofMinutes(1);
      case HOUR -> Duration.ofHours(1);
      default -> Duration.ZERO;
    };
  }

  /**
   * The period that contains an instant.
   *
   * @param renewed where the host's billing system began a period, for {@link Kind#BILLING}; others
   *     do not look at it
   */
  public BillingPeriod periodAt(Instant at, BillingPeriod renewed) {
    return switch (kind) {
      case AT_ONCE, MINUTE -> span(at, ChronoUnit.MINUTES, Duration.ofMinutes(1));
      case HOUR -> span(at, ChronoUnit.HOURS, Duration.ofHours(1));
      case DAY -> BillingPeriod.today(at);
      case WEEK -> BillingPeriod.weekOf(at);
      case MONTH -> BillingPeriod.monthOf(at, number);
      case BILLING ->
          renewed.end().isBefore(UNTIL_RENEWAL)
              ? renewed
              : BillingPeriod.of(renewed.start(), UNTIL_RENEWAL);
      case LIFETIME -> BillingPeriod.lifetime();
      case ROLLING_DAYS -> BillingPeriod.lastDays(number, at);
    };
  }

  private static BillingPeriod span(Instant at, ChronoUnit unit, Duration length) {
    Instant start = at.truncatedTo(unit);
    return BillingPeriod.of(start, start.plus(length));
  }

  /** In words, such as {@code day} or {@code month from day 15}. */
  @Override
  public String toString() {
    return switch (kind) {
      case AT_ONCE -> "at once";
      case MONTH -> number == 1 ? "month" : "month from day " + number;
      case BILLING -> "billing period";
      case ROLLING_DAYS -> number + " rolling days";
      default -> kind.name().toLowerCase(Locale.ROOT);
    };
  }
}
