package io.github.usage4j.pricing;

import java.time.LocalDate;

/**
 * What a loaded catalog is.
 *
 * @param name of the catalog or its format
 * @param version by which stored price references know it
 * @param asOf the day as of which its prices are
 */
record PriceSource(String name, String version, LocalDate asOf) {

  /** How the price of a model is referred to. */
  String reference(String provider, String model, PriceDates dates) {
    return name + " " + version + ": " + provider + "/" + model + dates;
  }

  /** The price with its reference, cut if names are longer than any known. */
  ModelPrice refer(ModelPrice price) {
    String text = reference(price.provider(), price.model(), price.dates());
    return price.reference(text.substring(0, Math.min(text.length(), 300)));
  }
}
