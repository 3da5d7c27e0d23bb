package io.github.usage4j.track;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.ChildJvm;
import io.github.usage4j.sink.CountingMetrics;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.sink.UsageEvents;
import io.github.usage4j.sink.UsageSink;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Closing a tracker: bounded, complete, and nothing stays behind. */
@Timeout(120)
class TrackerCloseTest {

  @TempDir Path temp;

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final CountingMetrics metrics = new CountingMetrics();

  private static Set<Thread> ours() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("usage4j-"))
        .collect(Collectors.toSet());
  }

  private static long openFiles(Path below) throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      return files.filter(fd -> pointsBelow(fd, below)).count();
    }
  }

  private static boolean pointsBelow(Path fd, Path below) {
    try {
      return Files.readSymbolicLink(fd).startsWith(below);
    } catch (IOException e) {
      return false; // closed while we looked
    }
  }

  private static UsageSink away() {
    return batch -> {
      throw new IOException("away");
    };
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void close_duringAnOutage_leavesNoThreadAndNoFileOpen() throws Exception {
    Set<Thread> before = ours();
    Path spool = temp.toRealPath().resolve("spool");
    UsageTracker tracker =
        UsageTracker.builder(away())
            .buffer(UsageBuffer.spool(spool))
            .alsoTo(store)
            .alsoTo(away(), UsageBuffer.memory().closeTimeout(Duration.ofMillis(100)))
            .metrics(metrics)
            .build();
    UsageEvents.chats(100).forEach(tracker::record);
    assertThat(openFiles(spool)).isPositive();
    tracker.close();
    tracker.close();
    Set<Thread> left = new HashSet<>(ours());
    left.removeAll(before);
    assertThat(left).isEmpty();
    assertThat(openFiles(spool)).isZero();
    assertThat(store.events()).hasSize(100);
    assertThat(tracker.health())
        .extracting(UsageBuffer.Health::state)
        .containsOnly(UsageBuffer.State.CLOSED);
    assertThat(tracker.health().get(0).pending()).isEqualTo(100);
    assertThat(tracker.health().get(2).dropped()).containsOnly(Map.entry(DropReason.CLOSED, 100L));
  }

  @Test
  void sinkThatHangs_doesNotUseUpTheTimeOfTheOthers() throws Exception {
    var entered = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    UsageSink hanging =
        batch -> {
          entered.countDown();
          while (release.getCount() > 0) {
            try {
              release.await();
            } catch (InterruptedException e) {
              // A driver that does not care.
            }
          }
        };
    UsageBuffer brief = UsageBuffer.memory().closeTimeout(Duration.ofMillis(50));
    UsageTracker tracker =
        UsageTracker.builder(hanging).buffer(brief).alsoTo(hanging, brief).alsoTo(store).build();
    UsageEvents.chats(10).forEach(tracker::record);
    entered.await();
    Thread.currentThread().interrupt();
    tracker.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(store.events()).hasSize(10);
    assertThat(tracker.health().get(0).droppedInAll()).isEqualTo(10);
    release.countDown();
  }

  @Test
  void build_withASpoolThatCannotBe_leavesNothingRunning() throws Exception {
    Set<Thread> before = ours();
    Path file = Files.writeString(temp.resolve("file"), "");
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(
            () -> UsageTracker.builder(store).alsoTo(store, UsageBuffer.spool(file)).build())
        .withMessageContaining("must be a folder");
    Set<Thread> left = new HashSet<>(ours());
    left.removeAll(before);
    assertThat(left).isEmpty();
  }

  @Test
  void sinksWithFilters_eachGetTheirs() {
    var acme = new InMemoryUsageStore();
    UsageTracker tracker =
        UsageTracker.builder(store)
            .prices(PriceCatalog.none())
            .buffer(UsageBuffer.manual())
            .alsoTo(
                acme, UsageBuffer.manual().only(e -> "acme".equals(e.attribution().organization())))
            .build();
    List<UsageEvent> events = UsageEvents.chats(3);
    events.forEach(tracker::record);
    tracker.record(UsageEvents.chat().build());
    assertThat(tracker.flush(Duration.ZERO)).isTrue();
    assertThat(store.events()).hasSize(4);
    assertThat(acme.events()).containsExactlyElementsOf(events);
    tracker.close();
  }

  /** Records and returns without closing. */
  static final class Forgetful {
    public static void main(String[] arguments) {
      var sink =
          new UsageSink() {
            @Override
            public void write(List<UsageEvent> events) {
              System.out.println("stored " + events.size());
            }

            @Override
            public void close() {
              System.out.println("closed");
            }
          };
      var tracker =
          UsageTracker.builder(sink)
              .buffer(UsageBuffer.memory().maxDelay(Duration.ofMinutes(5)))
              .closeOnShutdown()
              .build();
      UsageEvents.chats(7).forEach(tracker::record);
      if (arguments[0].equals("closes")) {
        tracker.close();
      }
    }
  }

  @Test
  void closeOnShutdown_deliversWhatWaits_once() throws Exception {
    for (String end : List.of("returns", "closes")) {
      Process process = new ChildJvm().start(Forgetful.class, end);
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(output.lines()).containsExactly("stored 7", "closed");
    }
  }
}
