package io.github.usage4j.jdbc;

import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the SQLState of an error means here. */
final class SqlStates {

  private static final String OUT_OF_RANGE = "22003";

  /** Somebody else was quicker: a unique key, a serialization failure, a deadlock (H2 has two). */
  private static final Set<String> RACES = Set.of("23505", "40001", "40P01", "90131");

  /** MariaDB has one SQLState for all constraints, and none of its own for most other things. */
  private static final String MARIADB_CONSTRAINT = "23000";

  /** A unique key (twice), and a row that changed since the transaction's snapshot. */
  private static final Set<Integer> MARIADB_RACES = Set.of(1062, 1586, 1020);

  /** Cut, without a value, of the wrong kind. */
  private static final Set<Integer> MARIADB_CONTENT = Set.of(1265, 1364, 1366, 1406);

  private static final Set<String> MARIADB_STATES = Set.of(MARIADB_CONSTRAINT, "HY000", "01000");

  /**
   * What has nothing to do with the content: the connection (08), a rollback (40), resources (53),
   * a row locked too long (55P03, HYT00, HYT01), an operator or a time limit (57, MariaDB 70100),
   * the system (58); H2: row changed meanwhile, connection broken, database closed.
   */
  private static final List<String> AWAY =
      List.of(
          "08", "40", "53", "55P03", "57", "58", "HYT00", "HYT01", "70100", "90131", "90067",
          "90098", "90121");

  /** A row locked too long, a deadlock, one that changed meanwhile, a full disk, a full table. */
  private static final Set<Integer> MARIADB_AWAY = Set.of(1205, 1213, 1020, 1021, 1114);

  private SqlStates() {}

  /** The SQLState, "" if the driver gives none. */
  static String of(SQLException error) {
    for (SQLException e = error; e != null; e = next(e)) {
      String state = e.getSQLState();
      if (state != null) {
        return state;
      }
    }
    return "";
  }

  /** True if the same transaction may succeed when it is run again. */
  static boolean saysRace(SQLException error) {
    String state = of(error);
    return RACES.contains(state)
        || (MARIADB_STATES.contains(state) && MARIADB_RACES.contains(error.getErrorCode()));
  }

  /** True if the same content would fail again: class 22 (data) or 23 (constraint). */
  static boolean saysContent(SQLException error) {
    String state = of(error);
    return !saysRace(error)
        && (state.startsWith("22")
            || state.startsWith("23")
            || (MARIADB_STATES.contains(state) && MARIADB_CONTENT.contains(error.getErrorCode())));
  }

  /** True if other content would have failed as well: what is in the batch is not to blame. */
  static boolean saysAway(SQLException error) {
    String state = of(error);
    return AWAY.stream().anyMatch(state::startsWith)
        || (MARIADB_STATES.contains(state) && MARIADB_AWAY.contains(error.getErrorCode()));
  }

  /** True if a number does not fit into its column. */
  static boolean saysTooLarge(SQLException error) {
    return of(error).equals(OUT_OF_RANGE);
  }

  private static @Nullable SQLException next(SQLException error) {
    return error.getNextException();
  }
}
