package io.github.usage4j.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which events are to blame for a failure, and which only wait for something. */
class PoisonSearchTest {

  private static final int BATCH = 4;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final SQLException LOCKED = new SQLTransientException("locked", "55P03");

  @TempDir Path temp;

  private final CountingMetrics metrics = new CountingMetrics();
  private final List<UsageEvent> stored = new ArrayList<>();
  private final Map<UUID, Exception> failing = new HashMap<>();
  private final AtomicLong nanos = new AtomicLong();
  private boolean closing;
  private int passes;
  private int greatest;

  private DeadLetters letters() {
    return DeadLetters.in(temp.resolve("letters.jsonl"));
  }

  private final UsageSink sink =
      batch -> {
        for (UsageEvent event : batch) {
          Exception failure = failing.get(event.id());
          if (failure != null) {
            throw failure;
          }
        }
        stored.addAll(batch);
      };

  private PoisonSearch search() {
    return new PoisonSearch(delivery(), BATCH, PATIENCE.toNanos(), nanos::get);
  }

  private Delivery delivery() {
    return new Delivery(sink, new DeliveryCounts(metrics), letters());
  }

  /** Passes time instead of waiting, and brings what fails together with something that works. */
  private final class Host implements Courier.Host {
    @Override
    public boolean goesOn() {
      return passes > 0;
    }

    @Override
    public boolean closing() {
      return closing;
    }

    @Override
    public void pause(long duration) {
      nanos.addAndGet(duration);
    }

    @Override
    public void topUp(List<UsageEvent> batch, int atMost) {
      passes--;
      for (int i = 0; i < atMost; i++) {
        batch.add(i == 0 ? UsageEvents.chat().build() : failing(LOCKED));
      }
      greatest = Math.max(greatest, batch.size());
    }

    @Override
    public void settled(int events, List<UsageEvent> left) {}

    @Override
    public void failed() {}
  }

  private UsageEvent failing(Exception failure) {
    UsageEvent event = UsageEvents.chat().build();
    failing.put(event.id(), failure);
    return event;
  }

  /** One pass with another event that is stored; then time passes. */
  private void pass(PoisonSearch search, List<UsageEvent> batch, Duration then) {
    passes = 1;
    batch.add(UsageEvents.chat().build());
    search.pass(batch, new Host());
    nanos.addAndGet(then.toNanos());
  }

  static Stream<Exception> away() {
    return Stream.of(
        LOCKED,
        new SQLRecoverableException("gone"),
        new SQLNonTransientConnectionException("gone", "08000"),
        new IllegalStateException("cannot execute", new RuntimeException(LOCKED)),
        new SocketTimeoutException("read timed out"),
        new TimeoutException("no answer"));
  }

  @ParameterizedTest
  @MethodSource("away")
  void eventThatWaitsForALockOrAConnection_isNeverGivenUp(Exception failure) {
    PoisonSearch search = search();
    var batch = new ArrayList<UsageEvent>();
    UsageEvent held = failing(failure);
    batch.add(held);
    for (int i = 0; i < 20; i++) {
      pass(search, batch, Duration.ofSeconds(30));
    }
    assertThat(metrics.dropped).isEmpty();
    assertThat(batch).containsExactly(held);
    assertThat(stored).hasSize(20);
    failing.clear();
    pass(search, batch, Duration.ZERO);
    assertThat(stored).contains(held);
    assertThat(batch).isEmpty();
  }

  @Test
  void manyThatWait_areNotGivenUpSooner() {
    PoisonSearch search = search();
    var batch = new ArrayList<UsageEvent>();
    for (int i = 0; i < 3 * BATCH; i++) {
      batch.add(failing(LOCKED));
    }
    for (int i = 0; i < 10; i++) {
      pass(search, batch, Duration.ofSeconds(30));
    }
    assertThat(metrics.dropped).isEmpty();
    assertThat(batch).hasSize(3 * BATCH);
  }

  @Test
  void whileClosing_whatWaitsIsLeftOver_notGivenUp() {
    PoisonSearch search = search();
    closing = true;
    UsageEvent held = failing(LOCKED);
    UsageEvent poison = failing(new IllegalStateException("cannot map this"));
    var batch = new ArrayList<>(List.of(held, poison));
    pass(search, batch, Duration.ZERO);
    assertThat(batch).containsExactly(held);
    assertThat(metrics.dropped(DropReason.REJECTED)).isEqualTo(1);
  }

  @Test
  void poisonAmongManyThatWait_hasAllItsTime_andItsOwnReason() {
    PoisonSearch search = search();
    var batch = new ArrayList<UsageEvent>();
    UsageEvent poison = failing(new IllegalStateException("cannot map this"));
    batch.add(poison);
    for (int i = 0; i < 2 * BATCH; i++) {
      batch.add(failing(LOCKED));
    }
    while (nanos.get() < PATIENCE.toNanos()) {
      pass(search, batch, Duration.ofSeconds(10));
    }
    assertThat(metrics.dropped).isEmpty(); // more than three passes, but not 60 seconds
    for (int i = 0; i < 6; i++) {
      pass(search, batch, Duration.ofSeconds(10));
    }
    assertThat(metrics.dropped(DropReason.REJECTED)).isEqualTo(1);
    var read = new ArrayList<DeadLetters.Letter>();
    letters().forEach(read::add);
    assertThat(read).hasSize(1);
    assertThat(read.get(0).event()).isEqualTo(poison);
    assertThat(read.get(0).why()).contains("cannot map this");
    assertThat(batch).hasSize(2 * BATCH);
  }

  @Test
  void endlessEventsThatWait_areTakenUpToABound() {
    var batch = new ArrayList<UsageEvent>();
    batch.add(failing(LOCKED));
    passes = 400;
    new Courier(delivery(), new Host(), BATCH, Courier.LAST_BACKOFF, search()).deliver(batch);
    assertThat(metrics.dropped).isEmpty();
    assertThat(stored).isNotEmpty();
    assertThat(greatest).isEqualTo(BATCH * (1 + PoisonSearch.HELD_BATCHES));
  }
}
