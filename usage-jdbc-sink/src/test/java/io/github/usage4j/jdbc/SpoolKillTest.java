package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.sink.ChildJvm;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageTracker;
import java.io.IOException;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** A process that records is killed at random moments: what was recorded is stored once. */
@Timeout(600)
class SpoolKillTest {

  private static final Instant AT = Instant.parse("2026-11-21T10:00:00Z");
  private static final int THREADS = 4;
  private static final int EVENTS = 50_000;
  private static final int CAPACITY = 10_000;
  private static final int BATCH = 500;

  @TempDir Path temp;

  /** The n-th event of a thread of a run; nothing in it is random. */
  private static UsageEvent event(int run, int thread, long n) {
    Instant at = AT.plusMillis(1_000_000L * run + n); // ids sort by time, as they do in life
    UUID id = UsageEvent.idFrom("kill", run + "/" + thread + "/" + n, at);
    return UsageEvent.builder(id, Kind.CHAT, "openai", "gpt-4o")
        .startedAt(at)
        .attribution(Attribution.organization("acme").user("u" + n % 20, "User \u00fc" + n % 20))
        .tokens(TokenCounts.of(1_000 * run + n % 1_000, thread))
        .build();
  }

  private static DataSource dataSource(String url) {
    if (url.startsWith("jdbc:h2:")) {
      return Databases.h2(url);
    }
    var postgres = new PGSimpleDataSource();
    postgres.setUrl(url);
    postgres.setUser("postgres");
    return postgres;
  }

