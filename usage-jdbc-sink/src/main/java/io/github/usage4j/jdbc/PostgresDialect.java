package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import java.lang.reflect.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** PostgreSQL. */
final class PostgresDialect implements Dialect {

  /** Any number that is not likely to be somebody else's; the prefix is mixed in. */
  private static final long LOCK = 0x75736167_65346a00L;

  private static final long LEDGER_LOCK = 0x75736167_65346a01L;

  private static final int ROWS_PER_STATEMENT = 5_000;

  /** Below, making the temporary table costs more than COPY saves (docs/benchmarks.md). */
  private static final int COPY_FROM = 2_000;

  private final @Nullable PostgresCopy copy = PostgresCopy.ifDriverPresent();
  private final int copyFrom;
  private volatile boolean rowSecurity;

  PostgresDialect() {
    this(COPY_FROM);
  }

  /** Takes COPY from so many events on. */
  PostgresDialect(int copyFrom) {
    this.copyFrom = copyFrom;
  }

  @Override
  public String scripts() {
    return "postgresql";
  }

  @Override
  public void prepare(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("SHOW server_encoding");
        ResultSet result = statement.executeQuery()) {
      result.next();
      String encoding = result.getString(1);
      if (!"UTF8".equals(encoding)) {
        throw new UsageException(
            "the encoding of the PostgreSQL database must be UTF8, but is "
                + encoding
                + ", which cannot hold every name",
            null);
      }
    }
  }

  @Override
  public void beforeWrite(Connection connection) {
    // synchronous_commit is the server's, or the role's, to choose.
  }

  @Override
  public boolean detectRowSecurity(Connection connection, Tables tables) throws SQLException {
    rowSecurity =
        Dialect.isTrue(
            connection,
            "SELECT COALESCE((SELECT row_security_active(oid) FROM pg_class WHERE oid ="
                + " to_regclass(?)), false)",
            tables.event());
    return rowSecurity;
  }

  /** Who writes, upgrades or maintains works on the rows of everybody. */
  @Override
  public void afterBegin(Connection connection) throws SQLException {
    if (rowSecurity) {
      RowIdentity.ADMIN.set(connection);
    }
  }

  @Override
  public String emptyText() {
    return "''";
  }

  @Override
  public boolean hasNamespace(Connection connection, String namespace) throws SQLException {
    return Dialect.isTrue(
        connection, "SELECT COUNT(*) > 0 FROM pg_namespace WHERE nspname = ?", namespace);
  }

  @Override
  public Restore use(Connection connection, String namespace) throws SQLException {
    Dialect.execute(connection, "SET LOCAL search_path = " + namespace);
    return Restore.NOTHING;
  }

  @Override
  public String currentNamespace() {
    return "current_schema()";
  }

  @Override
  public boolean hasColumn(Connection connection, Tables tables, String table, String column)
      throws SQLException {
    return Dialect.isTrue(
        connection,
        "SELECT COUNT(*) > 0 FROM pg_attribute"
            + " WHERE attrelid = to_regclass(?) AND attname = ? AND NOT attisdropped",
        table,
        column);
  }

  @Override
  public boolean hasTable(Connection connection, Tables tables, String table) throws SQLException {
    return Dialect.isTrue(connection, "SELECT to_regclass(?) IS NOT NULL", table);
  }

  @Override
  public boolean hasIndex(Connection connection, Tables tables, String index) throws SQLException {
    return Dialect.isTrue(
        connection,
        "SELECT COUNT(*) > 0 FROM pg_index WHERE indexrelid = to_regclass(?) AND indisvalid",
        index);
  }

  @Override
  public boolean transactionalDdl() {
    return true;
  }

  @Override
  public void lockSchema(Connection connection, Tables tables) throws SQLException {
    String sql = "SELECT pg_advisory_xact_lock(?)";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, LOCK ^ tables.schema().hashCode());
      statement.execute();
    }
  }

  @Override
  public boolean hasWritten(Connection connection) throws SQLException {
    return Dialect.isTrue(connection, "SELECT txid_current_if_assigned() IS NOT NULL");
  }

  /** Small batches as arrays, large ones by COPY where driver and role can. */
  @Override
  public Set<UUID> insert(
      Connection connection, Tables tables, List<Column> columns, List<UsageEvent> events)
      throws SQLException {
    if (copy != null && events.size() >= copyFrom) {
      Set<UUID> inserted = copy.insert(connection, tables, columns, events);
      if (inserted != null) {
        return inserted;
      }
    }
    return insertArrays(connection, tables, columns, events);
  }

  /** One array for each column: one statement for any number of rows, prepared once. */
  private static Set<UUID> insertArrays(
      Connection connection, Tables tables, List<Column> columns, List<UsageEvent> events)
      throws SQLException {
    String arrays =
        columns.stream()
            .map(column -> "?::" + column.type().arrayOf + "[]")
            .collect(Collectors.joining(", "));
    String names = EventColumns.names(columns);
    String sql =
        "INSERT INTO "
            + tables.event()
            + " ("
            + names
            + ") SELECT * FROM unnest("
            + arrays
            + ") ON CONFLICT (id) DO NOTHING RETURNING id";
    var inserted = new HashSet<UUID>();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int from = 0; from < events.size(); from += ROWS_PER_STATEMENT) {
        int to = Math.min(from + ROWS_PER_STATEMENT, events.size());
        List<UsageEvent> rows = events.subList(from, to);
        for (int i = 0; i < columns.size(); i++) {
          Column column = columns.get(i);
          statement.setArray(i + 1, array(connection, column.type(), column.value(), rows));
        }
        try (ResultSet row = statement.executeQuery()) {
          while (row.next()) {
            inserted.add(row.getObject(1, UUID.class));
          }
        }
      }
    }
    return inserted;
  }

  private static <R> java.sql.Array array(
      Connection connection, Column.Type type, Function<R, @Nullable Object> values, List<R> rows)
      throws SQLException {
    Object[] elements = (Object[]) Array.newInstance(type.elementClass, rows.size());
    for (int i = 0; i < elements.length; i++) {
      Object value = values.apply(rows.get(i));
      if (value != null) {
        elements[i] = type.element(value);
      }
    }
    return connection.createArrayOf(type.arrayOf, elements);
  }

  @Override
  public void insertTags(Connection connection, Tables tables, List<EventTag> tags)
      throws SQLException {
    String sql =
        "INSERT INTO "
            + tables.eventTag()
            + EventTag.COLUMNS
            + " SELECT * FROM unnest(?::uuid[], ?::text[], ?::text[], ?::timestamptz[])";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setArray(1, texts(connection, "uuid", tags, tag -> tag.eventId().toString()));
      statement.setArray(2, texts(connection, "text", tags, EventTag::key));
      statement.setArray(3, texts(connection, "text", tags, EventTag::value));
      statement.setArray(
          4, texts(connection, "timestamptz", tags, tag -> tag.occurredAt().toString()));
      statement.executeUpdate();
    }
  }

  private static <T> java.sql.Array texts(
      Connection connection, String type, Collection<T> rows, Function<T, String> value)
      throws SQLException {
    return connection.createArrayOf(type, rows.stream().map(value).toArray(String[]::new));
  }

  /** The inner condition keeps rows that need no change from being locked. */
  @Override
  public void upsertLabels(Connection connection, Tables tables, Map<LabelKey, Label> labels)
      throws SQLException {
    String sql =
        "INSERT INTO "
            + tables.label()
            + " AS t (organization, kind, id, label, seen_on)"
            + " SELECT s.organization, s.kind, s.id, s.label, s.seen_on"
            + " FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::date[])"
            + " AS s (organization, kind, id, label, seen_on)"
            + " WHERE NOT EXISTS (SELECT 1 FROM "
            + tables.label()
            + " k"
            + " WHERE k.organization = s.organization AND k.kind = s.kind AND k.id = s.id"
            + " AND (k.seen_on > s.seen_on OR (k.seen_on = s.seen_on AND k.label = s.label)))"
            + " ORDER BY s.organization COLLATE \"C\", s.kind COLLATE \"C\", s.id COLLATE \"C\""
            + " ON CONFLICT (organization, kind, id) DO UPDATE"
            + " SET label = excluded.label, seen_on = excluded.seen_on"
            + " WHERE t.seen_on < excluded.seen_on"
            + " OR (t.seen_on = excluded.seen_on AND t.label <> excluded.label)";
    var keys = labels.keySet();
    var values = keys.stream().map(labels::get).toList();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setArray(1, texts(connection, "text", keys, LabelKey::organization));
      statement.setArray(2, texts(connection, "text", keys, LabelKey::kind));
      statement.setArray(3, texts(connection, "text", keys, LabelKey::id));
      statement.setArray(4, texts(connection, "text", values, Label::text));
      statement.setArray(5, texts(connection, "date", values, label -> label.seenOn().toString()));
      statement.executeUpdate();
    }
  }

  /** Kept in memory only: a shared lock of a row would be written to the table by every batch. */
  @Override
  public void lockForWriting(Connection connection, Tables tables) throws SQLException {
    lock(connection, "SELECT pg_advisory_xact_lock_shared(?)", tables);
  }

  @Override
  public void lockForMaintenance(Connection connection, Tables tables) throws SQLException {
    lock(connection, "SELECT pg_advisory_xact_lock(?)", tables);
  }

  private static void lock(Connection connection, String sql, Tables tables) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, LEDGER_LOCK ^ tables.prefix().hashCode());
      statement.execute();
    }
  }

  /** Like {@link #insert}: rows are locked in the order of the arrays. */
  @Override
  public void addToRollup(Connection connection, String table, List<RollupRow> rows)
      throws SQLException {
    List<RollupColumn> columns = RollupColumn.neededBy(rows);
    String sql =
        "INSERT INTO "
            + table
            + " AS r ("
            + RollupColumn.names(columns)
            + ") SELECT "
            + RollupColumn.values(columns, Stream.of("u.*"))
            + " FROM unnest("
            + columns.stream()
                .map(column -> "?::" + column.type().arrayOf + "[]")
                .collect(Collectors.joining(", "))
            + ") u ON CONFLICT (grain, bucket, key_hash) DO UPDATE SET "
            + RollupColumn.merged(columns, c -> "r." + c.name(), c -> "excluded." + c.name());
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int from = 0; from < rows.size(); from += ROWS_PER_STATEMENT) {
        List<RollupRow> some = rows.subList(from, Math.min(from + ROWS_PER_STATEMENT, rows.size()));
        for (int i = 0; i < columns.size(); i++) {
          RollupColumn column = columns.get(i);
          statement.setArray(i + 1, array(connection, column.type(), column.value(), some));
        }
        statement.executeUpdate();
      }
    }
  }

  @Override
  public String keyHash(List<String> values) {
    String text =
        values.stream()
            .map(value -> "octet_length(" + value + "), ':', " + value)
            .collect(Collectors.joining(", "));
    return "encode(substring(sha256(convert_to(concat("
        + text
        + "), 'UTF8')) FROM 1 FOR 16), 'hex')::uuid";
  }
}
