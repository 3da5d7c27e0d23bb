package io.github.usage4j.jdbc;

import io.github.usage4j.UsageException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs work in a transaction of its own: all or nothing. Written out here because Jdbi joins a
 * connection that comes with autocommit off, and then commits nothing. Safe for use by several
 * threads.
 */
final class Transactions {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcUsageStore.class);

  private static final int ATTEMPTS = 10;
  private static final long PAUSE_MICROS = 2_000;

  private final DataSource dataSource;
  private final Dialect dialect;

  Transactions(DataSource dataSource, Dialect dialect) {
    this.dataSource = dataSource;
    this.dialect = dialect;
  }

  /** Something done with a connection. */
  interface Work<T> {
    T run(Connection connection) throws SQLException;
  }

  /** {@link #run}, durable when it returns. */
  <T> T write(Work<T> work) throws SQLException {
    return run(true, work);
  }

  /**
   * Runs and commits the work; runs it again if it lost a race, so it must not have side effects.
   */
  <T> T run(Work<T> work) throws SQLException {
    return run(false, work);
  }

  /** Runs and commits the work, once: for work that is heard of while it goes on. */
  <T> T runOnce(Work<T> work) throws SQLException {
    return once(false, Connection.TRANSACTION_READ_COMMITTED, work);
  }

  /** {@link #runOnce} for work that only reads, all of it from one state of the database. */
  <T> T snapshotOnce(Work<T> work) throws SQLException {
    return once(false, dialect.snapshotIsolation(), work);
  }

  /** {@link #runOnce}, durable when it returns. */
  <T> T writeOnce(Work<T> work) throws SQLException {
    return once(true, Connection.TRANSACTION_READ_COMMITTED, work);
  }

  private <T> T run(boolean durable, Work<T> work) throws SQLException {
    for (int attempt = 1; ; attempt++) {
      try {
        return once(durable, Connection.TRANSACTION_READ_COMMITTED, work);
      } catch (SQLException e) {
        if (attempt == ATTEMPTS || !SqlStates.saysRace(e)) {
          throw e;
        }
        LOG.debug("Attempt {} lost a race and is repeated", attempt, e);
        pause(attempt);
      }
    }
  }

  /** A random time, so that those who met once do not meet again. */
  static void pause(int attempt) {
    long micros = ThreadLocalRandom.current().nextLong(PAUSE_MICROS) * attempt;
    LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(micros));
  }

  private <T> T once(boolean durable, int isolation, Work<T> work) throws SQLException {
    Connection connection = dataSource.getConnection();
    boolean committed = false;
    try {
      var before = Settings.of(connection);
      if (!before.autoCommit) {
        // The questions so far may have begun a transaction, in which no setting can be changed.
        rollbackUnwritten(connection, dialect);
      }
      if (durable) {
        dialect.beforeWrite(connection);
      }
      Dialect.Restore session = dialect.session(connection);
      try {
        begin(connection, before, isolation);
        dialect.afterBegin(connection);
        T result = work.run(connection);
        connection.commit();
        committed = true;
        return result;
      } finally {
        if (!committed) {
          rollback(connection);
        }
        before.restore(connection, session, isolation);
      }
    } finally {
      close(connection, committed);
    }
  }

  /**
   * Ends what whoever had a connection before read on it.
   *
   * @throws UsageException if something was written on it, which would be lost
   */
  static void rollbackUnwritten(Connection connection, Dialect dialect) throws SQLException {
    if (dialect.hasWritten(connection)) {
      throw new UsageException(
          "the DataSource handed out a connection inside a transaction;"
              + " give the store one that does not take part in the callers' transactions",
          null);
    }
    connection.rollback();
  }

  private static void begin(Connection connection, Settings before, int isolation)
      throws SQLException {
    if (before.readOnly) {
      connection.setReadOnly(false);
    }
    if (before.isolation != isolation) {
      connection.setTransactionIsolation(isolation);
    }
    if (before.autoCommit) {
      connection.setAutoCommit(false);
    }
  }

  private static void rollback(Connection connection) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      LOG.debug("Cannot roll back; the database does so when the connection ends", e);
    }
  }

  /** What is committed stays committed, so a failing close must not look like a failed write. */
  private static void close(Connection connection, boolean committed) throws SQLException {
    try {
      connection.close();
    } catch (SQLException e) {
      if (!committed) {
        throw e;
      }
      LOG.debug("Cannot close a connection after its commit", e);
    }
  }

  /** How a pool lent a connection, and wants it back. */
  private record Settings(boolean autoCommit, boolean readOnly, int isolation) {

    static Settings of(Connection connection) throws SQLException {
      return new Settings(
          connection.getAutoCommit(),
          connection.isReadOnly(),
          connection.getTransactionIsolation());
    }

    void restore(Connection connection, Dialect.Restore session, int used) {
      try {
        session.run();
        if (autoCommit) {
          connection.setAutoCommit(true);
        }
        if (isolation != used) {
          connection.setTransactionIsolation(isolation);
        }
        if (readOnly) {
          connection.setReadOnly(true);
        }
      } catch (SQLException e) {
        LOG.debug("Cannot restore the settings of a connection", e);
      }
    }
  }
}
