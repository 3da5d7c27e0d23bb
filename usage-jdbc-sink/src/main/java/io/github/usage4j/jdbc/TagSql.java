package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.query.TagUsage;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Jdbi;

/** Tags, of which each call has a JSON object. */
final class TagSql {

  private TagSql() {}

  /**
   * Only calls whose JSON object has the filter's tags. A tag is looked for with what stands before
   * and after it. Its first quotation mark can then only be the one that opens a key, or one that
   * closes a text, after which comes a comma, a colon or a brace: so a key must not begin with one.
   */
  static void has(Sql sql, UsageFilter who) {
    who.tags()
        .forEach(
            (key, value) -> {
              if (",:}".indexOf(key.charAt(0)) >= 0) {
                throw new UsageException(
                    "a tag key that is looked for must not begin with a comma, a colon or a brace,"
                        + " but was '"
                        + key
                        + "'",
                    null);
              }
              String tag = Dialect.required(Json.of(Map.of(key, value)), "tags");
              String inside = tag.substring(1, tag.length() - 1);
              String or = " AND (";
              for (String place : new String[] {"{%s}", "{%s,", ",%s,", ",%s}"}) {
                sql.add(or).add("POSITION(").bind(place.replace("%s", inside));
                sql.add(" IN e.tags) > 0");
                or = " OR ";
              }
              sql.add(")");
            });
  }

  /** Sums by all tags that occur together, of which one is then looked at. */
  static List<TagUsage> read(
      Jdbi jdbi, UsageFilter who, BillingPeriod when, String key, Tables tables, Dialect dialect) {
    var sums = new HashMap<String, UsageSummary>();
    AggregateSql.select("e.tags, ", tables, dialect)
        .where(who, when)
        .add(" GROUP BY e.tags, e.currency")
        .forEach(
            jdbi,
            row ->
                sums.merge(
                    Json.texts(row.getString("tags")).getOrDefault(key, ""),
                    JdbcUsageReader.summary(row, tables, dialect),
                    UsageSummary::plus));
    return sums.entrySet().stream().map(e -> new TagUsage(e.getKey(), e.getValue())).toList();
  }
}
