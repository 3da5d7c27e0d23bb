package io.github.usage4j.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.limit.UsageLimit;
import io.github.usage4j.limit.UsageLimitExceededException;
import io.github.usage4j.limit.UsageLimiter;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.CountingMetrics;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.TrackedCall.AdditionalUsage;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a provider charges for a call beside what the call's own event says. */
@Timeout(60)
class AdditionalUsageTest {

  private static final Attribution ADA = Attribution.organization("acme").user("ada");

  private static final PriceCatalog PRICES =
      PriceCatalog.of(
          ModelPrice.perMillion("acme-llm", "small", "USD").input("1").output("2"),
          ModelPrice.perMillion("acme-llm", "large", "USD")
              .input("10")
              .output("20")
              .aboveInput(
                  100,
                  ModelPrice.perMillion("acme-llm", "large", "USD").input("1000").output("1000")));

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final CountingMetrics metrics = new CountingMetrics();
  private final UsageTracker tracker = tracker().build();

  private UsageTrackerBuilder tracker() {
    return UsageTracker.builder(store)
        .buffer(UsageBuffer.none())
        .metrics(metrics)
        .prices(PRICES)
        .errorGrace(Duration.ofMinutes(10));
  }

  private static AdditionalUsage advice(String model, TokenCounts tokens) {
    return new AdditionalUsage(
        model, List.of(), event -> event.tokens(tokens).condition("speed", "slow"));
  }

  private static TrackedCall advised(TrackedCall call) {
    return call.also(List.of(advice("large", TokenCounts.of(50, 5))));
  }

  private TrackedCall start() {
    return tracker.start(Kind.CHAT, "acme-llm", "small");
  }

  private List<UsageEvent> events() {
    return store.events();
  }

  @Test
  void advice_isAnEventOfItsOwnInTheSameOperation() {
    UsageScope scope = tracker.scope(ADA.category("support"));
    UsageEvent own;
    try (scope) {
      own =
          start()
              .describe(event -> event.responseId("r1").streaming(true).metadata("{\"a\":1}"))
              .also(
                  List.of(
                      advice("large", TokenCounts.of(50, 5)),
                      advice("small", TokenCounts.of(7, 1))))
              .succeeded(TokenCounts.of(10, 1));
      start().succeeded(TokenCounts.of(20, 2));
    }

    assertThat(events()).hasSize(4);
    assertThat(events().get(0)).isEqualTo(own);
    UsageEvent other = events().get(1);
    assertThat(other.id()).isNotEqualTo(own.id());
    assertThat(other.kind()).isEqualTo(own.kind());
    assertThat(other.provider()).isEqualTo("acme-llm");
    assertThat(other.model()).isEqualTo("large");
    assertThat(other.tokens()).isEqualTo(TokenCounts.of(50, 5));
    assertThat(other.quality()).isEqualTo(Quality.REPORTED);
    assertThat(other.operationId()).isEqualTo(own.operationId());
    assertThat(other.occurredAt()).isEqualTo(own.occurredAt());
    assertThat(other.duration()).isEqualTo(own.duration());
    assertThat(other.attribution()).isEqualTo(own.attribution());
    assertThat(other.outcome()).isEqualTo(Outcome.SUCCESS);
    assertThat(other.responseId()).isEqualTo("r1");
    assertThat(other.streaming()).isTrue();
    assertThat(other.metadata()).isEqualTo("{\"a\":1}");
    assertThat(other.opensOperation()).isFalse();
    assertThat(other.conditions()).containsEntry("speed", "slow");
    assertThat(events()).extracting(UsageEvent::step).containsExactly(1, 2, 3, 4);
    assertThat(events()).extracting(UsageEvent::id).doesNotHaveDuplicates();
  }

