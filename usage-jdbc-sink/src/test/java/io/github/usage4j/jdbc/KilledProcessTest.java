package io.github.usage4j.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.sink.ChildJvm;
import io.github.usage4j.track.UsageTracker;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.ds.PGSimpleDataSource;

/** What was written and flushed survives a SIGKILL, and rollups are those of what is there. */
class KilledProcessTest {

  private static final int BATCH = 50;

  @TempDir Path directory;

  private static DataSource dataSource(String url) {
    if (url.startsWith("jdbc:h2:")) {
      return Databases.h2(url);
    }
    var postgres = new PGSimpleDataSource();
    postgres.setUrl(url);
    postgres.setUser("postgres");
    return postgres;
  }

  private String url(String database) throws SQLException {
    if (database.equals("h2")) {
      return "jdbc:h2:" + directory.resolve("killed");
    }
    DataSource empty = Databases.postgres();
    if (database.equals("partitions")) {
      JdbcUsageStore.builder(empty).partitionedByMonth().open();
    }
    try (Connection connection = empty.getConnection()) {
      return connection.getMetaData().getURL();
    }
  }

  /** Writes batches of many months and rollups for ever, and says how many events are durable. */
  static final class Writer {
    public static void main(String[] arguments) throws Exception {
      DataSource database = dataSource(arguments[0]);
      var store = JdbcUsageStore.open(database);
      var tracker = UsageTracker.create(store);
      boolean buffered = arguments[1].equals("tracker");
      List<UsageEvent> events = RandomCalls.of(new Random(7), Integer.parseInt(arguments[2]));
      // Keeps the database open between the writes: closing it would write everything.
      try (Connection keep = database.getConnection()) {
        for (int from = 0; keep.isValid(0) && from < events.size(); from += BATCH) {
          List<UsageEvent> batch = events.subList(from, from + BATCH);
          if (buffered) {
            batch.forEach(tracker::record);
            if (!tracker.flush(Duration.ofMinutes(1))) {
              throw new IllegalStateException("not flushed");
            }
          } else {
            store.write(batch);
            store.flush();
          }
          System.out.println(from + BATCH);
        }
      }
    }
  }

  /** Each run writes what the one before did, and goes on; after each kill all is looked at. */
  private void kill(String url, String writer, int runs, int lines) throws Exception {
    int events = BATCH * (lines * runs + 100);
    for (int run = 1; run <= runs; run++) {
      long durable = 0;
      Process process = new ChildJvm("-Xmx256m").start(Writer.class, url, writer, events);
      try (var output =
          new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
        for (int i = 0; i < lines * run; i++) {
          durable = Long.parseLong(output.readLine());
        }
        process.toHandle().destroyForcibly(); // SIGKILL: no shutdown hook runs
        for (String line = output.readLine(); line != null; line = output.readLine()) {
          if (!line.isEmpty()) {
            durable = Math.max(durable, Long.parseLong(line));
          }
        }
      }
      process.waitFor();

      var store = JdbcUsageStore.open(dataSource(url));
      assertThat(calls(store)).isGreaterThanOrEqualTo(durable).isLessThan(events);
      if (writer.equals("store")) {
        assertThat(calls(store) % BATCH).as("calls of a torn batch").isZero();
      }
      assertThat(store.maintenance().verify(BillingPeriod.lifetime())).isEmpty();
    }
  }

  private static long calls(JdbcUsageStore store) {
    var total = store.queries().total(UsageFilter.allOrganizations(), BillingPeriod.lifetime());
    return total.calls() + total.refused();
  }

  @ParameterizedTest
  @CsvSource({"h2, store", "h2, tracker", "postgres, store", "postgres, tracker"})
  void flush_processKilledRightAfter_losesNothingAndRollupsAreRight(String database, String writer)
      throws Exception {
    kill(url(database), writer, 1, 20);
  }

  @Test
  @Tag("stress")
  void flush_processKilledTwentyTimes_losesNothingAndRollupsAreRight() throws Exception {
    for (String database : List.of("h2", "postgres", "partitions")) {
      kill(url(database), "store", 20, 60);
    }
  }
}
