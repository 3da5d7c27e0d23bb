package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageEvents;
import io.github.usage4j.sink.UsageSink.RejectedException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The contract on a real MariaDB server, and what only it does. */
@Tag("full")
class MariaDbStoreTest extends JdbcSchemaContract {

  @Override
  DataSource newDatabase() {
    return MariaDbServer.shared().newDatabase();
  }

  @Override
  Instant instant(ResultSet row) throws SQLException {
    return row.getObject(1, LocalDateTime.class).toInstant(ZoneOffset.UTC);
  }

  private void setOnEveryConnection(String... settings) {
    dataSource().lend =
        connection -> {
          try (var statement = connection.createStatement()) {
            for (String sql : settings) {
              statement.execute(sql);
            }
          }
        };
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return result.getString(1);
    }
  }

  @Test
  void write_sameIdBetweenQuestionAndInsert_isADuplicate() throws Exception {
    UsageEvent event = chat().build();
    var overtaken = new ArrayList<String>();
    var rival = JdbcUsageStore.open(dataSource());
    dataSource().fault =
        FaultyDataSource.onStatement(
            "INSERT INTO usage_event",
            connection -> {
              if (overtaken.isEmpty()) {
                overtaken.add("once");
                try {
                  rival.write(List.of(event));
                } catch (RejectedException e) {
                  throw new AssertionError(e);
                }
              }
            });

    assertThat(write(event))
        .extracting("duplicates", "conflicts")
        .containsExactly(List.of(event), List.of());
    assertThat(overtaken).hasSize(1);
    assertThat(calls()).isEqualTo(1);
  }

  @Test
  void write_heldRow_isTimedOutAndThrownAsItIs() throws Exception {
    UsageEvent event = chat().build();
    setOnEveryConnection("SET innodb_lock_wait_timeout = 1");
    try (Connection holder = dataSource().getConnection()) {
      holder.setAutoCommit(false);
      try (var statement = holder.createStatement()) {
        statement.execute(
            "INSERT INTO usage_event (id, operation_id, step, attempts, opens_operation, kind,"
                + " streaming, occurred_at, utc_day, recorded_at, duration_us, provider,"
                + " request_model, model, outcome, tool_calls, quality, impersonated) VALUES ('"
                + event.id()
                + "', 'o', 1, 1, 0, 'CHAT', 0, NOW(), NOW(), NOW(), 1, 'p', 'm', 'm',"
                + " 'SUCCESS', 0, 'MISSING', 0)");
      }
      assertThatThrownBy(() -> store().write(List.of(event)))
          .isInstanceOf(SQLException.class)
          .extracting(e -> ((SQLException) e).getErrorCode())
          .isEqualTo(1205);
      holder.rollback();
    }
    write(event);
    assertThat(calls()).isEqualTo(1);
  }

  @Test
  void write_connectionKilledInTheMiddle_leavesNothing() throws Exception {
    List<UsageEvent> batch =
        List.of(chat().attribution(Attribution.organization("a").user("7", "Ada")).build());
    DataSource other = newDatabase();
    dataSource().fault =
        FaultyDataSource.onStatement(
            "usage_label",
            connection ->
                Databases.execute(other, "KILL " + ask(connection, "SELECT CONNECTION_ID()")));

    assertThatThrownBy(() -> store().write(batch))
        .isInstanceOf(SQLException.class)
        .isNotInstanceOf(RejectedException.class);

    dataSource().fault = FaultyDataSource.NONE;
    assertThat(calls()).isZero();
    store().write(batch);
    assertThat(calls()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,PIPES_AS_CONCAT"})
  void write_laxSession_isStrictAndGoesBackLax(String mode) throws Exception {
    setOnEveryConnection("SET sql_mode = '" + mode + "'", "SET @lent = @@sql_mode");
    dataSource().takeBack =
        connection ->
            assertThat(ask(connection, "SELECT @@sql_mode"))
                .isEqualTo(ask(connection, "SELECT @lent"))
                .doesNotContain("STRICT");
    Databases.execute(dataSource(), "ALTER TABLE usage_event MODIFY instance VARCHAR(3)");
    UsageEvent fits = UsageEvents.complete().toBuilder().instance("n'1").build();

    write(fits);
    assertThatThrownBy(() -> write(chat().instance("much too long").build()))
        .isInstanceOf(RejectedException.class)
        .hasMessageContaining("instance");

    assertThat(stored(fits.id())).isEqualTo(fits);
    assertThat(calls()).isEqualTo(1);
  }

  @Test
  void write_contentThatAColumnRefuses_isRejected() throws Exception {
    for (String column :
        List.of(
            "instance INTEGER",
            "instance DATE",
            "instance ENUM('a')",
            "instance VARCHAR(20) CHARACTER SET ascii",
            "instance VARCHAR(20), ADD missing INTEGER NOT NULL",
            "instance VARCHAR(20), MODIFY missing INTEGER, ADD CHECK (instance < 'a')")) {
      Databases.execute(dataSource(), "ALTER TABLE usage_event MODIFY " + column);
      assertThatThrownBy(() -> write(chat().instance("\u00e9").build()))
          .as(column)
          .isInstanceOf(RejectedException.class);
    }
    assertThat(calls()).isZero();
  }

  @Test
  void open_modeInWhichEmptyTextIsNull_isRefused() {
    setOnEveryConnection("SET sql_mode = 'EMPTY_STRING_IS_NULL'");

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(dataSource()))
        .withMessageContaining("sql_mode must not have EMPTY_STRING_IS_NULL");
  }

  @Test
  void read_sessionInAnotherZone_isTheSame() throws Exception {
    UsageEvent event = UsageEvents.complete();
    write(event);
    setOnEveryConnection("SET time_zone = '-09:30'");
    UsageEvent next = UsageEvents.complete();

    write(next);

    assertThat(stored(event.id())).isEqualTo(event);
    assertThat(stored(next.id())).isEqualTo(next);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "&useServerPrepStmts=true",
        "&useBulkStmts=true",
        "&rewriteBatchedStatements=true",
        "&tinyInt1isBit=false",
        "&yearIsDateType=false&timezone=-05:00",
        "&connectionTimeZone=+09:00&forceConnectionTimeZoneToSession=true&preserveInstants=true",
        "&disablePipeline=true&maxAllowedPacket=1100000"
      })
  void write_otherSettingsOfTheDriver_changeNothing(String options) throws Exception {
    var store = JdbcUsageStore.open(MariaDbServer.shared().newDatabase(options));
    List<UsageEvent> events = new ArrayList<>(UsageEvents.random(3, 3_000));
    // In an organization of its own, because labels are shared.
    events.add(
        UsageEvents.complete().toBuilder()
            .attribution(
                Attribution.organization("x").user("ada", "\uD83D\uDE00'\\").tag("a\"", "b'"))
            .build());

    store.write(events);

    for (UsageEvent event : List.of(events.get(0), events.get(1_000), events.get(3_000))) {
      assertThat(store.queries().event(ALL, event.id())).contains(event);
    }
    var reference = new InMemoryUsageStore();
    reference.write(events);
    assertThat(store.queries().total(ALL, BillingPeriod.lifetime()))
        .isEqualTo(reference.queries().total(ALL, BillingPeriod.lifetime()));
  }

  @Test
  void ids_sortAsInJava() throws Exception {
    var ids = new ArrayList<UUID>();
    for (String id :
        List.of(
            "00000000-0000-8000-8000-000000000002",
            "01930000-0000-7000-8000-000000000001",
            "01930000-0000-7000-bfff-000000000001",
            "7fffffff-ffff-4fff-8fff-ffffffffffff",
            "80000000-0000-1000-8000-000000000000",
            "ff930000-0000-4000-8000-000000000001")) {
      ids.add(UUID.fromString(id));
      write(chat(ids.get(ids.size() - 1), UsageEvents.NOON).build());
    }

    var sorted = new ArrayList<UUID>();
    try (Connection connection = dataSource().getConnection();
        var statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT id FROM usage_event ORDER BY id")) {
      while (row.next()) {
        sorted.add(row.getObject(1, UUID.class));
      }
    }
    assertThat(sorted).isEqualTo(ids);
  }

  @Test
  void open_urlWithoutDatabase_isRefused() {
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(MariaDbServer.shared().dataSource("", "")))
        .withMessageContaining("must name a database");
  }

  @Test
  void open_afterAnInterruptedUpgrade_completesIt() throws Exception {
    DataSource half = newDatabase();
    JdbcUsageStore.open(half).write(List.of(chat().build()));
    Databases.execute(half, "DELETE FROM usage_schema", "DROP TABLE usage_label");

    var store = JdbcUsageStore.open(half);

    assertThat(store.queries().total(ALL, BillingPeriod.lifetime()).calls()).isEqualTo(1);
  }

  @Test
  void open_keepsNoLock() throws Exception {
    try (Connection connection = dataSource().getConnection()) {
      assertThat(
              ask(connection, "SELECT IS_FREE_LOCK(CONCAT(DATABASE(), '.', 'usage_schema')) = 1"))
          .isEqualTo("1");
    }
  }
}
