package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import java.util.List;
import java.util.function.Function;

/** Freezes a cost into events. A catalog that fails leaves the event unpriced. */
final class Pricing {

  private final Function<Attribution, PriceCatalog> prices;
  private final Guard guard;

  Pricing(Function<Attribution, PriceCatalog> prices, Guard guard) {
    this.prices = prices;
    this.guard = guard;
  }

  /**
   * The event with its cost.
   *
   * @param exchanges what each of several exchanges used, to be priced by itself; none for one
   */
  UsageEvent priced(UsageEvent event, List<TokenCounts> exchanges) {
    if (event.cost() != null || !event.unpriced()) {
      return event;
    }
    List<TokenCounts> charged = exchanges.isEmpty() ? List.of(event.tokens()) : exchanges;
    try {
      return prices
          .apply(event.attribution())
          .find(event)
          .filter(price -> charged.stream().allMatch(price::covers) && coversUnits(price, event))
          .map(price -> withCost(event, price, charged))
          .orElse(event);
    } catch (RuntimeException e) {
      guard.report(Anomaly.PRICING_FAILED, "no price for a call of " + event.model(), e);
      return event;
    }
  }

  /**
   * A call that is charged by something else than tokens is not free for want of a price for it.
   */
  private static boolean coversUnits(ModelPrice price, UsageEvent event) {
    return !event.tokens().isUnknown() || !price.explain(event.tokens()).lines().isEmpty();
  }

  private static UsageEvent withCost(
      UsageEvent event, ModelPrice price, List<TokenCounts> charged) {
    if (event.outcome() == Outcome.REFUSED) {
      return event;
    }
    Cost cost = charged.stream().map(price::costOf).reduce(Cost::plus).orElseThrow();
    return event.toBuilder().cost(cost).build();
  }
}
