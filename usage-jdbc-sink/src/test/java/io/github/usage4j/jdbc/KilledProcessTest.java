package io.github.usage4j.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.sink.UsageEvents;
import io.github.usage4j.track.UsageTracker;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was written and flushed survives a SIGKILL. */
class KilledProcessTest {

  private static final int LINES = 60;

  @TempDir Path directory;

  /** Writes batches for ever and says how many events are durable. */
  static final class Writer {
    public static void main(String[] arguments) throws Exception {
      var store = JdbcUsageStore.open(Databases.h2(arguments[0]));
      var tracker = UsageTracker.create(store);
      boolean buffered = arguments[1].equals("tracker");
      // Keeps the database open between the writes: closing it would write everything.
      try (var keep = Databases.h2(arguments[0]).getConnection()) {
        for (int written = 0; keep.isValid(0); ) {
          if (buffered) {
            UsageEvents.chats(50).forEach(tracker::record);
            if (!tracker.flush(Duration.ofMinutes(1))) {
              throw new IllegalStateException("not flushed");
            }
          } else {
            store.write(UsageEvents.chats(50));
            store.flush();
          }
          written += 50;
          System.out.println(written);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"store", "tracker"})
  void flush_processKilledRightAfter_losesNothing(String writer) throws Exception {
    String url = "jdbc:h2:" + directory.resolve("killed");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Writer.class.getName(),
                url,
                writer)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    long durable = 0;
    try (var output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      for (int i = 0; i < LINES; i++) {
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

    var store = JdbcUsageStore.open(Databases.h2(url));

    assertThat(
            store.queries().total(UsageFilter.allOrganizations(), BillingPeriod.lifetime()).calls())
        .isGreaterThanOrEqualTo(durable);
    assertThat(store.maintenance().verify(BillingPeriod.lifetime())).isEmpty();
  }
}
