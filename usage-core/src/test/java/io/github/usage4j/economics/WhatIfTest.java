package io.github.usage4j.economics;

import static io.github.usage4j.sink.UsageEvents.NOON;
import static io.github.usage4j.sink.UsageEvents.chatAt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.EventQuery;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.UsageReader;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.pricing.ModelCapabilities;
import io.github.usage4j.pricing.ModelCapabilities.Feature;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.InMemoryUsageStore;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WhatIfTest {

  private static final UsageFilter ALL = UsageFilter.allOrganizations();
  private static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);

  private static final PriceCatalog LIST =
      PriceCatalog.of(
          ModelPrice.perMillion("acme", "tiered", "USD")
              .input("1")
              .output("2")
              .aboveInput(1_000, ModelPrice.perMillion("x", "y", "USD").input("10").output("20")),
          ModelPrice.perMillion("acme", "flat", "USD").input("3").output("3"),
          ModelPrice.perMillion("acme", "night", "USD").input("4").output("4"),
          ModelPrice.perMillion("acme", "night", "USD")
              .input("1")
              .output("1")
              .daily(LocalTime.of(20, 0), LocalTime.of(6, 0)),
          ModelPrice.perMillion("acme", "euro", "EUR").input("1").output("1"),
          ModelPrice.perMillion("acme", "late", "USD")
              .input("1")
              .output("1")
              .validFrom(Instant.parse("2026-11-21T12:30:00Z")));

  /** What a catalog of a public file would know. */
  private static final Map<String, ModelCapabilities> KNOWN =
      Map.of(
          "flat",
          new ModelCapabilities(1_500L, null, null, Set.of(Feature.TOOL_CALLS)),
          "tiered",
          new ModelCapabilities(null, null, null, Set.of()));

  private static final PriceCatalog PRICES =
      new PriceCatalog() {
        @Override
        public Optional<ModelPrice> find(String provider, String model, Instant at) {
          return LIST.find(provider, model, at);
        }

        @Override
        public Optional<ModelCapabilities> capabilities(String provider, String model) {
          return Optional.ofNullable(KNOWN.get(model));
        }
      };

  private final InMemoryUsageStore store = new InMemoryUsageStore();

  private static WhatIf.Row row(WhatIf.Result result, String model) {
    return result.rows().stream().filter(r -> r.model().equals(model)).findFirst().orElseThrow();
  }

  private static BigDecimal only(List<Cost> costs) {
    assertThat(costs).hasSize(1);
    return costs.get(0).total();
  }

  @Test
  void of_eachCallAlone_notTheirSum() {
    store.write(
        List.of(
            chatAt(NOON).tokens(TokenCounts.of(1_000, 0)).build(),
            chatAt(NOON).tokens(TokenCounts.of(1_000, 0)).build(),
            chatAt(NOON)
                .tokens(TokenCounts.of(1_001, 100))
                .cost(Cost.total(BigDecimal.TEN, "USD"))
                .build(),
            chatAt(NOON.plusSeconds(9 * 3_600)).tokens(TokenCounts.of(500, 500)).build(),
            chatAt(NOON).outcome(UsageEvent.Outcome.REFUSED).tokens(TokenCounts.UNKNOWN).build(),
            UsageEvent.builder(UsageEvent.newId(NOON), UsageEvent.Kind.EMBEDDING, "openai", "e")
                .startedAt(NOON)
                .tokens(TokenCounts.input(7))
                .build()));

    WhatIf.Result result =
        WhatIf.by(PRICES)
            .candidate("acme", "tiered")
            .candidate("acme", "night")
            .candidate("acme", "euro")
            .candidate("acme", "late")
            .candidate("acme", "nothing")
            .of(store.queries(), ALL, NOVEMBER);

    assertThat(result.calls()).isEqualTo(4);
    assertThat(result.unpriced()).isEqualTo(3);
    assertThat(result.otherKinds()).isEqualTo(1);
    assertThat(only(result.costs())).isEqualByComparingTo("10");
    // 2 x 1000 x 1 + 1001 x 10 + 100 x 20 + 500 x 1 + 500 x 2, per million
    assertThat(only(row(result, "tiered").costs())).isEqualByComparingTo("0.01551");
    // 2000 + 1101 tokens by day at 4, 1000 at night at 1
    assertThat(only(row(result, "night").costs())).isEqualByComparingTo("0.013404");
    assertThat(row(result, "euro").costs().get(0).currency().getCurrencyCode()).isEqualTo("EUR");
    assertThat(row(result, "late").priced()).isEqualTo(1);
    assertThat(row(result, "late").unpriced()).isEqualTo(3);
    assertThat(row(result, "nothing").unpriced()).isEqualTo(4);
    assertThat(row(result, "nothing").costs()).isEmpty();
    assertThat(result.rows()).extracting(WhatIf.Row::model).startsWith("euro", "night", "tiered");
  }

  /** What changes the price of a call is asked of the other model, too. */
  @Test
  void of_conditionsOfACall_areLeftToTheCatalog() {
    PriceCatalog withoutConditions =
        new PriceCatalog() {
          @Override
          public Optional<ModelPrice> find(String provider, String model, Instant at) {
            return LIST.find(provider, model, at);
          }

          @Override
          public Optional<Cost> costOf(UsageEvent event, List<TokenCounts> exchanges) {
            return event.conditions().isEmpty()
                ? PriceCatalog.super.costOf(event, exchanges)
                : Optional.empty();
          }
        };
    store.write(
        List.of(
            chatAt(NOON).tokens(TokenCounts.of(10, 10)).build(),
            chatAt(NOON).tokens(TokenCounts.of(10, 10)).condition("speed", "fast").build()));

    WhatIf.Result result =
        WhatIf.by(withoutConditions).candidate("acme", "flat").of(store.queries(), ALL, NOVEMBER);

    assertThat(row(result, "flat").priced()).isEqualTo(1);
    assertThat(row(result, "flat").unpriced()).isEqualTo(1);
  }

  @Test
  void of_capabilities_leaveOutAndCountWhatDoesNotFit() {
    store.write(
        List.of(
            chatAt(NOON).tokens(TokenCounts.of(1_500, 10)).build(),
            chatAt(NOON).tokens(TokenCounts.of(1_501, 10)).build()));
    WhatIf all =
        WhatIf.by(PRICES)
            .candidate("acme", "flat")
            .candidate("acme", "tiered")
            .candidate("acme", "night")
            .requires(Feature.TOOL_CALLS);

    WhatIf.Result result = all.of(store.queries(), ALL, NOVEMBER);

    assertThat(row(result, "flat").priced()).isEqualTo(1);
    assertThat(row(result, "flat").tooLarge()).isEqualTo(1);
    assertThat(only(row(result, "flat").costs())).isEqualByComparingTo("0.00453");
    assertThat(row(result, "flat").complete()).isFalse();
    assertThat(row(result, "tiered").leftOut()).isEqualTo("not known to support [TOOL_CALLS]");
    assertThat(row(result, "night").leftOut()).isEqualTo("its capabilities are not known");
    assertThat(row(result, "night").priced()).isZero();
    assertThat(row(all.orUnknown().of(store.queries(), ALL, NOVEMBER), "night").priced())
        .isEqualTo(2);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> all.candidate("acme", "flat"))
        .withMessage("acme/flat is a candidate already");
  }

  @Test
  void of_serviceTiersUnitsAndSeveralExchanges_areNotGuessed() {
    store.write(
        List.of(
            chatAt(NOON).serviceTier("batch").build(),
            chatAt(NOON).attempts(2).tokens(TokenCounts.of(1_001, 1)).build(),
            chatAt(NOON).attempts(2).tokens(TokenCounts.of(1_000, 1)).build()));

    WhatIf.Row row =
        WhatIf.by(PRICES)
            .candidate("acme", "tiered")
            .of(store.queries(), ALL, NOVEMBER)
            .rows()
            .get(0);

    assertThat(row.priced()).isEqualTo(1);
    assertThat(row.unpriced()).isEqualTo(2);
  }

  @Test
  void of_conditions_areKeptWithTheCall() {
    store.write(
        List.of(
            chatAt(NOON).tokens(TokenCounts.of(1_000, 100)).condition("speed", "fast").build(),
            chatAt(NOON).tokens(TokenCounts.of(1_000, 100)).build()));
    ModelPrice both = ModelPrice.perMillion("acme", "both", "USD").input("5").output("25");
    ModelPrice one = ModelPrice.perMillion("acme", "one", "USD").input("5").output("25");
    WhatIf.Result result =
        WhatIf.by(PriceCatalog.of(both.condition("speed", "fast", "2"), one))
            .candidate("acme", "both")
            .candidate("acme", "one")
            .of(store.queries(), ALL, NOVEMBER);

    assertThat(row(result, "both").complete()).isTrue();
    assertThat(only(row(result, "both").costs())).isEqualByComparingTo("0.0225");
    assertThat(row(result, "one").priced()).isEqualTo(1);
    assertThat(row(result, "one").unpriced()).isEqualTo(1);
    assertThat(only(row(result, "one").costs())).isEqualByComparingTo("0.0075");
  }

  /** Many calls, no more than a page of them at once; what the store answers is the whole truth. */
  @Test
  void of_manyCalls_readsPages() {
    var events = new ArrayList<UsageEvent>();
    for (int i = 0; i < 5_000; i++) {
      events.add(
          chatAt(NOON.plusSeconds(i / 3))
              .attribution(Attribution.organization(i % 2 == 0 ? "acme" : "evil"))
              .tokens(TokenCounts.of(i, 1))
              .build());
    }
    store.write(events);
    var largest = new int[1];
    UsageReader reader =
        new UsageReader() {
          @Override
          public List<UsageSummary> aggregate(UsageQuery query) {
            throw new AssertionError("sums cannot tell");
          }

          @Override
          public List<UsageEvent> events(EventQuery query) {
            largest[0] = Math.max(largest[0], query.limit());
            return store.queries().reader().events(query);
          }
        };

    WhatIf.Result result =
        WhatIf.by(PRICES)
            .candidate("acme", "night")
            .of(new UsageQueries(reader), UsageFilter.organization("acme"), NOVEMBER);

    assertThat(largest[0]).isEqualTo(1_000);
    assertThat(result.calls()).isEqualTo(2_500);
    // sum of even numbers below 5000, and one output token each, at 4 per million
    assertThat(only(result.rows().get(0).costs()))
        .isEqualByComparingTo(new BigDecimal(4L * (2_499L * 2_500 + 2_500)).movePointLeft(6));
  }
}
