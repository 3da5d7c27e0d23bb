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
 * @param prices in the order of {@link PriceDates#FIRST_APPLIES}
 * @param capabilities null if unknown
 */
record ListedModel(
    String provider,
    String name,
    ModelMatch match,
    List<ModelPrice> prices,
    @Nullable ModelCapabilities capabilities) {

  private static final Comparator<ModelPrice> FIRST_APPLIES =
      Comparator.comparing(ModelPrice::dates, PriceDates.FIRST_APPLIES);

  /**
   * @throws IllegalArgumentException if two prices apply at the same time and nothing says which
   */
  ListedModel {
    var sorted = new ArrayList<>(prices);
    sorted.sort(FIRST_APPLIES);
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
              + overlap(one.window(), other.window()));
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

  private static String overlap(DailyWindow one, DailyWindow other) {
    if (one.equals(DailyWindow.ALWAYS)) {
      return "";
    }
    String what = one.hasTimes() ? "times of day" : "days of the week";
    return ", with " + what + " that overlap:" + one + " and" + other;
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
