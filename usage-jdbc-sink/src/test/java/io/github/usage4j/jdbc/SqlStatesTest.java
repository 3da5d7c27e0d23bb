package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.usage4j.sink.UsageEvents;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which errors of a database are nobody's fault. */
class SqlStatesTest {

  /** A store whose database answers an insert with this error. */
  private static JdbcUsageStore storeThatFails(SQLException error) {
    var dataSource = new FaultyDataSource(Databases.h2Memory(";DB_CLOSE_DELAY=-1"));
    var store = JdbcUsageStore.open(dataSource);
    dataSource.fault =
        FaultyDataSource.onStatement(
            "INSERT",
            connection -> {
              throw error;
            });
    return store;
  }

  @ParameterizedTest
  @CsvSource({
    "08006, 0", "08000, 0", "08S01, 1053", "40001, 1213", "40P01, 0", "53300, 0", "53100, 0",
    "55P03, 0", "57014, 0", "57P01, 0", "58030, 0", "HYT00, 50200", "HY000, 1205", "HY000, 1020",
    "HY000, 1021", "70100, 1969", "90131, 90131", "90067, 90067", "90121, 90121"
  })
  void locksTimeAndConnections_areThrownAsTransient(String state, int code) {
    var error = new SQLException("not now", state, code);

    assertThatExceptionOfType(SQLTransientException.class)
        .isThrownBy(() -> storeThatFails(error).write(UsageEvents.chats(2)))
        .withMessage("not now")
        .withCause(error)
        .matches(e -> e.getSQLState().equals(state) && e.getErrorCode() == code);
  }

  @ParameterizedTest
  @CsvSource({"42P01, 0", "HY000, 1364", "XX000, 0", "23505, 0", ", 0", "25006, 0", "HY000, 1146"})
  void others_areNot(String state, int code) {
    assertThat(SqlStates.saysAway(new SQLException("never", state, code))).isFalse();
  }

  @Test
  void unknownError_isThrownAsItIs() {
    var error = new SQLException("what?", "42P01");

    assertThatExceptionOfType(SQLException.class)
        .isThrownBy(() -> storeThatFails(error).write(UsageEvents.chats(2)))
        .isSameAs(error);
  }
}
