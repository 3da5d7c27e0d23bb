package io.github.usage4j.pricing;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model of a catalog, with all its prices.
 *
 * @param provider as catalogs call it
 * @param name of the model, as the catalog calls it
 * @param match which names it goes by
 * @param prices the one that became valid last first; at one time, that of a time of day first
 * @param capabilities null if unknown
 */
record ListedModel(
    String provider,
    String name,
    ModelMatch match,
    List<ModelPrice> prices,
    @Nullable ModelCapabilities capabilities) {

  private static final Comparator<ModelPrice> LATEST_FIRST =
      Comparator.comparing((ModelPrice price) -> price.dates().from())
          .thenComparing(price -> price.dates().daily())
          .reversed();

  /**
   * @throws IllegalArgumentException if two prices apply at the same time and nothing says which
   */
  ListedModel {
    var sorted = new ArrayList<>(prices);
    sorted.sort(LATEST_FIRST);
    prices = List.copyOf(sorted);
    for (int i = 0; i < prices.size(); i++) {
      for (int k = i + 1; k < prices.size(); k++) {
        check(provider, name, prices.get(i).dates(), prices.get(k).dates());
      }
    }
  }

  private static void check(String provider, String name, PriceDates one, PriceDates other) {
    if (one.collideWith(other)) {
      throw new IllegalArgumentException(
          "prices of one model must become valid at different times, but two of "
              + provider
              + "/"
              + name
              + " do so at "
              + (one.from().equals(Instant.MIN) ? "the beginning" : one.from())
              + (one.daily() ? ", with times of day that overlap" : ""));
    }
    if (one.overlap(other)) {
      throw new IllegalArgumentException(
          "prices of one model must not overlap, but those of "
              + provider
              + "/"
              + name
              + " do:"
              + other
              + " and"
              + one);
    }
  }

  /** The price that applies then. */
  Optional<ModelPrice> at(Instant at) {
    for (ModelPrice price : prices) {
      if (price.dates().contain(at)) {
        return Optional.of(price);
      }
    }
    return Optional.empty();
  }
}
