package io.github.usage4j.economics;

import io.github.usage4j.Cost;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.pricing.RepricedCall;
import org.jspecify.annotations.Nullable;

/** A call as another model would have been charged for it. */
final class HypotheticalCall {

  private HypotheticalCall() {}

  /** What it would have cost; null if there is no price, or it cannot be told. */
  static @Nullable Cost of(UsageEvent event, String provider, String model, PriceCatalog prices) {
    UsageEvent call =
        UsageEvent.builder(event.id(), event.kind(), provider, model)
            .startedAt(event.occurredAt())
            .operation(event.operationId(), event.step())
            .attribution(event.attribution())
            .attempts(event.attempts())
            .serviceTier(event.serviceTier())
            .tokens(event.tokens(), event.quality())
            .units(event.units())
            .conditions(event.conditions())
            .outcome(event.outcome())
            .build();
    return RepricedCall.of(call, prices).cost();
  }
}
