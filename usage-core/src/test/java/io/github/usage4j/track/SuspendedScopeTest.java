package io.github.usage4j.track;

import static io.github.usage4j.UsageEvent.Kind.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.sink.CountingMetrics;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls that must not count, and those beside them, which must. */
@Timeout(60)
class SuspendedScopeTest {

  private static final Attribution ACME = Attribution.organization("acme");

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final CountingMetrics metrics = new CountingMetrics();
  private final UsageTracker tracker =
      UsageTracker.builder(store).buffer(UsageBuffer.none()).metrics(metrics).build();

  private TrackedCall start() {
    return tracker.start(CHAT, "acme-llm", "large");
  }

  private void call(int input) {
    start().succeeded(TokenCounts.of(input, 1));
  }

  private List<Long> inputs() {
    return store.events().stream().map(e -> e.tokens().input()).toList();
  }

  @Test
  void nothingIsRecorded_whateverTheEnd() {
    var heard = new ArrayList<UsageSummary>();
    UsageScope scope = tracker.suspended().onUsage(heard::add);
    scope.run(
        () -> {
          call(10);
          start().failed(new IllegalStateException());
          start().cancelled(TokenCounts.input(3));
          start().succeeded(TokenCounts.of(1, 1).cacheRead(5), Quality.PARTIAL);
        });

    assertThat(store.events()).isEmpty();
    assertThat(heard).isEmpty();
    assertThat(scope.totalUsage()).isEqualTo(UsageSummary.EMPTY);
    assertThat(scope.events()).isEmpty();
    assertThat(metrics.anomalies(io.github.usage4j.UsageMetrics.Anomaly.CONTRADICTORY_FIGURES))
        .isZero();
  }

  @Test
  void whatIsBeforeAfterAndAround_isRecorded() {
    try (UsageScope outer = tracker.scope(ACME)) {
      call(1);
      tracker.suspended().run(() -> call(100));
      call(2);
      assertThat(outer.totalUsageWithChildren().tokens().input()).isEqualTo(3);
    }
    call(3);

    assertThat(inputs()).containsExactly(1L, 2L, 3L);
    assertThat(store.events()).extracting(UsageEvent::step).containsExactly(1, 2, 1);
  }

  @Test
  void scopesInside_areSuspendedToo() {
    tracker
        .suspended()
        .run(
            () -> {
              tracker.scope(ACME).run(() -> tracker.scope().run(() -> call(10)));
              assertThat(tracker.currentAttribution()).isEqualTo(Attribution.NONE);
            });
    assertThat(store.events()).isEmpty();
  }

  @Test
  void attribution_isWhatWasCurrent() {
    tracker
        .scope(ACME)
        .run(
            () ->
                tracker
                    .suspended()
                    .run(() -> assertThat(tracker.currentAttribution()).isEqualTo(ACME)));
  }

  @Test
  void wrappedTasksAndExecutors_areSuspended_othersAreNot() throws Exception {
    ExecutorService bare = Executors.newSingleThreadExecutor();
    ExecutorService pool = tracker.wrap(bare);
    try (UsageScope scope = tracker.suspended()) {
      assertThat(scope.operationId()).isNotBlank();
      pool.submit(() -> call(10)).get();
      CompletableFuture.runAsync(() -> tracker.scope(ACME).run(() -> call(11)), pool).join();
      CompletableFuture.runAsync(tracker.wrap(() -> call(12))).join();
      tracker.captured().execute(() -> call(13));
      bare.submit(() -> call(20)).get();
    }
    pool.submit(() -> call(21)).get();
    bare.shutdown();

    assertThat(inputs()).containsExactly(20L, 21L);
  }

  @Test
  void streamThatEndsAfterTheScope_andItsCallbacksAndNextSteps_areSuspended() throws Exception {
    UsageScope scope = tracker.suspended();
    TrackedCall stream;
    try (scope) {
      stream = start();
    }
    var thread =
        new Thread(
            () -> {
              stream.within(() -> call(10));
              stream.succeeded(TokenCounts.of(11, 1));
              stream.next(CHAT, "acme-llm", "large").succeeded(TokenCounts.of(12, 1));
            });
    thread.start();
    thread.join();
    assertThat(store.events()).isEmpty();

    call(20);
    assertThat(inputs()).containsExactly(20L);
  }

  @Test
  void heldError_isNotRecordedEither() {
    UsageTracker patient =
        UsageTracker.builder(store)
            .buffer(UsageBuffer.none())
            .errorGrace(Duration.ofMinutes(10))
            .build();
    patient
        .suspended()
        .run(() -> patient.start(CHAT, "p", "m").failedUnlessAnswered(new IllegalStateException()));
    patient.close();
    assertThat(store.events()).isEmpty();
  }

  @Test
  void importedCall_isRecordedAllTheSame() {
    tracker
        .suspended()
        .run(
            () ->
                tracker.record(
                    UsageEvent.builder(UsageEvent.newId(Instant.now()), CHAT, "p", "m")
                        .startedAt(Instant.now())
                        .tokens(TokenCounts.of(7, 1))
                        .build()));
    assertThat(inputs()).containsExactly(7L);
  }

  @Test
  void closedTwice_restoresOnce() {
    UsageScope scope = tracker.suspended();
    scope.close();
    scope.close();
    call(5);
    assertThat(inputs()).containsExactly(5L);
  }
}
