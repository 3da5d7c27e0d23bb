package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What providers charge by their own pages, where people were charged something else before. */
class BundledFactsTest {

  private static final String NOON = "2026-11-21T10:00:00Z";

  private static String cost(UsageEvent event) {
    return PriceCatalog.bundled()
        .costOf(event, List.of())
        .map(cost -> cost.total().stripTrailingZeros().toPlainString())
        .orElse("unpriced");
  }

  private static UsageEvent event(
      String provider,
      String model,
      String at,
      TokenCounts tokens,
      String tier,
      Map<String, String> conditions) {
    return UsageEvent.builder(UUID.randomUUID(), Kind.CHAT, provider, model)
        .startedAt(Instant.parse(at))
        .tokens(tokens)
        .serviceTier(tier)
        .conditions(conditions)
        .build();
  }

  @ParameterizedTest
  @CsvSource({
    // a cache write for an hour costs twice the input
    "aws.bedrock, us.anthropic.claude-opus-4-6-v1:0, 12000, 0.132",
    "aws.bedrock, global.anthropic.claude-opus-4-6-v1:0, 12000, 0.12",
    "aws.bedrock, us.anthropic.claude-haiku-4-5-20251001-v1:0, 12000, 0.0264",
    "aws.bedrock, eu.anthropic.claude-sonnet-4-5-20250929-v1:0, 1000, 0.0066",
    "aws.bedrock, eu.anthropic.claude-sonnet-4-5-20250929-v1:0, 200001, 1.3200066",
    "gcp.vertex_ai, claude-opus-4-8@default, 1000, 0.01",
    "openrouter, anthropic/claude-opus-4.8, 1000, 0.01",
    "anthropic, claude-opus-4-8, 1000, 0.01",
    "github-copilot, claude-opus-4.8, 1000, unpriced",
    "openai, gpt-4o, 1000, 0.0025",
  })
  void cacheWrite_forAnHour(String provider, String model, long tokens, String expected) {
    TokenCounts written = TokenCounts.of(tokens, 0).cacheWrite(tokens).cacheWriteOneHour(tokens);
    assertThat(cost(event(provider, model, NOON, written, null, Map.of()))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "anthropic, claude-fable-5-1, 100000, 100000, 0, 0.025",
    "anthropic, claude-opus-4-8-fast, 1000, 0, 200, 0.02",
    "anthropic, claude-opus-4.8-fast, 1000, 0, 200, 0.02",
    "anthropic, claude-opus-5-5-fast, 1000, 0, 200, 0.016",
    "gcp.gemini, gemini-2.5-pro-preview-tts, 1000, 0, 1000, 0.021",
    "gcp.gemini, gemini-1.5-flash-8b, 1000, 0, 1000, 0.0001875",
    "gcp.gemini, gemini-1.5-flash-8b-latest, 1000, 0, 1000, 0.0001875",
    "gcp.gemini, gemini-1.5-flash-002, 1000, 0, 1000, 0.000375",
    "anthropic, claude-opus-4-10, 1000, 0, 200, unpriced",
    "anthropic, claude-sonnet-5-5, 1000, 0, 200, unpriced",
    "gcp.gemini, gemini-3.6-flash-lite, 1000, 0, 200, unpriced",
    "openai, gpt-4o-2024-05-13, 1000000, 0, 1000000, 20",
    "openai, gpt-4o-2024-08-06, 1000000, 0, 1000000, 12.5",
    "anthropic, claude-sonnet-5, 1000000, 0, 1000000, 12",
    "aws, amazon.titan-embed-text-v1, 1000000, 0, 0, 0.1",
    "aws, amazon.titan-embed-text-v2:0, 1000000, 0, 0, 0.02",
    "openrouter, deepseek/deepseek-r1:free, 1000, 10, 100, 0",
    "github-copilot, gpt-4o, 1000, 0, 100, 0",
    "openai, omni-moderation-latest, 1000, 0, 0, 0",
    "typesafe, jev-latest, 1000000, 0, 5, 0.042",
    "gcp.gemini, gemini-2.5-flash-image, 1000, 0, 1290, unpriced",
    "gcp.gemini, gemini-2.5-flash-image, 1000, 0, 0, 0.0003",
    "deepseek, deepseek-chat, 1000, 0, 0, unpriced",
  })
  void rows_costWhatTheirPagesSay(
      String provider, String model, long input, long read, long output, String expected) {
    TokenCounts tokens = TokenCounts.of(input, output).cacheRead(read);
    assertThat(cost(event(provider, model, NOON, tokens, null, Map.of()))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "deepseek-v4-pro, 2026-11-20T02:00:00Z, 1.32",
    "deepseek-v4-pro, 2026-11-20T12:00:00Z, 0.66",
    "deepseek-v4-pro, 2026-11-21T02:00:00Z, 0.66", // a Saturday
    "deepseek-v4-pro, 2026-11-22T09:00:00Z, 0.66",
    "deepseek-v4-pro, 2026-11-20T00:59:59.999999Z, 0.66",
    "deepseek-v4-pro, 2026-11-20T01:00:00Z, 1.32",
    "deepseek-v4-pro, 2026-11-20T03:59:59.999999Z, 1.32",
    "deepseek-v4-pro, 2026-11-20T04:00:00Z, 0.66",
    "deepseek-v4-pro, 2026-11-20T06:00:00Z, 1.32",
    "deepseek-v4-pro, 2026-11-20T10:00:00Z, 0.66",
    "deepseek-v4-pro, 2026-08-22T02:00:00Z, 1.32", // Saturdays had peaks at first
    "deepseek-v4-pro, 2026-08-15T02:00:00Z, 0.435",
    "deepseek-v4-pro, 2026-08-16T16:00:00Z, 0.66",
    "deepseek-v4-pro, 2026-10-01T02:00:00Z, 0.66", // a public holiday in China
    "deepseek-v4-pro, 2026-10-08T02:00:00Z, 1.32",
    "deepseek-v4-flash, 2026-09-09T02:00:00Z, 0.44",
    "deepseek-v4-flash, 2026-11-20T02:00:00Z, 0.3",
    "deepseek-flash, 2026-11-21T02:00:00Z, 0.15",
    "deepseek-chat, 2025-08-01T12:00:00Z, 0.27",
    "deepseek-chat, 2025-08-01T20:00:00Z, 0.135",
    "deepseek-chat, 2025-09-10T20:00:00Z, 0.56",
    "deepseek-chat, 2026-01-01T20:00:00Z, 0.28",
    "deepseek-chat, 2026-07-24T15:58:59Z, 0.14",
    "deepseek-chat, 2026-07-24T15:59:00Z, unpriced",
    "deepseek-reasoner, 2025-08-01T12:00:00Z, 0.55",
  })
  void deepseek_hasItsPeaksOnWorkingDays(String model, String at, String expected) {
    TokenCounts million = TokenCounts.of(1_000_000, 0);
    assertThat(cost(event("deepseek", model, at, million, null, Map.of()))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "anthropic, claude-opus-4-8, '', '', 0.01",
    "anthropic, claude-opus-4-8, '', speed=fast, 0.02",
    "anthropic, claude-opus-4-8, '', inference_geo=us, 0.011",
    "anthropic, claude-opus-4-8, '', 'speed=fast,inference_geo=us', 0.022",
    "anthropic, claude-opus-4-8, '', 'speed=standard,inference_geo=not_available', 0.01",
    "anthropic, claude-opus-4-8, '', speed=faster, unpriced",
    "anthropic, claude-opus-4-8, '', inference_geo=eu, unpriced",
    "anthropic, claude-opus-4-8, batch, '', 0.005",
    "anthropic, claude-opus-4-8, batch, inference_geo=us, 0.0055",
    "anthropic, claude-opus-4-8, priority, '', unpriced",
    "anthropic, claude-opus-4-7, '', speed=fast, 0.06",
    "anthropic, claude-haiku-4-5, '', speed=fast, unpriced",
    "anthropic, claude-haiku-4-5, '', inference_geo=us, unpriced",
    "anthropic, claude-haiku-4-5, batch, '', 0.001",
    "openai, gpt-4o-mini, batch, '', 0.000135",
    "openai, gpt-5.5, batch, '', 0.0055",
    "openai, gpt-5.5, priority, '', 0.0275",
    "openai, gpt-realtime, batch, '', unpriced",
    "perplexity, sonar, '', search_context_size=low, 0.0062",
    "perplexity, sonar, '', search_context_size=medium, 0.0092",
    "perplexity, sonar, '', '', 0.0132",
    "perplexity, sonar-pro, '', search_context_size=high, 0.02",
  })
  void tiersAndConditions_costWhatTheirPagesSay(
      String provider, String model, String tier, String conditions, String expected) {
    var stated = new HashMap<String, String>();
    for (String condition : conditions.split(",")) {
      if (!condition.isEmpty()) {
        stated.put(condition.split("=")[0], condition.split("=")[1]);
      }
    }
    TokenCounts tokens = TokenCounts.of(1_000, 200);
    String serviceTier = tier.isEmpty() ? null : tier;
    assertThat(cost(event(provider, model, NOON, tokens, serviceTier, stated))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "groq, whisper-large-v3, seconds, 3600, 0.111",
    "groq, whisper-large-v3, seconds, 10, 0.000308333333333333",
    "openai, whisper-1, seconds, 60, 0.006",
    "mistral, mistral-ocr-latest, pages, 3, 0.012",
    "mistral, mistral-ocr-latest, annotated_pages, 3, 0.015",
    "x-ai, grok-voice-latest, seconds, 3600, 4.8",
    "x-ai, grok-voice-latest, text_messages, 2, 0.008",
    "openai, whisper-1, pages, 3, unpriced",
  })
  void units_costWhatTheirPagesSay(
      String provider, String model, String unit, String amount, String expected) {
    UsageEvent event =
        UsageEvent.builder(UUID.randomUUID(), Kind.TRANSCRIPTION, provider, model)
            .startedAt(Instant.parse(NOON))
            .units(Map.of(unit, new BigDecimal(amount)))
            .build();
    assertThat(cost(event)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "gemini-3.6-flash, 2026-12-31T23:59:59Z, 0.75",
    "gemini-3.6-flash, 2027-01-01T00:00:00Z, unpriced",
    "gemini-3.7-flash, 2027-06-01T00:00:00Z, unpriced",
    "gemini-3.8-flash, 2026-11-21T00:00:00Z, 0.75",
  })
  void announced_isNoPrice(String model, String at, String expected) {
    TokenCounts million = TokenCounts.of(1_000_000, 0);
    assertThat(cost(event("gcp.gemini", model, at, million, null, Map.of()))).isEqualTo(expected);
  }
}
