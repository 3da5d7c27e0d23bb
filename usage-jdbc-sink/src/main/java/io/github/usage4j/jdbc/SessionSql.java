package io.github.usage4j.jdbc;

import io.github.usage4j.EventQuery;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.query.SessionUsage;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/** A page of the newest calls of sessions, then the sums of those sessions in one query. */
final class SessionSql {

  private SessionSql() {}

  private record Key(@Nullable String organization, @Nullable String session) {}

  /** What one currency adds. */
  private record Sum(UsageSummary usage, Instant first) {
    Sum plus(Sum other) {
      return new Sum(usage.plus(other.usage), other.first.isBefore(first) ? other.first : first);
    }
  }

  static List<SessionUsage> read(Jdbi jdbi, EventQuery query, Tables tables, Dialect dialect) {
    var latest = new ArrayList<UsageEvent>();
    newestCalls(query, tables, dialect)
        .forEach(jdbi, row -> latest.add(EventMapper.read(row, dialect)));
    if (latest.isEmpty()) {
      return List.of();
    }
    Map<Key, Sum> sums = sums(jdbi, query, tables, dialect, latest);
    return latest.stream()
        .map(
            call -> {
              // Without a snapshot the session may have gone since: then its newest call is left.
              Sum sum =
                  sums.getOrDefault(key(call), new Sum(UsageSummary.of(call), call.occurredAt()));
              return new SessionUsage(call, sum.usage, sum.first);
            })
        .toList();
  }

  private static Key key(UsageEvent call) {
    return new Key(call.attribution().organization(), call.attribution().session());
  }

  /** Paged by a call and not by the session's name, which databases order differently. */
  private static Sql newestCalls(EventQuery query, Tables tables, Dialect dialect) {
    Sql sql =
        new Sql(dialect, EventSql.columns())
            .add(" FROM (SELECT e.id FROM (SELECT e.id, e.occurred_at, ROW_NUMBER() OVER")
            .add(" (PARTITION BY e.organization, e.session_id")
            .add(EventSql.NEWEST_FIRST)
            .add(") AS newest FROM ")
            .add(tables.event())
            .add(" e")
            .where(query.who(), query.when(), tables)
            .add(" AND e.session_id IS NOT NULL) e WHERE e.newest = 1");
    if (query.after() != null) {
      EventSql.after(sql, query.after());
    }
    return sql.add(EventSql.NEWEST_FIRST)
        .limit(query.limit())
        .add(") page JOIN ")
        .add(tables.event())
        .add(" e ON e.id = page.id")
        .add(EventSql.labels(tables, dialect))
        .add(EventSql.NEWEST_FIRST);
  }

  private static Map<Key, Sum> sums(
      Jdbi jdbi, EventQuery query, Tables tables, Dialect dialect, List<UsageEvent> latest) {
    String keys = "e.organization, e.session_id, MIN(e.occurred_at) AS first_at, ";
    var sums = new HashMap<Key, Sum>();
    AggregateSql.select(keys, tables, dialect)
        .where(query.who(), query.when(), tables)
        .add(" AND ")
        .in("e.session_id", latest.stream().map(call -> Objects.requireNonNull(key(call).session)))
        .add(" GROUP BY e.organization, e.session_id, e.currency")
        .forEach(
            jdbi,
            row ->
                sums.merge(
                    new Key(row.getString("organization"), row.getString("session_id")),
                    new Sum(
                        JdbcUsageReader.summary(row, tables, dialect),
                        dialect.instant(row, "first_at")),
                    Sum::plus));
    return sums;
  }
}
