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
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEventBuilder;
import io.github.usage4j.UsageFilter;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What every {@link UsageStore} must do when it is written to. Extend it, return a store that is
 * empty at the start of each test, and inherit the tests.
 */
public abstract class UsageStoreContract {

  protected static final UsageFilter ALL = UsageFilter.allOrganizations();

  /** The store under test: the same one during a test, empty when the test starts. */
  protected abstract UsageStore store();

  protected final RecordingReport write(UsageEvent... events) throws Exception {
    var report = new RecordingReport();
    store().write(List.of(events), report);
    return report;
  }

  protected final UsageEvent stored(UUID id) {
    return store().queries().event(ALL, id).orElseThrow();
  }

  protected final long calls() {
    return store().queries().total(ALL, BillingPeriod.lifetime()).calls();
  }

  /** Remembers what the store reports. */
  protected static final class RecordingReport implements UsageSink.Report {
    final List<UsageEvent> duplicates = new ArrayList<>();
    final List<UsageEvent> conflicts = new ArrayList<>();

    @Override
    public void duplicate(UsageEvent event) {
      duplicates.add(event);
    }

    @Override
    public void conflict(UsageEvent event) {
      conflicts.add(event);
    }
  }

  @Test
  void write_completeEvent_isReadBackEqual() throws Exception {
    UsageEvent event = UsageEvents.complete();

    write(event);

    assertThat(stored(event.id())).isEqualTo(event);
  }

  @Test
  void write_smallestEvent_keepsUnknownUnknown() throws Exception {
    UsageEvent event =
        UsageEvent.builder(UsageEvent.newId(NOON), UsageEvent.Kind.CHAT, "p", "")
            .startedAt(NOON)
            .build();

    write(event);

    assertThat(stored(event.id())).isEqualTo(event);
    assertThat(stored(event.id()).tokens().isUnknown()).isTrue();
    assertThat(stored(event.id()).cost()).isNull();
  }

  @Test
  void write_namesAtTheirLimits_areReadBackEqual() throws Exception {
    String longest = "\uD83D\uDE00".repeat(Attribution.MAX_ID);
    Attribution who =
        new Attribution(
            longest,
            longest,
            longest,
            longest,
            longest,
            longest,
            longest,
            false,
            Map.of(longest, longest));
    UsageEvent event =
        chat()
            .attribution(who)
            .operation(longest, Integer.MAX_VALUE)
            .errorMessage("\uD83D\uDE00".repeat(500))
            .metadata("{\"a\":\"" + "x".repeat(4_000) + "\"}")
            .build();

    write(event);

    assertThat(stored(event.id())).isEqualTo(event);
  }

  static Stream<Map<String, String>> oddConditions() {
    String longest = "\uD83D\uDE00".repeat(UsageEvent.MAX_CONDITION);
    var most = new HashMap<String, String>();
    for (int i = 0; i < UsageEvent.MAX_CONDITIONS; i++) {
      most.put(longest.substring(4) + i, "\"\\".repeat(UsageEvent.MAX_CONDITION / 2));
    }
    return Stream.of(
        Map.of(),
        Map.of("speed", "fast"),
        Map.of("k", "us", "K", "US", "\u00e9", "e\u0301", "e\u0301", "\u00e9"),
        Map.of("speed", "", "null", "null", "0", "1E+2", "a=b;c", "{\"a\":[1]}"),
        Map.of("'; DROP TABLE usage_event; --", "\\N", "a\u00a0b", "x\ty\nz", "$.*", "\u2028."),
        Map.of(longest, longest),
        most);
  }

  @ParameterizedTest
  @MethodSource("oddConditions")
  void write_oddConditions_areReadBackEqual_andNoneIsAnother(Map<String, String> conditions)
      throws Exception {
    UsageEvent event = chat().conditions(conditions).build();
    UsageEvent other = chat().condition("speed", "Fast").build();

    write(event, other);

    assertThat(stored(event.id())).isEqualTo(event);
    assertThat(stored(event.id()).conditions()).hasSameSizeAs(conditions);
    assertThat(stored(other.id()).conditions()).containsExactly(Map.entry("speed", "Fast"));
    assertThat(write(event).duplicates).containsExactly(event);
  }

  @Test
  void write_conditionsThatDifferInCaseOnly_areAConflict() throws Exception {
    UsageEvent event = chat().condition("speed", "fast").build();
    write(event);

    for (Map<String, String> others :
        List.of(
            Map.of("speed", "Fast"),
            Map.of("Speed", "fast"),
            Map.<String, String>of(),
            Map.of("speed", "fast", "inference_geo", "us"))) {
      UsageEvent changed = event.toBuilder().conditions(others).build();
      assertThat(write(changed).conflicts).containsExactly(changed);
    }
    assertThat(stored(event.id())).isEqualTo(event);
  }

  @Test
  void write_sqlInNames_isOnlyText() throws Exception {
    String name = "a'); DROP TABLE usage_event; -- \" ? :x <y> ${z}";
    UsageEvent event = chat().attribution(Attribution.organization(name).user(name, name)).build();

    write(event);

    assertThat(store().queries().total(UsageFilter.organization(name), month()).calls())
        .isEqualTo(1);
    assertThat(stored(event.id())).isEqualTo(event);
  }

