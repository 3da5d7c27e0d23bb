package io.github.usage4j.jdbc;

import io.github.usage4j.UsageException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What exact accounting needs of a MariaDB server and of a session with it. */
final class MariaDbSettings {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcUsageStore.class);

  private static final Pattern VERSION =
      Pattern.compile("^(?:5\\.5\\.5-)?(\\d+)\\.(\\d+)\\D.*MariaDB.*", Pattern.CASE_INSENSITIVE);
  private static final int MIN_MAJOR = 10;
  private static final int MIN_MINOR = 11;

  /** The least that a large event needs. */
  static final long MIN_PACKET = 1 << 20;

  private static final String SQL_MODE = "STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_DATE";

  /** Turns '' into NULL; ORACLE does not imply it but changes more than can be tested here. */
  private static final List<String> REFUSED_MODES = List.of("EMPTY_STRING_IS_NULL", "ORACLE");

  private MariaDbSettings() {}

  /**
   * Checks what cannot be set.
   *
   * @throws UsageException naming the setting and its cure
   */
  static void check(Connection connection) throws SQLException {
    String driver = connection.getMetaData().getDriverName();
    if (!driver.contains("MariaDB")) {
      throw new UsageException(
          "the driver for MariaDB must be MariaDB Connector/J, but is " + driver, null);
    }
    requireVersion(text(connection, "SELECT VERSION()"));
    String mode = text(connection, "SELECT @@sql_mode");
    for (String refused : REFUSED_MODES) {
      if (Set.of(mode.split(",", -1)).contains(refused)) {
        throw new UsageException(
            "MariaDB's sql_mode must not have " + refused + ", but is " + mode, null);
      }
    }
    long packet = Long.parseLong(text(connection, "SELECT @@max_allowed_packet"));
    if (packet < MIN_PACKET) {
      throw new UsageException(
          "MariaDB's max_allowed_packet must be at least "
              + MIN_PACKET
              + ", but is "
              + packet
              + ": a large event could never be stored",
          null);
    }
    if (Dialect.isTrue(
        connection, "SELECT @@global.log_bin = 1 AND @@binlog_format = 'STATEMENT'")) {
      throw new UsageException(
          "MariaDB's binlog_format must be MIXED or ROW, but is STATEMENT, with which a"
              + " transaction at READ COMMITTED cannot write",
          null);
    }
    String flush = text(connection, "SELECT @@global.innodb_flush_log_at_trx_commit");
    if (!"1".equals(flush)) {
      // A replicated cluster may have good reasons, and this is the administrator's to decide.
      LOG.warn(
          "MariaDB's innodb_flush_log_at_trx_commit is {}: a crash can lose usage events whose"
              + " commit had returned, up to a second of them; with 1 it cannot",
          flush);
    }
  }

  private static void requireVersion(String version) {
    Matcher matcher = VERSION.matcher(version);
    if (!matcher.matches()) {
      throw new UsageException("the server must be MariaDB, but its version is " + version, null);
    }
    int major = Integer.parseInt(matcher.group(1));
    int minor = Integer.parseInt(matcher.group(2));
    if (major < MIN_MAJOR || (major == MIN_MAJOR && minor < MIN_MINOR)) {
      throw new UsageException(
          "MariaDB must be " + MIN_MAJOR + "." + MIN_MINOR + " or newer, but is " + version, null);
    }
  }

  private static String text(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet result = statement.executeQuery()) {
      result.next();
      return result.getString(1);
    }
  }

  /**
   * Makes the session strict: a lax sql_mode cuts what is too long and stores 0 or '' for what is
   * missing.
   *
   * @return puts back what was
   */
  static Dialect.Restore strict(Connection connection) throws SQLException {
    String mode = text(connection, "SELECT @@sql_mode");
    Set<String> modes = Set.of(mode.split(",", -1));
    boolean exact =
        (modes.contains("STRICT_TRANS_TABLES") || modes.contains("STRICT_ALL_TABLES"))
            && Collections.disjoint(modes, REFUSED_MODES);
    if (exact) {
      return Dialect.Restore.NOTHING;
    }
    setMode(connection, SQL_MODE);
    return () -> setMode(connection, mode);
  }

  private static void setMode(Connection connection, String mode) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("SET sql_mode = ?")) {
      statement.setString(1, mode);
      statement.execute();
    }
  }
}
