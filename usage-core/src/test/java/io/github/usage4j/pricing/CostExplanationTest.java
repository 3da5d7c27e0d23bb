package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEventBuilder;
import io.github.usage4j.pricing.ModelCapabilities.Feature;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalTime;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CostExplanationTest {

  private static final Instant NOW = Instant.parse("2026-08-20T12:00:00Z");

  private static ModelPrice price() {
    ModelPrice none = ModelPrice.perMillion("acme", "m", "USD");
    return none.input("3")
        .output("15")
        .cacheRead("0.3")
        .cacheWrite("3.75")
        .cacheWriteOneHour("6")
        .perUnit("searches", "0.01")
        .aboveInput(200_000, none.input("6").output("22.5"))
        .serviceTier("flex", none.input("1.5").output("7.5"));
  }

  private static UsageEventBuilder event(TokenCounts tokens) {
    return UsageEvent.builder(UUID.randomUUID(), Kind.CHAT, "acme", "m")
        .startedAt(NOW)
        .tokens(tokens);
  }

  @Test
  void explain_printsTheArithmeticAndAddsUpToTheStoredCost() {
    TokenCounts tokens =
        TokenCounts.of(12_000, 800).cacheRead(9_000).cacheWrite(2_000).cacheWriteOneHour(500);
    UsageEvent asked = event(tokens).unit("searches", new BigDecimal("2")).build();
    CostExplanation why = price().explain(asked, List.of(tokens)).orElseThrow();
    UsageEvent stored = asked.toBuilder().cost(why.toCost()).build();
    PriceCatalog catalog = PriceCatalog.of(price());
    assertThat(catalog.explain(stored)).contains(why);
    assertThat(why.total()).isEqualByComparingTo(stored.cost().total());
    assertThat(why.toString().lines())
        .containsExactly(
            "input                          1,000 x 3 USD / 1M = 0.003",
            "cache read                     9,000 x 0.3 USD / 1M = 0.0027",
            "cache write                    1,500 x 3.75 USD / 1M = 0.005625",
            "cache write, 1 hour              500 x 6 USD / 1M = 0.003",
            "output                           800 x 15 USD / 1M = 0.012",
            "searches                           2 x 0.01 USD = 0.02",
            "total 0.046325 USD (acme/m)");
  }

  @Test
  void explain_ofSeveralExchanges_addsUpWhereTheyWereChargedAlike() {
    // each below the threshold, their sum above it
    List<TokenCounts> exchanges = List.of(TokenCounts.of(150_000, 10), TokenCounts.of(120_000, 20));
    UsageEvent sum = event(TokenCounts.of(270_000, 30)).attempts(2).build();
    Cost frozen = price().explain(sum, exchanges).orElseThrow().toCost();
    UsageEvent stored = sum.toBuilder().cost(frozen).build();
    PriceCatalog catalog = PriceCatalog.of(price());
    assertThat(catalog.explain(stored).orElseThrow().total())
        .isEqualByComparingTo(frozen.total())
        .isEqualByComparingTo("0.81045");
    List<TokenCounts> mixed = List.of(TokenCounts.of(250_000, 10), TokenCounts.of(20_000, 20));
    Cost both = price().explain(sum, mixed).orElseThrow().toCost();
    assertThat(both.priceReference()).isEqualTo("acme/m above 200000 input tokens; acme/m");
    assertThat(catalog.explain(sum.toBuilder().cost(both).build())).isEmpty();
  }

  @Test
  void explain_whenThePriceChangedSince_doesNotPassOffAnotherSum() {
    UsageEvent stored =
        event(TokenCounts.of(1_000, 1)).cost(price().costOf(TokenCounts.of(1_000, 1))).build();
    PriceCatalog changed = PriceCatalog.of(price().input("4"));
    assertThat(changed.explain(stored)).isEmpty();
    assertThat(changed.explain(stored.toBuilder().cost(null).build())).isPresent();
  }

  @Test
  void explain_whereThePriceDoesNotCover_isEmpty() {
    PriceCatalog embeddings = PriceCatalog.of(ModelPrice.perMillion("acme", "m", "USD").input("1"));
    assertThat(embeddings.explain(event(TokenCounts.of(1, 1)).build())).isEmpty();
  }

  @Test
  void unitsFinerThanACost_arePricedAndExplainedAlike() {
    ModelPrice price = ModelPrice.perMillion("acme", "m", "USD").perUnit("seconds", "0.0001");
    UsageEvent heard =
        event(TokenCounts.UNKNOWN).unit("seconds", new BigDecimal("8.470000267028809")).build();
    PriceCatalog catalog = PriceCatalog.of(price);
    Cost cost = catalog.costOf(heard, List.of()).orElseThrow();
    assertThat(cost.total()).isEqualByComparingTo("0.000847000026702881");
    CostExplanation why = catalog.explain(heard.toBuilder().cost(cost).build()).orElseThrow();
    assertThat(why.total()).isEqualByComparingTo(cost.total());
  }

  @Test
  void serviceTier_isOfTheEvent_andOneWithoutAPriceIsUnpriced() {
    PriceCatalog catalog = PriceCatalog.of(price());
    TokenCounts tokens = TokenCounts.of(1_000_000, 0);
    TokenCounts few = TokenCounts.of(1_000, 0);
    assertThat(catalog.explain(event(few).serviceTier("FLEX").build()).orElseThrow())
        .extracting(CostExplanation::priceReference)
        .isEqualTo("acme/m, flex");
    assertThat(catalog.explain(event(few).serviceTier("flex").build()).orElseThrow().total())
        .isEqualByComparingTo("0.0015");
    // the prices of flex say nothing of calls above the threshold
    assertThat(catalog.explain(event(tokens).serviceTier("flex").build())).isEmpty();
    assertThat(catalog.explain(event(few).serviceTier("batch").build())).isEmpty();
    // Vertex calls the same tier otherwise
    assertThat(catalog.explain(event(few).serviceTier("ON_DEMAND_FLEX").build()).orElseThrow())
        .extracting(CostExplanation::priceReference)
        .isEqualTo("acme/m, flex");
    for (String other : List.of("ON_DEMAND_PRIORITY", "PROVISIONED_THROUGHPUT")) {
      assertThat(catalog.explain(event(few).serviceTier(other).build())).isEmpty();
    }
    for (String usual : List.of("default", "Standard", "AUTO", "on_demand")) {
      assertThat(catalog.explain(event(few).serviceTier(usual).build()).orElseThrow().total())
          .isEqualByComparingTo("0.003");
    }
  }

  @Test
  void reasoningAndAudio_areTakenOutOfWhatTheyArePartOf() {
    ModelPrice price =
        ModelPrice.perMillion("acme", "m", "USD")
            .input("1")
            .output("2")
            .reasoning("4")
            .inputAudio("10")
            .outputAudio("20");
    TokenCounts tokens = TokenCounts.of(100, 100).cacheRead(30).reasoning(60).audio(50, 30);
    // 20 x 1 + 50 x 10 + 30 x 1 + 10 x 2 + 60 x 4 + 30 x 20
    assertThat(price.costOf(tokens).total()).isEqualByComparingTo("0.00141");
    // contradictory parts never make more tokens than there are
    TokenCounts odd = TokenCounts.of(100, 100).cacheRead(80).reasoning(90).audio(100, 100);
    assertThat(price.explain(odd).lines().stream().mapToLong(l -> l.quantity().longValue()).sum())
        .isEqualTo(200);
    // where they have no price of their own they change nothing
    ModelPrice plain = ModelPrice.perMillion("acme", "m", "USD").input("1").output("2");
    assertThat(plain.costOf(tokens).total())
        .isEqualByComparingTo(plain.costOf(TokenCounts.of(100, 100)).total());
  }

  @Test
  void aPriceForTheModelAskedFor_isNotPassedOverForAListPriceOfItsVersion() {
    PriceCatalog both =
        PriceCatalog.of(ModelPrice.perMillion("openai", "gpt-4o", "USD").input("1").output("1"))
            .orElse(PriceCatalog.bundled());
    UsageEvent event =
        UsageEvent.builder(UUID.randomUUID(), Kind.CHAT, "openai", "gpt-4o")
            .responseModel("gpt-4o-2024-08-06")
            .startedAt(NOW)
            .tokens(TokenCounts.of(1, 1))
            .build();
    assertThat(both.find(event).orElseThrow().reference()).isEqualTo("openai/gpt-4o");
  }

  @Test
  void matching_isForSeveralNames_inTheOrderListed() {
    ModelPrice mini =
        ModelPrice.perMillion("acme", "mini", "USD")
            .matching(ModelMatch.startsWith("X-").and(ModelMatch.endsWith("-mini")));
    ModelPrice all =
        ModelPrice.perMillion("acme", "all", "USD").matching(ModelMatch.startsWith("x-"));
    PriceCatalog catalog = PriceCatalog.of(mini, all);
    assertThat(catalog.find("acme", "x-1-MINI", NOW).orElseThrow().model()).isEqualTo("mini");
    assertThat(catalog.find("acme", "x-1", NOW).orElseThrow().model()).isEqualTo("all");
    assertThat(PriceCatalog.of(all, mini).find("acme", "x-1-mini", NOW).orElseThrow().model())
        .isEqualTo("all");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> PriceCatalog.of(all, all.matching(ModelMatch.equalTo("y")).validFrom(NOW)))
        .withMessageContaining("must match the same names");
  }

  @Test
  void daily_beatsThePriceForAllDay_andMayPassMidnight() {
    ModelPrice day = ModelPrice.perMillion("acme", "m", "USD").input("2");
    ModelPrice night =
        day.input("1").daily(LocalTime.of(22, 0), LocalTime.of(6, 0)).reference("night");
    PriceCatalog catalog = PriceCatalog.of(day, night);
    for (String at : List.of("22:00:00", "23:59:59.999999", "00:00:00", "05:59:59.999999")) {
      assertThat(reference(catalog, at)).as(at).isEqualTo("night");
    }
    for (String at : List.of("06:00:00", "12:00:00", "21:59:59.999999")) {
      assertThat(reference(catalog, at)).as(at).isEqualTo("acme/m");
    }
    ModelPrice overlapping = night.daily(LocalTime.of(5, 0), LocalTime.of(7, 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PriceCatalog.of(day, night, overlapping))
        .withMessageContaining("with times of day that overlap");
    assertThat(PriceCatalog.of(night, night.daily(LocalTime.of(6, 0), LocalTime.of(7, 0))))
        .isNotNull();
  }

  private static String reference(PriceCatalog catalog, String time) {
    return catalog
        .find("acme", "m", Instant.parse("2026-12-31T" + time + "Z"))
        .orElseThrow()
        .reference();
  }

  @Test
  void estimate_isNeverExceededByWhatItBounds() {
    var random = new Random(11);
    int covered = 0;
    for (int round = 0; round < 400; round++) {
      ModelPrice price = anyPrice(random);
      TokenCounts worst = TokenCounts.of(1 + random.nextInt(150), random.nextInt(100));
      covered += uncoveredOrBelow(price, worst, random);
    }
    assertThat(covered).isGreaterThan(10_000);
  }

  @Test
  void estimate_withKnownParts_isNeverExceededByLessOfThem() {
    var random = new Random(13);
    int covered = 0;
    for (int round = 0; round < 400; round++) {
      ModelPrice price = anyPrice(random);
      TokenCounts worst = TokenCounts.of(1 + random.nextInt(150), random.nextInt(100));
      worst = random.nextBoolean() ? worst : worst.cacheRead(random.nextInt(60));
      worst = random.nextBoolean() ? worst : worst.cacheWrite(random.nextInt(60));
      worst = random.nextBoolean() ? worst : worst.cacheWriteOneHour(random.nextInt(20));
      worst = random.nextBoolean() ? worst : worst.reasoning(random.nextInt(50));
      worst = random.nextBoolean() ? worst : worst.audio(random.nextInt(50), random.nextInt(50));
      worst = random.nextBoolean() ? worst : worst.cacheReadAudio(random.nextInt(30));
      covered += price.covers(worst) ? uncoveredOrBelow(price, worst, random) : 0;
    }
    assertThat(covered).isGreaterThan(10_000);
  }

  /** Input and output, and of the other kinds any. */
  private static ModelPrice anyPrice(Random random) {
    ModelPrice none = ModelPrice.perMillion("acme", "m", "USD");
    ModelPrice price = none.input(digit(random)).output(digit(random)).perCall(digit(random));
    price = random.nextInt(3) == 0 ? price : price.cacheRead(digit(random));
    price = random.nextInt(3) == 0 ? price : price.cacheReadAudio(digit(random));
    price = random.nextInt(3) == 0 ? price : price.cacheWrite(digit(random));
    price = random.nextInt(3) == 0 ? price : price.cacheWriteOneHour(digit(random));
    price = random.nextInt(3) == 0 ? price : price.reasoning(digit(random));
    price = random.nextInt(3) == 0 ? price : price.inputAudio(digit(random));
    price = random.nextInt(3) == 0 ? price : price.outputAudio(digit(random));
    ModelPrice above = none.input(digit(random));
    above = random.nextBoolean() ? above : above.output(digit(random)).cacheWrite(digit(random));
    price = price.aboveInput(1 + random.nextInt(100), above).condition("speed", "fast", "1.5");
    return price.forConditions(null, Map.of("speed", "fast")).orElseThrow();
  }

  /** How many of some calls that may be made within {@code worst} the price covers. */
  private static int uncoveredOrBelow(ModelPrice price, TokenCounts worst, Random random) {
    TokenCounts most = worst.consistent();
    BigDecimal bound = CostEstimate.of(price, TokenCounts.of(0, 0), worst).worstCost().total();
    int covered = 0;
    for (int i = 0; i < 50; i++) {
      long input = random.nextLong(most.input() + 1);
      long output = random.nextLong(most.output() + 1);
      long read = upTo(random, most.cacheRead(), input);
      long write = upTo(random, most.cacheWrite(), input - read);
      long audio = upTo(random, most.inputAudio(), input);
      TokenCounts used =
          TokenCounts.of(input, output)
              .cacheRead(read)
              .cacheWrite(write)
              .cacheWriteOneHour(upTo(random, most.cacheWriteOneHour(), write))
              .reasoning(upTo(random, most.reasoning(), output))
              .audio(audio, upTo(random, most.outputAudio(), output));
      long mostReadAudio = Math.min(read, audio);
      used =
          random.nextBoolean()
              ? used
              : used.cacheReadAudio(upTo(random, most.cacheReadAudio(), mostReadAudio));
      if (price.covers(used)) {
        covered++;
        assertThat(price.costOf(used).total())
            .as("%s within %s at %s", used, most, price.rates())
            .isLessThanOrEqualTo(bound);
      }
    }
    return covered;
  }

  private static long upTo(Random random, @Nullable Long most, long whole) {
    return random.nextLong((most == null ? whole : Math.min(most, whole)) + 1);
  }

  private static String digit(Random random) {
    return String.valueOf(random.nextInt(9));
  }

  @Test
  void estimate_believesWhatIsSaid() {
    TokenCounts expected = TokenCounts.of(1_000, 100);
    CostEstimate open = CostEstimate.of(price(), expected, TokenCounts.of(1_000, 500));
    assertThat(open.expectedCost().total()).isEqualByComparingTo("0.0045");
    assertThat(open.worstCost().total()).isEqualByComparingTo("0.0135"); // 1000 x 6 + 500 x 15
    CostEstimate said =
        CostEstimate.of(price(), expected, TokenCounts.of(1_000, 500).cacheRead(0).cacheWrite(0));
    assertThat(said.worstCost().total()).isEqualByComparingTo("0.0105");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CostEstimate.of(price(), expected, TokenCounts.of(1_000, 99)))
        .withMessageContaining("at least what is expected, 100, but was 99");
  }

  @Test
  void comparison_ordersByCost_andLeavesOutWithAReason() throws Exception {
    PriceCatalog prices =
        PriceCatalog.of(ModelPrice.perMillion("acme", "euro", "EUR").input("1").output("1"))
            .orElse(PriceCatalog.liteLlm(sample("litellm.json")));
    ModelComparison models =
        ModelComparison.by(prices)
            .candidate("openai", "acme-large")
            .candidate("google", "acme-flash")
            .candidate("openai", "acme-unknown")
            .candidate("acme", "euro");
    TokenCounts tokens = TokenCounts.of(1_000, 100);
    assertThat(models.of(tokens, NOW))
        .extracting(ModelComparison.Row::model)
        .containsExactly("euro", "acme-flash", "acme-large", "acme-unknown");
    List<ModelComparison.Row> able = models.requires(Feature.TOOL_CALLS).of(tokens, NOW);
    assertThat(able.get(0).model()).isEqualTo("acme-large");
    assertThat(able)
        .extracting(ModelComparison.Row::leftOut)
        .containsExactly(
            null,
            "not known to support [TOOL_CALLS]",
            "no price",
            "its capabilities are not known");
    assertThat(models.of(TokenCounts.of(400_001, 1), NOW))
        .extracting(ModelComparison.Row::leftOut)
        .contains("at most 400000 input tokens");
  }

  private static Path sample(String name) throws Exception {
    return Path.of(CostExplanationTest.class.getResource("/prices/" + name).toURI());
  }
}
