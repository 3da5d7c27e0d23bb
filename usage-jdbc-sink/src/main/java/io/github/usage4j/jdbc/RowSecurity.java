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

/** The script that lets PostgreSQL itself keep organizations apart. */
final class RowSecurity {

  private static final String SCRIPT = "postgresql/rls.sql";

  private RowSecurity() {}

  /**
   * Applies the script, as the owner of the tables.
   *
   * @throws UsageException if the database is not PostgreSQL
   */
  static void apply(Transactions transactions, Dialect dialect, Tables tables) throws SQLException {
    if (!(dialect instanceof PostgresDialect)) {
      throw new UsageException("row-level security needs PostgreSQL", null);
    }
    transactions.run(
        connection -> {
          Dialect.execute(
              connection,
              script()
                  .replace("${schema}", schema(connection, tables))
                  .replace("${prefix}", tables.prefix()));
          return true;
        });
  }

  private static String schema(Connection connection, Tables tables) throws SQLException {
    String sql =
        "SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            + " WHERE c.oid = to_regclass(?)";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, tables.event());
      try (ResultSet result = statement.executeQuery()) {
        if (!result.next()) {
          throw new UsageException("there is no table " + tables.event(), null);
        }
        return result.getString(1);
      }
    }
  }

  private static String script() {
    try (InputStream in = RowSecurity.class.getResourceAsStream(SCRIPT)) {
      if (in == null) {
        throw new UsageException("the jar has no " + SCRIPT, null);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + SCRIPT, e);
    }
  }
}
