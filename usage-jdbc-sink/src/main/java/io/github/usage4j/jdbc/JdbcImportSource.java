package io.github.usage4j.jdbc;

import io.github.usage4j.UsageException;
import io.github.usage4j.backfill.ImportRecord;
import io.github.usage4j.backfill.ImportSource;
import io.github.usage4j.internal.DecimalBounds;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a query on any database, as input of an import. They are read in the order of a key,
 * a page at a time, each with a query of its own: memory is bounded with every driver, and no
 * transaction stays open. Column names are lower case. Safe for use by one import at a time.
 */
public final class JdbcImportSource implements ImportSource {

  private static final int PAGE = 1_000;

  private final DataSource dataSource;
  private final String name;
  private final String query;
  private final String key;

  private JdbcImportSource(DataSource dataSource, String name, String query, String key) {
    this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
    this.name = Objects.requireNonNull(name, "name");
    this.query = Objects.requireNonNull(query, "query");
    this.key = key;
    if (!key.matches("[A-Za-z_][A-Za-z0-9_]*")) {
      throw new IllegalArgumentException(
          "key must be the name of a column of the query, but was '" + key + "'");
    }
  }

  /**
   * The rows of a query.
   *
   * @param dataSource where connections come from; it is not closed
   * @param name of the input, the same in each run
   * @param query a SELECT without parameters and ORDER BY; it is used as a table expression
   * @param key a column of the query that tells its rows apart, a whole number, text or UUID, never
   *     NULL, by which new rows come last; best the table's primary key
   * @throws IllegalArgumentException if the key is not the plain name of a column
   */
  public static JdbcImportSource query(
      DataSource dataSource, String name, String query, String key) {
    return new JdbcImportSource(dataSource, name, query, key);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Cursor open(@Nullable String position) {
    return new Pages(position);
  }

  /** A key as text: its type, then its value. */
  private static Object key(String position) {
    String value = position.substring(1);
    return switch (position.charAt(0)) {
      case 'n' ->
          value.length() < 19 && value.matches("-?[0-9]+")
              ? Long.valueOf(value)
              : DecimalBounds.ANY.require("key", value);
      case 'u' -> UUID.fromString(value);
      case 't' -> value;
      default -> throw new UsageException("'" + position + "' is no position in a query", null);
    };
  }

  private String keyText(@Nullable Object value) {
    if (value instanceof Number number) {
      return "n" + DecimalBounds.ANY.require("key " + key, number.toString()).toPlainString();
    }
    if (value instanceof UUID uuid) {
      return "u" + uuid;
    }
    if (value instanceof String text) {
      return "t" + text;
    }
    throw new UsageException(
        name + ": the key " + key + " must be a number, text or UUID, but is " + value, null);
  }

  private final class Pages implements Cursor {

    private final Queue<ImportRecord> page = new ArrayDeque<>();
    private @Nullable String after;
    private String last;
    private boolean ended;

    Pages(@Nullable String position) {
      // An empty position is that of an input that had no rows.
      after = position == null || position.isEmpty() ? null : position;
      last = after == null ? "" : after;
    }

    @Override
    public @Nullable ImportRecord next() throws SQLException {
      if (page.isEmpty() && !ended) {
        load();
      }
      ImportRecord record = page.poll();
      if (record != null) {
        last = record.identity();
      }
      return record;
    }

    private void load() throws SQLException {
      String sql =
          "SELECT * FROM ("
              + query
              + ") q"
              + (after == null ? "" : " WHERE q." + key + " > ?")
              + " ORDER BY q."
              + key;
      try (Connection connection = dataSource.getConnection();
          PreparedStatement statement = connection.prepareStatement(sql)) {
        statement.setMaxRows(PAGE + 1); // one more, to see that the next page begins behind it
        if (after != null) {
          statement.setObject(1, key(after));
        }
        try (ResultSet row = statement.executeQuery()) {
          while (row.next()) {
            ImportRecord record = record(row);
            if (record.identity().equals(after)) {
              throw new UsageException(
                  record.where() + ": the key must be unique, but two rows have it", null);
            }
            if (page.size() == PAGE) {
              return;
            }
            page.add(record);
            after = record.identity();
          }
        }
      }
      ended = true;
    }

    private ImportRecord record(ResultSet row) throws SQLException {
      Map<String, @Nullable Object> fields = new LinkedHashMap<>();
      ResultSetMetaData columns = row.getMetaData();
      for (int i = 1; i <= columns.getColumnCount(); i++) {
        fields.put(
            columns.getColumnLabel(i).toLowerCase(Locale.ROOT),
            value(row, i, columns.getColumnType(i), columns.getColumnTypeName(i)));
      }
      String identity = keyText(fields.get(key.toLowerCase(Locale.ROOT)));
      return new ImportRecord(
          name + ", " + key + " " + identity.substring(1),
          identity,
          fields,
          null,
          fields.toString());
    }

    @Override
    public String position() {
      return last;
    }

    @Override
    public void close() {
      // each page closed what it had
    }
  }

  /** Times keep their zone, or have none; nothing passes through the zone of the machine. */
  private static @Nullable Object value(ResultSet row, int column, int type, String typeName)
      throws SQLException {
    boolean zoned =
        type == Types.TIMESTAMP_WITH_TIMEZONE || typeName.equalsIgnoreCase("timestamptz");
    if (zoned) {
      return row.getObject(column, OffsetDateTime.class);
    }
    return switch (type) {
      case Types.TIMESTAMP -> row.getObject(column, LocalDateTime.class);
      case Types.OTHER ->
          typeName.toLowerCase(Locale.ROOT).startsWith("json")
              ? row.getString(column)
              : row.getObject(column);
      case Types.CLOB, Types.NCLOB, Types.LONGVARCHAR, Types.LONGNVARCHAR -> row.getString(column);
      default -> row.getObject(column);
    };
  }
}
