package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.sink.DeadLetters;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.sink.UsageSink;
import io.github.usage4j.track.UsageTracker;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** All faults at once, in an order that the seed decides: the sums are right at the end. */
@Timeout(600)
class ChaosTest {

  private static final long SEED = 20_261_121L;
  private static final long SECONDS = Long.getLong("usage4j.chaosSeconds", 60);
  private static final int CALLERS = 4;

  @TempDir Path temp;

  private final Map<UUID, Long> recorded = new ConcurrentHashMap<>();
  private final Set<UUID> poison = ConcurrentHashMap.newKeySet();
  private final AtomicLong tokens = new AtomicLong();
  private final AtomicReference<Duration> clockOffset = new AtomicReference<>(Duration.ZERO);
  private final AtomicBoolean poolExhausted = new AtomicBoolean();
  private final ReentrantReadWriteLock trackerChange = new ReentrantReadWriteLock();
  private final Map<UsageMetrics.Anomaly, AtomicLong> anomalies = new ConcurrentHashMap<>();
  private final Map<UsageMetrics.DropReason, AtomicLong> dropped = new ConcurrentHashMap<>();
  private UsageTracker tracker;

  private final UsageMetrics metrics =
      new UsageMetrics() {
        @Override
        public void anomaly(Anomaly what) {
          anomalies.computeIfAbsent(what, w -> new AtomicLong()).incrementAndGet();
        }

        @Override
        public void dropped(int events, DropReason reason) {
          dropped.computeIfAbsent(reason, w -> new AtomicLong()).addAndGet(events);
        }
      };

  private UsageTracker open(UsageSink sink) {
    return UsageTracker.builder(sink)
        .buffer(
            UsageBuffer.spool(temp.resolve("spool"))
                .capacity(1_000_000)
                .maxSpoolBytes(2_000_000)
                .closeTimeout(Duration.ofMillis(300))) // what hangs then is abandoned
        .clock(() -> Instant.now().plus(clockOffset.get()))
        .metrics(metrics)
        .build();
  }

  /** Refuses some in words, and throws at others. */
  private UsageSink poisoned(JdbcUsageStore store) {
    return new UsageSink() {
      @Override
      public void write(List<UsageEvent> events) throws Exception {
        write(events, Report.NONE);
      }

      @Override
      public void write(List<UsageEvent> events, Report report) throws Exception {
        for (UsageEvent event : events) {
          if ("rejected".equals(event.attribution().category())) {
            throw new RejectedException("rejected", new Exception());
          }
          if ("throwing".equals(event.attribution().category())) {
            throw new IllegalStateException("cannot map it");
          }
        }
        store.write(events, report);
      }
    };
  }

  private void call(Random random) {
    long input = random.nextInt(5_000);
    int kind = random.nextInt(10_000);
    String category = kind == 0 ? "throwing" : kind < 10 ? "rejected" : "support";
    trackerChange.readLock().lock();
    try {
      Instant now = Instant.now().plus(clockOffset.get());
      UsageEvent event =
          UsageEvent.builder(UsageEvent.newId(now), Kind.CHAT, "openai", "gpt-4o")
              .startedAt(now)
              .attribution(Attribution.organization("acme").category(category))
              .tokens(TokenCounts.of(input, 0))
              .build();
      recorded.put(event.id(), input);
      if (kind < 10) {
        poison.add(event.id());
      } else {
        tokens.addAndGet(input);
      }
      tracker.record(event);
    } finally {
      trackerChange.readLock().unlock();
    }
  }

