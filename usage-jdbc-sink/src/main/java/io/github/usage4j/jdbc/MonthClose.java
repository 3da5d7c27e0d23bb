package io.github.usage4j.jdbc;

import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Keeps what cannot be computed any more once the single calls of a month are gone. */
final class MonthClose {

  private static final String WHOLE = "O";
  private static final String USER = "U";

  private final Jobs jobs;
  private final String organization;
  private final LocalDate month;
  private final MonthRows rows;

  MonthClose(Jobs jobs, String organization, LocalDate month) {
    this.jobs = jobs;
    this.organization = organization;
    this.month = month;
    this.rows = new MonthRows(jobs, organization, month);
  }

  private static final class Row {
    private long calls;
    private long succeeded;
    private long conversations;
    private @Nullable Long p50;
    private @Nullable Long p95;
    private @Nullable Long tokens;
    private final Map<String, BigDecimal> costs = new TreeMap<>();
  }

  /** Writes the rows of the month, unless they are there: then calls may be gone already. */
  boolean write(Connection connection) throws SQLException {
    if (exists(connection)) {
      return false;
    }
    write(connection, WHOLE, jobs.dialect().emptyText());
    write(connection, USER, "COALESCE(e.user_id, " + jobs.dialect().emptyText() + ")");
    return true;
  }

  private boolean exists(Connection connection) throws SQLException {
    String sql =
        "SELECT 1 FROM "
            + jobs.tables().monthClose()
            + " WHERE grain = ? AND starts_on = ? AND ends_on = ? AND organization = ?";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      jobs.bind(statement, WHOLE, month, Grain.MONTH.end(month), organization);
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    }
  }

  /** When its calls are there again, more may come. */
  boolean reopen(Connection connection) throws SQLException {
    int deleted =
        jobs.update(
            connection,
            "DELETE FROM "
                + jobs.tables().monthClose()
                + " WHERE starts_on = ? AND ends_on = ? AND organization = ?",
            month,
            Grain.MONTH.end(month),
            organization);
    return deleted > 0;
  }

  private void write(Connection connection, String grain, String user) throws SQLException {
    Map<String, Row> byUser = sums(connection, user);
    String sql =
        "INSERT INTO "
            + jobs.tables().monthClose()
            + " (grain, starts_on, ends_on, organization, user_id, calls, succeeded, conversations,"
            + " p50_us, p95_us, total_tokens, costs, closed_at) VALUES ("
            + String.join(", ", Collections.nCopies(13, "?"))
            + ")";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (Map.Entry<String, Row> entry : byUser.entrySet()) {
        Row row = entry.getValue();
        var costs = new TreeMap<String, String>();
        row.costs.forEach(
            (currency, sum) -> costs.put(currency, DecimalBounds.plain(sum).toPlainString()));
        jobs.bind(
            statement,
            grain,
            month,
            Grain.MONTH.end(month),
            organization,
            entry.getKey(),
            row.calls,
            row.succeeded,
            row.conversations,
            row.p50,
            row.p95,
            row.tokens,
            Json.of(costs),
            jobs.now());
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  private Map<String, Row> sums(Connection connection, String user) throws SQLException {
    var byUser = new TreeMap<String, Row>();
    String from =
        " FROM (SELECT "
            + user
            + " AS who, e.outcome, e.session_id, e.total_tokens, e.duration_us, e.currency,"
            + " e.cost_total FROM "
            + jobs.tables().event()
            + " e"
            + rows.where()
            + ") c";
    each(
        connection,
        "SELECT who, SUM(CASE WHEN outcome <> 'REFUSED' THEN 1 ELSE 0 END),"
            + " SUM(CASE WHEN outcome = 'SUCCESS' THEN 1 ELSE 0 END),"
            + " COUNT(DISTINCT session_id), SUM(total_tokens)"
            + from
            + " GROUP BY who",
        row -> {
          Row sum = byUser.computeIfAbsent(row.getString(1), w -> new Row());
          sum.calls = row.getLong(2);
          sum.succeeded = row.getLong(3);
          sum.conversations = row.getLong(4);
          BigDecimal tokens = row.getBigDecimal(5);
          sum.tokens = tokens == null ? null : Long.valueOf(tokens.longValueExact());
        });
    // Nearest rank: the first of n in order whose number is at least that share of n.
    each(
        connection,
        "SELECT who, MIN(CASE WHEN place * 100 >= places * 50 THEN duration_us END),"
            + " MIN(CASE WHEN place * 100 >= places * 95 THEN duration_us END)"
            + " FROM (SELECT who, duration_us,"
            + " ROW_NUMBER() OVER (PARTITION BY who ORDER BY duration_us) AS place,"
            + " COUNT(*) OVER (PARTITION BY who) AS places"
            + from
            + " WHERE outcome = 'SUCCESS') r GROUP BY who",
        row -> {
          Row sum = byUser.computeIfAbsent(row.getString(1), w -> new Row());
          sum.p50 = row.getLong(2);
          sum.p95 = row.getLong(3);
        });
    each(
        connection,
        "SELECT who, currency, SUM(cost_total)"
            + from
            + " WHERE currency IS NOT NULL GROUP BY who, currency",
        row ->
            byUser
                .computeIfAbsent(row.getString(1), w -> new Row())
                .costs
                .put(row.getString(2), row.getBigDecimal(3)));
    return byUser;
  }

  private void each(Connection connection, String sql, Sql.RowReader reader) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      jobs.bind(statement, new ArrayList<>(rows.values()).toArray());
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          reader.read(row);
        }
      }
    }
  }
}
