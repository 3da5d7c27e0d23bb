package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Inserts large batches by COPY into a temporary table and from there. COPY is no part of JDBC: the
 * driver of PostgreSQL is reached by reflection, because it need not be there. Safe for use by
 * several threads.
 */
final class PostgresCopy {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcUsageStore.class);

  private static final String STAGING = "pg_temp.usage4j_staging";
  private static final int CHUNK = 1 << 22;

  private final Class<?> driverConnection;
  private final Method getCopyApi;
  private final Method copyIn;
  private volatile boolean refused;

  private PostgresCopy() throws ReflectiveOperationException {
    ClassLoader loader = PostgresCopy.class.getClassLoader();
    driverConnection = Class.forName("org.postgresql.PGConnection", false, loader);
    getCopyApi = driverConnection.getMethod("getCopyAPI");
    copyIn = getCopyApi.getReturnType().getMethod("copyIn", String.class, InputStream.class);
  }

  /** Null if the driver of PostgreSQL is not on the class path. */
  static @Nullable PostgresCopy ifDriverPresent() {
    try {
      return new PostgresCopy();
    } catch (ReflectiveOperationException | LinkageError e) {
      return null;
    }
  }

  /**
   * Inserts those events whose ids are not known yet.
   *
   * @return the ids inserted; null if nothing was done, because this driver or role cannot COPY
   */
  @Nullable Set<UUID> insert(
      Connection connection, Tables tables, List<Column> columns, List<UsageEvent> events)
      throws SQLException {
    if (refused || !connection.isWrapperFor(driverConnection)) {
      return null;
    }
    // Made before anything is sent: a value that cannot be stored must not end a COPY in the
    // middle.
    List<byte[]> chunks = text(columns, events);
    if (!makeStaging(connection, tables)) {
      return null;
    }
    copy(connection, STAGING, columns, chunks);
    String names = EventColumns.names(columns);
    String sql =
        "INSERT INTO "
            + tables.event()
            + " ("
            + names
            + ") SELECT "
            + names
            + " FROM "
            + STAGING
            + " ON CONFLICT (id) DO NOTHING RETURNING id";
    var inserted = new HashSet<UUID>();
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        inserted.add(row.getObject(1, UUID.class));
      }
    }
    return inserted;
  }

  /** A role without the right TEMPORARY is not an error: there is another way. */
  private boolean makeStaging(Connection connection, Tables tables) throws SQLException {
    Savepoint before = connection.setSavepoint();
    try {
      Dialect.execute(
          connection,
          "CREATE TEMPORARY TABLE " + STAGING + " (LIKE " + tables.event() + ") ON COMMIT DROP");
      connection.releaseSavepoint(before);
      return true;
    } catch (SQLException e) {
      String state = SqlStates.of(e);
      if (!state.startsWith("42") && !state.startsWith("0A")) {
        throw e;
      }
      connection.rollback(before);
      refused = true;
      LOG.debug("Batches are not written by COPY", e);
      return false;
    }
  }

  /** Plain COPY, which knows no conflicts. */
  void copy(Connection connection, String table, List<Column> columns, List<byte[]> chunks)
      throws SQLException {
    String sql = "COPY " + table + " (" + EventColumns.names(columns) + ") FROM STDIN";
    try {
      Object api = getCopyApi.invoke(connection.unwrap(driverConnection));
      for (byte[] chunk : chunks) {
        copyIn.invoke(api, sql, new ByteArrayInputStream(chunk));
      }
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof SQLException failure) {
        throw failure;
      }
      throw new SQLException("COPY failed", e.getCause());
    } catch (IllegalAccessException e) {
      throw new SQLException("COPY cannot be called", e);
    }
  }

  /** Rows in the text format of COPY, in pieces of bounded size. */
  static List<byte[]> text(List<Column> columns, List<UsageEvent> events) {
    var chunks = new ArrayList<byte[]>();
    var text = new StringBuilder();
    for (UsageEvent event : events) {
      String separator = "";
      for (Column column : columns) {
        text.append(separator);
        append(text, column.value().apply(event), column.type());
        separator = "\t";
      }
      text.append('\n');
      if (text.length() >= CHUNK) {
        chunks.add(text.toString().getBytes(StandardCharsets.UTF_8));
        text.setLength(0);
      }
    }
    if (!text.isEmpty()) {
      chunks.add(text.toString().getBytes(StandardCharsets.UTF_8));
    }
    return chunks;
  }

  /** The text format of COPY: {@code \N} is NULL, and nothing is the empty text. */
  private static void append(StringBuilder text, @Nullable Object value, Column.Type type) {
    if (value == null) {
      text.append("\\N");
      return;
    }
    String plain = type.element(value).toString();
    for (int i = 0; i < plain.length(); i++) {
      char c = plain.charAt(i);
      switch (c) {
        case '\\' -> text.append("\\\\");
        case '\t' -> text.append("\\t");
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        default -> text.append(c);
      }
    }
  }
}
