package io.github.usage4j.pricing;

/**
 * Checks the prices that are a part of another one: above a threshold, for a service tier or under
 * a condition.
 *
 * @param whole what they are a part of
 * @param which of its parts, for messages
 */
record PartOfPrice(ModelPrice whole, String which) {

  /**
   * Prices above a threshold.
   *
   * @throws IllegalArgumentException if they have more than token amounts and one for each call
   */
  Rates aboveInput(ModelPrice part) {
    Rates rates = serviceTier(part);
    if (rates.haveTiers() || !rates.units().isEmpty()) {
      throw without("thresholds or units");
    }
    return rates;
  }

  /**
   * Prices for a service tier.
   *
   * @throws IllegalArgumentException if they have service tiers or conditions, dates or another
   *     currency
   */
  Rates serviceTier(ModelPrice part) {
    Charges charges = undated(part);
    if (!charges.serviceTiers().isEmpty() || !charges.conditions().isEmpty()) {
      throw without("service tiers or conditions");
    }
    return charges.rates();
  }

  /**
   * Prices under a condition.
   *
   * @throws IllegalArgumentException if they have no amount, or conditions of its name, dates or
   *     another currency
   */
  Charges condition(String name, ModelPrice part) {
    Charges charges = undated(part);
    if (charges.rates().equals(Rates.NONE)) {
      throw new IllegalArgumentException(what() + " must have an amount");
    }
    if (charges.conditions().byName().containsKey(PriceConditions.key(name))) {
      throw without("conditions of this name");
    }
    return charges;
  }

  private Charges undated(ModelPrice part) {
    if (!part.currency().equals(whole.currency())) {
      throw new IllegalArgumentException(
          what()
              + " must have its currency, "
              + whole.currency()
              + ", but have "
              + part.currency());
    }
    if (!part.dates().equals(PriceDates.ALWAYS)) {
      throw without("dates");
    }
    return part.charges();
  }

  private IllegalArgumentException without(String what) {
    return new IllegalArgumentException(what() + " must not have " + what + " of their own");
  }

  private String what() {
    return "the prices " + which + " of " + whole.reference();
  }
}
