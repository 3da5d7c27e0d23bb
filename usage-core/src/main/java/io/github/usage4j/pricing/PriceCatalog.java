package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Finds the price of a model. Safe for use by several threads; looking up must be quick and without
 * input or output, because it happens at the end of every call.
 */
@FunctionalInterface
public interface PriceCatalog {

  /**
   * The price of a model at an instant.
   *
   * @param provider as in {@link UsageEvent#provider}
   * @param model as the provider or the host calls it
   * @return empty if this catalog has no price for it, which leaves the call unpriced: never 0
   */
  Optional<ModelPrice> find(String provider, String model, Instant at);

  /**
   * A catalog of the host's own prices. Provider and model are compared without regard to case. Of
   * several prices of one model, the one that became valid last at the time of the call applies.
   *
   * @throws IllegalArgumentException if two prices of one model become valid at the same time
   */
  static PriceCatalog of(ModelPrice... prices) {
    return new ListedPrices(List.of(prices));
  }

  /** A catalog without prices: every call is unpriced. */
  static PriceCatalog none() {
    return (provider, model, at) -> Optional.empty();
  }

  /** This catalog, and the other one for what this one does not have. */
  default PriceCatalog orElse(PriceCatalog other) {
    return (provider, model, at) ->
        find(provider, model, at).or(() -> other.find(provider, model, at));
  }

  /**
   * The price that applies to a call: that of the model that answered, else that of the model asked
   * for, at the time the call started.
   */
  default Optional<ModelPrice> find(UsageEvent event) {
    return find(event.provider(), event.model(), event.occurredAt())
        .or(() -> find(event.provider(), event.requestModel(), event.occurredAt()));
  }

  /**
   * What a call costs at the time it started; empty if there is no price that covers what it used,
   * or nothing that could be charged. A cost that the event has already is not looked at.
   *
   * @param exchanges what each of several exchanges of the call used, each priced by itself; none
   *     for one exchange
   */
  default Optional<Cost> costOf(UsageEvent event, List<TokenCounts> exchanges) {
    boolean mayCharge =
        event.outcome() == UsageEvent.Outcome.SUCCESS
            || (event.outcome() != UsageEvent.Outcome.REFUSED
                && (!event.tokens().isUnknown() || !event.units().isEmpty()));
    if (!mayCharge) {
      return Optional.empty();
    }
    List<TokenCounts> charged = exchanges.isEmpty() ? List.of(event.tokens()) : exchanges;
    // Of a call without tokens, whatever else it is charged by, only the call itself has a price.
    return find(event)
        .filter(
            price ->
                event.tokens().isUnknown()
                    ? price.isPerCall()
                    : charged.stream().allMatch(price::covers))
        .map(price -> charged.stream().map(price::costOf).reduce(Cost::plus).orElseThrow());
  }

  /** How this catalog arrives at the cost of a call; empty if it has no price for it. */
  default Optional<ModelPrice.Explanation> explain(UsageEvent event) {
    return find(event).map(price -> price.explain(event.tokens()));
  }
}
