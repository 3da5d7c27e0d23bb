package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import java.net.URI;
import java.nio.file.Path;
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
   * A catalog of the host's own prices. Provider and model are compared without regard to case. The
   * first model whose {@link ModelPrice#matching} fits is taken; of several prices of one model,
   * the one that became valid last at the time of the call applies; of those one for some days of
   * the week before one for each, and then one for a time of day before one for all day.
   *
   * @throws IllegalArgumentException if two prices of one model become valid at the same time, or
   *     one becomes valid before another one's stated end
   */
  static PriceCatalog of(ModelPrice... prices) {
    return PriceIndex.of(List.of(prices));
  }

  /** A catalog without prices: every call is unpriced. */
  static PriceCatalog none() {
    return (provider, model, at) -> Optional.empty();
  }

  /**
   * The list prices that come with the library, as of {@link LoadedPrices#asOf}. They are a
   * snapshot: the provider's own page is what counts.
   */
  static LoadedPrices bundled() {
    return LoadedPrices.bundled();
  }

  /**
   * Prices from a file in the library's own format, which docs/pricing.md describes.
   *
   * @throws IllegalArgumentException naming the file, the place and the value, if anything in it
   *     cannot be right; so do the others
   */
  static LoadedPrices file(Path file) {
    return LoadedPrices.open(file, CatalogJson::read);
  }

  /**
   * Prices from an address in the library's own format, which is read now. Waits at most half a
   * minute; see {@link LoadedPrices#from(URI)} for a start that does not depend on a server.
   *
   * @param address beginning with {@code https://} or {@code http://}
   * @throws IllegalArgumentException as {@link #file(Path)} does; so do the others
   * @since 0.1.0
   */
  static LoadedPrices file(URI address) {
    return LoadedPrices.open(address, CatalogJson::read);
  }

  /** Prices from LiteLLM's {@code model_prices_and_context_window.json}. */
  static LoadedPrices liteLlm(Path file) {
    return LoadedPrices.open(file, LiteLlmJson::read);
  }

  /**
   * Prices from an address of LiteLLM's list, which is read now.
   *
   * @since 0.1.0
   */
  static LoadedPrices liteLlm(URI address) {
    return LoadedPrices.open(address, LiteLlmJson::read);
  }

  /** Prices from the {@code api.json} of models.dev. */
  static LoadedPrices modelsDev(Path file) {
    return LoadedPrices.open(file, ModelsDevJson::read);
  }

  /**
   * Prices from an address of models.dev's list, which is read now.
   *
   * @since 0.1.0
   */
  static LoadedPrices modelsDev(URI address) {
    return LoadedPrices.open(address, ModelsDevJson::read);
  }

  /** Prices from the {@code v2/data.json} of genai-prices. */
  static LoadedPrices genaiPrices(Path file) {
    return LoadedPrices.open(file, GenaiPricesJson::read);
  }

  /**
   * Prices from an address of genai-prices' list, which is read now.
   *
   * @since 0.1.0
   */
  static LoadedPrices genaiPrices(URI address) {
    return LoadedPrices.open(address, GenaiPricesJson::read);
  }

  /** This catalog, and the other one for what this one does not have. */
  default PriceCatalog orElse(PriceCatalog other) {
    return new ChainedPrices(this, other);
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
    boolean used = !event.tokens().isUnknown() || !event.units().isEmpty();
    boolean mayCharge =
        event.outcome() == UsageEvent.Outcome.SUCCESS
            || (event.outcome() != UsageEvent.Outcome.REFUSED && used);
    if (!mayCharge) {
      return Optional.empty();
    }
    List<TokenCounts> charged = exchanges.isEmpty() ? List.of(event.tokens()) : exchanges;
    return find(event)
        .flatMap(price -> PricedCall.of(price, event, charged))
        .filter(PricedCall::covered)
        .map(PricedCall::cost);
  }

  /** True if there is a price for this model then: what a policy that refuses others may ask. */
  default boolean covers(String provider, String model, Instant at) {
    return find(provider, model, at).isPresent();
  }

  /** What a model can do; empty if this catalog does not know. */
  default Optional<ModelCapabilities> capabilities(String provider, String model) {
    return Optional.empty();
  }

  /**
   * How the cost of a call comes about. The lines add up to the event's own cost; if it has none,
   * to what this catalog makes it.
   *
   * @return empty if this catalog has no price for the call, or its prices do not lead to the cost
   *     that the event has: then they changed since, or its exchanges were charged differently
   */
  default Optional<CostExplanation> explain(UsageEvent event) {
    Optional<ModelPrice> price = find(event);
    Cost stored = event.cost();
    Optional<CostExplanation> explained =
        price.flatMap(found -> found.explain(event, List.of(event.tokens())));
    if (stored == null || explained.filter(why -> stored.amountsEqual(why.toCost())).isPresent()) {
      return explained;
    }
    return price
        .flatMap(found -> PricedCall.of(found, event, List.of(event.tokens())))
        .map(call -> call.explainSum(Math.max(1, event.attempts()), stored.priceReference()))
        .filter(why -> stored.amountsEqual(why.toCost()));
  }
}
