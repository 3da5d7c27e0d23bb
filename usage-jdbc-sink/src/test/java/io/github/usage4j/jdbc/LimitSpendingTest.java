package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import io.github.usage4j.limit.LimitState;
import io.github.usage4j.limit.LimitStore;
import io.github.usage4j.limit.LimitStore.Terms;
import io.github.usage4j.limit.UsageAlert;
import io.github.usage4j.limit.UsageLimit;
import io.github.usage4j.limit.UsageLimitExceededException;
import io.github.usage4j.limit.UsageLimiter;
import io.github.usage4j.sink.ChildJvm;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.TrackedCall;
import io.github.usage4j.track.UsageTracker;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** Several instances spend one limit as fast as they can, and some of them die. */
@Timeout(600)
class LimitSpendingTest {

  private static final LimitKey KEY =
      new LimitKey(
          "team",
          UsageMeasure.TOKENS,
          null,
          new Scope(Subject.ORGANIZATION, "acme", null, null, null),
          BillingPeriod.lifetime());
  private static final Attribution WHO = Attribution.organization("acme").user("ada");
  private static final int THREADS = 8;

  /**
   * In real time, because these are real processes: far longer than a machine lets one wait that
   * lives, which must beat once in two thirds of it.
   */
  private static final Duration LEASE = Duration.ofSeconds(20);

  @TempDir Path temp;

  private static Terms terms(long allowance) {
    return new Terms(BigDecimal.valueOf(allowance), List.of(75, 90, 100));
  }

  private static long recordedTokens(JdbcUsageStore store) {
    Long total =
        store
            .queries()
            .fresh()
            .total(UsageFilter.allOrganizations(), BillingPeriod.lifetime())
            .tokens()
            .total();
    return total == null ? 0 : total;
  }

  private static long used(LimitState state) {
    return state.used().longValueExact();
  }

  /** One process of an application: makes calls until nothing is left, or it is killed. */
  static final class Instance {

    private final UsageTracker tracker;
    private final LimitStore limits;
    private final Terms terms;
    private final int most;
    private final AtomicLong recorded = new AtomicLong();

    private Instance(UsageTracker tracker, LimitStore limits, Terms terms, int most) {
      this.tracker = tracker;
      this.limits = limits;
      this.terms = terms;
      this.most = most;
    }

    public static void main(String[] arguments) throws Exception {
      var store = JdbcUsageStore.open(postgres(arguments[0]));
      long limit = Long.parseLong(arguments[2]);
      UsageLimiter limiter =
          UsageLimiter.builder(store.limits())
              .limits(UsageLimit.forOrganization("acme").tokens(limit).inTotal().named("team"))
              .leaseTime(Duration.ofMillis(Long.parseLong(arguments[3])))
              .build();
      var tracker =
          UsageTracker.builder(store)
              .buffer(UsageBuffer.spool(Path.of(arguments[1])))
              .limits(limiter)
              .build();
      var instance =
          new Instance(tracker, store.limits(), terms(limit), Integer.parseInt(arguments[4]));
      System.out.println("go");
      var threads = new ArrayList<Thread>();
      for (int i = 0; i < THREADS; i++) {
        var random = new Random(i);
        threads.add(new Thread(() -> instance.spend(random)));
      }
      threads.forEach(Thread::start);
      for (Thread thread : threads) {
        thread.join();
      }
      tracker.close();
      System.out.println("recorded " + instance.recorded.get());
    }

    /** Ends when all is used, that is when nobody has anything any more and nothing is left. */
    private void spend(Random random) {
      while (true) {
        if (!call(random, 1 + random.nextInt(most)) && !call(random, 1)) {
          LimitState state = limits.open(KEY, terms);
          if (state.room().signum() <= 0 && state.leased().signum() == 0) {
            return;
          }
          pause(50);
        }
      }
    }

    /** A call that fails, is abandoned, or uses less than was expected; false if it is refused. */
    private boolean call(Random random, int expected) {
      try {
        tracker
            .scope(WHO)
            .run(
                () -> {
                  TrackedCall call =
                      tracker.start(Kind.CHAT, "acme-llm", "large", TokenCounts.of(expected, 0));
                  if (random.nextInt(10) == 0) {
                    call.failed(
                        new IllegalStateException("the model is busy"), TokenCounts.of(0, 0));
                  } else {
                    long used = 1 + random.nextInt(expected);
                    call.succeeded(TokenCounts.of(used, 0));
                    recorded.addAndGet(used);
                  }
                });
        return true;
      } catch (UsageLimitExceededException e) {
        return false;
      }
    }
  }

