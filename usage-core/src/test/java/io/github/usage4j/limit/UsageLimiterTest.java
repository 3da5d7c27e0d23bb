package io.github.usage4j.limit;

import static io.github.usage4j.limit.LimiterFixture.ADA;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.limit.LimiterFixture.Instance;
import io.github.usage4j.limit.UsageLimit.Admission;
import io.github.usage4j.limit.UsageLimit.Unpriced;
import io.github.usage4j.limit.UsageLimitExceededException.Reason;
import io.github.usage4j.track.TrackedCall;
import io.github.usage4j.track.UsageScope;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class UsageLimiterTest {

  private static final UsageLimit TEAM =
      UsageLimit.forOrganization("acme").tokens(100).perMonth().named("team");

  private final LimiterFixture world = new LimiterFixture();

  private static UsageLimitExceededException refusal(Instance instance, long in, long out) {
    return catchThrowableOfType(
        UsageLimitExceededException.class, () -> instance.call(ADA, in, out));
  }

  /** How many of so many calls are let through. */
  private static int allowed(Instance instance, int calls) {
    int allowed = 0;
    for (int i = 0; i < calls; i++) {
      allowed += instance.calls(ADA, 1) ? 1 : 0;
    }
    return allowed;
  }

  @Test
  void call_withinTheLimit_goesThrough_andTheNextIsRefused() {
    Instance instance = world.instance(TEAM);
    instance.call(ADA, 60, 20);
    UsageLimitExceededException refused = refusal(instance, 20, 1);

    assertThat(refused.reason()).isEqualTo(Reason.EXHAUSTED);
    assertThat(refused.httpStatus()).isEqualTo(429);
    assertThat(refused.retryAfter())
        .isEqualTo(Duration.between(world.time.get(), Instant.parse("2026-12-01T00:00:00Z")));
    assertThat(refused).hasMessageContaining("'team'").hasMessageContaining("80 of 100 tokens");
    assertThat(refused.toJson())
        .contains("\"limit\":\"team\"", "\"used\":\"80\"", "\"allowed\":\"100\"")
        .contains("\"resetsAt\":\"2026-12-01T00:00:00Z\"");
    assertThat(world.store.events())
        .extracting(UsageEvent::outcome)
        .containsExactly(Outcome.SUCCESS, Outcome.REFUSED);
    assertThat(world.store.events().get(1).tokens()).isEqualTo(TokenCounts.UNKNOWN);
    assertThat(world.store.events().get(1).opensOperation()).isFalse();
    instance.call(ADA, 20, 0);
    assertThat(world.usedTokens()).isEqualByComparingTo("100");
    assertThat(instance.limiter().unwritten()).isZero();
  }

  @Test
  void call_thatUsesLessThanReserved_leavesTheRestToOthers() {
    Instance instance = world.instance(TEAM);
    for (int i = 0; i < 5; i++) {
      instance.call(ADA, 50, 0, 10, 0);
    }
    assertThat(instance.calls(ADA, 51)).isFalse();
    world.pass(Duration.ofSeconds(1));
    assertThat(instance.calls(ADA, 50)).isTrue();
    assertThat(world.usedTokens()).isEqualByComparingTo("100");
  }

  @Test
  void call_thatUsesMoreThanReserved_isCounted_andStopsTheNext() {
    Instance instance = world.instance(TEAM);
    instance.call(ADA, 10, 0, 150, 0);
    assertThat(instance.calls(ADA, 1)).isFalse();
    assertThat(instance.limiter().status(ADA).get(0).used()).isEqualByComparingTo("150");
    assertThat(instance.limiter().status(ADA).get(0).level()).isEqualTo(LimitStatus.Level.EXCEEDED);
    assertThat(instance.limiter().status(ADA).get(0).remaining()).isEqualByComparingTo("0");
  }

  @Test
  void call_underWay_holdsWhatItReserved_untilItEnds() {
    Instance instance = world.instance(TEAM);
    try (UsageScope scope = instance.tracker().scope(ADA)) {
      TrackedCall open = instance.start(90, 0);
      assertThat(instance.calls(ADA, 20)).isFalse();
      open.failed(new IllegalStateException());
      assertThat(scope.events()).hasSize(1);
    }
    world.pass(Duration.ofSeconds(1));
    assertThat(instance.calls(ADA, 20)).isTrue();
  }

  @Test
  void everyApplicableLimit_mustPass_andNoneKeepsWhatAnotherRefused() {
    UsageLimit user = UsageLimit.forEachUser().tokens(30).perDay().named("user");
    Instance instance = world.instance(TEAM, user);
    assertThat(instance.calls(ADA, 40)).isFalse();
    assertThat(instance.calls(ADA.user("bob"), 30)).isTrue();
    assertThat(instance.calls(ADA.user("cleo"), 30)).isTrue();
    assertThat(instance.calls(ADA.user("dan"), 30)).isTrue();
    assertThat(instance.calls(ADA.user("eve"), 30)).isFalse();
    assertThat(instance.calls(ADA, 10)).isTrue();
    assertThat(world.usedTokens()).isEqualByComparingTo("100");
  }

  @Test
  void nextPeriod_hasAllOfIt_andNothingIsReset() {
    Instance instance = world.instance(TEAM);
    instance.call(ADA, 100, 0);
    assertThat(instance.calls(ADA, 1)).isFalse();
    world.time.set(Instant.parse("2026-12-01T00:00:00Z"));
    assertThat(instance.calls(ADA, 100)).isTrue();
    LimitStatus status = instance.limiter().status(ADA).get(0);
    assertThat(status.used()).isEqualByComparingTo("100");
    assertThat(status.lifetime()).isEqualByComparingTo("200");
    assertThat(status.blocked()).isTrue();
    assertThat(status.resetsAt()).isEqualTo(Instant.parse("2027-01-01T00:00:00Z"));
  }

  @Test
  void wholeOperation_thatHasBegun_isFinished() {
    Instance instance =
        world.instance(
            UsageLimit.forEachUser()
                .calls(2)
                .perDay()
                .admission(Admission.WHOLE_OPERATION)
                .named("u"));
    instance
        .tracker()
        .scope(ADA)
        .run(
            () -> {
              for (int i = 0; i < 5; i++) {
                instance.start(1, 1).succeeded(TokenCounts.of(1, 1));
              }
            });
    assertThat(instance.calls(ADA, 1)).isFalse();
    assertThat(world.store.events()).hasSize(6);
  }

  @Test
  void operations_areCountedOnce_howeverManyCallsTheyMake() {
    Instance instance = world.instance(UsageLimit.forEachUser().operations(2).perDay());
    for (int operation = 0; operation < 2; operation++) {
      instance
          .tracker()
          .scope(ADA)
          .run(
              () -> {
                for (int i = 0; i < 3; i++) {
                  instance.start(1, 1).succeeded(TokenCounts.of(1, 1));
                }
              });
    }
    assertThat(instance.calls(ADA, 1)).isFalse();
    assertThat(world.store.events()).hasSize(7);
  }

  @Test
  void costLimit_reservesAtThePrice_andRefusesWhatHasNone() {
    Instance instance =
        world.instance(UsageLimit.forEachUser().cost("0.000100", "USD").perDay().named("money"));
    instance.call(ADA, 20, 10); // 40 millionths
    assertThat(refusal(instance, 21, 20).reason()).isEqualTo(Reason.EXHAUSTED);
    instance.call(ADA, 20, 20);
    UsageLimitExceededException refused =
        catchThrowableOfType(
            UsageLimitExceededException.class,
            () ->
                instance
                    .tracker()
                    .scope(ADA)
                    .run(
                        () ->
                            instance
                                .tracker()
                                .start(Kind.CHAT, "acme-llm", "secret", TokenCounts.of(1, 1))));
    assertThat(refused.reason()).isEqualTo(Reason.UNPRICED);
    assertThat(refused).hasMessageContaining("price");
  }

  @Test
  void costLimit_inAnotherCurrencyThanThePrices_refuses_orCountsNothingIfAllowed() {
    UsageLimit euros = UsageLimit.forEachUser().cost("1", "EUR").perDay().named("euros");
    assertThat(refusal(world.instance(euros), 1, 1).reason()).isEqualTo(Reason.UNPRICED);
    Instance lenient = world.instance(euros.onUnpriced(Unpriced.ALLOW));
    assertThat(lenient.calls(ADA, 1)).isTrue();
    assertThat(lenient.limiter().status(ADA).get(0).used()).isEqualByComparingTo("0");
  }

  @Test
  void observeOnly_refusesNothing_andCounts() {
    Instance instance = world.instance(TEAM.observeOnly());
    for (int i = 0; i < 5; i++) {
      instance.call(ADA, 50, 0);
    }
    LimitStatus status = instance.limiter().status(ADA).get(0);
    assertThat(status.used()).isEqualByComparingTo("250");
    assertThat(status.percent()).isEqualTo(250);
    assertThat(status.blocked()).isFalse();
  }

  @Test
  void softLimit_refusesOnce_whatIsKnownIsUsedUp() {
    Instance instance =
        world.instance(UsageLimit.forEachUser().tokens(100).perRollingDays(7).named("week"));
    assertThat(instance.calls(ADA, 60)).isTrue();
    assertThat(instance.calls(ADA, 60)).isFalse();
    world.pass(Duration.ofDays(7));
    instance.limiter().tick();
    assertThat(instance.calls(ADA, 60)).isTrue();
  }

  @Test
  void softLimit_learnsOfOtherInstances_withinTenSeconds() {
    Instance one = world.instance(TEAM.soft());
    Instance two = world.instance(TEAM.soft());
    one.call(ADA, 10, 0);
    two.call(ADA, 90, 0);
    world.pass(Duration.ofSeconds(10));
    assertThat(one.calls(ADA, 5)).isFalse();
  }

  @Test
  void grant_makesRoom_onceForEachReference() {
    Instance instance = world.instance(TEAM);
    instance.call(ADA, 100, 0);
    assertThat(instance.calls(ADA, 50)).isFalse();
    assertThat(instance.limiter().grant("team", ADA, 50, "invoice-1")).isTrue();
    assertThat(instance.limiter().grant("team", ADA, 50, "invoice-1")).isFalse();
    assertThat(instance.calls(ADA, 50)).isTrue();
    assertThat(instance.calls(ADA, 1)).isFalse();
    assertThat(instance.limiter().status(ADA).get(0).addOns()).isEqualByComparingTo("50");
    assertThatThrownBy(() -> instance.limiter().grant("other", ADA, 1, "x"))
        .hasMessageContaining("'other'");
    assertThatThrownBy(() -> instance.limiter().grant("team", ADA, 0, "x"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void changedLimit_takesEffectAtOnceHere_soonElsewhere_andKeepsWhatWasUsed() {
    Instance one = world.instance(TEAM);
    Instance two = world.instance(TEAM);
    one.call(ADA, 80, 0);
    one.limiter().put(TEAM.named("team"), "admin");
    UsageLimit less = UsageLimit.forOrganization("acme").tokens(85).perMonth().named("team");
    one.limiter().put(less, "admin");
    assertThat(one.calls(ADA, 10)).isFalse();
    world.pass(Duration.ofSeconds(10));
    two.limiter().tick();
    assertThat(two.calls(ADA, 10)).isFalse();
    assertThat(two.limiter().status(ADA).get(0).used()).isEqualByComparingTo("80");
    UsageLimit more = UsageLimit.forOrganization("acme").tokens(200).perMonth().named("team");
    two.limiter().put(more, "admin");
    assertThat(two.calls(ADA, 100)).isTrue();
    assertThat(two.limiter().changes("team")).hasSize(3);
  }

  @Test
  void limitThatNamesTheCaller_appliesInPlaceOfTheOneForEach() {
    Instance instance =
        world.instance(
            UsageLimit.forEachUser().calls(1).perDay().named("calls"),
            UsageLimit.forUser("acme", "ada").calls(3).perDay().named("calls"));
    assertThat(allowed(instance, 3)).isEqualTo(3);
    assertThat(instance.calls(ADA, 1)).isFalse();
    assertThat(instance.calls(ADA.user("bob"), 1)).isTrue();
    assertThat(instance.calls(ADA.user("bob"), 1)).isFalse();
  }

  @Test
  void twoLimitsOfOneName_forOneSubject_areRefused() {
    assertThatThrownBy(() -> world.instance(TEAM, TEAM))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'team'");
    assertThatThrownBy(() -> Plan.of("pro", TEAM, TEAM)).hasMessageContaining("'team'");
  }

  @Test
  void plans_decide_andOnesThatThrow_leaveWhatTheySaidLast() {
    var broken = new AtomicBoolean();
    Plan pro = Plan.of("pro", UsageLimit.forEachOrganization().calls(2).perMonth().named("plan"));
    Plan better = pro.with(UsageLimit.forEachOrganization().calls(3).perMonth().named("plan"));
    Instance instance =
        world.instance(
            builder ->
                builder.plans(
                    who -> {
                      if (broken.get()) {
                        throw new IllegalStateException("no plans today");
                      }
                      return "acme".equals(who.organization()) ? better : pro;
                    }));
    Attribution globex = Attribution.organization("globex");
    assertThat(allowed(instance, 2)).isEqualTo(2);
    assertThat(instance.calls(globex, 1)).isTrue();
    broken.set(true);
    world.pass(Duration.ofSeconds(11));
    instance.limiter().tick();
    assertThat(instance.calls(ADA, 1)).isTrue();
    assertThat(instance.calls(ADA, 1)).isFalse();
    assertThat(instance.calls(globex, 1)).isTrue();
    assertThat(instance.calls(globex, 1)).isFalse();
    assertThat(world.metrics.anomalies).containsKey(Anomaly.LIMIT_SOURCE_FAILED);
  }

  @Test
  void rates_refill_withTime() {
    Instance instance = world.instance(UsageLimit.forEachUser().calls(3).perMinute());
    assertThat(allowed(instance, 3)).isEqualTo(3);
    UsageLimitExceededException refused = refusal(instance, 1, 0);
    assertThat(refused.retryAfter()).isBetween(Duration.ofSeconds(19), Duration.ofSeconds(21));
    assertThat(instance.calls(ADA.user("bob"), 1)).isTrue();
    world.pass(Duration.ofSeconds(20));
    assertThat(instance.calls(ADA, 1)).isTrue();
    assertThat(instance.calls(ADA, 1)).isFalse();
  }

  @Test
  void tokenRate_givesBackWhatWasNotUsed() {
    Instance instance = world.instance(UsageLimit.forEachUser().tokens(100).perMinute());
    instance.call(ADA, 100, 0, 10, 0);
    assertThat(instance.calls(ADA, 90)).isTrue();
    assertThat(instance.calls(ADA, 10)).isFalse();
  }

  @Test
  void callsAtOnce_areCapped() {
    Instance instance = world.instance(UsageLimit.forEachUser().callsAtOnce(2).named("slots"));
    try (UsageScope scope = instance.tracker().scope(ADA)) {
      TrackedCall first = instance.start(1, 1);
      TrackedCall second = instance.start(1, 1);
      assertThat(instance.calls(ADA, 1)).isFalse();
      first.succeeded(TokenCounts.of(1, 1));
      second.cancelled(TokenCounts.UNKNOWN);
      assertThat(instance.calls(ADA, 1)).isTrue();
      assertThat(scope.events()).hasSize(2);
    }
  }

  @Test
  void billingPeriod_beginsWhenTheHostSaysSo() {
    Instance instance =
        world.instance(
            UsageLimit.forEachOrganization().tokens(100).perBillingPeriod().named("sub"));
    instance.call(ADA, 100, 0);
    assertThat(instance.calls(ADA, 1)).isFalse();
    world.pass(Duration.ofHours(1));
    instance.limiter().tick();
    Instant now = world.time.get();
    assertThat(instance.limiter().openPeriod("acme", now, "sub-2")).isTrue();
    assertThat(instance.limiter().openPeriod("acme", now.plusSeconds(5), "sub-2")).isFalse();
    assertThat(instance.calls(ADA, 100)).isTrue();
    assertThat(instance.calls(ADA, 1)).isFalse();
  }

  @Test
  void check_refusesBeforehand_andKeepsNothing() {
    Instance instance = world.instance(TEAM);
    for (int i = 0; i < 200; i++) {
      instance.limiter().check(ADA);
    }
    instance.call(ADA, 100, 0);
    assertThatThrownBy(() -> instance.limiter().check(ADA))
        .isInstanceOf(UsageLimitExceededException.class);
  }

  @Test
  void suspendedCalls_areNotLimited() {
    Instance instance = world.instance(TEAM);
    instance.call(ADA, 100, 0);
    try (UsageScope scope = instance.tracker().scope(ADA);
        UsageScope quiet = instance.tracker().suspended()) {
      instance.start(50, 0).succeeded(TokenCounts.of(50, 0));
      assertThat(scope.events()).isEmpty();
      assertThat(quiet.events()).isEmpty();
    }
  }

  @Test
  void meters_areShown_andOneThatThrowsIsNot() {
    Instance instance =
        world.instance(
            builder ->
                builder
                    .meter(who -> new MeterSource.Meter("storage", BigDecimal.TEN, null, "MB"))
                    .meter(
                        who -> {
                          throw new IllegalStateException();
                        }));
    assertThat(instance.limiter().meters(ADA))
        .extracting(MeterSource.Meter::name)
        .isEqualTo(List.of("storage"));
  }

  @Test
  void manyUsers_costNoMemory_onceTheyAreIdle() {
    Instance instance =
        world.instance(
            UsageLimit.forEachUser().tokens(100).perMonth().named("a"),
            UsageLimit.forEachUser().calls(10).perMinute().named("b"),
            UsageLimit.forEachUser().callsAtOnce(2).named("c"),
            UsageLimit.forEachUser().tokens(100).perDay().soft().named("d"));
    for (int i = 0; i < 2000; i++) {
      instance.call(ADA.user("u" + i), 10, 0);
    }
    assertThat(instance.limiter().counters()).isEqualTo(8000);
    world.pass(Duration.ofSeconds(61));
    instance.limiter().tick();
    assertThat(instance.limiter().counters()).isZero();
    assertThat(instance.limiter().unwritten()).isZero();
    instance.call(ADA.user("u1"), 90, 0);
    assertThat(instance.calls(ADA.user("u1"), 1)).isFalse();
  }
}
