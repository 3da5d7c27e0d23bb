package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Cache writes that are kept for an hour, and audio that is read from a cache. */
class CachePricesTest {

  private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

  private static ModelPrice none() {
    return ModelPrice.perMillion("acme", "m", "USD");
  }

  private static BigDecimal total(ModelPrice price, TokenCounts tokens) {
    return price.costOf(tokens).total();
  }

  private static TokenCounts written(long forAnHour, long forLess) {
    return TokenCounts.of(forAnHour + forLess, 0)
        .cacheWrite(forAnHour + forLess)
        .cacheWriteOneHour(forAnHour);
  }

  @Test
  void oneHour_withAPriceOfItsOwn_isCharged() {
    ModelPrice opus = none().input("5.50").cacheWrite("6.875").cacheWriteOneHour("11").output("25");
    assertThat(total(opus, written(12_000, 0))).isEqualByComparingTo("0.132");
    assertThat(total(opus, written(2_000, 1_000))).isEqualByComparingTo("0.028875");
  }

  @Test
  void oneHour_withoutAPriceWhereWritesAreChargedApart_isUnpriced() {
    ModelPrice shortOnly = none().input("5.50").cacheWrite("6.875").output("25");
    assertThat(shortOnly.covers(written(12_000, 0))).isFalse();
    assertThat(shortOnly.covers(written(1, 11_999))).isFalse();
    assertThat(total(shortOnly, written(0, 12_000))).isEqualByComparingTo("0.0825");
    assertThat(total(shortOnly, TokenCounts.of(12_000, 0).cacheWrite(12_000)))
        .as("nobody said that it was for an hour")
        .isEqualByComparingTo("0.0825");
    UsageEvent event =
        UsageEvent.builder(UUID.randomUUID(), Kind.CHAT, "acme", "m")
            .startedAt(NOW)
            .tokens(written(12_000, 0))
            .build();
    PriceCatalog catalog = PriceCatalog.of(shortOnly);
    assertThat(catalog.costOf(event, List.of())).isEmpty();
    assertThat(catalog.costOf(event, List.of(written(0, 6_000), written(6_000, 0)))).isEmpty();
    assertThat(catalog.explain(event)).isEmpty();
    assertThat(RepricedCall.of(event, catalog).cost()).isNull();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> shortOnly.costOf(written(12_000, 0)))
        .withMessageStartingWith("the price acme/m has no amount for some of");
  }

  @Test
  void oneHour_whereWritesAreNotChargedApart_isInput() {
    ModelPrice plain = none().input("2").output("8");
    assertThat(total(plain, written(500, 500))).isEqualByComparingTo("0.002");
    assertThat(total(none().input("0").output("0"), written(500, 500))).isZero();
  }

  @Test
  void oneHour_thatCannotBe_asContradictoryFiguresSay_isNotAskedFor() {
    ModelPrice shortOnly = none().input("1").cacheWrite("2").output("3");
    TokenCounts allRead = TokenCounts.of(100, 0).cacheRead(100).cacheWriteOneHour(40);
    assertThat(total(shortOnly, allRead)).isEqualByComparingTo("0.0001");
  }

  @Test
  void oneHour_isUnknownAboveAThresholdThatSaysOnlyWhatWritesCost() {
    ModelPrice base = none().input("3").cacheWrite("3.75").cacheWriteOneHour("6").output("15");
    ModelPrice half = base.aboveInput(200, none().input("6").cacheWrite("7.5"));
    assertThat(half.covers(written(100, 100))).isTrue();
    assertThat(half.covers(written(100, 101))).isFalse();
    assertThat(half.covers(written(0, 201))).isTrue();
    ModelPrice both =
        base.aboveInput(200, none().input("6").cacheWrite("7.5").cacheWriteOneHour("12"));
    assertThat(total(both, written(1_000, 0))).isEqualByComparingTo("0.012");
    // a step that says nothing of writes leaves both as they were
    ModelPrice inputOnly = base.aboveInput(200, none().input("6"));
    assertThat(total(inputOnly, written(1_000, 1_000))).isEqualByComparingTo("0.00975");
    // and so it is for the step above the step
    ModelPrice higher = both.aboveInput(2_000, none().cacheWrite("8"));
    assertThat(higher.covers(written(2_001, 0))).isFalse();
  }

  @Test
  void oneHour_isUnknownForATierThatSaysOnlyWhatWritesCost() {
    ModelPrice base = none().input("3").cacheWrite("3.75").cacheWriteOneHour("6").output("15");
    ModelPrice batch =
        base.serviceTier("batch", none().input("1.5").cacheWrite("1.875").output("7.5"))
            .forServiceTier("batch")
            .orElseThrow();
    assertThat(batch.covers(written(1, 0))).isFalse();
    assertThat(total(batch, written(0, 1_000))).isEqualByComparingTo("0.001875");
    ModelPrice same =
        base.serviceTier("flex", none().input("1.5").output("7.5"))
            .forServiceTier("flex")
            .orElseThrow();
    assertThat(total(same, written(1_000, 0))).isEqualByComparingTo("0.006");
  }

  @Test
  void estimate_takesOpenWritesForThoseThatHaveAPrice() {
    ModelPrice shortOnly = none().input("5").cacheWrite("6.25").output("25");
    TokenCounts expected = TokenCounts.of(100, 10);
    CostEstimate open = CostEstimate.of(shortOnly, expected, TokenCounts.of(1_000, 100));
    assertThat(open.worstCost().total()).isEqualByComparingTo("0.00875"); // 1000 x 6.25 + 100 x 25
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CostEstimate.of(shortOnly, expected, written(1_000, 0).plus(expected)))
        .withMessageContaining("has no amount for some of");
  }

  /** Gemini 2.5 Flash: text 0.30, audio 1.00, cached text 0.03, cached audio 0.10. */
  private static ModelPrice flash() {
    return none()
        .input("0.30")
        .inputAudio("1.00")
        .cacheRead("0.03")
        .cacheReadAudio("0.10")
        .output("2.50");
  }

  private static TokenCounts heard(
      long input, long read, @Nullable Long audio, @Nullable Long readAudio, long output) {
    return new TokenCounts(input, output, read, null, null, null, audio, null, readAudio);
  }

  @Test
  void cachedAudio_isNeitherTextNorFreshAudio() {
    TokenCounts allCached = heard(10_000, 8_000, 8_000L, 8_000L, 10);
    assertThat(total(flash(), allCached)).isEqualByComparingTo("0.001425");
    assertThat(flash().explain(allCached).toString().lines())
        .containsExactly(
            "input                          2,000 x 0.30 USD / 1M = 0.0006",
            "cache read, audio              8,000 x 0.10 USD / 1M = 0.0008",
            "output                            10 x 2.50 USD / 1M = 0.000025",
            "total 0.001425 USD (acme/m)");
    // 1,500 text + 500 audio + 5,000 cached text + 3,000 cached audio
    assertThat(total(flash(), heard(10_000, 8_000, 3_500L, 3_000L, 10)))
        .isEqualByComparingTo("0.001425");
    // 600 text + 900 audio, cached 70 text + 30 audio
    Cost parts = flash().costOf(heard(1_600, 100, 930L, 30L, 0));
    assertThat(parts.input()).isEqualByComparingTo("0.00108");
    assertThat(parts.cache()).isEqualByComparingTo("0.0000051");
  }

  @Test
  void cachedAudio_ofWhichNothingIsSaid_isTakenForFreshFirst() {
    // 2,000 of the audio may be fresh, so they are taken to be
    assertThat(total(flash(), heard(10_000, 8_000, 8_000L, null, 0)))
        .isEqualByComparingTo("0.00266"); // 2000 x 1 + 6000 x 0.10 + 2000 x 0.03
    assertThat(total(flash(), heard(10_000, 8_000, 500L, null, 0)))
        .isEqualByComparingTo("0.00119"); // 500 x 1 + 1500 x 0.30 + 8000 x 0.03
    assertThat(total(flash(), heard(10_000, 8_000, null, 2_000L, 0)))
        .as("how much audio there is in all is not said")
        .isEqualByComparingTo("0.00098"); // 2000 x 0.30 + 2000 x 0.10 + 6000 x 0.03
  }

  @Test
  void cachedAudio_withoutAPrice_costsWhatCachedTokensDo_orAudioWhereThoseHaveNone() {
    ModelPrice noCachedAudio =
        none().input("0.30").inputAudio("1.00").cacheRead("0.03").output("2.50");
    TokenCounts allCached = heard(10_000, 8_000, 8_000L, 8_000L, 10);
    assertThat(total(noCachedAudio, allCached)).isEqualByComparingTo("0.000865");
    ModelPrice noCache = none().input("2.5").inputAudio("40").output("10");
    assertThat(total(noCache, heard(1_000, 600, 700L, 500L, 0)))
        .as("300 text and 700 audio, cached or not")
        .isEqualByComparingTo("0.02875");
    assertThat(total(noCache, heard(1_000, 600, 700L, null, 0))).isEqualByComparingTo("0.02875");
    ModelPrice noAudio = none().input("1").cacheRead("0.1").output("1");
    assertThat(total(noAudio, heard(1_000, 600, 700L, 500L, 0))).isEqualByComparingTo("0.00046");
  }

  @Test
  void cachedAudio_thatContradicts_neverMakesMoreTokensThanThereAre() {
    for (TokenCounts odd :
        List.of(
            heard(100, 40, 50L, 60L, 0),
            heard(100, 40, 10L, 30L, 0),
            heard(100, 200, 300L, 400L, 0),
            heard(100, 0, 100L, 50L, 0),
            heard(100, 40, 100L, 0L, 0))) {
      assertThat(
              flash().explain(odd).lines().stream().mapToLong(l -> l.quantity().longValue()).sum())
          .as(odd.toString())
          .isEqualTo(100);
    }
    // more cached audio than audio: what is cached of it is no more than it
    assertThat(total(flash(), heard(100, 40, 10L, 30L, 0)))
        .isEqualByComparingTo("0.0000199"); // 60 x 0.30 + 10 x 0.10 + 30 x 0.03
    assertThat(flash().covers(heard(0, 0, null, null, 0).cacheReadAudio(5))).isTrue();
    assertThat(flash().covers(TokenCounts.UNKNOWN.cacheReadAudio(5).cacheRead(9))).isFalse();
  }

  @Test
  void cachedAudio_aboveAThreshold_hasThePriceOfThere() {
    ModelPrice steps = flash().aboveInput(1_000, none().input("0.6").cacheReadAudio("0.2"));
    assertThat(total(steps, heard(2_000, 1_000, 500L, 500L, 0)))
        .isEqualByComparingTo("0.000715"); // 1000 x 0.6 + 500 x 0.2 + 500 x 0.03
  }
}
