package io.github.usage4j.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.sink.DeadLetters.Letter;
import io.github.usage4j.sink.UsageBuffer.Running;
import io.github.usage4j.sink.UsageBuffer.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Poison, dead letters, filters, health: what all buffers have in common. */
@Timeout(120)
class DeliveryTest {

  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir Path temp;

  private final CountingMetrics metrics = new CountingMetrics();
  private final List<UsageEvent> stored = Collections.synchronizedList(new ArrayList<>());

  private Path letters() {
    return temp.resolve("letters.jsonl");
  }

  private List<Letter> read() {
    var all = new ArrayList<Letter>();
    DeadLetters.in(letters()).forEach(all::add);
    return all;
  }

  /** A sink of somebody who knows nothing of rejections: it throws whatever it meets. */
  private UsageSink throwingFor(Set<UUID> poison) {
    return batch -> {
      if (batch.stream().anyMatch(event -> poison.contains(event.id()))) {
        throw new IllegalStateException("cannot map this");
      }
      stored.addAll(batch);
    };
  }

  private UsageBuffer buffer(String kind) {
    UsageBuffer buffer =
        kind.equals("memory") ? UsageBuffer.memory() : UsageBuffer.spool(temp.resolve("spool"));
    return buffer
        .maxDelay(Duration.ZERO)
        .deadLetters(letters())
        .patience(Duration.ZERO, System::nanoTime);
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "spool"})
  void eventThatAlwaysThrows_isGivenUpAlone_whenOthersProveThatTheSinkWorks(String kind) {
    List<UsageEvent> events = UsageEvents.chats(100);
    var poison = Set.of(events.get(3).id(), events.get(4).id(), events.get(77).id());
    Running buffer = buffer(kind).inFrontOf(throwingFor(poison), metrics);
    buffer.write(events);
    var company = new ArrayList<UsageEvent>();
    while (metrics.dropped(DropReason.REJECTED) < 3) { // other events prove that the sink works
      if (company.size() < stored.size()) {
        UsageEvent another = UsageEvents.chat().build();
        company.add(another);
        buffer.write(List.of(another));
      }
      Thread.onSpinWait();
    }
    assertThat(buffer.flush(LONG)).isTrue();
    buffer.close();
    assertThat(stored).hasSize(97 + company.size()).doesNotHaveDuplicates().containsAll(company);
    assertThat(read())
        .allSatisfy(letter -> assertThat(letter.why()).contains("cannot map this"))
        .extracting(letter -> letter.event().id())
        .containsExactlyInAnyOrderElementsOf(poison);
  }

  @Test
  void outageThatThrowsWhateverItLikes_givesUpNothing() throws Exception {
    var tries = new AtomicInteger();
    var enough = new CountDownLatch(14);
    var away = new AtomicBoolean(true);
    UsageSink sink =
        batch -> {
          tries.incrementAndGet();
          enough.countDown();
          if (away.get()) {
            throw new IllegalStateException("no connection");
          }
          stored.addAll(batch);
        };
    Running buffer =
        UsageBuffer.memory()
            .batchSize(4)
            .deadLetters(letters())
            .patience(Duration.ZERO, System::nanoTime)
            .inFrontOf(sink, metrics);
    List<UsageEvent> events = UsageEvents.chats(20);
    buffer.write(events);
    enough.await();
    assertThat(metrics.dropped).isEmpty();
    assertThat(buffer.health().state()).isEqualTo(State.FAILING);
    assertThat(buffer.health().lastFailure()).contains("no connection");
    assertThat(buffer.health().pending()).isEqualTo(20);
    assertThat(buffer.health().oldestAge()).isPositive();
    away.set(false);
    assertThat(buffer.flush(LONG)).isTrue();
    // Not in order where the outage ends between two tries of a divided batch.
    assertThat(stored).containsExactlyInAnyOrderElementsOf(events);
    assertThat(buffer.health().state()).isEqualTo(State.OK);
    buffer.close();
    assertThat(letters()).doesNotExist();
  }

  @Test
  void poisonUnderSuspicion_doesNotHoldUpOthers_andWaitsForItsTime() throws Exception {
    UsageEvent bad = UsageEvents.chat().build();
    Running buffer =
        UsageBuffer.memory()
            .maxDelay(Duration.ZERO)
            .patience(Duration.ofHours(1), System::nanoTime)
            .inFrontOf(throwingFor(Set.of(bad.id())), metrics);
    buffer.write(List.of(bad));
    List<UsageEvent> others = UsageEvents.chats(2_000);
    for (UsageEvent event : others) {
      buffer.write(List.of(event));
    }
    while (stored.size() < others.size()) {
      Thread.onSpinWait();
    }
    assertThat(metrics.dropped).isEmpty();
    assertThat(buffer.health().pending()).isEqualTo(1);
    buffer.close(); // nothing waits for its own sake any more
    assertThat(metrics.settled()).isEqualTo(2_001);
  }

  @Test
  void conflictsAndRejections_becomeDeadLetters_thatCanBeReadBackIn() throws Exception {
    var store = new InMemoryUsageStore();
    UsageEvent complete = UsageEvents.complete();
    UsageEvent changed = complete.toBuilder().tokens(TokenCounts.of(9, 9)).build();
    UsageEvent refused =
        UsageEvents.chat().attribution(Attribution.organization("bad").user("u", "\u00fc")).build();
    var mended = new AtomicBoolean();
    var sink =
        new UsageSink() {
          @Override
          public void write(List<UsageEvent> events) throws Exception {
            write(events, Report.NONE);
          }

          @Override
          public void write(List<UsageEvent> events, Report report) throws Exception {
            if (!mended.get()
                && events.stream().anyMatch(e -> "bad".equals(e.attribution().organization()))) {
              throw new RejectedException("bad organization", new Exception());
            }
            store.write(events, report);
          }
        };
    Running buffer = UsageBuffer.manual().deadLetters(letters()).inFrontOf(sink, metrics);
    buffer.write(List.of(complete, refused, changed));
    assertThat(buffer.flush(LONG)).isFalse();
    assertThat(store.events()).containsExactly(complete);
    assertThat(read())
        .extracting(Letter::reason)
        .containsExactlyInAnyOrder(DropReason.REJECTED, DropReason.CONFLICT);
    assertThat(read()).extracting(Letter::event).containsExactlyInAnyOrder(refused, changed);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(letters())))
        .isEqualTo("rw-------");

    mended.set(true);
    assertThat(DeadLetters.in(letters()).replay(sink)).isEqualTo(1);
    assertThat(store.events()).containsExactly(complete, refused);
    assertThat(read()).extracting(Letter::event).containsExactly(changed); // still a conflict
    assertThat(DeadLetters.in(letters()).replay(sink)).isZero();
    buffer.close();
  }

  @Test
  void replayThatIsCutShort_losesNoLetter() throws Exception {
    Running buffer =
        UsageBuffer.manual()
            .deadLetters(letters())
            .inFrontOf(
                batch -> {
                  throw new UsageSink.RejectedException("no", new Exception());
                },
                metrics);
    List<UsageEvent> events = UsageEvents.chats(1_200);
    buffer.write(events);
    buffer.flush(LONG);
    var writes = new AtomicInteger();
    UsageSink flaky =
        batch -> {
          if (writes.incrementAndGet() == 2) {
            throw new IOException("away");
          }
          stored.addAll(batch);
        };
    assertThatThrownBy(() -> DeadLetters.in(letters()).replay(flaky)).hasMessage("away");
    buffer.write(UsageEvents.chats(1));
    buffer.flush(LONG); // a new letter meanwhile
    assertThat(read()).hasSize(1_201);
    assertThat(DeadLetters.in(letters()).replay(flaky)).isEqualTo(1_200);
    assertThat(new HashSet<>(stored)).hasSize(1_200).containsAll(events);
    assertThat(read()).hasSize(1);
  }

  @Test
  void tornOrForeignLines_areKeptAside_andTakeNoneAlong() throws Exception {
    UsageSink refusing =
        batch -> {
          throw new UsageSink.RejectedException("no", new Exception());
        };
    Files.writeString(letters(), "{\"reason\":\"REJ");
    Running buffer = UsageBuffer.manual().deadLetters(letters()).inFrontOf(refusing, metrics);
    List<UsageEvent> events = UsageEvents.chats(2);
    buffer.write(events.subList(0, 1));
    buffer.flush(LONG);
    Files.writeString(letters(), "what?\n", StandardOpenOption.APPEND);
    buffer.write(events.subList(1, 2));
    buffer.flush(LONG);
    assertThat(read()).extracting(Letter::event).containsExactlyElementsOf(events);
    assertThat(DeadLetters.in(letters()).replay(stored::addAll)).isEqualTo(2);
    assertThat(temp.resolve("letters.jsonl.unreadable")).hasContent("{\"reason\":\"REJ\nwhat?");
  }

  @Test
  void deadLettersThatCannotBeWritten_areCountedAndNothingElseChanges() throws Exception {
    Files.createDirectory(letters());
    Running buffer =
        UsageBuffer.manual()
            .deadLetters(letters())
            .inFrontOf(
                batch -> {
                  throw new UsageSink.RejectedException("no", new Exception());
                },
                metrics);
    buffer.write(UsageEvents.chats(3));
    assertThat(buffer.flush(LONG)).isFalse();
    assertThat(metrics.dropped(DropReason.REJECTED)).isEqualTo(3);
    assertThat(metrics.anomalies(Anomaly.DEAD_LETTER_FAILED)).isEqualTo(1);
  }

  @Test
  void close_duringAnOutage_buriesWhatIsLeft() {
    Running buffer =
        UsageBuffer.memory()
            .closeTimeout(Duration.ofMillis(50))
            .deadLetters(letters())
            .inFrontOf(
                batch -> {
                  throw new IOException("away");
                },
                metrics);
    List<UsageEvent> events = UsageEvents.chats(40);
    buffer.write(events);
    buffer.close();
    assertThat(metrics.dropped(DropReason.CLOSED)).isEqualTo(40);
    assertThat(read()).extracting(Letter::event).containsExactlyInAnyOrderElementsOf(events);
  }

  @Test
  void manual_writesWhenFlushed_triesOnce_andCountsWhatFindsNoRoom() {
    var away = new AtomicBoolean(true);
    UsageSink sink =
        batch -> {
          if (away.get()) {
            throw new IOException("away");
          }
          stored.addAll(batch);
        };
    Running buffer = UsageBuffer.manual().capacity(10).batchSize(3).inFrontOf(sink, metrics);
    List<UsageEvent> events = UsageEvents.chats(12);
    buffer.write(events);
    assertThat(metrics.dropped(DropReason.BUFFER_FULL)).isEqualTo(2);
    assertThat(buffer.flush(LONG)).isFalse();
    assertThat(metrics.retried).isEqualTo(1);
    assertThat(buffer.health().state()).isEqualTo(State.FAILING);
    away.set(false);
    assertThat(buffer.flush(Duration.ZERO)).isTrue();
    assertThat(stored).containsExactlyElementsOf(events.subList(0, 10));
    buffer.write(UsageEvents.chats(1));
    buffer.close();
    buffer.close();
    buffer.write(UsageEvents.chats(1));
    assertThat(stored).hasSize(11);
    assertThat(metrics.dropped(DropReason.CLOSED)).isEqualTo(1);
    assertThat(metrics.settled()).isEqualTo(14);
    assertThat(metrics.accepted).isEqualTo(11);
  }

  @Test
  void only_keepsOthersOut_andLetsThroughWhatTheFilterCannotJudge() {
    List<UsageEvent> events = UsageEvents.chats(3);
    Running buffer =
        UsageBuffer.manual()
            .only(
                event -> {
                  if (event == events.get(1)) {
                    throw new IllegalStateException("filter");
                  }
                  return event == events.get(2);
                })
            .inFrontOf(stored::addAll, metrics);
    buffer.write(events);
    buffer.flush(LONG);
    assertThat(stored).containsExactly(events.get(1), events.get(2));
    assertThat(metrics.anomalies(Anomaly.FILTER_FAILED)).isEqualTo(1);
    assertThat(buffer.health().accepted()).isEqualTo(2);
  }

  @Test
  void health_addsUp() {
    var store = new InMemoryUsageStore();
    Running buffer = UsageBuffer.memory().inFrontOf(store, metrics);
    List<UsageEvent> events = UsageEvents.chats(5);
    buffer.write(events);
    buffer.flush(LONG);
    buffer.write(events.subList(0, 2));
    buffer.write(List.of(events.get(4).toBuilder().tokens(TokenCounts.of(1, 1)).build()));
    buffer.flush(LONG);
    UsageBuffer.Health health = buffer.health();
    assertThat(health.accepted()).isEqualTo(8);
    assertThat(health.written()).isEqualTo(5);
    assertThat(health.duplicates()).isEqualTo(2);
    assertThat(health.conflicts()).isEqualTo(1);
    assertThat(health.dropped()).containsOnly(java.util.Map.entry(DropReason.CONFLICT, 1L));
    assertThat(health.pending()).isZero();
    assertThat(health.oldestAge()).isZero();
    assertThat(health.waits()).isZero();
    assertThat(health.lastFailure()).isNull();
    buffer.close();
    assertThat(buffer.health().state()).isEqualTo(State.CLOSED);
  }
}
