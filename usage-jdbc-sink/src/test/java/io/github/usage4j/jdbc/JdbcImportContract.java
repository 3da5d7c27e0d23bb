package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.backfill.ImportProgress;
import io.github.usage4j.backfill.ImportSource;
import io.github.usage4j.backfill.UsageImport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Locks, checkpoints and rows as input, on every database. */
abstract class JdbcImportContract {

  private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir Path directory;

  private Instant now = NOW;
  private final InstantSource clock = () -> now;
  private DataSource dataSource;
  private JdbcUsageStore store;

  abstract DataSource newDatabase() throws Exception;

  @BeforeEach
  void open() throws Exception {
    dataSource = newDatabase();
    store = JdbcUsageStore.builder(dataSource).clock(clock).open();
  }

  private JobLock lock(String name) {
    return store.jobs().lock(name);
  }

  private UsageSummary total() {
    return store.queries().total(UsageFilter.allOrganizations(), BillingPeriod.lifetime());
  }

  private UsageImport job() {
    return UsageImport.from("old")
        .provider("openai")
        .checkpoints(store.importCheckpoints())
        .batchSize(100);
  }

  @Test
  void lock_heldByAnother_isRefusedUntilGivenBackOrExpired() throws Exception {
    try (JobLock.Held held = lock("a").take()) {
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(() -> lock("a").take())
          .withMessageContaining("'a' is being done by another instance since " + NOW);
      lock("A").take().close(); // another job, on every database
      now = NOW.plus(JobLock.TIME).minusNanos(1_000);
      assertThatExceptionOfType(UsageException.class).isThrownBy(() -> lock("a").take());
      held.step(connection -> 0);
      now = NOW.plus(JobLock.TIME);
      assertThatExceptionOfType(UsageException.class).isThrownBy(() -> lock("a").take());
    }
    lock("a").take().close();
  }

  @Test
  void step_afterTakeOver_isRolledBack() throws Exception {
    JobLock.Held slow = lock("a").take();
    now = NOW.plus(JobLock.TIME);
    try (JobLock.Held quick = lock("a").take()) {
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(() -> slow.step(connection -> 0))
          .withMessageContaining("taken over");
      slow.close();
      quick.step(connection -> 0); // what the slow one gave back was not this
    }
  }

  @Test
  void lock_takenByEightAtOnce_isHeldByOne() throws Exception {
    var barrier = new CyclicBarrier(8);
    var executor = Executors.newFixedThreadPool(8);
    try {
      Callable<Integer> taker =
          () -> {
            barrier.await();
            try {
              lock("a").take();
              return 1;
            } catch (UsageException e) {
              return 0;
            }
          };
      int taken = 0;
      var takers = new ArrayList<Callable<Integer>>();
      for (int i = 0; i < 8; i++) {
        takers.add(taker);
      }
      for (Future<Integer> future : executor.invokeAll(takers)) {
        taken += future.get();
      }
      assertThat(taken).isEqualTo(1);
    } finally {
      executor.shutdownNow();
    }
  }

  @Test
  void checkpoint_ofARunThatFailed_isWhereTheNextOneBegins() throws Exception {
    var lines = new StringBuilder();
    for (int i = 0; i < 350; i++) {
      lines.append(
          "{\"id\":\"" + i + "\",\"model\":\"m\",\"created\":1790856000,\"prompt_tokens\":1}\n");
    }
    Path file = Files.writeString(directory.resolve("calls.jsonl"), lines + "oops\n");

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> job().run(ImportSource.jsonLines(file), store))
        .withMessageContaining("line 351");
    Files.writeString(file, lines);
    ImportProgress progress = job().run(ImportSource.jsonLines(file), store);
    ImportProgress again = job().run(ImportSource.jsonLines(file), store);

