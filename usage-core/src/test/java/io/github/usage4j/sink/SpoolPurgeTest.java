package io.github.usage4j.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.sink.UsageBuffer.Running;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** After a purge no byte of what was recorded before is in the folder of a spool. */
@Timeout(120)
class SpoolPurgeTest {

  private static final Duration LONG = Duration.ofSeconds(60);
  private static final String LABEL = "\u00c4da \uD83E\uDD8A";

  @TempDir Path temp;

  private final List<UsageEvent> stored = Collections.synchronizedList(new ArrayList<>());

  private UsageBuffer spool() {
    return UsageBuffer.spool(temp.resolve("spool"));
  }

  private static UsageEvent secret() {
    return UsageEvents.chat()
        .attribution(Attribution.organization("acme").user("id", LABEL))
        .build();
  }

  private boolean isInTheFolder(String text) throws Exception {
    try (Stream<Path> files = Files.list(temp.resolve("spool"))) {
      for (Path file : files.filter(Files::isReadable).toList()) {
        String bytes = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        if (bytes.contains(
            new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1))) {
          return true;
        }
      }
      return false;
    }
  }

  @Test
  void purge_storedEvents_areGoneFromTheDiskAndLaterOnesAreNot() throws Exception {
    Running buffer = spool().only(event -> true).inFrontOf(stored::addAll, new CountingMetrics());
    assertThat(buffer.purge(LONG)).isTrue(); // nothing was ever written
    for (int round = 0; round < 3; round++) {
      buffer.write(List.of(secret()));
      assertThat(buffer.flush(LONG)).isTrue();
      assertThat(isInTheFolder(LABEL)).isTrue(); // acknowledged, but there
      assertThat(buffer.purge(LONG)).isTrue();
      assertThat(isInTheFolder(LABEL)).isFalse();
    }
    assertThat(stored).hasSize(3);
    buffer.write(List.of(secret()));
    buffer.close();
    assertThat(stored).hasSize(4);
    assertThat(isInTheFolder(LABEL)).isFalse();
  }

  @Test
  void purge_whileTheSinkIsAway_saysSoAndLosesNothing() throws Exception {
    var away = new AtomicBoolean(true);
    UsageSink sink =
        batch -> {
          if (away.get()) {
            throw new java.sql.SQLException("away", "08001");
          }
          stored.addAll(batch);
        };
    Running buffer = spool().inFrontOf(sink, new CountingMetrics());
    buffer.write(List.of(secret()));
    assertThat(buffer.purge(Duration.ofMillis(10))).isFalse();
    assertThat(isInTheFolder(LABEL)).isTrue();
    away.set(false);
    assertThat(buffer.purge(LONG)).isTrue();
    assertThat(isInTheFolder(LABEL)).isFalse();
    assertThat(stored).hasSize(1);
    buffer.close();
  }

  @Test
  void purge_damagedFileSetAside_isSaid() throws Exception {
    Running buffer = spool().inFrontOf(stored::addAll, new CountingMetrics());
    Files.writeString(temp.resolve("spool").resolve("0001.spool.corrupt"), LABEL);
    assertThat(buffer.purge(LONG)).isFalse();
    buffer.close();
  }

  @Test
  void purge_whileOthersRecord_losesAndRepeatsNothing() throws Exception {
    Running buffer =
        spool().maxDelay(Duration.ZERO).inFrontOf(stored::addAll, new CountingMetrics());
    var executor = Executors.newFixedThreadPool(3);
    var started = new CountDownLatch(3);
    var writers = new ArrayList<Future<?>>();
    for (int i = 0; i < 3; i++) {
      writers.add(
          executor.submit(
              () -> {
                started.countDown();
                for (int n = 0; n < 300; n++) {
                  buffer.write(List.of(secret()));
                }
              }));
    }
    started.await();
    for (int i = 0; i < 30; i++) {
      assertThat(buffer.purge(LONG)).isTrue();
    }
    for (Future<?> writer : writers) {
      writer.get();
    }
    executor.shutdown();
    assertThat(buffer.purge(LONG)).isTrue();
    assertThat(isInTheFolder(LABEL)).isFalse();
    assertThat(stored).hasSize(900).doesNotHaveDuplicates();
    buffer.close();
    // A process that starts on the folder finds nothing, and numbers go on.
    Running next = spool().inFrontOf(stored::addAll, new CountingMetrics());
    next.write(List.of(secret()));
    assertThat(next.purge(LONG)).isTrue();
    assertThat(stored).hasSize(901).doesNotHaveDuplicates();
    next.close();
  }
}