  @Test
  void write_sameEventAgain_isADuplicateAndCountedOnce() throws Exception {
    UsageEvent event = UsageEvents.complete();
    assertThat(write(event).duplicates).isEmpty();

    RecordingReport again = write(event);

    assertThat(again.duplicates).containsExactly(event);
    assertThat(again.conflicts).isEmpty();
    assertThat(calls()).isEqualTo(1);
  }

  @Test
  void write_sameIdWithOtherUnbilledContent_isADuplicateAndChangesNothing() throws Exception {
    UsageEvent event = chat().instance("a").build();
    write(event);

    RecordingReport again = write(event.toBuilder().instance("b").finishReason("stop").build());

    assertThat(again.duplicates).hasSize(1);
    assertThat(again.conflicts).isEmpty();
    assertThat(stored(event.id())).isEqualTo(event);
  }

  static Stream<UnaryOperator<UsageEventBuilder>> billableChanges() {
    return Stream.of(
        b -> b.attribution(Attribution.organization("other")),
        b -> b.attribution(Attribution.NONE),
        b -> b.startedAt(NOON.plusNanos(1_000)),
        b -> b.responseModel("other"),
        b -> b.tokens(TokenCounts.of(10, 6)),
        b -> b.tokens(TokenCounts.of(10, 5).cacheRead(0)),
        b -> b.tokens(TokenCounts.UNKNOWN),
        b -> b.tokens(TokenCounts.of(10, 5).cacheReadAudio(0)),
        b -> b.serviceTier("flex"),
        b -> b.unit("searches", BigDecimal.ONE),
        b -> b.condition("speed", "fast"),
        b -> b.cost(Cost.total(new BigDecimal("0.000000000000000001"), "USD")),
        b -> b.cost(Cost.total(BigDecimal.ONE, "EUR")),
        b -> b.cost(null),
        b -> b.outcome(Outcome.CANCELLED));
  }

  @ParameterizedTest
  @MethodSource("billableChanges")
  void write_sameIdWithOtherBillableContent_isAConflictAndChangesNothing(
      UnaryOperator<UsageEventBuilder> change) throws Exception {
    UsageEvent event =
        chat()
            .attribution(Attribution.organization("acme"))
            .cost(Cost.total(BigDecimal.ONE, "USD"))
            .build();
    write(event);
    UsageEvent changed = change.apply(event.toBuilder()).build();

    RecordingReport again = write(changed);

    assertThat(again.conflicts).containsExactly(changed);
    assertThat(again.duplicates).isEmpty();
    assertThat(stored(event.id())).isEqualTo(event);
  }

  @Test
  void write_otherProvider_isAConflict() throws Exception {
    UsageEvent event = chat().build();
    write(event);

    RecordingReport again =
        write(
            UsageEvent.builder(event.id(), event.kind(), "other", event.requestModel())
                .startedAt(NOON)
                .tokens(event.tokens())
                .build());

    assertThat(again.conflicts).hasSize(1);
    assertThat(stored(event.id()).provider()).isEqualTo("openai");
  }

  @Test
  void write_sameIdInOneBatch_storesTheFirst() throws Exception {
    UsageEvent first = chat().build();
    UsageEvent conflicting = first.toBuilder().tokens(TokenCounts.of(99, 99)).build();
    UsageEvent other = chat().build();

    RecordingReport report = write(first, conflicting, other, first);

    assertThat(report.conflicts).containsExactly(conflicting);
    assertThat(report.duplicates).containsExactly(first);
    assertThat(stored(first.id())).isEqualTo(first);
    assertThat(calls()).isEqualTo(2);
  }

  @Test
  void write_knownAndNewEvents_storesTheNewOnes() throws Exception {
    List<UsageEvent> events = UsageEvents.chats(10);
    store().write(events.subList(0, 6));
    var report = new RecordingReport();

    store().write(events.subList(3, 10), report);

    assertThat(report.duplicates).containsExactlyElementsOf(events.subList(3, 6));
    assertThat(calls()).isEqualTo(10);
  }

  @Test
  void write_largeBatch_storesEveryEvent() throws Exception {
    List<UsageEvent> events = UsageEvents.chats(12_000);

    store().write(events);
    var report = new RecordingReport();
    store().write(events.subList(0, 6_000), report);

    assertThat(calls()).isEqualTo(12_000);
    assertThat(report.duplicates).hasSize(6_000);
  }

  @Test
  void write_timeBelowAMicrosecond_isCutAndStaysInItsMonth() throws Exception {
    var lastInstant = Instant.parse("2026-11-30T23:59:59.9999996Z");

    write(chatAt(lastInstant).build(), chatAt(Instant.parse("2026-12-01T00:00:00Z")).build());

    assertThat(store().queries().total(ALL, BillingPeriod.month(2026, 11)).calls()).isEqualTo(1);
    assertThat(store().queries().total(ALL, BillingPeriod.month(2026, 12)).calls()).isEqualTo(1);
    assertThat(store().queries().daily(ALL, BillingPeriod.month(2026, 11)).get(29).calls())
        .isEqualTo(1);
  }

