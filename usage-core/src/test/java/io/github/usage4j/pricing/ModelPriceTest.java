package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ModelPriceTest {

  private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

  private static ModelPrice claude() {
    return ModelPrice.perMillion("anthropic", "claude", "USD")
        .input("3")
        .cacheRead("0.30")
        .cacheWrite("3.75")
        .cacheWriteOneHour("6")
        .output("15");
  }

  @Test
  void costOf_pricesEachKindOfTokenOnce() {
    Cost cost =
        claude()
            .costOf(
                TokenCounts.of(1_000, 100)
                    .cacheRead(500)
                    .cacheWrite(300)
                    .cacheWriteOneHour(100)
                    .reasoning(60));
    assertThat(cost.input()).isEqualByComparingTo("0.0006"); // 200 x 3
    assertThat(cost.cache()).isEqualByComparingTo("0.0015"); // 500 x 0.3 + 200 x 3.75 + 100 x 6
    assertThat(cost.output()).isEqualByComparingTo("0.0015"); // reasoning is part of the 100
    assertThat(cost.total()).isEqualByComparingTo("0.0036");
    assertThat(cost.priceReference()).isEqualTo("anthropic/claude");
  }

  @Test
  void costOf_oneToken_isExact() {
    ModelPrice tiny = ModelPrice.perMillion("p", "m", "USD").input("0.000000000001").output("0");
    assertThat(tiny.costOf(TokenCounts.of(1, 0)).total())
        .isEqualTo(new BigDecimal("0.000000000000000001"));
  }

  @Test
  void costOf_cacheWithoutItsOwnPrice_costsWhatInputDoes() {
    ModelPrice plain = ModelPrice.perMillion("p", "m", "USD").input("2").output("8");
    TokenCounts cached = TokenCounts.of(1_000, 0).cacheRead(600).cacheWrite(400);
    assertThat(plain.costOf(cached).total()).isEqualByComparingTo("0.002");
    ModelPrice writes = plain.cacheWrite("2.5");
    assertThat(writes.costOf(cached.cacheWriteOneHour(0)).cache())
        .isEqualByComparingTo("0.0022"); // 600 x 2 + 400 x 2.5
  }

  @Test
  void costOf_contradictoryTokens_neverCountsAnyTwice() {
    TokenCounts stated = TokenCounts.of(100, 0).cacheRead(80).cacheWrite(80);
    assertThat(claude().costOf(stated).total())
        .isEqualByComparingTo("0.000099"); // 80 x 0.3 + 20 x 3.75
  }

  @Test
  void aboveInput_appliesToEveryTokenAboveAndNotAtTheThreshold() {
    ModelPrice tiered =
        claude()
            .aboveInput(
                200_000,
                ModelPrice.perMillion("anthropic", "claude", "USD").input("6").output("22.5"));
    assertThat(tiered.costOf(TokenCounts.of(200_000, 0)).total()).isEqualByComparingTo("0.6");
    assertThat(tiered.costOf(TokenCounts.of(200_001, 2)).total())
        .isEqualByComparingTo("1.200051"); // 200001 x 6 + 2 x 22.5
    assertThat(tiered.costOf(TokenCounts.of(200_001, 2)).priceReference())
        .isEqualTo("anthropic/claude above 200000 input tokens");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> claude().aboveInput(1, ModelPrice.perMillion("a", "b", "EUR")))
        .withMessage(
            "the prices above 1 input tokens of anthropic/claude must have its currency, USD, but"
                + " have EUR");
  }

  @Test
  void aboveInput_severalThresholds_theHighestExceededApplies() {
    ModelPrice base = ModelPrice.perMillion("q", "m", "USD").input("1").output("1");
    ModelPrice tiered =
        base.aboveInput(128_000, ModelPrice.perMillion("q", "m", "USD").input("4"))
            .aboveInput(32_000, ModelPrice.perMillion("q", "m", "USD").input("2"));
    assertThat(tiered.costOf(TokenCounts.of(32_000, 0)).total()).isEqualByComparingTo("0.032");
    assertThat(tiered.costOf(TokenCounts.of(50_000, 0)).total()).isEqualByComparingTo("0.1");
    assertThat(tiered.costOf(TokenCounts.of(200_000, 0)).total()).isEqualByComparingTo("0.8");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> tiered.aboveInput(32_000, base))
        .withMessageContaining("above 32000 input tokens already");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> base.aboveInput(1, tiered))
        .withMessageContaining("must not have thresholds or units of their own");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> base.aboveInput(1, base.validFrom(NOW)))
        .withMessageContaining("must not have dates of their own");
  }

  @Test
  void aboveInput_whatTheTierDoesNotSet_isAsBelow() {
    ModelPrice tiered =
        ModelPrice.perMillion("q", "m", "USD")
            .input("1")
            .cacheRead("0.1")
            .output("3")
            .perCall("0.5")
            .aboveInput(100, ModelPrice.perMillion("q", "m", "USD").input("2"));
    // 900 x 2 + 100 x 0.1 + 10 x 3, per million, and the call
    assertThat(tiered.costOf(TokenCounts.of(1_000, 10).cacheRead(100)).total())
        .isEqualByComparingTo("0.50184");
  }

  @Test
  void aboveInput_whatAHigherTierDoesNotSet_isAsInTheTierBelow() {
    ModelPrice none = ModelPrice.perMillion("q", "m", "USD");
    ModelPrice tiered =
        none.input("1")
            .output("3")
            .aboveInput(256, none.output("9"))
            .aboveInput(128, none.input("2"));
    BigDecimal before = BigDecimal.ZERO;
    for (long input = 0; input < 600; input++) {
      BigDecimal total = tiered.costOf(TokenCounts.of(input, 1)).total();
      assertThat(total).as(input + " tokens").isGreaterThan(before);
      before = total;
    }
    // 300 x 2 + 9
    assertThat(tiered.costOf(TokenCounts.of(300, 1)).total()).isEqualByComparingTo("0.000609");
  }

  @Test
  void costOf_oneHourWritesAlone_areCountedOnce() {
    ModelPrice plain = ModelPrice.perMillion("q", "m", "USD").input("1").output("1");
    assertThat(plain.costOf(TokenCounts.of(1_000, 0).cacheWriteOneHour(500)).total())
        .isEqualByComparingTo("0.001");
  }

  @Test
  void covers_isFalseWhereOnlyAPartIsKnown() {
    assertThat(
            claude().covers(new TokenCounts(null, null, null, null, null, 100L, null, null, null)))
        .isFalse();
  }

  @Test
  void covers_isFalseWhereOneSideIsKnownByAPartOnly() {
    assertThat(
            claude().covers(new TokenCounts(null, 10L, 500L, null, null, null, null, null, null)))
        .as("how much of the input was not read from the cache?")
        .isFalse();
    assertThat(claude().covers(new TokenCounts(null, 10L, null, null, null, null, 5L, null, null)))
        .isFalse();
    assertThat(
            claude().covers(new TokenCounts(10L, null, null, null, null, 500L, null, null, null)))
        .isFalse();
    assertThat(claude().covers(new TokenCounts(null, 10L, 0L, 0L, null, 0L, 0L, 0L, null)))
        .isTrue();
  }

  @Test
  void covers_isFalseForTokensWithoutAPrice() {
    ModelPrice embedding = ModelPrice.perMillion("p", "e", "USD").input("0.02");
    assertThat(embedding.covers(TokenCounts.input(5))).isTrue();
    assertThat(embedding.covers(TokenCounts.of(5, 0))).isTrue();
    assertThat(embedding.covers(TokenCounts.of(5, 1))).isFalse();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> embedding.costOf(TokenCounts.of(5, 1)))
        .withMessageContaining("has no amount for some of");
  }

  @Test
  void perCall_isChargedOncePerCall() {
    ModelPrice price = ModelPrice.perMillion("p", "m", "USD").input("1").perCall("0.005");
    Cost cost = price.costOf(TokenCounts.input(1_000_000));
    assertThat(cost.other()).isEqualByComparingTo("0.005");
    assertThat(cost.total()).isEqualByComparingTo("1.005");
  }

  @Test
  void explain_addsUpToTheCost() {
    TokenCounts tokens = TokenCounts.of(1_000, 100).cacheRead(500);
    CostExplanation why = claude().reference("contract 7").explain(tokens);
    assertThat(why.total()).isEqualByComparingTo(claude().costOf(tokens).total());
    assertThat(why.lines()).extracting("what").containsExactly("input", "cache read", "output");
    assertThat(why.toString()).contains("500 x 0.30 USD / 1M = 0.00015").contains("(contract 7)");
  }

  @Test
  void badPrices_areRefusedByName() {
    ModelPrice price = ModelPrice.perMillion("p", "m", "USD");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> price.input("-1"))
        .withMessage("input price of p/m must be between 0 and 1000000, but was -1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> price.output("1,5"))
        .withMessage("output price of p/m must be a decimal number, but was '1,5'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> price.cacheRead("0.0000000000001"))
        .withMessageContaining("at most 12 decimals");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> price.cacheWrite("1000000.1"))
        .withMessageContaining("between 0 and 1000000");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ModelPrice.perMillion("p", "m", "DOLLAR"))
        .withMessageContaining("'DOLLAR'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> price.validFrom(NOW).validUntil(NOW))
        .withMessageContaining("is valid from");
  }

  @Test
  @Timeout(120)
  void aPriceOfNothing_isNothing_howeverManyDecimalsItHas() {
    ModelPrice price =
        ModelPrice.perMillion("p", "m", "USD").input("3").output("0E-999999999").perCall("0E+99");
    assertThat(price.costOf(TokenCounts.of(1_000_000, 5)).total()).isEqualByComparingTo("3");
    assertThat(price.explain(TokenCounts.of(1_000_000, 5)).total()).isEqualByComparingTo("3");
  }

  @Test
  void find_takesThePriceInForceWhenTheCallStarted() {
    ModelPrice old = claude().validUntil(NOW).reference("old");
    ModelPrice current = claude().input("2").validFrom(NOW).reference("current");
    PriceCatalog catalog = PriceCatalog.of(old, current);
    assertThat(catalog.find("Anthropic", "CLAUDE", NOW.minusNanos(1)).orElseThrow().reference())
        .isEqualTo("old");
    assertThat(catalog.find("anthropic", "claude", NOW).orElseThrow().reference())
        .isEqualTo("current");
    PriceCatalog gap = PriceCatalog.of(old);
    assertThat(gap.find("anthropic", "claude", NOW)).isEmpty();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PriceCatalog.of(current, current))
        .withMessageContaining("two of anthropic/claude do so at 2026-11-21T10:00:00Z");
  }

  @Test
  void orElse_firstCatalogWins_andAnsweringModelBeforeTheOneAskedFor() {
    PriceCatalog negotiated = PriceCatalog.of(claude().reference("contract"));
    PriceCatalog listed =
        PriceCatalog.of(claude().reference("list"), ModelPrice.perMillion("x", "y", "USD"));
    PriceCatalog both = negotiated.orElse(listed);
    assertThat(both.find("anthropic", "claude", NOW).orElseThrow().reference())
        .isEqualTo("contract");
    assertThat(both.find("x", "y", NOW)).isPresent();
    assertThat(both.find("x", "unknown", NOW)).isEmpty();
    UsageEvent event =
        UsageEvent.builder(UUID.randomUUID(), Kind.CHAT, "anthropic", "claude")
            .responseModel("claude-2026-01-01")
            .startedAt(NOW)
            .tokens(TokenCounts.of(1, 1))
            .build();
    assertThat(both.find(event).orElseThrow().reference()).isEqualTo("contract");
    assertThat(both.explain(event)).isPresent();
    assertThat(PriceCatalog.none().find(event)).isEmpty();
  }
}
