package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * MariaDB 10.11 and newer, through its own driver. Times are DATETIME in UTC, which no session's
 * time zone touches, and are bound and read as local times, which no driver converts.
 */
final class MariaDbDialect implements Dialect {

  private static final int LOCK_SECONDS = 60;

  /** Far below what {@link MariaDbSettings#MIN_PACKET} holds of the longest keys. */
  private static final int VALUES_PER_LIST = 500;

  private static final Pattern END_OF_STATEMENT = Pattern.compile(";[ \\t]*(?:\\R|$)");

  @Override
  public String scripts() {
    return "mariadb";
  }

  @Override
  public void prepare(Connection connection) throws SQLException {
    MariaDbSettings.check(connection);
  }

  @Override
  public void beforeWrite(Connection connection) {
    // innodb_flush_log_at_trx_commit is the server's to choose, and was warned of.
  }

  @Override
  public Restore session(Connection connection) throws SQLException {
    return MariaDbSettings.strict(connection);
  }

  @Override
  public String emptyText() {
    return "''";
  }

  @Override
  public Object time(Instant instant) {
    return LocalDateTime.ofInstant(instant, ZoneOffset.UTC);
  }

  @Override
  public Instant instant(ResultSet row, String column) throws SQLException {
    return Dialect.required(row.getObject(column, LocalDateTime.class), column)
        .toInstant(ZoneOffset.UTC);
  }

  /** There are no arrays: a mark for each value. */
  @Override
  public void in(Sql sql, String column, Collection<?> values) {
    sql.add(column).add(" IN (");
    String separator = "";
    for (Object value : values) {
      sql.add(separator).mark(value);
      separator = ", ";
    }
    sql.add(")");
  }

  @Override
  public boolean hasNamespace(Connection connection, String namespace) throws SQLException {
    return Dialect.isTrue(
        connection,
        "SELECT COUNT(*) > 0 FROM information_schema.schemata WHERE schema_name = ?",
        namespace);
  }

  @Override
  public Restore use(Connection connection, String namespace) throws SQLException {
    String before = connection.getCatalog();
    connection.setCatalog(namespace);
    return () -> {
      if (before != null) {
        connection.setCatalog(before);
      }
    };
  }

  @Override
  public String currentNamespace() {
    return "DATABASE()";
  }

  @Override
  public boolean hasTable(Connection connection, Tables tables, String table) throws SQLException {
    if (tables.namespace() == null && Dialect.isTrue(connection, "SELECT DATABASE() IS NULL")) {
      throw new UsageException(
          "the URL of the MariaDB DataSource, or schema, must name a database, but none is named",
          null);
    }
    return Dialect.isTrue(
        connection,
        "SELECT COUNT(*) > 0 FROM information_schema.tables"
            + " WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ?",
        tables.namespace(),
        Dialect.unqualified(table));
  }

  @Override
  public boolean hasIndex(Connection connection, Tables tables, String index) throws SQLException {
    return Dialect.isTrue(
        connection,
        "SELECT COUNT(*) > 0 FROM information_schema.statistics"
            + " WHERE table_schema = COALESCE(?, DATABASE()) AND index_name = ?",
        tables.namespace(),
        Dialect.unqualified(index));
  }

  @Override
  public boolean transactionalDdl() {
    return false;
  }

  @Override
  public void script(Connection connection, String script) throws SQLException {
    for (String sql : END_OF_STATEMENT.split(script, -1)) {
      if (!sql.isBlank()) {
        Dialect.execute(connection, sql);
      }
    }
  }

  /** A lock of the session, because every DDL statement ends the transaction. */
  @Override
  public void lockSchema(Connection connection, Tables tables) throws SQLException {
    String sql = "SELECT GET_LOCK(CONCAT(DATABASE(), '.', ?), " + LOCK_SECONDS + ")";
    if (!Dialect.isTrue(connection, sql, Dialect.unqualified(tables.schema()))) {
      throw new SQLTransientException(
          "another connection has been changing the tables "
              + tables.pattern()
              + " for "
              + LOCK_SECONDS
              + " s");
    }
  }

  @Override
  public void unlockSchema(Connection connection, Tables tables) throws SQLException {
    String sql = "SELECT RELEASE_LOCK(CONCAT(DATABASE(), '.', ?))";
    Dialect.isTrue(connection, sql, Dialect.unqualified(tables.schema()));
  }

  /** Whether it has written or only read a table cannot be asked without the right PROCESS. */
  @Override
  public boolean hasWritten(Connection connection) throws SQLException {
    return Dialect.isTrue(connection, "SELECT @@in_transaction");
  }

