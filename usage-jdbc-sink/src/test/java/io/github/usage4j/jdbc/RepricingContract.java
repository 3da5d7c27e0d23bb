package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.NOON;
import static io.github.usage4j.sink.UsageEvents.chatAt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.economics.WhatIf;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.pricing.RepricedCall;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageEvents;
import io.github.usage4j.sink.UsageSink;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Repricing on every database: rollups stay what the calls add up to, and nothing is done twice.
 */
abstract class RepricingContract {

  private static final UsageFilter ALL = UsageFilter.allOrganizations();
  private static final BillingPeriod EVER = BillingPeriod.lifetime();
  private static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);

  /** Dear above a threshold, in two currencies, and nothing for what is called m1 alone. */
  private static final PriceCatalog PRICES =
      PriceCatalog.of(
          ModelPrice.perMillion("openai", "m1-2026", "USD")
              .input("2.5")
              .cacheRead("0.25")
              .output("10.000000000001")
              .aboveInput(4_000_000_000L, ModelPrice.perMillion("o", "m", "USD").input("5"))
              .perUnit("searches", "0.01"),
          ModelPrice.perMillion("openai", "gpt-4o", "EUR").input("1").output("4"));

  private static final PriceCatalog DEARER =
      PriceCatalog.of(ModelPrice.perMillion("openai", "gpt-4o", "USD").input("2").output("8"));

  @TempDir Path directory;

  private FaultyDataSource dataSource;
  private JdbcUsageStore store;
  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2027-04-15T12:00:00Z"));

  abstract DataSource newDatabase() throws Exception;

  /** One that holds more than this process. */
  DataSource newLargeDatabase() throws Exception {
    return newDatabase();
  }

  @BeforeEach
  final void open() throws Exception {
    dataSource = new FaultyDataSource(newDatabase());
    store = newStore();
  }

  private JdbcUsageStore newStore() {
    return JdbcUsageStore.builder(dataSource).clock(now::get).archives(directory).open();
  }

  private Repricing reprice(PriceCatalog prices) {
    return store.maintenance().reprice(ALL, EVER, prices);
  }

  private List<String> texts(String sql) throws SQLException {
    var texts = new ArrayList<String>();
    try (Connection connection = dataSource.delegate().getConnection();
        var statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      while (row.next()) {
        texts.add(row.getString(1));
      }
    }
    return texts;
  }

  private long rows(String table) throws SQLException {
    return Long.parseLong(texts("SELECT COUNT(*) FROM usage_" + table).get(0));
  }

  /**
   * Every call is what Java makes of it, the rollups add up to them, and the audit has the rest.
   */
  private void assertRepriced(List<UsageEvent> events, PriceCatalog prices, RepricingReport report)
      throws SQLException {
    List<RepricedCall> expected =
        events.stream().map(event -> RepricedCall.of(event, prices)).toList();
    var memory = new InMemoryUsageStore();
    memory.write(expected.stream().map(RepricedCall::after).toList());
    for (Dimension dimension : Dimension.values()) {
      assertThat(store.queries().fresh().by(ALL, EVER, dimension))
          .isEqualTo(memory.queries().by(ALL, EVER, dimension));
    }
    assertThat(store.maintenance().verify(EVER)).isEmpty();
    assertThat(report.lookedAt()).isEqualTo(events.size());
    assertThat(report.changed())
        .isEqualTo(expected.stream().filter(RepricedCall::changed).count())
        .isEqualTo(rows("repricing_event"));
    assertThat(report.unpricedBefore())
        .isEqualTo(events.stream().filter(UsageEvent::unpriced).count());
    assertThat(report.unpricedAfter())
        .isEqualTo(expected.stream().map(RepricedCall::after).filter(UsageEvent::unpriced).count());
    UsageEvent[] changed =
        expected.stream()
            .filter(RepricedCall::changed)
            .map(RepricedCall::after)
            .limit(50)
            .toArray(UsageEvent[]::new);
    for (UsageEvent event : changed) {
      UsageEvent stored = store.queries().event(ALL, event.id()).orElseThrow();
      assertThat(stored.cost()).isEqualTo(event.cost());
      assertThat(stored.statedCost()).isEqualTo(event.statedCost());
    }
  }

  @Test
  void run_randomCalls_isWhatTheDryRunSaid_andRollupsStayEqual() throws Exception {
    List<UsageEvent> events = RandomCalls.of(new Random(3), 3_500);
    store.write(events);
    RepricingReport dry = reprice(PRICES).dryRun();
    assertThat(rows("repricing") + rows("repricing_event") + rows("repricing_sum")).isZero();

    RepricingReport report = reprice(PRICES).run("ada", "list was wrong");

    assertThat(report).isEqualTo(dry);
    assertThat(report.changed()).isGreaterThan(1_000);
    assertThat(report.differences()).containsOnlyKeys("EUR", "JPY", "USD");
    assertRepriced(events, PRICES, report);
    RepricingReport again = reprice(PRICES).run("ada", "list was wrong");
    assertThat(again.changed()).isZero();
    assertThat(again.lookedAt()).isEqualTo(events.size());
    assertThat(again.unpricedBefore()).isEqualTo(report.unpricedAfter());
    assertThat(again.lines()).isEmpty();
    assertThat(rows("repricing_event")).isEqualTo(report.changed());
    assertThat(texts("SELECT id FROM usage_repricing WHERE finished_at IS NOT NULL")).hasSize(2);
  }

  /** Charges by the conditions and the audio of cache reads of a call; others have no price. */
  private static final PriceCatalog BY_CONDITION =
      new PriceCatalog() {
        @Override
        public Optional<ModelPrice> find(String provider, String model, Instant at) {
          return Optional.empty();
        }

        @Override
        public Optional<Cost> costOf(UsageEvent event, List<TokenCounts> exchanges) {
          String speed = event.conditions().get("speed");
          Long audio = event.tokens().cacheReadAudio();
          return speed == null || audio == null
              ? Optional.empty()
              : Optional.of(
                  Cost.total(BigDecimal.valueOf(audio * (speed.equals("fast") ? 2 : 1)), "USD"));
        }
      };

  /** What a call is priced by is read with it; the audit and the rollups follow. */
  @Test
  void run_catalogThatPricesByConditions_seesThem_andThePricedCallKeepsThem() throws Exception {
    var calls = new ArrayList<UsageEvent>();
    TokenCounts audio = TokenCounts.of(100, 5).cacheRead(60).audio(50, 0).cacheReadAudio(40);
    for (String speed : new String[] {"fast", "Fast", "slow\"", null}) {
      var call = chatAt(NOON).tokens(audio);
      calls.add(speed == null ? call.build() : call.condition("speed", speed).build());
    }
    store.write(calls);

    RepricingReport report = reprice(BY_CONDITION).run("ada", "speed is charged");

    assertRepriced(calls, BY_CONDITION, report);
    assertThat(report.changed()).isEqualTo(3);
    assertThat(report.unpricedAfter()).isEqualTo(1);
    assertThat(store.queries().total(ALL, EVER).cost("USD")).isEqualByComparingTo("160");
    for (UsageEvent call : calls) {
      UsageEvent stored = store.queries().event(ALL, call.id()).orElseThrow();
      assertThat(stored).isEqualTo(RepricedCall.of(call, BY_CONDITION).after());
      assertThat(stored.conditions()).isEqualTo(call.conditions());
    }
    var said = new ArrayList<String>();
    store.write(
        calls,
        new UsageSink.Report() {
          @Override
          public void duplicate(UsageEvent event) {
            said.add("duplicate");
          }

          @Override
          public void conflict(UsageEvent event) {
            said.add("conflict");
          }
        });
    assertThat(said).containsExactly("duplicate", "duplicate", "duplicate", "duplicate");
  }

  @Test
  void run_thereAndBack_leavesWhatWasThere() throws Exception {
    List<UsageEvent> events = RandomCalls.of(new Random(4), 2_500);
    store.write(events);
    reprice(PRICES).run("ada", "there");

    reprice(PriceCatalog.none()).run("ada", "and away");

    assertThat(store.maintenance().verify(EVER)).isEmpty();
    assertThat(store.queries().total(ALL, EVER).costs()).isEmpty();
    var memory = new InMemoryUsageStore();
    memory.write(events.stream().map(event -> event.toBuilder().cost(null).build()).toList());
    assertThat(store.queries().by(ALL, EVER, Dimension.DAY, Dimension.USER, Dimension.MODEL))
        .isEqualTo(memory.queries().by(ALL, EVER, Dimension.DAY, Dimension.USER, Dimension.MODEL));
  }

  /** One commit of five fails, and one of five of the statements before it. */
  @Test
  void run_interruptedAgainAndAgain_goesOnAndDoesNothingTwice() throws Exception {
    List<UsageEvent> events = RandomCalls.of(new Random(5), 4_000);
    store.write(events);
    RepricingReport dry = reprice(PRICES).dryRun();
    var random = new Random(6);
    dataSource.fault =
        (connection, method, arguments) -> {
          boolean inAStep =
              method.equals("commit")
                  || (method.equals("prepareStatement")
                      && arguments[0]
                          .toString()
                          .matches("(UPDATE|INSERT INTO) usage_(repricing_)?event .*"));
          if (inAStep && random.nextInt(5) == 0) {
            throw new SQLException("interrupted", "08006");
          }
        };
    RepricingReport report = null;
    int interrupted = 0;
    while (report == null) {
      assertThat(interrupted).isLessThan(1_000);
      try {
        report = reprice(PRICES).run("ada", "contract");
      } catch (UsageException e) {
        interrupted++;
        now.updateAndGet(at -> at.plus(JobLock.TIME).plusSeconds(1)); // the lock may have stayed
      }
    }
    dataSource.fault = FaultyDataSource.NONE;

    assertThat(interrupted).isGreaterThan(3);
    assertRepriced(events, PRICES, report);
    assertThat(report).isEqualTo(dry);
    assertThat(rows("repricing")).isEqualTo(1);
  }

  @Test
  void run_twentyThousandTwice_onceInterrupted_isComplete() throws Exception {
    twice(20_000);
  }

  @Test
  @Tag("stress")
  void run_aMillionTwice_onceInterrupted_isComplete() throws Exception {
    dataSource = new FaultyDataSource(newLargeDatabase());
    try (Connection kept = dataSource.getConnection()) { // or H2 closes the file each time
      store = newStore();
      twice(1_000_000);
    }
  }

  private void twice(int count) throws Exception {
    var random = new Random(7);
    for (int from = 0; from < count; from += 5_000) {
      var batch = new ArrayList<UsageEvent>();
      for (int i = from; i < from + 5_000; i++) {
        Instant at = NOVEMBER.start().plusSeconds(random.nextInt(30 * 86_400));
        batch.add(
            chatAt(at)
                .attribution(
                    Attribution.organization(i % 3 == 0 ? "acme" : "evil").user("u" + i % 40))
                .tokens(TokenCounts.of(random.nextInt(9_999), random.nextInt(999)).cacheRead(0))
                .cost(i % 2 == 0 ? null : Cost.total(new BigDecimal("0.001"), "USD"))
                .build());
      }
      store.write(batch);
    }
    long began = System.nanoTime();
    var commits = new AtomicInteger();
    dataSource.fault =
        (connection, method, arguments) -> {
          if (method.equals("commit") && commits.incrementAndGet() == count / 2_000) {
            throw new SQLException("interrupted", "08006");
          }
        };
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> reprice(PRICES).run("ada", "euro"));
    RepricingReport first = reprice(PRICES).run("ada", "euro");
    RepricingReport second = reprice(DEARER).run("ada", "dollar");
    System.out.printf(
        "repriced %d calls twice in %d s%n",
        count, Duration.ofNanos(System.nanoTime() - began).toSeconds());

    assertThat(first.lookedAt()).isEqualTo(count);
    assertThat(first.changed()).isEqualTo(count);
    assertThat(first.unpricedBefore()).isEqualTo(count / 2);
    assertThat(second.changed()).isEqualTo(count);
    assertThat(rows("repricing_event")).isEqualTo(2L * count);
    assertThat(store.maintenance().verify(EVER)).isEmpty();
    Cost total = store.queries().fresh().total(ALL, NOVEMBER).costs().get(0);
    assertThat(total.currency().getCurrencyCode()).isEqualTo("USD");
    TokenCounts tokens = store.queries().fresh().total(ALL, NOVEMBER).tokens();
    assertThat(total.total())
        .isEqualByComparingTo(
            new BigDecimal(tokens.input() * 2 + tokens.output() * 8).movePointLeft(6));
    assertThat(second.differences().get("USD")).isEqualByComparingTo(total.total());
    assertThat(second.differences().get("EUR"))
        .isEqualByComparingTo(first.differences().get("EUR").negate());
  }

  @Test
  void run_whileOthersWrite_isExact() throws Exception {
    List<UsageEvent> events = UsageEvents.random(8, 6_000);
    store.write(events.subList(0, 3_000));
    var pool = Executors.newFixedThreadPool(3);
    try {
      var writers = new ArrayList<Future<?>>();
      for (int writer = 0; writer < 2; writer++) {
        List<UsageEvent> mine = events.subList(3_000 + writer * 1_500, 4_500 + writer * 1_500);
        writers.add(
            pool.submit(
                () -> {
                  for (int from = 0; from < mine.size(); from += 50) {
                    store.write(mine.subList(from, from + 50));
                  }
                  return null;
                }));
      }
      var job =
          pool.submit(
              () -> {
                for (int i = 0; i < 4; i++) {
                  reprice(i % 2 == 0 ? PRICES : DEARER).run("ada", "turn " + i);
                }
              });
      for (Future<?> writer : writers) {
        writer.get();
      }
      job.get();
    } finally {
      pool.shutdownNow();
    }

    RepricingReport last = reprice(DEARER).run("ada", "to the end");

    assertThat(last.lookedAt()).isEqualTo(events.size());
    assertThat(store.maintenance().verify(EVER)).isEmpty();
    var memory = new InMemoryUsageStore();
    memory.write(events.stream().map(event -> RepricedCall.of(event, DEARER).after()).toList());
    assertThat(store.queries().fresh().total(ALL, EVER))
        .isEqualTo(memory.queries().total(ALL, EVER));
  }

  @Test
  void run_filter_changesNothingElse_andNamesWho() throws Exception {
    UsageEvent unpriced = chatAt(NOON).attribution(Attribution.organization("acme")).build();
    UsageEvent priced =
        chatAt(NOON)
            .attribution(Attribution.organization("acme"))
            .cost(Cost.total(BigDecimal.ONE, "USD"))
            .build();
    UsageEvent other =
        chatAt(NOON).attribution(Attribution.organization("evil").user("eve")).build();
    UsageEvent none = chatAt(NOON.plus(Duration.ofDays(40))).build();
    store.write(List.of(unpriced, priced, other, none));

    RepricingReport report =
        store
            .maintenance()
            .reprice(UsageFilter.organization("acme").model("gpt-4o").unpriced(), NOVEMBER, DEARER)
            .run("ada", "came late");

    assertThat(report)
        .isEqualTo(
            new RepricingReport(
                1,
                1,
                1,
                0,
                0,
                List.of(
                    new RepricingReport.Line(
                        "acme",
                        "openai",
                        "gpt-4o",
                        Cost.currencyOf("USD"),
                        1,
                        BigDecimal.ZERO,
                        new BigDecimal("0.000060")))));
    assertThat(report.differencesByOrganization())
        .isEqualTo(Map.of("acme", Map.of("USD", new BigDecimal("0.00006"))));
    assertThat(report.differencesByModel()).containsOnlyKeys("gpt-4o");
    assertThat(store.queries().total(ALL, EVER).unpriced()).isEqualTo(2);
    List<Repricing.Change> changes = store.maintenance().repricingsOf(unpriced.id());
    assertThat(changes).hasSize(1);
    assertThat(changes.get(0).who()).isEqualTo("ada");
    assertThat(changes.get(0).why()).isEqualTo("came late");
    assertThat(changes.get(0).at()).isEqualTo(now.get());
    assertThat(changes.get(0).before()).isNull();
    assertThat(changes.get(0).after())
        .isEqualTo(store.queries().event(ALL, unpriced.id()).orElseThrow().cost());
    assertThat(store.maintenance().repricingsOf(other.id())).isEmpty();
  }

  @Test
  void run_severalExchangesAboveAThreshold_keepTheirCost() throws Exception {
    PriceCatalog tiered =
        PriceCatalog.of(
            ModelPrice.perMillion("openai", "gpt-4o", "USD")
                .input("2")
                .output("8")
                .aboveInput(1_000, ModelPrice.perMillion("o", "m", "USD").input("4")));
    UsageEvent below = chatAt(NOON).attempts(3).tokens(TokenCounts.of(1_000, 1)).build();
    UsageEvent above = chatAt(NOON).attempts(3).tokens(TokenCounts.of(1_001, 1)).build();
    store.write(List.of(below, above));

    RepricingReport report = reprice(tiered).run("ada", "tiers");

    assertThat(report.undecided()).isEqualTo(1);
    assertThat(report.changed()).isEqualTo(1);
    assertThat(report.unpricedAfter()).isEqualTo(1);
    assertThat(store.queries().event(ALL, above.id())).contains(above);
  }

  @Test
  void run_afterwards_aRepeatedDeliveryIsKnown_andAnotherIsAConflict() throws Exception {
    UsageEvent priced = chatAt(NOON).cost(Cost.total(BigDecimal.ONE, "USD")).build();
    UsageEvent unpriced = chatAt(NOON).build();
    store.write(List.of(priced, unpriced));
    reprice(PRICES).run("ada", "euro");
    reprice(DEARER).run("ada", "dollar");
    var said = new ArrayList<String>();
    var report =
        new UsageSink.Report() {
          @Override
          public void duplicate(UsageEvent event) {
            said.add("duplicate");
          }

          @Override
          public void conflict(UsageEvent event) {
            said.add("conflict");
          }
        };

    store.write(List.of(priced, unpriced), report);
    store.write(List.of(unpriced.toBuilder().tokens(TokenCounts.of(1, 1)).build()), report);
    store.write(
        List.of(priced.toBuilder().cost(Cost.total(BigDecimal.TEN, "USD")).build()), report);

    assertThat(said).containsExactly("duplicate", "duplicate", "conflict", "conflict");
    assertThat(store.maintenance().verify(EVER)).isEmpty();
  }

  @Test
  void reprice_whatCannotBe_isRefused() {
    UsageMaintenance maintenance = store.maintenance();
    for (UsageFilter which :
        List.of(
            ALL.user("ada"),
            ALL.customer("c"),
            ALL.session("s"),
            ALL.tag("a", "b"),
            ALL.recordedSince(NOON),
            ALL.outcome(UsageEvent.Outcome.ERROR))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> maintenance.reprice(which, EVER, PRICES))
          .withMessageStartingWith("calls can be repriced by organization, category, provider");
    }
    assertThatIllegalArgumentException().isThrownBy(() -> reprice(PRICES).run(" ", "why"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> reprice(PRICES).run("ada", "x".repeat(501)));
  }

  @Test
  void run_catalogThatFails_namesTheCallAndGoesOnLater() throws Exception {
    List<UsageEvent> events = UsageEvents.random(8, 2_000);
    store.write(events);
    PriceCatalog broken =
        (provider, model, at) -> {
          if (at.isAfter(Instant.parse("2026-11-20T00:00:00Z"))) {
            throw new IllegalStateException("out of order");
          }
          return PRICES.find(provider, model, at);
        };

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> reprice(broken).run("ada", "euro"))
        .withMessageMatching("cannot price the call [0-9a-f-]{36}: out of order");
    assertThat(store.maintenance().verify(EVER)).isEmpty();

    assertRepriced(events, PRICES, reprice(PRICES).run("ada", "euro"));
  }

  @Test
  void run_instanceThatDied_isTakenOverWhenItsLockIsOver() throws Exception {
    store.write(UsageEvents.random(8, 3_000));
    var dead = new AtomicInteger();
    dataSource.fault =
        (connection, method, arguments) -> {
          boolean works = method.equals("prepareStatement") || method.equals("commit");
          if (works && (dead.get() > 0 || (method.equals("commit") && dead.addAndGet(-1) == -4))) {
            dead.set(1); // from now on nothing is done, as by a process that was killed
            throw new SQLException("killed", "08006");
          }
        };
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> reprice(PRICES).run("ada", "euro"));
    dataSource.fault = FaultyDataSource.NONE;
    JdbcUsageStore other = newStore();
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> other.maintenance().reprice(ALL, EVER, PRICES).run("ada", "euro"))
        .withMessageContaining("'maintenance' is being done by another instance");

    now.updateAndGet(at -> at.plus(JobLock.TIME));
    RepricingReport report = other.maintenance().reprice(ALL, EVER, PRICES).run("ada", "euro");

    assertThat(report.lookedAt()).isEqualTo(3_000);
    assertThat(rows("repricing")).isEqualTo(1);
    assertThat(rows("repricing_event")).isEqualTo(report.changed());
    assertThat(other.maintenance().verify(EVER)).isEmpty();
  }

  @Test
  void run_beforeTheRawHorizon_isRefused_andDeletedCallsLoseTheirAudit() throws Exception {
    List<UsageEvent> events = UsageEvents.random(11, 2_000);
    store.write(events);
    RepricingReport report = reprice(DEARER).run("ada", "dollar");
    long sums = rows("repricing_sum");
    var totals = store.queries().by(ALL, EVER, Dimension.MODEL);
    store.maintenance().deleteEventsBefore(Instant.parse("2026-11-01T00:00:00Z"));

    for (BillingPeriod when : List.of(EVER, BillingPeriod.month(2026, 10))) {
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(() -> store.maintenance().reprice(ALL, when, PRICES).dryRun())
          .withMessageContaining("2026-11-01T00:00:00Z, but these begin at " + when.start());
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(() -> store.maintenance().reprice(ALL, when, PRICES).run("a", "b"));
    }
    assertThat(rows("repricing_event")).isLessThan(report.changed()).isPositive();
    assertThat(
            texts(
                "SELECT COUNT(*) FROM usage_repricing_event a LEFT JOIN usage_event e"
                    + " ON e.id = a.event_id WHERE e.id IS NULL"))
        .containsExactly("0");
    assertThat(rows("repricing_sum")).isEqualTo(sums);
    assertThat(store.queries().by(ALL, EVER, Dimension.MODEL)).isEqualTo(totals);
    for (String organization : new String[] {null, "acme", "Acme", "o'neil"}) {
      store.maintenance().restoreEvents(organization, YearMonth.of(2026, 10));
    }
    BillingPeriod kept = BillingPeriod.of(BillingPeriod.month(2026, 10).start(), EVER.end());
    store.maintenance().reprice(ALL, kept, PRICES).run("ada", "euro");
    assertThat(store.maintenance().verify(EVER)).isEmpty();
    store.maintenance().deleteEventsBefore(Instant.parse("2026-11-01T00:00:00Z"));
    assertThat(store.maintenance().verify(EVER)).isEmpty();
  }

  @Test
  void whatIf_isThatInMemory_andRefusedBeforeTheRawHorizon() throws Exception {
    List<UsageEvent> events = UsageEvents.random(11, 2_500);
    store.write(events);
    var memory = new InMemoryUsageStore();
    memory.write(events);
    WhatIf question =
        WhatIf.by(DEARER.orElse(PRICES))
            .candidate("openai", "gpt-4o")
            .candidate("openai", "m1-2026")
            .candidate("openai", "none");
    for (UsageFilter who : List.of(ALL, UsageFilter.organization("acme").user("ada"))) {
      WhatIf.Result result = question.of(store.queries(), who, NOVEMBER);
      assertThat(result).isEqualTo(question.of(memory.queries(), who, NOVEMBER));
      assertThat(result.calls()).isPositive();
      assertThat(result.rows()).allMatch(r -> r.priced() + r.unpriced() == result.calls());
    }
    store.maintenance().deleteEventsBefore(Instant.parse("2026-11-01T00:00:00Z"));
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> question.of(store.queries(), ALL, EVER))
        .withMessageContaining("from the raw horizon on, 2026-11-01T00:00:00Z");
  }

  @Test
  void eraseOrganization_leavesItsNameNowhere() throws Exception {
    store.write(UsageEvents.random(11, 2_000));
    reprice(PRICES).run("ada", "euro");
    store
        .maintenance()
        .reprice(UsageFilter.organization("acme"), EVER, DEARER)
        .run("ada", "their contract");

    store.maintenance().eraseOrganization("acme");

    for (String sql :
        List.of(
            "SELECT organization FROM usage_repricing_sum",
            "SELECT organization FROM usage_repricing",
            "SELECT at_organization FROM usage_repricing")) {
      assertThat(texts(sql)).as(sql).isNotEmpty().doesNotContain("acme");
    }
    assertThat(store.maintenance().verify(EVER)).isEmpty();
  }
}
