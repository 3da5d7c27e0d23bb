package io.github.usage4j.jdbc;

import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.UsageAlert;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** The rows of alerts. */
final class LimitAlerts {

  private static final String COLUMNS =
      "alert_id, state_hash, scope_hash, alert_type, threshold, "
          + LimitKeys.COLUMNS
          + ", used, allowance, raised_at, acknowledged_at, acknowledged_by";

  private final Jobs jobs;

  LimitAlerts(Jobs jobs) {
    this.jobs = jobs;
  }

  /**
   * Stores an alert unless there is one like it; false if there is. Two that are stored at once
   * meet at the unique index, and the transaction of one is repeated.
   */
  boolean insert(Connection connection, UsageAlert alert) throws SQLException {
    LimitKey key = alert.key();
    Object hash = jobs.dialect().hash(LimitKeys.hash(key));
    if (isThere(connection, hash, alert)) {
      return false;
    }
    String sql =
        "INSERT INTO "
            + jobs.tables().alert()
            + " ("
            + COLUMNS
            + ") VALUES (?, ?, ?, ?, ?, "
            + LimitKeys.MARKS
            + ", ?, ?, ?, ?, ?)";
    Stream<Object> first =
        Stream.of(
            alert.id(),
            hash,
            jobs.dialect().hash(LimitKeys.scopeHash(key.scope())),
            alert.type().name(),
            alert.threshold());
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      List<Object> values = new ArrayList<>(Stream.concat(first, LimitKeys.values(key)).toList());
      values.add(alert.used());
      values.add(alert.allowance());
      values.add(alert.raisedAt());
      jobs.bind(statement, values.toArray());
      Instant known = alert.acknowledgedAt();
      jobs.bindAt(statement, values.size() + 1, known, Column.Type.TIMESTAMP);
      jobs.bindAt(statement, values.size() + 2, alert.acknowledgedBy(), Column.Type.TEXT);
      statement.executeUpdate();
    }
    return true;
  }

  private boolean isThere(Connection connection, Object hash, UsageAlert alert)
      throws SQLException {
    var found = new ArrayList<Boolean>();
    new Sql(jobs.dialect(), "SELECT 1 FROM ")
        .add(jobs.tables().alert())
        .add(" WHERE state_hash = ")
        .mark(hash)
        .add(" AND alert_type = ")
        .bind(alert.type().name())
        .add(" AND threshold = ")
        .bind(alert.threshold())
        .forEach(connection, row -> found.add(true));
    return !found.isEmpty();
  }

  /** The highest threshold that was ever raised for a counter; 0 if none was. */
  int highest(Connection connection, LimitKey key) throws SQLException {
    int[] highest = {0};
    new Sql(jobs.dialect(), "SELECT COALESCE(MAX(threshold), 0) FROM ")
        .add(jobs.tables().alert())
        .add(" WHERE ")
        .in("state_hash", LimitKeys.hashes(key).stream().map(jobs.dialect()::hash))
        .add(" AND alert_type IN ('WARNING', 'REACHED')")
        .forEach(connection, row -> highest[0] = row.getInt(1));
    return highest[0];
  }

  List<UsageAlert> of(Connection connection, Scope scope, int most) throws SQLException {
    var alerts = new ArrayList<UsageAlert>();
    select(" WHERE scope_hash = ")
        .mark(jobs.dialect().hash(LimitKeys.scopeHash(scope)))
        .add(" AND category = ")
        .bind(LimitKeys.orEmpty(scope.category()))
        .add(" AND model = ")
        .bind(LimitKeys.orEmpty(scope.model()))
        .add(" ORDER BY raised_at DESC, alert_id DESC")
        .limit(most)
        .forEach(connection, row -> alerts.add(read(row)));
    return alerts;
  }

  /** Those that wait and nobody delivers who is still known, or this holder does. */
  List<UsageAlert> take(Connection connection, String holder, int most) throws SQLException {
    var alerts = new ArrayList<UsageAlert>();
    select(" WHERE delivered_at IS NULL AND (taken_by IS NULL OR taken_by = ")
        .bind(holder)
        .add(" OR NOT EXISTS (SELECT 1 FROM ")
        .add(jobs.tables().limitHolder())
        .add(" h WHERE h.holder = taken_by)) ORDER BY raised_at, alert_id")
        .limit(most)
        .add(" FOR UPDATE")
        .forEach(connection, row -> alerts.add(read(row)));
    String sql = "UPDATE " + jobs.tables().alert() + " SET taken_by = ? WHERE alert_id = ?";
    for (UsageAlert alert : alerts) {
      jobs.update(connection, sql, holder, alert.id());
    }
    return alerts;
  }

  /** Lets others deliver what this holder took. */
  void leave(Connection connection, String holder) throws SQLException {
    jobs.update(
        connection,
        "UPDATE "
            + jobs.tables().alert()
            + " SET taken_by = NULL WHERE delivered_at IS NULL AND taken_by = ?",
        holder);
  }

  void delivered(Connection connection, UUID id) throws SQLException {
    jobs.update(
        connection,
        "UPDATE "
            + jobs.tables().alert()
            + " SET delivered_at = ? WHERE alert_id = ? AND delivered_at IS NULL",
        jobs.now(),
        id);
  }

  boolean acknowledge(Connection connection, UUID id, String by) throws SQLException {
    int found =
        jobs.update(
            connection,
            "UPDATE "
                + jobs.tables().alert()
                + " SET acknowledged_at = ?, acknowledged_by = ?"
                + " WHERE alert_id = ? AND acknowledged_at IS NULL",
            jobs.now(),
            by,
            id);
    return found > 0;
  }

  private Sql select(String where) {
    return new Sql(jobs.dialect(), "SELECT " + COLUMNS + " FROM " + jobs.tables().alert() + where);
  }

  private UsageAlert read(ResultSet row) throws SQLException {
    return new UsageAlert(
        Dialect.required(row.getObject("alert_id", UUID.class), "alert_id"),
        UsageAlert.Type.valueOf(row.getString("alert_type")),
        LimitKeys.read(row, jobs.dialect()),
        row.getInt("threshold"),
        LimitRow.amount(row, "used"),
        LimitRow.amount(row, "allowance"),
        jobs.dialect().instant(row, "raised_at"),
        jobs.dialect().instantOrNull(row, "acknowledged_at").orElse(null),
        row.getString("acknowledged_by"));
  }
}