  @Test
  void sumsAndListenersHaveBoth() {
    List<UsageSummary> heard = new ArrayList<>();
    UsageScope scope = tracker.scope(ADA);
    scope.onUsage(heard::add);
    scope.run(() -> advised(start()).succeeded(TokenCounts.of(10, 1)));

    assertThat(scope.totalUsage().tokens()).isEqualTo(TokenCounts.of(60, 6));
    assertThat(scope.totalUsage().calls()).isEqualTo(2);
    assertThat(scope.totalUsage().operations()).isEqualTo(1);
    assertThat(scope.events()).hasSize(2);
    assertThat(heard).hasSize(1);
    assertThat(heard.get(0)).isEqualTo(scope.totalUsage());
  }

  @Test
  void advice_isPricedAsItsModelAndByRequest() {
    List<TokenCounts> requests = List.of(TokenCounts.of(60, 6), TokenCounts.of(60, 6));
    TokenCounts all = TokenCounts.of(120, 12);
    start()
        .also(
            List.of(
                new AdditionalUsage("large", requests, event -> event.tokens(all)),
                new AdditionalUsage("large", List.of(), event -> event.tokens(all)),
                new AdditionalUsage("unknown", List.of(), event -> event.tokens(all)),
                new AdditionalUsage(null, List.of(), event -> event.tokens(all))))
        .succeeded(TokenCounts.of(10, 1));

    assertThat(events())
        .extracting(event -> event.cost() == null ? null : event.cost().total())
        .usingComparatorForType(BigDecimal::compareTo, BigDecimal.class)
        .containsExactly(
            new BigDecimal("0.000012"),
            new BigDecimal("0.00144"),
            new BigDecimal("0.132"),
            null,
            new BigDecimal("0.000144"));
    assertThat(events().get(4).model()).isEqualTo("small");
  }

  /** How a call ends. */
  private enum End {
    FAILED(call -> call.failed(new IOException()), Outcome.ERROR),
    FAILED_WHILE_ENDING(
        call -> call.failed(new IOException(), event -> advised(call)), Outcome.ERROR),
    CANCELLED(call -> call.cancelled(TokenCounts.of(3, 1)), Outcome.CANCELLED),
    HELD_AND_ANSWERED(
        call -> {
          call.failedUnlessAnswered(new IOException(), event -> {});
          call.succeeded(TokenCounts.of(3, 1));
        },
        Outcome.SUCCESS);

    private final Consumer<TrackedCall> how;
    private final Outcome outcome;

    End(Consumer<TrackedCall> how, Outcome outcome) {
      this.how = how;
      this.outcome = outcome;
    }
  }

  @ParameterizedTest
  @EnumSource
  void anyEnd_hasItOnce(End end) {
    TrackedCall call = start();
    if (end != End.FAILED_WHILE_ENDING) {
      advised(call);
    }
    end.how.accept(call);
    end.how.accept(call);
    tracker.close();

    assertThat(events()).hasSize(2);
    assertThat(events()).extracting(UsageEvent::outcome).containsOnly(end.outcome);
    assertThat(events().get(1).tokens()).isEqualTo(TokenCounts.of(50, 5));
    assertThat(events().get(1).errorType()).isEqualTo(events().get(0).errorType());
  }

  @Test
  void heldCallThatIsNotAnswered_hasItWhenTheTrackerIsClosed() {
    TrackedCall call = start();
    call.failedUnlessAnswered(new IOException(), event -> advised(call));
    assertThat(events()).isEmpty();
    tracker.close();

    assertThat(events()).extracting(UsageEvent::model).containsExactly("small", "large");
  }

  @Test
  void whatWasSaidLast_counts() {
    TrackedCall call = advised(start());
    call.also(List.of());
    call.succeeded(TokenCounts.of(10, 1));
    advised(call);

    assertThat(events()).hasSize(1);
  }

  @Test
  void withdrawnRefusedAndSuspendedCalls_haveNone() {
    advised(start()).withdraw();
    tracker.suspended().run(() -> advised(start()).succeeded(TokenCounts.of(10, 1)));
    UsageLimiter limiter =
        UsageLimiter.builder(store.limits())
            .limits(UsageLimit.forEachOrganization().calls(1).perMonth().named("one"))
            .build();
    try (UsageTracker limited = tracker().limits(limiter).build()) {
      limited.scope(ADA).run(() -> limited.start(Kind.CHAT, "acme-llm", "small").admit());
      TrackedCall refused =
          limited.scope(ADA).call(() -> limited.start(Kind.CHAT, "acme-llm", "small"));
      advised(refused);
      assertThatThrownBy(refused::admit).isInstanceOf(UsageLimitExceededException.class);
    }

    assertThat(events()).extracting(UsageEvent::outcome).containsOnly(Outcome.REFUSED);
    assertThat(events()).hasSize(1);
  }