  private void fault(Random random, TcpProxy proxy, UsageSink sink, List<Thread> callers)
      throws Exception {
    switch (random.nextInt(8)) {
      case 0 -> proxy.cut();
      case 1 -> proxy.hang();
      case 2 -> poolExhausted.set(true);
      case 3 -> proxy.breakAll();
      case 4 -> clockOffset.set(Duration.ofHours(-random.nextInt(2)));
      case 5 -> {
        callers.get(random.nextInt(CALLERS)).interrupt();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
          if (thread.getName().startsWith("usage4j-")) {
            thread.interrupt();
          }
        }
      }
      case 6 -> {
        proxy.hang();
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(900)));
        restart(sink);
      }
      default -> restart(sink);
    }
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(900)));
    poolExhausted.set(false);
    proxy.heal();
    proxy.breakAll();
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(random.nextInt(900)));
  }

  private void restart(UsageSink sink) {
    trackerChange.writeLock().lock();
    try {
      tracker.close();
      tracker.close();
      tracker = open(sink);
    } finally {
      trackerChange.writeLock().unlock();
    }
  }

  @Test
  @Tag("full")
  void allFaultsAtOnce_theSumsAreRightAtTheEnd() throws Exception {
    DataSource real = Databases.postgres();
    try (var proxy = new TcpProxy(portOf(real))) {
      var store = JdbcUsageStore.open(faulty(real, proxy));
      UsageSink sink = poisoned(store);
      tracker = open(sink);
      var on = new AtomicBoolean(true);
      var callers = new ArrayList<Thread>();
      for (int i = 0; i < CALLERS; i++) {
        var random = new Random(SEED + i);
        var caller =
            new Thread(
                () -> {
                  while (on.get()) {
                    call(random);
                    Thread.interrupted();
                    LockSupport.parkNanos(2_000_000);
                  }
                });
        caller.start();
        callers.add(caller);
      }
      var random = new Random(SEED);
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
      int faults = 0;
      for (; System.nanoTime() < until; faults++) {
        fault(random, proxy, sink, callers);
      }
      on.set(false);
      for (Thread caller : callers) {
        caller.join();
      }
      tracker.close();
      tracker = open(sink);
      // Not until all is settled: what is thrown at waits for long before it is given up.
      while (!tracker.flush(Duration.ofSeconds(1)) && stored(real).size() < healthy()) {
        assertThat(Thread.currentThread().isInterrupted()).as("took too long").isFalse();
      }
      tracker.close();
      DeadLetters letters = DeadLetters.in(temp.resolve("spool").resolve(DeadLetters.FILE_NAME));
      var buried = new HashSet<UUID>();
      letters.forEach(letter -> buried.add(letter.event().id()));
      letters.replay(healed(store));

      check(real, buried, faults);
    }
  }

  /** What was thrown at is still refused, now in words. */
  private UsageSink healed(JdbcUsageStore store) {
    return batch -> {
      if (batch.stream().anyMatch(event -> poison.contains(event.id()))) {
        throw new UsageSink.RejectedException("still", new Exception());
      }
      store.write(batch);
    };
  }

  private int healthy() {
    return recorded.size() - poison.size();
  }

  /** The tokens of each event that is stored. */
  private static Map<UUID, Long> stored(DataSource database) throws SQLException {
    var stored = new HashMap<UUID, Long>();
    try (Connection connection = database.getConnection();
        var statement = connection.createStatement()) {
      ResultSet row = statement.executeQuery("SELECT id, input_tokens FROM usage_event");
      while (row.next()) {
        stored.put(row.getObject(1, UUID.class), row.getLong(2));
      }
    }
    return stored;
  }

  private void check(DataSource database, Set<UUID> buried, int faults) throws SQLException {
    Map<UUID, Long> tokensById = stored(database);
    Set<UUID> stored = tokensById.keySet();
    long sum = tokensById.values().stream().mapToLong(Long::longValue).sum();
    String what =
        "%d faults, %d recorded, %d poisoned, %d stored, %d dead letters, dropped %s, %s"
            .formatted(
                faults,
                recorded.size(),
                poison.size(),
                stored.size(),
                buried.size(),
                dropped,
                anomalies);
    System.out.println(what);
    var missing = new HashSet<>(recorded.keySet());
    missing.removeAll(stored);
    missing.removeAll(buried);
    assertThat(missing).as(what).isEmpty();
    assertThat(buried).as(what).containsAll(poison);
    assertThat(stored).as(what).doesNotContainAnyElementsOf(poison);
    assertThat(stored).as(what).hasSize(healthy());
    assertThat(recorded.keySet()).containsAll(stored);
    assertThat(sum).as(what).isEqualTo(tokens.get());
    JdbcUsageStore store = JdbcUsageStore.open(database);
    assertThat(store.maintenance().verify(BillingPeriod.lifetime())).isEmpty();
  }

  private DataSource faulty(DataSource real, TcpProxy proxy) throws Exception {
    var client = new PGSimpleDataSource();
    client.setPortNumbers(new int[] {proxy.port()});
    client.setUser("postgres");
    try (Connection connection = real.getConnection()) {
      client.setDatabaseName(connection.getCatalog());
    }
    var pool = new FaultyDataSource(client);
    pool.lend =
        connection -> {
          if (poolExhausted.get()) {
            connection.close();
            throw new SQLTransientConnectionException("pool - request timed out");
          }
        };
    return pool;
  }

  private static int portOf(DataSource dataSource) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      String url = connection.getMetaData().getURL();
      return URI.create(url.substring("jdbc:".length())).getPort();
    }
  }
}
