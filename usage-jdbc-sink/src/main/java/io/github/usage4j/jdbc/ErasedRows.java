package io.github.usage4j.jdbc;

import io.github.usage4j.limit.LimitKey.Subject;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The statements by which an {@link Erasure} changes the rows of one organization. */
final class ErasedRows {

  private final Jobs jobs;
  private final String organization;

  /**
   * @param organization "" is unattributed
   */
  ErasedRows(Jobs jobs, String organization) {
    this.jobs = jobs;
    this.organization = organization;
  }

  /** The sessions of a user. */
  List<String> sessions(Connection connection, String user) throws SQLException {
    return texts(
        connection,
        "SELECT DISTINCT session_id FROM "
            + jobs.tables().event()
            + " e WHERE "
            + isOrganization()
            + " AND user_id = ? AND session_id IS NOT NULL",
        and(user));
  }

  /** The names in a column of the single calls. */
  List<String> inCalls(Connection connection, String column) throws SQLException {
    return texts(
        connection,
        "SELECT DISTINCT "
            + column
            + " FROM "
            + jobs.tables().event()
            + " e WHERE "
            + isOrganization()
            + " AND "
            + column
            + " IS NOT NULL",
        and());
  }

  /** The names in a column of the rollups. */
  List<String> inRollups(Connection connection, String column) throws SQLException {
    return texts(
        connection,
        "SELECT DISTINCT "
            + column
            + " FROM "
            + jobs.tables().rollup()
            + " WHERE organization = ? AND "
            + column
            + " <> "
            + jobs.dialect().emptyText(),
        organization);
  }

  /** Puts a pseudonym in the place of a user or customer, whose label is deleted. */
  void rename(Connection connection, String column, String kind, String id, String fresh)
      throws SQLException {
    clear(connection, column, id, " AND " + isOrganization(), fresh);
    rehash(connection, column, id, fresh);
    new ErasedLimits(jobs, connection).rename(Subject.valueOf(kind), organization, id, fresh);
    if (column.equals("user_id")) {
      jobs.update(
          connection,
          "UPDATE "
              + jobs.tables().monthClose()
              + " SET user_id = ? WHERE organization = ? AND user_id = ?",
          fresh,
          organization,
          id);
    }
    jobs.update(
        connection,
        "DELETE FROM " + jobs.tables().label() + " WHERE organization = ? AND kind = ? AND id = ?",
        organization,
        kind,
        id);
  }

  /** Puts a pseudonym in the place of the organization, and deletes all its labels. */
  void renameOrganization(Connection connection, String fresh) throws SQLException {
    clear(connection, "organization", organization, "", fresh);
    for (String table : List.of(jobs.tables().horizon(), jobs.tables().monthClose())) {
      jobs.update(
          connection,
          "UPDATE " + table + " SET organization = ? WHERE organization = ?",
          fresh,
          organization);
    }
    RepricingRun.rename(connection, jobs, organization, fresh);
    new ErasedLimits(jobs, connection).renameOrganization(organization, fresh);
    rehash(connection, "organization", organization, fresh);
    jobs.update(
        connection,
        "DELETE FROM " + jobs.tables().label() + " WHERE organization = ?",
        organization);
  }

  private void clear(
      Connection connection, String column, String id, String andOrganization, String fresh)
      throws SQLException {
    List<Object> values = new ArrayList<>();
    values.add(id);
    if (!andOrganization.isEmpty() && !organization.isEmpty()) {
      values.add(organization);
    }
    String rows = " WHERE " + column + " = ?" + andOrganization;
    jobs.update(
        connection,
        "DELETE FROM "
            + jobs.tables().eventTag()
            + " WHERE event_id IN (SELECT id FROM "
            + jobs.tables().event()
            + rows
            + ")",
        values.toArray());
    values.add(0, fresh);
    jobs.update(
        connection,
        "UPDATE "
            + jobs.tables().event()
            + " SET "
            + column
            + " = ?, tags = NULL, metadata = NULL, error_type = NULL, error_message = NULL,"
            + " credential_id = NULL"
            + rows,
        values.toArray());
  }

  void renameSessions(Connection connection, Map<String, String> sessions) throws SQLException {
    for (Map.Entry<String, String> session : sessions.entrySet()) {
      List<Object> values = new ArrayList<>();
      values.add(session.getValue());
      values.addAll(List.of(and(session.getKey())));
      jobs.update(
          connection,
          "UPDATE "
              + jobs.tables().event()
              + " SET session_id = ? WHERE "
              + isOrganization()
              + " AND session_id = ?",
          values.toArray());
    }
  }

  /** The key of a rollup row has the name in it; that of a fresh pseudonym is nobody else's. */
  private void rehash(Connection connection, String column, String id, String fresh)
      throws SQLException {
    rehash(connection, jobs.tables().rollup(), column, id, fresh);
    if (!RollupKey.OF_CALLERS.contains(column)) {
      rehash(connection, jobs.tables().organizationRollup(), column, id, fresh);
    }
  }

  private void rehash(Connection connection, String table, String column, String id, String fresh)
      throws SQLException {
    List<String> key =
        RollupKey.COLUMNS.stream()
            .map(name -> name.equals(column) ? jobs.dialect().text(fresh) : name)
            .toList();
    String sql =
        "UPDATE "
            + table
            + " SET key_hash = "
            + jobs.dialect().keyHash(key)
            + ", "
            + column
            + " = ? WHERE organization = ? AND "
            + column
            + " = ?";
    jobs.update(connection, sql, fresh, organization, id);
  }

  private String isOrganization() {
    return organization.isEmpty() ? "organization IS NULL" : "organization = ?";
  }

  /** The parameters of {@link #isOrganization}, then these. */
  private Object[] and(String... more) {
    var values = new ArrayList<Object>();
    if (!organization.isEmpty()) {
      values.add(organization);
    }
    values.addAll(List.of(more));
    return values.toArray();
  }

  private List<String> texts(Connection connection, String sql, Object... values)
      throws SQLException {
    var texts = new ArrayList<String>();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      jobs.bind(statement, values);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          texts.add(row.getString(1));
        }
      }
    }
    return texts;
  }
}
