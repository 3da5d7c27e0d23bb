package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.query.TagUsage;
import java.util.HashMap;
import java.util.List;
import org.jdbi.v3.core.Jdbi;

/** What is asked of the tag table. A call has a key at most once, so that none counts twice. */
final class TagSql {

  private TagSql() {}

  /** Only calls of table alias {@code e} that have the filter's tags. */
  static void has(Sql sql, UsageFilter who, BillingPeriod when, Tables tables) {
    who.tags()
        .forEach(
            (key, value) ->
                sql.add(" AND e.id IN (SELECT t.event_id FROM ")
                    .add(tables.eventTag())
                    .add(" t WHERE t.tag_key = ")
                    .bind(key)
                    .add(" AND t.tag_value = ")
                    .bind(value)
                    .add(" AND t.occurred_at >= ")
                    .bind(when.start())
                    .add(" AND t.occurred_at < ")
                    .bind(when.end())
                    .add(")"));
  }

  /** Sums by the value of one tag. */
  static List<TagUsage> read(
      Jdbi jdbi, UsageFilter who, BillingPeriod when, String key, Tables tables, Dialect dialect) {
    var sums = new HashMap<String, UsageSummary>();
    AggregateSql.select("t.tag_value, ", tables, dialect)
        .add(" LEFT JOIN ")
        .add(tables.eventTag())
        .add(" t ON t.event_id = e.id AND t.tag_key = ")
        .bind(key)
        .where(who, when, tables)
        .add(" GROUP BY t.tag_value, e.currency")
        .forEach(
            jdbi,
            row -> {
              String value = row.getString("tag_value");
              sums.merge(
                  value == null ? "" : value,
                  JdbcUsageReader.summary(row, tables, dialect),
                  UsageSummary::plus);
            });
    return sums.entrySet().stream().map(e -> new TagUsage(e.getKey(), e.getValue())).toList();
  }
}