  @Test
  void write_countsAboveThirtyTwoBits_areExact() throws Exception {
    var most = TokenCounts.of(UsageEvent.MAX_TOKENS, 5_000_000_000L).cacheRead(4_294_967_297L);

    write(chat().tokens(most).build(), chat().tokens(most).build());

    TokenCounts sum = store().queries().total(ALL, month()).tokens();
    assertThat(sum).isEqualTo(most.plus(most));
    assertThat(sum.cacheRead()).isEqualTo(8_589_934_594L);
  }

  @Test
  void write_eighteenDecimalsAndSeveralCurrencies_areSummedExactly() throws Exception {
    var tiny = new BigDecimal("0.000000000000000001");
    var large = new BigDecimal("12345678901234567890.000000000000000009");

    write(
        chat().cost(Cost.total(tiny, "USD")).build(),
        chat().cost(Cost.total(large, "USD")).build(),
        chat().cost(Cost.total(tiny, "JPY")).build(),
        chat().build());

    var total = store().queries().total(ALL, month());
    assertThat(total.cost("USD")).isEqualByComparingTo(large.add(tiny));
    assertThat(total.cost("JPY")).isEqualByComparingTo(tiny);
    assertThat(total.costs()).hasSize(2);
    assertThat(total.unpriced()).isEqualTo(1);
  }

  @Test
  void write_labelChangesLater_isShownEverywhere() throws Exception {
    Attribution before = Attribution.organization("acme").user("7", "Old name");
    Attribution after = Attribution.organization("acme").user("7", "New name");
    UsageEvent first = chat().attribution(before).build();
    UsageEvent unlabelled = chat().attribution(before.user("7")).build();
    UsageEvent elsewhere =
        chat().attribution(Attribution.organization("other").user("7", "Somebody")).build();
    write(first, unlabelled, elsewhere);

    write(chat().attribution(after).build());
    write(chatAt(NOON.minus(Duration.ofDays(3))).attribution(before).build());

    assertThat(stored(first.id()).attribution()).isEqualTo(after);
    assertThat(stored(unlabelled.id()).attribution()).isEqualTo(after);
    assertThat(stored(elsewhere.id()).attribution().userLabel()).isEqualTo("Somebody");
  }

  @Test
  void write_repeatedEvent_bringsNoLabel() throws Exception {
    UsageEvent first =
        chat().attribution(Attribution.organization("acme").user("7", "Name")).build();
    write(first);

    write(
        first.toBuilder()
            .attribution(Attribution.organization("acme").user("7", "Other name"))
            .build());

    assertThat(stored(first.id())).isEqualTo(first);
  }

  @Test
  void write_labelsWithoutOrganization_areKeptApart() throws Exception {
    UsageEvent event = chat().attribution(Attribution.NONE.user("7", "Nobody's")).build();

    write(event, chat().attribution(Attribution.organization("a").user("7", "A's")).build());

    assertThat(stored(event.id())).isEqualTo(event);
  }

  @Test
  void write_eightWritersWithHalfTheSameEvents_storesEachOnce() throws Exception {
    var batches = new ArrayList<List<UsageEvent>>();
    List<UsageEvent> all = UsageEvents.random(7, 8 * 300 + 300);
    for (int i = 0; i < 8; i++) {
      var batch = new ArrayList<>(all.subList(i * 300, i * 300 + 600));
      Collections.shuffle(batch, new Random(i));
      batches.add(batch);
    }
    var duplicates = new AtomicInteger();
    var start = new CyclicBarrier(8);
    var pool = Executors.newFixedThreadPool(8);
    try {
      var writers = new ArrayList<Callable<Void>>();
      for (List<UsageEvent> batch : batches) {
        writers.add(
            () -> {
              start.await();
              for (int from = 0; from < batch.size(); from += 100) {
                var report = new RecordingReport();
                store().write(batch.subList(from, from + 100), report);
                assertThat(report.conflicts).isEmpty();
                duplicates.addAndGet(report.duplicates.size());
              }
              return null;
            });
      }
      for (Future<Void> writer : pool.invokeAll(writers)) {
        writer.get();
      }
    } finally {
      pool.shutdownNow();
    }

    var reference = new InMemoryUsageStore();
    reference.write(all);
    assertThat(store().queries().total(ALL, BillingPeriod.lifetime()))
        .isEqualTo(reference.queries().total(ALL, BillingPeriod.lifetime()));
    assertThat(duplicates).hasValue(8 * 600 - all.size());
  }

  @Test
  void close_afterwards_staysReadable() throws Exception {
    UsageEvent event = chat().tokens(TokenCounts.of(1, 2), Quality.ESTIMATED).build();
    write(event);
    store().flush();

    store().close();

    assertThat(stored(event.id())).isEqualTo(event);
  }

  private static BillingPeriod month() {
    return BillingPeriod.month(2026, 11);
  }
}
