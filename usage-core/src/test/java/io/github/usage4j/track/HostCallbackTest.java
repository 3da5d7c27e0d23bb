package io.github.usage4j.track;

import static io.github.usage4j.UsageEvent.Kind.CHAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.LongestGap;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Callbacks of the host's that hang, throw or come back: no other call may notice. */
@Timeout(120)
class HostCallbackTest {

  /** The common pool may have a single thread. */
  private static final Executor THREADS = task -> new Thread(task).start();

  private static final TokenCounts TEN = TokenCounts.of(10, 1);

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final LinkedBlockingQueue<UsageEvent> recorded = new LinkedBlockingQueue<>();
  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch answer = new CountDownLatch(1);

  /** Hangs where it is asked for the model "stuck". */
  private final PriceCatalog hanging =
      (provider, model, at) -> {
        if (model.equals("stuck")) {
          asked.countDown();
          try {
            answer.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        }
        return Optional.empty();
      };

  @AfterEach
  void letGo() {
    answer.countDown();
  }

  private UsageTrackerBuilder tracker() {
    return UsageTracker.builder(store)
        .buffer(UsageBuffer.none())
        .prices(hanging)
        .metrics(
            new UsageMetrics() {
              @Override
              public void recorded(UsageEvent event) {
                recorded.add(event);
              }
            });
  }

  private UsageEvent next() throws InterruptedException {
    UsageEvent event = recorded.poll(60, TimeUnit.SECONDS);
    assertThat(event).as("an event within a minute").isNotNull();
    return event;
  }

  private static TrackedCall held(UsageTracker tracker, String model) {
    TrackedCall call = tracker.start(CHAT, "p", model);
    call.failedUnlessAnswered(new IOException(), event -> event.tokens(TEN));
    return call;
  }

  @Test
  void catalogThatHangs_holdsUpNoOtherHeldCall() throws Exception {
    UsageTracker tracker = tracker().errorGrace(Duration.ofMillis(1)).build();
    TrackedCall stuck = held(tracker, "stuck");
    asked.await();

    held(tracker, "fine");

    assertThat(next().model()).isEqualTo("fine");
    assertThat(stuck.hasEnded()).isTrue();
    answer.countDown();
    assertThat(next().model()).isEqualTo("stuck");
  }

  @Test
  void catalogThatHangs_holdsUpNobodyWhoTouchesTheCall() throws Exception {
    UsageTracker tracker = tracker().build();
    TrackedCall stuck = tracker.start(CHAT, "p", "stuck");
    var first = CompletableFuture.supplyAsync(() -> stuck.succeeded(TEN), THREADS);
    asked.await();

    UsageEvent second =
        CompletableFuture.supplyAsync(
                () -> {
                  stuck.firstToken();
                  stuck.failedUnlessAnswered(new IOException());
                  return stuck.describe(event -> event.finishReason("x")).cancelled(TEN);
                },
                THREADS)
            .get(60, TimeUnit.SECONDS);

    assertThat(second.id()).isEqualTo(stuck.id());
    assertThat(second.tokens()).isEqualTo(TokenCounts.UNKNOWN);
    assertThat(store.events()).isEmpty();
    answer.countDown();
    UsageEvent event = first.get(60, TimeUnit.SECONDS);
    assertThat(store.events()).containsExactly(event);
    assertThat(event.outcome()).isEqualTo(Outcome.SUCCESS);
    assertThat(event.tokens()).isEqualTo(TEN);
    assertThat(stuck.cancelled(TEN)).isSameAs(event);
  }

  @Test
  void listenerOfIdleOperationsThatHangs_holdsUpNoStream() throws Exception {
    var told = new CountDownLatch(1);
    UsageTracker tracker =
        tracker()
            .operationIdle(Duration.ofMillis(1))
            .errorGrace(Duration.ofMillis(1))
            .onOperation(
                operation -> {
                  if (operation.usage().toolTurns() > 0) {
                    told.countDown();
                    try {
                      answer.await();
                    } catch (InterruptedException e) {
                      Thread.currentThread().interrupt();
                    }
                  }
                })
            .build();
    tracker.start(CHAT, "p", "m").describe(event -> event.toolCalls(1)).succeeded(TEN);
    next();
    told.await();

    held(tracker, "fine");

    assertThat(next().model()).isEqualTo("fine");
  }

  @Test
  void giveUpThatThrowsAnError_doesNotStopTheSweep() throws Exception {
    UsageTracker tracker = tracker().streamIdle(Duration.ofMillis(20)).build();
    for (int i = 0; i < 10; i++) {
      TrackedCall call = tracker.start(CHAT, "p", "bad");
      call.watch(
          why -> {
            throw new IllegalStateException("thrown by the test");
          });
    }
    for (int i = 0; i < 10; i++) {
      TrackedCall call = tracker.start(CHAT, "p", "fine");
      call.watch(why -> call.failed(why, TEN));
    }
    for (int i = 0; i < 20; i++) { // those that throw are failed the next time
      next();
    }
    assertThat(store.events()).hasSize(20).allMatch(event -> event.outcome() == Outcome.ERROR);
    assertThat(store.events().stream().filter(event -> event.model().equals("bad")))
        .hasSize(10)
        .allMatch(event -> event.tokens().isUnknown());
  }

  @Test
  void giveUpThatDoesNothing_isAnEventWhenTheTrackerCloses() {
    UsageTracker tracker = tracker().build();
    TrackedCall call = tracker.start(CHAT, "p", "m");
    var why = new IOException("given up");
    call.watch(ignored -> {});
    call.end.abandon(why);
    assertThat(call.hasEnded()).isFalse();

    tracker.close();

    assertThat(store.events()).extracting(UsageEvent::id).containsExactly(call.id());
  }

  @Test
  void errorOfTheJvmWhileAnEventIsMade_leavesTheCallToTheNextEnd() {
    var first = new CountDownLatch(1);
    UsageTracker tracker =
        tracker()
            .prices(
                (provider, model, at) -> {
                  if (first.getCount() > 0) {
                    first.countDown();
                    throw new OutOfMemoryError("thrown by the test");
                  }
                  return Optional.empty();
                })
            .build();
    TrackedCall call = tracker.start(CHAT, "p", "m");
    assertThatThrownBy(() -> call.succeeded(TEN)).isInstanceOf(OutOfMemoryError.class);
    assertThat(call.hasEnded()).isFalse();

    call.failed(new IOException(), TEN);

    assertThat(store.events()).extracting(UsageEvent::outcome).containsExactly(Outcome.ERROR);
  }

  @Test
  void streamThatGoesOnAfterAnError_isHeldForAsLongAsItIsHeard() throws Exception {
    Duration grace = Duration.ofMillis(500);
    while (!goesOnAfterAnError(grace)) {
      recorded.clear();
    }
  }

  /** False if the machine let this thread wait, and so the stream, for too long. */
  private boolean goesOnAfterAnError(Duration grace) throws Exception {
    UsageTracker tracker = tracker().errorGrace(grace).build();
    TrackedCall stream = tracker.start(CHAT, "p", "stream");
    stream.watch(stream::failed);
    var silence = new LongestGap();
    stream.failedUnlessAnswered(new IOException("a piece that cannot be read"));
    held(tracker, "silent");
    while (recorded.isEmpty()) {
      stream.heard();
      silence.mark();
      Thread.onSpinWait();
    }
    UsageEvent first = next();
    boolean ended = stream.hasEnded();
    UsageEvent answered = stream.succeeded(TEN);
    silence.mark();
    tracker.close();
    if (!silence.isBelow(grace.dividedBy(2))) {
      return false;
    }
    assertThat(first.model()).isEqualTo("silent");
    assertThat(ended).isFalse();
    assertThat(next()).isEqualTo(answered);
    assertThat(answered.outcome()).isEqualTo(Outcome.SUCCESS);
    return true;
  }

  @Test
  void streamThatIsSilentAfterAnError_endsWithItsGrace() throws Exception {
    UsageTracker tracker = tracker().errorGrace(Duration.ofMillis(20)).build();
    TrackedCall stream = tracker.start(CHAT, "p", "stream");
    stream.watch(stream::failed);
    stream.failedUnlessAnswered(new IOException());

    assertThat(next().outcome()).isEqualTo(Outcome.ERROR);
  }
}
