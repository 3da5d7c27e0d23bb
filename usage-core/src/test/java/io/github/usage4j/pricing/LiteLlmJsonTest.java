package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Entries of LiteLLM's file that read otherwise than they look. */
class LiteLlmJsonTest {

  private static final Instant NOW = Instant.parse("2026-08-20T12:00:00Z");

  @TempDir private Path folder;

  private LoadedPrices prices(String... models) throws IOException {
    Path file = folder.resolve("litellm.json");
    return PriceCatalog.liteLlm(
        Files.writeString(file, "{" + String.join(",", models).replace('\'', '"') + "}"));
  }

  private static String units(ModelPrice price, String unit, String amount) {
    UsageEvent event =
        UsageEvent.builder(UUID.randomUUID(), Kind.TRANSCRIPTION, "openai", "m")
            .startedAt(NOW)
            .unit(unit, new BigDecimal(amount))
            .build();
    return price
        .explain(event, List.of(event.tokens()))
        .map(why -> why.toCost().total().toPlainString())
        .orElse("unpriced");
  }

  @Test
  void anEndpointOfItsOwnThatIsFree_doesNotMakeTheProvidersModelFree() throws Exception {
    LoadedPrices prices =
        prices(
            "'codestral/codestral-latest': {'litellm_provider': 'codestral',"
                + " 'input_cost_per_token': 0.0, 'output_cost_per_token': 0.0}",
            "'mistral/codestral-latest': {'litellm_provider': 'mistral',"
                + " 'input_cost_per_token': 1e-06, 'output_cost_per_token': 3e-06}");

    ModelPrice model = prices.find("mistral_ai", "codestral-latest", NOW).orElseThrow();
    assertThat(model.costOf(TokenCounts.of(1_000, 1_000)).total()).isEqualByComparingTo("0.004");
    ModelPrice free = prices.find("codestral", "codestral-latest", NOW).orElseThrow();
    assertThat(free.costOf(TokenCounts.of(1_000, 1_000)).total()).isZero();
  }

  @Test
  void aModelByItsWholeName_comesBeforeOneByAPartOfIt() throws Exception {
    String model = "'%s': {'litellm_provider': 'deepseek', 'input_cost_per_token': %s}";
    LoadedPrices prices =
        prices(
            model.formatted("deepseek/deepseek-chat", "2.7e-07"),
            model.formatted("deepseek-chat", "6e-07"),
            model.formatted("deepseek/deepseek-coder", "1e-07"),
            model.replace("deepseek", "gemini").formatted("gemini/flash", "1e-06"),
            model.replace("deepseek", "vertex_ai").formatted("flash", "2e-06"));

    TokenCounts million = TokenCounts.of(1_000_000, 0);
    ModelPrice chat = prices.find("deepseek", "DeepSeek-Chat", NOW).orElseThrow();
    assertThat(chat.costOf(million).total()).isEqualByComparingTo("0.6");
    ModelPrice path = prices.find("deepseek", "deepseek/deepseek-chat", NOW).orElseThrow();
    assertThat(path.costOf(million).total()).isEqualByComparingTo("0.27");
    assertThat(prices.covers("deepseek", "deepseek-coder", NOW)).isTrue();
    // another provider's model of that name takes nothing away
    ModelPrice flash = prices.find("gcp.gemini", "flash", NOW).orElseThrow();
    assertThat(flash.costOf(million).total()).isEqualByComparingTo("1");
    ModelPrice vertex = prices.find("gcp.vertex_ai", "flash", NOW).orElseThrow();
    assertThat(vertex.costOf(million).total()).isEqualByComparingTo("2");
  }

  @Test
  void moonshot_isFoundUnderTheNameOfOpenTelemetry() throws Exception {
    LoadedPrices prices =
        prices("'moonshot/kimi': {'litellm_provider': 'moonshot', 'input_cost_per_token': 1e-06}");

    assertThat(prices.covers("moonshot_ai", "kimi", NOW)).isTrue();
  }

  @Test
  void onePriceUnderTwoNames_isChargedOnce() throws Exception {
    LoadedPrices prices =
        prices(
            "'whisper-1': {'litellm_provider': 'openai', 'mode': 'audio_transcription',"
                + " 'input_cost_per_second': 0.0001, 'output_cost_per_second': 0.0001}",
            "'painter': {'litellm_provider': 'openai', 'mode': 'image_generation',"
                + " 'input_cost_per_image': 0.04, 'output_cost_per_image': 0.04}");

    ModelPrice whisper = prices.find("openai", "whisper-1", NOW).orElseThrow();
    assertThat(units(whisper, "seconds", "60")).isEqualTo("0.006");
    ModelPrice painter = prices.find("openai", "painter", NOW).orElseThrow();
    assertThat(units(painter, "images", "1")).isEqualTo("0.04");
  }

  @Test
  void batchesAboveAThreshold_keepTheCachePriceFromAboveIt() throws Exception {
    LoadedPrices prices =
        prices(
            "'large': {'litellm_provider': 'openai', 'input_cost_per_token': 2e-06,"
                + " 'output_cost_per_token': 1e-05, 'cache_read_input_token_cost': 2e-07,"
                + " 'input_cost_per_token_above_272k_tokens': 4e-06,"
                + " 'output_cost_per_token_above_272k_tokens': 1.5e-05,"
                + " 'cache_read_input_token_cost_above_272k_tokens': 4e-07,"
                + " 'input_cost_per_token_batches': 1e-06,"
                + " 'output_cost_per_token_batches': 5e-06,"
                + " 'input_cost_per_token_above_272k_tokens_batches': 2e-06}");

    ModelPrice batch =
        prices.find("openai", "large", NOW).orElseThrow().forServiceTier("batch").orElseThrow();
    TokenCounts below = TokenCounts.of(200_000, 0).cacheRead(100_000);
    TokenCounts above = TokenCounts.of(300_000, 1_000).cacheRead(100_000);
    assertThat(batch.costOf(below).total()).isEqualByComparingTo("0.12");
    // 200k x 2 + 100k x 0.4 + 1k x 5, which batches say of every size
    assertThat(batch.costOf(above).total()).isEqualByComparingTo("0.445");
  }

  @Test
  void rangesThatSayNothingOrContradict_areRefusedByPlace() {
    String model = "'r': {'litellm_provider': 'dashscope', 'tiered_pricing': [%s]}";
    String range = "{'range': [%s], 'input_cost_per_token': 1e-06}";
    assertThatIllegalArgumentException()
        .isThrownBy(() -> prices(model.formatted(range.formatted(""))))
        .withMessageContaining("litellm.json: r.tiered_pricing[0].range must begin with a number");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                prices(
                    model.formatted(range.formatted("0, 100") + "," + range.formatted("0.0, 200"))))
        .withMessageContaining("r.tiered_pricing[1].range begins at 0, as another one does");
  }

  @Test
  void aLimitOfNothing_isUnknown() throws Exception {
    LoadedPrices prices =
        prices(
            "'m': {'litellm_provider': 'openai', 'input_cost_per_token': 1e-06,"
                + " 'max_input_tokens': 0, 'max_output_tokens': 0}");

    ModelCapabilities can = prices.capabilities("openai", "m").orElseThrow();
    assertThat(can.maxInput()).isNull();
    assertThat(can.maxOutput()).isNull();
  }
}
