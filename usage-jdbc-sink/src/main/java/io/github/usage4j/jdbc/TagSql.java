package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.query.TagUsage;
import java.util.HashMap;
import java.util.List;
import org.jdbi.v3.core.Jdbi;

/** Tags, of which each call has a JSON object. */
final class TagSql {

  private TagSql() {}

  /** Only calls that have the filter's tags. */
  static void has(Sql sql, UsageFilter who, Tables tables) {
    if (!who.tags().isEmpty()) {
      throw new UsageException("cannot look for tags in " + tables.event(), null);
    }
  }

  /** Sums by all tags that occur together, of which one is then looked at. */
  static List<TagUsage> read(
      Jdbi jdbi, UsageFilter who, BillingPeriod when, String key, Tables tables, String emptyText) {
    var sums = new HashMap<String, UsageSummary>();
    AggregateSql.select("e.tags, ", tables, emptyText)
        .where(who, when, tables)
        .add(" GROUP BY e.tags, e.currency")
        .forEach(
            jdbi,
            row ->
                sums.merge(
                    Json.texts(row.getString("tags")).getOrDefault(key, ""),
                    JdbcUsageReader.summary(row, tables),
                    UsageSummary::plus));
    return sums.entrySet().stream().map(e -> new TagUsage(e.getKey(), e.getValue())).toList();
  }
}
