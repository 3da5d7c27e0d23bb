package io.github.usage4j.track;

import static io.github.usage4j.UsageEvent.Kind.CHAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.sink.CountingMetrics;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class OperationEndsTest {

  private static final TokenCounts TEN = TokenCounts.of(10, 1);

  private final CountingMetrics metrics = new CountingMetrics();
  private final LinkedBlockingQueue<EndedOperation> ended = new LinkedBlockingQueue<>();
  private final UsageTracker tracker = tracker(Duration.ofMinutes(10));

  private UsageTracker tracker(Duration idle) {
    return UsageTracker.builder(new InMemoryUsageStore())
        .buffer(UsageBuffer.none())
        .metrics(metrics)
        .operationIdle(idle)
        .onOperation(ended::add)
        .onOperation(
            operation -> {
              throw new IllegalStateException("listener");
            })
        .build();
  }

  private TrackedCall start() {
    return tracker.start(CHAT, "p", "m");
  }

  @Test
  void callWithoutScope_endsItsOperationUnlessItAskedForTools() {
    start().succeeded(TEN);
    assertThat(ended).hasSize(1);
    TrackedCall asking = start();
    asking.describe(event -> event.toolCalls(1)).succeeded(TEN);
    assertThat(ended).hasSize(1);
    asking.next(CHAT, "p", "m").succeeded(TEN);
    assertThat(ended).hasSize(2);
    ended.poll();
    assertThat(ended.poll().usage().tokens()).isEqualTo(TokenCounts.of(20, 2));
    assertThat(metrics.anomalies(Anomaly.LISTENER_FAILED)).isEqualTo(2);
  }

  @Test
  void failedCall_endsItsOperation() {
    start().failed(new IOException());
    assertThat(ended.poll().usage().errors()).isEqualTo(1);
  }

  @Test
  void scope_endsWhenItIsClosedAndItsCallsHaveEnded() {
    UsageScope scope = tracker.scope(Attribution.organization("acme"));
    TrackedCall stream = start();
    start().succeeded(TEN);
    scope.close();
    assertThat(ended).isEmpty();
    stream.succeeded(TEN);
    EndedOperation operation = ended.poll();
    assertThat(operation.operationId()).isEqualTo(scope.operationId());
    assertThat(operation.attribution().organization()).isEqualTo("acme");
    assertThat(operation.usage()).isEqualTo(scope.totalUsage());
    assertThat(ended).isEmpty();
  }

  @Test
  void lateStep_isCountedAndNotToldAgain() {
    TrackedCall first = start();
    first.succeeded(TEN);
    first.next(CHAT, "p", "m").succeeded(TEN);
    assertThat(ended).hasSize(1);
    assertThat(metrics.anomalies(Anomaly.LATE_STEP)).isEqualTo(1);
  }

  @Test
  void operationThatWaitsForTools_endsWhenItWasIdleForLongEnough() throws Exception {
    UsageTracker impatient = tracker(Duration.ofMillis(50));
    TrackedCall call = impatient.start(CHAT, "p", "m");
    call.describe(event -> event.toolCalls(1)).succeeded(TEN);
    EndedOperation operation = ended.poll(60, TimeUnit.SECONDS);
    assertThat(operation.operationId()).isEqualTo(call.operationId());
    assertThat(operation.usage().tokens()).isEqualTo(TEN);
  }

  @Test
  void emptyScope_endsWithNothing() {
    tracker.scope(Attribution.NONE).close();
    assertThat(ended.poll().usage().calls()).isZero();
  }

  @Test
  void badIdle_isRefusedByName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> tracker(Duration.ZERO))
        .withMessage("operationIdle must be positive, but was PT0S");
  }

  @Test
  void stepThatFailedAfterTools_mayBeRepeated() {
    TrackedCall asking = start();
    asking.describe(event -> event.toolCalls(1)).succeeded(TEN);
    TrackedCall refused = asking.next(CHAT, "p", "m");
    refused.failed(new IOException("429"));
    assertThat(ended).isEmpty();
    asking.next(CHAT, "p", "m").succeeded(TEN);
    assertThat(ended.poll().usage().calls()).isEqualTo(3);
    assertThat(metrics.anomalies(Anomaly.LATE_STEP)).isZero();
  }

  @Test
  void closingTheTracker_tellsOfWhatStillWaits() {
    start().describe(event -> event.toolCalls(1)).succeeded(TEN);
    assertThat(ended).isEmpty();
    tracker.close();
    assertThat(ended.poll().usage().tokens()).isEqualTo(TEN);
    assertThat(ended).isEmpty();
  }

  @Test
  void operationOfSomebodyElse_isNotClaimedByTheScopeAroundIt() {
    Attribution globex = Attribution.organization("globex");
    try (UsageScope around = tracker.scope(Attribution.organization("acme"))) {
      TrackedOperation operation = tracker.startOperation(globex);
      assertThat(operation.start(CHAT, "p", "m").succeeded(TEN).attribution()).isEqualTo(globex);
      try (UsageScope inside = tracker.scope(Attribution.organization("initech"))) {
        assertThat(operation.start(CHAT, "p", "m").succeeded(TEN).operationId())
            .isEqualTo(inside.operationId());
      }
      operation.end();
      assertThat(around.totalUsage().calls()).isZero();
    }
  }

  @Test
  void openScope_doesNotEndByBeingIdle() throws Exception {
    UsageTracker impatient = tracker(Duration.ofMillis(50));
    UsageScope open = impatient.scope(Attribution.organization("acme"));
    impatient.start(CHAT, "p", "m").describe(event -> event.toolCalls(1)).succeeded(TEN);
    // Idle in the same way, but later, and without a scope: when it is over, the other would be.
    impatient.context().restore(null);
    TrackedCall idle = impatient.start(CHAT, "p", "m");
    idle.describe(event -> event.toolCalls(1)).succeeded(TEN);

    assertThat(ended.poll(60, TimeUnit.SECONDS).operationId()).isEqualTo(idle.operationId());
    assertThat(ended).isEmpty();

    open.close();
    assertThat(ended.poll().operationId()).isEqualTo(open.operationId());
    assertThat(ended).isEmpty();
  }

  @Test
  void serviceThatNeverSaysItIsDone_isOverWhenItWasIdle() throws Exception {
    UsageTracker impatient = tracker(Duration.ofMillis(50));
    TrackedOperation service = impatient.startOperation(Attribution.organization("acme"));
    service.start(CHAT, "p", "m").succeeded(TEN);

    assertThat(ended.poll(60, TimeUnit.SECONDS).operationId()).isEqualTo(service.operationId());
    service.end();
    assertThat(ended).isEmpty();
  }

  @Test
  void busyOperation_isNotWatched() {
    var ends =
        new OperationEnds(
            java.util.List.of(ended::add),
            Duration.ofMinutes(10),
            new io.github.usage4j.internal.Guard(metrics),
            new Timer());
    var operation = new Operation("op", null, Attribution.NONE, true, false);
    operation.hold();
    operation.nextStep();
    ends.changed(operation, false);
    assertThat(ends.watched()).isZero();

    var scoped = new Operation("op", null, Attribution.NONE, true, false);
    scoped.openScope();
    ends.changed(scoped, false);
    assertThat(ends.watched()).isZero();

    ends.changed(scoped, scoped.closeScope());
    assertThat(ended).hasSize(1);
    assertThat(ends.watched()).isZero();
  }
}
