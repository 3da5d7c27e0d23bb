package io.github.usage4j.track;

import static io.github.usage4j.UsageEvent.Kind.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The user stays the one who is logged in; the customer and the flag say for whom. */
@Timeout(60)
class ImpersonationTest {

  private static final Attribution ADA =
      Attribution.organization("acme").user("ada").customer("4711").impersonated(true);

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final UsageTracker tracker =
      UsageTracker.builder(store).buffer(UsageBuffer.none()).attribution(() -> ADA).build();

  private void call() {
    tracker.start(CHAT, "acme-llm", "large").succeeded(TokenCounts.of(1, 1));
  }

  private void assertAllImpersonated(int calls) {
    assertThat(store.events())
        .hasSize(calls)
        .allSatisfy(
            event -> {
              assertThat(event.attribution().user()).isEqualTo("ada");
              assertThat(event.attribution().customer()).isEqualTo("4711");
              assertThat(event.attribution().impersonated()).isTrue();
            });
  }

  @Test
  void resolverAndScopes_passItOn() {
    call();
    tracker.scope().run(this::call);
    tracker.scope(who -> who.category("support")).run(this::call);
    assertAllImpersonated(3);
  }

  @Test
  void callbacksAndNextSteps_passItOn() throws Exception {
    var call = new TrackedCall[1];
    tracker.scope(ADA).run(() -> call[0] = tracker.start(CHAT, "acme-llm", "large"));
    var thread =
        new Thread(
            () -> {
              call[0].succeeded(TokenCounts.of(1, 1));
              call[0].within(this::call);
              call[0].next(CHAT, "acme-llm", "large").succeeded(TokenCounts.of(1, 1));
            });
    thread.start();
    thread.join();
    assertAllImpersonated(3);
  }

  @Test
  void wrappedExecutors_passItOn() throws Exception {
    ExecutorService pool = tracker.wrap(Executors.newSingleThreadExecutor());
    pool.submit(this::call).get();
    tracker.scope(ADA).call(() -> pool.submit(this::call)).get();
    pool.shutdown();
    assertAllImpersonated(2);
  }

  @Test
  void scopeThatEndsIt_endsItForItsCallsOnly() {
    tracker.scope(who -> who.impersonated(false)).run(this::call);
    assertThat(store.events().get(0).attribution().impersonated()).isFalse();
    store.clear();
    call();
    assertAllImpersonated(1);
  }
}
