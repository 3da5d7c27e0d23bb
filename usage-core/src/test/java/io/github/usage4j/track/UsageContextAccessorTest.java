package io.github.usage4j.track;

import static io.github.usage4j.UsageEvent.Kind.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.micrometer.context.ContextExecutorService;
import io.micrometer.context.ContextRegistry;
import io.micrometer.context.ContextSnapshot;
import io.micrometer.context.ContextSnapshotFactory;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Micrometer's own snapshots and executors carry a scope, and leave nothing behind. */
@Timeout(60)
class UsageContextAccessorTest {

  private static final Attribution ACME = Attribution.organization("acme").user("ada");
  private static final Attribution OTHER = Attribution.organization("other");

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final UsageTracker tracker = tracker();
  private final ContextRegistry registry = new ContextRegistry();
  private final ContextSnapshotFactory snapshots =
      ContextSnapshotFactory.builder().contextRegistry(registry).clearMissing(true).build();
  private final ExecutorService bare = Executors.newSingleThreadExecutor();
  private final ExecutorService pool = ContextExecutorService.wrap(bare, snapshots::captureAll);

  UsageContextAccessorTest() {
    registry.registerThreadLocalAccessor(UsageContextAccessor.of(tracker));
  }

  private UsageTracker tracker() {
    return UsageTracker.builder(store).buffer(UsageBuffer.none()).build();
  }

  @AfterEach
  void stop() {
    bare.shutdownNow();
  }

  private Attribution on(ExecutorService executor) throws Exception {
    return executor.submit(tracker::currentAttribution).get();
  }

  @Test
  void task_isAStepOfTheScopeThatSubmitsIt_andLeavesNothing() throws Exception {
    UsageScope scope = tracker.scope(ACME);
    try (scope) {
      pool.submit(() -> tracker.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1))).get();
    }
    UsageEvent event = store.events().get(0);
    assertThat(event.attribution()).isEqualTo(ACME);
    assertThat(event.operationId()).isEqualTo(scope.operationId());
    assertThat(on(bare)).isEqualTo(Attribution.NONE);
    assertThat(on(pool)).isEqualTo(Attribution.NONE);
  }

  @Test
  void snapshot_outlivesItsScope_andHidesWhatIsOpenElsewhere() {
    ContextSnapshot snapshot = tracker.scope(ACME).call(snapshots::captureAll);
    try (UsageScope other = tracker.scope(OTHER)) {
      try (ContextSnapshot.Scope restored = snapshot.setThreadLocals()) {
        assertThat(restored).isNotNull();
        assertThat(tracker.currentAttribution()).isEqualTo(ACME);
        tracker.scope(OTHER); // left open by mistake
      }
      assertThat(tracker.currentAttribution()).isEqualTo(OTHER);
      assertThat(other.attribution()).isEqualTo(OTHER);
    }
    assertThat(tracker.currentAttribution()).isEqualTo(Attribution.NONE);
  }

  @Test
  void emptySnapshot_clearsAndRestores() {
    ContextSnapshot empty = snapshots.captureAll();
    try (UsageScope scope = tracker.scope(ACME)) {
      try (ContextSnapshot.Scope restored = empty.setThreadLocals()) {
        assertThat(restored).isNotNull();
        assertThat(tracker.currentAttribution()).isEqualTo(Attribution.NONE);
      }
      assertThat(tracker.currentAttribution()).isEqualTo(scope.attribution());
    }
  }

  @Test
  void suspendedScope_isCarriedToo() throws Exception {
    try (UsageScope scope = tracker.suspended()) {
      assertThat(scope.attribution()).isEqualTo(Attribution.NONE);
      pool.submit(() -> tracker.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1))).get();
    }
    assertThat(store.events()).isEmpty();
  }

  @Test
  void twoTrackers_areCarriedApart_andOneIsRegisteredOnce() throws Exception {
    UsageTracker second = tracker();
    registry.registerThreadLocalAccessor(UsageContextAccessor.of(second));
    registry.registerThreadLocalAccessor(UsageContextAccessor.of(tracker));
    assertThat(registry.getThreadLocalAccessors()).hasSize(2);

    try (UsageScope one = tracker.scope(ACME);
        UsageScope two = second.scope(OTHER)) {
      assertThat(on(pool)).isEqualTo(one.attribution());
      assertThat(pool.submit(second::currentAttribution).get()).isEqualTo(two.attribution());
    }
  }

  @Test
  void foreignValue_changesNothing() {
    UsageContextAccessor accessor = UsageContextAccessor.of(tracker);
    try (UsageScope scope = tracker.scope(ACME)) {
      accessor.setValue("something else");
      accessor.restore("something else");
      assertThat(tracker.currentAttribution()).isEqualTo(scope.attribution());
    }
  }

  /** Loads everything anew, but for Micrometer. */
  private static final class WithoutMicrometer extends ClassLoader {
    WithoutMicrometer() {
      super(ClassLoader.getPlatformClassLoader());
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      String file = name.replace('.', '/') + ".class";
      try (InputStream in =
          name.startsWith("io.micrometer.")
              ? null
              : UsageContextAccessorTest.class.getClassLoader().getResourceAsStream(file)) {
        if (in == null) {
          throw new ClassNotFoundException(name);
        }
        byte[] bytes = in.readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }

  /** Runs inside that loader. */
  public static final class Probe implements Supplier<String> {
    @Override
    public String get() {
      var store = new InMemoryUsageStore();
      // that loader has classes only, and no resources
      try (var tracker =
          UsageTracker.builder(store)
              .buffer(UsageBuffer.none())
              .prices(PriceCatalog.none())
              .build()) {
        tracker
            .scope(Attribution.organization("acme"))
            .run(() -> tracker.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1)));
      }
      return store.events().get(0).attribution().organization();
    }
  }

  @Test
  void micrometerAbsent_isNotMissed() throws Exception {
    Object probe =
        new WithoutMicrometer()
            .loadClass(Probe.class.getName())
            .getDeclaredConstructor()
            .newInstance();
    assertThat(((Supplier<?>) probe).get()).isEqualTo("acme");
  }
}
