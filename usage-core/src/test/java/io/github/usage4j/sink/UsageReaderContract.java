package io.github.usage4j.sink;

import static io.github.usage4j.sink.UsageEvents.NOON;
import static io.github.usage4j.sink.UsageEvents.chat;
import static io.github.usage4j.sink.UsageEvents.chatAt;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.EventQuery;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.UsageReader;
import io.github.usage4j.UsageSummary;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * What every {@link UsageReader} must answer, on top of {@link UsageStoreContract}. The last test
 * compares it with {@link InMemoryUsageStore} on many random events.
 */
public abstract class UsageReaderContract extends UsageStoreContract {

  private static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);
  private static final int RANDOM_EVENTS = 20_000;

  /** The reader of the store under test. */
  protected abstract UsageReader reader();

  private UsageSummary total(UsageFilter who, BillingPeriod when) {
    return store().queries().total(who, when);
  }

  private Map<String, Long> callsBy(Dimension dimension) {
    var calls = new HashMap<String, Long>();
    store()
        .queries()
        .by(ALL, NOVEMBER, dimension)
        .forEach(row -> calls.put(row.key(dimension), row.calls()));
    return calls;
  }

  private List<UUID> ids(
      UsageFilter who, BillingPeriod when, int limit, EventQuery.@Nullable Position after) {
    return reader().events(new EventQuery(who, when, null, null, limit, after)).stream()
        .map(UsageEvent::id)
        .toList();
  }

  @Test
  void aggregate_nothingStored_isNoRow() {
    assertThat(reader().aggregate(new UsageQuery(ALL, NOVEMBER, Set.of()))).isEmpty();
    assertThat(reader().aggregate(new UsageQuery(ALL, NOVEMBER, Set.of(Dimension.USER)))).isEmpty();
    assertThat(total(ALL, NOVEMBER)).isEqualTo(UsageSummary.EMPTY);
  }

  @Test
  void aggregate_emptyPeriod_isNoRow() throws Exception {
    write(chat().build());

    assertThat(total(ALL, BillingPeriod.of(NOON, NOON))).isEqualTo(UsageSummary.EMPTY);
  }

  @Test
  void aggregate_bounds_areHalfOpen() throws Exception {
    write(
        chatAt(Instant.parse("2026-10-31T23:59:59.999999Z")).build(),
        chatAt(Instant.parse("2026-11-01T00:00:00Z")).tokens(TokenCounts.of(1, 0)).build(),
        chatAt(Instant.parse("2026-11-30T23:59:59.999999Z")).tokens(TokenCounts.of(2, 0)).build(),
        chatAt(Instant.parse("2026-12-01T00:00:00Z")).build());

    assertThat(total(ALL, NOVEMBER).totalTokens()).isEqualTo(3);
    assertThat(ids(ALL, NOVEMBER, 10, null)).hasSize(2);
  }

  @Test
  void aggregate_leapDay_isADayOfItsOwn() throws Exception {
    write(
        chatAt(Instant.parse("2028-02-28T23:59:59.999999Z")).build(),
        chatAt(Instant.parse("2028-02-29T00:00:00Z")).build(),
        chatAt(Instant.parse("2028-02-29T23:59:59.999999Z")).build(),
        chatAt(Instant.parse("2028-03-01T00:00:00Z")).build());

    assertThat(total(ALL, BillingPeriod.day(LocalDate.of(2028, 2, 29))).calls()).isEqualTo(2);
    assertThat(store().queries().daily(ALL, BillingPeriod.month(2028, 2)).get(28).calls())
        .isEqualTo(2);
  }

  @Test
  void aggregate_clockChangesOfOtherZones_moveNothing() throws Exception {
    // Lord Howe turns its clock back by half an hour at this instant, Berlin by an hour.
    var events = new ArrayList<UsageEvent>();
    for (String hour :
        List.of(
            "2026-04-04T14:45:00Z",
            "2026-04-04T15:15:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:30:00Z",
            "2026-03-29T01:30:00Z")) {
      events.add(chatAt(Instant.parse(hour)).build());
    }
    store().write(events);

    for (UsageEvent event : events) {
      Instant at = event.occurredAt();
      assertThat(stored(event.id())).isEqualTo(event);
      assertThat(ids(ALL, BillingPeriod.of(at, at.plusSeconds(1)), 10, null))
          .containsExactly(event.id());
    }
  }

  @Test
  void aggregate_firstAndLastStorableInstant_areCounted() throws Exception {
    write(
        chatAt(Instant.EPOCH).build(),
        chatAt(Instant.parse("9999-12-30T23:59:59.999999Z")).build());

    assertThat(total(ALL, BillingPeriod.lifetime()).calls()).isEqualTo(2);
  }

  @Test
  void aggregate_unknownCounts_stayUnknown() throws Exception {
    write(
        chat().tokens(TokenCounts.input(3)).build(),
        chat().tokens(TokenCounts.of(4, 5).cacheRead(0)).build());

    assertThat(total(ALL, NOVEMBER).tokens())
        .isEqualTo(new TokenCounts(7L, 5L, 0L, null, null, null, null, null, null));
  }

  @Test
  void aggregate_everyTokenCount_isSummedByItself() throws Exception {
    var one = new TokenCounts(1_000L, 300L, 200L, 110L, 70L, 31L, 97L, 13L, 61L);
    var other = new TokenCounts(2_000L, 500L, 290L, 130L, 17L, 37L, 101L, 23L, 83L);

    write(chat().tokens(one).build(), chat().tokens(other).build(), chat().build());

    assertThat(total(ALL, NOVEMBER).tokens())
        .isEqualTo(new TokenCounts(3_010L, 805L, 490L, 240L, 87L, 68L, 198L, 36L, 144L));
    assertThat(store().queries().by(ALL, NOVEMBER, Dimension.MODEL).get(0).tokens())
        .isEqualTo(total(ALL, NOVEMBER).tokens());
  }

  /** A part alone is something that was used, and unpriced. */
  @Test
  void aggregate_onlyTheAudioOfCacheReadsKnown_isUnpriced() throws Exception {
    write(chat().tokens(TokenCounts.UNKNOWN.cacheReadAudio(4)).build());

    assertThat(total(ALL, NOVEMBER).unpriced()).isEqualTo(1);
    assertThat(total(ALL, NOVEMBER).tokens()).isEqualTo(TokenCounts.UNKNOWN.cacheReadAudio(4));
    assertThat(total(ALL.unpriced(), NOVEMBER).calls()).isEqualTo(1);
  }

  @Test
  void aggregate_everyOutcomeAndQuality_isCountedAsInASummary() throws Exception {
    var events = new ArrayList<UsageEvent>();
    for (Outcome outcome : Outcome.values()) {
      for (Quality quality : Quality.values()) {
        for (int variant = 0; variant < 8; variant++) {
          var builder =
              UsageEvent.builder(UsageEvent.newId(NOON), Kind.CHAT, "openai", "m")
                  .startedAt(NOON.plusSeconds(events.size()))
                  .duration(Duration.ofNanos(1_999_000))
                  .outcome(outcome)
                  .toolCalls(variant & 1)
                  .opensOperation((variant & 2) > 0);
          if (quality != Quality.MISSING) {
            builder.tokens(TokenCounts.of(1, 2), quality);
          }
          if ((variant & 4) > 0) {
            builder.unit("searches", BigDecimal.ONE);
          }
          if (variant % 3 == 0) {
            builder.cost(Cost.total(BigDecimal.ONE, variant == 0 ? "USD" : "EUR"));
          }
          events.add(builder.build());
        }
      }
    }
    store().write(events);

    assertThat(total(ALL, NOVEMBER)).isEqualTo(UsageSummary.of(events));
    assertThat(total(ALL.unpriced(), NOVEMBER))
        .isEqualTo(UsageSummary.of(events.stream().filter(UsageEvent::unpriced).toList()));
  }

  @Test
  void aggregate_namesThatLookAlike_areKeptApart() throws Exception {
    List<String> names =
        List.of(
            "acme",
            "Acme",
            "ACME",
            "\u00e9",
            "e\u0301",
            "\uD83D\uDE00",
            "\uD83D\uDE01",
            "a c",
            "a  c",
            "\u00df",
            "ss",
            "a%",
            "a_",
            "'",
            "a\\",
            "a\u200bb",
            "ab");
    for (String name : names) {
      write(
          chat()
              .attribution(Attribution.organization(name).user(name).customer(name).category(name))
              .responseModel(name)
              .build());
    }

    for (Dimension dimension :
        List.of(
            Dimension.ORGANIZATION,
            Dimension.USER,
            Dimension.CUSTOMER,
            Dimension.CATEGORY,
            Dimension.MODEL)) {
      assertThat(callsBy(dimension)).hasSize(names.size()).containsOnlyKeys(names);
    }
    for (String name : names) {
      assertThat(total(UsageFilter.organization(name), NOVEMBER).calls()).as(name).isEqualTo(1);
      assertThat(total(ALL.user(name), NOVEMBER).calls()).as(name).isEqualTo(1);
      assertThat(total(ALL.customer(name).category(name).model(name), NOVEMBER).calls())
          .as(name)
          .isEqualTo(1);
    }
  }

  @Test
  void aggregate_unattributed_hasTheEmptyKey() throws Exception {
    write(chat().build(), chat().attribution(Attribution.organization("acme")).build());

    assertThat(callsBy(Dimension.ORGANIZATION)).isEqualTo(Map.of("", 1L, "acme", 1L));
    assertThat(callsBy(Dimension.USER)).isEqualTo(Map.of("", 2L));
  }

  @Test
  void aggregate_eachFilter_letsOnlyItsOwnThrough() throws Exception {
    Attribution who =
        Attribution.organization("o").user("u").customer("c").session("s").category("k");
    write(
        chat().attribution(who).responseModel("m").build(),
        chat()
            .attribution(who)
            .outcome(Outcome.ERROR)
            .cost(Cost.total(BigDecimal.ONE, "USD"))
            .build(),
        chat().build());

    assertThat(total(UsageFilter.organization("o"), NOVEMBER).calls()).isEqualTo(2);
    for (UsageFilter filter :
        List.of(ALL.user("u"), ALL.customer("c"), ALL.session("s"), ALL.category("k"))) {
      assertThat(total(filter, NOVEMBER).calls()).isEqualTo(2);
    }
    for (UsageFilter filter :
        List.of(
            ALL.user("x"),
            ALL.customer("x"),
            ALL.session("x"),
            ALL.category("x"),
            ALL.provider("x"),
            ALL.model("x"),
            UsageFilter.organization("x"))) {
      assertThat(total(filter, NOVEMBER)).isEqualTo(UsageSummary.EMPTY);
    }
    assertThat(total(ALL.provider("openai"), NOVEMBER).calls()).isEqualTo(3);
    assertThat(total(ALL.model("m"), NOVEMBER).calls()).isEqualTo(1);
    assertThat(total(ALL.model("gpt-4o"), NOVEMBER).calls()).isEqualTo(2);
    assertThat(total(ALL.outcome(Outcome.ERROR), NOVEMBER).calls()).isEqualTo(1);
    assertThat(total(ALL.unpriced(), NOVEMBER).calls()).isEqualTo(2);
  }

  @Test
  void aggregate_oneIdInTwoOrganizations_showsNoLabel() throws Exception {
    write(
        chat().attribution(Attribution.organization("a").user("7", "Ada")).build(),
        chat().attribution(Attribution.organization("b").user("7", "Bob")).build(),
        chat()
            .attribution(Attribution.organization("b").user("8", "Eve").customer("c", "C"))
            .cost(Cost.total(BigDecimal.ONE, "USD"))
            .build());

    assertThat(labels(ALL, Dimension.USER)).isEqualTo(Map.of("7", "7", "8", "Eve"));
    assertThat(labels(UsageFilter.organization("a"), Dimension.USER)).isEqualTo(Map.of("7", "Ada"));
    assertThat(labels(UsageFilter.organization("b"), Dimension.CUSTOMER))
        .isEqualTo(Map.of("", "", "c", "C"));
    var both = new UsageQuery(ALL, NOVEMBER, Set.of(Dimension.USER, Dimension.ORGANIZATION));
    assertThat(reader().aggregate(both))
        .extracting(row -> row.label(Dimension.USER))
        .containsExactlyInAnyOrder("Ada", "Bob", "Eve");
  }

  private Map<String, String> labels(UsageFilter who, Dimension dimension) {
    var labels = new HashMap<String, String>();
    store()
        .queries()
        .by(who, NOVEMBER, dimension)
        .forEach(row -> labels.put(row.key(dimension), row.label(dimension)));
    return labels;
  }

  @Test
  void events_sameInstant_areOrderedByUnsignedId() throws Exception {
    List<UUID> ascending =
        List.of(
            UUID.fromString("00000000-0000-7000-8000-000000000001"),
            UUID.fromString("00000000-0000-7000-f000-000000000001"),
            UUID.fromString("7fffffff-ffff-7000-8000-000000000000"),
            UUID.fromString("80000000-0000-8000-8000-000000000000"),
            UUID.fromString("80000000-0000-8000-b000-000000000000"),
            UUID.fromString("ffffffff-ffff-8fff-bfff-ffffffffffff"));
    for (UUID id : ascending) {
      write(chat(id, NOON).build());
    }

    var descending = new ArrayList<>(ascending);
    Collections.reverse(descending);
    assertThat(ids(ALL, NOVEMBER, 10, null)).containsExactlyElementsOf(descending);
    for (int i = 0; i < descending.size(); i++) {
      assertThat(ids(ALL, NOVEMBER, 10, new EventQuery.Position(NOON, descending.get(i))))
          .containsExactlyElementsOf(descending.subList(i + 1, descending.size()));
    }
  }

  @Test
  void events_positionBetweenMicroseconds_isNotRounded() throws Exception {
    UsageEvent earlier = chatAt(NOON).build();
    UsageEvent later = chatAt(NOON.plusNanos(1_000)).build();
    write(earlier, later);

    var between = new EventQuery.Position(NOON.plusNanos(600), new UUID(0, 0));
    assertThat(ids(ALL, NOVEMBER, 10, between)).containsExactly(earlier.id());
  }

  @Test
  void events_pages_giveEachEventOnce() throws Exception {
    store().write(UsageEvents.random(3, 500));
    List<UUID> all = ids(ALL, BillingPeriod.lifetime(), 1_000, null);

    var paged = new ArrayList<UUID>();
    String after = null;
    do {
      var page = store().queries().events(ALL, BillingPeriod.lifetime(), 37, after);
      page.events().forEach(event -> paged.add(event.id()));
      after = page.next();
    } while (after != null);

    assertThat(paged).hasSize(500).doesNotHaveDuplicates().isEqualTo(all);
  }

  @Test
  void events_ofAnotherOrganization_areNotSeen() throws Exception {
    UsageEvent event = chat().attribution(Attribution.organization("a")).operation("op", 1).build();
    write(event);

    UsageFilter other = UsageFilter.organization("b");
    assertThat(store().queries().event(other, event.id())).isEmpty();
    assertThat(store().queries().operation(other, "op")).isEmpty();
    assertThat(store().queries().operation(UsageFilter.organization("a"), "op"))
        .containsExactly(event);
    assertThat(store().queries().operation(ALL, "OP")).isEmpty();
  }

  /** The reference, filled once for all stores, with the answers that were asked for before. */
  private static final class Reference {
    static final List<UsageEvent> EVENTS = UsageEvents.random(42, RANDOM_EVENTS);
    static final InMemoryUsageStore MEMORY = new InMemoryUsageStore();
    static final Map<UsageQuery, Set<UsageSummary>> SUMS = new ConcurrentHashMap<>();
    static final Map<EventQuery, List<UsageEvent>> PAGES = new ConcurrentHashMap<>();

    static {
      MEMORY.write(EVENTS);
    }

    static Set<UsageSummary> sums(UsageQuery query) {
      return SUMS.computeIfAbsent(query, q -> new HashSet<>(MEMORY.reader().aggregate(q)));
    }

    static List<UsageEvent> page(EventQuery query) {
      return PAGES.computeIfAbsent(query, MEMORY.reader()::events);
    }
  }

  @Test
  void everyQuestion_onRandomEvents_isAnsweredAsInMemory() throws Exception {
    List<UsageEvent> events = Reference.EVENTS;
    for (int from = 0; from < events.size(); from += 1_000) {
      store().write(events.subList(from, Math.min(from + 1_000, events.size())));
    }
    List<UsageFilter> filters =
        List.of(
            ALL,
            UsageFilter.organization("acme"),
            UsageFilter.organization("o'neil").user("\u00e9"),
            ALL.unpriced(),
            ALL.model("m1").outcome(Outcome.SUCCESS));
    var part = BillingPeriod.of(NOON.plusNanos(1_000), NOON.plus(Duration.ofDays(3)));

    for (Set<Dimension> by : groupings()) {
      assertSums(new UsageQuery(ALL, BillingPeriod.lifetime(), by));
    }
    for (UsageFilter who : filters) {
      for (BillingPeriod when : List.of(NOVEMBER, part)) {
        assertSums(new UsageQuery(who, when, Set.of()));
        assertSums(new UsageQuery(who, when, Set.of(Dimension.DAY, Dimension.USER)));
        EventQuery.Position after = null;
        for (int i = 0; i < 3; i++) {
          var query = new EventQuery(who, when, null, null, 200, after);
          List<UsageEvent> page = reader().events(query);
          assertThat(page).as("%s", query).isEqualTo(Reference.page(query));
          if (!page.isEmpty()) {
            UsageEvent last = page.get(page.size() - 1);
            after = new EventQuery.Position(last.occurredAt(), last.id());
          }
        }
      }
    }
    assertThat(store().queries().daily(ALL, NOVEMBER))
        .isEqualTo(Reference.MEMORY.queries().daily(ALL, NOVEMBER));
    assertThat(store().queries().operation(ALL, "op-17"))
        .isNotEmpty()
        .isEqualTo(Reference.MEMORY.queries().operation(ALL, "op-17"));
  }

  private void assertSums(UsageQuery query) {
    assertThat(new HashSet<>(reader().aggregate(query)).equals(Reference.sums(query)))
        .as("%s is answered as in memory", query)
        .isTrue();
  }

  private static List<Set<Dimension>> groupings() {
    var groupings = new ArrayList<Set<Dimension>>();
    groupings.add(Set.of());
    for (Dimension dimension : Dimension.values()) {
      if (dimension != Dimension.MONTH) {
        groupings.add(Set.of(dimension));
      }
    }
    groupings.add(Set.of(Dimension.ORGANIZATION, Dimension.USER));
    groupings.add(Set.of(Dimension.DAY, Dimension.MODEL, Dimension.CUSTOMER));
    groupings.add(
        Set.of(
            Dimension.ORGANIZATION,
            Dimension.USER,
            Dimension.CUSTOMER,
            Dimension.CATEGORY,
            Dimension.PROVIDER,
            Dimension.MODEL,
            Dimension.DAY));
    return groupings;
  }
}
