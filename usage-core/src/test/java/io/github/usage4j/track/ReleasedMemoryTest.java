package io.github.usage4j.track;

import static io.github.usage4j.UsageEvent.Kind.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import java.io.IOException;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is remembered keeps nothing that is no longer needed. */
@Timeout(60)
class ReleasedMemoryTest {

  private static final TokenCounts TEN = TokenCounts.of(10, 1);

  private final ReferenceQueue<Object> collected = new ReferenceQueue<>();
  private final UsageTracker tracker =
      UsageTracker.builder(new InMemoryUsageStore()).buffer(UsageBuffer.none()).build();

  /** Asks for garbage collections until the first of these comes; there may be none to come. */
  private boolean isCollected(Reference<?> reference) throws InterruptedException {
    for (int i = 0; i < 50 && !reference.refersTo(null); i++) {
      System.gc();
      collected.remove(20);
    }
    return reference.refersTo(null);
  }

  /** A call that was told everything by something big, as a conversation is. */
  private WeakReference<Object> toldBySomethingBig(TrackedCall call) {
    Object big = new byte[1000];
    call.describe(event -> Objects.requireNonNull(big));
    call.watch(why -> Objects.requireNonNull(big));
    call.failedUnlessAnswered(new IOException(), event -> Objects.requireNonNull(big));
    return new WeakReference<>(big, collected);
  }

  @Test
  void endedCall_keepsNothingOfWhatItWasToldBy() throws Exception {
    TrackedCall remembered = tracker.start(CHAT, "p", "m");
    WeakReference<Object> big = toldBySomethingBig(remembered);
    TrackedCall open = tracker.start(CHAT, "p", "m");
    WeakReference<Object> stillNeeded = toldBySomethingBig(open);

    remembered.exchanges(List.of(TEN)).succeeded(TEN);

    assertThat(isCollected(big)).isTrue();
    assertThat(stillNeeded.refersTo(null)).isFalse();
    assertThat(remembered.hasEnded()).isTrue();
    open.cancelled(TEN);
  }

  @Test
  void heldCallThatIsReleased_keepsNothingEither() throws Exception {
    TrackedCall remembered = tracker.start(CHAT, "p", "m");
    WeakReference<Object> big = toldBySomethingBig(remembered);

    remembered.end.release();

    assertThat(isCollected(big)).isTrue();
    assertThat(remembered.hasEnded()).isTrue();
  }

  /** A task that submits itself again: each opens a scope in what the one before carried here. */
  private Executor step(Executor carried, List<WeakReference<Operation>> operations) {
    var next = new Executor[1];
    carried.execute(
        () -> {
          try (var scope = tracker.scope(Attribution.organization("acme"))) {
            operations.add(new WeakReference<>(tracker.context().current().operation(), collected));
            tracker.start(CHAT, "p", "m").succeeded(TEN);
            next[0] = tracker.captured();
          }
        });
    return next[0];
  }

  @Test
  void taskThatSubmitsItselfAgain_keepsNoScopeBeforeIt() throws Exception {
    var operations = new java.util.ArrayList<WeakReference<Operation>>();
    Executor carried = Runnable::run;
    for (int i = 0; i < 20; i++) {
      carried = step(carried, operations);
    }

    for (WeakReference<Operation> before : operations.subList(0, 19)) {
      assertThat(isCollected(before)).isTrue();
    }
    Reference.reachabilityFence(carried);
  }

  @Test
  void taskThatRunsAfterAScope_namesItsParent_andIsNoneOfItsChildren() {
    UsageScope first = tracker.scope(Attribution.organization("acme"));
    tracker.start(CHAT, "p", "m").succeeded(TEN);
    Executor carried = tracker.captured();
    first.close();

    carried.execute(
        () -> {
          try (var later = tracker.scope(Attribution.organization("acme"))) {
            var event = tracker.start(CHAT, "p", "m").succeeded(TEN);
            assertThat(event.parentOperationId()).isEqualTo(first.operationId());
            assertThat(later.totalUsage().calls()).isEqualTo(1);
          }
        });

    assertThat(first.totalUsageWithChildren().calls()).isEqualTo(1);
  }

  @Test
  void scopeInAScopeThatIsOver_isAChildOfTheOneAroundThat() {
    UsageSummary sums;
    try (var outer = tracker.scope(Attribution.organization("acme"))) {
      var inner = tracker.scope();
      Executor carried = tracker.captured();
      TrackedCall late = tracker.start(CHAT, "p", "m");
      inner.close();
      carried.execute( // the call is under way: its operation goes on
          () -> tracker.scope().run(() -> tracker.start(CHAT, "p", "m").succeeded(TEN)));
      late.succeeded(TEN);
      carried.execute(
          () -> tracker.scope().run(() -> tracker.start(CHAT, "p", "m").succeeded(TEN)));
      assertThat(inner.totalUsageWithChildren().calls()).isEqualTo(2);
      sums = outer.totalUsageWithChildren();
    }
    assertThat(sums.calls()).isEqualTo(3);
  }
}
