package io.github.usage4j.pricing;

import io.github.usage4j.UsageEvent;
import java.time.Instant;
import java.util.Optional;

/** Two catalogs, of which the first one is asked first. */
record ChainedPrices(PriceCatalog first, PriceCatalog second) implements PriceCatalog {

  @Override
  public Optional<ModelPrice> find(String provider, String model, Instant at) {
    return first.find(provider, model, at).or(() -> second.find(provider, model, at));
  }

  /**
   * By either name in the first one before by any in the second: a price agreed upon for the model
   * that was asked for is not passed over because the answer names a version of it.
   */
  @Override
  public Optional<ModelPrice> find(UsageEvent event) {
    return first.find(event).or(() -> second.find(event));
  }

  @Override
  public Optional<ModelCapabilities> capabilities(String provider, String model) {
    return first.capabilities(provider, model).or(() -> second.capabilities(provider, model));
  }
}
