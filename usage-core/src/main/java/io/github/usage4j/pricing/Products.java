package io.github.usage4j.pricing;

import io.github.usage4j.pricing.CostExplanation.Part;
import java.math.BigDecimal;

/** Takes what a call is charged for, product by product. */
interface Products {
  /** So many tokens at a price for a million. */
  void tokens(
      Part part, String what, BigDecimal quantity, BigDecimal perMillion, BigDecimal amount);

  /** So many of something else. */
  void units(String what, BigDecimal quantity, UnitPrice price, BigDecimal amount);
}
