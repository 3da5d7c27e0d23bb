package io.github.usage4j.benchmarks;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageTracker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Records from many virtual threads, on JDK 21 and newer. Run it with a flight recording that has
 * {@code jdk.VirtualThreadPinned} without a threshold.
 */
public final class VirtualThreads {

  private static final int EACH = 50;

  private VirtualThreads() {}

  /** Takes {@code memory} or a folder for a spool, and the number of threads. */
  public static void main(String[] arguments) throws Exception {
    UsageBuffer buffer =
        arguments[0].equals("memory")
            ? UsageBuffer.memory().capacity(1 << 20)
            : UsageBuffer.spool(Files.createTempDirectory(Path.of(arguments[0]), "spool"));
    int threads = Integer.parseInt(arguments[1]);
    var tracker = UsageTracker.builder(events -> {}).buffer(buffer).build();
    for (int round = 0; round < 3; round++) {
      long start = System.nanoTime();
      var executor =
          (ExecutorService)
              Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
      for (int i = 0; i < threads; i++) {
        executor.execute(
            () -> {
              for (int n = 0; n < EACH; n++) {
                Instant now = Instant.now();
                tracker.record(
                    UsageEvent.builder(UsageEvent.newId(now), Kind.CHAT, "openai", "gpt-4o")
                        .startedAt(now)
                        .tokens(TokenCounts.of(1, 1))
                        .build());
              }
            });
      }
      executor.shutdown();
      if (!executor.awaitTermination(10, TimeUnit.MINUTES)) {
        throw new IllegalStateException("not done");
      }
      double nanos = (double) (System.nanoTime() - start) / threads / EACH;
      System.out.printf("round %d: %.0f ns for each record (wall)%n", round, nanos);
    }
    tracker.flush(Duration.ofMinutes(5));
    tracker.close();
    System.out.println(tracker.health());
  }
}
