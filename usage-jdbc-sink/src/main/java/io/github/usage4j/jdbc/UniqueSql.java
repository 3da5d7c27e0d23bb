package io.github.usage4j.jdbc;

import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.query.UniqueCounts;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Jdbi;

/** Counts different users, customers and sessions, each within its organization. */
final class UniqueSql {

  private static final List<String> COUNTED = List.of("user_id", "customer_id", "session_id");

  private UniqueSql() {}

  static List<UniqueCounts> read(Jdbi jdbi, UsageQuery query, Tables tables, Dialect dialect) {
    List<Dimension> dimensions = query.dimensions().stream().sorted().toList();
    var found = new HashMap<Map<Dimension, String>, long[]>();
    of(query, dimensions, tables, dialect)
        .forEach(
            jdbi,
            row ->
                found
                        .computeIfAbsent(
                            JdbcUsageReader.keys(row, dimensions),
                            keys -> new long[COUNTED.size()])[row.getInt("measure")] =
                    row.getLong("counted"));
    return found.entrySet().stream()
        .map(
            entry -> {
              long[] counts = entry.getValue();
              return new UniqueCounts(entry.getKey(), counts[0], counts[1], counts[2]);
            })
        .toList();
  }

  private static Sql of(
      UsageQuery query, List<Dimension> dimensions, Tables tables, Dialect dialect) {
    List<String> columns = dimensions.stream().map(AggregateSql::column).toList();
    String keys = columns.stream().map(name -> ", " + name).collect(Collectors.joining());
    var sql = new Sql(dialect, "SELECT measure" + keys + ", COUNT(*) AS counted FROM (");
    for (int i = 0; i < COUNTED.size(); i++) {
      String counted = "e." + COUNTED.get(i);
      sql.add(i == 0 ? "" : " UNION ALL ").add("SELECT DISTINCT " + i + " AS measure");
      columns.forEach(name -> sql.add(", e." + name + " AS " + name));
      sql.add(", e.organization AS whose, " + counted + " AS counted_id FROM ")
          .add(tables.event())
          .add(" e")
          .where(query.who(), query.when(), tables)
          .add(" AND " + counted + " IS NOT NULL");
    }
    return sql.add(") different GROUP BY measure" + keys);
  }
}
