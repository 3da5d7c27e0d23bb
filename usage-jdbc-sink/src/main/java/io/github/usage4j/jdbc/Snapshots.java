package io.github.usage4j.jdbc;

import io.github.usage4j.UsageException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.BiFunction;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs several queries on one connection and, where the connection allows it, on one state of the
 * database. A connection that comes with autocommit off is in somebody's transaction: it is used as
 * it is, so its own isolation decides. Safe for use by several threads.
 */
final class Snapshots {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcUsageStore.class);

  private final DataSource dataSource;
  private final Dialect dialect;

  Snapshots(DataSource dataSource, Dialect dialect) {
    this.dataSource = dataSource;
    this.dialect = dialect;
  }

  /**
   * Asks.
   *
   * @param queries gets the connection, and whether all it asks there is answered from one state
   */
  <T> T read(BiFunction<Jdbi, Boolean, T> queries) {
    try (Connection connection = dataSource.getConnection()) {
      if (!connection.getAutoCommit()) {
        return queries.apply(Jdbis.on(connection), false);
      }
      int isolation = connection.getTransactionIsolation();
      try {
        connection.setTransactionIsolation(dialect.snapshotIsolation());
        connection.setAutoCommit(false);
        return queries.apply(Jdbis.on(connection), true);
      } finally {
        restore(connection, isolation);
      }
    } catch (SQLException e) {
      throw new UsageException("cannot read usage: " + e.getMessage(), e);
    }
  }

  /** There is nothing to commit; the answer stays good if this fails. */
  private static void restore(Connection connection, int isolation) {
    try {
      if (!connection.getAutoCommit()) {
        connection.rollback();
        connection.setAutoCommit(true);
      }
      connection.setTransactionIsolation(isolation);
    } catch (SQLException e) {
      LOG.debug("Cannot restore the settings of a connection", e);
    }
  }
}
