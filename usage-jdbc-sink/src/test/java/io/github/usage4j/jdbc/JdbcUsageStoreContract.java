package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.EventQuery;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.UsageReader;
import io.github.usage4j.sink.UsageEvents;
import io.github.usage4j.sink.UsageReportsContract;
import io.github.usage4j.sink.UsageSink.RejectedException;
import io.github.usage4j.sink.UsageStore;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link JdbcUsageStore} does on every database, beside what every store does. */
abstract class JdbcUsageStoreContract extends UsageReportsContract {

  private FaultyDataSource dataSource;
  private JdbcUsageStore store;

  /** An empty database. */
  abstract DataSource newDatabase() throws Exception;

  @BeforeEach
  final void open() throws Exception {
    dataSource = new FaultyDataSource(newDatabase());
    prepare(dataSource);
    store = JdbcUsageStore.open(dataSource);
  }

  /** Makes the tables, if they are to be other than usual. */
  void prepare(DataSource empty) {}

  @AfterEach
  final void everyConnectionWasReturned() {
    assertThat(dataSource.lent).hasValue(0);
  }

  /** The instant in the first column. */
  Instant instant(ResultSet row) throws SQLException {
    return row.getObject(1, OffsetDateTime.class).toInstant();
  }

  final FaultyDataSource dataSource() {
    return dataSource;
  }

  @Override
  protected final UsageStore store() {
    return store;
  }

  @Override
  protected final UsageReader reader() {
    return store.reader();
  }

  private UsageEvent labelled() {
    return chat().attribution(Attribution.organization("acme").user("7", "Ada")).build();
  }

  @Test
  void write_connectionLostInTheMiddle_leavesNothingAndCanBeRepeated() throws Exception {
    List<UsageEvent> batch = List.of(labelled(), chat().build());
    dataSource.fault = FaultyDataSource.onStatement("usage_label", Connection::close);

    assertThatThrownBy(() -> store.write(batch)).isInstanceOf(SQLException.class);

    dataSource.fault = FaultyDataSource.NONE;
    assertThat(calls()).isZero();
    store.write(batch);
    assertThat(calls()).isEqualTo(2);
  }

  @Test
  void write_commitWhoseAnswerIsLost_isADuplicateWhenRepeated() throws Exception {
    UsageEvent event = labelled();
    dataSource.fault =
        (connection, method, arguments) -> {
          if (method.equals("commit")) {
            connection.commit();
            throw new SQLException("connection reset", "08006");
          }
        };

    assertThatThrownBy(() -> store.write(List.of(event))).hasMessage("connection reset");

    dataSource.fault = FaultyDataSource.NONE;
    assertThat(write(event))
        .extracting("duplicates")
        .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
        .containsExactly(event);
    assertThat(calls()).isEqualTo(1);
  }

  @Test
  void write_lostRaces_areRepeatedInside() throws Exception {
    var races = new ArrayList<>(List.of("23505", "40001", "40P01"));
    dataSource.fault =
        (connection, method, arguments) -> {
          if (method.equals("commit") && !races.isEmpty()) {
            throw new SQLException("lost", races.remove(0));
          }
        };

    write(labelled());

    assertThat(races).isEmpty();
    assertThat(calls()).isEqualTo(1);
  }

  @Test
  void write_temporaryError_isThrownAsTransient() {
    for (String state : List.of("08006", "53300", "57014", "55P03", "40003")) {
      var failure = new SQLException("now is bad", state);
      dataSource.fault =
          (connection, method, arguments) -> {
            if (method.equals("commit")) {
              throw failure;
            }
          };
      assertThatExceptionOfType(SQLTransientException.class)
          .isThrownBy(() -> store.write(List.of(chat().build())))
          .withMessage("now is bad")
          .withCause(failure)
          .matches(thrown -> thrown.getSQLState().equals(state));
    }
    dataSource.fault = FaultyDataSource.NONE;
    assertThat(calls()).isZero();
  }

  @Test
  void write_contentThatTheDatabaseRefuses_isRejectedAndLeavesNothing() {
    for (String state : List.of("22001", "22021", "23502", "23514")) {
      dataSource.fault =
          (connection, method, arguments) -> {
            if (method.equals("commit")) {
              throw new SQLException("bad content", state);
            }
          };
      assertThatThrownBy(() -> store.write(List.of(chat().build())))
          .isInstanceOf(RejectedException.class)
          .hasMessageContaining("bad content");
    }
    dataSource.fault = FaultyDataSource.NONE;
    assertThat(calls()).isZero();
  }

  @Test
  void write_emptyBatch_asksForNoConnection() throws Exception {
    dataSource.lend =
        connection -> {
          throw new SQLException("must not be asked");
        };

    store.write(List.of());
  }

