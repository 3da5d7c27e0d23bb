package io.github.usage4j.jdbc;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** What the SQLState of an error means here. */
final class SqlStates {

  private static final String UNIQUE_VIOLATION = "23505";
  private static final String OUT_OF_RANGE = "22003";

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

  /** True if the same content would fail again: class 22 (data) or 23 (constraint). */
  static boolean saysContent(SQLException error) {
    String state = of(error);
    return state.startsWith("22") || (state.startsWith("23") && !state.equals(UNIQUE_VIOLATION));
  }

  /** True if a number does not fit into its column. */
  static boolean saysTooLarge(SQLException error) {
    return of(error).equals(OUT_OF_RANGE);
  }

  private static @Nullable SQLException next(SQLException error) {
    return error.getNextException();
  }
}
