package io.github.usage4j.jdbc;

import java.sql.SQLException;
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

  /** True if a number does not fit into its column. */
  static boolean saysTooLarge(SQLException error) {
    return of(error).equals(OUT_OF_RANGE);
  }

  private static @Nullable SQLException next(SQLException error) {
    return error.getNextException();
  }
}