  @Test
  void write_lentConnection_goesBackAsItCame() throws Exception {
    dataSource.lend =
        connection -> connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    var returned = new AtomicInteger();
    dataSource.takeBack =
        connection -> {
          returned.incrementAndGet();
          assertThat(connection.getAutoCommit()).isTrue();
          assertThat(connection.getTransactionIsolation())
              .isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
        };

    write(labelled());
    dataSource.fault =
        (connection, method, arguments) -> {
          if (method.equals("commit")) {
            throw new SQLException("no", "08006");
          }
        };
    assertThatThrownBy(() -> write(labelled())).hasMessage("no");

    assertThat(returned).hasValue(2);
  }

  @Test
  void write_poolWithoutAutocommit_isCommitted() throws Exception {
    dataSource.lend = connection -> connection.setAutoCommit(false);
    dataSource.takeBack = Connection::rollback;

    UsageEvent event = labelled();
    write(event);

    assertThat(stored(event.id())).isEqualTo(event);
    assertThat(JdbcUsageStore.open(dataSource).queries().event(ALL, event.id())).isPresent();
  }

  @Test
  void write_poolWithoutAutocommitAndOtherIsolation_isCommittedAndGoesBackAsItCame()
      throws Exception {
    dataSource.lend =
        connection -> {
          connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
          connection.setAutoCommit(false);
        };
    var returned = new AtomicInteger();
    dataSource.takeBack =
        connection -> {
          returned.incrementAndGet();
          assertThat(connection.getAutoCommit()).isFalse();
          assertThat(connection.getTransactionIsolation())
              .isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
          connection.rollback();
        };

    write(labelled());
    dataSource.fault =
        (connection, method, arguments) -> {
          if (method.equals("commit")) {
            throw new SQLException("no", "08006");
          }
        };
    assertThatThrownBy(() -> write(labelled())).hasMessage("no");

    assertThat(returned).hasValue(2);
    dataSource.fault = FaultyDataSource.NONE;
    assertThat(calls()).isEqualTo(1);
  }

  @Test
  void write_insideSomebodysTransaction_isRefused() {
    dataSource.lend =
        connection -> {
          connection.setAutoCommit(false);
          connection
              .createStatement()
              .execute("UPDATE usage_schema SET script = 'theirs' WHERE version = 1");
        };
    dataSource.takeBack = Connection::rollback;

    assertThatThrownBy(() -> store.write(List.of(chat().build())))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("inside a transaction");

    dataSource.lend = connection -> {};
    dataSource.takeBack = connection -> {};
    assertThat(calls()).isZero();
  }

