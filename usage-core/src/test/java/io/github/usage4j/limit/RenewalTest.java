package io.github.usage4j.limit;

import static io.github.usage4j.limit.LimiterFixture.ADA;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageException;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import io.github.usage4j.limit.LimiterFixture.Instance;
import io.github.usage4j.limit.UsageLimitExceededException.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Limits over billing periods, which somebody else begins. */
class RenewalTest {

  private static final Scope ACME = new Scope(Subject.ORGANIZATION, "acme", null, null, null);
  private static final UsageLimit PLAN =
      UsageLimit.forEachOrganization().tokens(100).perBillingPeriod().named("plan");

  private final LimiterFixture world = new LimiterFixture();

  private Instant now() {
    return world.time.get();
  }

  @Test
  void renewedPeriod_alertsNoMore_whateverIsUsedInTheNext() {
    Instance instance = world.instance(PLAN);
    instance.call(ADA, 70, 0); // before anything was known of periods
    for (int i = 1; i <= 3; i++) {
      world.pass(Duration.ofHours(1));
      instance.limiter().tick();
      instance.limiter().openPeriod("acme", now(), "sub-" + i);
      instance.call(ADA, 70, 0);
    }
    assertThat(instance.limiter().alerts(ACME, 10)).isEmpty();
    instance.call(ADA, 5, 0);
    assertThat(instance.limiter().alerts(ACME, 10)).hasSize(1);
  }

  @Test
  void limitInTotal_alerts_whateverPeriodsBegin() {
    Instance instance =
        world.instance(UsageLimit.forEachOrganization().tokens(100).inTotal().named("trial"));
    instance.call(ADA, 70, 0);
    instance.limiter().openPeriod("acme", now(), "sub-1");
    instance.call(ADA, 10, 0);
    assertThat(instance.limiter().alerts(ACME, 10)).hasSize(1);
  }

  @Test
  void periodAnnouncedAhead_keepsAddOns_andAlertsNotAgain() {
    Instance instance = world.instance(PLAN);
    instance.limiter().openPeriod("acme", now(), "sub-1");
    assertThat(instance.limiter().grant("plan", ADA, 100, "invoice-1")).isTrue();
    instance.call(ADA, 160, 0);
    assertThat(instance.limiter().alerts(ACME, 10)).hasSize(1);

    Instant next = now().plus(Duration.ofDays(20));
    instance.limiter().openPeriod("acme", next, "sub-2");
    assertThat(instance.calls(ADA, 10)).isTrue();
    LimitStatus status = instance.limiter().status(ADA).get(0);
    assertThat(status.addOns()).isEqualByComparingTo("100");
    assertThat(status.resetsAt()).isEqualTo(next);
    assertThat(instance.limiter().alerts(ACME, 10)).hasSize(1);
    assertThat(instance.limiter().grant("plan", ADA, 100, "invoice-1")).isFalse();
  }

  @Test
  void periodThatCannotBeAskedFor_isTheOneKnown_neverAllTime() {
    var fails = new AtomicBoolean();
    LimitStore store =
        world.intercepted(
            method -> {
              if (fails.get() && method.equals("periodAt")) {
                throw new UsageException("the statement was cancelled", null);
              }
            });
    Instance instance = world.instance(store, builder -> builder.limits(PLAN));
    instance.call(ADA, 95, 0);
    world.pass(Duration.ofHours(1));
    instance.limiter().tick();
    instance.limiter().openPeriod("acme", now(), "sub-1");
    instance.call(ADA, 10, 0);

    fails.set(true);
    world.pass(Duration.ofSeconds(11));
    instance.limiter().tick();
    assertThat(instance.calls(ADA, 10)).isTrue();

    Attribution other = Attribution.organization("globex");
    UsageLimitExceededException refused =
        catchThrowableOfType(UsageLimitExceededException.class, () -> instance.call(other, 1, 0));
    assertThat(refused.reason()).isEqualTo(Reason.STORE_AWAY);
    assertThatThrownBy(() -> instance.limiter().grant("plan", other, 5, "invoice-2"))
        .isInstanceOf(UsageException.class);
    assertThatThrownBy(() -> instance.limiter().status(other)).isInstanceOf(UsageException.class);

    fails.set(false);
    world.pass(Duration.ofSeconds(2));
    assertThat(instance.calls(other, 1)).isTrue();
    assertThat(instance.limiter().alerts(ACME, 10)).isNotEmpty().hasSize(1); // of the first 95
  }

  @Test
  void startThatNoPeriodCanHave_isRefused_andLeavesNothing() {
    Instance instance = world.instance(PLAN);
    for (Instant start :
        new Instant[] {Instant.parse("1969-12-31T23:59:59Z"), Instant.MAX, Instant.MIN}) {
      assertThatThrownBy(() -> instance.limiter().openPeriod("acme", start, "sub-1"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("start")
          .hasMessageContaining(start.toString());
    }
    assertThat(instance.calls(ADA, 100)).isTrue();
    assertThat(instance.calls(ADA, 1)).isFalse();
  }
}
