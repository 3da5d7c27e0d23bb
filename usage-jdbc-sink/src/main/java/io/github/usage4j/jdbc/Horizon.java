package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageFilter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * From when on the event table has every call. What is older was deleted after it had been counted:
 * the rollups keep the sums, and nobody can tell any more whether a call that comes late was among
 * them.
 *
 * <p>Whoever writes reads the horizon under {@link Dialect#lockForWriting}, whoever moves it does
 * so under {@link Dialect#lockForMaintenance} and in the transaction that deletes, so that neither
 * can overtake the other.
 */
final class Horizon {

  /** The scope of all organizations. */
  static final String ALL = "A";

  /** The scope of one organization. */
  static final String ONE = "O";

  /** Marks the row that says that there are limits, in an answer only. */
  private static final String LIMITED = "L";

  /** Where it is before anything was deleted. */
  static final Instant NONE = Instant.EPOCH;

  private final Dialect dialect;
  private final Tables tables;

  Horizon(Dialect dialect, Tables tables) {
    this.dialect = dialect;
    this.tables = tables;
  }

  /**
   * Where the horizon is.
   *
   * @param everywhere for all organizations
   * @param organizations for single ones; "" is unattributed
   */
  record Positions(Instant everywhere, Map<String, Instant> organizations) {

    Instant of(@Nullable String organization) {
      Instant own = organizations.getOrDefault(organization == null ? "" : organization, NONE);
      return own.isAfter(everywhere) ? own : everywhere;
    }

    /** Before this instant calls are missing that the filter may let through. */
    Instant of(UsageFilter who) {
      return who.organization() != null
          ? of(who.organization())
          : organizations.values().stream().reduce(everywhere, (a, b) -> a.isAfter(b) ? a : b);
    }
  }

  /**
   * What a writer must know before it stores a batch, by one question.
   *
   * @param behind the ids of the calls from before the horizon of their organization
   * @param limited false if no limit counts anything yet: then nothing is asked about limits
   */
  record Before(Set<UUID> behind, boolean limited) {}

  Before before(Connection connection, Collection<UsageEvent> events) throws SQLException {
    Instant oldest =
        events.stream().map(UsageEvent::occurredAt).min(Instant::compareTo).orElse(Instant.MAX);
    String orLimited =
        " UNION ALL SELECT l.scope, l.organization, l.raw_from FROM (SELECT '"
            + LIMITED
            + "' AS scope, organization, opened_at AS raw_from FROM "
            + tables.limitState()
            + " FETCH FIRST 1 ROWS ONLY) l";
    boolean[] limited = {false};
    Positions positions = read(connection, oldest, orLimited, limited);
    var behind = new HashSet<UUID>();
    for (UsageEvent event : events) {
      if (event.occurredAt().isBefore(positions.of(event.attribution().organization()))) {
        behind.add(event.id());
      }
    }
    return new Before(behind, limited[0]);
  }

  /** Those positions that are later than an instant: for recent calls there are none. */
  Positions after(Connection connection, Instant instant) throws SQLException {
    return read(connection, instant, "", new boolean[1]);
  }

  private Positions read(Connection connection, Instant instant, String more, boolean[] limited)
      throws SQLException {
    Instant everywhere = NONE;
    var organizations = new HashMap<String, Instant>();
    String sql =
        "SELECT scope, organization, raw_from FROM " + tables.horizon() + " WHERE raw_from > ?";
    sql += more;
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setObject(1, dialect.time(instant));
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          String scope = row.getString("scope");
          Instant from = dialect.instant(row, "raw_from");
          if (scope.equals(LIMITED)) {
            limited[0] = true;
          } else if (scope.equals(ALL)) {
            everywhere = from;
          } else {
            organizations.put(row.getString("organization"), from);
          }
        }
      }
    }
    return new Positions(everywhere, organizations);
  }

  /**
   * Moves the horizon, in the transaction that deletes what lies before it, under {@link
   * Dialect#lockForMaintenance}. Restoring an archive moves it back.
   *
   * @param organization "" for unattributed calls; null for all organizations
   */
  void move(Connection connection, @Nullable String organization, Instant rawFrom)
      throws SQLException {
    String scope = organization == null ? ALL : ONE;
    String name = organization == null ? "" : organization;
    String update =
        "UPDATE " + tables.horizon() + " SET raw_from = ? WHERE scope = ? AND organization = ?";
    String insert =
        "INSERT INTO " + tables.horizon() + " (raw_from, scope, organization) VALUES (?, ?, ?)";
    if (execute(connection, update, rawFrom, scope, name) == 0) {
      execute(connection, insert, rawFrom, scope, name);
    }
  }

  private int execute(
      Connection connection, String sql, Instant rawFrom, String scope, String organization)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setObject(1, dialect.time(rawFrom));
      statement.setString(2, scope);
      statement.setString(3, organization);
      return statement.executeUpdate();
    }
  }
}
