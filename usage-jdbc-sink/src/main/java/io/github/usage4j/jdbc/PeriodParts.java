package io.github.usage4j.jdbc;

import static java.time.ZoneOffset.UTC;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a period is read: every instant of it in exactly one part.
 *
 * @param calls read from the event table
 * @param rollups read from the rollups
 */
record PeriodParts(List<BillingPeriod> calls, List<Buckets> rollups) {

  /** Buckets from the first, up to but not including the last. */
  record Buckets(Grain grain, LocalDate from, LocalDate to) {}

  /** All of it from the event table. */
  static PeriodParts onlyCalls(BillingPeriod when) {
    return new PeriodParts(isEmpty(when) ? List.of() : List.of(when), List.of());
  }

  /**
   * As much as possible from rollups: whole months, unless days are asked for, then whole days;
   * what is left at the ends from the event table.
   */
  static PeriodParts of(UsageQuery query) {
    boolean callers =
        query.who().user() != null
            || query.who().customer() != null
            || query.dimensions().contains(Dimension.USER)
            || query.dimensions().contains(Dimension.CUSTOMER);
    return callers ? byCaller(query) : of(query, Grain.ORGANIZATION_DAY, Grain.ORGANIZATION_MONTH);
  }

  /** The same from rollups that tell users and customers apart. */
  static PeriodParts byCaller(UsageQuery query) {
    return of(query, Grain.DAY, Grain.MONTH);
  }

  private static PeriodParts of(UsageQuery query, Grain ofDay, Grain ofMonth) {
    BillingPeriod when = query.when();
    LocalDate firstDay = dayFrom(when.start());
    LocalDate endDay = LocalDate.ofInstant(when.end(), UTC);
    if (query.who().needsSingleCalls() || !firstDay.isBefore(endDay)) {
      return onlyCalls(when);
    }
    var calls = new ArrayList<BillingPeriod>();
    add(calls, when.start(), start(firstDay));
    add(calls, start(endDay), when.end());
    var rollups = new ArrayList<Buckets>();
    LocalDate firstMonth = monthFrom(firstDay);
    LocalDate endMonth = ofMonth.bucket(endDay);
    if (query.dimensions().contains(Dimension.DAY) || !firstMonth.isBefore(endMonth)) {
      rollups.add(new Buckets(ofDay, firstDay, endDay));
    } else {
      add(rollups, ofDay, firstDay, firstMonth);
      rollups.add(new Buckets(ofMonth, firstMonth, endMonth));
      add(rollups, ofDay, endMonth, endDay);
    }
    return new PeriodParts(List.copyOf(calls), List.copyOf(rollups));
  }

  boolean isEmpty() {
    return calls.isEmpty() && rollups.isEmpty();
  }

  private static LocalDate dayFrom(Instant at) {
    LocalDate day = LocalDate.ofInstant(at, UTC);
    return start(day).equals(at) ? day : day.plusDays(1);
  }

  private static LocalDate monthFrom(LocalDate day) {
    LocalDate month = Grain.MONTH.bucket(day);
    return month.equals(day) ? month : month.plusMonths(1);
  }

  static Instant start(LocalDate utcDay) {
    return utcDay.atStartOfDay(UTC).toInstant();
  }

  private static boolean isEmpty(BillingPeriod when) {
    return !when.start().isBefore(when.end());
  }

  private static void add(List<BillingPeriod> parts, Instant from, Instant to) {
    if (from.isBefore(to)) {
      parts.add(BillingPeriod.of(from, to));
    }
  }

  private static void add(List<Buckets> parts, Grain grain, LocalDate from, LocalDate to) {
    if (from.isBefore(to)) {
      parts.add(new Buckets(grain, from, to));
    }
  }
}
