package io.github.usage4j.track;

import static io.github.usage4j.UsageEvent.Kind.CHAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.pricing.UnpricedModelException;
import io.github.usage4j.pricing.UnpricedPolicy;
import io.github.usage4j.sink.CountingMetrics;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class UnpricedPolicyTest {

  private static final PriceCatalog PRICES =
      PriceCatalog.of(ModelPrice.perMillion("openai", "gpt-4o", "USD").input("2").output("8"));

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final CountingMetrics metrics = new CountingMetrics();
  private final AtomicInteger asked = new AtomicInteger();

  private UsageTrackerBuilder tracker() {
    return UsageTracker.builder(store)
        .buffer(UsageBuffer.none())
        .metrics(metrics)
        .onUnpriced(UnpricedPolicy.REFUSE)
        .prices(PRICES);
  }

  private String call(UsageTracker tracker, String model) throws Exception {
    return tracker
        .start(CHAT, "openai", model)
        .run(
            () -> {
              asked.incrementAndGet();
              return "answer";
            },
            answer -> TokenCounts.of(10, 5));
  }

  @Test
  void run_modelWithoutAPrice_isRefusedBeforeItIsAsked_andRecorded() throws Exception {
    UsageTracker tracker = tracker().build();
    try (UsageScope scope = tracker.scope(Attribution.organization("acme"))) {
      assertThatExceptionOfType(UnpricedModelException.class)
          .isThrownBy(() -> call(tracker, "gpt-9"))
          .withMessageContaining("there is none for openai/gpt-9")
          .satisfies(e -> assertThat(e.model()).isEqualTo("gpt-9"));
      assertThatExceptionOfType(UnpricedModelException.class)
          .isThrownBy(() -> call(tracker, ""))
          .withMessageEndingWith("a model of openai whose name is unknown");
      assertThat(call(tracker, "gpt-4o")).isEqualTo("answer");
    }

    assertThat(asked).hasValue(1);
    assertThat(store.events())
        .extracting(UsageEvent::outcome)
        .containsExactly(Outcome.REFUSED, Outcome.REFUSED, Outcome.SUCCESS);
    UsageEvent refused = store.events().get(0);
    assertThat(refused.tokens()).isEqualTo(TokenCounts.UNKNOWN);
    assertThat(refused.cost()).isNull();
    assertThat(refused.unpriced()).isFalse();
    assertThat(refused.errorType()).isEqualTo(UnpricedModelException.class.getName());
    assertThat(refused.attribution().organization()).isEqualTo("acme");
    UsageSummary total =
        store.queries().total(UsageFilter.organization("acme"), BillingPeriod.lifetime());
    assertThat(total.calls()).isEqualTo(1);
    assertThat(total.refused()).isEqualTo(2);
    assertThat(total.unmeasured()).isZero();
    assertThat(metrics.anomalies(Anomaly.ENDED_TWICE)).isZero();
  }

  @Test
  void run_pricesOfTheOrganization_decide() throws Exception {
    UsageTracker tracker =
        tracker()
            .prices(who -> "acme".equals(who.organization()) ? PRICES : PriceCatalog.none())
            .build();
    try (UsageScope scope = tracker.scope(Attribution.organization("acme"))) {
      assertThat(call(tracker, "gpt-4o")).isEqualTo("answer");
    }
    assertThatExceptionOfType(UnpricedModelException.class)
        .isThrownBy(() -> call(tracker, "gpt-4o"));
  }

  @Test
  void run_catalogThatFails_letsTheCallThrough() throws Exception {
    PriceCatalog broken =
        (provider, model, at) -> {
          throw new IllegalStateException("out of order");
        };

    assertThat(call(tracker().prices(broken).build(), "gpt-9")).isEqualTo("answer");

    assertThat(store.events().get(0).unpriced()).isTrue();
    assertThat(metrics.anomalies(Anomaly.PRICING_FAILED)).isEqualTo(2);
  }

  @Test
  void run_byDefault_isAllowedWithoutAPrice() throws Exception {
    UsageTracker tracker =
        UsageTracker.builder(store).buffer(UsageBuffer.none()).prices(PRICES).build();

    assertThat(call(tracker, "gpt-9")).isEqualTo("answer");
  }

  @Test
  void admit_afterTheEnd_doesNothing() {
    TrackedCall call = tracker().build().start(CHAT, "openai", "gpt-9");
    call.succeeded(TokenCounts.of(1, 1));

    call.admit();

    assertThat(store.events()).extracting(UsageEvent::outcome).containsExactly(Outcome.SUCCESS);
  }
}