  /**
   * Asks which ids are known, then inserts the others plainly, with the driver's bulk protocol. The
   * question waits for writers that have such ids and have not committed: else the same writer
   * could lose to one after the other. Whoever is overtaken after it gets a unique violation, is
   * rolled back and asks again. INSERT IGNORE would need no question, but turns every error into a
   * warning.
   */
  @Override
  public Set<UUID> insert(
      Connection connection, Tables tables, List<Column> columns, List<UsageEvent> events)
      throws SQLException {
    var inserted = new HashSet<UUID>();
    events.forEach(event -> inserted.add(event.id()));
    for (List<UsageEvent> part : Sql.parts(events, VALUES_PER_LIST)) {
      new Sql(this, "SELECT id FROM ")
          .add(tables.event())
          .add(" WHERE ")
          .in("id", part.stream().map(UsageEvent::id))
          .add(" LOCK IN SHARE MODE")
          .forEach(connection, row -> inserted.remove(row.getObject(1, UUID.class)));
    }
    if (inserted.isEmpty()) {
      return inserted;
    }
    String marks = String.join(", ", Collections.nCopies(columns.size(), "?"));
    String sql =
        "INSERT INTO "
            + tables.event()
            + " ("
            + EventColumns.names(columns)
            + ") VALUES ("
            + marks
            + ")";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (UsageEvent event : events) {
        if (inserted.contains(event.id())) {
          for (int i = 0; i < columns.size(); i++) {
            bind(statement, i + 1, columns.get(i), event);
          }
          statement.addBatch();
        }
      }
      statement.executeBatch();
    }
    return inserted;
  }

  private static void bind(
      PreparedStatement statement, int position, Column column, UsageEvent event)
      throws SQLException {
    if (column.value().apply(event) instanceof OffsetDateTime time) {
      statement.setObject(position, time.withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime());
    } else {
      column.bind(statement, position, event);
    }
  }

  /** Reads first, without locks: most labels are what they were, and an upsert locks their rows. */
  @Override
  public void upsertLabels(Connection connection, Tables tables, Map<LabelKey, Label> labels)
      throws SQLException {
    var changed = new TreeMap<LabelKey, Label>(labels);
    stored(connection, tables, labels.keySet())
        .forEach(
            (key, stored) ->
                changed.computeIfPresent(
                    key, (k, label) -> stored.or(label).equals(stored) ? null : label));
    if (changed.isEmpty()) {
      return;
    }
    String newer =
        "IF(VALUES(seen_on) > seen_on OR VALUES(seen_on) = seen_on, VALUES(label), label)";
    String sql =
        "INSERT INTO "
            + tables.label()
            + " (organization, kind, id, label, seen_on) VALUES (?, ?, ?, ?, ?)"
            + " ON DUPLICATE KEY UPDATE label = "
            + newer
            + ", seen_on = GREATEST(seen_on, VALUES(seen_on))";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (Map.Entry<LabelKey, Label> entry : changed.entrySet()) {
        statement.setString(1, entry.getKey().organization());
        statement.setString(2, entry.getKey().kind());
        statement.setString(3, entry.getKey().id());
        statement.setString(4, entry.getValue().text());
        statement.setObject(5, entry.getValue().seenOn());
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  private Map<LabelKey, Label> stored(
      Connection connection, Tables tables, Collection<LabelKey> keys) throws SQLException {
    var stored = new HashMap<LabelKey, Label>();
    for (List<LabelKey> part : Sql.parts(keys, VALUES_PER_LIST)) {
      new Sql(this, "SELECT organization, kind, id, label, seen_on FROM ")
          .add(tables.label())
          .add(" WHERE ")
          .in("organization", part.stream().map(LabelKey::organization))
          .add(" AND ")
          .in("kind", part.stream().map(LabelKey::kind))
          .add(" AND ")
          .in("id", part.stream().map(LabelKey::id))
          .forEach(
              connection,
              row ->
                  stored.put(
                      new LabelKey(row.getString(1), row.getString(2), row.getString(3)),
                      new Label(row.getString(4), row.getObject(5, LocalDate.class))));
    }
    return stored;
  }

  @Override
  public void lockForWriting(Connection connection, Tables tables) throws SQLException {
    lock(connection, tables, " LOCK IN SHARE MODE");
  }

  @Override
  public void lockForMaintenance(Connection connection, Tables tables) throws SQLException {
    lock(connection, tables, " FOR UPDATE");
  }

  /** Of one row, by its whole primary key: no gap is locked. */
  private static void lock(Connection connection, Tables tables, String kind) throws SQLException {
    String sql =
        "SELECT raw_from FROM " + tables.horizon() + " WHERE scope = ? AND organization = ''";
    try (PreparedStatement statement = connection.prepareStatement(sql + kind)) {
      statement.setString(1, Horizon.ALL);
      statement.execute();
    }
  }

  @Override
  public String keepRows() {
    return " LOCK IN SHARE MODE";
  }

  @Override
  public void addToRollup(Connection connection, String table, List<RollupRow> rows)
      throws SQLException {
    List<RollupColumn> columns = RollupColumn.neededBy(rows);
    String sql =
        "INSERT INTO "
            + table
            + " ("
            + RollupColumn.names(columns)
            + ") VALUES ("
            + RollupColumn.values(columns, columns.stream().map(column -> "?"))
            + ") ON DUPLICATE KEY UPDATE "
            + RollupColumn.merged(
                columns, RollupColumn::name, column -> "VALUES(" + column.name() + ")");
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (RollupRow row : rows) {
        for (int i = 0; i < columns.size(); i++) {
          Object value = columns.get(i).value().apply(row);
          if (value instanceof OffsetDateTime time) {
            statement.setObject(i + 1, time.toLocalDateTime());
          } else if (value instanceof UUID hash) {
            statement.setObject(i + 1, hash(hash));
          } else {
            columns.get(i).bind(statement, i + 1, row);
          }
        }
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  @Override
  public String keyHash(List<String> values) {
    String text =
        values.stream()
            .map(value -> "OCTET_LENGTH(" + value + "), ':', " + value)
            .collect(Collectors.joining(", "));
    return "UNHEX(LEFT(SHA2(CONCAT(" + text + "), 256), 32))";
  }

  /** The type UUID takes only what is one. */
  @Override
  public Object hash(UUID hash) {
    return ByteBuffer.allocate(2 * Long.BYTES)
        .putLong(hash.getMostSignificantBits())
        .putLong(hash.getLeastSignificantBits())
        .array();
  }

  @Override
  public UUID hash(ResultSet row, String column) throws SQLException {
    var bytes = ByteBuffer.wrap(row.getBytes(column));
    return new UUID(bytes.getLong(), bytes.getLong());
  }
}
