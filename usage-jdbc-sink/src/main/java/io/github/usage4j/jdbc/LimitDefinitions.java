package io.github.usage4j.jdbc;

import io.github.usage4j.UsageException;
import io.github.usage4j.limit.LimitStore.Change;
import io.github.usage4j.limit.LimitTarget;
import io.github.usage4j.limit.UsageLimit;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The rows of limits that are stored, and of what was done to them. */
final class LimitDefinitions {

  private final Jobs jobs;

  LimitDefinitions(Jobs jobs) {
    this.jobs = jobs;
  }

  /** Stands for a name and a target: there is one limit of both. */
  static UUID hash(String name, LimitTarget target) {
    return KeyHash.of(
        List.of(
            name,
            target.subject().name(),
            LimitKeys.orEmpty(target.organization()),
            LimitKeys.orEmpty(target.id()),
            LimitKeys.orEmpty(target.category()),
            LimitKeys.orEmpty(target.model())));
  }

  List<UsageLimit> all(Connection connection) throws SQLException {
    var limits = new ArrayList<UsageLimit>();
    new Sql(jobs.dialect(), "SELECT limit_name, definition FROM ")
        .add(jobs.tables().limit())
        .add(" ORDER BY limit_name, limit_hash")
        .forEach(
            connection,
            row -> limits.add(read(row.getString("limit_name"), row.getString("definition"))));
    return limits;
  }

  /** A limit that cannot be read is never left out silently: it would hold nobody back. */
  static UsageLimit read(String name, String definition) {
    try {
      return UsageLimit.fromJson(definition);
    } catch (IllegalArgumentException e) {
      throw new UsageException("cannot read the stored limit '" + name + "'", e);
    }
  }

  long version(Connection connection) throws SQLException {
    long[] version = {0};
    new Sql(jobs.dialect(), "SELECT COALESCE(MAX(change_no), 0) FROM ")
        .add(jobs.tables().limitChange())
        .forEach(connection, row -> version[0] = row.getLong(1));
    return version[0];
  }

  /**
   * Puts a limit in the place of another; one change after the other, so that versions become
   * visible in their order.
   *
   * @param after null to remove it
   * @return false if there was nothing to remove
   */
  boolean change(
      Connection connection, String name, LimitTarget target, @Nullable UsageLimit after, String by)
      throws SQLException {
    jobs.dialect().lockForMaintenance(connection, jobs.tables());
    Object hash = jobs.dialect().hash(hash(name, target));
    var before = new ArrayList<String>();
    new Sql(jobs.dialect(), "SELECT definition FROM ")
        .add(jobs.tables().limit())
        .add(" WHERE limit_hash = ")
        .mark(hash)
        .forEach(connection, row -> before.add(row.getString(1)));
    String was = before.isEmpty() ? null : before.get(0);
    if (after == null && was == null) {
      return false;
    }
    Instant now = jobs.now();
    String table = jobs.tables().limit();
    if (after == null) {
      jobs.update(connection, "DELETE FROM " + table + " WHERE limit_hash = ?", hash);
    } else if (was != null) {
      jobs.update(
          connection,
          "UPDATE " + table + " SET definition = ?, changed_at = ? WHERE limit_hash = ?",
          after.toJson(),
          now,
          hash);
    } else {
      jobs.update(
          connection,
          "INSERT INTO "
              + table
              + " (limit_hash, limit_name, subject, organization, subject_id, category, model,"
              + " definition, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          hash,
          name,
          target.subject().name(),
          LimitKeys.orEmpty(target.organization()),
          LimitKeys.orEmpty(target.id()),
          LimitKeys.orEmpty(target.category()),
          LimitKeys.orEmpty(target.model()),
          after.toJson(),
          now);
    }
    audit(connection, name, target, was, after, by, now);
    return true;
  }

  private void audit(
      Connection connection,
      String name,
      LimitTarget target,
      @Nullable String before,
      @Nullable UsageLimit after,
      String by,
      Instant now)
      throws SQLException {
    long number = version(connection) + 1;
    String sql =
        "INSERT INTO "
            + jobs.tables().limitChange()
            + " (change_no, limit_name, organization, subject_id, changed_by, changed_at,"
            + " before_definition, after_definition) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      jobs.bind(
          statement,
          number,
          name,
          LimitKeys.orEmpty(target.organization()),
          LimitKeys.orEmpty(target.id()),
          by,
          now);
      jobs.bindAt(statement, 7, before, Column.Type.TEXT);
      jobs.bindAt(statement, 8, after == null ? null : after.toJson(), Column.Type.TEXT);
      statement.executeUpdate();
    }
  }

  List<Change> changes(Connection connection, String name) throws SQLException {
    var changes = new ArrayList<Change>();
    new Sql(jobs.dialect(), "SELECT * FROM ")
        .add(jobs.tables().limitChange())
        .add(" WHERE limit_name = ")
        .bind(name)
        .add(" ORDER BY change_no")
        .forEach(
            connection,
            row -> {
              String before = row.getString("before_definition");
              String after = row.getString("after_definition");
              changes.add(
                  new Change(
                      before == null ? null : read(name, before),
                      after == null ? null : read(name, after),
                      row.getString("changed_by"),
                      jobs.dialect().instant(row, "changed_at")));
            });
    return changes;
  }
}
