package io.github.usage4j.jdbc;

import java.time.LocalDate;

/**
 * What a row of the rollups stands for: how long its bucket is, and whether users and customers are
 * told apart. Those of whole organizations say nothing that the others do not; they are there
 * because a month of one has a hundredth of the rows.
 */
enum Grain {
  DAY("D", false),
  MONTH("M", false),
  ORGANIZATION_DAY("D", true),
  ORGANIZATION_MONTH("M", true);

  /** No call is later, and no database's calendar must be: MariaDB's ends in 9999. */
  private static final LocalDate LAST = LocalDate.of(9999, 12, 31);

  /** As it is stored. */
  final String code;

  /** True if all users and customers of an organization are in one row. */
  final boolean ofOrganization;

  Grain(String code, boolean ofOrganization) {
    this.code = code;
    this.ofOrganization = ofOrganization;
  }

  boolean isDay() {
    return code.equals(DAY.code);
  }

  /** The table that has its rows. */
  String table(Tables tables) {
    return ofOrganization ? tables.organizationRollup() : tables.rollup();
  }

  /** The first day of the bucket that contains this day. */
  LocalDate bucket(LocalDate utcDay) {
    return isDay() ? utcDay : utcDay.withDayOfMonth(1);
  }

  /** The first day after the bucket. */
  LocalDate end(LocalDate bucket) {
    LocalDate end = isDay() ? bucket.plusDays(1) : bucket.plusMonths(1);
    return end.isAfter(LAST) ? LAST : end;
  }
}
