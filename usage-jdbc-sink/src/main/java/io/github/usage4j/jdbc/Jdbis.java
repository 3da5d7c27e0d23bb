package io.github.usage4j.jdbc;

import java.sql.Connection;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handles;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jdbi.v3.core.statement.TemplateEngine;

/** Jdbi as it is used here. */
final class Jdbis {

  private Jdbis() {}

  static Jdbi of(DataSource dataSource) {
    return configured(Jdbi.create(dataSource));
  }

  /** On one connection, which stays open. */
  static Jdbi on(Connection connection) {
    return configured(Jdbi.create(connection));
  }

  /** Queries are complete SQL, and a connection without autocommit is its owner's to tidy up. */
  private static Jdbi configured(Jdbi jdbi) {
    jdbi.getConfig(SqlStatements.class).setTemplateEngine(TemplateEngine.NOP);
    jdbi.getConfig(Handles.class).setForceEndTransactions(false);
    return jdbi;
  }
}
