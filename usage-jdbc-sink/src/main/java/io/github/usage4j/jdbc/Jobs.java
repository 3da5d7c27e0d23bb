package io.github.usage4j.jdbc;

import io.github.usage4j.UsageException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * What periodic work needs of its store.
 *
 * @param transactions in which each of its steps runs
 * @param clock of the writer; the database's is never asked
 */
record Jobs(Transactions transactions, Dialect dialect, Tables tables, InstantSource clock) {

  /** Now, as it is stored. */
  Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  /** The lock of one kind of work. */
  JobLock lock(String name) {
    return new JobLock(this, name);
  }

  /**
   * Runs a statement.
   *
   * @param values texts, numbers, dates, booleans and instants; null for a text that is NULL
   * @return how many rows it found
   */
  int update(Connection connection, String sql, @Nullable Object... values) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      bind(statement, values);
      return statement.executeUpdate();
    }
  }

  void bind(PreparedStatement statement, @Nullable Object... values) throws SQLException {
    for (int i = 0; i < values.length; i++) {
      Object value = values[i];
      statement.setObject(i + 1, value instanceof Instant at ? dialect.time(at) : value);
    }
  }

  /** One value that may be NULL, for which a database must be told the type. */
  void bindAt(PreparedStatement statement, int position, @Nullable Object value, Column.Type type)
      throws SQLException {
    if (value == null) {
      statement.setNull(position, type.jdbcType);
    } else {
      statement.setObject(position, value instanceof Instant at ? dialect.time(at) : value);
    }
  }

  /** Something that asks the database. */
  interface Question<T> {
    T ask() throws SQLException;
  }

  /**
   * Asks, for callers who know nothing of databases.
   *
   * @throws UsageException if the database cannot be asked, saying what for
   */
  static <T> T asked(String verb, Question<T> question) {
    try {
      return question.ask();
    } catch (SQLException e) {
      throw new UsageException("cannot " + verb + ": " + e.getMessage(), e);
    }
  }
}
