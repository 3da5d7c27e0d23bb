package io.github.usage4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.util.Currency;
import org.junit.jupiter.api.Test;

class CostTest {

  private static final Currency USD = Currency.getInstance("USD");

  private static Cost usd(String input, String output, String cache, String other) {
    return new Cost(
        new BigDecimal(input),
        new BigDecimal(output),
        new BigDecimal(cache),
        new BigDecimal(other),
        USD,
        "p");
  }

  @Test
  void equals_isByValueAndNotByScale() {
    assertThat(usd("1.50", "100", "0.0", "0")).isEqualTo(usd("1.5", "1E+2", "0", "0.000"));
    assertThat(usd("100", "0", "0", "0").input()).hasToString("100");
  }

  @Test
  void total_isTheExactSumOfTheParts() {
    assertThat(usd("0.000000000000000001", "0.1", "0.02", "3").total())
        .isEqualTo(new BigDecimal("3.120000000000000001"));
  }

  @Test
  void plus_otherCurrency_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Cost.total(BigDecimal.ONE, "USD").plus(Cost.total(BigDecimal.ONE, "EUR")))
        .withMessage("costs of one currency can be added, but these are in USD and EUR");
  }

  @Test
  void plus_keepsTheReferenceOnlyIfBothHaveIt() {
    Cost one = usd("1", "0", "0", "0");
    assertThat(one.plus(one).priceReference()).isEqualTo("p");
    assertThat(one.plus(Cost.zero(USD)).priceReference()).isNull();
  }

  @Test
  void badAmounts_areRefusedByName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> usd("0", "-0.01", "0", "0"))
        .withMessage("output cost must not be negative, but was -0.01");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> usd("0.0000000000000000001", "0", "0", "0"))
        .withMessageContaining("at most 18 decimals");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Cost.total(BigDecimal.ONE, "dollar"))
        .withMessageContaining("'dollar'");
  }
}
