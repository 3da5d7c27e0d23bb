package io.github.usage4j.jdbc;

import java.time.LocalDate;

/** How long a bucket of the rollups is. */
enum Grain {
  DAY("D"),
  MONTH("M");

  /** No call is later, and no database's calendar must be: MariaDB's ends in 9999. */
  private static final LocalDate LAST = LocalDate.of(9999, 12, 31);

  /** As it is stored. */
  final String code;

  Grain(String code) {
    this.code = code;
  }

  /** The first day of the bucket that contains this day. */
  LocalDate bucket(LocalDate utcDay) {
    return this == DAY ? utcDay : utcDay.withDayOfMonth(1);
  }

  /** The first day after the bucket. */
  LocalDate end(LocalDate bucket) {
    LocalDate end = this == DAY ? bucket.plusDays(1) : bucket.plusMonths(1);
    return end.isAfter(LAST) ? LAST : end;
  }
}
