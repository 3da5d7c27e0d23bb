package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/** H2 2.x in any compatibility mode but Oracle: only statements that the others read alike. */
final class H2Dialect implements Dialect {

  private static final Set<String> NOT_FOUND = Set.of("42S02", "42S03", "42S04");
  private static final int LOCK_TIMEOUT = 50200;
  private static final int LOCK_ATTEMPTS = 30;

  private final H2File file = new H2File();
  private volatile boolean inFile;

  @Override
  public String scripts() {
    return "h2";
  }

  @Override
  public void prepare(Connection connection) throws SQLException {
    H2Settings.check(connection);
    // Not read from the URL: a server may give the database another name.
    if (Dialect.isTrue(connection, "SELECT DATABASE_PATH() IS NULL")) {
      H2Settings.require(
          connection,
          "DB_CLOSE_DELAY",
          -1,
          "the database, and every event in it, would vanish with its last connection");
    } else if (!connection.isReadOnly()) {
      inFile = true;
      beforeWrite(connection);
    }
  }

  /** With every batch: H2 stores this setting, but has its default again when it is reopened. */
  @Override
  public void beforeWrite(Connection connection) throws SQLException {
    if (inFile) {
      H2Settings.require(
          connection,
          "WRITE_DELAY",
          0,
          "a process that is killed would lose events that were committed up to that many"
              + " milliseconds before");
      file.onlyAppend(connection);
    }
  }

  /** IGNORECASE makes a plain literal, and what it is combined with, ignore case. */
  @Override
  public String emptyText() {
    return text("");
  }

  @Override
  public String text(String plain) {
    return "CAST('" + plain + "' AS VARCHAR_CASESENSITIVE)";
  }

  /** REPEATABLE READ looks at each table when it is first asked. */
  @Override
  public int snapshotIsolation() {
    return Connection.TRANSACTION_SERIALIZABLE;
  }

  @Override
  public boolean hasNamespace(Connection connection, String namespace) throws SQLException {
    return Dialect.isTrue(
        connection,
        "SELECT COUNT(*) > 0 FROM INFORMATION_SCHEMA.SCHEMATA WHERE LOWER(SCHEMA_NAME) = ?",
        namespace);
  }

  @Override
  public Restore use(Connection connection, String namespace) throws SQLException {
    String before = connection.getSchema();
    Dialect.execute(connection, "SET SCHEMA " + namespace);
    return () -> connection.setSchema(before);
  }

  @Override
  public String currentNamespace() {
    return "SCHEMA()";
  }

  @Override
  public boolean hasTable(Connection connection, Tables tables, String table) throws SQLException {
    boolean inAnyCase =
        Dialect.isTrue(
            connection,
            "SELECT COUNT(*) > 0 FROM INFORMATION_SCHEMA.TABLES"
                + " WHERE LOWER(TABLE_SCHEMA) = LOWER(COALESCE(?, SCHEMA()))"
                + " AND LOWER(TABLE_NAME) = ?",
            tables.namespace(),
            Dialect.unqualified(table));
    if (!inAnyCase) {
      return false;
    }
    try {
      Dialect.execute(connection, "SELECT 1 FROM " + table + " WHERE 1 = 0");
      return true;
    } catch (SQLException e) {
      if (NOT_FOUND.contains(SqlStates.of(e))) {
        throw new UsageException(
            "table "
                + table
                + " exists, but in letters that this connection does not find; open"
                + " the database with the same DATABASE_TO_UPPER, DATABASE_TO_LOWER and"
                + " CASE_INSENSITIVE_IDENTIFIERS as when the table was made",
            e);
      }
      throw e;
    }
  }

  @Override
  public boolean hasIndex(Connection connection, Tables tables, String index) throws SQLException {
    return Dialect.isTrue(
        connection,
        "SELECT COUNT(*) > 0 FROM INFORMATION_SCHEMA.INDEXES"
            + " WHERE LOWER(INDEX_SCHEMA) = LOWER(COALESCE(?, SCHEMA())) AND LOWER(INDEX_NAME) = ?",
        tables.namespace(),
        Dialect.unqualified(index));
  }

  @Override
  public boolean transactionalDdl() {
    return false;
  }

  /**
   * H2 commits every DDL statement, and no lock of a transaction outlives that. A script can be
   * repeated, but two at once could drop what the other one has just copied. All who use an
   * embedded database are in this process; for a server see docs/storage.md.
   */
  private static final ReentrantLock SCHEMA = new ReentrantLock();

  @Override
  public void lockSchema(Connection connection, Tables tables) {
    SCHEMA.lock();
  }

  @Override
  public void unlockSchema(Connection connection, Tables tables) {
    SCHEMA.unlock();
  }

  @Override
  public boolean hasWritten(Connection connection) throws SQLException {
    return Dialect.isTrue(connection, "SELECT TRANSACTION_ID() IS NOT NULL");
  }

  /**
   * Asks which ids are known, then inserts the others plainly. Whoever is overtaken in between gets
   * a unique violation, is rolled back and asks again.
   */
  @Override
  public Set<UUID> insert(
      Connection connection, Tables tables, List<Column> columns, List<UsageEvent> events)
      throws SQLException {
    var inserted = new HashSet<UUID>();
    events.forEach(event -> inserted.add(event.id()));
    new Sql(this, "SELECT id FROM ")
        .add(tables.event())
        .add(" WHERE ")
        .in("id", events.stream().map(UsageEvent::id))
        .forEach(connection, row -> inserted.remove(row.getObject(1, UUID.class)));
    if (inserted.isEmpty()) {
      return inserted;
    }
    String marks = String.join(", ", Collections.nCopies(columns.size(), "?"));
    String insert =
        "INSERT INTO "
            + tables.event()
            + " ("
            + EventColumns.names(columns)
            + ") VALUES ("
            + marks
            + ")";
    try (PreparedStatement statement = connection.prepareStatement(insert)) {
      for (UsageEvent event : events) {
        if (inserted.contains(event.id())) {
          for (int i = 0; i < columns.size(); i++) {
            columns.get(i).bind(statement, i + 1, event);
          }
          statement.addBatch();
        }
      }
      statement.executeBatch();
    }
    return inserted;
  }

