package io.github.usage4j.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.EventQuery;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.UsageReader;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.query.Projection.Basis;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageEvents;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UsageReportsTest {

  private static final UsageFilter ACME = UsageFilter.organization("acme");
  private static final UsageFilter ALL = UsageFilter.allOrganizations();
  private static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);
  private static final Instant NOON = UsageEvents.NOON;

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final UsageReports reports = store.reports();

  private void add(String at, long input, String cost) {
    store.write(
        List.of(
            UsageEvents.chatAt(Instant.parse(at))
                .attribution(Attribution.organization("acme").user("ada", "Ada").customer("c"))
                .tokens(TokenCounts.input(input))
                .cost(cost == null ? null : Cost.total(new BigDecimal(cost), "USD"))
                .build()));
  }

  @Test
  void compareElapsed_takesTheSamePartOfTheMonthBefore() {
    add("2026-10-05T00:00:00Z", 40, "0.30");
    add("2026-10-21T12:00:00Z", 1_000, "99"); // not before noon of the 21st
    add("2026-11-05T00:00:00Z", 50, "0.10");

    Comparison elapsed = reports.compareElapsed(ACME, NOVEMBER, NOON);

    assertThat(elapsed.previousPeriod().end()).isEqualTo("2026-10-21T12:00:00Z");
    Comparison.Change tokens = elapsed.change(UsageMeasure.TOKENS);
    assertThat(tokens.difference()).isEqualByComparingTo("10");
    assertThat(tokens.percent()).isEqualByComparingTo("25");
    assertThat(elapsed.costChange("USD").difference()).isEqualByComparingTo("-0.20");
    assertThat(elapsed.change(UsageMeasure.COST).percent().toString()).startsWith("-66.666666666");
    assertThat(elapsed.costChange("EUR").percent()).isNull();
    assertThat(reports.compare(ACME, NOVEMBER).previous().calls()).isEqualTo(2);
    assertThat(
            reports
                .compare(ACME, BillingPeriod.month(2026, 10))
                .change(UsageMeasure.CALLS)
                .percent())
        .isNull();
  }

  @Test
  void change_ofSeveralCurrencies_mustNameOne() {
    add("2026-11-05T00:00:00Z", 50, "1");
    store.write(
        List.of(
            UsageEvents.chatAt(Instant.parse("2026-10-05T00:00:00Z"))
                .attribution(Attribution.organization("acme"))
                .cost(Cost.total(BigDecimal.ONE, "EUR"))
                .build()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> reports.compare(ACME, NOVEMBER).change(UsageMeasure.COST))
        .withMessageContaining("[EUR, USD]");
  }

  @Test
  void project_isLinear_orSaysWhyNot() {
    add("2026-11-01T00:00:00Z", 41, "0.41");
    Instant firstTenth = Instant.parse("2026-11-04T00:00:00Z");

    Projection projection = reports.project(ACME, NOVEMBER, Instant.parse("2026-11-21T12:00:00Z"));
    assertThat(projection.basis()).isEqualTo(Basis.LINEAR);
    assertThat(projection.tokens()).isEqualTo(60); // 41 * 30 / 20.5
    assertThat(projection.calls()).isEqualTo(1);
    assertThat(projection.costs().get("USD")).isEqualTo(new BigDecimal("0.6"));
    assertThat(reports.project(ACME, NOVEMBER, firstTenth).basis()).isEqualTo(Basis.LINEAR);
    Projection early = reports.project(ACME, NOVEMBER, firstTenth.minusNanos(1_000));
    assertThat(early.basis()).isEqualTo(Basis.TOO_LITTLE_DATA);
    assertThat(early.tokens()).isNull();
    assertThat(early.soFar().totalTokens()).isEqualTo(41);
    Projection over = reports.project(ACME, NOVEMBER, Instant.parse("2027-01-01T00:00:00Z"));
    assertThat(over.basis()).isEqualTo(Basis.ACTUAL);
    assertThat(over.tokens()).isEqualTo(41);
    assertThat(over.costs().get("USD")).isEqualTo(new BigDecimal("0.41"));
    assertThat(reports.project(UsageFilter.organization("x"), NOVEMBER, NOON).basis())
        .isEqualTo(Basis.TOO_LITTLE_DATA);
  }

  @Test
  void models_haveSharesOfTokensAndCosts() {
    add("2026-11-05T00:00:00Z", 30, "1");
    add("2026-11-06T00:00:00Z", 30, "2");
    store.write(
        List.of(
            UsageEvents.chatAt(NOON)
                .attribution(Attribution.organization("acme"))
                .responseModel("small")
                .tokens(TokenCounts.input(20))
                .cost(Cost.total(BigDecimal.ONE, "USD"))
                .build()));

    List<ModelUsage> models = reports.models(ACME, NOVEMBER).rows();

    assertThat(models).extracting(ModelUsage::model).containsExactly("gpt-4o", "small");
    assertThat(models.get(0).tokenShare()).isEqualByComparingTo("0.75");
    assertThat(models.get(0).costShares().get("USD")).isEqualByComparingTo("0.75");
    assertThat(models.get(0).usage().costPerThousandTokens("USD")).isEqualByComparingTo("50");
    assertThat(models.get(0).latency().p95()).isEqualTo(Duration.ofMillis(800));
    assertThat(models.get(1).usage().successRate()).isEqualByComparingTo("1");
  }

  @Test
  void dashboard_ofAMonth_hasEverythingOnce() {
    add("2026-10-05T00:00:00Z", 40, "0.30");
    for (int i = 0; i < 30; i++) {
      add("2026-11-05T00:00:00Z", 10, i == 0 ? null : "0.10");
    }
    add("2026-11-30T00:00:00Z", 1_000, null); // later than now

    Dashboard page = reports.dashboard(ACME, NOVEMBER, NOON);

    assertThat(page.periodZone()).isEqualTo("UTC");
    assertThat(page.total()).isEqualTo(store.queries().total(ACME, NOVEMBER));
    assertThat(page.total().unpriced()).isEqualTo(2);
    assertThat(page.daily()).isEqualTo(store.queries().daily(ACME, NOVEMBER));
    assertThat(page.comparison()).isEqualTo(reports.compareElapsed(ACME, NOVEMBER, NOON));
    assertThat(page.projection()).isEqualTo(reports.project(ACME, NOVEMBER, NOON));
    assertThat(page.users().get(0).label(Dimension.USER)).isEqualTo("Ada");
    assertThat(page.models()).isEqualTo(reports.models(ACME, NOVEMBER).rows());
    assertThat(page.uniques().users()).isEqualTo(1);
    assertThat(page.recent().events()).hasSize(20);
    assertThat(store.queries().events(ACME, NOVEMBER, page.recent().next()).events()).hasSize(11);
    assertThat(page.coverage().complete()).isTrue();
  }

  @Test
  void dashboard_ofAllTime_hasNoPeriodBefore() {
    add("2026-11-05T00:00:00Z", 10, null);
    Dashboard page = reports.dashboard(ALL, BillingPeriod.lifetime(), NOON);
    assertThat(page.comparison()).isNull();
    assertThat(page.daily()).hasSize(1);
    assertThat(page.projection().basis()).isEqualTo(Basis.TOO_LITTLE_DATA);
  }

  @Test
  void dashboard_isRememberedForFiveSeconds_unlessItMustBeFresh() {
    Dashboard first = reports.dashboard(ACME, NOVEMBER, NOON);
    add("2026-11-05T00:00:00Z", 10, null);

    assertThat(reports.dashboard(ACME, NOVEMBER, NOON.plusMillis(4_999))).isSameAs(first);
    assertThat(reports.fresh().dashboard(ACME, NOVEMBER, NOON).total().calls()).isEqualTo(1);
    assertThat(reports.dashboard(ALL, NOVEMBER, NOON).total().calls()).isEqualTo(1);
    assertThat(reports.dashboard(ACME, NOVEMBER, NOON.minusMillis(1)).total().calls()).isEqualTo(1);
    assertThat(reports.dashboard(ACME, NOVEMBER, NOON.plusSeconds(5)).total().calls()).isEqualTo(1);
  }

  @Test
  void rawReports_knowTheHorizon() {
    add("2026-11-05T00:00:00Z", 10, null);
    add("2026-11-15T00:00:00Z", 20, null);
    Instant horizon = Instant.parse("2026-11-10T00:00:00Z");
    var partly = new UsageReports(new UsageQueries(withHorizon(horizon)));

    Rows<CallLatency> latency = partly.latency(ACME, NOVEMBER);
    assertThat(latency.coverage()).isEqualTo(new Coverage(horizon, false));
    assertThat(latency.rows().get(0).calls()).isEqualTo(1);
    assertThat(partly.operations(ACME, NOVEMBER, 9, null).rows()).hasSize(1);
    Dashboard page = partly.dashboard(ACME, NOVEMBER, NOON);
    assertThat(page.total().calls()).isEqualTo(2);
    assertThat(page.latency().calls()).isEqualTo(1);
    assertThat(page.coverage().complete()).isFalse();

    var gone = new UsageReports(new UsageQueries(withHorizon(NOVEMBER.end())));
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> gone.uniques(ACME, NOVEMBER))
        .withMessageContaining("kept from 2026-12-01T00:00:00Z on");
    assertThat(gone.dashboard(ACME, NOVEMBER, NOON).total().calls()).isEqualTo(2);
    assertThat(gone.dashboard(ACME, NOVEMBER, NOON).latency()).isEqualTo(CallLatency.NONE);
  }

  private RawUsageReader withHorizon(Instant horizon) {
    var reader = (RawUsageReader) store.queries().reader();
    return (RawUsageReader)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {RawUsageReader.class},
            (self, method, arguments) ->
                switch (method.getName()) {
                  case "rowsSince" -> horizon;
                  case "snapshot" -> snapshot(arguments[0], self);
                  default -> method.invoke(reader, arguments);
                });
  }

  @SuppressWarnings("unchecked")
  private static Object snapshot(Object questions, Object reader) {
    return ((Function<Object, Object>) questions).apply(reader);
  }

  /** What somebody wrote before there was more to ask. */
  @Test
  void readerOfSumsOnly_answersWhatItCan() {
    add("2026-11-05T00:00:00Z", 10, null);
    UsageReader inner = store.queries().reader();
    UsageReader sumsOnly =
        new UsageReader() {
          @Override
          public List<UsageSummary> aggregate(UsageQuery query) {
            return inner.aggregate(query);
          }

          @Override
          public List<UsageEvent> events(EventQuery query) {
            return inner.events(query);
          }
        };
    var limited = new UsageReports(new UsageQueries(sumsOnly));

    assertThat(limited.compare(ACME, NOVEMBER).current().calls()).isEqualTo(1);
    assertThat(limited.project(ACME, NOVEMBER, NOON).soFar().calls()).isEqualTo(1);
    List<Runnable> rest =
        List.of(
            () -> limited.operations(ACME, NOVEMBER, 1, null),
            () -> limited.sessions(ACME, NOVEMBER, 1, null),
            () -> limited.latency(ACME, NOVEMBER),
            () -> limited.uniques(ACME, NOVEMBER),
            () -> limited.byTag(ACME, NOVEMBER, "t"),
            () -> limited.searchUsers(ACME, "a", 1),
            () -> limited.dashboard(ACME, NOVEMBER, NOON));
    for (Runnable question : rest) {
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(question::run)
          .withMessageContaining("not a RawUsageReader");
    }
  }

  @Test
  void badInput_isNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> reports.operations(ACME, NOVEMBER, 0, null))
        .withMessage("size must be between 1 and 1000, but was 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> reports.sessions(ACME, NOVEMBER, 1_001, null))
        .withMessageContaining("but was 1001");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> reports.operations(ACME.outcome(Outcome.ERROR), NOVEMBER, 1, null))
        .withMessageContaining("outcome");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> reports.searchUsers(ACME, "a\0b", 1))
        .withMessageContaining("U+0000");
    assertThatIllegalArgumentException().isThrownBy(() -> reports.searchUsers(ACME, " ", 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> reports.searchUsers(ACME, "x".repeat(257), 1));
    assertThatIllegalArgumentException().isThrownBy(() -> reports.searchUsers(ACME, "a", 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> reports.searchUsers(ACME.category("k"), "a", 1))
        .withMessageContaining("category=k");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> reports.searchCustomers(ACME.user("ada"), "a", 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> reports.byTag(ACME, NOVEMBER, "a\0"))
        .withMessageContaining("tag key");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> reports.uniques(ACME, NOVEMBER, Dimension.MONTH));
  }

  @Test
  void cursors_areOfOneListAndOneOrganization() {
    var cursors = new ArrayList<String>();
    for (int i = 0; i < 3; i++) {
      store.write(
          List.of(
              UsageEvents.chatAt(NOON.plusSeconds(i))
                  .attribution(Attribution.organization("acme").session("s" + i))
                  .build()));
    }
    cursors.add(reports.operations(ACME, NOVEMBER, 1, null).next());
    cursors.add(reports.sessions(ACME, NOVEMBER, 1, null).next());
    cursors.add(store.queries().events(ACME, NOVEMBER, 1, null).next());
    List<java.util.function.BiConsumer<UsageFilter, String>> lists =
        List.of(
            (who, after) -> reports.operations(who, NOVEMBER, 1, after),
            (who, after) -> reports.sessions(who, NOVEMBER, 1, after),
            (who, after) -> store.queries().events(who, NOVEMBER, 1, after));
    for (int list = 0; list < 3; list++) {
      for (int cursor = 0; cursor < 3; cursor++) {
        String after = cursors.get(cursor);
        var ask = lists.get(list);
        if (list == cursor) {
          ask.accept(ACME, after);
          ask.accept(ACME.user("narrower"), after);
          assertThatIllegalArgumentException().isThrownBy(() -> ask.accept(ALL, after));
          assertThatIllegalArgumentException()
              .isThrownBy(() -> ask.accept(UsageFilter.organization("other"), after));
        } else {
          assertThatIllegalArgumentException()
              .isThrownBy(() -> ask.accept(ACME, after))
              .withMessageContaining("after must be the 'next' of an earlier page");
        }
      }
    }
  }

  @Test
  void cursor_changedAnywhere_isRefused() {
    for (int i = 0; i < 3; i++) {
      add("2026-11-05T00:00:00Z", 1, null);
    }
    String cursor = store.queries().events(ACME, NOVEMBER, 1, null).next();
    for (int i = 0; i < cursor.length(); i++) {
      char other = cursor.charAt(i) == 'A' ? 'B' : 'A';
      String changed = cursor.substring(0, i) + other + cursor.substring(i + 1);
      assertThatIllegalArgumentException()
          .as(changed)
          .isThrownBy(() -> store.queries().events(ACME, NOVEMBER, 1, changed));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "a", "'; drop table", "MQ", "====", "Mi4u", "\0"})
  void cursor_thatIsNone_isRefused(String cursor) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> store.queries().events(ACME, NOVEMBER, 1, cursor));
  }
}
