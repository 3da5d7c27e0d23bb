package io.github.usage4j.jdbc;

import static java.time.ZoneOffset.UTC;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageException;
import io.github.usage4j.jdbc.PeriodParts.Buckets;
import io.github.usage4j.jdbc.RollupCheck.Difference;
import io.github.usage4j.jdbc.RollupCheck.Source;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The steps in which rollups are made right again. Each is one transaction and leaves what it
 * touched exact: days from the calls, then all else from the days.
 */
final class RollupRepair {

  private final Dialect dialect;
  private final Tables tables;
  private final RollupCheck check;
  private final Horizon horizon;

  RollupRepair(Dialect dialect, Tables tables, RollupCheck check) {
    this.dialect = dialect;
    this.tables = tables;
    this.check = check;
    this.horizon = new Horizon(dialect, tables);
  }

  /**
   * Checks that calls are there for every month that the period touches.
   *
   * @throws UsageException naming the first horizon that is later
   */
  boolean requireCalls(Connection connection, BillingPeriod when) throws SQLException {
    LocalDate month = Grain.MONTH.bucket(LocalDate.ofInstant(when.start(), UTC));
    Instant start = PeriodParts.start(month);
    Horizon.Positions later = horizon.after(connection, start);
    require(month, later.everywhere(), "");
    later
        .organizations()
        .forEach(
            (organization, from) ->
                require(month, from, " of organization '" + organization + "'"));
    return true;
  }

  private static void require(LocalDate month, Instant horizon, String whose) {
    if (PeriodParts.start(month).isBefore(horizon)) {
      throw new UsageException(
          "rollups can be rebuilt for months that begin at or after the raw horizon"
              + whose
              + ", "
              + horizon
              + ", but this would begin with "
              + month
              + ": the calls before it are gone, and the rollups are all that is left of them",
          null);
    }
  }

  /**
   * What is to be repaired for one organization. Nobody waits while this is found out.
   *
   * @param organization "" is unattributed
   * @param days that differ from the calls
   * @param months that differ from their days, or will when those are repaired
   * @param next the organization to look at next; null if this is the last
   */
  record Plan(
      String organization, List<LocalDate> days, List<LocalDate> months, @Nullable String next) {}

  Plan plan(Connection connection, String organization, BillingPeriod when) throws SQLException {
    var days = new TreeSet<LocalDate>();
    var months = new TreeSet<LocalDate>();
    var stored = new OrganizationMonths(dialect, tables, connection);
    stored.forEach(
        organization,
        when,
        month -> {
          var ofMonth = new Buckets(Grain.DAY, month, Grain.MONTH.end(month));
          check.compare(
              connection,
              organization,
              ofMonth,
              Source.CALLS,
              found -> {
                days.add(found.bucket());
                months.add(month);
              });
          var wide = new Buckets(Grain.ORGANIZATION_DAY, month, ofMonth.to());
          check.compare(
              connection, organization, wide, Source.DAYS, found -> days.add(found.bucket()));
          for (Grain grain : List.of(Grain.MONTH, Grain.ORGANIZATION_MONTH)) {
            var itself = new Buckets(grain, month, ofMonth.to());
            check.compare(
                connection, organization, itself, Source.DAYS, found -> months.add(month));
          }
        });
    return new Plan(
        organization, List.copyOf(days), List.copyOf(months), stored.after(organization));
  }

  boolean day(Connection connection, String organization, LocalDate day) throws SQLException {
    return repair(connection, organization, day, Grain.DAY, Grain.ORGANIZATION_DAY);
  }

  boolean month(Connection connection, String organization, LocalDate month) throws SQLException {
    return repair(connection, organization, month, Grain.MONTH, Grain.ORGANIZATION_MONTH);
  }

  private boolean repair(
      Connection connection, String organization, LocalDate bucket, Grain byCaller, Grain wide)
      throws SQLException {
    dialect.lockForMaintenance(connection, tables);
    require(
        Grain.MONTH.bucket(bucket),
        horizon.after(connection, Horizon.NONE).of(organization),
        " of organization '" + organization + "'");
    repair(connection, organization, byCaller, bucket);
    repair(connection, organization, wide, bucket);
    return true;
  }

  private void repair(Connection connection, String organization, Grain grain, LocalDate bucket)
      throws SQLException {
    List<Difference> found = differences(connection, organization, grain, bucket);
    delete(connection, grain, found);
    List<RollupRow> rows =
        found.stream()
            .map(Difference::expectedRow)
            .flatMap(Optional::stream)
            .sorted(RollupRow.ORDER)
            .toList();
    if (!rows.isEmpty()) {
      dialect.addToRollups(connection, tables, rows);
    }
  }

  private List<Difference> differences(
      Connection connection, String organization, Grain grain, LocalDate bucket)
      throws SQLException {
    var found = new ArrayList<Difference>();
    var buckets = new Buckets(grain, bucket, grain.end(bucket));
    Source source = grain == Grain.DAY ? Source.CALLS : Source.DAYS;
    check.compare(connection, organization, buckets, source, found::add);
    return found;
  }

  /** By primary key: a row of which a name was changed may be in the place of a missing one. */
  private void delete(Connection connection, Grain grain, List<Difference> found)
      throws SQLException {
    String sql =
        "DELETE FROM " + grain.table(tables) + " WHERE grain = ? AND bucket = ? AND key_hash = ?";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (Difference difference : found) {
        statement.setString(1, grain.code);
        statement.setObject(2, difference.bucket());
        statement.setObject(3, dialect.hash(difference.hash()));
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }
}
