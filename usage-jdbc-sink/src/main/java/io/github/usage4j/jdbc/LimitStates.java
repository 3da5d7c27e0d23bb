package io.github.usage4j.jdbc;

import io.github.usage4j.internal.UsageIds;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitWindow;
import io.github.usage4j.limit.UsageAlert;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * The rows of counters. Whoever changes one has locked it here before, and several in one order.
 */
final class LimitStates {

  /** What the lists of statements hold at most. */
  static final int AT_ONCE = 500;

  private final Jobs jobs;
  private final LimitAlerts alerts;

  LimitStates(Jobs jobs, LimitAlerts alerts) {
    this.jobs = jobs;
    this.alerts = alerts;
  }

  /** Rows as they are, without locks, in no order; those that are there. */
  List<LimitRow> read(Connection connection, Collection<UUID> hashes) throws SQLException {
    return select(connection, hashes, "");
  }

  /** Locks rows, in the order of their hashes; gives those that are there. */
  List<LimitRow> lock(Connection connection, Collection<UUID> hashes) throws SQLException {
    return select(connection, hashes, " ORDER BY state_hash FOR UPDATE");
  }

  private List<LimitRow> select(Connection connection, Collection<UUID> hashes, String end)
      throws SQLException {
    List<UUID> sorted = hashes.stream().distinct().sorted(UsageIds.ORDER).toList();
    var rows = new ArrayList<LimitRow>();
    for (List<UUID> part : Sql.parts(sorted, AT_ONCE)) {
      select()
          .in("state_hash", part.stream().map(jobs.dialect()::hash))
          .add(end)
          .forEach(connection, row -> rows.add(LimitRow.read(row, jobs.dialect())));
    }
    return rows;
  }

  /**
   * Rows of these scopes whose period has an instant between two, both included.
   *
   * @param scopes of {@link LimitKeys#scopeHash}
   */
  List<LimitRow> between(
      Connection connection, Collection<UUID> scopes, Instant first, Instant last)
      throws SQLException {
    var rows = new ArrayList<LimitRow>();
    for (List<UUID> part : Sql.parts(scopes, AT_ONCE)) {
      select()
          .in("scope_hash", part.stream().map(jobs.dialect()::hash))
          .add(" AND period_start <= ")
          .bind(last)
          .add(" AND period_end > ")
          .bind(first)
          .forEach(connection, row -> rows.add(LimitRow.read(row, jobs.dialect())));
    }
    return rows;
  }

  private Sql select() {
    return new Sql(
        jobs.dialect(),
        "SELECT " + LimitRow.COLUMNS + " FROM " + jobs.tables().limitState() + " WHERE ");
  }

  /** Raises the alert that is due, in the transaction that changed a locked row. */
  LimitRow alert(Connection connection, LimitRow row) throws SQLException {
    int threshold = row.terms().crossed(row.used(), row.total(), row.alerted());
    if (threshold == 0) {
      return row;
    }
    if (!isRenewed(connection, row.key())) {
      alerts.insert(
          connection,
          UsageAlert.reached(row.key(), threshold, row.used(), row.total(), jobs.now()));
    }
    return row.alerted(threshold);
  }

  /** True if the period of a counter has ended by a later one, whose calls it counts, too. */
  private boolean isRenewed(Connection connection, LimitKey key) throws SQLException {
    String organization = key.scope().organization();
    if (!key.endsWithRenewal() || organization == null) {
      return false;
    }
    boolean[] renewed = {false};
    new Sql(jobs.dialect(), "SELECT COUNT(*) FROM ")
        .add(jobs.tables().billingPeriod())
        .add(" WHERE organization = ")
        .bind(organization)
        .add(" AND starts_at > ")
        .bind(key.period().start())
        .forEach(connection, row -> renewed[0] = row.getLong(1) > 0);
    return renewed[0];
  }

  void insert(Connection connection, LimitRow row) throws SQLException {
    String sql =
        "INSERT INTO "
            + jobs.tables().limitState()
            + " (state_hash, scope_hash, "
            + LimitKeys.COLUMNS
            + ", allowance, alert_at, granted, used, leased, alerted, opened_at) VALUES (?, ?, "
            + LimitKeys.MARKS
            + ", ?, ?, ?, ?, ?, ?, ?)";
    LimitKey key = row.key();
    Stream<Object> values =
        Stream.of(
                Stream.<Object>of(
                    jobs.dialect().hash(row.hash()),
                    jobs.dialect().hash(LimitKeys.scopeHash(key.scope()))),
                LimitKeys.values(key),
                Stream.<Object>of(
                    row.terms().allowance(),
                    LimitRow.text(row.terms().alertAt()),
                    row.granted(),
                    row.used(),
                    row.leased(),
                    row.alerted(),
                    jobs.now()))
            .flatMap(some -> some);
    jobs.update(connection, sql, values.toArray());
  }

  /** Writes rows that are locked. */
  void update(Connection connection, Collection<LimitRow> rows) throws SQLException {
    String sql =
        "UPDATE "
            + jobs.tables().limitState()
            + " SET allowance = ?, alert_at = ?, granted = ?, used = ?, leased = ?, alerted = ?"
            + " WHERE state_hash = ?";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (LimitRow row : rows) {
        jobs.bind(
            statement,
            row.terms().allowance(),
            LimitRow.text(row.terms().alertAt()),
            row.granted(),
            row.used(),
            row.leased(),
            row.alerted(),
            jobs.dialect().hash(row.hash()));
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  /**
   * Forgets some counters whose period ended, by a renewal, too, and their leases; grants and
   * alerts stay. What a counter that is opened again starts with is added up from rollups.
   *
   * @return how many; 0 if there are no more
   */
  int forget(Connection connection, Instant endedAt) throws SQLException {
    jobs.dialect().lockForMaintenance(connection, jobs.tables());
    var hashes = new ArrayList<UUID>();
    new Sql(jobs.dialect(), "SELECT state_hash FROM ")
        .add(jobs.tables().limitState())
        .add(" s WHERE period_end <= ")
        .bind(endedAt)
        .add(" OR (period_end = ")
        .bind(LimitWindow.UNTIL_RENEWAL)
        .add(" AND EXISTS (SELECT 1 FROM ")
        .add(jobs.tables().billingPeriod())
        .add(" b WHERE b.organization = s.organization AND b.starts_at > s.period_start")
        .add(" AND b.starts_at <= ")
        .bind(endedAt)
        .add(")) ORDER BY state_hash" + Sql.first(AT_ONCE))
        .forEach(connection, row -> hashes.add(jobs.dialect().hash(row, "state_hash")));
    List<UUID> locked = lock(connection, hashes).stream().map(LimitRow::hash).toList();
    if (locked.isEmpty()) {
      return 0;
    }
    for (String table : List.of(jobs.tables().limitLease(), jobs.tables().limitState())) {
      new Sql(jobs.dialect(), "DELETE FROM " + table + " WHERE ")
          .in("state_hash", locked.stream().map(jobs.dialect()::hash))
          .update(connection);
    }
    return locked.size();
  }
}
