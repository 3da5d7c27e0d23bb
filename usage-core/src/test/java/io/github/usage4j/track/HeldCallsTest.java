package io.github.usage4j.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HeldCallsTest {

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final CountDownLatch recorded = new CountDownLatch(1);
  private final AtomicInteger anomalies = new AtomicInteger();

  private UsageTracker tracker(Duration grace) {
    return UsageTracker.builder(store)
        .buffer(UsageBuffer.none())
        .errorGrace(grace)
        .metrics(
            new UsageMetrics() {
              @Override
              public void recorded(UsageEvent event) {
                recorded.countDown();
              }

              @Override
              public void anomaly(Anomaly what) {
                anomalies.incrementAndGet();
              }
            })
        .build();
  }

  private static TrackedCall held(UsageTracker tracker) {
    TrackedCall call = tracker.start(Kind.CHAT, "acme-llm", "large-2");
    call.failedUnlessAnswered(new IllegalStateException("first"));
    call.failedUnlessAnswered(new IllegalArgumentException("second"));
    return call;
  }

  private UsageEvent only() {
    assertThat(store.events()).hasSize(1);
    return store.events().get(0);
  }

  @Test
  void answer_withinTheGrace_isTheEnd() {
    UsageTracker tracker = tracker(Duration.ofMinutes(10));
    TrackedCall call = held(tracker);
    assertThat(store.events()).isEmpty();

    call.succeeded(TokenCounts.of(10, 2));
    tracker.close();

    assertThat(only().outcome()).isEqualTo(Outcome.SUCCESS);
    assertThat(only().tokens()).isEqualTo(TokenCounts.of(10, 2));
    assertThat(only().errorType()).isNull();
    assertThat(anomalies).hasValue(0);
  }

  @Test
  void noAnswer_withinTheGrace_isAFailureAsOfTheFirstError() throws Exception {
    UsageTracker tracker = tracker(Duration.ofMillis(1));
    TrackedCall call = held(tracker);

    assertThat(recorded.await(60, TimeUnit.SECONDS)).isTrue();

    assertThat(call.hasEnded()).isTrue();
    assertThat(only().outcome()).isEqualTo(Outcome.ERROR);
    assertThat(only().errorType()).isEqualTo(IllegalStateException.class.getName());
    tracker.close();
    assertThat(store.events()).hasSize(1);
  }

  @Test
  void close_endsWhatIsHeld_andHoldsNoMore() {
    UsageTracker tracker = tracker(Duration.ofMinutes(10));
    held(tracker);
    TrackedCall open = tracker.start(Kind.CHAT, "acme-llm", "large-2");

    tracker.close();
    open.failedUnlessAnswered(new IllegalStateException("late"));

    assertThat(only().outcome()).isEqualTo(Outcome.ERROR);
    assertThat(open.hasEnded()).isTrue(); // dropped and counted: the tracker is closed
  }

  @Test
  void noGrace_endsAtOnce() {
    assertThat(held(tracker(Duration.ZERO)).hasEnded()).isTrue();
    assertThatThrownBy(() -> tracker(Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("errorGrace");
  }

  @Test
  void captured_isUsedAgainAfterTheScopeClosed_andLeavesANobodyAlone() {
    UsageTracker tracker = tracker(Duration.ZERO);
    Executor nobody = tracker.captured();
    Executor acme = tracker.scope(Attribution.organization("acme")).call(tracker::captured);

    acme.execute(() -> assertThat(tracker.currentAttribution().organization()).isEqualTo("acme"));
    tracker
        .scope(Attribution.organization("other"))
        .run(
            () -> {
              acme.execute(
                  () -> assertThat(tracker.currentAttribution().organization()).isEqualTo("acme"));
              nobody.execute(
                  () -> assertThat(tracker.currentAttribution().organization()).isEqualTo("other"));
            });
    assertThat(tracker.currentAttribution()).isEqualTo(Attribution.NONE);
  }
}
