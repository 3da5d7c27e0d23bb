package io.github.usage4j.benchmarks;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.sink.UsageBuffer.Running;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How many events a spool takes per second in groups of 100, each group on disk before the next,
 * beside how often the same disk flushes a byte. In turns, so that both see the same load. The sink
 * is away, as it is when a spool matters.
 */
public final class SpoolRate {

  private static final int GROUP = 100;
  private static final long ROUND = 1_000_000_000L;
  private static final int ROUNDS = 9;

  private SpoolRate() {}

  /** Takes the folder to work in. */
  public static void main(String[] arguments) throws Exception {
    Path folder = Files.createTempDirectory(Path.of(arguments[0]), "spool-rate");
    Running buffer =
        UsageBuffer.spool(folder.resolve("spool"))
            .inFrontOf(
                events -> {
                  throw new Exception("away");
                },
                UsageMetrics.NONE);
    List<UsageEvent> group = group();
    double[] flushes = new double[ROUNDS];
    double[] groups = new double[ROUNDS];
    double[] ratios = new double[ROUNDS];
    try (var file = new RandomAccessFile(folder.resolve("byte").toFile(), "rw")) {
      for (int round = -3; round < ROUNDS; round++) {
        double flush =
            rate(
                () -> {
                  file.seek(0);
                  file.write(round(file));
                  file.getFD().sync();
                });
        double spooled = rate(() -> buffer.write(group));
        if (round >= 0) {
          flushes[round] = flush;
          groups[round] = spooled;
          ratios[round] = spooled / flush;
        }
      }
    }
    System.out.printf(
        "disk %.0f flushes/s, spool %.0f groups/s = %.0f events/s, ratio %.2f (medians of %d)%n",
        median(flushes), median(groups), median(groups) * GROUP, median(ratios), ROUNDS);
    System.out.println("ratios " + Arrays.toString(ratios));
    buffer.close();
    System.out.println(buffer.health());
  }

  private interface Work {
    void run() throws Exception;
  }

  private static byte round(RandomAccessFile file) {
    return (byte) (file.hashCode() + System.nanoTime());
  }

  private static double rate(Work work) throws Exception {
    long start = System.nanoTime();
    long times = 0;
    while (System.nanoTime() - start < ROUND) {
      work.run();
      times++;
    }
    return times * 1e9 / (System.nanoTime() - start);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static List<UsageEvent> group() {
    var group = new ArrayList<UsageEvent>();
    Instant now = Instant.now();
    for (int i = 0; i < GROUP; i++) {
      group.add(
          UsageEvent.builder(UsageEvent.newId(now), Kind.CHAT, "openai", "gpt-4o-mini")
              .startedAt(now)
              .duration(Duration.ofMillis(700 + i))
              .attribution(Attribution.organization("acme").user("user-" + i, "ada@example.com"))
              .tokens(TokenCounts.of(412 + i, 18).cacheRead(100))
              .build());
    }
    return group;
  }
}
