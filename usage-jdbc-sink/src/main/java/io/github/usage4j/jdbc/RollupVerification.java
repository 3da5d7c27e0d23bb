package io.github.usage4j.jdbc;

import static java.time.ZoneOffset.UTC;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.jdbc.PeriodParts.Buckets;
import io.github.usage4j.jdbc.RollupCheck.Source;
import io.github.usage4j.jdbc.UsageMaintenance.Difference;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Compares all rollups with the single calls, one organization after the other, in snapshots:
 * retention that moves the horizon and deletes calls meanwhile would look like rollups without
 * calls.
 */
final class RollupVerification {

  /** Old row versions are kept for as long as a snapshot lasts. */
  private static final long SNAPSHOT = TimeUnit.SECONDS.toNanos(10);

  private final Jobs jobs;
  private final RollupCheck check;
  private final Horizon horizon;

  RollupVerification(Jobs jobs, RollupCheck check) {
    this.jobs = jobs;
    this.check = check;
    this.horizon = new Horizon(jobs.dialect(), jobs.tables());
  }

  void verify(BillingPeriod when, Consumer<Difference> finding) throws SQLException {
    Optional<String> next = Optional.of("");
    while (next.isPresent()) {
      String first = next.get();
      next =
          jobs.transactions()
              .snapshotOnce(connection -> verifyFrom(connection, first, when, finding));
    }
  }

  /** As many organizations as one snapshot may serve; says which comes after them. */
  private Optional<String> verifyFrom(
      Connection connection, String first, BillingPeriod when, Consumer<Difference> finding)
      throws SQLException {
    long begun = System.nanoTime();
    Optional<String> next = verify(connection, first, when, finding);
    while (next.isPresent() && System.nanoTime() - begun < SNAPSHOT) {
      next = verify(connection, next.get(), when, finding);
    }
    return next;
  }

  /** Says which organization comes after this one. */
  private Optional<String> verify(
      Connection connection, String organization, BillingPeriod when, Consumer<Difference> finding)
      throws SQLException {
    var stored = new OrganizationMonths(jobs.dialect(), jobs.tables(), connection);
    stored.forEach(organization, when, month -> verify(connection, organization, month, finding));
    return Optional.ofNullable(stored.after(organization));
  }

  private void verify(
      Connection connection, String organization, LocalDate month, Consumer<Difference> finding)
      throws SQLException {
    RollupCheck.Finder finder = row -> Differences.of(row, finding);
    Instant from = horizon.after(connection, PeriodParts.start(month)).of(organization);
    LocalDate firstDay = LocalDate.ofInstant(from, UTC);
    if (PeriodParts.start(firstDay).isBefore(from)) {
      firstDay = firstDay.plusDays(1);
    }
    LocalDate start = firstDay.isAfter(month) ? firstDay : month;
    LocalDate end = Grain.MONTH.end(month);
    if (!start.isBefore(end)) {
      return;
    }
    var found = new boolean[1];
    check.compare(
        connection,
        organization,
        new Buckets(Grain.DAY, start, end),
        Source.CALLS,
        row -> {
          found[0] = true;
          finder.found(row);
        });
    // Days that are right say all that the calls do, in a fraction of the rows.
    Source source = found[0] ? Source.CALLS : Source.DAYS;
    for (Grain grain : Grain.values()) {
      if (grain == Grain.ORGANIZATION_DAY || (!grain.isDay() && start.equals(month))) {
        check.compare(connection, organization, new Buckets(grain, start, end), source, finder);
      }
    }
  }
}
