package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.TokenCounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Conditions of the price in a catalog's file. */
class CatalogConditionsTest {

  private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");
  private static final TokenCounts SMALL = TokenCounts.of(1_000, 200);

  private static final String PROVIDERS =
      """
      "acme": {"source": "page", "checked": "2026-11-01",
       "conditions": {"speed": {"standard": 1}, "inference_geo": {"global": "1", "eu": 1.2}}}""";

  private static final String CONDITIONS =
      """
      "inference_geo": {"us": "1.1", "EU": 1.3},
      "speed": {"fast": 2},
      "search": {
        "low": {"perCall": "0.006"},
        "high": {"input": "6", "output": "30", "perUnit": {"searches": "0.02"},
         "aboveInput": [{"tokens": 200000, "input": "12"}],
         "serviceTiers": {"batch": {"input": "3", "output": "15"}},
         "conditions": {"depth": {"deep": {"input": "7", "output": "35"}}}}}""";

  @TempDir private Path folder;

  private Path file(String providers, String conditions) throws IOException {
    return Files.writeString(
        folder.resolve("c.json"),
        """
        {"format": 1, "name": "c", "version": "1", "generated": "2026-11-21",
         "sources": {"page": {}},
         "providers": {%s},
         "models": [
          {"provider": "acme", "model": "new", "prices": [
           {"source": "page", "checked": "2026-11-01", "currency": "USD", "input": "5",
            "output": "25", "perCall": "0.005", "perUnit": {"searches": "0.01"},
            "serviceTiers": {"batch": {"input": "2.5", "output": "12.5"}},
            "conditions": {%s}}]},
          {"provider": "acme", "model": "old", "prices": [
           {"source": "page", "checked": "2026-11-01", "currency": "USD", "input": "1",
            "output": "5"}]},
          {"provider": "other", "model": "m", "prices": [
           {"source": "page", "checked": "2026-11-01", "currency": "USD", "input": "1",
            "output": "1"}]}]}
        """
            .formatted(providers, conditions));
  }

  private static String cost(
      PriceCatalog prices, String model, String tier, Map<String, String> conditions) {
    String provider = model.equals("m") ? "other" : "acme";
    return prices
        .find(provider, model, NOW)
        .orElseThrow()
        .forConditions(tier, conditions)
        .filter(price -> price.covers(SMALL))
        .map(price -> price.costOf(SMALL))
        .map(cost -> cost.total().toPlainString() + " " + cost.priceReference())
        .orElse("unpriced");
  }

  @Test
  void file_hasFactorsAndPricesOfTheirOwn() throws Exception {
    PriceCatalog prices = PriceCatalog.file(file(PROVIDERS, CONDITIONS));
    assertThat(cost(prices, "new", null, Map.of("inference_geo", "us")))
        .isEqualTo("0.016 c 1: acme/new, inference_geo=us");
    assertThat(cost(prices, "new", null, Map.of("speed", "fast", "inference_geo", "US")))
        .isEqualTo("0.027 c 1: acme/new, inference_geo=us, speed=fast");
    assertThat(cost(prices, "new", "batch", Map.of("speed", "fast")))
        .isEqualTo("0.015 c 1: acme/new, batch, speed=fast");
    assertThat(cost(prices, "new", null, Map.of("search", "low")))
        .isEqualTo("0.016 c 1: acme/new, search=low");
    assertThat(cost(prices, "new", null, Map.of("search", "high", "inference_geo", "us")))
        .isEqualTo("0.0182 c 1: acme/new, inference_geo=us, search=high");
    assertThat(cost(prices, "new", "batch", Map.of("search", "high")))
        .isEqualTo("0.011 c 1: acme/new, batch, search=high");
    assertThat(cost(prices, "new", null, Map.of("search", "high", "depth", "deep")))
        .isEqualTo("0.019 c 1: acme/new, depth=deep, search=high");
    assertThat(cost(prices, "new", null, Map.of("depth", "deep"))).isEqualTo("unpriced");
    assertThat(cost(prices, "new", null, Map.of("search", "medium"))).isEqualTo("unpriced");
  }