  /** What each thread has recorded, in a file that survives the process. */
  private static LongBuffer acknowledged(Path file) throws IOException {
    try (var channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, THREADS * 8L).asLongBuffer();
    }
  }

  /** Records its events, says after each one that it did, and is killed or comes to its end. */
  static final class Recorder {
    public static void main(String[] arguments) throws Exception {
      int run = Integer.parseInt(arguments[3]);
      var store = JdbcUsageStore.open(dataSource(arguments[0]));
      UsageBuffer buffer =
          arguments[1].equals("memory")
              // waits for room, however slow the machine: what is dropped is no loss by the kill
              ? UsageBuffer.memory()
                  .capacity(CAPACITY)
                  .batchSize(BATCH)
                  .maxWait(Duration.ofMinutes(1))
              : UsageBuffer.spool(Path.of(arguments[1]));
      var tracker = UsageTracker.builder(store).buffer(buffer).build();
      LongBuffer done = acknowledged(Path.of(arguments[2]));
      var threads = new ArrayList<Thread>();
      for (int t = 0; t < THREADS; t++) {
        int thread = t;
        threads.add(
            new Thread(
                () -> {
                  for (long n = 0; n < EVENTS / THREADS; n++) {
                    tracker.record(event(run, thread, n));
                    done.put(thread, n + 1);
                  }
                }));
      }
      System.out.println("go");
      threads.forEach(Thread::start);
      for (Thread thread : threads) {
        thread.join();
      }
      tracker.close();
    }
  }

  /** Kills the process some time after it has begun; what it acknowledged, by thread. */
  private long[] runAndKill(String url, String buffer, int run, Random random) throws Exception {
    Path file = temp.resolve("acks-" + run);
    LongBuffer acknowledged = acknowledged(file);
    Process process = new ChildJvm("-Xmx256m").start(Recorder.class, url, buffer, file, run);
    assertThat(process.getInputStream().read()).isEqualTo('g');
    long delay = random.nextLong(3_000);
    var unused = process.waitFor(delay, TimeUnit.MILLISECONDS);
    process.toHandle().destroyForcibly(); // SIGKILL: no shutdown hook runs
    process.waitFor();
    long[] result = new long[THREADS];
    acknowledged.get(result);
    return result;
  }

  private static Map<UUID, Long> stored(String url) throws SQLException {
    var tokens = new HashMap<UUID, Long>();
    try (Connection connection = dataSource(url).getConnection();
        var statement = connection.createStatement()) {
      statement.setFetchSize(1_000);
      ResultSet row = statement.executeQuery("SELECT id, input_tokens FROM usage_event");
      while (row.next()) {
        Long twice = tokens.put(row.getObject(1, UUID.class), row.getLong(2));
        assertThat(twice).isNull();
      }
    }
    return tokens;
  }

  private void killSpool(String url, int kills, long seed) throws Exception {
    Path folder = temp.resolve("spool");
    var random = new Random(seed);
    var acknowledged = new ArrayList<long[]>();
    for (int run = 0; run < kills; run++) {
      acknowledged.add(runAndKill(url, folder.toString(), run, random));
    }
    var store = JdbcUsageStore.open(dataSource(url));
    var tracker = UsageTracker.builder(store).buffer(UsageBuffer.spool(folder)).build();
    assertThat(tracker.flush(Duration.ofMinutes(5))).isTrue();
    UsageBuffer.Health health = tracker.health().get(0);
    assertThat(health.droppedInAll()).isZero();
    tracker.close();

    Map<UUID, Long> stored = stored(url);
    long recorded = 0;
    long missing = 0;
    long wrong = 0;
    for (int run = 0; run < kills; run++) {
      for (int thread = 0; thread < THREADS; thread++) {
        for (long n = 0; n < acknowledged.get(run)[thread]; n++) {
          UsageEvent event = event(run, thread, n);
          Long tokens = stored.remove(event.id());
          recorded++;
          missing += tokens == null ? 1 : 0;
          wrong += tokens != null && !tokens.equals(event.tokens().input()) ? 1 : 0;
        }
      }
    }
    System.out.printf(
        "%s: %d kills, %d recorded, %d of them missing, %d more were on disk unconfirmed%n",
        url.substring(0, 8), kills, recorded, missing, stored.size());
    assertThat(recorded).isPositive();
    assertThat(missing).isZero();
    assertThat(wrong).isZero();
    assertThat(store.maintenance().verify(BillingPeriod.lifetime())).isEmpty();
    // At most the one call of each thread that was under way when the process was killed.
    assertThat(stored.size()).isLessThanOrEqualTo(kills * THREADS);
  }

  private String h2() {
    return "jdbc:h2:" + temp.resolve("killed");
  }

  private static String postgres() throws SQLException {
    try (Connection connection = Databases.postgres().getConnection()) {
      return connection.getMetaData().getURL();
    }
  }

  @Test
  void spoolInFrontOfPostgres_threeKills_loseNothing() throws Exception {
    killSpool(postgres(), 3, 1);
  }

  @Test
  void spoolInFrontOfH2_threeKills_loseNothing() throws Exception {
    killSpool(h2(), 3, 5);
  }

  @Test
  @Tag("full")
  void spoolInFrontOfH2_manyKills_loseNothing() throws Exception {
    killSpool(h2(), Integer.getInteger("usage4j.kills", 25), 2);
  }

  @Test
  @Tag("full")
  void spoolInFrontOfPostgres_manyKills_loseNothing() throws Exception {
    killSpool(postgres(), Integer.getInteger("usage4j.kills", 25), 3);
  }

  @Test
  @Tag("full")
  void memoryInFrontOfPostgres_kills_loseAtMostWhatWaits() throws Exception {
    String url = postgres();
    var random = new Random(4);
    var lost = new ArrayList<Long>();
    List<long[]> acknowledged = new ArrayList<>();
    for (int run = 0; run < 8; run++) {
      acknowledged.add(runAndKill(url, "memory", run, random));
    }
    JdbcUsageStore.open(dataSource(url));
    Map<UUID, Long> stored = stored(url);
    for (int run = 0; run < acknowledged.size(); run++) {
      long missing = 0;
      for (int thread = 0; thread < THREADS; thread++) {
        for (long n = 0; n < acknowledged.get(run)[thread]; n++) {
          missing += stored.containsKey(event(run, thread, n).id()) ? 0 : 1;
        }
      }
      lost.add(missing);
    }
    System.out.println("memory: lost in each run " + lost);
    assertThat(lost).allSatisfy(n -> assertThat(n).isLessThanOrEqualTo(CAPACITY + BATCH));
  }
}
