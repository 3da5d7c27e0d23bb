package io.github.usage4j.track;

import static io.github.usage4j.UsageEvent.Kind.CHAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.limit.UsageLimit;
import io.github.usage4j.limit.UsageLimitExceededException;
import io.github.usage4j.limit.UsageLimiter;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls that are made inside of another one and stand in its place. */
class CallInsideACallTest {

  private static final Attribution ADA = Attribution.organization("acme").user("ada");

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final List<EndedOperation> ended = new CopyOnWriteArrayList<>();
  private final List<UsageMetrics.Anomaly> anomalies = new CopyOnWriteArrayList<>();
  private final UsageTracker tracker =
      UsageTracker.builder(store)
          .buffer(UsageBuffer.none())
          .errorGrace(Duration.ofMinutes(10))
          .onOperation(ended::add)
          .metrics(
              new UsageMetrics() {
                @Override
                public void anomaly(Anomaly what) {
                  anomalies.add(what);
                }
              })
          .build();

  @AfterEach
  void close() {
    tracker.close();
  }

  private TrackedCall start() {
    return tracker.start(CHAT, "outer", "m");
  }

  private List<String> calls() {
    return store.events().stream()
        .map(e -> e.step() + " " + e.provider() + " " + e.tokens().input())
        .toList();
  }

  @Test
  void withdrawn_isNoEvent_andItsOperationEndsAfterIt() {
    TrackedCall outer = start();
    outer.inside(CHAT, "a", "m").failed(new IllegalStateException());
    outer.inside(CHAT, "b", "m").succeeded(TokenCounts.of(20, 2));
    assertThat(ended).isEmpty();
    outer.withdraw();

    assertThat(calls()).containsExactly("1 a null", "2 b 20");
    assertThat(ended).hasSize(1);
    assertThat(ended.get(0).usage().calls()).isEqualTo(2);
    assertThat(store.events()).extracting(UsageEvent::opensOperation).containsExactly(true, false);
    assertThat(anomalies).isEmpty();
  }

  @Test
  void withdrawnLate_orTwice_changesNothing() {
    TrackedCall outer = start();
    outer.succeeded(TokenCounts.of(1, 1));
    outer.withdraw();
    TrackedCall other = start();
    other.withdraw();
    other.withdraw();
    other.succeeded(TokenCounts.of(9, 9));

    assertThat(calls()).containsExactly("1 outer 1");
    assertThat(ended).hasSize(1);
    assertThat(anomalies).containsExactly(UsageMetrics.Anomaly.ENDED_TWICE);
  }

  @Test
  void withdrawn_isNotHeldOrWatchedAnyMore() {
    TrackedCall outer = start();
    outer.watch(why -> outer.failed(why));
    outer.failedUnlessAnswered(new IllegalStateException());
    outer.withdraw();
    tracker.close();

    assertThat(store.events()).isEmpty();
    assertThat(ended).isEmpty();
  }

  @Test
  void outerThatIsRecordedAfterAll_isAStepOfItsOwn() {
    TrackedCall outer = start();
    outer.inside(CHAT, "a", "m").succeeded(TokenCounts.of(10, 1));
    outer.succeeded(TokenCounts.of(20, 2));

    assertThat(calls()).containsExactly("1 a 10", "2 outer 20");
  }

  @Test
  void outerThatOthersFollowedAlready_keepsItsStep() {
    try (UsageScope scope = tracker.scope()) {
      TrackedCall outer = start();
      TrackedCall beside = tracker.start(CHAT, "beside", "m");
      outer.inside(CHAT, "a", "m").succeeded(TokenCounts.of(10, 1));
      outer.succeeded(TokenCounts.of(20, 2));
      beside.succeeded(TokenCounts.of(30, 3));
      assertThat(scope.totalUsage().calls()).isEqualTo(3);
    }
    assertThat(calls()).containsExactly("3 a 10", "1 outer 20", "2 beside 30");
  }

  @Test
  void inside_isAttributedAsTheOuter_unlessAScopeWasOpenedInIt() {
    Attribution acme = Attribution.organization("acme");
    TrackedCall outer;
    try (UsageScope scope = tracker.scope(acme)) {
      outer = start();
      try (UsageScope inner = tracker.scope(Attribution.organization("other"))) {
        outer.inside(CHAT, "a", "m").succeeded(TokenCounts.of(1, 1));
      }
      outer.inside(CHAT, "b", "m").succeeded(TokenCounts.of(2, 2));
    }
    outer.inside(CHAT, "c", "m").succeeded(TokenCounts.of(3, 3));
    outer.withdraw();

    assertThat(store.events())
        .extracting(event -> event.attribution().organization())
        .containsExactly("other", "acme", "acme");
  }

