package io.github.usage4j.jdbc;

import io.github.usage4j.UsageException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/**
 * One instance at a time does one kind of work. The lock expires, so that work of an instance that
 * died is taken over, and is renewed in the transaction of each step: a step of an instance that
 * was overtaken while it slept is rolled back.
 *
 * <p>Expiry is judged by the clocks of the instances, so they must agree to within less than {@link
 * #TIME}.
 */
final class JobLock {

  /** How long a lock is held without being renewed; much more than a step takes. */
  static final Duration TIME = Duration.ofMinutes(5);

  private final Jobs jobs;
  private final String name;

  JobLock(Jobs jobs, String name) {
    this.jobs = jobs;
    this.name = name;
  }

  /**
   * Takes the lock.
   *
   * @throws UsageException if another instance holds it, saying until when
   */
  Held take() throws SQLException {
    String owner = UUID.randomUUID().toString();
    jobs.transactions()
        .write(
            connection -> {
              take(connection, owner);
              return owner;
            });
    return new Held(owner);
  }

  private void take(Connection connection, String owner) throws SQLException {
    Instant now = jobs.now();
    String table = jobs.tables().jobLock();
    int taken =
        jobs.update(
            connection,
            "UPDATE "
                + table
                + " SET owner = ?, taken_at = ?, expires_at = ? WHERE name = ? AND expires_at <= ?",
            owner,
            now,
            now.plus(TIME),
            name,
            now);
    if (taken == 0) {
      requireFree(connection);
      // Whoever is overtaken here gets a unique violation, and finds the row when it is repeated.
      jobs.update(
          connection,
          "INSERT INTO " + table + " (name, owner, taken_at, expires_at) VALUES (?, ?, ?, ?)",
          name,
          owner,
          now,
          now.plus(TIME));
    }
  }

  /** Whether there is a row of this name. */
  boolean exists(Connection connection) throws SQLException {
    String sql = "SELECT 1 FROM " + jobs.tables().jobLock() + " WHERE name = ?";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, name);
      try (ResultSet row = statement.executeQuery()) {
        return row.next();
      }
    }
  }

  private void requireFree(Connection connection) throws SQLException {
    String sql = "SELECT taken_at, expires_at FROM " + jobs.tables().jobLock() + " WHERE name = ?";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, name);
      try (ResultSet row = statement.executeQuery()) {
        if (row.next()) {
          throw new UsageException(
              "'"
                  + name
                  + "' is being done by another instance since "
                  + jobs.dialect().instant(row, "taken_at")
                  + "; if that one died, it can be taken over from "
                  + jobs.dialect().instant(row, "expires_at"),
              null);
        }
      }
    }
  }

  /** The lock in the hand of this instance. */
  final class Held implements AutoCloseable {

    private final String owner;

    private Held(String owner) {
      this.owner = owner;
    }

    /** {@link #renew(Connection)} in the transaction of a step. */
    <T> T step(Transactions.Work<T> work) throws SQLException {
      return jobs.transactions()
          .write(
              connection -> {
                renew(connection);
                return work.run(connection);
              });
    }

    /**
     * {@link #renew(Connection)} in a transaction of its own: while files are written and read, and
     * right before they are put in place.
     */
    void renew() throws SQLException {
      step(connection -> true);
    }

    /**
     * Holds the lock for as long again, from the current transaction's commit on. Nobody takes it
     * over before that transaction ends, because its row is changed.
     *
     * @throws UsageException if another instance has taken over
     */
    void renew(Connection connection) throws SQLException {
      int renewed =
          jobs.update(
              connection,
              "UPDATE "
                  + jobs.tables().jobLock()
                  + " SET expires_at = ? WHERE name = ? AND owner = ?",
              jobs.now().plus(TIME),
              name,
              owner);
      if (renewed == 0) {
        throw new UsageException(
            "'" + name + "' was taken over by another instance, because this one took too long",
            null);
      }
    }

    /** Gives the lock back; of one that was taken over, nothing. */
    @Override
    public void close() throws SQLException {
      jobs.transactions()
          .write(
              connection ->
                  jobs.update(
                      connection,
                      "DELETE FROM " + jobs.tables().jobLock() + " WHERE name = ? AND owner = ?",
                      name,
                      owner));
    }
  }
}
