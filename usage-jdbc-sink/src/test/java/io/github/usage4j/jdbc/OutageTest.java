package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.sink.UsageBuffer.Health;
import io.github.usage4j.sink.UsageEvents;
import io.github.usage4j.track.UsageTracker;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** A database that is killed, hangs, or gives no connection: nothing lost, nothing twice. */
@Timeout(400)
class OutageTest {

  private static final int RESTARTS = 20;
  private static final int CALLERS = 4;

  @TempDir Path temp;

  private static EmbeddedPostgres start(Path data, int port) throws Exception {
    return EmbeddedPostgres.builder()
        .setDataDirectory(data)
        .setCleanDataDirectory(false)
        .setPort(port)
        .setServerConfig("fsync", "on")
        .setServerConfig("synchronous_commit", "on")
        .start();
  }

  private static DataSource client(int port) {
    var client = new PGSimpleDataSource();
    client.setPortNumbers(new int[] {port});
    client.setUser("postgres");
    client.setDatabaseName("postgres");
    return client;
  }

  /** Records without end, and counts what it records. */
  private static final class Load {
    final AtomicBoolean on = new AtomicBoolean(true);
    final AtomicLong events = new AtomicLong();
    final AtomicLong tokens = new AtomicLong();
    final AtomicLongArray ofCaller = new AtomicLongArray(CALLERS);
    final List<Thread> callers = new ArrayList<>();

    Load(UsageTracker tracker) {
      for (int i = 0; i < CALLERS; i++) {
        int number = i;
        var caller =
            new Thread(
                () -> {
                  while (on.get()) {
                    long n = events.incrementAndGet();
                    tokens.addAndGet(n % 1_000);
                    tracker.record(event(n % 1_000));
                    ofCaller.incrementAndGet(number);
                    LockSupport.parkNanos(3_000_000);
                  }
                },
                "caller");
        caller.start();
        callers.add(caller);
      }
    }

    private static UsageEvent event(long tokens) {
      Instant at = UsageEvents.NOON;
      return UsageEvent.builder(UsageEvent.newId(at), Kind.CHAT, "openai", "gpt-4o")
          .startedAt(at)
          .tokens(TokenCounts.of(tokens, 1))
          .build();
    }

    void stop() throws InterruptedException {
      on.set(false);
      for (Thread caller : callers) {
        caller.join();
      }
    }

    /** Until each caller has come further: one that waits for the database does not, ever. */
    void awaitFromEach(int more) {
      for (int i = 0; i < CALLERS; i++) {
        long enough = ofCaller.get(i) + more;
        while (ofCaller.get(i) < enough) {
          assertThat(Thread.currentThread().isInterrupted()).as("a caller waits").isFalse();
          LockSupport.parkNanos(1_000_000);
        }
      }
    }
  }

  private static void check(JdbcUsageStore store, Load load, Health end, String name) {
    UsageSummary sum =
        store.queries().total(UsageFilter.allOrganizations(), BillingPeriod.lifetime());
    System.out.printf(
        "%s: %d recorded, %d stored, %d retries, %d duplicates, %d waits%n",
        name, load.events.get(), sum.calls(), end.retries(), end.duplicates(), end.waits());
    assertThat(sum.calls()).isEqualTo(load.events.get());
    assertThat(store.maintenance().verify(BillingPeriod.lifetime())).isEmpty();
    assertThat(sum.totalTokens()).isEqualTo(load.tokens.get() + load.events.get());
    assertThat(end.droppedInAll()).isZero();
    assertThat(end.waits()).isZero();
  }

  @Test
  @Tag("full")
  void postgresKilledAndRestarted_losesNothing_andNoCallWaits() throws Exception {
    Path data = Files.createDirectory(temp.resolve("pg"));
    int port;
    try (var free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    EmbeddedPostgres server = start(data, port);
    try {
      var spooled = JdbcUsageStore.builder(client(port)).tablePrefix("spooled_").open();
      var buffered = JdbcUsageStore.builder(client(port)).tablePrefix("buffered_").open();
      var spool =
          UsageTracker.builder(spooled)
              .buffer(
                  UsageBuffer.spool(temp.resolve("spool"))
                      .capacity(200_000)
                      .maxLoss(Duration.ofMillis(50)))
              .build();
      var memory =
          UsageTracker.builder(buffered).buffer(UsageBuffer.memory().capacity(1_000_000)).build();
      var first = new Load(spool);
      var second = new Load(memory);
      for (int i = 0; i < RESTARTS; i++) {
        long pid = Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid")).get(0));
        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        LockSupport.parkNanos(300_000_000); // long enough for each batch to meet the outage
        first.awaitFromEach(20);
        second.awaitFromEach(20);
        server.close();
        server = start(data, port);
      }
      first.stop();
      second.stop();
      assertThat(spool.flush(Duration.ofMinutes(2))).as(spool.health().toString()).isTrue();
      assertThat(memory.flush(Duration.ofMinutes(2))).as(memory.health().toString()).isTrue();
      spool.close();
      memory.close();
      check(spooled, first, spool.health().get(0), "spool");
      check(buffered, second, memory.health().get(0), "memory");
    } finally {
      server.close();
    }
  }

  @Test
  void databaseThatHangs_holdsUpNobody_andIsGivenUpInTime() throws Exception {
    try (var proxy = new TcpProxy(portOf(Databases.postgres()))) {
      DataSource hanging = client(proxy.port());
      String prefix = Databases.newName() + "_";
      var store = JdbcUsageStore.builder(hanging).tablePrefix(prefix).open();
      var tracker =
          UsageTracker.builder(store)
              .buffer(UsageBuffer.spool(temp.resolve("spool")).closeTimeout(Duration.ofMillis(200)))
              .build();
      proxy.hang();
      List<UsageEvent> events = UsageEvents.chats(200);
      events.forEach(tracker::record);
      assertThat(tracker.flush(Duration.ofMillis(50))).isFalse();
      assertThat(tracker.health().get(0).pending()).isEqualTo(200);
      tracker.close(); // the driver reads on; what was not confirmed stays
      assertThat(tracker.health().get(0).droppedInAll()).isZero();
      proxy.heal();
      var next =
          UsageTracker.builder(store).buffer(UsageBuffer.spool(temp.resolve("spool"))).build();
      assertThat(next.flush(Duration.ofMinutes(1))).isTrue();
      next.close();
      assertThat(
              store
                  .queries()
                  .total(UsageFilter.allOrganizations(), BillingPeriod.lifetime())
                  .calls())
          .isEqualTo(200);
    }
  }

  private static int portOf(DataSource dataSource) throws Exception {
    try (Connection connection = dataSource.getConnection()) {
      String url = connection.getMetaData().getURL();
      return URI.create(url.substring("jdbc:".length())).getPort();
    }
  }

  @Test
  void exhaustedPool_isTriedAgain() throws Exception {
    var pool = new FaultyDataSource(Databases.h2Memory(";DB_CLOSE_DELAY=-1"));
    var store = JdbcUsageStore.open(pool);
    var tries = new AtomicLong();
    pool.lend =
        connection -> {
          if (tries.incrementAndGet() <= 3) {
            connection.close();
            throw new SQLTransientConnectionException("pool - request timed out after 30000ms");
          }
        };
    var tracker = UsageTracker.create(store);
    UsageEvents.chats(50).forEach(tracker::record);
    assertThat(tracker.flush(Duration.ofMinutes(1))).isTrue();
    assertThat(tracker.health().get(0).written()).isEqualTo(50);
    assertThat(tracker.health().get(0).retries()).isPositive();
    tracker.close();
  }
}
