package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import io.github.usage4j.pricing.CostExplanation.Part;
import java.math.BigDecimal;
import java.util.Currency;

/** Adds up what a call is charged for, part by part. */
final class CostParts implements Products {

  private BigDecimal input = BigDecimal.ZERO;
  private BigDecimal output = BigDecimal.ZERO;
  private BigDecimal cache = BigDecimal.ZERO;
  private BigDecimal other = BigDecimal.ZERO;

  @Override
  public void tokens(
      Part part, String what, BigDecimal quantity, BigDecimal perMillion, BigDecimal amount) {
    add(part, amount);
  }

  @Override
  public void units(String what, BigDecimal quantity, UnitPrice price, BigDecimal amount) {
    add(Part.OTHER, amount);
  }

  void add(Part part, BigDecimal amount) {
    switch (part) {
      case INPUT -> input = sum(input, amount);
      case OUTPUT -> output = sum(output, amount);
      case CACHE -> cache = sum(cache, amount);
      case OTHER -> other = sum(other, amount);
    }
  }

  /** Most parts have one product. */
  private static BigDecimal sum(BigDecimal before, BigDecimal amount) {
    return before.signum() == 0 ? amount : before.add(amount);
  }

  Cost toCost(Currency currency, String priceReference) {
    return new Cost(input, output, cache, other, currency, priceReference);
  }
}