  @Test
  void operation_isAskedForAgain_byTheCallThatTakesTheOuterOnesPlace() {
    UsageTracker limited = limited(2);
    Supplier<TrackedCall> start = () -> limited.start(CHAT, "outer", "m");
    TrackedCall first = limited.scope(ADA).call(start::get);
    first.admit();
    TrackedCall failing = first.inside(CHAT, "a", "m");
    failing.admit();
    failing.failed(new IllegalStateException());
    TrackedCall inside = first.inside(CHAT, "b", "m");
    inside.admit(); // the operation of the one before, not another
    TrackedCall second = limited.scope(ADA).call(start::get);
    second.admit();
    TrackedCall insideSecond = second.inside(CHAT, "a", "m");
    insideSecond.admit();

    TrackedCall third = limited.scope(ADA).call(start::get);
    assertThatThrownBy(third::admit).isInstanceOf(UsageLimitExceededException.class);

    inside.succeeded(TokenCounts.of(1, 1));
    first.withdraw();
    insideSecond.succeeded(TokenCounts.of(1, 1));
    second.withdraw();
    assertThatThrownBy(limited.scope(ADA).call(start::get)::admit)
        .isInstanceOf(UsageLimitExceededException.class);
    limited.close();
  }

  private UsageTracker limited(int operations) {
    return UsageTracker.builder(store)
        .buffer(UsageBuffer.none())
        .limits(
            UsageLimiter.builder(store.limits())
                .limits(UsageLimit.forEachUser().operations(operations).perDay().hard())
                .build())
        .build();
  }

  @Test
  void operation_thatIsCountedAlready_isNotAskedForAgain() {
    UsageTracker limited = limited(1);
    try (UsageScope scope = limited.scope(ADA)) {
      TrackedCall outer = limited.start(CHAT, "outer", "m");
      outer.admit();
      TrackedCall beside = limited.start(CHAT, "beside", "m");
      beside.admit();
      beside.succeeded(TokenCounts.of(1, 1));
      TrackedCall inside = outer.inside(CHAT, "a", "m");
      inside.admit();
      inside.succeeded(TokenCounts.of(1, 1));
      outer.withdraw();
    }
    assertThat(store.events())
        .extracting(UsageEvent::outcome)
        .containsExactly(UsageEvent.Outcome.SUCCESS, UsageEvent.Outcome.SUCCESS);
    limited.close();
  }

  @Test
  void operation_whoseOnlyCallWasWithdrawn_isAskedForAgain() {
    UsageTracker limited = limited(1);
    try (UsageScope scope = limited.scope(ADA)) {
      TrackedCall cached = limited.start(CHAT, "outer", "m");
      cached.admit();
      cached.withdraw();
      limited.start(CHAT, "a", "m").admit();
    }
    TrackedCall other = limited.scope(ADA).call(() -> limited.start(CHAT, "a", "m"));
    assertThatThrownBy(other::admit).isInstanceOf(UsageLimitExceededException.class);
    limited.close();
  }

  @Test
  void operation_whoseOnlyCallWasWithdrawn_leavesRoomForAnother() {
    UsageTracker limited = limited(1);
    TrackedCall cached = limited.scope(ADA).call(() -> limited.start(CHAT, "outer", "m"));
    cached.admit();
    cached.withdraw();

    TrackedCall other = limited.scope(ADA).call(() -> limited.start(CHAT, "a", "m"));
    other.admit();

    assertThat(other.hasEnded()).isFalse();
    limited.close();
  }

  @Test
  void carry_takesAlongWhatAnAdapterKnows_andUndoesIt() {
    var log = new ArrayList<String>();
    tracker.carry(
        () -> {
          log.add("captured");
          return () -> {
            log.add("entered");
            return () -> log.add("left");
          };
        });
    Runnable task = tracker.wrap(() -> log.add("run"));
    assertThat(log).containsExactly("captured");
    task.run();
    assertThat(log).containsExactly("captured", "entered", "run", "left");

    log.clear();
    Executor executor = tracker.wrap((Executor) Runnable::run);
    assertThatThrownBy(
            () ->
                executor.execute(
                    () -> {
                      throw new IllegalStateException("task");
                    }))
        .hasMessage("task");
    assertThat(log).containsExactly("captured", "entered", "left");
  }
}