  @Test
  void codeThatThrows_leavesAnEventOfTheModel() {
    start()
        .also(
            List.of(
                new AdditionalUsage(
                    "large",
                    List.of(),
                    event -> {
                      throw new IllegalStateException("broken");
                    }),
                new AdditionalUsage(
                    "large", List.of(), event -> event.tokens(TokenCounts.input(Long.MAX_VALUE))),
                advice("large", TokenCounts.of(1, 1))))
        .succeeded(TokenCounts.of(10, 1));

    assertThat(events()).hasSize(4);
    assertThat(events())
        .extracting(UsageEvent::model)
        .containsExactly("small", "large", "large", "large");
    assertThat(events().get(1).quality()).isEqualTo(Quality.MISSING);
    assertThat(events().get(3).tokens()).isEqualTo(TokenCounts.of(1, 1));
    assertThat(metrics.anomalies(Anomaly.EVENT_REPAIRED)).isEqualTo(2);
  }

  @Test
  void limits_countItAtOnce() {
    UsageLimiter limiter =
        UsageLimiter.builder(store.limits())
            .limits(
                UsageLimit.forEachOrganization().tokens(1000).perMonth().named("tokens"),
                UsageLimit.forEachOrganization().calls(3).perMonth().named("calls"),
                UsageLimit.forModel("large").tokens(55).perMonth().named("large"))
            .build();
    // Nothing is written to the store: what counts is known here.
    try (UsageTracker limited =
        UsageTracker.builder(events -> {})
            .buffer(UsageBuffer.none())
            .prices(PRICES)
            .limits(limiter)
            .build()) {
      limited.scope(ADA).run(() -> advised(admitted(limited)).succeeded(TokenCounts.of(10, 1)));
      limited.scope(ADA).run(() -> admitted(limited).succeeded(TokenCounts.of(10, 1)));

      assertThatThrownBy(() -> limited.scope(ADA).run(() -> admitted(limited)))
          .isInstanceOf(UsageLimitExceededException.class)
          .hasMessageContaining("'calls'");
    }
  }

  @Test
  void limitOfTheOtherModel_countsItOnceItIsStored() {
    UsageLimiter limiter =
        UsageLimiter.builder(store.limits())
            .limits(UsageLimit.forModel("large").tokens(55).perMonth().named("large"))
            .build();
    try (UsageTracker limited = tracker().limits(limiter).build()) {
      limited.scope(ADA).run(() -> advised(admitted(limited)).succeeded(TokenCounts.of(10, 1)));

      assertThatThrownBy(
              () ->
                  limited
                      .scope(ADA)
                      .run(() -> limited.start(Kind.CHAT, "acme-llm", "large").admit()))
          .isInstanceOf(UsageLimitExceededException.class);
      limited.scope(ADA).run(() -> admitted(limited).succeeded(TokenCounts.of(10, 1)));
    }
  }

  private static TrackedCall admitted(UsageTracker limited) {
    TrackedCall call = limited.start(Kind.CHAT, "acme-llm", "small");
    call.admit();
    return call;
  }

  @Test
  void idsOfACall_areTheSameEachTime() {
    TrackedCall call = start();
    UsageEvent own = advised(call).succeeded(TokenCounts.of(10, 1));

    UsageEvent other = events().get(1);
    assertThat(other.id())
        .isEqualTo(UsageEvent.idFrom("usage4j/additional", own.id() + "/0", own.occurredAt()));
    assertThat(other.id().getMostSignificantBits() >>> 16)
        .isEqualTo(own.id().getMostSignificantBits() >>> 16);
  }
}