  private static void pause(long millis) {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  private static DataSource postgres(String url) {
    var postgres = new PGSimpleDataSource();
    postgres.setUrl(url);
    postgres.setUser("postgres");
    return postgres;
  }

  private static String newPostgres() throws SQLException {
    try (Connection connection = Databases.postgres().getConnection()) {
      return connection.getMetaData().getURL();
    }
  }

  @Test
  void processes_oneKilled_neverPassTheLimit() throws Exception {
    killProcesses(40_000, 2, 1, 100);
  }

  @Test
  @Tag("full")
  void fourProcesses_twoKilled_neverPassTheLimit() throws Exception {
    killProcesses(1_000_000, 4, 2, 40);
  }

  private void killProcesses(long limit, int processes, int kills, int most) throws Exception {
    String url = newPostgres();
    var store = JdbcUsageStore.open(postgres(url));
    long began = System.nanoTime();
    store.limits().open(KEY, terms(limit));
    List<Process> children = new ArrayList<>();
    for (int i = 0; i < processes; i++) {
      children.add(
          new ChildJvm("-Xmx192m")
              .start(
                  Instance.class, url, temp.resolve("spool" + i), limit, LEASE.toMillis(), most));
    }
    for (int i = 0; i < kills; i++) {
      Process killed = children.get(i);
      long share = limit * (i + 1) / (kills + 2);
      while (used(store.limits().open(KEY, terms(limit))) < share) {
        assertThat(killed.waitFor(20, TimeUnit.MILLISECONDS)).isFalse();
      }
      killed.toHandle().destroyForcibly(); // SIGKILL: no shutdown hook runs
      killed.waitFor();
    }
    LimitState atDeath = store.limits().open(KEY, terms(limit));
    long living = 0;
    for (Process child : children.subList(kills, processes)) {
      String[] said = output(child).strip().split("\\s+");
      assertThat(said).startsWith("go", "recorded").hasSize(3);
      living += Long.parseLong(said[2]);
      assertThat(child.waitFor()).isZero();
    }
    LimitState before = store.limits().open(KEY, terms(limit));
    long delivered = used(before);
    // All of it was used up again, so what the dead ones had leased came back; and not more.
    assertThat(delivered).isEqualTo(limit).isEqualTo(recordedTokens(store));
    assertThat(living).isLessThanOrEqualTo(limit);
    for (int i = 0; i < kills; i++) {
      try (var tracker =
          UsageTracker.builder(store)
              .buffer(UsageBuffer.spool(temp.resolve("spool" + i)))
              .build()) {
        assertThat(tracker.flush(Duration.ofMinutes(1))).isTrue();
      }
    }
    LimitState after = store.limits().open(KEY, terms(limit));
    System.out.printf(
        "%d processes, %d killed: limit %d; leased at the last death %s; used before replay %d, of"
            + " which living processes %d; undelivered by killed ones, granted again %d; used at the"
            + " end %d = sum of events %d; %.1f s%n",
        processes,
        kills,
        limit,
        atDeath.leased().toPlainString(),
        delivered,
        living,
        used(after) - delivered,
        used(after),
        recordedTokens(store),
        (System.nanoTime() - began) / 1e9);
    assertThat(used(after)).isEqualTo(recordedTokens(store));
    assertThat(after.leased()).isEqualByComparingTo("0");
    assertThat(store.limits().alerts(KEY.scope(), 10))
        .extracting(UsageAlert::threshold)
        .containsExactly(100, 90, 75);
    assertThat(store.maintenance().verify(BillingPeriod.lifetime())).isEmpty();
  }

  private static String output(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void instances_oneDies_neverPassTheLimit_onH2() throws Exception {
    var h2 = Databases.h2Memory(";DB_CLOSE_DELAY=-1");
    instances(h2, 20_000);
  }

  @Test
  void instances_oneDies_neverPassTheLimit_onPostgres() throws Exception {
    instances(Databases.postgres(), 20_000);
  }

  @Test
  @Tag("full")
  void instances_oneDies_neverPassTheLimit_onMariaDb() throws Exception {
    instances(MariaDbServer.shared().newDatabase(), 20_000);
  }

  /** In one JVM: each instance has a store object of its own, and writes in batches. */
  private void instances(DataSource dataSource, long limit) throws Exception {
    var stores = new ArrayList<JdbcUsageStore>();
    var spenders = new ArrayList<Spender>();
    List<Queue<UsageEvent>> queues = new ArrayList<>();
    var time = new BeatTime();
    for (int i = 0; i < 3; i++) {
      var store = JdbcUsageStore.open(dataSource);
      Queue<UsageEvent> queue = new ConcurrentLinkedQueue<>();
      var spender = new Spender(store.limits(), KEY, terms(limit), time, queue::add);
      store.limits().join(spender);
      stores.add(store);
      queues.add(queue);
      spenders.add(spender);
    }
    LimitStore limits = stores.get(0).limits();
    var died = new AtomicBoolean();
    var dying = new AtomicInteger(THREADS + 2);
    var done = new AtomicBoolean();
    ExecutorService pool = Executors.newCachedThreadPool();
    var tasks = new ArrayList<Callable<Void>>();
    Runnable threadEnds =
        () -> {
          if (dying.decrementAndGet() == 0) {
            spenders.get(2).died(); // not before: a dead one stores nothing any more
          }
        };
    for (int i = 0; i < 3; i++) {
      int number = i;
      AtomicBoolean ends = i == 2 ? died : done;
      Runnable atEnd = i == 2 ? threadEnds : () -> {};
      for (int thread = 0; thread < THREADS; thread++) {
        var random = new Random(number * THREADS + thread);
        tasks.add(
            () -> {
              while (!ends.get()) {
                if (queues.get(number).size() > 5_000 || !spenders.get(number).spend(random, 50)) {
                  pause(1);
                }
              }
              atEnd.run();
              return null;
            });
      }
      tasks.add(
          () -> {
            while (!ends.get()) {
              write(stores.get(number), queues.get(number), 50);
              pause(1);
            }
            atEnd.run();
            return null;
          });
      tasks.add(
          () -> {
            while (!ends.get()) {
              spenders.get(number).beat();
              spenders.get(number).giveBack();
              LimitState state = limits.open(KEY, terms(limit));
              died.compareAndSet(false, used(state) > limit / 3);
              if (state.room().signum() <= 0 && state.leased().signum() == 0) {
                done.set(true);
              }
              pause(50);
            }
            atEnd.run();
            return null;
          });
    }
    try {
      Stream<Callable<Void>> ending = tasks.stream().map(task -> endingAll(task, died, done));
      for (Future<Void> task : pool.invokeAll(ending.toList())) {
        task.get();
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(used(limits.open(KEY, terms(limit)))).isEqualTo(limit);
    long undelivered = queues.get(2).stream().mapToLong(e -> e.tokens().total()).sum();
    var replaying = JdbcUsageStore.open(dataSource);
    while (!queues.get(2).isEmpty()) {
      write(replaying, queues.get(2), 200);
    }
    LimitState after = limits.open(KEY, terms(limit));
    System.out.printf(
        "%s: used %s = limit %d + undelivered by the dead one %d; trips %s%n",
        replaying,
        after.used().toPlainString(),
        limit,
        undelivered,
        spenders.stream().map(s -> s.trips.get()).toList());
    assertThat(used(after)).isEqualTo(limit + undelivered).isEqualTo(recordedTokens(replaying));
    assertThat(limits.alerts(KEY.scope(), 10))
        .extracting(UsageAlert::threshold)
        .containsExactly(100, 90, 75);
  }

  /** One that fails lets the others end, too. */
  private static Callable<Void> endingAll(Callable<Void> task, AtomicBoolean... ends) {
    return () -> {
      try {
        return task.call();
      } catch (Exception | Error e) {
        for (AtomicBoolean end : ends) {
          end.set(true);
        }
        throw e;
      }
    };
  }

  /** One batch of what waits. */
  private static void write(JdbcUsageStore store, Queue<UsageEvent> queue, int most)
      throws Exception {
    var batch = new ArrayList<UsageEvent>();
    for (int i = 0; i < most && !queue.isEmpty(); i++) {
      batch.add(queue.remove());
    }
    store.write(batch);
  }
}
