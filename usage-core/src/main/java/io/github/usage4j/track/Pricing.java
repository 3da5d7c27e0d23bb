package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.pricing.UnpricedPolicy;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;

/** Freezes a cost into events. A catalog that fails leaves the event unpriced. */
final class Pricing {

  private final Function<Attribution, PriceCatalog> prices;
  private final UnpricedPolicy policy;
  private final Guard guard;

  Pricing(Function<Attribution, PriceCatalog> prices, UnpricedPolicy policy, Guard guard) {
    this.prices = prices;
    this.policy = policy;
    this.guard = guard;
  }

  /** True if a call may be made as far as prices go; a catalog that fails lets it through. */
  boolean allows(Attribution who, String provider, String model, Instant at) {
    return policy == UnpricedPolicy.ALLOW
        || guard.get(
            Anomaly.PRICING_FAILED,
            "whether there is a price of " + provider + "/" + model,
            () -> prices.apply(who).covers(provider, model, at),
            () -> true);
  }

  /** The prices of a caller. */
  PriceCatalog catalog(Attribution who) {
    return prices.apply(who);
  }

  Guard guard() {
    return guard;
  }

  /**
   * The event with its cost.
   *
   * @param exchanges what each of several exchanges used, to be priced by itself; none for one
   */
  UsageEvent priced(UsageEvent event, List<TokenCounts> exchanges) {
    if (event.cost() != null) {
      return event;
    }
    return guard.get(
        Anomaly.PRICING_FAILED,
        () -> "the price of " + event.provider() + "/" + event.model(),
        () ->
            prices
                .apply(event.attribution())
                .costOf(event, exchanges)
                .map(cost -> event.toBuilder().cost(cost).build())
                .orElse(event),
        () -> event);
  }
}
