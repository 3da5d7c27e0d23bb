package io.github.usage4j.jdbc;

import io.github.usage4j.UsageFilter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * As whom PostgreSQL's row-level security sees a transaction: the settings that the policies in
 * {@code postgresql/rls.sql} ask for.
 *
 * @param admin sees everything
 * @param organization whose member it is; null for none
 * @param user whose rows alone it sees; null for those of everybody in the organization
 */
record RowIdentity(boolean admin, @Nullable String organization, @Nullable String user) {

  static final RowIdentity ADMIN = new RowIdentity(true, null, null);

  /**
   * Who may see what the filter asks for.
   *
   * @throws IllegalArgumentException if it asks for anything but organization and user
   */
  static RowIdentity of(UsageFilter who) {
    UsageFilter known =
        who.organization() == null
            ? UsageFilter.allOrganizations()
            : UsageFilter.organization(who.organization());
    if (who.organization() != null && who.user() != null) {
      known = known.user(who.user());
    }
    boolean everybody = who.everywhere() && who.organization() == null;
    if (!who.equals(known) || (!everybody && who.everywhere())) {
      throw new IllegalArgumentException(
          "who must be an organization, a user of it, or all organizations, but was " + who);
    }
    return new RowIdentity(everybody, who.organization(), who.user());
  }

  /** For the current transaction, and not for the next one on this connection. */
  void set(Connection connection) throws SQLException {
    String sql =
        "SELECT set_config('usage4j.admin', ?, true),"
            + " set_config('usage4j.organization', ?, true), set_config('usage4j.user', ?, true)";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, admin ? "on" : "");
      statement.setString(2, organization == null ? "" : organization);
      statement.setString(3, user == null ? "" : user);
      statement.execute();
    }
  }
}
