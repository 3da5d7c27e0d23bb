package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageFilter;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/**
 * A query under construction. Every value is a parameter. Values are bound with {@code setObject}
 * here and not by Jdbi's own rules, which take an instant through the time zone of the machine.
 */
final class Sql {

  private final StringBuilder text;
  private final List<Object> values = new ArrayList<>();

  Sql(String start) {
    text = new StringBuilder(start);
  }

  /** Appends SQL as it stands. */
  Sql add(String sql) {
    text.append(sql);
    return this;
  }

  Sql bind(String value) {
    return mark(value);
  }

  Sql bind(int value) {
    return mark(value);
  }

  Sql bind(UUID value) {
    return mark(value);
  }

  /** An array, each value once. */
  Sql bind(Stream<String> texts) {
    return mark(texts.distinct().toArray(String[]::new));
  }

  Sql bind(Instant value) {
    return mark(value.atOffset(ZoneOffset.UTC));
  }

  Sql bind(LocalDate value) {
    return mark(value);
  }

  /** True if there is no text yet. */
  boolean isEmpty() {
    return text.isEmpty();
  }

  /** One more condition, if there is a value. */
  void only(String expression, @Nullable String value) {
    if (value != null) {
      add(" AND ").add(expression).add(" = ").bind(value);
    }
  }

  private Sql mark(Object value) {
    text.append('?');
    values.add(value);
    return this;
  }

  /** The rows of table alias {@code e} that the filter lets through, in a half-open period. */
  Sql where(UsageFilter who, BillingPeriod when) {
    add(" WHERE e.occurred_at >= ").bind(when.start());
    add(" AND e.occurred_at < ").bind(when.end());
    is("organization", who.organization());
    is("user_id", who.user());
    is("customer_id", who.customer());
    is("session_id", who.session());
    is("category", who.category());
    is("provider", who.provider());
    is("model", who.model());
    is("outcome", who.outcome() == null ? null : who.outcome().name());
    if (who.onlyUnpriced()) {
      add(" AND ").add(RollupMeasure.UNPRICED);
    }
    return this;
  }

  private void is(String column, @Nullable String value) {
    if (value != null) {
      add(" AND e.").add(column).add(" = ").bind(value);
    }
  }

  private static void set(PreparedStatement statement, int position, Object value)
      throws SQLException {
    if (value instanceof String[] texts) {
      statement.setArray(position, statement.getConnection().createArrayOf("text", texts));
    } else {
      statement.setObject(position, value);
    }
  }

  /** What is done with each row. */
  interface RowReader {
    void read(ResultSet row) throws SQLException;
  }

  void forEach(Jdbi jdbi, RowReader reader) {
    jdbi.useHandle(
        handle -> {
          var query = handle.createQuery(text.toString());
          for (int i = 0; i < values.size(); i++) {
            Object value = values.get(i);
            query.bind(i, (position, statement, context) -> set(statement, position, value));
          }
          query
              .map(
                  (row, context) -> {
                    reader.read(row);
                    return Boolean.TRUE;
                  })
              .forEach(read -> {});
        });
  }
}