  @Test
  void write_recordsWhenItWasWritten() throws Exception {
    Instant now = Instant.parse("2031-02-03T04:05:06.0000009Z");
    var clocked = JdbcUsageStore.builder(dataSource).clock(() -> now).open();

    clocked.write(List.of(chat().build()));

    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement("SELECT recorded_at FROM usage_event");
        ResultSet row = statement.executeQuery()) {
      assertThat(row.next()).isTrue();
      assertThat(instant(row)).isEqualTo(Instant.parse("2031-02-03T04:05:06Z"));
    }
  }

  @Test
  void read_databaseGone_isAUsageExceptionThatNamesTheQuestion() {
    dataSource.lend =
        connection -> {
          throw new SQLException("no route to database", "08001");
        };

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> store.queries().total(ALL, BillingPeriod.month(2026, 11)))
        .withMessageContaining("all organizations")
        .withMessageContaining("2026-11-01T00:00:00Z")
        .withMessageContaining("no route to database");
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> store.queries().event(ALL, new UUID(1, 1)));
  }

  @Test
  void read_rowThatBreaksARule_isAUsageExceptionThatNamesTheId() throws Exception {
    UsageEvent event = chat().build();
    write(event);
    Databases.execute(dataSource, "UPDATE usage_event SET kind = 'TELEPATHY'");

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> stored(event.id()))
        .withMessageContaining(event.id().toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "currency = 'ZZQ', cost_input = 0, cost_output = 0, cost_cache = 0, cost_other = 0",
        "currency = 'EUR', cost_input = NULL",
        "kind = 'TELEPATHY'",
        "tags = 'not JSON'",
        "duration_us = -1"
      })
  void write_duplicateOfARowThatBreaksARule_isAConflictAndHoldsUpNothing(String harm)
      throws Exception {
    UsageEvent broken = chat().build();
    write(broken);
    Databases.execute(dataSource, "UPDATE usage_event SET " + harm);
    UsageEvent next = chat().build();

    assertThat(write(broken, next))
        .extracting("conflicts", "duplicates")
        .containsExactly(List.of(broken), List.of());
    assertThat(stored(next.id())).isEqualTo(next);
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> stored(broken.id()))
        .withMessageContaining(broken.id().toString());
  }

  @Test
  void read_rowWithAnUnknownCurrency_namesTheIdAndTheCode() throws Exception {
    UsageEvent event = chat().build();
    write(event, chat().build());
    Databases.execute(
        dataSource,
        "UPDATE usage_event SET currency = 'ZZQ', cost_input = 0, cost_output = 0,"
            + " cost_cache = 0, cost_other = 0 WHERE id = '"
            + event.id()
            + "'",
        "UPDATE usage_organization_rollup SET currency = 'ZZQ'");

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(
            () ->
                reader().events(new EventQuery(ALL, BillingPeriod.lifetime(), null, null, 9, null)))
        .withMessageContaining(event.id().toString())
        .withMessageContaining("'ZZQ'");
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(this::calls)
        .withMessageContaining("'ZZQ'")
        .withMessageContaining("that of a rollup");
  }

  @Test
  void read_sumBeyondLong_isAnErrorAndNotAWrongNumber() throws Exception {
    write(chat().build(), chat().build());
    Databases.execute(
        dataSource,
        "UPDATE usage_event SET input_tokens = " + Long.MAX_VALUE,
        "UPDATE usage_organization_rollup SET input_tokens = " + Long.MAX_VALUE);
    write(chat().attribution(Attribution.organization("other")).build());

    assertThatExceptionOfType(UsageException.class).isThrownBy(this::calls);
    var everything = new UsageQuery(ALL, BillingPeriod.lifetime(), Set.of());
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> store.readerWithoutRollups().aggregate(everything));
  }

  @Test
  void open_again_changesNothing() throws Exception {
    UsageEvent event = UsageEvents.complete();
    write(event);

    JdbcUsageStore again = JdbcUsageStore.open(dataSource);

    assertThat(again.queries().event(ALL, event.id())).contains(event);
  }

  @Test
  void open_otherPrefix_isAnotherStore() throws Exception {
    JdbcUsageStore other = JdbcUsageStore.builder(dataSource).tablePrefix("_z9_").open();
    write(chat().build());

    assertThat(other.queries().total(ALL, BillingPeriod.lifetime()).calls()).isZero();
    other.write(List.of(labelled(), labelled()));
    assertThat(other.queries().total(ALL, BillingPeriod.lifetime()).calls()).isEqualTo(2);
    assertThat(calls()).isEqualTo(1);
    assertThat(other).hasToString(store.toString().replace("usage_", "_z9_"));
  }

  @Test
  void open_sixteenAtOnce_allSucceed() throws Exception {
    DataSource empty = newDatabase();
    var start = new CyclicBarrier(16);
    var pool = Executors.newFixedThreadPool(16);
    try {
      var openers = new ArrayList<Callable<Void>>();
      for (int i = 0; i < 16; i++) {
        openers.add(
            () -> {
              start.await();
              JdbcUsageStore.open(empty).write(List.of(chat().build()));
              return null;
            });
      }
      for (Future<Void> opener : pool.invokeAll(openers)) {
        opener.get();
      }
    } finally {
      pool.shutdownNow();
    }

    assertThat(JdbcUsageStore.open(empty).queries().total(ALL, BillingPeriod.lifetime()).calls())
        .isEqualTo(16);
  }

  @Test
  void validateOnly_emptyDatabase_namesVersionScriptAndCure() throws Exception {
    DataSource empty = newDatabase();

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.builder(empty).validateOnly().open())
        .withMessageContaining(
            "must have version " + Schema.VERSION + ", but table usage_schema is missing")
        .withMessageContaining("V1__usage.sql");
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.builder(empty).validateOnly().open());
  }

  @Test
  void validateOnly_presentTables_opens() throws Exception {
    var validated = JdbcUsageStore.builder(dataSource).validateOnly().open();

    validated.write(List.of(chat().build()));

    assertThat(calls()).isEqualTo(1);
  }

  @Test
  void open_newerSchema_isRefused() {
    Databases.execute(
        dataSource,
        "INSERT INTO usage_schema (version, script, applied_at)"
            + " VALUES (77, 'V77__x.sql', CURRENT_TIMESTAMP)");

    for (var builder :
        List.of(
            JdbcUsageStore.builder(dataSource),
            JdbcUsageStore.builder(dataSource).validateOnly())) {
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(builder::open)
          .withMessageContaining("version 7")
          .withMessageContaining("up to " + Schema.VERSION);
    }
  }

  @Test
  void open_foreignTableOfThatName_isRefused() throws Exception {
    DataSource foreign = newDatabase();
    Databases.execute(foreign, "CREATE TABLE usage_schema (a INTEGER)");

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.open(foreign))
        .withMessageContaining("usage_*");
  }
}
