package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** What differs between databases. One object per store, safe for use by several threads. */
interface Dialect {

  /** The folder of the schema's scripts. */
  String scripts();

  /**
   * Checks, and where possible sets, what exact accounting needs of the database.
   *
   * @throws UsageException naming the setting and its cure
   */
  void prepare(Connection connection) throws SQLException;

  /**
   * Makes sure that the next commit is durable when it returns.
   *
   * @param connection before its transaction begins
   * @throws UsageException naming the setting and its cure
   */
  void beforeWrite(Connection connection) throws SQLException;

  /**
   * Finds out whether the database itself keeps organizations apart, before anything is read.
   *
   * @return true if it does, for the role of this connection
   */
  default boolean detectRowSecurity(Connection connection, Tables tables) throws SQLException {
    return false;
  }

  /** Called when a transaction of the store has begun. */
  default void afterBegin(Connection connection) throws SQLException {}

  /** An empty text that compares exactly, as an expression. */
  String emptyText();

  /** A text without quotes that compares exactly, as an expression. */
  default String text(String plain) {
    return "'" + plain + "'";
  }

  /** True if the table is there under the name that statements use. */
  boolean hasTable(Connection connection, String table) throws SQLException;

  /** Whether the scripts of one upgrade, and the check before them, run in one transaction. */
  boolean transactionalDdl();

  /** Keeps other instances from upgrading until this transaction ends. */
  void lockSchema(Connection connection, Tables tables) throws SQLException;

  /** True if the current transaction has written something. */
  boolean hasWritten(Connection connection) throws SQLException;

  /**
   * Inserts those events whose ids are not known yet.
   *
   * @param events sorted by id, so that concurrent writers wait for each other in one order
   * @return the ids inserted
   */
  Set<UUID> insert(
      Connection connection, Tables tables, List<Column> columns, List<UsageEvent> events)
      throws SQLException;

  /** Writes labels that are new, differ, or were seen on a later day; sorted by key. */
  void upsertLabels(Connection connection, Tables tables, Map<LabelKey, Label> labels)
      throws SQLException;

  /**
   * Keeps maintenance away until this transaction ends: taken by every writer, before anything
   * else.
   */
  void lockForWriting(Connection connection, Tables tables) throws SQLException;

  /**
   * Keeps every writer away until this transaction ends: taken by maintenance, before anything else
   * and never for longer than one bounded step.
   */
  void lockForMaintenance(Connection connection, Tables tables) throws SQLException;

  /**
   * Adds to the rollups.
   *
   * @param rows in {@link RollupRow#ORDER}, so that concurrent writers wait for each other in one
   *     order
   */
  void addToRollups(Connection connection, Tables tables, List<RollupRow> rows) throws SQLException;

  /** {@link RollupKey#hash} of these expressions, as an expression. */
  String keyHash(List<String> values);

  /** Which of these ids are stored; the statement is {@code id = ANY (?)}. */
  default java.sql.Array arrayOfIds(Connection connection, Collection<UUID> ids)
      throws SQLException {
    return connection.createArrayOf("uuid", ids.toArray());
  }

  /** Runs a query of one row and one column and says whether it is true. */
  static boolean isTrue(Connection connection, String sql, String... parameters)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setString(i + 1, parameters[i]);
      }
      try (ResultSet result = statement.executeQuery()) {
        return result.next() && result.getBoolean(1);
      }
    }
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
