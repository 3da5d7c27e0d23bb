package io.github.usage4j.jdbc;

import io.github.usage4j.UsageException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.regex.Pattern;

/** What exact accounting needs of an H2 database. */
final class H2Settings {

  private static final String ADMIN_RIGHTS_REQUIRED = "90040";
  private static final String MEMORY = "jdbc:h2:mem:";

  /** Here or on a server, for which H2 takes a host with and without slashes. */
  private static final Pattern UNNAMED =
      Pattern.compile("^jdbc:h2:(?:(?:tcp|ssl):(?://)?[^/]*/)?mem:(?:;|$)");

  private H2Settings() {}

  /**
   * Checks what cannot be set.
   *
   * @throws UsageException naming the setting and its cure
   */
  static void check(Connection connection) throws SQLException {
    var metadata = connection.getMetaData();
    if (metadata.getDatabaseMajorVersion() < 2) {
      throw new UsageException(
          "H2 must be 2.0 or newer, but is " + metadata.getDatabaseProductVersion(), null);
    }
    if (UNNAMED.matcher(metadata.getURL()).find()) {
      throw new UsageException(
          "an H2 memory database must have a name, because "
              + MEMORY
              + " without one is another"
              + " database for every connection; use "
              + MEMORY
              + "usage",
          null);
    }
    requireEmptyText(connection);
    requireExactText(connection);
  }

  /**
   * Sets what must be so.
   *
   * @param otherwise what would happen
   * @throws UsageException if this role may not, and it is not so
   */
  static void require(Connection connection, String setting, int wanted, String otherwise)
      throws SQLException {
    if (!set(connection, setting, wanted)) {
      String actual = setting(connection, setting);
      if (!Integer.toString(wanted).equals(actual)) {
        throw new UsageException(
            "H2's "
                + setting
                + " must be "
                + wanted
                + ", but is "
                + actual
                + ", and this role may not set it: "
                + otherwise
                + "; open the store with an administrator's role, or let an administrator run SET "
                + setting
                + " "
                + wanted
                + " and stay connected, because H2 forgets it when the database is closed",
            null);
      }
    }
  }

  /** False if this role may not. */
  static boolean set(Connection connection, String setting, int value) throws SQLException {
    try {
      Dialect.execute(connection, "SET " + setting + " " + value);
      return true;
    } catch (SQLException e) {
      if (ADMIN_RIGHTS_REQUIRED.equals(e.getSQLState())) {
        return false;
      }
      throw e;
    }
  }

  private static String setting(Connection connection, String name) throws SQLException {
    String sql =
        "SELECT MIN(SETTING_VALUE), MAX(SETTING_VALUE) FROM INFORMATION_SCHEMA.SETTINGS"
            + " WHERE UPPER(SETTING_NAME) = ?";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, name);
      try (ResultSet result = statement.executeQuery()) {
        result.next();
        String least = result.getString(1);
        String most = result.getString(2);
        if (least == null) {
          return "not set";
        }
        return least.equals(most) ? least : least + " or " + most;
      }
    }
  }

  /** In a mode without empty texts an event that has one could never be stored. */
  private static void requireEmptyText(Connection connection) throws SQLException {
    if (Dialect.isTrue(connection, "SELECT '' IS NULL")) {
      throw new UsageException(
          "H2's MODE must be one in which '' is a text, but is "
              + setting(connection, "MODE")
              + ", in which it is NULL: events with an empty name would be refused; open the"
              + " database in another mode",
          null);
    }
  }

  /** VARCHAR_CASESENSITIVE is exact in spite of IGNORECASE, but not in spite of SET COLLATION. */
  private static void requireExactText(Connection connection) throws SQLException {
    boolean merges =
        Dialect.isTrue(
            connection,
            "SELECT CAST(? AS VARCHAR_CASESENSITIVE) = CAST(? AS VARCHAR_CASESENSITIVE)"
                + " OR CAST(? AS VARCHAR_CASESENSITIVE) = CAST(? AS VARCHAR_CASESENSITIVE)",
            "Acme",
            "acme",
            "\u00e9",
            "e");
    if (merges) {
      throw new UsageException(
          "H2's COLLATION must be OFF or have STRENGTH TERTIARY or IDENTICAL, but is "
              + setting(connection, "COLLATION")
              + ": it takes Acme and acme for one organization",
          null);
    }
  }
}
