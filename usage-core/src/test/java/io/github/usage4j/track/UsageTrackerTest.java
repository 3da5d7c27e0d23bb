package io.github.usage4j.track;

import static io.github.usage4j.UsageEvent.Kind.CHAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.CountingMetrics;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class UsageTrackerTest {

  private static final Instant NOW = Instant.parse("2026-11-21T10:00:00.123456789Z");
  private static final Attribution ACME = Attribution.organization("acme").user("ada");

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final CountingMetrics metrics = new CountingMetrics();
  private final UsageTracker tracker = tracker().build();

  private UsageTrackerBuilder tracker() {
    return UsageTracker.builder(store)
        .buffer(UsageBuffer.none())
        .metrics(metrics)
        .clock(InstantSource.fixed(NOW));
  }

  private TrackedCall start() {
    return tracker.start(CHAT, "acme-llm", "large");
  }

  private UsageEvent only() {
    assertThat(store.events()).hasSize(1);
    return store.events().get(0);
  }

  @Test
  void call_withoutScope_isAnOperationOfItsOwn() {
    start().succeeded(TokenCounts.of(10, 1));
    UsageEvent event = only();
    assertThat(event.operationId()).isEqualTo(event.id().toString());
    assertThat(event.step()).isEqualTo(1);
    assertThat(event.opensOperation()).isTrue();
    assertThat(event.attribution()).isEqualTo(Attribution.NONE);
    assertThat(event.occurredAt()).isEqualTo("2026-11-21T10:00:00.123456Z");
    assertThat(event.id().getMostSignificantBits() >>> 16).isEqualTo(NOW.toEpochMilli());
  }

  @Test
  void scope_joinsItsCallsIntoOneOperation() {
    UsageScope scope = tracker.scope(ACME);
    try (scope) {
      start().succeeded(TokenCounts.of(10, 1));
      start().describe(event -> event.toolCalls(1)).succeeded(TokenCounts.of(20, 2));
    }
    start().succeeded(TokenCounts.of(99, 9));
    assertThat(scope.totalUsage().tokens()).isEqualTo(TokenCounts.of(30, 3));
    assertThat(scope.totalUsage().operations()).isEqualTo(1);
    assertThat(scope.totalUsage().toolTurns()).isEqualTo(1);
    assertThat(scope.events()).extracting(UsageEvent::step).containsExactly(1, 2);
    assertThat(scope.events())
        .extracting(UsageEvent::operationId)
        .containsOnly(scope.operationId());
    assertThat(scope.events()).extracting(UsageEvent::attribution).containsOnly(ACME);
    assertThat(store.events().get(2).attribution()).isEqualTo(Attribution.NONE);
  }

  @Test
  void nestedScope_isAChildOperation_andTotalsOfTheTreeAreAskedForExplicitly() {
    UsageScope outer = tracker.scope(ACME);
    UsageScope inner;
    try (outer) {
      start().succeeded(TokenCounts.of(10, 1));
      inner = tracker.scope(who -> who.category("rag"));
      inner.run(() -> start().succeeded(TokenCounts.of(100, 1)));
      start().succeeded(TokenCounts.of(20, 2));
    }
    assertThat(inner.attribution()).isEqualTo(ACME.category("rag"));
    assertThat(inner.events().get(0).parentOperationId()).isEqualTo(outer.operationId());
    assertThat(outer.totalUsage().tokens()).isEqualTo(TokenCounts.of(30, 3));
    assertThat(outer.totalUsageWithChildren().tokens()).isEqualTo(TokenCounts.of(130, 4));
    assertThat(outer.totalUsageWithChildren().operations()).isEqualTo(2);
  }

  @Test
  void firstEndCounts() {
    TrackedCall call = start();
    UsageEvent event = call.succeeded(TokenCounts.of(10, 1));
    assertThat(call.failed(new IOException())).isSameAs(event);
    assertThat(call.cancelled(TokenCounts.UNKNOWN)).isSameAs(event);
    assertThat(only()).isEqualTo(event);
    assertThat(metrics.anomalies(Anomaly.ENDED_TWICE)).isEqualTo(2);
  }

  @Test
  void endsFromManyThreads_giveOneEvent() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(8);
    for (int round = 0; round < 200; round++) {
      store.clear();
      TrackedCall call = start();
      Callable<UsageEvent> end = () -> call.succeeded(TokenCounts.of(1, 1));
      pool.invokeAll(Collections.nCopies(8, end));
      assertThat(store.events()).hasSize(1);
    }
    pool.shutdown();
  }

  @Test
  void failedCall_keepsTheErrorClass_andCancelledWhatIsKnown() {
    start().failed(new IOException("do not store me"));
    start().cancelled(TokenCounts.input(5));
    UsageEvent failed = store.events().get(0);
    assertThat(failed.outcome()).isEqualTo(Outcome.ERROR);
    assertThat(failed.errorType()).isEqualTo("java.io.IOException");
    assertThat(failed.toString()).doesNotContain("do not store me");
    UsageEvent cancelled = store.events().get(1);
    assertThat(cancelled.outcome()).isEqualTo(Outcome.CANCELLED);
    assertThat(cancelled.quality()).isEqualTo(Quality.PARTIAL);
  }

  @Test
  void run_takesTokensFromTheResult_orRecordsTheFailure() throws Exception {
    assertThat(start().run(() -> "abc", s -> TokenCounts.of(s.length(), 1))).isEqualTo("abc");
    var boom = new IOException("boom");
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(
            () ->
                start()
                    .run(
                        () -> {
                          throw boom;
                        },
                        r -> TokenCounts.UNKNOWN))
        .isSameAs(boom);
    String answer =
        start()
            .run(
                () -> "paid for",
                s -> {
                  throw new IllegalStateException("mapper");
                });
    assertThat(answer).isEqualTo("paid for");
    assertThat(store.events())
        .extracting(UsageEvent::outcome)
        .containsExactly(Outcome.SUCCESS, Outcome.ERROR, Outcome.SUCCESS);
    assertThat(store.events().get(2).quality()).isEqualTo(Quality.MISSING);
  }

  @Test
  void eventThatCannotBeBuilt_isRecordedWithoutItsFigures() {
    start().succeeded(TokenCounts.of(UsageEvent.MAX_TOKENS + 1, 0));
    start().describe(event -> event.attempts(-1)).failed(new IOException());
    assertThat(store.events())
        .extracting(UsageEvent::outcome)
        .containsExactly(Outcome.SUCCESS, Outcome.ERROR);
    assertThat(store.events()).extracting(UsageEvent::quality).containsOnly(Quality.MISSING);
    assertThat(metrics.anomalies(Anomaly.EVENT_REPAIRED)).isEqualTo(2);
  }

  @Test
  void describe_cannotChangeWhatTheTrackerKnows() {
    try (UsageScope scope = tracker.scope(ACME)) {
      start()
          .describe(
              event ->
                  event
                      .operation("forged", 9)
                      .attribution(Attribution.organization("other"))
                      .startedAt(Instant.EPOCH)
                      .tokens(TokenCounts.of(1, 1))
                      .outcome(Outcome.CANCELLED)
                      .finishReason("stop"))
          .succeeded(TokenCounts.of(10, 1));
      assertThat(only().operationId()).isEqualTo(scope.operationId());
    }
    assertThat(only().attribution()).isEqualTo(ACME);
    assertThat(only().step()).isEqualTo(1);
    assertThat(only().tokens()).isEqualTo(TokenCounts.of(10, 1));
    assertThat(only().outcome()).isEqualTo(Outcome.SUCCESS);
    assertThat(only().finishReason()).isEqualTo("stop");
    assertThat(only().occurredAt()).isAfter(Instant.EPOCH);
  }

  @Test
  void within_makesCallsOfACallbackStepsOfTheSameOperation_evenAfterTheScopeWasClosed()
      throws Exception {
    UsageScope scope = tracker.scope(ACME);
    TrackedCall first = start();
    scope.close();
    var callback =
        new Thread(
            () ->
                first.within(
                    () -> {
                      first.succeeded(TokenCounts.of(10, 1));
                      start().succeeded(TokenCounts.of(20, 2));
                    }));
    callback.start();
    callback.join();
    assertThat(scope.totalUsage().tokens()).isEqualTo(TokenCounts.of(30, 3));
    assertThat(store.events()).extracting(UsageEvent::attribution).containsOnly(ACME);
  }

  @Test
  void next_joinsTheOperationOfTheCallBefore_butAnOpenScopeGoesFirst() {
    TrackedCall first = start();
    first.succeeded(TokenCounts.of(1, 1));
    first.next(CHAT, "acme-llm", "large").succeeded(TokenCounts.of(2, 1));
    UsageScope scope = tracker.scope(ACME);
    scope.run(() -> first.next(CHAT, "acme-llm", "large").succeeded(TokenCounts.of(3, 1)));
    List<UsageEvent> events = store.events();
    assertThat(events.get(1).operationId()).isEqualTo(first.operationId());
    assertThat(events.get(1).step()).isEqualTo(2);
    assertThat(events.get(1).opensOperation()).isFalse();
    assertThat(events.get(2).operationId()).isEqualTo(scope.operationId());
  }

  @Test
  void onUsage_isCalledAfterEveryEnd_andMayThrow() {
    var seen = new ArrayList<Long>();
    try (UsageScope scope = tracker.scope(ACME)) {
      scope.onUsage(usage -> seen.add(usage.totalTokens()));
      scope.onUsage(
          usage -> {
            throw new IllegalStateException("listener");
          });
      start().succeeded(TokenCounts.of(10, 1));
      start().failed(new IOException());
      start().cancelled(TokenCounts.of(5, 0));
    }
    assertThat(seen).containsExactly(11L, 11L, 16L);
    assertThat(metrics.anomalies(Anomaly.LISTENER_FAILED)).isEqualTo(3);
    assertThat(store.events()).hasSize(3);
  }

  @Test
  void resolver_isAskedOnTheCallingThreadWhereNoScopeIsOpen_andMayThrow() {
    var login = new ThreadLocal<Attribution>();
    UsageTracker web = tracker().attribution(login::get).build();
    login.set(ACME);
    web.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1));
    UsageScope scope = web.scope(who -> who.session("s"));
    scope.run(() -> web.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1)));
    login.remove();
    web.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1)); // the resolver gives null
    UsageTracker failing =
        tracker()
            .attribution(
                () -> {
                  throw new IllegalStateException("no request");
                })
            .build();
    failing.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1));
    assertThat(store.events())
        .extracting(UsageEvent::attribution)
        .containsExactly(ACME, ACME.session("s"), Attribution.NONE, Attribution.NONE);
    assertThat(metrics.anomalies(Anomaly.RESOLVER_FAILED)).isEqualTo(2);
  }

  @Test
  void attribution_isTheOneWhenTheCallStarted() {
    TrackedCall call;
    try (UsageScope scope = tracker.scope(ACME)) {
      call = start();
      assertThat(scope.attribution()).isEqualTo(ACME);
    }
    UsageScope later = tracker.scope(Attribution.organization("other"));
    later.run(() -> call.succeeded(TokenCounts.of(1, 1)));
    assertThat(only().attribution()).isEqualTo(ACME);
    assertThat(later.totalUsage()).isEqualTo(UsageSummary.EMPTY);
  }

  @Test
  void defaultCategory_fillsOnlyAnEmptyOne() {
    start().defaultCategory("router").succeeded(TokenCounts.of(1, 1));
    tracker
        .scope(ACME.category("support"))
        .run(() -> start().defaultCategory("router").succeeded(TokenCounts.of(1, 1)));
    assertThat(store.events())
        .extracting(event -> event.attribution().category())
        .containsExactly("router", "support");
  }

  @Test
  void newThread_inheritsNothing() throws Exception {
    try (UsageScope scope = tracker.scope(ACME)) {
      var thread = new Thread(() -> start().succeeded(TokenCounts.of(1, 1)));
      thread.start();
      thread.join();
      assertThat(scope.totalUsage()).isEqualTo(UsageSummary.EMPTY);
    }
    assertThat(only().attribution()).isEqualTo(Attribution.NONE);
  }

  @Test
  void wrappedExecutor_carriesTheScopeOfTheSubmittingThread_andLeavesNothingBehind()
      throws Exception {
    ExecutorService bare = Executors.newFixedThreadPool(1);
    ExecutorService pool = tracker.wrap(bare);
    UsageScope scope = tracker.scope(ACME);
    try (scope) {
      CompletableFuture.runAsync(() -> start().succeeded(TokenCounts.of(1, 1)), pool).join();
      pool.submit(() -> start().succeeded(TokenCounts.of(2, 1))).get();
      pool.invokeAll(List.of(() -> start().succeeded(TokenCounts.of(3, 1))));
      Thread thread = new Thread(tracker.wrap(() -> start().succeeded(TokenCounts.of(4, 1))));
      thread.start();
      thread.join();
    }
    pool.submit(() -> start().succeeded(TokenCounts.of(50, 1))).get();
    bare.submit(() -> start().succeeded(TokenCounts.of(60, 1))).get();
    assertThat(scope.totalUsage().tokens()).isEqualTo(TokenCounts.of(10, 4));
    assertThat(store.events().get(4).attribution()).isEqualTo(Attribution.NONE);
    assertThat(store.events().get(5).attribution()).isEqualTo(Attribution.NONE);
    pool.shutdown();
    assertThat(pool.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void wrappedTask_hidesWhatTheRunningThreadHasOpen() {
    Runnable task = tracker.wrap(() -> start().succeeded(TokenCounts.of(1, 1)));
    UsageScope other = tracker.scope(Attribution.organization("other"));
    other.run(task); // as a pool does that runs a task on its caller
    assertThat(only().attribution()).isEqualTo(Attribution.NONE);
    assertThat(other.totalUsage()).isEqualTo(UsageSummary.EMPTY);
  }

  @Test
  void closingOnAnotherThread_marksTheScopeClosedAndIsCounted() throws Exception {
    UsageScope scope = tracker.scope(ACME);
    var thread = new Thread(scope::close);
    thread.start();
    thread.join();
    start().succeeded(TokenCounts.of(1, 1));
    assertThat(only().attribution()).isEqualTo(Attribution.NONE);
    assertThat(metrics.anomalies(Anomaly.SCOPE_MISUSED)).isEqualTo(1);
    scope.close();
    assertThat(tracker.currentAttribution()).isEqualTo(Attribution.NONE);
  }

  @Test
  void closingOuterScopeFirst_closesInnerOnes() {
    UsageScope outer = tracker.scope(ACME);
    UsageScope inner = tracker.scope(Attribution.organization("other"));
    outer.close();
    assertThat(tracker.currentAttribution()).isEqualTo(Attribution.NONE);
    inner.close();
    assertThat(tracker.currentAttribution()).isEqualTo(Attribution.NONE);
    assertThat(metrics.anomalies(Anomaly.SCOPE_MISUSED)).isEqualTo(1);
  }

  @Test
  void scopeOfAnotherTracker_countsAsNone() {
    UsageTracker other = tracker().build();
    other.scope(ACME).run(() -> start().succeeded(TokenCounts.of(1, 1)));
    assertThat(only().attribution()).isEqualTo(Attribution.NONE);
  }

  @Test
  void prices_areFrozenIntoTheEvent_perOrganizationIfWanted() {
    PriceCatalog list =
        PriceCatalog.of(ModelPrice.perMillion("acme-llm", "large", "USD").input("10").output("20"));
    PriceCatalog negotiated =
        PriceCatalog.of(ModelPrice.perMillion("acme-llm", "large", "USD").input("1").output("2"));
    Function<Attribution, PriceCatalog> byOrganization =
        who -> "acme".equals(who.organization()) ? negotiated.orElse(list) : list;
    UsageTracker priced = tracker().prices(byOrganization).build();
    priced
        .scope(ACME)
        .run(() -> priced.start(CHAT, "acme-llm", "large").succeeded(TokenCounts.of(1000, 500)));
    priced.start(CHAT, "acme-llm", "large").succeeded(TokenCounts.of(1000, 500));
    priced.start(CHAT, "acme-llm", "unknown").succeeded(TokenCounts.of(1000, 500));
    priced.start(CHAT, "acme-llm", "large").failed(new IOException());
    UsageSummary sum = UsageSummary.of(store.events());
    assertThat(store.events().get(0).cost().total()).isEqualByComparingTo("0.002");
    assertThat(store.events().get(1).cost().total()).isEqualByComparingTo("0.02");
    assertThat(store.events().get(2).cost()).isNull();
    assertThat(store.events().get(3).cost()).isNull();
    assertThat(sum.unpriced()).isEqualTo(1);
    assertThat(sum.cost("USD")).isEqualByComparingTo("0.022");
  }

  @Test
  void exchangesOfACall_arePricedEachByItself() {
    ModelPrice large = ModelPrice.perMillion("acme-llm", "large", "USD").input("100").output("100");
    ModelPrice tiered =
        ModelPrice.perMillion("acme-llm", "large", "USD")
            .input("1")
            .output("2")
            .perCall("0.5")
            .aboveInput(1000, large.perCall("0.5"));
    UsageTracker priced = tracker().prices(PriceCatalog.of(tiered)).build();
    List<TokenCounts> each = List.of(TokenCounts.of(800, 10), TokenCounts.of(700, 10));

    priced
        .start(CHAT, "acme-llm", "large")
        .exchanges(each)
        .failed(new IOException(), TokenCounts.of(1500, 20));
    priced.start(CHAT, "acme-llm", "large").exchanges(each).succeeded(TokenCounts.of(800, 10));

    assertThat(store.events().get(0).cost().total()).isEqualByComparingTo("1.00154");
    assertThat(store.events().get(0).quality()).isEqualTo(Quality.REPORTED);
    assertThat(store.events().get(0).outcome()).isEqualTo(Outcome.ERROR);
    // they are not what this call used
    assertThat(store.events().get(1).cost().total()).isEqualByComparingTo("0.50082");
  }

  @Test
  void heldCall_endsWithWhatItUsedByThen() {
    UsageTracker held = tracker().build();
    var used = new ArrayList<>(List.of(TokenCounts.of(1, 1)));
    held.start(CHAT, "acme-llm", "large")
        .failedUnlessAnswered(
            new IOException(), event -> event.tokens(used.get(0), Quality.PARTIAL));
    used.set(0, TokenCounts.of(5, 5));
    held.close();
    assertThat(only().tokens()).isEqualTo(TokenCounts.of(5, 5));
    assertThat(only().quality()).isEqualTo(Quality.PARTIAL);
    assertThat(only().errorType()).isEqualTo(IOException.class.getName());
  }

  @Test
  void catalogThatThrows_leavesTheCallUnpriced() {
    PriceCatalog broken =
        (provider, model, at) -> {
          throw new IllegalStateException("file gone");
        };
    UsageTracker priced = tracker().prices(broken).build();
    priced.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1));
    assertThat(only().cost()).isNull();
    assertThat(metrics.anomalies(Anomaly.PRICING_FAILED)).isEqualTo(1);
  }

  @Test
  void unitsWithoutAPrice_areUnpriced_butACallThatIsChargedPerCallIsPriced() {
    UsageTracker priced =
        tracker()
            .prices(
                PriceCatalog.of(
                    ModelPrice.perMillion("openai", "whisper", "USD").input("1").output("1"),
                    ModelPrice.perMillion("openai", "img", "USD").perCall("0.04")))
            .build();
    priced
        .start(CHAT, "openai", "whisper")
        .describe(event -> event.unit("seconds", new java.math.BigDecimal("3600")))
        .succeeded(TokenCounts.UNKNOWN);
    priced.start(CHAT, "openai", "img").succeeded(TokenCounts.UNKNOWN);
    priced.start(CHAT, "openai", "img").failed(new IOException());
    assertThat(store.events().get(0).cost()).isNull();
    assertThat(store.events().get(0).unpriced()).isTrue();
    assertThat(store.events().get(1).cost().total()).isEqualByComparingTo("0.04");
    assertThat(store.events().get(2).cost()).isNull();
  }

  @Test
  void errorsOfHostCode_loseNoEventAndReachNobody() throws Exception {
    PriceCatalog broken =
        (provider, model, at) -> {
          throw new NoClassDefFoundError("catalog");
        };
    UsageTracker fragile = tracker().prices(broken).build();
    fragile.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1));
    String answer =
        fragile
            .start(CHAT, "p", "m")
            .run(
                () -> "answer",
                r -> {
                  throw new NoSuchMethodError("mapper");
                });
    UsageScope scope = fragile.scope(ACME);
    scope.onUsage(
        usage -> {
          throw new StackOverflowError();
        });
    scope.run(() -> fragile.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1)));
    fragile.start(CHAT, "p", "m").failed(null, event -> {});
    assertThat(answer).isEqualTo("answer");
    assertThat(store.events())
        .extracting(UsageEvent::outcome)
        .containsExactly(Outcome.SUCCESS, Outcome.SUCCESS, Outcome.SUCCESS, Outcome.ERROR);
  }

  @Test
  void sinkWhoseCloseThrows_doesNotKeepOthersFromClosing() {
    var throwing =
        new io.github.usage4j.sink.UsageSink() {
          @Override
          public void write(List<UsageEvent> events) {}

          @Override
          public void close() {
            throw new NoClassDefFoundError("driver");
          }
        };
    UsageTracker both =
        UsageTracker.builder(throwing).buffer(UsageBuffer.none()).alsoTo(store).build();
    both.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1));
    both.close();
    assertThat(store.events()).hasSize(1);
  }

  @Test
  void record_pricesAsOfThenAndKeepsAGivenCost() {
    Instant change = Instant.parse("2026-06-01T00:00:00Z");
    ModelPrice price = ModelPrice.perMillion("openai", "gpt", "USD");
    UsageTracker priced =
        tracker()
            .prices(
                PriceCatalog.of(
                    price.input("4").output("4").validUntil(change),
                    price.input("1").output("1").validFrom(change)))
            .build();
    UsageEvent old =
        UsageEvent.builder(UsageEvent.idFrom("old-billing", 1), CHAT, "openai", "gpt")
            .startedAt(change.minusSeconds(1))
            .attribution(ACME)
            .tokens(TokenCounts.of(1_000_000, 0))
            .build();
    UUID id = priced.record(old);
    priced.record(old);
    assertThat(id).isEqualTo(old.id());
    assertThat(only().cost().total()).isEqualByComparingTo("4");
    assertThat(metrics.duplicates).isEqualTo(1);
  }

  @Test
  void failingSink_changesNothingForCallersAndOtherSinks() {
    UsageTracker fanOut =
        UsageTracker.builder(
                batch -> {
                  throw new IllegalStateException("sink");
                })
            .buffer(UsageBuffer.none())
            .alsoTo(store, UsageBuffer.none())
            .metrics(metrics)
            .build();
    UsageScope scope = fanOut.scope(ACME);
    scope.run(() -> fanOut.start(CHAT, "p", "m").succeeded(TokenCounts.of(10, 1)));
    assertThat(only().tokens()).isEqualTo(TokenCounts.of(10, 1));
    assertThat(scope.totalUsage().totalTokens()).isEqualTo(11);
    assertThat(metrics.dropped(DropReason.REJECTED)).isEqualTo(1);
  }

  @Test
  void close_drainsAndLaterCallsAreCountedAsDropped() {
    UsageTracker buffered = UsageTracker.builder(store).metrics(metrics).build();
    for (int i = 0; i < 1000; i++) {
      buffered.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1));
    }
    assertThat(buffered.flush(Duration.ofSeconds(60))).isTrue();
    assertThat(store.events()).hasSize(1000);
    buffered.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1));
    buffered.close();
    buffered.close();
    assertThat(store.events()).hasSize(1001);
    buffered.start(CHAT, "p", "m").succeeded(TokenCounts.of(1, 1));
    assertThat(metrics.dropped(DropReason.CLOSED)).isEqualTo(1);
  }

  @Test
  void callChargedByUnitsOnly_isUnpricedForWantOfAPrice_neverFree() {
    ModelPrice tokens = ModelPrice.perMillion("acme-llm", "large", "USD").input("2").output("8");
    PriceCatalog[] catalogs = {PriceCatalog.of(tokens), PriceCatalog.of(tokens.perCall("0.04"))};
    for (PriceCatalog catalog : catalogs) {
      tracker()
          .prices(catalog)
          .build()
          .start(CHAT, "acme-llm", "large")
          .describe(event -> event.unit("images", BigDecimal.ONE))
          .succeeded(TokenCounts.UNKNOWN);
    }
    assertThat(store.events().get(0).cost()).isNull();
    assertThat(store.events().get(0).unpriced()).isTrue();
    assertThat(store.events().get(1).cost().total()).isEqualByComparingTo("0.04");
  }

  @Test
  void contradictoryFigures_areCounted() {
    start().succeeded(TokenCounts.of(10, 1).cacheRead(11));
    assertThat(only().tokens()).isEqualTo(TokenCounts.of(10, 1).cacheRead(10));
    assertThat(metrics.anomalies(Anomaly.CONTRADICTORY_FIGURES)).isEqualTo(1);
  }

  @Test
  void thousandOperationsOfFiftyTenantsAtOnce_neverMix() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(16);
    var start = new CountDownLatch(1);
    for (int i = 0; i < 1000; i++) {
      int operation = i;
      pool.execute(
          () -> {
            try {
              start.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            Attribution who = Attribution.organization("org" + operation % 50);
            tracker
                .scope(who)
                .run(
                    () -> {
                      start().succeeded(TokenCounts.of(operation, 1));
                      start().succeeded(TokenCounts.of(operation, 2));
                    });
          });
    }
    start.countDown();
    pool.shutdown();
    assertThat(pool.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    assertThat(store.events()).hasSize(2000);
    assertThat(store.events())
        .allSatisfy(
            event ->
                assertThat(event.attribution().organization())
                    .isEqualTo("org" + event.tokens().input() % 50));
    assertThat(store.events().stream().map(UsageEvent::operationId).distinct()).hasSize(1000);
  }

  @Test
  void blankProvider_isRefusedOnTheHostsLine() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> tracker.start(CHAT, " ", "m"))
        .withMessage("provider must not be blank");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> UsageTracker.builder(store).instance("x".repeat(129)))
        .withMessageContaining("instance must have at most 128");
  }

  @Test
  void exchangesThatCannotBeAddedUp_changeNothing() {
    start()
        .exchanges(List.of(TokenCounts.of(Long.MAX_VALUE, 1), TokenCounts.of(1, 1)))
        .succeeded(TokenCounts.of(10, 1));
    assertThat(only().tokens()).isEqualTo(TokenCounts.of(10, 1));
    assertThat(metrics.anomalies(Anomaly.EVENT_REPAIRED)).isEqualTo(1);
  }
}
