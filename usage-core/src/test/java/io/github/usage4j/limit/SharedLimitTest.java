package io.github.usage4j.limit;

import static io.github.usage4j.limit.LimiterFixture.ADA;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import io.github.usage4j.limit.LimiterFixture.Instance;
import io.github.usage4j.limit.UsageLimiter.WhenUnavailable;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Several instances of an application share a limit, and some of them die. */
class SharedLimitTest {

  private static final Scope ACME = new Scope(Subject.ORGANIZATION, "acme", null, null, null);

  private final LimiterFixture world = new LimiterFixture();

  private static UsageLimit team(long tokens) {
    return UsageLimit.forOrganization("acme").tokens(tokens).perMonth().named("team");
  }

  private void concurrently(int threads, Callable<Void> task) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      var tasks = new ArrayList<Callable<Void>>();
      for (int i = 0; i < threads; i++) {
        tasks.add(task);
      }
      for (Future<Void> done : pool.invokeAll(tasks)) {
        done.get();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void instances_neverPassALimit_howeverCallsEnd() throws Exception {
    List<Instance> instances =
        List.of(
            world.instance(team(100_000)),
            world.instance(team(100_000)),
            world.instance(team(100_000)));
    var seed = new AtomicInteger();
    concurrently(
        6,
        () -> {
          var random = new Random(seed.incrementAndGet());
          for (int i = 0; i < 2000; i++) {
            Instance instance = instances.get(random.nextInt(3));
            long expected = 1 + random.nextInt(100);
            try {
              instance.call(ADA, expected, 0, random.nextLong(expected + 1), 0);
            } catch (UsageLimitExceededException e) {
              assertThat(e.reason()).isEqualTo(UsageLimitExceededException.Reason.EXHAUSTED);
            }
          }
          return null;
        });
    BigDecimal used = world.usedTokens();
    assertThat(used).isBetween(BigDecimal.valueOf(99_000), BigDecimal.valueOf(100_000));
    LimitStatus status = instances.get(0).limiter().status(ADA).get(0);
    assertThat(status.used()).isEqualByComparingTo(used);
    // What nobody uses is given back: the last one takes all that is left.
    world.pass(Duration.ofSeconds(5));
    for (Instance instance : instances) {
      instance.limiter().tick();
      instance.limiter().close();
    }
    Instance last = world.instance(team(100_000));
    long left = 100_000 - used.longValueExact();
    assertThat(left == 0 || last.calls(ADA, left)).isTrue();
    assertThat(last.calls(ADA, 1)).isFalse();
  }

  @Test
  void deadInstance_losesItsLease_afterTheLeaseTime() {
    Instance dead = world.instance(team(100));
    Instance alive = world.instance(team(100));
    dead.call(ADA, 10, 0);
    dead.tracker().scope(ADA).run(() -> dead.start(80, 0)); // under way when it dies
    alive.limiter().tick();
    assertThat(alive.calls(ADA, 50)).isFalse();
    for (int i = 0; i < 4; i++) {
      world.pass(Duration.ofSeconds(10));
      alive.limiter().tick();
    }
    assertThat(alive.calls(ADA, 90)).isTrue();
    assertThat(alive.calls(ADA, 1)).isFalse();
    assertThat(world.usedTokens()).isEqualByComparingTo("100");
  }

  @Test
  void instanceThatWasTakenForDead_stopsGranting_beforeOthersTakeItsLease() {
    Instance paused = world.instance(team(100_000));
    Instance alive = world.instance(team(100_000));
    assertThat(paused.calls(ADA, 10)).isTrue();
    alive.limiter().tick();
    world.pass(Duration.ofSeconds(14));
    assertThat(paused.calls(ADA, 10)).isTrue();
    world.pass(Duration.ofSeconds(1));
    assertThat(paused.calls(ADA, 10)).isFalse();
    alive.limiter().tick();
    for (int i = 0; i < 3; i++) {
      world.pass(Duration.ofSeconds(10));
      alive.limiter().tick();
    }
    paused.limiter().tick(); // it learns that its leases are gone, and begins anew
    assertThat(paused.calls(ADA, 10)).isTrue();
    assertThat(world.metrics.anomalies).containsKey(Anomaly.LIMIT_STORE_UNAVAILABLE);
    assertThat(paused.limiter().status(ADA).get(0).used()).isEqualByComparingTo("30");
  }

  /** A store that fails when a test says so. */
  private LimitStore failing(AtomicBoolean fails) {
    return world.intercepted(
        method -> {
          if (fails.get()) {
            throw new UsageException("the database is away", null);
          }
        });
  }

  @Test
  void storeAway_refuses_onceTheLeaseIsUsedUp_andComesBack() {
    var fails = new AtomicBoolean();
    Instance instance = world.instance(failing(fails), builder -> builder.limits(team(1600)));
    assertThat(instance.calls(ADA, 10)).isTrue();
    fails.set(true);
    int more = 0;
    while (instance.calls(ADA, 1)) {
      more++;
    }
    assertThat(more).isPositive().isLessThan(100);
    UsageLimitExceededException refused =
        catchThrowableOfType(UsageLimitExceededException.class, () -> instance.call(ADA, 50, 0));
    assertThat(refused.reason()).isEqualTo(UsageLimitExceededException.Reason.STORE_AWAY);
    assertThat(refused.httpStatus()).isEqualTo(503);
    fails.set(false);
    world.pass(Duration.ofSeconds(2));
    assertThat(instance.calls(ADA, 50)).isTrue();
  }

  /** A store that does what it is asked, but whose answer is lost when a test says so. */
  private LimitStore losingAnswers(AtomicBoolean loses) {
    LimitStore real = world.store.limits();
    return (LimitStore)
        Proxy.newProxyInstance(
            LimitStore.class.getClassLoader(),
            new Class<?>[] {LimitStore.class},
            (proxy, method, arguments) -> {
              Object answer = method.invoke(real, arguments);
              if (loses.get() && method.getName().equals("lease")) {
                throw new UsageException("the connection broke after the commit", null);
              }
              return answer;
            });
  }

  /** Nobody has anything in use: another instance may take all that is left. */
  private void assertAllCanBeTaken(Instance idle, long left) {
    world.pass(Duration.ofSeconds(2));
    idle.limiter().tick();
    Instance other = world.instance(team(1600));
    assertThat(other.calls(ADA, left)).isTrue();
    assertThat(other.calls(ADA, 1)).isFalse();
  }

  @Test
  void storeAway_whileAnIdleCounterGoes_keepsNothingFromOthers() {
    var fails = new AtomicBoolean();
    Instance instance = world.instance(failing(fails), builder -> builder.limits(team(1600)));
    assertThat(instance.calls(ADA, 10)).isTrue();
    fails.set(true);
    for (int i = 0; i < 3; i++) {
      world.pass(Duration.ofSeconds(61));
      instance.limiter().tick();
    }
    fails.set(false);
    assertAllCanBeTaken(instance, 1590);
  }

  @Test
  void leaseOfWhichNothingWasHeard_isGivenBackByAnIdleCounter() {
    var loses = new AtomicBoolean(true);
    Instance instance = world.instance(losingAnswers(loses), builder -> builder.limits(team(1600)));
    assertThat(instance.calls(ADA, 10)).isFalse();
    loses.set(false);
    world.pass(Duration.ofSeconds(61));
    instance.limiter().tick();
    assertAllCanBeTaken(instance, 1600);
  }

  @Test
  void givingBack_ofWhichNothingWasHeard_lendsNothingTwice() {
    var loses = new AtomicBoolean();
    Instance instance = world.instance(losingAnswers(loses), builder -> builder.limits(team(1600)));
    assertThat(instance.calls(ADA, 10)).isTrue();
    loses.set(true);
    world.pass(Duration.ofSeconds(61));
    instance.limiter().tick();
    Instance other = world.instance(team(1600));
    assertThat(other.calls(ADA, 1590)).isTrue();
    assertThat(instance.calls(ADA, 1)).isFalse();
    assertThat(world.usedTokens()).isEqualByComparingTo("1600");
  }

  @Test
  void storeAway_letsThrough_whereThatIsThePolicy_andCountsIt() {
    var fails = new AtomicBoolean(true);
    Instance instance =
        world.instance(
            failing(fails),
            builder -> builder.limits(team(10)).whenUnavailable(WhenUnavailable.ALLOW));
    assertThat(instance.calls(ADA, 8)).isTrue();
    assertThat(instance.calls(ADA, 8)).isTrue();
    assertThat(world.metrics.anomalies).containsKey(Anomaly.LIMIT_STORE_UNAVAILABLE);
    fails.set(false);
    world.pass(Duration.ofSeconds(10));
    instance.limiter().tick();
    assertThat(instance.calls(ADA, 1)).isFalse();
    assertThat(instance.limiter().status(ADA).get(0).used()).isEqualByComparingTo("16");
  }

  @Test
  void alerts_areStoredOnce_under200CrossingsOverTwoInstances_andAgainNextMonth() throws Exception {
    var told = new ConcurrentLinkedQueue<UUID>();
    List<Instance> instances =
        List.of(
            world.instance(b -> b.limits(team(160)).onAlert(a -> told.add(a.id()))),
            world.instance(b -> b.limits(team(160)).onAlert(a -> told.add(a.id()))));
    for (String month : List.of("2026-11-21T12:00:00Z", "2026-12-21T12:00:00Z")) {
      world.time.set(Instant.parse(month));
      var turn = new AtomicInteger();
      concurrently(
          20,
          () -> {
            for (int i = 0; i < 10; i++) {
              instances.get(turn.getAndIncrement() % 2).calls(ADA, 1);
            }
            return null;
          });
    }
    instances.forEach(instance -> instance.limiter().tick());
    assertThat(world.usedTokens()).isEqualByComparingTo("320");
    List<UsageAlert> alerts = world.store.limits().alerts(ACME, 100);
    assertThat(alerts).extracting(UsageAlert::threshold).containsExactly(100, 90, 75, 100, 90, 75);
    assertThat(alerts).extracting(UsageAlert::id).allMatch(told::contains);
    Instance restarted = world.instance(team(160));
    assertThat(restarted.limiter().acknowledge(alerts.get(0).id(), "ada")).isTrue();
    assertThat(world.instance(team(160)).limiter().alerts(ACME, 1).get(0).acknowledgedBy())
        .isEqualTo("ada");
  }

  @Test
  void alert_isToldAgain_toAListenerThatThrew() {
    var told = new ArrayList<UUID>();
    var throwing = new AtomicBoolean(true);
    Instance instance =
        world.instance(
            b ->
                b.limits(team(100))
                    .onAlert(
                        alert -> {
                          told.add(alert.id());
                          if (throwing.get()) {
                            throw new IllegalStateException("mail server away");
                          }
                        }));
    instance.call(ADA, 80, 0);
    assertThat(told).hasSize(1);
    throwing.set(false);
    instance.limiter().tick();
    instance.limiter().tick();
    assertThat(told).hasSize(2).containsOnly(told.get(0));
  }

  @Test
  void projection_isAlertedOnce_beforeTheLimitIsReached() {
    var messages = new ArrayList<String>();
    Instance instance =
        world.instance(b -> b.limits(team(1000)).onAlert(alert -> messages.add(alert.message())));
    instance.call(ADA, 720, 0); // 720 in 20.5 of 30 days
    instance.limiter().tick();
    assertThat(messages).isEmpty();
    world.pass(Duration.ofMinutes(11));
    instance.limiter().tick();
    instance.call(ADA, 1, 0);
    world.pass(Duration.ofMinutes(11));
    instance.limiter().tick();
    assertThat(messages).hasSize(1);
    assertThat(messages.get(0)).contains("will probably be exceeded");
  }

  @Test
  void anomaly_isAlerted_whereADayUsedManyTimesTheUsual() {
    var types = new ArrayList<UsageAlert.Type>();
    Instance instance =
        world.instance(b -> b.limits(team(1_000_000)).onAlert(alert -> types.add(alert.type())));
    for (int day = 0; day < 7; day++) {
      instance.call(ADA, 1000, 0);
      world.pass(Duration.ofDays(1));
      instance.limiter().tick();
    }
    assertThat(types).isEmpty();
    instance.call(ADA, 30_000, 0);
    world.pass(Duration.ofDays(1));
    instance.limiter().tick();
    instance.call(ADA, 1, 0);
    world.pass(Duration.ofMinutes(11));
    instance.limiter().tick();
    assertThat(types).containsExactly(UsageAlert.Type.ANOMALY);
  }

  @Test
  void alertsThatAListenerAlwaysRefuses_holdUpNoOthers() {
    var told = new ArrayList<String>();
    Instance instance =
        world.instance(
            builder ->
                builder
                    .limits(team(1_000_000))
                    .onAlert(
                        alert -> {
                          if (alert.key().limit().startsWith("gone")) {
                            throw new IllegalStateException("nobody to tell");
                          }
                          told.add(alert.key().limit());
                        }));
    LimitStore limits = world.store.limits();
    for (int i = 0; i < 250; i++) {
      world.pass(Duration.ofMillis(1));
      limits.raise(alert("gone-" + i));
    }
    world.pass(Duration.ofMillis(1));
    limits.raise(alert("here"));
    for (int i = 0; i < 5; i++) {
      instance.limiter().tick();
    }
    assertThat(told).containsExactly("here");
  }

  private UsageAlert alert(String limit) {
    LimitKey key =
        UsageLimit.forOrganization("acme")
            .tokens(9)
            .inTotal()
            .named(limit)
            .key(ACME, BillingPeriod.lifetime());
    return UsageAlert.reached(key, 75, BigDecimal.ONE, BigDecimal.TEN, world.time.get());
  }
}
