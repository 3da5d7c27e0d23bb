package io.github.usage4j;

import static io.github.usage4j.UsageQueries.Dimension.DAY;
import static io.github.usage4j.UsageQueries.Dimension.MODEL;
import static io.github.usage4j.UsageQueries.Dimension.MONTH;
import static io.github.usage4j.UsageQueries.Dimension.USER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.sink.InMemoryUsageStore;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UsageQueriesTest {

  private static final UsageFilter ACME = UsageFilter.organization("acme");
  private static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final UsageQueries usage = store.queries();

  private UsageEvent add(String at, String org, String user, String model, long in, String cost) {
    return add(
        event(at, org, user, model, in)
            .cost(cost == null ? null : Cost.total(new BigDecimal(cost), "USD")));
  }

  private UsageEvent add(UsageEventBuilder builder) {
    UsageEvent event = builder.build();
    store.write(List.of(event));
    return event;
  }

  private static UsageEventBuilder event(
      String at, String org, String user, String model, long in) {
    Instant instant = Instant.parse(at);
    return UsageEvent.builder(UsageEvent.newId(instant), Kind.CHAT, "openai", model)
        .startedAt(instant)
        .attribution(Attribution.organization(org).user(user, user == null ? null : "Mr " + user))
        .tokens(TokenCounts.of(in, 1));
  }

  @Test
  void total_countsOnlyTheMonthAndTheOrganization() {
    add("2026-10-31T23:59:59.999999Z", "acme", "ada", "gpt", 1, null);
    add("2026-11-01T00:00:00Z", "acme", "ada", "gpt", 10, "0.5");
    add("2026-11-30T23:59:59.999999Z", "acme", "bob", "gpt", 100, null);
    add("2026-12-01T00:00:00Z", "acme", "ada", "gpt", 1000, null);
    add("2026-11-15T00:00:00Z", "other", "ada", "gpt", 10_000, null);
    UsageSummary total = usage.total(ACME, NOVEMBER);
    assertThat(total.tokens()).isEqualTo(TokenCounts.of(110, 2));
    assertThat(total.calls()).isEqualTo(2);
    assertThat(total.unpriced()).isEqualTo(1);
    assertThat(total.cost("USD")).isEqualByComparingTo("0.5");
    assertThat(total.lastActivity()).isEqualTo("2026-11-30T23:59:59.999999Z");
    assertThat(usage.total(UsageFilter.allOrganizations(), NOVEMBER).calls()).isEqualTo(3);
    assertThat(usage.total(ACME.user("ada"), BillingPeriod.lifetime()).calls()).isEqualTo(3);
    assertThat(usage.total(ACME.unpriced(), NOVEMBER).tokens()).isEqualTo(TokenCounts.of(100, 1));
    assertThat(usage.total(UsageFilter.organization("nobody"), NOVEMBER))
        .isEqualTo(UsageSummary.EMPTY);
  }

  @Test
  void by_sortsByTokensThenKey_andKeepsUnattributedApart() {
    add("2026-11-02T00:00:00Z", "acme", "bob", "gpt", 5, null);
    add("2026-11-02T00:00:00Z", "acme", "ada", "gpt", 5, null);
    add("2026-11-02T00:00:00Z", "acme", null, "gpt", 50, null);
    List<UsageSummary> rows = usage.by(ACME, NOVEMBER, USER);
    assertThat(rows).extracting(row -> row.key(USER)).containsExactly("", "ada", "bob");
    assertThat(rows).extracting(row -> row.label(USER)).containsExactly("", "Mr ada", "Mr bob");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> rows.get(0).key(MODEL))
        .withMessageContaining("not by MODEL");
  }

  @Test
  void by_monthAndDay_areInOrderOfTime() {
    add("2026-11-30T23:59:59Z", "acme", "ada", "gpt", 5, null);
    add("2026-12-01T00:00:00Z", "acme", "ada", "gpt", 6, null);
    add("2026-11-01T00:00:00Z", "acme", "ada", "gpt", 7, null);
    List<UsageSummary> months = usage.by(ACME, BillingPeriod.lifetime(), MONTH);
    assertThat(months).extracting(row -> row.key(MONTH)).containsExactly("2026-11", "2026-12");
    assertThat(months).extracting(UsageSummary::totalTokens).containsExactly(14L, 7L);
    assertThat(usage.by(ACME, BillingPeriod.lifetime(), DAY))
        .extracting(row -> row.key(DAY))
        .containsExactly("2026-11-01", "2026-11-30", "2026-12-01");
  }

  @Test
  void daily_fillsEmptyDays() {
    add("2026-11-03T12:00:00Z", "acme", "ada", "gpt", 5, null);
    List<UsageSummary> days = usage.daily(ACME, NOVEMBER);
    assertThat(days).hasSize(30);
    assertThat(days.get(0).key(DAY)).isEqualTo("2026-11-01");
    assertThat(days.get(0).calls()).isZero();
    assertThat(days.get(2).totalTokens()).isEqualTo(6);
    assertThat(days.get(29).key(DAY)).isEqualTo("2026-11-30");
    assertThat(usage.daily(ACME, NOVEMBER.upTo(NOVEMBER.start()))).isEmpty();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> usage.daily(ACME, BillingPeriod.lifetime()))
        .withMessageContaining("at most 3660 days");
  }

  @Test
  void top_ranksByEachMeasure_andNeverMixesCurrencies() {
    add("2026-11-02T00:00:00Z", "acme", "ada", "gpt", 5, "9");
    add("2026-11-02T00:00:00Z", "acme", "bob", "gpt", 500, "1");
    add("2026-11-02T00:00:00Z", "acme", "bob", "gpt", 500, null);
    assertThat(usage.top(ACME, NOVEMBER, USER, UsageMeasure.COST, 1))
        .extracting(row -> row.key(USER))
        .containsExactly("ada");
    assertThat(usage.top(ACME, NOVEMBER, USER, UsageMeasure.CALLS, 5))
        .extracting(row -> row.key(USER))
        .containsExactly("bob", "ada");
    add(
        event("2026-11-02T00:00:00Z", "acme", "cy", "gpt", 1)
            .cost(Cost.total(new BigDecimal("1000"), "JPY")));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> usage.top(ACME, NOVEMBER, USER, UsageMeasure.COST, 3))
        .withMessageContaining("[JPY, USD]");
    assertThat(usage.top(ACME, NOVEMBER, USER, "JPY", 1))
        .extracting(row -> row.key(USER))
        .containsExactly("cy");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> usage.top(ACME, NOVEMBER, USER, UsageMeasure.CALLS, 0))
        .withMessage("rows must be between 1 and 1000, but was 0");
  }

  @Test
  void events_pagesNewestFirstWithoutGapOrOverlap_alsoAtOneInstant() {
    var all = new ArrayList<UsageEvent>();
    for (int i = 0; i < 25; i++) {
      String at = "2026-11-02T00:00:0" + i / 5 + "Z"; // five calls at each instant
      all.add(add(at, "acme", "ada", "gpt", i, null));
    }
    var seen = new ArrayList<UsageEvent>();
    String next = null;
    int pages = 0;
    do {
      UsageQueries.Page page = usage.events(ACME, NOVEMBER, 4, next);
      seen.addAll(page.events());
      next = page.next();
      pages++;
    } while (next != null);
    assertThat(pages).isEqualTo(7);
    assertThat(seen).containsExactlyInAnyOrderElementsOf(all).doesNotHaveDuplicates();
    assertThat(seen)
        .extracting(UsageEvent::occurredAt)
        .isSortedAccordingTo((a, b) -> b.compareTo(a));
    assertThat(usage.events(ACME, NOVEMBER, 25, null).next()).isNull();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> usage.events(ACME, NOVEMBER, 4, "'; drop table"))
        .withMessageContaining("after must be the 'next' of an earlier page");
    assertThatIllegalArgumentException().isThrownBy(() -> usage.events(ACME, NOVEMBER, 0, null));
  }

  @Test
  void operationAndEvent_areFoundOnlyByThoseWhoMaySeeThem() {
    UsageEvent second =
        add(event("2026-11-02T00:00:00Z", "acme", "ada", "gpt", 2).operation("op", 2));
    UsageEvent first =
        add(event("2026-11-02T00:00:01Z", "acme", "ada", "gpt", 1).operation("op", 1));
    assertThat(usage.operation(ACME, "op")).containsExactly(first, second);
    assertThat(usage.event(ACME, first.id())).contains(first);
    UsageFilter other = UsageFilter.organization("other");
    assertThat(usage.operation(other, "op")).isEmpty();
    assertThat(usage.event(other, first.id())).isEmpty();
  }

  @Test
  void summary_tellsHowCompleteItIs() {
    add(event("2026-11-02T00:00:00Z", "acme", "a", "gpt", 1).tokens(TokenCounts.UNKNOWN));
    add(event("2026-11-02T00:00:00Z", "acme", "a", "gpt", 20));
    add(
        event("2026-11-02T00:00:00Z", "acme", "a", "gpt", 1)
            .outcome(Outcome.REFUSED)
            .tokens(TokenCounts.UNKNOWN)
            .opensOperation(false));
    add(
        event("2026-11-02T00:00:00Z", "acme", "a", "gpt", 1)
            .tokens(TokenCounts.UNKNOWN)
            .error(new IllegalStateException())
            .duration(Duration.ofSeconds(9)));
    UsageSummary total = usage.total(ACME, NOVEMBER);
    assertThat(total.calls()).isEqualTo(3);
    assertThat(total.refused()).isEqualTo(1);
    assertThat(total.errors()).isEqualTo(1);
    assertThat(total.succeeded()).isEqualTo(2);
    assertThat(total.operations()).isEqualTo(3);
    assertThat(total.unmeasured()).isEqualTo(1);
    assertThat(total.unpriced()).isEqualTo(1);
    assertThat(total.quality()).isEqualTo(Quality.PARTIAL);
    assertThat(total.succeededDuration()).isZero();
    assertThat(UsageSummary.EMPTY.quality()).isEqualTo(Quality.REPORTED);
  }

  @Test
  void filter_alwaysSaysWhoMaySee() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> UsageFilter.organization(null))
        .withMessage("organization must not be null or blank, but was null");
    assertThatIllegalArgumentException().isThrownBy(() -> UsageFilter.organization(" "));
    assertThatIllegalArgumentException().isThrownBy(() -> ACME.user(""));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new UsageFilter(
                    false, null, null, null, null, null, null, null, null, false, Map.of(), null));
    assertThat(
            UsageFilter.organization("Acme")
                .matches(event("2026-11-02T00:00:00Z", "acme", "ada", "gpt", 1).build()))
        .isFalse();
  }

  @Test
  void by_severalDimensions_areInOrderOfTimeThenTokensThenKeys() {
    add("2026-11-02T00:00:00Z", "acme", "bob", "gpt", 5, null);
    add("2026-11-03T00:00:00Z", "acme", "bob", "gpt", 5, null);
    add("2026-11-03T00:00:00Z", "acme", "ada", "gpt", 5, null);
    add("2026-12-03T00:00:00Z", "acme", "ada", "o3", 50, null);

    assertThat(usage.by(ACME, BillingPeriod.lifetime(), MONTH, USER))
        .extracting(row -> row.key(MONTH) + row.label(USER) + row.calls())
        .containsExactly("2026-11Mr bob2", "2026-11Mr ada1", "2026-12Mr ada1");
    assertThat(usage.by(ACME, BillingPeriod.lifetime(), MODEL, USER))
        .extracting(row -> row.key(MODEL) + row.key(USER))
        .containsExactly("o3ada", "gptbob", "gptada");
    assertThat(usage.by(ACME, BillingPeriod.lifetime(), DAY, MONTH))
        .extracting(row -> row.key(MONTH) + " " + row.key(DAY))
        .containsExactly("2026-11 2026-11-02", "2026-11 2026-11-03", "2026-12 2026-12-03");
  }

  @Test
  void by_monthOfOneIdInTwoOrganizations_showsNoLabel() {
    UsageFilter all = UsageFilter.allOrganizations();
    add("2026-11-02T00:00:00Z", "acme", "7", "gpt", 5, null);
    add(
        event("2026-11-03T00:00:00Z", "other", "7", "gpt", 5)
            .attribution(Attribution.organization("other").user("7", "Eve")));

    assertThat(usage.by(all, NOVEMBER, MONTH, USER).get(0).label(USER)).isEqualTo("7");
    assertThat(usage.by(ACME, NOVEMBER, MONTH, USER).get(0).label(USER)).isEqualTo("Mr 7");
  }

  @Test
  void top_hasTwentyFiveRowsByDefault_andPagesTwentyCalls() {
    for (int i = 0; i < 30; i++) {
      add("2026-11-02T00:00:00Z", "acme", "user" + i, "gpt", 5, null);
    }
    assertThat(usage.top(ACME, NOVEMBER, USER, UsageMeasure.TOKENS)).hasSize(25);
    assertThat(usage.events(ACME, NOVEMBER, null).events()).hasSize(20);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> usage.top(ACME, NOVEMBER, USER, UsageMeasure.TOKENS, 1_001));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> usage.top(ACME, NOVEMBER, USER, "dollars", 1))
        .withMessageContaining("ISO 4217");
  }

  @Test
  void total_startingInsideADay_isExactToTheMicrosecond() {
    add("2026-11-02T10:30:00.000001Z", "acme", "ada", "gpt", 1, null);
    add("2026-11-02T10:30:00.000002Z", "acme", "ada", "gpt", 10, null);
    add("2026-11-04T10:30:00.000001Z", "acme", "ada", "gpt", 100, null);
    add("2026-11-04T10:30:00.000002Z", "acme", "ada", "gpt", 1_000, null);
    var part =
        BillingPeriod.of(
            Instant.parse("2026-11-02T10:30:00.000002Z"),
            Instant.parse("2026-11-04T10:30:00.000002Z"));
    assertThat(usage.total(ACME, part).tokens().input()).isEqualTo(110);
    assertThat(usage.daily(ACME, part)).extracting(UsageSummary::calls).containsExactly(1L, 0L, 1L);
  }

  @Test
  void averagesAndRates_areNullWhereThereIsNothingToDivideBy() {
    UsageSummary none = usage.total(ACME, NOVEMBER);
    assertThat(none.averageTokens()).isNull();
    assertThat(none.averageDuration()).isNull();
    assertThat(none.averageCost("USD")).isNull();
    assertThat(none.successRate()).isNull();
    assertThat(none.refusalRate()).isNull();
    assertThat(none.costPerThousandTokens("USD")).isNull();
    assertThat(none.outputPerInput()).isNull();
    add(
        event("2026-11-02T00:00:00Z", "acme", "a", "gpt", 1)
            .tokens(TokenCounts.of(80, 20).cacheRead(60))
            .duration(Duration.ofSeconds(2))
            .cost(Cost.total(new BigDecimal("0.4"), "USD")));
    add(
        event("2026-11-02T00:00:00Z", "acme", "a", "gpt", 1)
            .tokens(TokenCounts.of(100, 0))
            .duration(Duration.ofSeconds(60))
            .outcome(Outcome.ERROR)
            .cost(Cost.total(new BigDecimal("0.1"), "USD")));
    add(
        event("2026-11-02T00:00:00Z", "acme", "a", "gpt", 1)
            .tokens(TokenCounts.UNKNOWN)
            .outcome(Outcome.REFUSED));
    UsageSummary total = usage.total(ACME, NOVEMBER);
    assertThat(total.averageTokens()).isEqualByComparingTo("100");
    assertThat(total.averageDuration()).isEqualTo(Duration.ofSeconds(2));
    assertThat(total.averageCost("USD")).isEqualByComparingTo("0.5");
    assertThat(usage.total(ACME.outcome(Outcome.SUCCESS), NOVEMBER).averageCost("USD"))
        .isEqualByComparingTo("0.4");
    assertThat(total.costPerThousandTokens("USD")).isEqualByComparingTo("2.5");
    assertThat(total.successRate()).isEqualByComparingTo("0.5");
    assertThat(total.failureRate()).isEqualByComparingTo("0.5");
    assertThat(total.refusalRate().toString()).startsWith("0.33333");
    assertThat(total.cacheHitShare().toString()).startsWith("0.33333");
    assertThat(total.outputPerInput().toString()).startsWith("0.1111");
  }

  @Test
  void badInput_isNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> usage.operation(ACME, "a\0b"))
        .withMessageContaining("U+0000");
    assertThatIllegalArgumentException().isThrownBy(() -> usage.operation(ACME, null));
    assertThatIllegalArgumentException().isThrownBy(() -> ACME.model("a\0"));
    assertThatIllegalArgumentException().isThrownBy(() -> ACME.user("a\0"));
    assertThatIllegalArgumentException().isThrownBy(() -> ACME.tag("k", ""));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> usage.events(ACME, NOVEMBER, 1_001, null))
        .withMessage("size must be between 1 and 1000, but was 1001");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> UsageQueries.Dimension.of("colour"))
        .withMessageContaining("dimension must be one of [ORGANIZATION, USER")
        .withMessageContaining("'colour'");
    assertThat(UsageQueries.Dimension.of("model")).isEqualTo(MODEL);
    assertThat(UsageMeasure.of("Cost")).isEqualTo(UsageMeasure.COST);
    assertThatIllegalArgumentException().isThrownBy(() -> UsageMeasure.of(null));
  }

  @Test
  void recordedSince_cannotBeToldFromAnEventAlone() {
    UsageEvent event = event("2026-11-02T00:00:00Z", "acme", "a", "gpt", 1).build();
    Instant since = Instant.parse("2026-11-03T00:00:00.0000001Z");
    UsageFilter late = ACME.recordedSince(since);
    assertThat(late.matches(event, Instant.parse("2026-11-03T00:00:00Z"))).isFalse();
    assertThat(late.matches(event, Instant.parse("2026-11-03T00:00:00.000001Z"))).isTrue();
    assertThatIllegalStateException().isThrownBy(() -> late.matches(event));
    assertThat(late.needsSingleCalls()).isTrue();
    assertThat(ACME.user("a").customer("c").model("m").needsSingleCalls()).isFalse();
  }
}
