package io.github.usage4j.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.sink.UsageBuffer.Running;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class MemoryBufferTest {

  private static final Instant AT = Instant.parse("2026-11-21T10:00:00Z");
  private static final Duration LONG = Duration.ofSeconds(60);

  private final CountingMetrics metrics = new CountingMetrics();
  private final List<UsageEvent> stored = Collections.synchronizedList(new ArrayList<>());

  private static List<UsageEvent> events(int count) {
    var events = new ArrayList<UsageEvent>();
    for (int i = 0; i < count; i++) {
      events.add(
          UsageEvent.builder(UsageEvent.newId(AT), Kind.CHAT, "p", "m" + i)
              .startedAt(AT)
              .tokens(TokenCounts.of(i, 1))
              .build());
    }
    return events;
  }

  /** A sink that waits to be let through, and tells when it is waiting. */
  private final class Gate implements UsageSink {
    final CountDownLatch entered = new CountDownLatch(1);
    final CountDownLatch open = new CountDownLatch(1);

    @Override
    public void write(List<UsageEvent> batch) throws Exception {
      entered.countDown();
      open.await();
      stored.addAll(batch);
    }
  }

  @Test
  void flush_returnsWhenEverythingBeforeItIsStored() {
    Running buffer = UsageBuffer.memory().maxDelay(LONG).inFrontOf(stored::addAll, metrics);
    List<UsageEvent> events = events(1_234);
    buffer.write(events);
    assertThat(buffer.flush(LONG)).isTrue(); // although maxDelay is not over
    assertThat(stored).containsExactlyElementsOf(events);
    buffer.close();
  }

  @Test
  void close_deliversWhatWaits_andFlushesAndClosesTheSinkOnce() {
    var calls = Collections.synchronizedList(new ArrayList<String>());
    var sink =
        new UsageSink() {
          @Override
          public void write(List<UsageEvent> batch) {
            stored.addAll(batch);
          }

          @Override
          public void flush() {
            calls.add("flush after " + stored.size());
          }

          @Override
          public void close() {
            calls.add("close");
          }
        };
    Running buffer = UsageBuffer.memory().maxDelay(LONG).inFrontOf(sink, metrics);
    buffer.write(events(77));
    buffer.close();
    buffer.close();
    assertThat(stored).hasSize(77);
    assertThat(calls).containsExactly("flush after 77", "close");
    buffer.write(events(3));
    assertThat(stored).hasSize(77);
    assertThat(metrics.dropped(DropReason.CLOSED)).isEqualTo(3);
  }

  @Test
  void failingSink_isTriedAgainUntilItWorks_andNothingIsLostOrStoredTwice() {
    var failures = new AtomicInteger(4);
    UsageSink sink =
        batch -> {
          if (failures.getAndDecrement() > 0) {
            throw new java.sql.SQLException("down", "08006");
          }
          stored.addAll(batch);
        };
    Running buffer = UsageBuffer.memory().inFrontOf(sink, metrics);
    List<UsageEvent> events = events(10);
    buffer.write(events);
    assertThat(buffer.flush(LONG)).isTrue();
    assertThat(stored).containsExactlyElementsOf(events);
    assertThat(metrics.retried).isEqualTo(4);
    buffer.close();
    assertThat(metrics.settled()).isEqualTo(10);
  }

  @Test
  void sinkThatThrowsAnError_doesNotKillTheWriter() {
    var failures = new AtomicInteger(2);
    UsageSink sink =
        batch -> {
          if (failures.getAndDecrement() > 0) {
            throw new NoClassDefFoundError("driver");
          }
          stored.addAll(batch);
        };
    Running buffer = UsageBuffer.memory().inFrontOf(sink, metrics);
    buffer.write(events(5));
    assertThat(buffer.flush(LONG)).isTrue();
    assertThat(stored).hasSize(5);
    buffer.close();
  }

  @Test
  void poisonedEvents_areFoundAndDroppedAlone() {
    List<UsageEvent> events = events(100);
    Set<UUID> poison = Set.of(events.get(0).id(), events.get(41).id(), events.get(99).id());
    var transientFailures = new AtomicInteger(3);
    UsageSink sink =
        batch -> {
          if (batch.stream().anyMatch(event -> poison.contains(event.id()))) {
            throw new UsageSink.RejectedException("value too long", new Exception());
          }
          if (transientFailures.getAndDecrement() > 0) {
            throw new Exception("down");
          }
          stored.addAll(batch);
        };
    Running buffer = UsageBuffer.memory().maxDelay(LONG).inFrontOf(sink, metrics);
    buffer.write(events);
    assertThat(buffer.flush(LONG)).isFalse(); // it says that something was dropped
    assertThat(stored).hasSize(97).doesNotHaveDuplicates();
    assertThat(metrics.dropped(DropReason.REJECTED)).isEqualTo(3);
    buffer.close();
    assertThat(metrics.settled()).isEqualTo(100);
  }

  @Test
  void fullBuffer_dropsAndCountsWhatFindsNoRoom_andKeepsTheRest() throws Exception {
    var gate = new Gate();
    Running buffer =
        UsageBuffer.memory()
            .capacity(100)
            .batchSize(10)
            .maxDelay(Duration.ZERO)
            .maxWait(Duration.ZERO)
            .inFrontOf(gate, metrics);
    buffer.write(events(1));
    gate.entered.await(); // the writer holds one event and is stuck
    buffer.write(events(130));
    assertThat(metrics.dropped(DropReason.BUFFER_FULL)).isEqualTo(30);
    gate.open.countDown();
    assertThat(buffer.flush(LONG)).isTrue();
    assertThat(stored).hasSize(101);
    buffer.close();
    assertThat(metrics.settled()).isEqualTo(131);
  }

  @Test
  void fullBuffer_waitsForRoomWhenToldTo() throws Exception {
    var gate = new Gate();
    Running buffer =
        UsageBuffer.memory()
            .capacity(8)
            .batchSize(4)
            .maxDelay(Duration.ZERO)
            .maxWait(LONG)
            .inFrontOf(gate, metrics);
    buffer.write(events(1));
    gate.entered.await();
    var caller = new Thread(() -> buffer.write(events(50)));
    caller.start();
    gate.open.countDown();
    caller.join();
    buffer.close();
    assertThat(stored).hasSize(51);
    assertThat(metrics.dropped).isEmpty();
  }

  @Test
  void interruptedCaller_keepsItsInterruptAndDoesNotWait() throws Exception {
    var gate = new Gate();
    Running buffer =
        UsageBuffer.memory().capacity(4).batchSize(1).maxWait(LONG).inFrontOf(gate, metrics);
    buffer.write(events(1));
    gate.entered.await();
    Thread.currentThread().interrupt();
    buffer.write(events(6));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(metrics.dropped(DropReason.BUFFER_FULL)).isEqualTo(2);
    gate.open.countDown();
    buffer.close();
    assertThat(stored).hasSize(5);
  }

  @Test
  void close_whileTheSinkFails_givesUpInTimeAndCounts() {
    UsageSink down =
        batch -> {
          throw new Exception("down for ever");
        };
    Running buffer =
        UsageBuffer.memory()
            .closeTimeout(Duration.ofMillis(200))
            .batchSize(10)
            .inFrontOf(down, metrics);
    buffer.write(events(25));
    buffer.close();
    assertThat(metrics.dropped(DropReason.CLOSED)).isEqualTo(25);
    assertThat(metrics.settled()).isEqualTo(25);
  }

  @Test
  void close_whileTheSinkHangs_returnsCountsEachEventOnce_andKeepsItAsALetter(@TempDir Path temp)
      throws Exception {
    Path letters = temp.resolve("letters.jsonl");
    var entered = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    UsageSink hanging =
        batch -> {
          entered.countDown();
          boolean released = false;
          while (!released) {
            try {
              released = release.await(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
              // A driver that does not care.
            }
          }
          throw new Exception("too late");
        };
    Running buffer =
        UsageBuffer.memory()
            .closeTimeout(Duration.ofMillis(100))
            .batchSize(10)
            .maxDelay(Duration.ZERO)
            .deadLetters(letters)
            .inFrontOf(hanging, metrics);
    List<UsageEvent> events = events(25);
    buffer.write(events);
    entered.await();
    buffer.close();
    assertThat(metrics.dropped(DropReason.CLOSED)).isEqualTo(25);
    release.countDown();
    assertThat(buffer.flush(Duration.ofSeconds(5))).isFalse();
    assertThat(metrics.dropped(DropReason.CLOSED)).isEqualTo(25);
    var kept = new ArrayList<UsageEvent>();
    DeadLetters.in(letters).forEach(letter -> kept.add(letter.event()));
    assertThat(kept).containsExactlyElementsOf(events);
  }

  @Test
  void closeByAnother_waitsUntilEverythingIsDelivered() throws Exception {
    var gate = new Gate();
    Running buffer = UsageBuffer.memory().maxDelay(Duration.ZERO).inFrontOf(gate, metrics);
    buffer.write(events(5));
    gate.entered.await();
    var first = new Thread(buffer::close);
    first.start();
    while (first.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    var second = new Thread(buffer::close);
    second.start();
    while (second.getState() != Thread.State.TIMED_WAITING) {
      assertThat(second.isAlive()).isTrue();
      Thread.onSpinWait();
    }
    gate.open.countDown();
    second.join();
    assertThat(stored).hasSize(5);
  }

  @Test
  void flushThatThrowsAnError_doesNotKillTheWriter() {
    var failures = new AtomicInteger(1);
    var sink =
        new UsageSink() {
          @Override
          public void write(List<UsageEvent> batch) {
            stored.addAll(batch);
          }

          @Override
          public void flush() {
            if (failures.getAndDecrement() > 0) {
              throw new NoClassDefFoundError("driver");
            }
          }
        };
    Running buffer = UsageBuffer.memory().inFrontOf(sink, metrics);
    buffer.write(events(1));
    assertThat(buffer.flush(LONG)).isTrue();
    buffer.write(events(5));
    assertThat(buffer.flush(java.time.temporal.ChronoUnit.FOREVER.getDuration())).isTrue();
    buffer.close();
    assertThat(stored).hasSize(6);
  }

  @Test
  void conflictsAndDuplicates_areCountedApart() {
    var store = new InMemoryUsageStore();
    Running buffer = UsageBuffer.memory().inFrontOf(store, metrics);
    List<UsageEvent> events = events(3);
    buffer.write(events);
    assertThat(buffer.flush(LONG)).isTrue();
    buffer.write(events.subList(0, 2));
    buffer.write(List.of(events.get(2).toBuilder().tokens(TokenCounts.of(9, 9)).build()));
    assertThat(buffer.flush(LONG)).isFalse();
    buffer.close();
    assertThat(store.events()).containsExactlyElementsOf(events);
    assertThat(metrics.written).isEqualTo(3);
    assertThat(metrics.duplicates).isEqualTo(2);
    assertThat(metrics.conflicts).isEqualTo(1);
    assertThat(metrics.dropped(DropReason.CONFLICT)).isEqualTo(1);
  }

  @Test
  void manyWritersAgainstClose_everyEventIsAccountedForOnce() throws Exception {
    for (int round = 0; round < 30; round++) {
      var counted = new CountingMetrics();
      var ids = Collections.synchronizedSet(new HashSet<UUID>());
      UsageSink sink = batch -> batch.forEach(event -> ids.add(event.id()));
      Running buffer =
          UsageBuffer.memory()
              .capacity(64)
              .batchSize(16)
              .maxWait(Duration.ZERO)
              .inFrontOf(sink, counted);
      ExecutorService callers = Executors.newFixedThreadPool(6);
      var start = new CountDownLatch(1);
      for (int caller = 0; caller < 6; caller++) {
        List<UsageEvent> mine = events(200);
        callers.execute(
            () -> {
              try {
                start.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              mine.forEach(event -> buffer.write(List.of(event)));
            });
      }
      start.countDown();
      buffer.close();
      callers.shutdown();
      assertThat(callers.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
      assertThat(counted.written).isEqualTo(ids.size());
      assertThat(counted.settled()).isEqualTo(6 * 200);
    }
  }

  @Test
  void strayInterruptOfTheWriter_changesNothing() {
    var writer = new Thread[1];
    UsageSink sink =
        batch -> {
          writer[0] = Thread.currentThread();
          stored.addAll(batch);
        };
    Running buffer = UsageBuffer.memory().maxDelay(Duration.ZERO).inFrontOf(sink, metrics);
    buffer.write(events(1));
    assertThat(buffer.flush(LONG)).isTrue();
    writer[0].interrupt();
    buffer.write(events(1));
    assertThat(buffer.flush(LONG)).isTrue();
    assertThat(stored).hasSize(2);
    buffer.close();
  }

  @Test
  void metricsThatThrow_changeNothing() {
    var throwing =
        new io.github.usage4j.UsageMetrics() {
          @Override
          public void written(int events, Duration took) {
            throw new IllegalStateException("metrics");
          }
        };
    Running buffer = UsageBuffer.memory().inFrontOf(stored::addAll, throwing);
    buffer.write(events(2));
    assertThat(buffer.flush(LONG)).isTrue();
    buffer.write(events(2));
    assertThat(buffer.flush(LONG)).isTrue();
    buffer.close();
    assertThat(stored).hasSize(4);
  }

  @Test
  void none_writesOnTheCallersThread_andCountsWhatFails() {
    var threads = new HashSet<Thread>();
    Running good =
        UsageBuffer.none().inFrontOf(batch -> threads.add(Thread.currentThread()), metrics);
    good.write(events(1));
    assertThat(threads).containsExactly(Thread.currentThread());
    Running bad =
        UsageBuffer.none()
            .inFrontOf(
                batch -> {
                  throw new Exception("down");
                },
                metrics);
    bad.write(events(2));
    assertThat(metrics.dropped(DropReason.REJECTED)).isEqualTo(2);
    assertThat(bad.flush(LONG)).isFalse();
    assertThat(bad.flush(LONG)).isTrue();
    bad.close();
    bad.write(events(1));
    assertThat(metrics.dropped(DropReason.CLOSED)).isEqualTo(1);
  }

  @Test
  void badSettings_areRefusedByName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> UsageBuffer.memory().capacity(0))
        .withMessage("capacity must be at least 4, but was 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> UsageBuffer.memory().batchSize(-1))
        .withMessage("batchSize must be at least 1, but was -1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> UsageBuffer.memory().maxDelay(Duration.ofMillis(-5)))
        .withMessage("maxDelay must not be negative, but was PT-0.005S");
  }
}
