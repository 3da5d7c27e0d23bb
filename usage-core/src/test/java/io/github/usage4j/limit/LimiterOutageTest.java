package io.github.usage4j.limit;

import static io.github.usage4j.limit.LimiterFixture.ADA;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageException;
import io.github.usage4j.limit.LimiterFixture.Instance;
import io.github.usage4j.track.TrackedCall;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Stores that are away or slow, and what instances think of each other meanwhile. */
class LimiterOutageTest {

  private static final UsageLimit TEAM =
      UsageLimit.forEachOrganization().tokens(100).perMonth().named("team");

  private final LimiterFixture world = new LimiterFixture();

  @Test
  void storeAwayForLong_takesNoLeaseFromAnInstanceThatLives() {
    var away = new AtomicBoolean();
    LimitStore store =
        world.intercepted(
            method -> {
              if (away.get()) {
                throw new UsageException("the database is away", null);
              }
            });
    Instance one = world.instance(store, builder -> builder.limits(TEAM));
    Instance two = world.instance(store, builder -> builder.limits(TEAM));
    TrackedCall underWay = two.tracker().scope(ADA).call(() -> two.start(80, 0));
    one.limiter().tick();
    away.set(true);
    for (int i = 0; i < 5; i++) {
      world.pass(Duration.ofSeconds(10));
      one.limiter().tick();
      two.limiter().tick();
    }
    away.set(false);
    world.pass(Duration.ofSeconds(10));
    one.limiter().tick();
    assertThat(one.calls(ADA, 50)).isFalse(); // the other one has used it, or will
    two.limiter().tick();
    underWay.succeeded(TokenCounts.of(80, 0));
    assertThat(one.calls(ADA, 21)).isFalse();
    assertThat(one.calls(ADA, 20)).isTrue();
    assertThat(world.usedTokens()).isEqualByComparingTo("100");
  }

  @Test
  void instanceThatDied_losesItsLease_alsoAfterTheStoreWasAway() {
    Instance dead = world.instance(TEAM);
    Instance alive = world.instance(TEAM);
    dead.tracker().scope(ADA).run(() -> dead.start(80, 0));
    for (int i = 0; i < 5; i++) {
      world.pass(Duration.ofSeconds(i == 0 ? 60 : 10)); // at first nobody could look
      alive.limiter().tick();
    }
    assertThat(alive.calls(ADA, 100)).isTrue();
  }

  @Test
  void manyCounters_andASlowStore_doNotStopTheBeat() {
    var slow = new AtomicBoolean();
    LimitStore store =
        world.intercepted(
            method -> {
              if (slow.get() && Set.of("open", "lease").contains(method)) {
                world.nanos.addAndGet(Duration.ofSeconds(1).toNanos());
              }
            });
    Instance instance = world.instance(store, builder -> builder.limits(TEAM));
    world.pass(Duration.ofMinutes(11)); // time to look ahead
    instance.limiter().tick();
    for (int again = 0; again < 2; again++) {
      for (int i = 0; i < 20; i++) {
        instance.call(Attribution.organization("org-" + i), 1, 0);
      }
      assertThat(instance.calls(ADA, 1)).isTrue();
      world.pass(again == 0 ? Duration.ofMinutes(11) : Duration.ofSeconds(61)); // then: all idle
      slow.set(true);
      instance.limiter().tick();
      slow.set(false);
      assertThat(instance.calls(ADA, 1)).isTrue();
    }
  }

  @Test
  void leasesThatWereLost_freeNoRate_andNoCallUnderWay() {
    Instance paused =
        world.instance(
            TEAM,
            UsageLimit.forEachUser().callsAtOnce(1).named("slots"),
            UsageLimit.forEachOrganization().calls(2).perHour().named("rate"));
    Instance alive = world.instance(TEAM);
    TrackedCall underWay = paused.tracker().scope(ADA).call(() -> paused.start(1, 0));
    alive.limiter().tick();
    for (int i = 0; i < 4; i++) {
      world.pass(Duration.ofSeconds(10));
      alive.limiter().tick();
    }
    paused.limiter().tick(); // it was taken for dead
    assertThat(paused.calls(ADA, 1)).isFalse();
    assertThat(paused.calls(ADA.user("bob"), 1)).isTrue();
    assertThat(paused.calls(ADA.user("eve"), 1)).isFalse(); // two in this hour
    underWay.succeeded(TokenCounts.of(1, 0));
    assertThat(paused.limiter().counters()).isPositive();
  }
}
