package io.github.usage4j.limit;

import static io.github.usage4j.sink.UsageEvents.NOON;
import static io.github.usage4j.sink.UsageEvents.chatAt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import io.github.usage4j.limit.LimitStore.Ask;
import io.github.usage4j.limit.LimitStore.Lease;
import io.github.usage4j.limit.LimitStore.Terms;
import io.github.usage4j.sink.UsageStore;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What every {@link LimitStore} must do, whatever it keeps its counters in. */
public abstract class LimitStoreContract {

  private static final Attribution ADA = Attribution.organization("acme").user("ada");
  private static final Scope ACME = new Scope(Subject.ORGANIZATION, "acme", null, null, null);
  private static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);
  private static final LimitKey TOKENS =
      new LimitKey("team", UsageMeasure.TOKENS, null, ACME, NOVEMBER);
  private static final Terms HUNDRED = terms(100, 75, 90, 100);

  /** An empty store. */
  protected abstract UsageStore newStore() throws Exception;

  private static Terms terms(long allowance, Integer... alertAt) {
    return new Terms(BigDecimal.valueOf(allowance), List.of(alertAt));
  }

  private static BigDecimal n(long n) {
    return BigDecimal.valueOf(n);
  }

  private static Ask ask(long holding, long least, long most) {
    return new Ask(HUNDRED, n(holding), n(least), n(most));
  }

  /** An event of so many tokens. */
  private static UsageEvent used(Attribution who, long tokens, Instant at) {
    return chatAt(at).attribution(who).tokens(TokenCounts.of(tokens, 0)).build();
  }

  /** A holder that covers what a test says, and remembers what it was told. */
  static final class Remembering implements LimitStore.Holder {
    final String id = UUID.randomUUID().toString();
    final Set<UUID> covered = new HashSet<>();
    final List<String> told = new ArrayList<>();
    int alerts;

    @Override
    public String id() {
      return id;
    }

    @Override
    public synchronized boolean covers(UUID eventId, LimitKey key) {
      return covered.contains(eventId);
    }

    @Override
    public synchronized void stored(UUID event, LimitKey key, BigDecimal used, BigDecimal lowered) {
      told.add(key.limit() + " " + used.toPlainString() + " " + lowered.toPlainString());
    }

    @Override
    public synchronized void alertsRaised() {
      alerts++;
    }

    synchronized UsageEvent covering(UsageEvent event) {
      covered.add(event.id());
      return event;
    }
  }

  private static Remembering joined(LimitStore limits) {
    var holder = new Remembering();
    limits.join(holder);
    return holder;
  }

  @Test
  void counter_opened_countsWhatIsStoredAlready() throws Exception {
    UsageStore store = newStore();
    store.write(List.of(used(ADA, 30, NOON), used(ADA, 5, Instant.parse("2026-10-31T23:59:59Z"))));
    store.write(List.of(used(Attribution.organization("globex"), 7, NOON)));

    assertThat(store.limits().open(TOKENS, HUNDRED).used()).isEqualByComparingTo("30");

    store.write(List.of(used(ADA, 4, NOVEMBER.start()), used(ADA, 9, NOVEMBER.end())));
    assertThat(store.limits().open(TOKENS, HUNDRED).used()).isEqualByComparingTo("34");
  }

  @Test
  void event_deliveredAgain_countsOnce() throws Exception {
    UsageStore store = newStore();
    UsageEvent event = used(ADA, 30, NOON);
    store.limits().open(TOKENS, HUNDRED);
    store.write(List.of(event));
    store.write(List.of(event));

    assertThat(store.limits().open(TOKENS, HUNDRED).used()).isEqualByComparingTo("30");
  }

  @Test
  void event_refused_countsNothing() throws Exception {
    UsageStore store = newStore();
    var calls = new LimitKey("calls", UsageMeasure.CALLS, null, ACME, NOVEMBER);
    store.limits().open(calls, HUNDRED);
    store.write(
        List.of(
            used(ADA, 1, NOON),
            chatAt(NOON)
                .attribution(ADA)
                .tokens(TokenCounts.UNKNOWN)
                .outcome(Outcome.REFUSED)
                .build()));

    assertThat(store.limits().open(calls, HUNDRED).used()).isEqualByComparingTo("1");
  }

  @Test
  void scopes_countTheirOwnOnly() throws Exception {
    UsageStore store = newStore();
    LimitStore limits = store.limits();
    Attribution support = ADA.customer("c1").category("support");
    Scope[] scopes = {
      new Scope(Subject.APPLICATION, null, null, null, null),
      new Scope(Subject.APPLICATION, null, null, "support", null),
      new Scope(Subject.APPLICATION, null, null, null, "gpt-4o"),
      new Scope(Subject.APPLICATION, null, null, null, "other"),
      new Scope(Subject.USER, "acme", "ada", null, null),
      new Scope(Subject.USER, null, "ada", null, null),
      new Scope(Subject.CUSTOMER, "acme", "c1", null, null),
      new Scope(Subject.USER, "acme", "ADA", null, null),
    };
    for (Scope scope : scopes) {
      limits.open(new LimitKey("s", UsageMeasure.TOKENS, null, scope, NOVEMBER), HUNDRED);
    }
    store.write(
        List.of(
            used(support, 1, NOON),
            used(ADA, 10, NOON),
            used(Attribution.NONE.user("ada"), 100, NOON)));

    var used = new ArrayList<String>();
    for (Scope scope : scopes) {
      var key = new LimitKey("s", UsageMeasure.TOKENS, null, scope, NOVEMBER);
      used.add(limits.open(key, HUNDRED).used().stripTrailingZeros().toPlainString());
    }
    assertThat(used).containsExactly("111", "1", "111", "0", "11", "100", "1", "0");
  }

  @Test
  void leases_neverAddUpToMoreThanThereIs() throws Exception {
    LimitStore limits = newStore().limits();
    Remembering a = joined(limits);
    Remembering b = joined(limits);

    assertThat(limits.lease(a.id(), TOKENS, ask(0, 60, 60)).added()).isEqualByComparingTo("60");
    assertThat(limits.lease(b.id(), TOKENS, ask(0, 50, 50)).added()).isEqualByComparingTo("0");
    Lease rest = limits.lease(b.id(), TOKENS, ask(0, 40, 90));
    assertThat(rest.added()).isEqualByComparingTo("40");
    assertThat(rest.state().leased()).isEqualByComparingTo("100");
    assertThat(rest.state().room()).isEqualByComparingTo("0");

    Lease back = limits.lease(a.id(), TOKENS, ask(10, 0, 0));
    assertThat(back.added()).isEqualByComparingTo("0");
    assertThat(back.state().leased()).isEqualByComparingTo("50");
  }

  @Test
  void lease_ofWhichTheAnswerWasLost_isNotHeldTwice() throws Exception {
    LimitStore limits = newStore().limits();
    Remembering a = joined(limits);
    limits.lease(a.id(), TOKENS, ask(0, 60, 60)); // the holder never heard of it

    Lease again = limits.lease(a.id(), TOKENS, ask(0, 90, 90));
    assertThat(again.added()).isEqualByComparingTo("90");
    assertThat(again.state().leased()).isEqualByComparingTo("90");
  }

  @Test
  void lease_isLoweredByWhatIsStored_whereTheHolderCoversIt() throws Exception {
    UsageStore store = newStore();
    LimitStore limits = store.limits();
    Remembering a = joined(limits);
    limits.lease(a.id(), TOKENS, ask(0, 60, 60));
    UsageEvent covered = a.covering(used(ADA, 25, NOON));
    store.write(List.of(covered, used(ADA, 5, NOON)));

    LimitState state = limits.open(TOKENS, HUNDRED);
    assertThat(state.used()).isEqualByComparingTo("30");
    assertThat(state.leased()).isEqualByComparingTo("35");
    assertThat(a.told).containsExactly("team 25 25");

    store.write(List.of(covered));
    assertThat(limits.open(TOKENS, HUNDRED).leased()).isEqualByComparingTo("35");
    assertThat(a.told).containsExactly("team 25 25", "team 25 25");

    store.write(List.of(a.covering(used(ADA, 50, NOON))));
    assertThat(limits.open(TOKENS, HUNDRED).leased()).isEqualByComparingTo("0");
    assertThat(a.told.get(2)).isEqualTo("team 50 35");
  }

  @Test
  void holder_thatStopsBeating_losesItsLeases() throws Exception {
    UsageStore store = newStore();
    LimitStore limits = store.limits();
    Remembering dead = joined(limits);
    Remembering alive = joined(limits);
    limits.lease(dead.id(), TOKENS, ask(0, 60, 60));
    long beat = limits.beat(dead.id()).get(dead.id());

    assertThat(limits.reclaim(dead.id(), beat - 1)).isFalse();
    assertThat(limits.beat(alive.id())).containsEntry(dead.id(), beat);
    assertThat(limits.reclaim(dead.id(), beat)).isTrue();
    assertThat(limits.reclaim(dead.id(), beat)).isFalse();
    assertThat(limits.open(TOKENS, HUNDRED).leased()).isEqualByComparingTo("0");
    assertThat(limits.beat(dead.id())).doesNotContainKey(dead.id()).containsKey(alive.id());
    assertThatThrownBy(() -> limits.lease(dead.id(), TOKENS, ask(0, 1, 1)))
        .isInstanceOf(UsageException.class);

    store.write(List.of(dead.covering(used(ADA, 25, NOON))));
    assertThat(limits.open(TOKENS, HUNDRED).used()).isEqualByComparingTo("25");
  }

  @Test
  void holder_thatLeaves_givesBack_unlessEventsAreUnderWay() throws Exception {
    LimitStore limits = newStore().limits();
    Remembering a = joined(limits);
    Remembering b = joined(limits);
    limits.lease(a.id(), TOKENS, ask(0, 30, 30));
    limits.lease(b.id(), TOKENS, ask(0, 30, 30));

    limits.leave(a, true);
    assertThat(limits.open(TOKENS, HUNDRED).leased()).isEqualByComparingTo("30");
    limits.leave(b, false);
    assertThat(limits.open(TOKENS, HUNDRED).leased()).isEqualByComparingTo("30");
    Remembering c = joined(limits);
    long beat = limits.beat(c.id()).get(b.id());
    assertThat(limits.reclaim(b.id(), beat)).isTrue();
    assertThat(limits.open(TOKENS, HUNDRED).leased()).isEqualByComparingTo("0");
  }

  @Test
  void grant_isAddedOnce_forEachReference() throws Exception {
    LimitStore limits = newStore().limits();
    var december =
        new LimitKey("team", UsageMeasure.TOKENS, null, ACME, BillingPeriod.month(2026, 12));

    assertThat(limits.grant(TOKENS, n(50), "invoice-1")).isTrue();
    assertThat(limits.grant(TOKENS, n(50), "invoice-1")).isFalse();
    assertThat(limits.grant(december, n(50), "invoice-1")).isFalse();
    assertThat(limits.grant(TOKENS, n(7), "invoice-2")).isTrue();
    assertThat(limits.open(TOKENS, HUNDRED).granted()).isEqualByComparingTo("57");
    assertThat(limits.open(TOKENS, HUNDRED).total()).isEqualByComparingTo("157");
    assertThat(limits.grants(TOKENS))
        .extracting(LimitStore.Grant::reference)
        .containsExactly("invoice-1", "invoice-2");
    assertThat(limits.open(december, HUNDRED).granted()).isEqualByComparingTo("0");
  }

  @Test
  void alert_isStoredOnce_andTheHighestOfSeveral() throws Exception {
    UsageStore store = newStore();
    LimitStore limits = store.limits();
    Remembering a = joined(limits);
    limits.open(TOKENS, HUNDRED);
    store.write(List.of(used(ADA, 74, NOON)));
    assertThat(limits.alerts(ACME, 10)).isEmpty();
    store.write(List.of(used(ADA, 1, NOON)));
    store.write(List.of(used(ADA, 1, NOON)));
    assertThat(limits.alerts(ACME, 10)).extracting(UsageAlert::threshold).containsExactly(75);
    store.write(List.of(used(ADA, 30, NOON)));
    assertThat(limits.alerts(ACME, 10)).extracting(UsageAlert::threshold).containsExactly(100, 75);
    assertThat(limits.alerts(ACME, 10).get(0).message()).contains("team", "acme", "100 %", "106");
    assertThat(a.alerts).isGreaterThanOrEqualTo(2);
  }

  @Test
  void alert_isRaised_whereTheAllowanceIsLowered() throws Exception {
    UsageStore store = newStore();
    LimitStore limits = store.limits();
    limits.open(TOKENS, terms(1000, 75, 100));
    store.write(List.of(used(ADA, 80, NOON)));
    assertThat(limits.alerts(ACME, 10)).isEmpty();
    limits.open(TOKENS, terms(100, 75, 100));
    assertThat(limits.alerts(ACME, 10)).extracting(UsageAlert::threshold).containsExactly(75);
  }

  @Test
  void alert_isGivenToOneHolder_untilItIsDelivered() throws Exception {
    UsageStore store = newStore();
    LimitStore limits = store.limits();
    Remembering a = joined(limits);
    Remembering b = joined(limits);
    limits.open(TOKENS, HUNDRED);
    store.write(List.of(used(ADA, 80, NOON)));

    UsageAlert taken = limits.takeAlerts(a.id(), 10).get(0);
    assertThat(limits.takeAlerts(b.id(), 10)).isEmpty();
    assertThat(limits.takeAlerts(a.id(), 10))
        .extracting(UsageAlert::id)
        .containsExactly(taken.id());
    limits.leave(a, true);
    assertThat(limits.takeAlerts(b.id(), 10))
        .extracting(UsageAlert::id)
        .containsExactly(taken.id());
    limits.delivered(taken.id());
    limits.delivered(taken.id());
    assertThat(limits.takeAlerts(b.id(), 10)).isEmpty();
    assertThat(limits.alerts(ACME, 10)).hasSize(1);
  }

  @Test
  void alert_isAcknowledged_byTheFirst() throws Exception {
    UsageStore store = newStore();
    LimitStore limits = store.limits();
    limits.open(TOKENS, HUNDRED);
    store.write(List.of(used(ADA, 80, NOON)));
    UUID id = limits.alerts(ACME, 10).get(0).id();

    assertThat(limits.acknowledge(id, "ada")).isTrue();
    assertThat(limits.acknowledge(id, "bob")).isFalse();
    assertThat(limits.acknowledge(UUID.randomUUID(), "bob")).isFalse();
    assertThat(limits.alerts(ACME, 10).get(0).acknowledgedBy()).isEqualTo("ada");
    assertThat(limits.alerts(ACME, 10).get(0).acknowledgedAt()).isNotNull();
  }

  @Test
  void periods_areOpenedOnce_inAnyOrder() throws Exception {
    LimitStore limits = newStore().limits();
    Instant october = Instant.parse("2026-10-03T10:00:00Z");
    Instant november = Instant.parse("2026-11-02T11:30:00Z");
    assertThat(limits.periodAt("acme", NOON)).isEqualTo(BillingPeriod.lifetime());
    assertThat(limits.openPeriod("acme", november, "sub-2")).isTrue();
    assertThat(limits.openPeriod("acme", october, "sub-1")).isTrue();
    assertThat(limits.openPeriod("acme", NOON, "sub-1")).isFalse();

    assertThat(limits.periodAt("acme", NOON).start()).isEqualTo(november);
    assertThat(limits.periodAt("acme", october)).isEqualTo(BillingPeriod.of(october, november));
    assertThat(limits.periodAt("acme", october.minusSeconds(1)).end()).isEqualTo(october);
    assertThat(limits.periodAt("globex", NOON)).isEqualTo(BillingPeriod.lifetime());
  }

  /** The counter of a billing period that ends when somebody says so. */
  private static LimitKey fromUntilRenewal(Instant start) {
    return new LimitKey(
        "plan",
        UsageMeasure.TOKENS,
        null,
        ACME,
        BillingPeriod.of(start, Instant.parse("9999-12-30T00:00:00Z")));
  }

  @Test
  void counterOfARenewedPeriod_alertsNoMore() throws Exception {
    UsageStore store = newStore();
    LimitStore limits = store.limits();
    LimitKey first = fromUntilRenewal(NOVEMBER.start());
    limits.openPeriod("globex", NOON, "of somebody else");
    limits.openPeriod("acme", NOVEMBER.start(), "sub-1");
    limits.open(first, HUNDRED);
    store.write(List.of(used(ADA, 80, NOON.minusSeconds(1))));
    assertThat(limits.alerts(ACME, 10)).hasSize(1);

    limits.openPeriod("acme", NOON, "sub-2");
    limits.open(fromUntilRenewal(NOON), HUNDRED);
    store.write(List.of(used(ADA, 70, NOON)));
    Remembering holder = joined(limits);
    limits.lease(holder.id(), first, ask(0, 0, 0));
    assertThat(limits.alerts(ACME, 10)).hasSize(1);
    store.write(List.of(used(ADA, 5, NOON)));
    assertThat(limits.alerts(ACME, 10)).hasSize(2);
  }

  @Test
  void counterOfAPeriodWhoseEndBecameKnown_hasItsAddOns_andItsAlerts() throws Exception {
    UsageStore store = newStore();
    LimitStore limits = store.limits();
    LimitKey open = fromUntilRenewal(NOVEMBER.start());
    limits.open(open, HUNDRED);
    assertThat(limits.grant(open, n(20), "invoice-1")).isTrue();
    store.write(List.of(used(ADA, 95, NOON)));
    assertThat(limits.alerts(ACME, 10)).hasSize(1);

    LimitKey ended =
        new LimitKey(
            "plan",
            UsageMeasure.TOKENS,
            null,
            ACME,
            BillingPeriod.of(NOVEMBER.start(), NOVEMBER.end()));
    limits.openPeriod("acme", NOVEMBER.end(), "sub-2");
    assertThat(limits.open(ended, HUNDRED).granted()).isEqualByComparingTo("20");
    assertThat(limits.grants(ended)).hasSize(1);
    assertThat(limits.grant(ended, n(20), "invoice-1")).isFalse();
    assertThat(limits.alerts(ACME, 10)).hasSize(1);
    store.write(List.of(used(ADA, 13, NOON)));
    assertThat(limits.alerts(ACME, 10)).hasSize(2);
  }

  @Test
  void periodThatCannotBe_isRefused() throws Exception {
    LimitStore limits = newStore().limits();
    for (Instant start : List.of(Instant.EPOCH.minusSeconds(1), Instant.MAX)) {
      assertThatThrownBy(() -> limits.openPeriod("acme", start, "sub-1"))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(start.toString());
    }
    assertThat(limits.periodAt("acme", NOON)).isEqualTo(BillingPeriod.lifetime());
  }

  @Test
  void definitions_areKept_withWhoChangedThem() throws Exception {
    LimitStore limits = newStore().limits();
    UsageLimit five = UsageLimit.forOrganization("acme").tokens(5).perMonthFrom(31).named("team");
    UsageLimit six =
        UsageLimit.forOrganization("acme").cost("6.50", "USD").perDay().soft().named("team");
    long before = limits.limitsVersion();
    limits.put(five, "ada");
    limits.put(six, "bob");
    limits.put(UsageLimit.forEachUser().calls(3).perWeek().named("team"), "ada");

    assertThat(limits.limitsVersion()).isNotEqualTo(before);
    assertThat(limits.limits()).hasSize(2).contains(six);
    assertThat(limits.remove("team", six.target(), "eve")).isTrue();
    assertThat(limits.remove("team", six.target(), "eve")).isFalse();
    assertThat(limits.limits()).hasSize(1);
    assertThat(limits.changes("team"))
        .extracting(LimitStore.Change::by)
        .containsExactly("ada", "bob", "ada", "eve");
    assertThat(limits.changes("team").get(1).before()).isEqualTo(five);
    assertThat(limits.changes("team").get(3).after()).isNull();
  }

  /** However counters are opened while events are stored, each event is counted once. */
  @Test
  void counters_openedWhileEventsAreStored_missNothing() throws Exception {
    UsageStore store = newStore();
    ExecutorService pool = Executors.newFixedThreadPool(8);
    try {
      var tasks = new ArrayList<Callable<Void>>();
      for (int thread = 0; thread < 4; thread++) {
        tasks.add(
            () -> {
              for (int i = 0; i < 25; i++) {
                store.write(List.of(used(ADA, 1, NOON), used(ADA, 1, NOON)));
              }
              return null;
            });
        int first = thread * 10;
        tasks.add(
            () -> {
              for (int i = first; i < first + 10; i++) {
                store.limits().open(numbered(i), HUNDRED);
              }
              return null;
            });
      }
      for (Future<Void> done : pool.invokeAll(tasks)) {
        done.get();
      }
    } finally {
      pool.shutdownNow();
    }
    for (int i = 0; i < 40; i++) {
      assertThat(store.limits().open(numbered(i), HUNDRED).used()).isEqualByComparingTo("200");
    }
  }

  private static LimitKey numbered(int i) {
    return new LimitKey("n" + i, UsageMeasure.TOKENS, null, ACME, NOVEMBER);
  }

  @Test
  void leases_takenAtOnce_neverExceedTheAllowance() throws Exception {
    UsageStore store = newStore();
    LimitStore limits = store.limits();
    ExecutorService pool = Executors.newFixedThreadPool(8);
    var got = new ArrayList<Future<BigDecimal>>();
    try {
      for (int thread = 0; thread < 8; thread++) {
        got.add(
            pool.submit(
                () -> {
                  Remembering holder = joined(limits);
                  BigDecimal sum = BigDecimal.ZERO;
                  for (int i = 0; i < 40; i++) {
                    Ask ask = new Ask(HUNDRED, sum, n(1), n(5));
                    sum = sum.add(limits.lease(holder.id(), TOKENS, ask).added());
                  }
                  return sum;
                }));
      }
      BigDecimal all = BigDecimal.ZERO;
      for (Future<BigDecimal> one : got) {
        all = all.add(one.get());
      }
      assertThat(all).isEqualByComparingTo("100");
      assertThat(limits.open(TOKENS, HUNDRED).leased()).isEqualByComparingTo("100");
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void beats_areKnownToOthers_andGrow() throws Exception {
    LimitStore limits = newStore().limits();
    Remembering a = joined(limits);
    long first = limits.beat(a.id()).get(a.id());
    assertThat(limits.beat(a.id())).containsEntry(a.id(), first + 1);
  }
}
