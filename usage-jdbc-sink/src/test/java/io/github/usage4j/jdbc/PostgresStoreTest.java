package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** The contract on a real PostgreSQL server, and what only it does. */
class PostgresStoreTest extends JdbcSchemaContract {

  @Override
  DataSource newDatabase() {
    return Databases.postgres();
  }

  @Override
  boolean transactionalDdl() {
    return true;
  }

  @Test
  void write_backendKilledInTheMiddle_leavesNothing() throws Exception {
    List<UsageEvent> batch =
        List.of(chat().attribution(Attribution.organization("a").user("7", "Ada")).build());
    DataSource other = Databases.postgres();
    dataSource().fault =
        FaultyDataSource.onStatement(
            "usage_label",
            connection ->
                Databases.execute(
                    other,
                    "SELECT pg_terminate_backend("
                        + connection.unwrap(org.postgresql.PGConnection.class).getBackendPID()
                        + ")"));

    assertThatThrownBy(() -> store().write(batch))
        .isInstanceOf(SQLException.class)
        .extracting(e -> ((SQLException) e).getSQLState())
        .isEqualTo("57P01");

    dataSource().fault = FaultyDataSource.NONE;
    assertThat(calls()).isZero();
    store().write(batch);
    assertThat(calls()).isEqualTo(1);
  }

  @Test
  void write_readOnlyConnectionOfThePool_writesAndGivesItBackReadOnly() throws Exception {
    dataSource().lend = connection -> connection.setReadOnly(true);
    dataSource().takeBack = connection -> assertThat(connection.isReadOnly()).isTrue();

    write(chat().build());

    assertThat(calls()).isEqualTo(1);
  }

  @Test
  void write_readOnlyConnectionWithoutAutocommit_writesAndGivesItBackReadOnly() throws Exception {
    dataSource().lend =
        connection -> {
          connection.setReadOnly(true);
          connection.setAutoCommit(false);
        };
    dataSource().takeBack =
        connection -> {
          assertThat(connection.isReadOnly()).isTrue();
          assertThat(connection.getAutoCommit()).isFalse();
        };

    write(chat().build());

    assertThat(calls()).isEqualTo(1);
  }

  @Test
  void write_heldRow_isTimedOutAndThrownAsItIs() throws Exception {
    UsageEvent event = chat().build();
    dataSource().lend =
        connection -> {
          try (var statement = connection.createStatement()) {
            statement.execute("SET lock_timeout = '50ms'");
          }
        };
    try (Connection holder = dataSource().getConnection()) {
      holder.setAutoCommit(false);
      try (var statement = holder.createStatement()) {
        statement.execute("LOCK TABLE usage_event");
      }
      assertThatThrownBy(() -> store().write(List.of(event)))
          .isInstanceOf(SQLException.class)
          .extracting(e -> ((SQLException) e).getSQLState())
          .isEqualTo("55P03");
      holder.rollback();
    }
    write(event);
    assertThat(calls()).isEqualTo(1);
  }

  @Test
  void open_roleWithoutRightsToCreate_worksOnPresentTables() throws Exception {
    var role = Databases.newName();
    Databases.execute(
        dataSource(),
        "CREATE ROLE " + role + " LOGIN",
        "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO " + role);
    var limited = new PGSimpleDataSource();
    try (Connection connection = dataSource().getConnection()) {
      limited.setUrl(connection.getMetaData().getURL());
    }
    limited.setUser(role);

    JdbcUsageStore.open(limited).write(List.of(chat().build()));

    assertThat(calls()).isEqualTo(1);
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.builder(limited).tablePrefix("other_").open())
        .withMessageContaining("other_*");
  }

  @Test
  void open_databaseThatIsNotUtf8_isRefused() {
    DataSource latin1 =
        Databases.postgres("ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(latin1))
        .withMessageContaining("must be UTF8, but is LATIN1");
  }
}
