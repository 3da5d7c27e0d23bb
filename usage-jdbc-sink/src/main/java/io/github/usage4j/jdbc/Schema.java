package io.github.usage4j.jdbc;

import io.github.usage4j.UsageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings the tables to the version that this library needs, or checks that they have it. */
final class Schema {

  /** In the order of their versions. A script is never edited once released: add the next one. */
  static final List<String> SCRIPTS =
      List.of(
          "V1__usage.sql",
          "V2__rollup.sql",
          "V3__tags.sql",
          "V4__jobs.sql",
          "V5__repricing.sql",
          "V6__limits.sql",
          "V7__organization_rollup.sql",
          "V8__conditions.sql",
          "V9__imports.sql");

  static final int VERSION = versionOf(SCRIPTS.get(SCRIPTS.size() - 1));

  private static final Logger LOG = LoggerFactory.getLogger(JdbcUsageStore.class);
  private static final String FOLDER = "schema/";
  private static final int ATTEMPTS = 30;

  private static final Pattern INDEX =
      Pattern.compile("INDEX (?:IF NOT EXISTS )?\\$\\{prefix}(\\w+)");

  /** In front of what makes partitions. */
  private static final String BY_MONTH = "-- by month: ";

  private final Dialect dialect;
  private final Tables tables;
  private final Transactions transactions;
  private final boolean byMonth;

  /**
   * @param byMonth whether tables that are made get a partition for each month
   */
  Schema(Dialect dialect, Tables tables, Transactions transactions, boolean byMonth) {
    this.byMonth = byMonth;
    this.dialect = dialect;
    this.tables = tables;
    this.transactions = transactions;
  }

  /**
   * Changes nothing.
   *
   * @throws UsageException if the version is not the one needed, or a table, a view, an index or a
   *     column of the event table is missing
   */
  void validate() throws SQLException {
    int found = transactions.run(this::version);
    if (found < VERSION) {
      String has =
          found == 0 ? "table " + tables.schema() + " is missing" : "the tables have " + found;
      throw new UsageException(
          "the schema must have version "
              + VERSION
              + ", but "
              + has
              + "; open the store without"
              + " validateOnly() and with a role that may create tables, or apply "
              + after(found)
              + " of "
              + folder()
              + " with ${prefix} replaced by "
              + tables.prefix(),
          null);
    }
    List<String> missing = transactions.run(this::missing);
    if (!missing.isEmpty()) {
      throw new UsageException(
          "table "
              + tables.schema()
              + " says that the schema has version "
              + found
              + ", but these are missing, or this role may not read them: "
              + String.join(", ", missing),
          null);
    }
  }

  private List<String> missing(Connection connection) throws SQLException {
    var missing = new ArrayList<String>();
    for (String table : tables.all()) {
      if (!dialect.hasTable(connection, tables, table)) {
        missing.add(table);
      }
    }
    if (missing.isEmpty()) {
      for (Column column : EventColumns.writtenAt(Instant.EPOCH)) {
        if (!dialect.hasColumn(connection, tables, tables.event(), column.name())) {
          missing.add(tables.event() + "." + column.name());
        }
      }
      for (String index : indexes()) {
        if (!dialect.hasIndex(connection, tables, index)) {
          missing.add(index);
        }
      }
    }
    return missing;
  }

  /** What the scripts make; without one of them an answer takes as long as all rows do. */
  private Set<String> indexes() {
    var indexes = new LinkedHashSet<String>(); // a table that was made anew has the same again
    for (String script : SCRIPTS) {
      Matcher index = INDEX.matcher(text(script));
      while (index.find()) {
        indexes.add(tables.named(index.group(1)));
      }
    }
    return indexes;
  }

  /** Applies the scripts that are missing; safe when several instances start at once. */
  void upgrade() throws SQLException {
    for (int attempt = 1; transactions.run(this::version) < VERSION; attempt++) {
      if (attempt > ATTEMPTS) {
        throw new UsageException(
            "the tables "
                + tables.pattern()
                + " were made "
                + ATTEMPTS
                + " times, but table "
                + tables.schema()
                + " is missing or old again whenever another connection looks; every connection"
                + " of the DataSource must lead to one database that outlives it",
            null);
      }
      try {
        transactions.run(this::applyMissing);
      } catch (SQLException e) {
        // Without transactional DDL two instances may disturb each other; a script can be repeated.
        if (dialect.transactionalDdl() || attempt == ATTEMPTS) {
          throw e;
        }
        LOG.debug("Attempt {} to create the tables is repeated", attempt, e);
        Transactions.pause(attempt);
      }
    }
  }

  /** Names in a script have no schema: they are those of the connection's. */
  private Integer applyMissing(Connection connection) throws SQLException {
    Dialect.Restore namespace =
        tables.namespace() == null
            ? Dialect.Restore.NOTHING
            : dialect.use(connection, tables.namespace());
    try {
      dialect.lockSchema(connection, tables);
      try {
        int found = version(connection);
        boolean partitioned =
            found == 0 ? byMonth : Partitions.arePresent(connection, dialect, tables);
        for (String script : after(found)) {
          dialect.script(connection, read(script, partitioned));
          LOG.info("Applied {} of {} to tables {}", script, folder(), tables.pattern());
        }
        return VERSION;
      } finally {
        dialect.unlockSchema(connection, tables);
      }
    } finally {
      namespace.run();
    }
  }

  private static List<String> after(int version) {
    return SCRIPTS.stream().filter(script -> versionOf(script) > version).toList();
  }

  private static int versionOf(String script) {
    return Integer.parseInt(script.substring(1, script.indexOf("__")));
  }

  /** The version of the tables; 0 if there are none. */
  private int version(Connection connection) throws SQLException {
    String namespace = tables.namespace();
    if (namespace != null && !dialect.hasNamespace(connection, namespace)) {
      throw new UsageException(
          "schema "
              + namespace
              + " must exist, but does not; it is not created, because who owns it and who may"
              + " use it is for an administrator to say",
          null);
    }
    if (!dialect.hasTable(connection, tables, tables.schema())) {
      return 0;
    }
    String sql = "SELECT MAX(version) FROM " + tables.schema();
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet result = statement.executeQuery()) {
      result.next();
      int found = result.getInt(1);
      if (found > VERSION) {
        throw new UsageException(
            "the tables "
                + tables.pattern()
                + " have schema version "
                + found
                + ", but this library knows up to "
                + VERSION
                + "; use a newer usage-jdbc-sink",
            null);
      }
      return found;
    }
  }

  private String folder() {
    return "io/github/usage4j/jdbc/" + FOLDER + dialect.scripts();
  }

  private String read(String script, boolean partitioned) {
    String sql = text(script);
    return (partitioned ? sql.replace(BY_MONTH, "") : sql).replace("${prefix}", tables.prefix());
  }

  private String text(String script) {
    String path = FOLDER + dialect.scripts() + "/" + script;
    try (InputStream in = Schema.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new UsageException("the jar has no " + path, null);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + path, e);
    }
  }
}
