package io.github.usage4j;

import static java.time.ZoneOffset.UTC;

import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalAdjusters;

/**
 * A half-open interval of time in UTC: {@code start} belongs to it, {@code end} does not. Periods
 * that follow each other therefore share no instant and leave none out.
 *
 * @param start the first instant, cut to microseconds
 * @param end the first instant that no longer belongs to it, cut to microseconds; equal to {@code
 *     start} for a period without any time
 * @param billingDay the day of the month on which the period begins (1 for a calendar month), or 0
 *     if it is not a month; days 29 to 31 begin on a shorter month's last day
 */
public record BillingPeriod(Instant start, Instant end, int billingDay) {

  /** The zone of every day, week and month, to be shown beside a report: {@value}. */
  public static final String ZONE = "UTC";

  private static final Instant FIRST = Instant.EPOCH;
  private static final Instant LAST = Instant.parse("9999-12-31T00:00:00Z");

  /**
   * @throws IllegalArgumentException if the end is before the start, the billing day is not between
   *     0 and 31, or the period leaves the years 1970 to 9999
   */
  public BillingPeriod {
    start = start.truncatedTo(ChronoUnit.MICROS);
    end = end.truncatedTo(ChronoUnit.MICROS);
    if (end.isBefore(start)) {
      throw new IllegalArgumentException(
          "a period must not end before it starts, but was " + start + " to " + end);
    }
    if (start.isBefore(FIRST) || end.isAfter(LAST)) {
      throw new IllegalArgumentException(
          "a period must lie between "
              + FIRST
              + " and "
              + LAST
              + ", but was "
              + start
              + " to "
              + end);
    }
    if (billingDay < 0 || billingDay > 31) {
      throw new IllegalArgumentException(
          "billingDay must be between 0 and 31, but was " + billingDay);
    }
  }

  /** Any interval. */
  public static BillingPeriod of(Instant start, Instant end) {
    return new BillingPeriod(start, end, 0);
  }

  /** One day in UTC. */
  public static BillingPeriod day(LocalDate utcDay) {
    return of(startOf(utcDay), startOf(utcDay.plusDays(1)));
  }

  /** One calendar month in UTC; {@code month} counts from 1. */
  public static BillingPeriod month(int year, int month) {
    return month(YearMonth.of(year, month));
  }

  /** One calendar month in UTC. */
  public static BillingPeriod month(YearMonth utcMonth) {
    return anchored(utcMonth, 1);
  }

  /** The calendar month in UTC that contains this instant. */
  public static BillingPeriod monthOf(Instant at) {
    return monthOf(at, 1);
  }

  /**
   * The month that contains this instant and begins on the given day, at midnight UTC.
   *
   * @param billingDay 1 to 31; in a month that is shorter, its last day
   * @throws IllegalArgumentException if the day is not between 1 and 31
   */
  public static BillingPeriod monthOf(Instant at, int billingDay) {
    if (billingDay < 1 || billingDay > 31) {
      throw new IllegalArgumentException(
          "billingDay must be between 1 and 31, but was " + billingDay);
    }
    YearMonth month = YearMonth.from(at.atOffset(UTC));
    BillingPeriod period = anchored(month, billingDay);
    return at.isBefore(period.start) ? anchored(month.minusMonths(1), billingDay) : period;
  }

  /**
   * Whole days in UTC, of which the last is the day of {@code now}.
   *
   * @param days how many, at least 1
   */
  public static BillingPeriod lastDays(int days, Instant now) {
    if (days < 1) {
      throw new IllegalArgumentException("days must be at least 1, but were " + days);
    }
    LocalDate today = LocalDate.ofInstant(now, UTC);
    return of(startOf(today.minusDays(days - 1L)), startOf(today.plusDays(1)));
  }

  /** The day in UTC that contains this instant. */
  public static BillingPeriod today(Instant now) {
    return day(LocalDate.ofInstant(now, UTC));
  }

  /** The day before {@link #today}. */
  public static BillingPeriod yesterday(Instant now) {
    return day(LocalDate.ofInstant(now, UTC).minusDays(1));
  }

  /** The ISO week in UTC, Monday to Sunday, that contains this instant. */
  public static BillingPeriod weekOf(Instant at) {
    LocalDate monday =
        LocalDate.ofInstant(at, UTC).with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY));
    return of(startOf(monday), startOf(monday.plusWeeks(1)));
  }

  /** The calendar month in UTC before the one that contains this instant. */
  public static BillingPeriod lastMonth(Instant now) {
    return month(YearMonth.from(now.atOffset(UTC)).minusMonths(1));
  }

  /** All time: everything that was ever recorded. */
  public static BillingPeriod lifetime() {
    return of(FIRST, LAST);
  }

  /**
   * The period before this one: the month before a month, else an interval of the same length.
   *
   * @throws IllegalArgumentException if that would begin before 1970
   */
  public BillingPeriod previous() {
    if (billingDay == 0) {
      return of(start.minus(Duration.between(start, end)), start);
    }
    return anchored(YearMonth.from(start.atOffset(UTC)).minusMonths(1), billingDay);
  }

  /** The part of this period before the given instant; without any time if that is its start. */
  public BillingPeriod upTo(Instant at) {
    Instant cut = at.isBefore(start) ? start : at.isAfter(end) ? end : at;
    return of(start, cut);
  }

  /**
   * The part of {@link #previous()} that is as long as {@link #upTo} of this period, so that both
   * can be compared: November 1 to 21 with October 1 to 21.
   */
  public BillingPeriod previousUpTo(Instant at) {
    BillingPeriod previous = previous();
    return previous.upTo(previous.start.plus(Duration.between(start, upTo(at).end)));
  }

  /** How long it is; days of 24 hours, because UTC has no others. */
  public Duration length() {
    return Duration.between(start, end);
  }

  /** True if the instant belongs to this period. */
  public boolean contains(Instant at) {
    return !at.isBefore(start) && at.isBefore(end);
  }

  private static BillingPeriod anchored(YearMonth month, int billingDay) {
    return new BillingPeriod(
        startOf(dayIn(month, billingDay)),
        startOf(dayIn(month.plusMonths(1), billingDay)),
        billingDay);
  }

  private static LocalDate dayIn(YearMonth month, int billingDay) {
    return month.atDay(Math.min(billingDay, month.lengthOfMonth()));
  }

  private static Instant startOf(LocalDate utcDay) {
    return utcDay.atStartOfDay(UTC).toInstant();
  }
}
