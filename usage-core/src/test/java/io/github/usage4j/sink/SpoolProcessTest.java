package io.github.usage4j.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.sink.UsageBuffer.Running;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a spool does under limits that only a process of its own can have. */
@Timeout(240)
class SpoolProcessTest {

  @TempDir Path temp;

  private static String run(ChildJvm jvm, Class<?> main, Object... arguments) throws Exception {
    Process process = jvm.start(main, arguments);
    try {
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).as(output).isZero();
      return output.strip();
    } finally {
      process.destroyForcibly();
    }
  }

  /** Records events while the sink is away, in a process that may not write large files. */
  static final class Recorder {
    public static void main(String[] arguments) {
      boolean away = arguments[1].equals("away");
      var stored = new AtomicLong();
      UsageSink sink =
          batch -> {
            if (away) {
              throw new Exception("away");
            }
            stored.addAndGet(batch.size());
          };
      Running buffer =
          UsageBuffer.spool(Path.of(arguments[0]))
              .maxWait(Duration.ofMinutes(1)) // however slow the machine: nothing is to be dropped
              .inFrontOf(sink, UsageMetrics.NONE);
      List<UsageEvent> events = UsageEvents.random(11, 20_000);
      for (int i = 0; i < events.size(); i += 100) {
        buffer.write(events.subList(i, i + 100));
      }
      if (!away) {
        buffer.flush(Duration.ofMinutes(1));
      }
      buffer.close();
      UsageBuffer.Health end = buffer.health();
      System.out.println(stored + " " + end.pending() + " " + end.droppedInAll());
    }
  }

  @Test
  void filesThatMayNotGrow_areReplacedByNewOnes_andNothingIsLost() throws Exception {
    Path folder = temp.resolve("spool");
    String end = run(new ChildJvm().after("ulimit -f 1000"), Recorder.class, folder, "away");
    assertThat(end).isEqualTo("0 20000 0");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.filter(file -> file.toString().endsWith(".spool")).count()).isGreaterThan(3);
    }
    Set<UUID> stored = new HashSet<>();
    Running buffer =
        UsageBuffer.spool(folder)
            .inFrontOf(batch -> batch.forEach(e -> stored.add(e.id())), UsageMetrics.NONE);
    assertThat(buffer.flush(Duration.ofMinutes(1))).isTrue();
    buffer.close();
    assertThat(stored).hasSize(20_000);
  }

  @Test
  void diskThatTakesNothing_eventsGoStraightToTheSink() throws Exception {
    String end =
        run(
            new ChildJvm("-XX:-UsePerfData").after("ulimit -f 0"),
            Recorder.class,
            temp.resolve("spool"),
            "there");
    assertThat(end).isEqualTo("20000 0 0");
  }

  /** Two million events pile up and are delivered, in 64 MB. Prints what was used. */
  static final class Backlog {
    private static final int EVENTS = 2_000_000;

    public static void main(String[] arguments) {
      var away = new AtomicBoolean(true);
      var stored = new AtomicLong();
      UsageSink sink =
          batch -> {
            if (away.get()) {
              throw new Exception("away");
            }
            stored.addAndGet(batch.size());
          };
      Running buffer = UsageBuffer.spool(Path.of(arguments[0])).inFrontOf(sink, UsageMetrics.NONE);
      long afterATenth = 0;
      var batch = new ArrayList<UsageEvent>();
      for (int i = 1; i <= EVENTS; i++) {
        batch.add(UsageEvents.chat().build());
        if (batch.size() == 500) {
          buffer.write(batch);
          batch = new ArrayList<>();
        }
        if (i == EVENTS / 10) {
          afterATenth = live();
        }
      }
      long full = live();
      long pending = buffer.health().pending();
      away.set(false);
      boolean all = buffer.flush(Duration.ofMinutes(3));
      System.out.println(
          String.join(
              " ",
              Long.toString(pending),
              Boolean.toString(all),
              stored.toString(),
              Long.toString(afterATenth / 1_000_000),
              Long.toString(full / 1_000_000),
              Long.toString(live() / 1_000_000)));
      buffer.close();
    }

    private static long live() {
      System.gc();
      return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
  }

  @Test
  @Tag("full")
  void twoMillionEvents_fitInto64MegabytesOfHeap() throws Exception {
    String end =
        run(
            new ChildJvm("-Xmx64m", "-XX:+ExitOnOutOfMemoryError"),
            Backlog.class,
            temp.resolve("spool"));
    String[] words = end.split(" ");
    assertThat(words[0]).isEqualTo("2000000");
    assertThat(words[1]).isEqualTo("true");
    assertThat(words[2]).isEqualTo("2000000");
    long afterATenth = Long.parseLong(words[3]);
    System.out.println("live MB after a tenth, at the end, delivered: " + end);
    assertThat(Long.parseLong(words[4])).isLessThanOrEqualTo(afterATenth + 8);
    assertThat(Long.parseLong(words[5])).isLessThanOrEqualTo(afterATenth + 8);
  }
}
