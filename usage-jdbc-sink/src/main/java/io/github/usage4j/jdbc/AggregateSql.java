package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import java.util.Collection;
import java.util.stream.Collectors;

/**
 * The SQL form of a {@link UsageQuery}: one statement, so that its parts see one state of the
 * database. Each part has one row for each combination of keys and currency.
 */
final class AggregateSql {

  static final String FIRST_ORGANIZATION = "first_organization";
  static final String LAST_ORGANIZATION = "last_organization";

  private final UsageQuery query;
  private final Collection<Dimension> dimensions;
  private final Tables tables;
  private final Dialect dialect;
  private final Sql sql;

  private AggregateSql(
      UsageQuery query, Collection<Dimension> dimensions, Tables tables, Dialect dialect) {
    this.query = query;
    this.dimensions = dimensions;
    this.tables = tables;
    this.dialect = dialect;
    this.sql = new Sql(dialect, "");
  }

  /** At least one part; they must not overlap. */
  static Sql of(
      UsageQuery query,
      Collection<Dimension> dimensions,
      PeriodParts parts,
      Tables tables,
      Dialect dialect) {
    var statement = new AggregateSql(query, dimensions, tables, dialect);
    parts.calls().forEach(statement::calls);
    parts.rollups().forEach(statement::rollups);
    return statement.sql;
  }

  private void calls(BillingPeriod when) {
    next();
    String keys = keys("e", "e.utc_day");
    sql.add(selectText(keys, tables, dialect))
        .where(query.who(), when, tables)
        .add(" GROUP BY ")
        .add(keys)
        .add("e.currency");
  }

  /**
   * The sums of single calls, table alias {@code e}, up to its name.
   *
   * @param keys what comes before them, with a comma after each
   */
  static Sql select(String keys, Tables tables, Dialect dialect) {
    return new Sql(dialect, selectText(keys, tables, dialect));
  }

  private static String selectText(String keys, Tables tables, Dialect dialect) {
    return "SELECT "
        + keys
        + "e.currency"
        + organizations("COALESCE(e.organization, " + dialect.emptyText() + ")")
        + RollupMeasure.read()
            .map(measure -> ", " + measure.ofCalls() + " AS " + measure.name())
            .collect(Collectors.joining())
        + " FROM "
        + tables.event()
        + " e";
  }

  private void rollups(PeriodParts.Buckets buckets) {
    next();
    sql.add("SELECT ").add(keys("r", "r.bucket AS utc_day")).add("r.currency");
    sql.add(organizations("r.organization"));
    RollupMeasure.read().forEach(m -> sql.add(", " + m.ofRollups("r") + " AS " + m.name()));
    sql.add(" FROM ")
        .add(buckets.grain().table(tables))
        .add(" r WHERE r.grain = ")
        .bind(buckets.grain().code)
        .add(" AND r.bucket >= ")
        .bind(buckets.from())
        .add(" AND r.bucket < ")
        .bind(buckets.to());
    UsageFilter who = query.who();
    sql.only("r.organization", who.organization());
    sql.only("r.user_id", who.user());
    sql.only("r.customer_id", who.customer());
    sql.only("r.category", who.category());
    sql.only("r.provider", who.provider());
    sql.only("r.model", who.model());
    sql.add(" GROUP BY ").add(keys("r", "r.bucket")).add("r.currency");
  }

  private void next() {
    if (!sql.isEmpty()) {
      sql.add(" UNION ALL ");
    }
  }

  private static String organizations(String organization) {
    return ", MIN("
        + organization
        + ") AS "
        + FIRST_ORGANIZATION
        + ", MAX("
        + organization
        + ") AS "
        + LAST_ORGANIZATION;
  }

  private String keys(String alias, String day) {
    return dimensions.stream()
        .map(d -> (d == Dimension.DAY ? day : alias + "." + column(d)) + ", ")
        .collect(Collectors.joining());
  }

  /** The column that a report is broken down by. */
  static String column(Dimension dimension) {
    return switch (dimension) {
      case ORGANIZATION -> "organization";
      case USER -> "user_id";
      case CUSTOMER -> "customer_id";
      case CATEGORY -> "category";
      case PROVIDER -> "provider";
      case MODEL -> "model";
      case DAY -> "utc_day";
      case MONTH -> throw new IllegalArgumentException("a reader groups by DAY, not by MONTH");
    };
  }
}
