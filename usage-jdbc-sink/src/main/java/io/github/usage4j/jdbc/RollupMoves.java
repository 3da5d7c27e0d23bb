package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.pricing.RepricedCall;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What changed costs change in the rollups: what a call added before is taken away, what it adds
 * now is added, in one statement for each row. A call that is priced in another currency, or for
 * the first time, moves to another row. What cannot be taken away, that nothing is known of a token
 * count any more and when the last call was, is looked up among the calls that are left.
 */
final class RollupMoves {

  private final Jobs jobs;

  RollupMoves(Jobs jobs) {
    this.jobs = jobs;
  }

  /** What becomes of one bucket of a key. */
  private static final class Moved {
    UsageSummary more = UsageSummary.EMPTY;
    UsageSummary less = UsageSummary.EMPTY;

    /** Of {@code less}, the calls that moved to another key. */
    UsageSummary left = UsageSummary.EMPTY;

    void add(Moved other) {
      more = more.plus(other.more);
      less = less.plus(other.less);
      left = left.plus(other.left);
    }
  }

  /** A row that calls have left. */
  private record Shrunk(RollupRow row, UsageSummary left) {}

  /** Changes every grain, in the transaction that changes the calls and after they are changed. */
  void apply(Connection connection, List<RepricedCall> changed) throws SQLException {
    var rows = new ArrayList<RollupRow>();
    var shrunk = new ArrayList<Shrunk>();
    Map<RollupKey, Map<LocalDate, Moved>> byCaller = byKey(changed);
    var wide = new HashMap<RollupKey, Map<LocalDate, Moved>>();
    byCaller.forEach(
        (key, days) -> {
          var all = wide.computeIfAbsent(key.ofOrganization(), k -> new HashMap<>());
          days.forEach((day, moved) -> all.computeIfAbsent(day, d -> new Moved()).add(moved));
        });
    add(rows, shrunk, byCaller, Grain.DAY, Grain.MONTH);
    add(rows, shrunk, wide, Grain.ORGANIZATION_DAY, Grain.ORGANIZATION_MONTH);
    if (rows.isEmpty()) {
      return;
    }
    rows.sort(RollupRow.ORDER);
    jobs.dialect().addToRollups(connection, jobs.tables(), rows);
    for (Shrunk row : shrunk) { // their rows are locked by now
      mend(connection, row.row(), row.left());
    }
  }

  private static Map<RollupKey, Map<LocalDate, Moved>> byKey(List<RepricedCall> changed) {
    var keys = new HashMap<RollupKey, Map<LocalDate, Moved>>();
    for (RepricedCall repriced : changed) {
      UsageEvent before = repriced.call();
      UsageEvent after = repriced.after();
      RollupKey from = RollupKey.of(before);
      RollupKey to = RollupKey.of(after);
      LocalDate day = before.utcDay();
      Moved source =
          keys.computeIfAbsent(from, k -> new HashMap<>()).computeIfAbsent(day, d -> new Moved());
      source.less = source.less.plus(UsageSummary.of(before));
      if (!from.equals(to)) {
        source.left = source.left.plus(UsageSummary.of(before));
      }
      Moved target =
          keys.computeIfAbsent(to, k -> new HashMap<>()).computeIfAbsent(day, d -> new Moved());
      target.more = target.more.plus(UsageSummary.of(after));
    }
    return keys;
  }

  private static void add(
      List<RollupRow> rows,
      List<Shrunk> shrunk,
      Map<RollupKey, Map<LocalDate, Moved>> moves,
      Grain ofDay,
      Grain ofMonth) {
    moves.forEach(
        (key, days) -> {
          var months = new HashMap<LocalDate, Moved>();
          days.forEach(
              (day, moved) -> {
                add(rows, shrunk, ofDay, day, key, moved);
                months.computeIfAbsent(ofMonth.bucket(day), m -> new Moved()).add(moved);
              });
          months.forEach((month, moved) -> add(rows, shrunk, ofMonth, month, key, moved));
        });
  }

  private static void add(
      List<RollupRow> rows,
      List<Shrunk> shrunk,
      Grain grain,
      LocalDate bucket,
      RollupKey key,
      Moved moved) {
    var row = new RollupRow(grain, bucket, key.hash(), key, moved.more, moved.less);
    rows.add(row);
    if (moved.left.lastActivity() != null) {
      shrunk.add(new Shrunk(row, moved.left));
    }
  }