  @Test
  void provider_saysItOnceForItsModels_andAModelMaySayOtherwise() throws Exception {
    PriceCatalog prices = PriceCatalog.file(file(PROVIDERS, CONDITIONS));
    Map<String, String> usual = Map.of("speed", "standard", "inference_geo", "global");
    assertThat(cost(prices, "old", null, usual)).isEqualTo("0.002 c 1: acme/old");
    assertThat(cost(prices, "new", null, usual)).isEqualTo("0.015 c 1: acme/new");
    assertThat(cost(prices, "old", null, Map.of("inference_geo", "eu")))
        .isEqualTo("0.0024 c 1: acme/old, inference_geo=eu");
    assertThat(cost(prices, "new", null, Map.of("inference_geo", "eu")))
        .isEqualTo("0.018 c 1: acme/new, inference_geo=eu");
    assertThat(cost(prices, "old", null, Map.of("speed", "fast"))).isEqualTo("unpriced");
    assertThat(cost(prices, "m", null, usual)).isEqualTo("unpriced");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"us\": 0} | conditions.inference_geo.us: factor for inference_geo=us of acme/new must be above 0 and at most 1000, but was 0",
        "{\"us\": true} | conditions.inference_geo.us must be a decimal number, but is true",
        "{\"us\": null} | conditions.inference_geo.us must be a decimal number, but is null",
        "{\"us\": {}} | conditions.inference_geo.us: the prices for inference_geo=us of acme/new must have an amount",
        "{\"us\": {\"imput\": 1}} | conditions.inference_geo.us.imput is not known here; known are",
        "{\"us\": {\"input\": 1, \"from\": \"2026-01-01\"}} | conditions.inference_geo.us.from is not known here",
        "{\"us\": {\"input\": -1}} | conditions.inference_geo.us.input: input price of acme/new must be between 0",
        "{\"us\": {\"input\": 1, \"conditions\": {\"Inference_Geo\": {\"x\": 1}}}} | conditions.inference_geo.us: the prices for inference_geo=us of acme/new must not have conditions of this name of their own",
        "{\"us\": {\"input\": 1, \"serviceTiers\": {\"standard\": {\"input\": 1}}}} | conditions.inference_geo.us.serviceTiers.standard: a service tier must not be a usual one",
        "{\"us\": 2, \"US\": 2} | conditions.inference_geo.US: there is a price for the condition inference_geo=us already",
        "\"us\" | conditions.inference_geo must be an object, but is \"us\"",
        "{\"us\": 1e-999999999} | conditions.inference_geo.us must be a decimal number of at most 1000 digits, but is 1E-999999999",
        "{\"us\": 0.000000000001} | conditions.inference_geo.us: input price of acme/new, multiplied by",
        "{\"us\": 0.00000000001} | prices[0]: input price of acme/new, multiplied by",
      })
  void file_withConditionsThatCannotBe_isRefusedByPlace(String geo, String says) {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                PriceCatalog.file(
                    file(
                        PROVIDERS.replace("\"standard\": 1}", "\"standard\": 0.5}"),
                        "\"inference_geo\": " + geo)))
        .withMessageContaining("models[0].prices[0]")
        .withMessageContaining(says);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"acme\": {\"source\": \"page\", \"checked\": \"2026-11-01\"} | providers.acme.conditions must be an object, but is absent",
        "\"acme\": {\"checked\": \"2026-11-01\", \"conditions\": {}} | providers.acme.source must be text, but is absent",
        "\"acme\": {\"source\": \"page\", \"checked\": \"2026-12-01\", \"conditions\": {}} | providers.acme.checked must not be after the file was generated",
        "\"acme\": {\"source\": \"page\", \"checked\": \"2026-11-01\", \"conditions\": {\"a\": {\"x\": {\"input\": 1}}}} | providers.acme.conditions.a.x must be a decimal number",
        "\"acme\": {\"source\": \"page\", \"checked\": \"2026-11-01\", \"conditions\": {\"a\": {\"x\": 1, \"X\": 2}}} | providers.acme.conditions.a.X: there is a price for the condition a=x already",
        "\"acme\": {\"source\": \"page\", \"checked\": \"2026-11-01\", \"conditions\": {\"a\": {\"x\": 1001}}} | providers.acme.conditions.a.x: factor must be above 0 and at most 1000, but was 1001",
        "\"nobody\": {\"source\": \"page\", \"checked\": \"2026-11-01\", \"conditions\": {}} | providers must be of models in this file, but there is none of nobody",
        "\"acme\": {\"source\": \"page\", \"checked\": \"2026-11-01\", \"conditions\": {}}, \"ACME\": {\"source\": \"page\", \"checked\": \"2026-11-01\", \"conditions\": {}} | providers.ACME is there twice, under another name",
      })
  void file_withAProviderThatCannotBe_isRefusedByPlace(String providers, String says) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PriceCatalog.file(file(providers, "")))
        .withMessageContaining(says);
  }
}