    assertThat(progress.stored()).isEqualTo(350);
    assertThat(progress.known()).isZero();
    assertThat(again).isEqualTo(progress);
    assertThat(total().calls()).isEqualTo(350);
  }

  @Test
  void run_whileAnotherInstanceImports_isRefused() throws Exception {
    Path file = Files.writeString(directory.resolve("calls.jsonl"), "{}\n");
    try (var session = store.importCheckpoints().begin("old", "calls.jsonl")) {
      assertThat(session.reached()).isNull();
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(() -> job().run(ImportSource.jsonLines(file), store))
          .withMessageContaining("being done by another instance");
    }
  }

  private DataSource calls(String keyType) {
    Databases.execute(
        dataSource,
        "CREATE TABLE calls (call_no "
            + keyType
            + " PRIMARY KEY, tenant VARCHAR(20), at TIMESTAMP, model VARCHAR(20), prompt_tokens INT)");
    return dataSource;
  }

  private void insert(int from, int to, boolean text) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        var statement = connection.prepareStatement("INSERT INTO calls VALUES (?, ?, ?, 'm', ?)")) {
      for (int i = from; i < to; i++) {
        Object key = text ? String.format(Locale.ROOT, "k%07d", i) : Integer.valueOf(i);
        statement.setObject(1, key);
        statement.setString(2, "acme");
        statement.setObject(3, NOW.plusSeconds(i).atOffset(ZoneOffset.UTC).toLocalDateTime());
        statement.setInt(4, i);
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  @Test
  void query_rowsByNumberOrText_areImportedOnceAndGoOn() throws Exception {
    for (String type : List.of("BIGINT", "VARCHAR(20)")) {
      Databases.execute(dataSource, "DROP TABLE IF EXISTS calls");
      boolean text = !type.equals("BIGINT");
      ImportSource rows =
          JdbcImportSource.query(
              calls(type),
              "calls by " + type,
              "SELECT call_no, tenant, at AS started_at, model, prompt_tokens FROM calls",
              "call_no");
      UsageImport job =
          UsageImport.from("calls " + type)
              .provider("openai")
              .localTimesIn(ZoneOffset.UTC)
              .checkpoints(store.importCheckpoints());
      assertThat(job.run(rows, store).read()).isZero();
      insert(0, 2_500, text);
      assertThat(job.run(rows, store).stored()).isEqualTo(2_500);
      insert(2_500, 2_510, text);
      ImportProgress progress = job.run(rows, store);

      assertThat(progress.read()).isEqualTo(2_510);
      assertThat(progress.known()).isZero();
    }
    UsageSummary total =
        store.queries().total(UsageFilter.organization("acme"), BillingPeriod.lifetime());
    assertThat(total.calls()).isEqualTo(2 * 2_510);
    assertThat(total.tokens().input()).isEqualTo(2_510L * 2_509);
    assertThat(
            store
                .queries()
                .total(UsageFilter.allOrganizations(), BillingPeriod.of(NOW, NOW.plusNanos(1_000)))
                .calls())
        .isEqualTo(2);
  }

  @Test
  void query_keyThatIsNotUnique_isRefusedAlsoBetweenPages() throws Exception {
    insertInto();
    ImportSource rows =
        JdbcImportSource.query(
            dataSource,
            "calls",
            "SELECT CASE WHEN call_no = 1000 THEN 999 ELSE call_no END AS call_no, model, at AS time,"
                + " prompt_tokens FROM calls",
            "call_no");
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> job().localTimesIn(ZoneOffset.UTC).run(rows, store))
        .withMessageContaining("call_no 999: the key must be unique");
  }

  private void insertInto() throws SQLException {
    calls("BIGINT");
    insert(0, 1_100, false);
  }

  @Test
  void query_badRow_isNamedByItsKey() throws Exception {
    insertInto();
    Databases.execute(dataSource, "UPDATE calls SET prompt_tokens = -7 WHERE call_no = 1050");
    ImportSource rows =
        JdbcImportSource.query(
            dataSource,
            "calls",
            "SELECT call_no, model, at AS time, prompt_tokens FROM calls",
            "call_no");
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(
            () ->
                job()
                    .holdBack(0)
                    .attribution(Attribution.organization("acme"))
                    .localTimesIn(ZoneOffset.UTC)
                    .run(rows, store))
        .withMessageContaining("calls, call_no 1050: input tokens must not be negative");
    assertThat(total().calls()).isEqualTo(1_000);
  }
}
