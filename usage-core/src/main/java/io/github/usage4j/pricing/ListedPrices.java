package io.github.usage4j.pricing;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Prices that the host lists, by exact name. */
final class ListedPrices implements PriceCatalog {

  private final Map<Key, TreeMap<Instant, ModelPrice>> prices = new HashMap<>();

  private record Key(String provider, String model) {
    static Key of(String provider, String model) {
      // Locale.ROOT: in a Turkish locale "GPT-4I" would not become "gpt-4i".
      return new Key(provider.toLowerCase(Locale.ROOT), model.toLowerCase(Locale.ROOT));
    }
  }

  ListedPrices(List<ModelPrice> listed) {
    for (ModelPrice price : listed) {
      var ofModel =
          prices.computeIfAbsent(Key.of(price.provider(), price.model()), k -> new TreeMap<>());
      ModelPrice other = ofModel.put(price.validFrom(), price);
      if (other != null) {
        throw new IllegalArgumentException(
            "prices of one model must become valid at different times, but two of "
                + price.provider()
                + "/"
                + price.model()
                + " do so at "
                + price.validFrom());
      }
    }
  }

  @Override
  public Optional<ModelPrice> find(String provider, String model, Instant at) {
    var ofModel = prices.get(Key.of(provider, model));
    if (ofModel == null) {
      return Optional.empty();
    }
    var latest = ofModel.floorEntry(at);
    return latest == null
        ? Optional.empty()
        : Optional.of(latest.getValue()).filter(price -> at.isBefore(price.validUntil()));
  }
}
