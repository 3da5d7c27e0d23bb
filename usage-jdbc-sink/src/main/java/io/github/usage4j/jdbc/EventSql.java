package io.github.usage4j.jdbc;

import io.github.usage4j.EventQuery;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Single calls with the labels of their user and customer. */
final class EventSql {

  static final String NEWEST_FIRST = " ORDER BY e.occurred_at DESC, e.id DESC";

  private EventSql() {}

  /**
   * The calls asked for, newest first.
   *
   * @param condition of table alias {@code e} beside the query's, beginning with AND; may be empty
   */
  static Sql of(EventQuery query, Tables tables, Dialect dialect, String condition) {
    Sql sql =
        new Sql(dialect, columns())
            .add(" FROM ")
            .add(tables.event())
            .add(" e")
            .add(labels(tables, dialect))
            .where(query.who(), query.when(), tables)
            .add(condition);
    if (query.operationId() != null) {
      sql.add(" AND e.operation_id = ").bind(query.operationId());
    }
    if (query.id() != null) {
      sql.add(" AND e.id = ").bind(query.id());
    }
    if (query.after() != null) {
      after(sql, query.after());
    }
    return sql.add(NEWEST_FIRST).limit(query.limit());
  }

  /** What {@link EventMapper} reads, from {@link #labels}. */
  static String columns() {
    return "SELECT e.*, u.label AS "
        + EventMapper.USER_LABEL
        + ", c.label AS "
        + EventMapper.CUSTOMER_LABEL;
  }

  static String labels(Tables tables, Dialect dialect) {
    return labelsOf("u", LabelKey.USER, "e.user_id", tables, dialect)
        + labelsOf("c", LabelKey.CUSTOMER, "e.customer_id", tables, dialect);
  }

  private static String labelsOf(
      String alias, String kind, String id, Tables tables, Dialect dialect) {
    return " LEFT JOIN "
        + tables.label()
        + " "
        + alias
        + " ON "
        + alias
        + ".organization = COALESCE(e.organization, "
        + dialect.emptyText()
        + ")"
        + " AND "
        + alias
        + ".kind = '"
        + kind
        + "' AND "
        + alias
        + ".id = "
        + id;
  }

  /** Stored times are whole microseconds; a position between two of them must not be rounded. */
  static void after(Sql sql, EventQuery.Position position) {
    Instant micros = position.occurredAt().truncatedTo(ChronoUnit.MICROS);
    if (micros.equals(position.occurredAt())) {
      sql.add(" AND e.occurred_at <= ").bind(micros);
      sql.add(" AND (e.occurred_at < ").bind(micros);
      sql.add(" OR e.id < ").bind(position.id()).add(")");
    } else {
      sql.add(" AND e.occurred_at <= ").bind(micros);
    }
  }
}