  private void mend(Connection connection, RollupRow row, UsageSummary left) throws SQLException {
    String where = " WHERE grain = ? AND bucket = ? AND key_hash = ?";
    List<String> doubtful = new ArrayList<>();
    boolean empty;
    boolean lastLeft;
    String sql = "SELECT * FROM " + table(row) + where;
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      jobs.bind(statement, key(row));
      try (ResultSet stored = statement.executeQuery()) {
        if (!stored.next()) {
          return;
        }
        empty = stored.getLong("calls") == 0 && stored.getLong("refused") == 0;
        lastLeft = isLast(stored, left);
        for (RollupMeasure measure : RollupMeasure.ALL) {
          boolean taken =
              measure.merge() == RollupMeasure.Merge.ADD_KNOWN
                  && measure.value().apply(left) != null;
          if (taken && stored.getLong(measure.name()) == 0) {
            doubtful.add(measure.name());
          }
        }
      }
    }
    if (empty) {
      jobs.update(connection, "DELETE FROM " + table(row) + where, key(row));
    } else if (lastLeft || (!doubtful.isEmpty() && !isSeenLater(connection, row, left, doubtful))) {
      lookUp(connection, row, doubtful, where);
    }
  }

  private String table(RollupRow row) {
    return row.grain().table(jobs.tables());
  }

  private Object[] key(RollupRow row) {
    return new Object[] {row.grain().code, row.bucket(), jobs.dialect().hash(row.hash())};
  }

  private boolean isLast(ResultSet stored, UsageSummary left) throws SQLException {
    Instant last = left.lastActivity();
    return last == null || !jobs.dialect().instant(stored, "last_at").isAfter(last);
  }

  /** Whether one of the calls that are still to come in this bucket has all of these counts. */
  private boolean isSeenLater(
      Connection connection, RollupRow row, UsageSummary left, List<String> columns)
      throws SQLException {
    var sql = new Sql(jobs.dialect(), "SELECT 1 FROM ");
    Instant last = left.lastActivity();
    ofBucket(sql, row, last == null ? PeriodParts.start(row.bucket()) : last);
    columns.forEach(column -> sql.add(" AND e.").add(column).add(" IS NOT NULL"));
    var seen = new boolean[1];
    sql.add(Sql.first(1)).forEach(connection, found -> seen[0] = true);
    return seen[0];
  }

  private void lookUp(Connection connection, RollupRow row, List<String> doubtful, String where)
      throws SQLException {
    String counts =
        doubtful.stream()
            .map(column -> ", COUNT(e." + column + ") AS " + column)
            .collect(Collectors.joining());
    var sql = new Sql(jobs.dialect(), "SELECT MAX(e.occurred_at) AS last_at" + counts + " FROM ");
    ofBucket(sql, row, PeriodParts.start(row.bucket()));
    var unknown = new ArrayList<String>();
    var last = new @Nullable Instant[1];
    sql.forEach(
        connection,
        found -> {
          last[0] = found.getObject("last_at") == null ? null : lastAt(found);
          for (String column : doubtful) {
            if (found.getLong(column) == 0) {
              unknown.add(column);
            }
          }
        });
    if (last[0] == null) {
      return; // no such calls: the row was wrong before, and stays as wrong for verify to find
    }
    String nulls = unknown.stream().map(c -> ", " + c + " = NULL").collect(Collectors.joining());
    jobs.update(
        connection,
        "UPDATE " + table(row) + " SET last_at = ?" + nulls + where,
        last[0],
        row.grain().code,
        row.bucket(),
        jobs.dialect().hash(row.hash()));
  }

  private Instant lastAt(ResultSet row) throws SQLException {
    return jobs.dialect().instant(row, "last_at");
  }

  private void ofBucket(Sql sql, RollupRow row, Instant from) {
    RollupKey key = row.key();
    Instant end = PeriodParts.start(row.grain().end(row.bucket()));
    sql.add(jobs.tables().event()).add(" e WHERE e.occurred_at >= ").bind(from);
    sql.add(" AND e.occurred_at < ").bind(end);
    for (int i = 0; i < RollupKey.COLUMNS.size(); i++) {
      String column = RollupKey.COLUMNS.get(i);
      String value = key.values().get(i);
      if (row.grain().ofOrganization && RollupKey.OF_CALLERS.contains(column)) {
        continue;
      }
      boolean isNull =
          column.equals("currency")
              ? value.equals(RollupKey.UNPRICED)
              : value.isEmpty() && !column.equals("model") && !column.equals("provider");
      if (isNull) {
        sql.add(" AND e.").add(column).add(" IS NULL");
      } else {
        sql.andIs(column, value);
      }
    }
  }
}
