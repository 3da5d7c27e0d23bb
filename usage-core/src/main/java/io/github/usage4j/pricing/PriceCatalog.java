package io.github.usage4j.pricing;

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

  /** How this catalog arrives at the cost of a call; empty if it has no price for it. */
  default Optional<ModelPrice.Explanation> explain(UsageEvent event) {
    return find(event).map(price -> price.explain(event.tokens()));
  }
}
