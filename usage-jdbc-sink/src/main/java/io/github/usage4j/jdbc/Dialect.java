package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

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

  /** Puts back what {@link #session} changed. */
  interface Restore {
    /** Nothing was changed. */
    Restore NOTHING = () -> {};

    void run() throws SQLException;
  }

  /**
   * Sets what exact statements need of a session, for one transaction.
   *
   * @param connection before its transaction begins
   * @return run when the transaction is over
   */
  default Restore session(Connection connection) throws SQLException {
    return Restore.NOTHING;
  }

  /** What is bound for an instant. */
  default Object time(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }

  /** The instant in a column of the current row, which must not be NULL. */
  default Instant instant(ResultSet row, String column) throws SQLException {
    return required(row.getObject(column, OffsetDateTime.class), column).toInstant();
  }

  /** The same for a column that may be NULL. */
  default Optional<Instant> instantOrNull(ResultSet row, String column) throws SQLException {
    return row.getObject(column) == null ? Optional.empty() : Optional.of(instant(row, column));
  }

  /**
   * Appends that a column has one of these values.
   *
   * @param values not empty, all texts or all ids
   */
  default void in(Sql sql, String column, Collection<?> values) {
    sql.add(column).add(" = ANY(").mark(values.toArray()).add(")");
  }

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

  /** The isolation in which every query of a transaction sees the same state of all tables. */
  default int snapshotIsolation() {
    return Connection.TRANSACTION_REPEATABLE_READ;
  }

  /** True if the schema (MariaDB: database) is there. */
  boolean hasNamespace(Connection connection, String namespace) throws SQLException;

  /** Lets names without a schema mean this one, until the transaction ends or it is put back. */
  Restore use(Connection connection, String namespace) throws SQLException;

  /** True if the table or view is there under the name that statements use. */
  boolean hasTable(Connection connection, Tables tables, String table) throws SQLException;

  /** True if the table, which is there, has the column. */
  default boolean hasColumn(Connection connection, Tables tables, String table, String column)
      throws SQLException {
    String sql =
        "SELECT COUNT(*) > 0 FROM information_schema.columns"
            + " WHERE LOWER(table_schema) = LOWER(COALESCE(?, "
            + currentNamespace()
            + ")) AND LOWER(table_name) = ? AND LOWER(column_name) = ?";
    return isTrue(connection, sql, tables.namespace(), unqualified(table), column);
  }

  /** True if an index of this name is there and can be used. */
  boolean hasIndex(Connection connection, Tables tables, String index) throws SQLException;

  /** The schema (MariaDB: database) of names that have none, as an expression. */
  String currentNamespace();

  static String unqualified(String table) {
    return table.substring(table.indexOf('.') + 1);
  }

  /** Runs all statements of a script. */
  default void script(Connection connection, String script) throws SQLException {
    execute(connection, script);
  }

  /** Whether the scripts of one upgrade, and the check before them, run in one transaction. */
  boolean transactionalDdl();

  /** Keeps other instances from upgrading until this transaction ends, or it is unlocked. */
  void lockSchema(Connection connection, Tables tables) throws SQLException;

  /** Lets other instances upgrade, where the end of the transaction does not. */
  default void unlockSchema(Connection connection, Tables tables) throws SQLException {}

  /** True if the current transaction has written something, or may have. */
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

  /** Inserts the tags of events that were inserted in this transaction. */
  default void insertTags(Connection connection, Tables tables, List<EventTag> tags)
      throws SQLException {
    String sql = "INSERT INTO " + tables.eventTag() + EventTag.COLUMNS + " VALUES (?, ?, ?, ?)";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (EventTag tag : tags) {
        statement.setObject(1, tag.eventId());
        statement.setString(2, tag.key());
        statement.setString(3, tag.value());
        statement.setObject(4, time(tag.occurredAt()));
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

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

  /** At the end of a query: keeps its rows from being deleted until this transaction ends. */
  default String keepRows() {
    return " FOR KEY SHARE";
  }

  /**
   * Adds to the rollups.
   *
   * @param rows in {@link RollupRow#ORDER}, so that concurrent writers wait for each other in one
   *     order
   */
  default void addToRollups(Connection connection, Tables tables, List<RollupRow> rows)
      throws SQLException {
    for (String table : List.of(tables.rollup(), tables.organizationRollup())) {
      List<RollupRow> ofTable =
          rows.stream().filter(row -> row.grain().table(tables).equals(table)).toList();
      if (!ofTable.isEmpty()) {
        addToRollup(connection, table, ofTable);
      }
    }
  }

  /** Adds to the rows of one table, in their order. */
  void addToRollup(Connection connection, String table, List<RollupRow> rows) throws SQLException;

  /** What is bound for a {@link RollupKey#hash}. */
  default Object hash(UUID hash) {
    return hash;
  }

  /** The {@link RollupKey#hash} in a column of the current row. */
  default UUID hash(ResultSet row, String column) throws SQLException {
    return row.getObject(column, UUID.class);
  }

  /** {@link RollupKey#hash} of these expressions, as an expression. */
  String keyHash(List<String> values);

  /** Runs a query of one row and one column and says whether it is true. */
  static boolean isTrue(Connection connection, String sql, @Nullable String... parameters)
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

  static <T> T required(@Nullable T value, String column) {
    return Objects.requireNonNull(value, () -> column + " must not be NULL");
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
