package io.github.usage4j.track;

import static io.github.usage4j.UsageEvent.Kind.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.CountingMetrics;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every way to end a call, all at once: one event for each call, and none lost. */
@Timeout(120)
class CallEndRaceTest {

  private static final TokenCounts TEN = TokenCounts.of(10, 1);

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final CountingMetrics metrics = new CountingMetrics();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  private UsageTracker tracker(PriceCatalog prices) {
    return UsageTracker.builder(store)
        .buffer(UsageBuffer.none())
        .metrics(metrics)
        .prices(prices)
        .errorGrace(Duration.ofMinutes(10))
        .build();
  }

  /** Different ways to end a call; a held one is released by somebody else. */
  private static final List<Consumer<TrackedCall>> ENDS =
      List.of(
          call -> call.succeeded(TEN),
          call -> call.failed(new IOException(), TEN),
          call -> call.cancelled(TEN),
          call -> call.failedUnlessAnswered(new IOException("later")),
          call -> call.end.release(),
          call -> call.end.abandon(new IOException("given up")),
          call -> call.describe(event -> event.finishReason("late")).firstToken(),
          call -> call.exchanges(List.of(TEN)));

  private void allAtOnce(List<Callable<?>> tasks) throws Exception {
    var start = new CyclicBarrier(tasks.size());
    var running = new ArrayList<Future<?>>();
    for (Callable<?> task : tasks) {
      running.add(
          threads.submit(
              () -> {
                start.await();
                return task.call();
              }));
    }
    for (Future<?> task : running) {
      task.get(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void endsOfAllKindsAtOnce_giveOneEventForEachCall() throws Exception {
    var calls = new ArrayList<TrackedCall>();
    // The catalog ends each call again while its event is made, on the very same thread.
    UsageTracker tracker =
        tracker(
            (provider, model, at) -> {
              calls.get(calls.size() - 1).cancelled(TokenCounts.UNKNOWN);
              return Optional.empty();
            });
    for (int round = 0; round < 300; round++) {
      TrackedCall call = tracker.start(CHAT, "p", "m");
      call.watch(call::failed);
      calls.add(call);
      var tasks = new ArrayList<Callable<?>>();
      for (Consumer<TrackedCall> end : ENDS) {
        tasks.add(
            () -> {
              end.accept(call);
              return null;
            });
      }
      allAtOnce(tasks);
    }
    tracker.close();

    assertThat(store.events())
        .extracting(UsageEvent::id)
        .containsExactlyInAnyOrderElementsOf(calls.stream().map(TrackedCall::id).toList());
    assertThat(metrics.dropped).isEmpty();
  }

  private static void meet(int round, AtomicInteger mine, AtomicInteger other) {
    mine.set(round);
    while (other.get() < round) {
      Thread.onSpinWait();
    }
  }

  @Test
  void callThatEndsWhileItBeginsToBeWatched_isNotKept() throws Exception {
    UsageTracker tracker = tracker(PriceCatalog.none());
    int rounds = 15_000;
    var calls = new TrackedCall[rounds];
    for (int i = 0; i < rounds; i++) {
      calls[i] = tracker.start(CHAT, "p", "m");
    }
    var watching = new AtomicInteger(-1);
    var ending = new AtomicInteger(-1);
    allAtOnce(
        List.of(
            () -> {
              for (int i = 0; i < rounds; i++) {
                meet(i, watching, ending);
                for (int delay = i % 1_000; delay > 0; delay--) { // so that either may be first
                  Thread.onSpinWait();
                }
                calls[i].watch(why -> {});
              }
              return null;
            },
            () -> {
              for (int i = 0; i < rounds; i++) {
                meet(i, ending, watching);
                calls[i].withdraw();
              }
              return null;
            }));

    assertThat(tracker.streams().size()).isZero();
    tracker.close();
  }

  @Test
  void endsWhileTheTrackerCloses_loseNothing() throws Exception {
    for (int round = 0; round < 200; round++) {
      UsageTracker tracker =
          tracker(
              (provider, model, at) -> {
                Thread.yield(); // so that closing finds calls whose event is being made
                return Optional.empty();
              });
      var calls = new ArrayList<TrackedCall>();
      var tasks = new ArrayList<Callable<?>>();
      tasks.add(
          () -> {
            tracker.close();
            return null;
          });
      for (int i = 0; i < 5; i++) {
        TrackedCall stream = tracker.start(CHAT, "p", "m");
        stream.watch(why -> stream.failed(why, TEN));
        TrackedCall held = tracker.start(CHAT, "p", "m");
        held.failedUnlessAnswered(new IOException());
        calls.addAll(List.of(stream, held));
        tasks.add(() -> stream.succeeded(TEN));
        tasks.add(() -> held.succeeded(TEN));
      }
      store.clear();
      allAtOnce(tasks);

      assertThat(store.events())
          .extracting(UsageEvent::id)
          .containsExactlyInAnyOrderElementsOf(calls.stream().map(TrackedCall::id).toList());
    }
    assertThat(metrics.dropped(DropReason.CLOSED)).isZero();
  }
}
