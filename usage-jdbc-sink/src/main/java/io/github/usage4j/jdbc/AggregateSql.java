package io.github.usage4j.jdbc;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** The SQL form of {@code UsageSummary.of}: what one call adds, summed by keys and currency. */
final class AggregateSql {

  static final String FIRST_ORGANIZATION = "first_organization";
  static final String LAST_ORGANIZATION = "last_organization";

  private static final List<String> COUNTS =
      List.of(
          "input_tokens",
          "output_tokens",
          "cache_read_tokens",
          "cache_write_tokens",
          "cache_write_one_hour_tokens",
          "reasoning_tokens",
          "input_audio_tokens",
          "output_audio_tokens");

  private static final List<String> COSTS =
      List.of("cost_input", "cost_output", "cost_cache", "cost_other");

  /** {@link TokenCounts#isUnknown} denied, or units: something was used. */
  private static final String USED =
      "COALESCE("
          + COUNTS.stream().map(name -> "e." + name).collect(Collectors.joining(", "))
          + ") IS NOT NULL OR e.units IS NOT NULL";

  /** {@link UsageEvent#unpriced}. */
  static final String UNPRICED =
      "(e.currency IS NULL AND e.outcome <> 'REFUSED' AND (" + USED + "))";

  /** {@link UsageEvent#unmeasured}. */
  private static final String UNMEASURED =
      "e.quality = 'MISSING' AND e.units IS NULL AND e.outcome IN ('SUCCESS', 'CANCELLED')";

  private AggregateSql() {}

  /** One row for each combination of keys and currency. */
  static Sql of(
      UsageQuery query, Collection<Dimension> dimensions, Tables tables, Dialect dialect) {
    String keys =
        dimensions.stream().map(d -> "e." + column(d) + ", ").collect(Collectors.joining());
    return select(keys, tables, dialect)
        .where(query.who(), query.when(), tables)
        .add(" GROUP BY ")
        .add(keys)
        .add("e.currency");
  }

  /**
   * The sums of table alias {@code e}, up to its name.
   *
   * @param keys what comes before them, with a comma after each
   */
  static Sql select(String keys, Tables tables, Dialect dialect) {
    String organization = "COALESCE(e.organization, " + dialect.emptyText() + ")";
    var sql = new Sql(dialect, "SELECT ");
    sql.add(keys)
        .add("e.currency")
        .add(", MIN(" + organization + ") AS ")
        .add(FIRST_ORGANIZATION)
        .add(", MAX(" + organization + ") AS ")
        .add(LAST_ORGANIZATION)
        .add(countIf("e.outcome <> 'REFUSED'", "calls"))
        .add(countIf("e.opens_operation", "operations"))
        .add(countIf("e.tool_calls > 0", "tool_turns"))
        .add(countIf("e.outcome = 'ERROR'", "errors"))
        .add(countIf("e.outcome = 'CANCELLED'", "cancelled"))
        .add(countIf("e.outcome = 'REFUSED'", "refused"));
    COUNTS.forEach(name -> sql.add(", SUM(e." + name + ") AS " + name));
    sql.add(countIf(UNMEASURED, "unmeasured"))
        .add(countIf("e.quality = 'PARTIAL'", "partial"))
        .add(countIf("e.quality = 'ESTIMATED'", "estimated"));
    COSTS.forEach(name -> sql.add(", SUM(e." + name + ") AS " + name));
    return sql.add(countIf(UNPRICED, "unpriced"))
        .add(", SUM(CASE WHEN e.outcome = 'SUCCESS' THEN e.total_tokens END) AS succeeded_tokens")
        .add(", SUM(CASE WHEN e.outcome = 'SUCCESS' THEN e.duration_us END) AS succeeded_us")
        .add(", MAX(e.occurred_at) AS last_at")
        .add(" FROM ")
        .add(tables.event())
        .add(" e");
  }

  private static String countIf(String condition, String name) {
    return ", SUM(CASE WHEN " + condition + " THEN 1 ELSE 0 END) AS " + name;
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
