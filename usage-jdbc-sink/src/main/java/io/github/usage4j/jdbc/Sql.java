package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageFilter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
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

  /** In a transaction rows come in portions of this size, and not all at once. */
  private static final int FETCH_SIZE = 1_000;

  private final Dialect dialect;
  private final StringBuilder text;
  private final List<Object> values = new ArrayList<>();

  Sql(Dialect dialect, String start) {
    this.dialect = dialect;
    text = new StringBuilder(start);
  }

  /** Lists of at most so many of these values, in their order, for statements of bounded size. */
  static <T> List<List<T>> parts(Collection<T> values, int size) {
    var all = List.copyOf(values);
    var parts = new ArrayList<List<T>>();
    for (int from = 0; from < all.size(); from += size) {
      parts.add(all.subList(from, Math.min(from + size, all.size())));
    }
    return parts;
  }

  /** The first rows only, in the words of the standard: not every mode of H2 knows another. */
  static String first(int rows) {
    return " FETCH FIRST " + rows + " ROWS ONLY";
  }

  /** The same with a parameter. */
  Sql limit(int rows) {
    return add(" FETCH FIRST ").bind(rows).add(" ROWS ONLY");
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

  /**
   * A condition: the column has one of these values. As the database can: an array, or a list. For
   * values without a bound take {@link #parts} of them.
   *
   * @param values texts or ids; none gives a condition that is never true
   */
  Sql in(String column, Stream<?> values) {
    var distinct = values.distinct().toList();
    if (distinct.isEmpty()) {
      return add("1 = 0");
    }
    dialect.in(this, column, distinct);
    return this;
  }

  Sql bind(Instant value) {
    return mark(dialect.time(value));
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

  /** For dialects: a value as {@code setObject} takes it, or an array. */
  Sql mark(Object value) {
    text.append('?');
    values.add(value);
    return this;
  }

  /** The rows of table alias {@code e} that the filter lets through, in a half-open period. */
  Sql where(UsageFilter who, BillingPeriod when, Tables tables) {
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
    if (who.recordedSince() != null) {
      add(" AND e.recorded_at >= ").bind(who.recordedSince());
    }
    TagSql.has(this, who, when, tables);
    return this;
  }

  /** {@code AND e.column = value}, or nothing for any value. */
  Sql andIs(String column, @Nullable String value) {
    is(column, value);
    return this;
  }

  private void is(String column, @Nullable String value) {
    if (value != null) {
      add(" AND e.").add(column).add(" = ").bind(value);
    }
  }

  private static void set(PreparedStatement statement, int position, Object value)
      throws SQLException {
    if (value instanceof Object[] array) {
      String type = array[0] instanceof UUID ? "uuid" : "text";
      statement.setArray(position, statement.getConnection().createArrayOf(type, array));
    } else {
      statement.setObject(position, value);
    }
  }

  /** What is done with each row. */
  interface RowReader {
    void read(ResultSet row) throws SQLException;
  }

  /** Runs a change in the connection's transaction; says how many rows it found. */
  int update(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(text.toString())) {
      for (int i = 0; i < values.size(); i++) {
        set(statement, i + 1, values.get(i));
      }
      return statement.executeUpdate();
    }
  }

  /** Runs in the connection's transaction. */
  void forEach(Connection connection, RowReader reader) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(text.toString())) {
      for (int i = 0; i < values.size(); i++) {
        set(statement, i + 1, values.get(i));
      }
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          reader.read(row);
        }
      }
    }
  }

  void forEach(Jdbi jdbi, RowReader reader) {
    jdbi.useHandle(
        handle -> {
          var query = handle.createQuery(text.toString()).setFetchSize(FETCH_SIZE);
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
