package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.TokenCounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prices by the size of the context, as models.dev writes them now and wrote them before. */
class ModelsDevJsonTest {

  private static final Instant NOW = Instant.parse("2026-08-20T12:00:00Z");
  private static final String BASE = "'input': 5, 'output': 30, 'cache_read': 0.5";
  private static final String ABOVE = "'input': 10, 'output': 45, 'cache_read': 1";

  @TempDir private Path folder;

  private LoadedPrices prices(String cost, String limit) throws IOException {
    String json =
        "{'openai': {'models': {'m': {'cost': {%s}, 'limit': {%s}}}}}".formatted(cost, limit);
    return PriceCatalog.modelsDev(
        Files.writeString(folder.resolve("api.json"), json.replace('\'', '"')));
  }

  private ModelPrice price(String cost) throws IOException {
    return prices(cost, "'context': 400000").find("openai", "m", NOW).orElseThrow();
  }

  private static String total(ModelPrice price, long input) {
    return price.costOf(TokenCounts.of(input, 0)).total().toPlainString();
  }

  @Test
  void stepsWithTheirOwnSize_areTakenBeforeTheOneAt200k() throws Exception {
    String step = "{%s, 'tier': {'type': 'context', 'size': 272000}}".formatted(ABOVE);
    ModelPrice price =
        price("%s, 'tiers': [%s], 'context_over_200k': {%s}".formatted(BASE, step, ABOVE));

    assertThat(total(price, 200_001)).isEqualTo("1.000005");
    assertThat(total(price, 272_000)).isEqualTo("1.36");
    assertThat(total(price, 272_001)).isEqualTo("2.72001");
    assertThat(price.costOf(TokenCounts.of(300_000, 0).cacheRead(300_000)).total())
        .isEqualByComparingTo("0.3");
  }

  @Test
  void severalSteps_orNone_areRead() throws Exception {
    ModelPrice two =
        price(
            BASE
                + ", 'tiers': [{'input': 20, 'tier': {'size': 256000}},"
                + " {'input': 10, 'output': 40, 'tier': {'size': 128000}}]");
    assertThat(total(two, 128_000)).isEqualTo("0.64");
    assertThat(total(two, 128_001)).isEqualTo("1.28001");
    assertThat(total(two, 256_001)).isEqualTo("5.12002");
    assertThat(two.costOf(TokenCounts.of(256_001, 1)).output()).isEqualByComparingTo("0.00004");

    ModelPrice old = price("%s, 'tiers': [], 'context_over_200k': {%s}".formatted(BASE, ABOVE));
    assertThat(total(old, 200_000)).isEqualTo("1");
    assertThat(total(old, 200_001)).isEqualTo("2.00001");
  }

  @Test
  void stepsOfSomethingElse_leaveTheModelUnpriced() throws Exception {
    String cost =
        BASE + ", 'tiers': [{'input': 1, 'tier': {'type': 'time', 'size': 8}}], 'x': {'y': 1}";
    assertThatIllegalArgumentException()
        .isThrownBy(() -> price(cost))
        .withMessageEndingWith("api.json: there is no price in it");
    LoadedPrices prices = null;
    String other = "'n': {'cost': {'input': 1, 'output': 1}}";
    String json = "{'openai': {'models': {'m': {'cost': {%s}}, %s}}}".formatted(cost, other);
    prices =
        PriceCatalog.modelsDev(
            Files.writeString(folder.resolve("api.json"), json.replace('\'', '"')));
    assertThat(prices.covers("openai", "m", NOW)).isFalse();
    assertThat(prices.covers("openai", "n", NOW)).isTrue();
  }

  @Test
  void aStepWithoutASize_orTwoOfOne_areRefusedByPlace() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> price(BASE + ", 'tiers': [{'input': 1}]"))
        .withMessageContaining("cost.tiers[0].tier.size must be there");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                price(
                    BASE
                        + ", 'tiers': [{'input': 1, 'tier': {'size': 9}},"
                        + " {'input': 2, 'tier': {'size': 9}}]"))
        .withMessageContaining("cost.tiers[1]: ")
        .withMessageContaining("has prices above 9 input tokens already");
  }

  @Test
  void aLimitOfNothing_isUnknown() throws Exception {
    ModelCapabilities can =
        prices(BASE, "'context': 0, 'input': 0, 'output': 0")
            .capabilities("openai", "m")
            .orElseThrow();
    assertThat(can.fits(TokenCounts.of(1_000, 1_000))).isTrue();
    assertThat(can.maxOutput()).isNull();
  }

  @Test
  void reload_ofAFileWithoutPrices_keepsTheOldOnes() throws Exception {
    LoadedPrices prices = prices(BASE, "'context': 9");
    for (String nothing : new String[] {"{}", "{\"openai\": {\"models\": {}}}"}) {
      Files.writeString(folder.resolve("api.json"), nothing);
      assertThat(prices.reload()).isFalse();
      assertThat(prices.covers("openai", "m", NOW)).isTrue();
    }
  }

  @Test
  void aCostWithoutAmounts_isNoPrice_soThatTheNextCatalogIsAsked() throws Exception {
    String json = "{'openai': {'models': {'m': {'cost': {}}, 'n': {'cost': {'input': 1}}}}}";
    LoadedPrices prices =
        PriceCatalog.modelsDev(
            Files.writeString(folder.resolve("api.json"), json.replace('\'', '"')));
    PriceCatalog both =
        prices.orElse(
            PriceCatalog.of(ModelPrice.perMillion("openai", "m", "USD").input("1").output("1")));

    assertThat(prices.covers("openai", "m", NOW)).isFalse();
    assertThat(both.find("openai", "m", NOW).orElseThrow().covers(TokenCounts.of(1, 1))).isTrue();
  }
}