  /**
   * Without MERGE: with IGNORECASE its source compares without case. The update comes first, the
   * insert takes what is not there; whoever is overtaken gets a unique violation and asks again.
   */
  @Override
  public void upsertLabels(Connection connection, Tables tables, Map<LabelKey, Label> labels)
      throws SQLException {
    String key = " WHERE organization = ? AND kind = ? AND id = ?";
    String update =
        "UPDATE "
            + tables.label()
            + " SET label = ?, seen_on = ?"
            + key
            + " AND (seen_on < ? OR (seen_on = ? AND label <> ?))";
    String insert =
        "INSERT INTO "
            + tables.label()
            + " (organization, kind, id, label, seen_on) SELECT ?, ?, ?, ?, CAST(? AS DATE)"
            + " WHERE NOT EXISTS (SELECT 1 FROM "
            + tables.label()
            + key
            + ")";
    executeForEach(connection, update, labels, "TDOKIDDT");
    executeForEach(connection, insert, labels, "OKITDOKI");
  }

  /** Binds organization, kind, id, text and day in the order of their letters. */
  private static void executeForEach(
      Connection connection, String sql, Map<LabelKey, Label> labels, String order)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (Map.Entry<LabelKey, Label> entry : labels.entrySet()) {
        LabelKey key = entry.getKey();
        for (int i = 0; i < order.length(); i++) {
          Object value =
              switch (order.charAt(i)) {
                case 'O' -> key.organization();
                case 'K' -> key.kind();
                case 'I' -> key.id();
                case 'T' -> entry.getValue().text();
                default -> entry.getValue().seenOn();
              };
          statement.setObject(i + 1, value);
        }
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  @Override
  public void lockForWriting(Connection connection, Tables tables) throws SQLException {
    lockForMaintenance(connection, tables);
  }

  /**
   * H2 has no shared locks, and one writer is faster than several: all take turns. Waiting is not
   * failing, however long the others take; nothing has been written yet.
   */
  @Override
  public void lockForMaintenance(Connection connection, Tables tables) throws SQLException {
    String sql = "SELECT raw_from FROM " + tables.horizon() + " WHERE scope = ? FOR UPDATE";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, Horizon.ALL);
      for (int attempt = 1; ; attempt++) {
        try {
          statement.execute();
          return;
        } catch (SQLException e) {
          if (attempt == LOCK_ATTEMPTS || e.getErrorCode() != LOCK_TIMEOUT) {
            throw e;
          }
        }
      }
    }
  }

  /** There are no shared locks. */
  @Override
  public String keepRows() {
    return " FOR UPDATE";
  }

  /** The update comes first, the insert takes what is not there. */
  @Override
  public void addToRollup(Connection connection, String table, List<RollupRow> rows)
      throws SQLException {
    List<RollupColumn> columns = RollupColumn.neededBy(rows);
    List<RollupColumn> measures = columns.stream().filter(c -> c.merge() != null).toList();
    String update =
        "UPDATE "
            + table
            + " r SET "
            + RollupColumn.merged(columns, column -> "r." + column.name(), H2Dialect::mark)
            + " WHERE r.grain = ? AND r.bucket = ? AND r.key_hash = ?";
    String insert =
        "INSERT INTO "
            + table
            + " ("
            + RollupColumn.names(columns)
            + ") VALUES ("
            + RollupColumn.values(columns, columns.stream().map(column -> "?"))
            + ")";
    try (PreparedStatement updates = connection.prepareStatement(update);
        PreparedStatement inserts = connection.prepareStatement(insert)) {
      for (RollupRow row : rows) {
        int position = 1;
        for (RollupColumn column : measures) {
          column.bind(updates, position++, row);
          if (column.merge() == RollupMeasure.Merge.ADD_KNOWN) {
            column.bind(updates, position++, row);
          }
        }
        updates.setObject(position++, row.grain().code);
        updates.setObject(position++, row.bucket());
        updates.setObject(position, row.hash());
        updates.addBatch();
      }
      int[] updated = updates.executeBatch();
      boolean found = true;
      for (int i = 0; i < updated.length; i++) {
        if (updated[i] == 0) {
          for (int column = 0; column < columns.size(); column++) {
            columns.get(column).bind(inserts, column + 1, rows.get(i));
          }
          inserts.addBatch();
          found = false;
        }
      }
      if (!found) {
        inserts.executeBatch();
      }
    }
  }

  /** A parameter whose type is known before it is bound. */
  private static String mark(RollupColumn column) {
    String type =
        switch (column.type()) {
          case BIGINT -> "BIGINT";
          case DECIMAL -> "DECIMAL(56, 18)";
          case TIMESTAMP -> "TIMESTAMP(6) WITH TIME ZONE";
          default -> throw new IllegalStateException(column.name() + " does not add up");
        };
    return "CAST(? AS " + type + ")";
  }

  @Override
  public String keyHash(List<String> values) {
    String text =
        values.stream()
            .map(value -> "OCTET_LENGTH(STRINGTOUTF8(" + value + ")), ':', " + value)
            .collect(Collectors.joining(", "));
    return "CAST(SUBSTRING(HASH('SHA-256', CONCAT(" + text + ")) FROM 1 FOR 16) AS UUID)";
  }
}
