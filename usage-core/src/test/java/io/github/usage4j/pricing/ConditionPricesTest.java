package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEventBuilder;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What calls cost under conditions that are neither counts nor a service tier. */
class ConditionPricesTest {

  private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");
  private static final TokenCounts SMALL = TokenCounts.of(1_000, 200);

  private static ModelPrice none() {
    return ModelPrice.perMillion("acme", "m", "USD");
  }

  /** As Anthropic charges: each of them for all that tokens cost. */
  private static ModelPrice opus() {
    return none()
        .input("5")
        .output("25")
        .cacheRead("0.50")
        .cacheWrite("6.25")
        .cacheWriteOneHour("10")
        .perUnit("web_searches", "0.01")
        .aboveInput(200_000, none().input("10").output("37.5"))
        .serviceTier("batch", none().input("2.5").output("12.5"))
        .condition("speed", "fast", "2")
        .condition("speed", "standard", "1")
        .condition("inference_geo", "us", "1.1");
  }

  private static UsageEventBuilder event(TokenCounts tokens) {
    return UsageEvent.builder(UUID.randomUUID(), Kind.CHAT, "acme", "m")
        .startedAt(NOW)
        .tokens(tokens);
  }

  private static String cost(ModelPrice price, UsageEventBuilder call) {
    UsageEvent event = call.build();
    PriceCatalog catalog = PriceCatalog.of(price);
    String cost =
        catalog
            .costOf(event, List.of())
            .map(found -> found.total().toPlainString() + " " + found.priceReference())
            .orElse("unpriced");
    assertThat(
            catalog
                .explain(event)
                .map(why -> why.toCost().total().toPlainString() + " " + why.priceReference())
                .orElse("unpriced"))
        .isEqualTo(cost);
    assertThat(RepricedCall.of(event, catalog).cost() == null).isEqualTo(cost.equals("unpriced"));
    return cost;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "-        | -        | -     | 0.01 acme/m",
        "fast     | -        | -     | 0.02 acme/m, speed=fast",
        "standard | -        | -     | 0.01 acme/m",
        "FAST     | US       | -     | 0.022 acme/m, inference_geo=us, speed=fast",
        "-        | us       | -     | 0.011 acme/m, inference_geo=us",
        "-        | -        | batch | 0.005 acme/m, batch",
        "fast     | us       | Batch | 0.011 acme/m, batch, inference_geo=us, speed=fast",
        "standard | us       | default | 0.011 acme/m, inference_geo=us",
        "-        | eu       | -     | unpriced",
        "fast     | eu       | -     | unpriced",
        "faster   | -        | -     | unpriced",
        "fast     | -        | flex  | unpriced",
      })
  void factors_goTogetherWithEachOtherAndWithServiceTiers(
      String speed, String geo, String tier, String expected) {
    var conditions = new HashMap<String, String>();
    if (speed != null) {
      conditions.put("Speed", speed);
    }
    if (geo != null) {
      conditions.put("inference_geo", geo);
    }
    assertThat(cost(opus(), event(SMALL).conditions(conditions).serviceTier(tier)))
        .isEqualTo(expected);
  }

  @Test
  void factors_multiplyEveryKindOfToken_andNeitherCallsNorUnits() {
    ModelPrice all =
        none()
            .input("1")
            .output("2")
            .cacheRead("0.1")
            .cacheReadAudio("0.4")
            .cacheWrite("1.25")
            .cacheWriteOneHour("2")
            .reasoning("3")
            .inputAudio("10")
            .outputAudio("20")
            .perCall("0.5")
            .perUnit("searches", "0.25")
            .condition("latency", "optimized", "1.5");
    TokenCounts tokens = new TokenCounts(1_000L, 100L, 400L, 300L, 100L, 20L, 250L, 30L, 200L);
    UsageEventBuilder call = event(tokens).unit("searches", BigDecimal.valueOf(2));
    BigDecimal list = new BigDecimal(cost(all, call).split(" ")[0]);
    BigDecimal optimized =
        new BigDecimal(cost(all, call.condition("latency", "optimized")).split(" ")[0]);
    BigDecimal tokensAlone = list.subtract(BigDecimal.ONE); // 0.5 + 2 x 0.25
    assertThat(optimized)
        .isEqualByComparingTo(tokensAlone.multiply(new BigDecimal("1.5")).add(BigDecimal.ONE));
    // 250 x 1 + 50 x 10 + 200 x 0.1 + 200 x 0.4 + 200 x 1.25 + 100 x 2 + 50 x 2 + 20 x 3 + 30 x 20
    assertThat(tokensAlone).isEqualByComparingTo("0.00206");
  }

  @Test
  void factors_applyAboveThresholdsToo() {
    TokenCounts many = TokenCounts.of(200_001, 1_000);
    assertThat(cost(opus(), event(many).condition("speed", "fast")))
        .isEqualTo("4.07502 acme/m, speed=fast above 200000 input tokens");
    assertThat(cost(opus(), event(many).condition("speed", "fast").serviceTier("batch")))
        .as("nothing says what a batch costs there")
        .isEqualTo("unpriced");
  }

  @Test
  void aConditionThatIsNotKnown_leavesTheCallUnpriced_whateverElseIs() {
    ModelPrice free = none().input("0").output("0").perCall("0.1");
    assertThat(cost(free, event(SMALL).condition("speed", "standard"))).isEqualTo("unpriced");
    assertThat(cost(free, event(TokenCounts.UNKNOWN).condition("x", "y"))).isEqualTo("unpriced");
    assertThat(free.forConditions(null, Map.of("speed", "standard"))).isEmpty();
    assertThat(opus().forConditions(null, Map.of("speed", "fast", "region", "eu"))).isEmpty();
    PriceCatalog contract = PriceCatalog.of(free).orElse(PriceCatalog.of(opus()));
    assertThat(contract.costOf(event(SMALL).condition("speed", "fast").build(), List.of()))
        .as("the list price is not taken where the contract is silent")
        .isEmpty();
  }

  @Test
  void aConditionThatIsStatedTwice_differently_isNotKnown() {
    assertThat(cost(opus(), event(SMALL).conditions(Map.of("speed", "fast", "SPEED", "FAST"))))
        .isEqualTo("0.02 acme/m, speed=fast");
    assertThat(cost(opus(), event(SMALL).conditions(Map.of("speed", "fast", "SPEED", "standard"))))
        .isEqualTo("unpriced");
  }

  @Test
  void explain_showsTheMultipliedPrice_andWhy() {
    UsageEvent event =
        event(TokenCounts.of(12_000, 800).cacheRead(9_000))
            .condition("inference_geo", "us")
            .unit("web_searches", BigDecimal.ONE)
            .build();
    CostExplanation why = PriceCatalog.of(opus()).explain(event).orElseThrow();
    assertThat(why.toString().lines())
        .containsExactly(
            "input                          3,000 x 5.5 USD / 1M = 0.0165",
            "cache read                     9,000 x 0.55 USD / 1M = 0.00495",
            "output                           800 x 27.5 USD / 1M = 0.022",
            "web_searches                       1 x 0.01 USD = 0.01",
            "total 0.05345 USD (acme/m, inference_geo=us)");
  }

  @Test
  void severalExchanges_areExplainedByTheirSum_andUndecidedAboveAThreshold() {
    PriceCatalog catalog = PriceCatalog.of(opus());
    List<TokenCounts> exchanges = List.of(TokenCounts.of(150_000, 1), TokenCounts.of(120_000, 2));
    UsageEvent call =
        event(TokenCounts.of(270_000, 3)).attempts(2).condition("speed", "fast").build();
    Cost cost = catalog.costOf(call, exchanges).orElseThrow();
    assertThat(cost.total()).isEqualByComparingTo("2.70015");
    UsageEvent stored = call.toBuilder().cost(cost).build();
    assertThat(catalog.explain(stored).orElseThrow().total()).isEqualByComparingTo("2.70015");
    RepricedCall repriced = RepricedCall.of(stored, catalog);
    assertThat(repriced.undecided()).isTrue();
    assertThat(repriced.changed()).isFalse();
    UsageEvent below = stored.toBuilder().tokens(TokenCounts.of(200_000, 3)).build();
    assertThat(RepricedCall.of(below, catalog).undecided()).isFalse();
    assertThat(RepricedCall.of(below, catalog).cost().total()).isEqualByComparingTo("2.00015");
    UsageEvent unknown = stored.toBuilder().condition("region", "eu").build();
    assertThat(RepricedCall.of(unknown, catalog).undecided()).isFalse();
    assertThat(RepricedCall.of(unknown, catalog).cost()).isNull();
    assertThat(RepricedCall.of(unknown, catalog).changed()).isTrue();
  }

  @Test
  void ownPrices_areAllThatTokensCost() {
    ModelPrice price = opus().reasoning("30").inputAudio("50").cacheReadAudio("5").perCall("0.001");
    ModelPrice fast =
        price
            .condition("mode", "turbo", none().input("30").output("150"))
            .forConditions(null, Map.of("mode", "turbo"))
            .orElseThrow();
    assertThat(fast.costOf(SMALL).total()).isEqualByComparingTo("0.061");
    assertThat(fast.reference()).isEqualTo("acme/m, mode=turbo");
    for (TokenCounts unknown :
        List.of(
            SMALL.cacheRead(1),
            SMALL.cacheWrite(1),
            SMALL.cacheWriteOneHour(1),
            SMALL.reasoning(1),
            SMALL.audio(1, 0),
            SMALL.cacheRead(1).audio(1, 0).cacheReadAudio(1),
            TokenCounts.of(200_001, 1))) {
      assertThat(price.covers(unknown)).as(unknown.toString()).isTrue();
      assertThat(fast.covers(unknown)).as(unknown.toString()).isFalse();
    }
    TokenCounts nothingElse = new TokenCounts(1_000L, 200L, 0L, 0L, 0L, 0L, 0L, 0L, 0L);
    assertThat(fast.covers(nothingElse)).isTrue();
    assertThat(fast.covers(SMALL.audio(0, 1))).as("has no price of its own either").isTrue();
  }

  @Test
  void ownPrices_withCachesOfTheirOwn_coverThose() {
    ModelPrice own =
        none()
            .input("30")
            .output("150")
            .cacheRead("3")
            .cacheWrite("37.5")
            .aboveInput(200_000, none().input("60").output("225"));
    ModelPrice turbo =
        opus()
            .condition("mode", "turbo", own)
            .forConditions(null, Map.of("mode", "turbo"))
            .orElseThrow();
    // 400 x 30 + 500 x 3 + 100 x 37.5 + 200 x 150
    assertThat(turbo.costOf(SMALL.cacheRead(500).cacheWrite(100)).total())
        .isEqualByComparingTo("0.04725");
    assertThat(turbo.covers(SMALL.cacheWriteOneHour(100))).isFalse();
    assertThat(turbo.costOf(TokenCounts.of(300_000, 0).cacheRead(100_000)).total())
        .isEqualByComparingTo("12.3"); // 200k x 60 + 100k x 3
  }

  @Test
  void ownPrices_ofCallsAlone_leaveTokensAsTheyAre() {
    ModelPrice sonar =
        none()
            .input("1")
            .output("1")
            .cacheRead("0.1")
            .perCall("0.005")
            .aboveInput(1_000, none().input("2"))
            .condition("search_context_size", "low", none().perCall("0.006"))
            .condition("search_context_size", "high", none().perCall("0.012"))
            .condition("images", "on", none().perUnit("images", "0.1"));
    assertThat(cost(sonar, event(SMALL))).isEqualTo("0.0062 acme/m");
    assertThat(cost(sonar, event(SMALL).condition("search_context_size", "low")))
        .isEqualTo("0.0072 acme/m, search_context_size=low");
    assertThat(cost(sonar, event(SMALL.cacheRead(500)).condition("search_context_size", "high")))
        .isEqualTo("0.01275 acme/m, search_context_size=high");
    assertThat(
            cost(sonar, event(TokenCounts.of(2_000, 0)).condition("search_context_size", "high")))
        .isEqualTo("0.016 acme/m, search_context_size=high above 1000 input tokens");
    assertThat(
            cost(
                sonar,
                event(SMALL).condition("images", "on").unit("images", BigDecimal.valueOf(3))))
        .isEqualTo("0.3062 acme/m, images=on");
    assertThat(
            cost(
                sonar,
                event(SMALL).conditions(Map.of("images", "on", "search_context_size", "low"))))
        .as("nothing says how they go together")
        .isEqualTo("unpriced");
  }

  @Test
  void ownPrices_goTogetherWithFactors_andWithWhatTheyThemselvesSay() {
    ModelPrice turbo =
        none()
            .input("30")
            .output("150")
            .serviceTier("flex", none().input("15"))
            .condition("depth", "high", none().input("40").output("200"))
            .condition("inference_geo", "eu", "1.2");
    ModelPrice price =
        opus()
            .serviceTier("flex", none().input("1"))
            .condition("mode", "turbo", turbo)
            .condition("depth", "high", none().input("7").output("7"))
            .condition("depth", "low", none().input("6").output("6"));
    assertThat(cost(price, event(SMALL).condition("mode", "turbo")))
        .isEqualTo("0.06 acme/m, mode=turbo");
    assertThat(cost(price, event(SMALL).conditions(Map.of("mode", "turbo", "speed", "fast"))))
        .isEqualTo("0.12 acme/m, mode=turbo, speed=fast");
    assertThat(cost(price, event(SMALL).conditions(Map.of("mode", "turbo", "inference_geo", "us"))))
        .isEqualTo("0.066 acme/m, inference_geo=us, mode=turbo");
    assertThat(cost(price, event(SMALL).conditions(Map.of("mode", "turbo", "inference_geo", "eu"))))
        .isEqualTo("0.072 acme/m, inference_geo=eu, mode=turbo");
    assertThat(cost(price, event(SMALL).condition("inference_geo", "eu"))).isEqualTo("unpriced");
    assertThat(cost(price, event(SMALL).condition("mode", "turbo").serviceTier("flex")))
        .isEqualTo("0.045 acme/m, flex, mode=turbo");
    assertThat(cost(price, event(SMALL).condition("mode", "turbo").serviceTier("batch")))
        .as("only the list says what a batch costs")
        .isEqualTo("unpriced");
    assertThat(cost(price, event(SMALL).condition("depth", "high")))
        .isEqualTo("0.0084 acme/m, depth=high");
    assertThat(cost(price, event(SMALL).conditions(Map.of("mode", "turbo", "depth", "high"))))
        .isEqualTo("0.08 acme/m, depth=high, mode=turbo");
    assertThat(cost(price, event(SMALL).conditions(Map.of("mode", "turbo", "depth", "low"))))
        .isEqualTo("unpriced");
    assertThat(
            cost(
                price,
                event(SMALL)
                    .conditions(Map.of("mode", "turbo", "depth", "high", "speed", "fast"))
                    .serviceTier("flex")))
        .isEqualTo("unpriced");
  }

  @Test
  void ownPrices_thatAreStatedForACombinationInTwoWays_areNotKnown() {
    ModelPrice base = none().input("1").output("1");
    ModelPrice both =
        base.condition("a", "x", none().input("2").output("2").condition("b", "y", base.input("3")))
            .condition(
                "b", "y", none().input("4").output("4").condition("a", "x", base.input("5")));
    Map<String, String> together = Map.of("a", "x", "b", "y");
    assertThat(both.forConditions(null, Map.of("a", "x"))).isPresent();
    assertThat(both.forConditions(null, together)).isEmpty();
    ModelPrice alike =
        base.condition("a", "x", none().input("2").output("2").condition("b", "y", base))
            .condition("b", "y", none().input("4").output("4").condition("a", "x", base));
    assertThat(alike.forConditions(null, together)).isPresent();
  }

  @Test
  void forConditions_remembersWhatItFound_butNotWithoutEnd() {
    ModelPrice price = opus();
    assertThat(price.forConditions(null, Map.of())).containsSame(price);
    assertThat(price.forConditions("on_demand", Map.of())).containsSame(price);
    ModelPrice fast = price.forConditions("batch", Map.of("speed", "fast")).orElseThrow();
    assertThat(price.forConditions("batch", Map.of("speed", "fast"))).containsSame(fast);
    for (int i = 0; i < 1_000; i++) {
      String spaced = "fast" + " ".repeat(i % 50) + "\t".repeat(i / 50);
      assertThat(price.forConditions(null, Map.of("speed", spaced)).orElseThrow().costOf(SMALL))
          .isEqualTo(
              price.forConditions(null, Map.of("speed", "fast")).orElseThrow().costOf(SMALL));
    }
    assertThat(price.forConditions("batch", Map.of("speed", "fast")).orElseThrow().costOf(SMALL))
        .isEqualTo(fast.costOf(SMALL));
  }

  @Test
  void conditions_inATurkishLocale_areTheSame() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("tr"));
    try {
      assertThat(
              none()
                  .input("1")
                  .condition("INFERENCE_GEO", "INDIA", "2")
                  .forConditions(null, Map.of("inference_geo", "india")))
          .isPresent();
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void estimate_isOfThePriceUnderTheConditions() {
    ModelPrice fast = opus().forConditions(null, Map.of("speed", "fast")).orElseThrow();
    TokenCounts expected = TokenCounts.of(1_000, 100);
    CostEstimate estimate = CostEstimate.of(fast, expected, TokenCounts.of(1_000, 200));
    assertThat(estimate.expectedCost().total()).isEqualByComparingTo("0.015");
    assertThat(estimate.worstCost().total())
        .as("written for an hour")
        .isEqualByComparingTo("0.03"); // 1000 x 20 + 200 x 50
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "speed | fast | 0 | factor for speed=fast of acme/m must be above 0 and at most 1000, but was 0",
        "speed | fast | -1 | must be above 0 and at most 1000, but was -1",
        "speed | fast | 1000.1 | must be above 0 and at most 1000, but was 1000.1",
        "speed | fast | 1e999999999 | must be a decimal number, but was '1e999999999'",
        "speed | fast | 1e-999999999 | must be a decimal number, but was '1e-999999999'",
        "speed | fast | 1,1 | must be a decimal number, but was '1,1'",
        "speed | fast | NaN | must be a decimal number, but was 'NaN'",
        "'' | fast | 1 | condition must not be null or blank, but was ''",
        "speed | '' | 1 | value of the condition speed must not be null or blank, but was ''",
        "speed | ' fast' | 1 | value of the condition speed must not begin or end with white space",
        "speed | fast | 0.1234567890123 | must have at most 12 decimals",
      })
  void factors_thatCannotBe_areRefused(String name, String value, String factor, String says) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> none().input("1").condition(name, value, factor))
        .withMessageContaining(says);
  }

  @Test
  void factors_thatMakeWhatIsNoPrice_areRefused_inAnyOrder() {
    ModelPrice fine = none().input("0.0000000001").condition("speed", "fast", "1.01");
    assertThat(fine.forConditions(null, Map.of("speed", "fast"))).isPresent();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> fine.condition("inference_geo", "us", "1.1"))
        .withMessage(
            "input price of acme/m, multiplied by the factors of its conditions, must be at most"
                + " 1000000 and have at most 12 decimals, but is 0.0000000001 and they come to up"
                + " to 1.111 with up to 3 decimals");
    assertThat(fine.condition("speed", "slow", "1.1").condition("x", "y", "3")).isNotNull();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> none().condition("speed", "fast", "1.01").output("0.00000000001"))
        .withMessageContaining("output price of acme/m");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> none().input("1001").condition("speed", "fast", "1000"))
        .withMessageContaining("must be at most 1000000");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> none().condition("speed", "fast", "1000").aboveInput(9, none().reasoning("1001")))
        .withMessageContaining("reasoning price of acme/m");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                none().condition("speed", "fast", "1000").serviceTier("flex", none().input("1001")))
        .withMessageContaining("input price of acme/m");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                none()
                    .condition("speed", "fast", "1000")
                    .condition("mode", "turbo", none().input("1001")))
        .withMessageContaining("input price of acme/m");
    assertThat(
            none()
                .perCall("1000000")
                .perUnit("x", "0.000000000001")
                .condition("speed", "fast", "1000"))
        .isNotNull();
    assertThat(
            none()
                .condition("speed", "fast", "1000")
                .condition("speed", "faster", none().input("1001")))
        .as("one call has one speed")
        .isNotNull();
  }

  @Test
  void conditions_thatCannotBe_areRefused() {
    ModelPrice base = none().input("1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> base.condition("a", "x", "2").condition("A", "X", none().input("1")))
        .withMessage("there is a price for the condition a=x already");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> base.condition("a", "x", none()))
        .withMessage("the prices for a=x of acme/m must have an amount");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> base.condition("a", "x", base.validFrom(NOW)))
        .withMessage("the prices for a=x of acme/m must not have dates of their own");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> base.condition("a", "x", ModelPrice.perMillion("b", "c", "EUR").input("1")))
        .withMessageContaining("must have its currency, USD, but have EUR");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> base.condition("a", "x", base.condition("A", "y", "2")))
        .withMessageContaining("must not have conditions of this name of their own");
    ModelPrice conditional = base.condition("a", "x", "2");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> base.serviceTier("flex", conditional))
        .withMessageContaining("must not have service tiers or conditions of their own");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> base.aboveInput(5, conditional))
        .withMessageContaining("must not have service tiers or conditions of their own");
    ModelPrice many = base;
    for (int i = 0; i < PriceConditions.MAX_NAMES; i++) {
      many = many.condition("c" + i, "x", "1");
    }
    ModelPrice full = many;
    assertThat(full.condition("c0", "y", "1")).isNotNull();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> full.condition("more", "x", "1"))
        .withMessage("a price must have at most 16 conditions, but has 17");
  }
}
