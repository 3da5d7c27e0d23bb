package io.github.usage4j.sink;

import static io.github.usage4j.sink.UsageEvents.NOON;
import static io.github.usage4j.sink.UsageEvents.chat;
import static io.github.usage4j.sink.UsageEvents.chatAt;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEventBuilder;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.query.CallLatency;
import io.github.usage4j.query.Label;
import io.github.usage4j.query.LateArrivals;
import io.github.usage4j.query.OperationUsage;
import io.github.usage4j.query.Rows;
import io.github.usage4j.query.SessionUsage;
import io.github.usage4j.query.TagUsage;
import io.github.usage4j.query.UniqueCounts;
import io.github.usage4j.query.UsageReports;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What every store must answer to {@link UsageReports}, on top of {@link UsageReaderContract}. The
 * random tests compare it with {@link InMemoryUsageStore}.
 */
public abstract class UsageReportsContract extends UsageReaderContract {

  private static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);
  private static final BillingPeriod LIFETIME = BillingPeriod.lifetime();
  private static final UsageFilter A = UsageFilter.organization("a");
  private static final UsageFilter B = UsageFilter.organization("b");
  private static final Attribution OF_A =
      Attribution.organization("a")
          .user("7", "Ada 100%")
          .customer("c", "Casa_A")
          .session("s")
          .category("k")
          .tag("team", "red");

  private UsageReports reports() {
    return store().reports().fresh();
  }

  private static UsageEventBuilder step(String operation, int step, int seconds) {
    return chatAt(NOON.plusSeconds(seconds)).attribution(OF_A).operation(operation, step);
  }

  @Test
  void operations_addUpAllSteps_alsoThoseAfterThePeriod() throws Exception {
    var end = Instant.parse("2026-12-01T00:00:00Z");
    UsageEvent opening =
        step("op", 1, 0)
            .startedAt(end.minusSeconds(1))
            .toolCalls(2)
            .cost(Cost.total(BigDecimal.ONE, "USD"))
            .build();
    UsageEvent failed =
        step("op", 2, 0)
            .startedAt(end)
            .outcome(Outcome.ERROR)
            .duration(Duration.ofSeconds(90))
            .build();
    UsageEvent last =
        step("op", 3, 0)
            .startedAt(end.plusSeconds(2))
            .duration(Duration.ofMillis(1))
            .cost(Cost.total(BigDecimal.TEN, "EUR"))
            .build();
    write(last, opening, failed);

    Rows<OperationUsage> found = reports().operations(A, NOVEMBER, 5, null);

    assertThat(found.rows())
        .containsExactly(
            new OperationUsage(
                opening,
                UsageSummary.of(List.of(opening, failed, last)),
                end.minusSeconds(1),
                Duration.ofSeconds(91),
                Outcome.SUCCESS));
    OperationUsage operation = found.rows().get(0);
    assertThat(operation.usage().toolTurns()).isEqualTo(1);
    assertThat(operation.usage().operations()).isEqualTo(1);
    assertThat(operation.attribution()).isEqualTo(OF_A);
    assertThat(found.next()).isNull();
    assertThat(found.coverage().complete()).isTrue();
    assertThat(found.coverage().coveredFrom()).isEqualTo(NOVEMBER.start());
    assertThat(reports().operations(A, BillingPeriod.month(2026, 12), 5, null).rows()).isEmpty();
  }

  @Test
  void operations_pages_giveEachOnceNewestFirst() throws Exception {
    for (int i = 0; i < 7; i++) {
      write(step("op" + i, 1, i / 3).build(), step("op" + i, 2, 100).build());
    }

    var seen = new ArrayList<OperationUsage>();
    String after = null;
    do {
      Rows<OperationUsage> page = reports().operations(A, NOVEMBER, 3, after);
      seen.addAll(page.rows());
      after = page.next();
    } while (after != null);

    assertThat(seen).extracting(OperationUsage::operationId).doesNotHaveDuplicates().hasSize(7);
    assertThat(seen).extracting(row -> row.usage().calls()).containsOnly(2L);
    assertThat(seen)
        .extracting(row -> row.opening().occurredAt())
        .isSortedAccordingTo(Collections.reverseOrder());
    assertThat(reports().operations(A, NOVEMBER, 7, null).next()).isNull();
  }

  /** Two organizations may give an operation, a session and a user the same id. */
  @Test
  void everyReport_ofOneOrganization_isFreeOfAnother() throws Exception {
    write(
        step("op", 1, 0).build(),
        step("op", 2, 1).tokens(TokenCounts.of(1_000, 1_000)).build(),
        step("op", 1, 2)
            .attribution(
                Attribution.organization("b")
                    .user("7", "Bob")
                    .customer("c", "Casa B")
                    .session("s")
                    .tag("team", "blue"))
            .build(),
        step("op", 3, 3).attribution(Attribution.NONE.user("7", "Nobody").session("s")).build());

    assertThat(reports().operations(B, LIFETIME, 9, null).rows())
        .singleElement()
        .satisfies(row -> assertThat(row.usage().totalTokens()).isEqualTo(15))
        .satisfies(row -> assertThat(row.attribution().userLabel()).isEqualTo("Bob"));
    assertThat(reports().sessions(B, LIFETIME, 9, null).rows())
        .singleElement()
        .satisfies(row -> assertThat(row.usage().totalTokens()).isEqualTo(15));
    assertThat(reports().operations(ALL, LIFETIME, 9, null).rows())
        .extracting(row -> row.usage().totalTokens())
        .containsExactly(15L, 2_015L);
    assertThat(reports().sessions(ALL, LIFETIME, 9, null).rows())
        .extracting(row -> row.usage().totalTokens())
        .containsExactly(15L, 15L, 2_015L);
    assertThat(reports().uniques(B, LIFETIME).rows())
        .containsExactly(new UniqueCounts(Map.of(), 1, 1, 1));
    assertThat(reports().uniques(ALL, LIFETIME).rows())
        .containsExactly(new UniqueCounts(Map.of(), 3, 2, 3));
    assertThat(reports().latency(B, LIFETIME).rows().get(0).calls()).isEqualTo(1);
    assertThat(reports().byTag(B, LIFETIME, "team").rows())
        .extracting(TagUsage::value)
        .containsExactly("blue");
    assertThat(reports().models(B, LIFETIME).rows().get(0).usage().calls()).isEqualTo(1);
    assertThat(reports().searchUsers(B, "a", 9)).isEmpty();
    assertThat(reports().searchUsers(B, "o", 9)).containsExactly(new Label("b", "7", "Bob"));
    assertThat(reports().searchCustomers(B, "casa", 9))
        .containsExactly(new Label("b", "c", "Casa B"));
    assertThat(reports().searchUsers(ALL, "o", 9))
        .containsExactly(new Label("b", "7", "Bob"), new Label("", "7", "Nobody"));
    assertThat(reports().lateArrivals(B, LIFETIME, Instant.EPOCH).usage().calls()).isEqualTo(1);
    var dashboard = reports().dashboard(B, NOVEMBER, NOON);
    assertThat(dashboard.toString()).doesNotContain("Ada").doesNotContain("Casa_A");
    assertThat(dashboard.total().calls()).isEqualTo(1);
    assertThat(dashboard.recent().events()).hasSize(1);
    UsageFilter nobody = UsageFilter.organization("c");
    assertThat(reports().operations(nobody, LIFETIME, 9, null).rows()).isEmpty();
    assertThat(reports().sessions(nobody, LIFETIME, 9, null).rows()).isEmpty();
    assertThat(reports().latency(nobody, LIFETIME).rows()).containsExactly(CallLatency.NONE);
    assertThat(reports().uniques(nobody, LIFETIME).rows()).containsExactly(UniqueCounts.NONE);
  }

  /** Who may see only its own calls sees only its own steps of a shared operation. */
  @Test
  void operations_ofOneUser_leaveOutStepsOfOthers() throws Exception {
    write(
        step("op", 1, 0).build(),
        step("op", 2, 1).attribution(OF_A.user("8", "Eve").session("s")).build());

    assertThat(reports().operations(A.user("7"), NOVEMBER, 9, null).rows())
        .singleElement()
        .satisfies(row -> assertThat(row.usage().calls()).isEqualTo(1));
    assertThat(reports().operations(A.user("8"), NOVEMBER, 9, null).rows()).isEmpty();
    assertThat(reports().sessions(A.user("8"), NOVEMBER, 9, null).rows())
        .singleElement()
        .satisfies(row -> assertThat(row.usage().calls()).isEqualTo(1));
    assertThat(reports().searchUsers(A.user("8"), "a", 9)).isEmpty();
    assertThat(reports().searchUsers(A.user("8"), "e", 9)).hasSize(1);
  }

  @Test
  void sessions_addUpWhatFilterAndPeriodLetThrough() throws Exception {
    write(
        step("o1", 1, 0).startedAt(NOVEMBER.start().minusNanos(1_000)).build(),
        step("o2", 1, 10).duration(Duration.ofSeconds(3)).build(),
        step("o2", 2, 20)
            .cost(Cost.total(BigDecimal.ONE, "USD"))
            .duration(Duration.ofSeconds(1))
            .build(),
        step("o3", 1, 30)
            .cost(Cost.total(BigDecimal.ONE, "EUR"))
            .outcome(Outcome.CANCELLED)
            .build(),
        step("o4", 1, 5).attribution(OF_A.session("early")).build(),
        step("o5", 1, 40).attribution(OF_A.session(null)).build());

    List<SessionUsage> rows = reports().sessions(A, NOVEMBER, 5, null).rows();

    assertThat(rows).extracting(SessionUsage::session).containsExactly("s", "early");
    SessionUsage session = rows.get(0);
    assertThat(session.usage().calls()).isEqualTo(3);
    assertThat(session.usage().operations()).isEqualTo(2);
    assertThat(session.usage().costs()).hasSize(2);
    assertThat(session.usage().averageDuration()).isEqualTo(Duration.ofSeconds(2));
    assertThat(session.status()).isEqualTo(Outcome.CANCELLED);
    assertThat(session.firstActivity()).isEqualTo(NOON.plusSeconds(10));
    assertThat(session.lastActivity()).isEqualTo(NOON.plusSeconds(30));
    assertThat(session.attribution().userLabel()).isEqualTo("Ada 100%");
    Rows<SessionUsage> first = reports().sessions(A, NOVEMBER, 1, null);
    assertThat(reports().sessions(A, NOVEMBER, 1, first.next()).rows())
        .extracting(SessionUsage::session)
        .containsExactly("early");
  }

  @Test
  void latency_isTheNearestRankOfSuccessfulCalls() throws Exception {
    var events = new ArrayList<UsageEvent>();
    for (int i = 1; i <= 21; i++) {
      events.add(
          chat()
              .responseModel("m21")
              .duration(Duration.of(i, ChronoUnit.MICROS))
              .timeToFirstToken(i > 10 ? null : Duration.of(i * 100L, ChronoUnit.MICROS))
              .build());
    }
    for (int i = 1; i <= 20; i++) {
      events.add(chat().responseModel("m20").duration(Duration.ofSeconds(i)).build());
    }
    events.add(chat().responseModel("one").duration(Duration.ofHours(3)).build());
    events.add(
        chat().responseModel("one").duration(Duration.ofDays(9)).outcome(Outcome.ERROR).build());
    events.add(chat().responseModel("never").outcome(Outcome.CANCELLED).build());
    Collections.shuffle(events, new Random(1));
    store().write(events);

    assertThat(reports().latency(ALL, NOVEMBER, Dimension.MODEL).rows())
        .containsExactly(
            new CallLatency(
                Map.of(Dimension.MODEL, "m21"),
                21,
                micros(11),
                micros(20),
                10,
                micros(500),
                micros(1_000)),
            new CallLatency(
                Map.of(Dimension.MODEL, "m20"),
                20,
                Duration.ofSeconds(10),
                Duration.ofSeconds(19),
                0,
                null,
                null),
            new CallLatency(
                Map.of(Dimension.MODEL, "one"),
                1,
                Duration.ofHours(3),
                Duration.ofHours(3),
                0,
                null,
                null));
  }

  private static Duration micros(long count) {
    return Duration.of(count, ChronoUnit.MICROS);
  }

  @Test
  void uniques_countEachWithinItsOrganization() throws Exception {
    write(
        chat().attribution(OF_A).build(),
        chat().attribution(OF_A.user("8")).outcome(Outcome.REFUSED).build(),
        chat().attribution(OF_A.customer(null)).build(),
        chat().attribution(Attribution.organization("b").user("7").customer("c")).build(),
        chat().attribution(Attribution.NONE.session("s")).build(),
        chat().build());

    assertThat(reports().uniques(ALL, NOVEMBER).rows())
        .containsExactly(new UniqueCounts(Map.of(), 3, 2, 2));
    assertThat(reports().uniques(A, NOVEMBER, Dimension.CUSTOMER).rows())
        .containsExactly(
            new UniqueCounts(Map.of(Dimension.CUSTOMER, "c"), 2, 1, 1),
            new UniqueCounts(Map.of(Dimension.CUSTOMER, ""), 1, 0, 1));
    assertThat(reports().uniques(ALL, NOVEMBER, Dimension.ORGANIZATION, Dimension.DAY).rows())
        .extracting(row -> row.keys().get(Dimension.ORGANIZATION) + row.users())
        .containsExactly("a2", "b1", "0");
  }

  @Test
  void byTag_hasARowForUntagged() throws Exception {
    write(
        chat().attribution(OF_A).build(),
        chat().attribution(OF_A.tag("other", "red")).build(),
        chat().attribution(OF_A.tag("team", "it's \"b\u00e9\" \\ ,x")).build(),
        chat().attribution(OF_A.tag("team", null).tag("Team", "red")).build(),
        chat().build());

    assertThat(reports().byTag(ALL, NOVEMBER, "team").rows())
        .extracting(row -> row.value() + "=" + row.usage().calls())
        .containsExactly("=2", "red=2", "it's \"b\u00e9\" \\ ,x=1");
    assertThat(reports().byTag(A, NOVEMBER, "none").rows())
        .singleElement()
        .satisfies(row -> assertThat(row.untagged()).isTrue())
        .satisfies(row -> assertThat(row.usage().calls()).isEqualTo(4));
    assertThat(reports().byTag(UsageFilter.organization("x"), NOVEMBER, "team").rows()).isEmpty();
  }

  @Test
  void filterByTag_letsOnlyThoseThrough() throws Exception {
    write(
        chat().attribution(OF_A).build(),
        chat().attribution(OF_A.tag("x", "1")).build(),
        chat().attribution(OF_A.tag("team", "Red")).build(),
        chat().attribution(OF_A.tag("team", null).tag("x", "red")).build(),
        chat().attribution(OF_A.tag("x", "1\",\"team\":\"Red").tag("{", ",")).build(),
        chat().attribution(OF_A.tag("a", "x,").tag(":", ",z")).build());

    assertThat(calls(ALL.tag("team", "red"))).isEqualTo(4);
    assertThat(calls(A.tag(",", ":"))).isZero();
    assertThat(calls(A.tag(":", ",z").tag("a", "x,"))).isEqualTo(1);
    assertThat(calls(A.tag("team", "red").tag("x", "1"))).isEqualTo(1);
    assertThat(calls(B.tag("team", "red"))).isZero();
    assertThat(calls(A.tag("x", "1\",\"team\":\"Red"))).isEqualTo(1);
    assertThat(calls(A.tag("team", "Red"))).isEqualTo(1);
    assertThat(calls(A.tag("team", "%"))).isZero();
    assertThat(calls(A.tag("{", ","))).isEqualTo(1);
    assertThat(store().queries().events(A.tag("x", "red"), NOVEMBER, null).events()).hasSize(1);
    assertThat(store().queries().by(A.tag("team", "red"), NOVEMBER, Dimension.USER)).hasSize(1);
    assertThat(reports().uniques(A.tag("team", "Red"), NOVEMBER).rows().get(0).users())
        .isEqualTo(1);
  }

  private long calls(UsageFilter who) {
    return store().queries().total(who, NOVEMBER).calls();
  }

  @Test
  void search_ignoresCaseInEveryLanguageAndKnowsNoWildcards() throws Exception {
    String[] labels = {
      "Ada",
      "ADA_2",
      "100% Ada",
      "\u00c7a\u011fla",
      "\u0130pek",
      "Iris",
      "\u0131\u015f\u0131k",
      "STRASSE",
      "Stra\u00dfe",
      "\uD83D\uDE00 joy",
      "a\\b",
      "\u03a3\u03c3\u03c2",
      "'; --"
    };
    for (int i = 0; i < labels.length; i++) {
      write(chat().attribution(Attribution.organization("a").user("u" + i, labels[i])).build());
    }

    assertThat(found("aDa")).containsExactly("100% Ada", "Ada", "ADA_2");
    assertThat(found("%")).containsExactly("100% Ada");
    assertThat(found("_")).containsExactly("ADA_2");
    assertThat(found("\u00e7A\u011eL")).containsExactly("\u00c7a\u011fla");
    assertThat(found("i")).containsExactly("\u0130pek", "Iris", "\u0131\u015f\u0131k");
    assertThat(found("stra")).containsExactly("STRASSE", "Stra\u00dfe");
    assertThat(found("ss")).containsExactly("STRASSE");
    assertThat(found("\uD83D\uDE00 J")).hasSize(1);
    assertThat(found("\\")).containsExactly("a\\b");
    assertThat(found("\u03a3\u03a3\u03a3")).hasSize(1);
    assertThat(found("'; --")).hasSize(1);
    assertThat(found("xyz")).isEmpty();
    assertThat(reports().searchUsers(A, "a", 2))
        .extracting(Label::text)
        .containsExactly("100% Ada", "a\\b");
    assertThat(reports().searchCustomers(A, "a", 2)).isEmpty();
  }

  private List<String> found(String text) {
    return reports().searchUsers(A, text, 100).stream().map(Label::text).toList();
  }

  @Test
  void search_showsTheLatestLabelOnly() throws Exception {
    write(chat().attribution(Attribution.organization("a").user("7", "Old")).build());
    write(chat().attribution(Attribution.organization("a").user("7", "New")).build());

    assertThat(found("old")).isEmpty();
    assertThat(found("new")).containsExactly("New");
  }

  @Test
  void lateArrivals_areWhatWasRecordedSince() throws Exception {
    write(chat().attribution(OF_A).build());
    Instant since = Instant.now().truncatedTo(ChronoUnit.MICROS).plus(1, ChronoUnit.MICROS);
    while (!Instant.now().isAfter(since)) {
      Thread.onSpinWait();
    }
    UsageEvent late = chat().attribution(OF_A).tokens(TokenCounts.of(7, 0)).build();
    write(late, chatAt(NOVEMBER.end()).attribution(OF_A).build());

    LateArrivals arrivals = reports().lateArrivals(A, NOVEMBER, since);

    assertThat(arrivals.usage().totalTokens()).isEqualTo(7);
    assertThat(arrivals.calls().events()).containsExactly(late);
    assertThat(reports().lateArrivals(B, NOVEMBER, since).usage()).isEqualTo(UsageSummary.EMPTY);
    assertThat(store().queries().total(A.recordedSince(since), LIFETIME).calls()).isEqualTo(2);
    assertThat(reports().lateArrivals(A, NOVEMBER, Instant.EPOCH).usage().calls()).isEqualTo(2);
  }

  @Test
  void closedMonth_lateEventThroughThisStore_isSeenAtOnce() throws Exception {
    BillingPeriod closed = BillingPeriod.month(2020, 2);
    Instant leapDay = Instant.parse("2020-02-29T23:59:59.999999Z");
    for (int i = 0; i < 3; i++) {
      assertThat(store().queries().total(A, closed).calls()).isEqualTo(i);
      write(chatAt(leapDay).attribution(OF_A).build());
    }
    assertThat(store().queries().total(A, closed).calls()).isEqualTo(3);
    assertThat(store().queries().total(B, closed).calls()).isZero();
  }

  /** Random events with what reports are about: tags, sessions, first tokens, tied durations. */
  private static final class Reference {
    static final List<UsageEvent> EVENTS = new ArrayList<>();
    static final InMemoryUsageStore MEMORY = new InMemoryUsageStore();

    static {
      var random = new Random(11);
      for (UsageEvent event : UsageEvents.random(7, 2_000)) {
        Attribution who = event.attribution().session(session(random));
        for (String key : List.of("team", "Team", "x")) {
          who = random.nextInt(3) == 0 ? who.tag(key, "v" + random.nextInt(3)) : who;
        }
        EVENTS.add(
            event.toBuilder()
                .attribution(who)
                .operation("op-" + random.nextInt(600), event.step())
                .duration(Duration.of(random.nextInt(40), ChronoUnit.MICROS))
                .timeToFirstToken(
                    random.nextBoolean() ? null : Duration.ofMillis(random.nextInt(20)))
                .build());
      }
      MEMORY.write(EVENTS);
    }

    private static @Nullable String session(Random random) {
      int number = random.nextInt(60);
      return number == 0 ? null : (number % 2 == 0 ? "s" : "S") + number / 2;
    }
  }

  @Test
  void everyReport_onRandomEvents_isAnsweredAsInMemory() throws Exception {
    store().write(Reference.EVENTS);
    UsageReports memory = Reference.MEMORY.reports();
    List<UsageFilter> filters =
        List.of(
            ALL,
            UsageFilter.organization("acme"),
            UsageFilter.organization("Acme").user("\u00e9").customer("c1"),
            UsageFilter.organization("o'neil").model("m1").tag("team", "v1"));
    var part = BillingPeriod.of(NOON.plusNanos(1_000), NOON.plus(Duration.ofDays(3)));
    for (UsageFilter who : filters) {
      for (BillingPeriod when : List.of(NOVEMBER, part)) {
        same(memory, r -> r.operations(who, when, 40, null).rows());
        same(memory, r -> r.operations(who, when, 9, r.operations(who, when, 9, null).next()));
        same(memory, r -> r.sessions(who, when, 40, null));
        same(memory, r -> r.sessions(who, when, 9, r.sessions(who, when, 9, null).next()));
        same(memory, r -> r.latency(who, when));
        same(memory, r -> r.latency(who, when, Dimension.USER, Dimension.DAY).rows());
        same(memory, r -> r.uniques(who, when));
        same(memory, r -> r.uniques(who, when, Dimension.CUSTOMER, Dimension.ORGANIZATION).rows());
        same(memory, r -> r.uniques(who, when, Dimension.DAY).rows());
        same(memory, r -> r.models(who, when));
        same(memory, r -> r.byTag(who, when, "team"));
        same(memory, r -> r.dashboard(who, when, NOON.plus(Duration.ofDays(1))));
        same(memory, r -> r.compare(who, when));
        same(memory, r -> r.project(who, when, NOON));
      }
    }
    same(memory, r -> r.sessions(ALL.outcome(Outcome.ERROR), NOVEMBER, 50, null));
    same(memory, r -> r.searchUsers(ALL, "\u00c9", 50));
    same(memory, r -> r.searchUsers(UsageFilter.organization("acme"), "aCme/", 3));
  }

  private void same(UsageReports memory, Function<UsageReports, Object> question) {
    assertThat(question.apply(reports())).isEqualTo(question.apply(memory));
  }
}
