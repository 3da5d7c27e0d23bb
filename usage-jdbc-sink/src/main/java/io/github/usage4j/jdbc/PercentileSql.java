package io.github.usage4j.jdbc;

import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.query.CallLatency;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Jdbi;

/**
 * Percentiles by the nearest rank, in whole numbers: of n values the first one whose place times
 * 100 is no less than n times the percentage. No database's own percentile function is asked: they
 * interpolate, or are not there.
 */
final class PercentileSql {

  private static final int DURATION = 1;
  private static final int FIRST_TOKEN = 2;

  private PercentileSql() {}

  static List<CallLatency> read(Jdbi jdbi, UsageQuery query, Tables tables, Dialect dialect) {
    List<Dimension> dimensions = query.dimensions().stream().sorted().toList();
    var found = new HashMap<Map<Dimension, String>, CallLatency>();
    of(query, dimensions, tables, dialect)
        .forEach(
            jdbi,
            row -> {
              CallLatency one = latency(JdbcUsageReader.keys(row, dimensions), row);
              found.merge(one.keys(), one, PercentileSql::both);
            });
    return List.copyOf(found.values());
  }

  private static Sql of(
      UsageQuery query, List<Dimension> dimensions, Tables tables, Dialect dialect) {
    String keys = dimensions.stream().map(d -> ", " + name(d)).collect(Collectors.joining());
    String of = " OVER (PARTITION BY measure" + keys;
    Sql sql =
        new Sql(dialect, "SELECT measure" + keys + ", counted, ")
            .add("MIN(CASE WHEN place * 100 >= counted * 50 THEN micros END) AS p50, ")
            .add("MIN(CASE WHEN place * 100 >= counted * 95 THEN micros END) AS p95")
            .add(" FROM (SELECT measure" + keys + ", micros, COUNT(*)" + of + ") AS counted,")
            .add(" ROW_NUMBER()" + of + " ORDER BY micros) AS place FROM (");
    values(sql, DURATION, "duration_us", query, dimensions, tables);
    sql.add(" UNION ALL ");
    values(sql, FIRST_TOKEN, "time_to_first_token_us", query, dimensions, tables);
    return sql.add(") measured) placed GROUP BY measure" + keys + ", counted");
  }

  private static void values(
      Sql sql,
      int measure,
      String column,
      UsageQuery query,
      List<Dimension> dimensions,
      Tables tables) {
    sql.add("SELECT " + measure + " AS measure");
    dimensions.forEach(d -> sql.add(", e." + name(d) + " AS " + name(d)));
    sql.add(", e." + column + " AS micros FROM ")
        .add(tables.event())
        .add(" e")
        .where(query.who(), query.when(), tables)
        .add(" AND e.outcome = 'SUCCESS' AND e." + column + " IS NOT NULL");
  }

  private static String name(Dimension dimension) {
    return AggregateSql.column(dimension);
  }

  private static CallLatency latency(Map<Dimension, String> keys, ResultSet row)
      throws SQLException {
    long counted = row.getLong("counted");
    Duration p50 = Duration.of(row.getLong("p50"), ChronoUnit.MICROS);
    Duration p95 = Duration.of(row.getLong("p95"), ChronoUnit.MICROS);
    return row.getInt("measure") == DURATION
        ? new CallLatency(keys, counted, p50, p95, 0, null, null)
        : new CallLatency(keys, 0, null, null, counted, p50, p95);
  }

  private static CallLatency both(CallLatency a, CallLatency b) {
    CallLatency durations = a.p50() != null ? a : b;
    CallLatency firstTokens = a.p50() != null ? b : a;
    return new CallLatency(
        a.keys(),
        durations.calls(),
        durations.p50(),
        durations.p95(),
        firstTokens.timedCalls(),
        firstTokens.firstTokenP50(),
        firstTokens.firstTokenP95());
  }
}
