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
import io.github.usage4j.limit.LimiterFixture.Instance;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageScope;
import io.github.usage4j.track.UsageTracker;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What refused callers are told, and whose limit it is that refuses. */
class RefusalTest {

  private final LimiterFixture world = new LimiterFixture();

  private static UsageLimitExceededException refusal(Instance instance, long in, long out) {
    return catchThrowableOfType(
        UsageLimitExceededException.class, () -> instance.call(ADA, in, out));
  }

  @Test
  void refusal_asJson_namesNobody() {
    Instance instance =
        world.instance(
            UsageLimit.forUser("acme", "grace").tokens(10).perMonth().named("own"),
            UsageLimit.forEachCustomer().tokens(10).perMonth().named("customer"));
    Attribution who = Attribution.organization("acme").user("grace").customer("globex");
    for (long tokens : new long[] {11, 12}) {
      String json =
          catchThrowableOfType(
                  UsageLimitExceededException.class,
                  () -> instance.call(tokens == 11 ? who : who.user("bob"), tokens, 0))
              .toJson();
      assertThat(json)
          .contains("\"message\":\"Limit '")
          .doesNotContain("grace")
          .doesNotContain("acme")
          .doesNotContain("globex");
    }
  }

  @Test
  void operationThatHasBegun_isFinished_whereOthersUsedTheRest() {
    Instance instance =
        world.instance(
            UsageLimit.forOrganization("acme").operations(1).perDay().soft().named("requests"));
    try (UsageScope scope = instance.tracker().scope(ADA)) {
      instance.start(1, 0).succeeded(TokenCounts.of(1, 0));
      world.store.write(
          List.of(
              UsageEvent.builder(UsageEvent.newId(world.time.get()), Kind.CHAT, "p", "m")
                  .startedAt(world.time.get())
                  .attribution(ADA)
                  .opensOperation(true)
                  .build()));
      world.pass(Duration.ofSeconds(11));
      instance.start(1, 0).succeeded(TokenCounts.of(1, 0));
      assertThat(scope.events()).extracting(UsageEvent::outcome).doesNotContain(Outcome.REFUSED);
    }
    assertThat(instance.calls(ADA, 1)).isFalse();
  }

  @Test
  void limitOfOneUser_appliesInPlaceOfTheOneForEachUserOfTheOrganization() {
    UsageLimit own = UsageLimit.forUser("acme", "ada").tokens(10).perMonth().named("u");
    UsageLimit each = UsageLimit.forEachUserOf("acme").tokens(100).perMonth().named("u");
    Instance instance = world.instance(own, each);
    assertThat(instance.calls(ADA, 11)).isFalse();
    assertThat(instance.calls(ADA.user("bob"), 11)).isTrue();
    instance.limiter().put(each.soft(), "eve");
    assertThat(instance.calls(ADA, 11)).isFalse();
    assertThat(instance.calls(ADA, 10)).isTrue();
  }

  @Test
  void retryAfter_isAtLeastASecond_andADayIfNever() {
    Instance instance =
        world.instance(UsageLimit.forEachUser().tokens(100).perMinute().named("rate"));
    assertThat(refusal(instance, 150, 0).retryAfter()).isEqualTo(Duration.ofDays(1));
    assertThat(instance.calls(ADA, 100)).isTrue();
    world.pass(Duration.ofMillis(500));
    assertThat(refusal(instance, 1, 0).retryAfter()).isEqualTo(Duration.ofSeconds(1));
    world.pass(Duration.ofMillis(900));
    assertThat(refusal(instance, 5, 0).retryAfter().toSeconds()).isEqualTo(2);
  }

  @Test
  void grant_whereSeveralLimitsHaveTheName_isRefused() {
    Instance instance =
        world.instance(
            UsageLimit.forOrganization("acme").tokens(10).perMonth().named("n"),
            UsageLimit.forEachUser().tokens(10).perMonth().named("n"));
    assertThatThrownBy(() -> instance.limiter().grant("n", ADA, 5, "invoice"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'n'");
    Attribution acme = Attribution.organization("acme");
    assertThat(instance.limiter().grant("n", acme, 5, "invoice")).isTrue();
  }

  @Test
  void callOfUnknownSize_isNotForNothing_whereTheCostIsUsedUp() {
    UsageLimiter limiter =
        UsageLimiter.builder(world.store.limits())
            .limits(UsageLimit.forEachUser().cost("0.00001", "USD").perDay())
            .byHand(world.nanos::get)
            .clock(world.time::get)
            .build();
    UsageTracker tracker =
        UsageTracker.builder(world.store)
            .buffer(UsageBuffer.none())
            .clock(world.time::get)
            .prices(
                PriceCatalog.of(
                    ModelPrice.perMillion("acme-llm", "embed", "USD").input("1").output("0")))
            .limits(limiter)
            .build();
    try (UsageScope scope = tracker.scope(ADA)) {
      tracker
          .start(Kind.EMBEDDING, "acme-llm", "embed", TokenCounts.of(10, 0))
          .succeeded(TokenCounts.of(10, 0));
      assertThat(scope.events().get(0).cost()).isNotNull();
      assertThatThrownBy(() -> tracker.start(Kind.EMBEDDING, "acme-llm", "embed").admit())
          .isInstanceOf(UsageLimitExceededException.class);
    }
  }
}
