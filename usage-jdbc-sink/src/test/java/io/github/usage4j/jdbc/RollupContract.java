package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.NOON;
import static io.github.usage4j.sink.UsageEvents.chat;
import static io.github.usage4j.sink.UsageEvents.chatAt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.UsageReader;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.jdbc.UsageMaintenance.Difference;
import io.github.usage4j.jdbc.UsageMaintenance.Difference.Problem;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.MemoryReader;
import io.github.usage4j.sink.UsageEvents;
import io.github.usage4j.sink.UsageSink;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What rollups do on every database: always the same as the single calls, and as in memory. */
abstract class RollupContract {

  private static final UsageFilter ALL = UsageFilter.allOrganizations();
  private static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);

  private FaultyDataSource dataSource;
  private JdbcUsageStore store;

  /** An empty database. */
  abstract DataSource newDatabase() throws Exception;

  @BeforeEach
  final void open() throws Exception {
    dataSource = new FaultyDataSource(newDatabase());
    prepare(dataSource);
    store = JdbcUsageStore.open(dataSource);
  }

  /** Makes the tables, if they are to be other than usual. */
  void prepare(DataSource empty) {}

  // Exactness

  @Test
  void sums_ofRandomCalls_areThoseInMemoryAndOfTheSingleCalls() throws Exception {
    compareOnRandomCalls(11, 3_000, 1);
  }

  /** Asks the single calls only some questions: without rollups each reads all of them. */
  @Test
  @Tag("full")
  void sums_ofManyRandomCalls_areThoseInMemoryAndOfTheSingleCalls() throws Exception {
    compareOnRandomCalls(12, 100_000, 10);
  }

  private void compareOnRandomCalls(long seed, int count, int everyQuestion) throws Exception {
    long started = System.nanoTime();
    var memory = new InMemoryUsageStore();
    var random = new Random(seed);
    List<UsageEvent> all = RandomCalls.of(random, count);
    var deliveries = new ArrayList<>(all);
    for (int i = 0; i < count / 10; i++) {
      UsageEvent again = all.get(random.nextInt(count));
      deliveries.add(again); // a duplicate
      deliveries.add(again.toBuilder().tokens(TokenCounts.of(1, 1)).build()); // a conflict, mostly
    }
    Collections.shuffle(deliveries, random); // late and out of order
    for (int from = 0; from < deliveries.size(); ) {
      int to = Math.min(from + 1 + random.nextInt(900), deliveries.size());
      var inMemory = new Said();
      memory.write(deliveries.subList(from, to), inMemory);
      var inDatabase = new Said();
      store.write(deliveries.subList(from, to), inDatabase);
      assertThat(inDatabase.said).isEqualTo(inMemory.said);
      from = to;
    }
    long written = System.nanoTime();
    UsageReader expected = MemoryReader.of(memory);
    int asked = 0;
    for (UsageQuery query : RandomCalls.questions(random)) {
      var answer = Set.copyOf(store.reader().aggregate(query));
      assertThat(answer.equals(Set.copyOf(expected.aggregate(query))))
          .as("%s is answered as in memory", query)
          .isTrue();
      if (asked++ % everyQuestion == 0) {
        assertThat(answer.equals(Set.copyOf(store.readerWithoutRollups().aggregate(query))))
            .as("%s is answered as from the single calls", query)
            .isTrue();
      }
    }
    long answered = System.nanoTime();
    assertThat(verify()).isEmpty();
    System.out.printf(
        "%s: %d calls written in %d s, %d questions in %d s, verified in %d s%n",
        store,
        count,
        TimeUnit.NANOSECONDS.toSeconds(written - started),
        asked,
        TimeUnit.NANOSECONDS.toSeconds(answered - written),
        TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - answered));
  }

  @Test
  void write_eightWritersOfTheSameBuckets_loseNothingAndNobodyIsRefused() throws Exception {
    List<UsageEvent> all = RandomCalls.of(new Random(5), 8 * 200 + 200);
    var writers = new ArrayList<Callable<Void>>();
    var start = new CyclicBarrier(8);
    var duplicates = new AtomicInteger();
    for (int i = 0; i < 8; i++) {
      var batch = new ArrayList<>(all.subList(i * 200, i * 200 + 400));
      Collections.shuffle(batch, new Random(i));
      writers.add(
          () -> {
            start.await();
            for (int from = 0; from < batch.size(); from += 40) {
              var report = new Said();
              store.write(batch.subList(from, from + 40), report);
              duplicates.addAndGet(report.said.size());
            }
            return null;
          });
    }
    runAll(writers);

    assertThat(duplicates).hasValue(8 * 400 - all.size());
    assertThat(total()).isEqualTo(UsageSummary.of(all));
    assertThat(verify()).isEmpty();
  }

  @Test
  void write_sameIdWithOtherContent_leavesTheSumsAsTheyAre() throws Exception {
    UsageEvent event = chat().tokens(TokenCounts.of(10, 5)).build();
    store.write(List.of(event));
    var report = new Said();

    store.write(List.of(event.toBuilder().tokens(TokenCounts.of(11, 5)).build(), event), report);

    assertThat(report.said).containsExactly("conflict " + event.id(), "duplicate " + event.id());
    assertThat(total().totalTokens()).isEqualTo(15);
    assertThat(verify()).isEmpty();
  }

  @Test
  void write_sumBeyondItsColumn_isRejectedNamingTheTableAndLeavesNothing() throws Exception {
    store.write(List.of(chat().build()));
    Databases.execute(dataSource, "UPDATE usage_rollup SET input_tokens = " + (Long.MAX_VALUE - 9));
    UsageEvent tooMuch = chat().build();

    assertThatExceptionOfType(UsageSink.RejectedException.class)
        .isThrownBy(() -> store.write(List.of(tooMuch)))
        .withMessageContaining("usage_rollup");

    assertThat(store.queries().event(ALL, tooMuch.id())).isEmpty();
    assertThat(total().calls()).isEqualTo(1);
  }

  private static List<RollupColumn> measures() {
    return RollupColumn.ALL.stream().filter(column -> column.merge() != null).toList();
  }

  /** Each batch writes other columns of the same rows, in both orders. */
  @Test
  void write_batchesThatNeedOtherColumns_addUp_andAKnownZeroIsNotUnknown() throws Exception {
    var who = Attribution.organization("acme").user("7");
    var unknown = chat().attribution(who).tokens(TokenCounts.UNKNOWN).build();
    var none = new TokenCounts(0L, 0L, 0L, null, null, 0L, null, null, null);
    var calls = new ArrayList<UsageEvent>();
    calls.add(unknown);
    calls.add(chat().attribution(who).tokens(none).build());
    UsageEvents.random(11, 12)
        .forEach(call -> calls.add(call.toBuilder().attribution(who).build()));
    calls.add(chat().attribution(who).build());

    for (UsageEvent call : calls) {
      store.write(List.of(call));
      UsageSummary sum = store.queries().total(ALL, BillingPeriod.lifetime());
      assertThat(sum.tokens().cacheRead() == null).isEqualTo(call == unknown);
      assertThat(store.maintenance().verify(BillingPeriod.lifetime())).isEmpty();
    }
  }

  @Test
  void write_greatestCosts_addUpExactly() throws Exception {
    var greatest = Cost.total(new BigDecimal("99999999999999999999"), "USD");
    List<UsageEvent> calls =
        Stream.generate(() -> chat().cost(greatest).build()).limit(20).toList();

    store.write(calls);
    store.write(calls.subList(0, 10));

    assertThat(total().cost("USD")).isEqualTo(new BigDecimal("1999999999999999999980"));
    assertThat(verify()).isEmpty();
  }

  // Raw horizon

  @Test
  void write_callBeforeTheHorizon_isReportedAndChangesNothing() throws Exception {
    store.write(List.of(chat().build()));
    moveHorizon("acme", NOON);
    UsageEvent behind = at(NOON.minusNanos(1_000), "acme");
    UsageEvent atHorizon = at(NOON, "acme");
    UsageEvent other = at(NOON.minusNanos(1_000), "Acme");
    UsageEvent unattributed = at(NOON.minusNanos(1_000), null);
    var report = new Said();

    store.write(List.of(behind, atHorizon, other, unattributed, behind), report);

    assertThat(report.said).containsExactly("behind " + behind.id(), "behind " + behind.id());
    assertThat(store.queries().event(ALL, behind.id())).isEmpty();
    assertThat(total().calls()).isEqualTo(4);
    assertThat(verify()).isEmpty();

    moveHorizon(null, NOON.plusSeconds(60));
    moveHorizon("", NOON.plusSeconds(120));
    var later = new Said();
    UsageEvent late = at(NOON.plusSeconds(59), "Acme");
    UsageEvent lateUnattributed = at(NOON.plusSeconds(119), null);
    store.write(List.of(late, lateUnattributed, at(NOON.plusSeconds(60), "Acme")), later);
    assertThat(later.said)
        .containsExactly("behind " + late.id(), "behind " + lateUnattributed.id());
    assertThat(total().calls()).isEqualTo(5);
  }

  @Test
  void retention_whileSomebodyWrites_waitsForHim() throws Exception {
    UsageEvent late = at(NOON, "acme");
    var retention = Executors.newSingleThreadExecutor();
    var deleted = new AtomicReference<Future<Integer>>();
    try {
      dataSource.fault =
          FaultyDataSource.onStatement(
              "INTO usage_event",
              connection -> {
                dataSource.fault = FaultyDataSource.NONE;
                deleted.set(retention.submit(() -> deleteBefore(NOON.plusSeconds(1))));
                // Not a proof that it waits for ever, but it fails at once if nothing holds it up.
                assertThatExceptionOfType(TimeoutException.class)
                    .isThrownBy(() -> deleted.get().get(300, TimeUnit.MILLISECONDS));
              });
      store.write(List.of(late));

      assertThat(deleted.get().get(1, TimeUnit.MINUTES)).isEqualTo(1);
    } finally {
      retention.shutdownNow();
    }
    var report = new Said();
    store.write(List.of(late), report);
    assertThat(report.said).containsExactly("behind " + late.id());
    assertThat(total().calls()).isEqualTo(1);
  }

  private int deleteBefore(Instant horizon) throws SQLException {
    return store
        .transactions()
        .write(
            connection -> {
              store.dialect().lockForMaintenance(connection, TABLES);
              new Horizon(store.dialect(), TABLES).move(connection, "acme", horizon);
              try (var statement = connection.createStatement()) {
                return statement.executeUpdate("DELETE FROM usage_event");
              }
            });
  }

  @Test
  void read_beforeTheHorizon_answersWhatRollupsKnowAndRefusesTheRest() throws Exception {
    UsageEvent old = at(NOON.minus(Duration.ofDays(100)), "acme");
    store.write(List.of(old, at(NOON, "acme"), at(NOON, "other")));
    BillingPeriod all = BillingPeriod.lifetime();
    var partOfADay = BillingPeriod.of(old.occurredAt(), NOON.plusSeconds(1));
    UsageSummary before = store.queries().total(ALL, all);
    var acme = UsageFilter.organization("acme");

    deleteOld("acme", Instant.parse("2026-11-01T00:00:00Z"));

    assertThat(store.queries().total(ALL, all)).isEqualTo(before);
    assertThat(store.queries().daily(acme, BillingPeriod.monthOf(old.occurredAt())))
        .anyMatch(day -> day.calls() == 1);
    for (var question :
        List.<Callable<Object>>of(
            () -> store.queries().total(acme, partOfADay),
            () -> store.queries().total(ALL, partOfADay),
            () -> store.queries().total(acme.session("s"), all),
            () -> store.queries().by(acme.unpriced(), all, Dimension.DAY),
            () ->
                store.queries().events(acme, BillingPeriod.monthOf(old.occurredAt()), 10, null))) {
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(question::call)
          .withMessageContaining("2026-11-01T00:00:00Z");
    }
    assertThat(store.queries().total(UsageFilter.organization("other"), partOfADay).calls())
        .isEqualTo(1);
    assertThat(store.queries().total(acme.session("s"), NOVEMBER).calls()).isZero();
    assertThat(store.queries().events(acme, all, 10, null).events()).hasSize(1);
  }

  // Verify and rebuild

  @Test
  void verify_everyMeasureChangedInTurn_isFoundInEveryGrainAndRebuilt() throws Exception {
    store.write(List.of(chat().attribution(Attribution.organization("sole").user("7")).build()));
    store.write(UsageEvents.random(3, 100));
    String row = " WHERE organization = 'sole' AND grain = ";
    var tables = new Tables(Tables.DEFAULT_PREFIX);
    for (RollupColumn column : measures()) {
      String other =
          column.type() == Column.Type.TIMESTAMP
              ? "TIMESTAMP '2026-11-21 11:59:59.999999'"
              : "COALESCE(" + column.name() + ", -1) + 1";
      for (Grain grain : Grain.values()) {
        Databases.execute(
            dataSource,
            "UPDATE "
                + grain.table(tables)
                + " SET "
                + column.name()
                + " = "
                + other
                + row
                + "'"
                + grain.code
                + "'");
      }

      List<Difference> found = store.maintenance().verify(NOVEMBER);

      assertThat(found)
          .as(column.name())
          .extracting(Difference::grain, one -> one.keys().get(Dimension.USER))
          .containsExactlyInAnyOrder(
              tuple(Dimension.DAY, "7"),
              tuple(Dimension.MONTH, "7"),
              tuple(Dimension.DAY, null),
              tuple(Dimension.MONTH, null));
      for (Difference one : found) {
        assertThat(one.column()).isEqualTo(column.name());
        assertThat(one.problem()).isEqualTo(Problem.VALUE);
        assertThat(one.keys()).containsEntry(Dimension.ORGANIZATION, "sole");
        assertThat(one.stored()).isNotEqualTo(one.expected());
        assertThat(one).asString().contains(column.name(), "2026-11-");
      }
      store.maintenance().rebuild(NOVEMBER);
      assertThat(store.maintenance().verify(NOVEMBER)).as(column.name()).isEmpty();
    }
  }

  @Test
  void verify_knownThatMustBeNull_isFound() throws Exception {
    store.write(List.of(chat().tokens(TokenCounts.UNKNOWN).build()));
    Databases.execute(dataSource, "UPDATE usage_rollup SET input_tokens = 0 WHERE grain = 'D'");

    assertThat(verify())
        .singleElement()
        .extracting(Difference::column, Difference::stored, Difference::expected)
        .containsExactly("input_tokens", "0", null);
  }

  @Test
  void verify_missingAndSurplusAndChangedRows_areFoundAndRebuilt() throws Exception {
    List<UsageEvent> calls = RandomCalls.of(new Random(4), 40);
    store.write(calls);
    UsageEvent lone = at(NOON, "lone");
    store.write(List.of(lone));

    Databases.execute(
        dataSource, "DELETE FROM usage_rollup WHERE organization = 'lone' AND grain = 'M'");
    assertThat(verify()).extracting(Difference::problem).containsExactly(Problem.MISSING_ROW);
    store.maintenance().rebuild(NOVEMBER);
    assertThat(verify()).isEmpty();

    Databases.execute(
        dataSource, "UPDATE usage_rollup SET model = 'other' WHERE organization = 'lone'");
    assertThat(verify())
        .extracting(Difference::problem)
        .containsExactlyInAnyOrder(
            Problem.MISSING_ROW, Problem.SURPLUS_ROW, Problem.MISSING_ROW, Problem.SURPLUS_ROW);
    store.maintenance().rebuild(NOVEMBER);
    assertThat(verify()).isEmpty();

    Databases.execute(
        dataSource,
        "UPDATE usage_rollup SET organization = 'zzz' WHERE organization = 'lone'",
        "UPDATE usage_rollup SET bucket = bucket + INTERVAL '1' DAY"
            + " WHERE organization = 'zzz' AND grain = 'D'");
    assertThat(verify()).hasSize(4);
    store.maintenance().rebuild(NOVEMBER);
    assertThat(verify()).isEmpty();

    Databases.execute(dataSource, "DELETE FROM usage_event WHERE organization = 'lone'");
    assertThat(verify())
        .extracting(Difference::problem)
        .containsExactly(
            Problem.SURPLUS_ROW, Problem.SURPLUS_ROW, Problem.SURPLUS_ROW, Problem.SURPLUS_ROW);
    store.maintenance().rebuild(NOVEMBER);
    assertThat(verify()).isEmpty();
    assertThat(total()).isEqualTo(UsageSummary.of(calls));

    for (String table : List.of("usage_rollup", "usage_organization_rollup")) {
      Databases.execute(dataSource, "DELETE FROM " + table);
      assertThat(verify()).isNotEmpty();
      store.maintenance().rebuild(BillingPeriod.lifetime());
      assertThat(verify()).isEmpty();
      assertThat(total()).isEqualTo(UsageSummary.of(calls));
    }
  }

  @Test
  void verify_rowsOfWholeOrganizations_missingSurplusOrMoved_areFoundAndRebuilt() throws Exception {
    store.write(List.of(at(NOON, "lone"), at(NOON, "acme")));
    for (String change :
        List.of(
            "DELETE FROM usage_organization_rollup WHERE organization = 'lone' AND grain = 'D'",
            "UPDATE usage_organization_rollup SET model = 'other' WHERE grain = 'M'",
            "UPDATE usage_organization_rollup SET organization = 'zzz'"
                + " WHERE organization = 'lone'",
            "UPDATE usage_organization_rollup SET bucket = bucket + INTERVAL '1' DAY"
                + " WHERE grain = 'D'")) {
      Databases.execute(dataSource, change);
      assertThat(verify())
          .as(change)
          .isNotEmpty()
          .allMatch(found -> !found.keys().containsKey(Dimension.USER));
      store.maintenance().rebuild(NOVEMBER);
      assertThat(verify()).as(change).isEmpty();
    }
  }

  @Test
  void verify_otherMonths_areNotLookedAt() throws Exception {
    store.write(List.of(at(NOON, "acme")));
    Databases.execute(dataSource, "UPDATE usage_rollup SET calls = 9");

    assertThat(store.maintenance().verify(BillingPeriod.month(2026, 10))).isEmpty();
    assertThat(store.maintenance().verify(BillingPeriod.month(2026, 12))).isEmpty();
    assertThat(store.maintenance().verify(BillingPeriod.of(NOON, NOON))).isEmpty();
    var instant = BillingPeriod.of(NOON.plusSeconds(9), NOON.plusSeconds(10));
    assertThat(store.maintenance().verify(instant)).hasSize(2);
  }

  @Test
  void maintenance_beforeTheHorizon_comparesNothingAndRefusesToRebuild() throws Exception {
    UsageEvent old = at(NOON.minus(Duration.ofDays(100)), "acme");
    store.write(List.of(old, at(NOON, "acme")));
    deleteOld("acme", Instant.parse("2026-11-01T00:00:00Z"));
    UsageSummary before = total();

    assertThat(verify()).isEmpty();
    for (var when : List.of(BillingPeriod.lifetime(), BillingPeriod.monthOf(old.occurredAt()))) {
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(() -> store.maintenance().rebuild(when))
          .withMessageContaining("'acme'")
          .withMessageContaining("2026-11-01T00:00:00Z");
    }
    store.maintenance().rebuild(NOVEMBER);
    assertThat(total()).isEqualTo(before);
    assertThat(verify()).isEmpty();
  }

  @Test
  void verify_whileRetentionDeletes_findsNothingThatIsNotThere() throws Exception {
    UsageEvent old = at(NOON.minus(Duration.ofDays(100)), "acme");
    store.write(List.of(old, at(NOON, "acme")));
    var connections = new FaultyDataSource(newConnections());
    var verifying = JdbcUsageStore.open(connections);
    var deleted = new AtomicInteger();
    connections.fault =
        FaultyDataSource.onStatement( // the horizon has been read by then
            "stored_row <> 1",
            connection -> {
              if (deleted.getAndIncrement() == 0) {
                deleteOld("acme", Instant.parse("2026-11-01T00:00:00Z"));
              }
            });

    assertThat(verifying.maintenance().verify(BillingPeriod.lifetime())).isEmpty();
    assertThat(deleted).hasPositiveValue();
  }

  @Test
  void rebuild_whileFourWriteAndKilledInTheMiddle_endsExact() throws Exception {
    List<UsageEvent> all = UsageEvents.random(6, 1_600);
    store.write(all.subList(0, 800));
    Databases.execute(
        dataSource,
        "UPDATE usage_rollup SET calls = calls + 1, input_tokens = 7"
            + " WHERE grain = 'D' AND organization = 'acme'",
        "DELETE FROM usage_rollup WHERE grain = 'M' AND user_id = ''");
    var repairing = new FaultyDataSource(newConnections());
    var maintained = JdbcUsageStore.open(repairing);
    var start = new CyclicBarrier(5);
    var work = new ArrayList<Callable<Void>>();
    for (int i = 0; i < 4; i++) {
      List<UsageEvent> mine = all.subList(800 + i * 200, 1_000 + i * 200);
      work.add(
          () -> {
            start.await();
            for (int from = 0; from < mine.size(); from += 10) {
              store.write(mine.subList(from, from + 10));
            }
            return null;
          });
    }
    work.add(
        () -> {
          var commits = new AtomicInteger();
          repairing.fault =
              (connection, method, arguments) -> {
                if (method.equals("commit") && commits.incrementAndGet() == 15) {
                  throw new SQLException("killed", "57P01");
                }
              };
          start.await();
          assertThatExceptionOfType(UsageException.class)
              .isThrownBy(() -> maintained.maintenance().rebuild(BillingPeriod.lifetime()))
              .withMessageContaining("killed");
          repairing.fault = FaultyDataSource.NONE;
          maintained.maintenance().rebuild(BillingPeriod.lifetime());
          return null;
        });
    runAll(work);

    assertThat(verify()).isEmpty();
    assertThat(total()).isEqualTo(UsageSummary.of(all));
  }

  // Upgrade

  /** The first one, and the last one before calls had conditions. */
  @ParameterizedTest
  @ValueSource(ints = {1, 7})
  void upgrade_ofAnOldVersionByEightAtOnce_buildsTheRollups_andKeepsWhatIsThere(int version)
      throws Exception {
    DataSource old = newDatabase();
    List<UsageEvent> calls =
        OldSchema.fill(
            old, store.dialect(), version, isPartitioned(), RandomCalls.of(new Random(8), 1_000));
    var start = new CyclicBarrier(8);
    var openers = new ArrayList<Callable<Void>>();
    List<UsageEvent> more = RandomCalls.of(new Random(9), 1_080).subList(1_000, 1_080);
    for (int i = 0; i < 8; i++) {
      List<UsageEvent> mine = more.subList(i * 10, i * 10 + 10);
      openers.add(
          () -> {
            start.await();
            JdbcUsageStore.open(old).write(mine);
            return null;
          });
    }
    runAll(openers);

    JdbcUsageStore upgraded = JdbcUsageStore.open(old);
    assertThat(upgraded.maintenance().verify(BillingPeriod.lifetime())).isEmpty();
    var both = new ArrayList<>(calls);
    both.addAll(more);
    assertThat(upgraded.queries().total(ALL, BillingPeriod.lifetime()))
        .isEqualTo(UsageSummary.of(both));
    for (UsageEvent call : both.subList(900, both.size())) {
      assertThat(upgraded.queries().event(ALL, call.id())).contains(call);
    }
    var again = new Said();
    upgraded.write(calls, again);
    assertThat(again.said).hasSize(calls.size()).allMatch(said -> said.startsWith("duplicate"));
    JdbcUsageStore.builder(old).validateOnly().open();
  }

  /** Whether an old version of such tables has partitions. */
  boolean isPartitioned() {
    return false;
  }

  // Helpers

  /** The database of the store, without its faults. */
  private DataSource newConnections() {
    return dataSource.delegate();
  }

  private static final Tables TABLES = new Tables(Tables.DEFAULT_PREFIX);

  private List<Difference> verify() {
    return store.maintenance().verify(BillingPeriod.lifetime());
  }

  private UsageSummary total() {
    return store.queries().total(ALL, BillingPeriod.lifetime());
  }

  private static UsageEvent at(Instant time, String organization) {
    return chatAt(time).attribution(Attribution.organization(organization)).build();
  }

  private void moveHorizon(String organization, Instant to) throws SQLException {
    store
        .transactions()
        .write(
            connection -> {
              new Horizon(store.dialect(), TABLES).move(connection, organization, to);
              return true;
            });
  }

  private void deleteOld(String organization, Instant to) throws SQLException {
    moveHorizon(organization, to);
    Databases.execute(
        dataSource,
        "DELETE FROM usage_event WHERE organization = '"
            + organization
            + "' AND utc_day < DATE '"
            + LocalDate.ofInstant(to, ZoneOffset.UTC)
            + "'");
  }

  private static void runAll(List<Callable<Void>> work) throws Exception {
    var pool = Executors.newFixedThreadPool(work.size());
    try {
      for (Future<Void> done : pool.invokeAll(work)) {
        done.get();
      }
    } finally {
      pool.shutdownNow();
    }
  }

  /** What a store said, in order. */
  private static final class Said implements UsageSink.Report {
    final List<String> said = new ArrayList<>();

    @Override
    public void duplicate(UsageEvent event) {
      said.add("duplicate " + event.id());
    }

    @Override
    public void conflict(UsageEvent event) {
      said.add("conflict " + event.id());
    }

    @Override
    public void behindHorizon(UsageEvent event) {
      said.add("behind " + event.id());
    }
  }
}
