package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BundledPricesTest {

  private static final Instant NOW = Instant.parse("2026-08-20T12:00:00Z");
  private static final PriceCatalog PRICES = PriceCatalog.bundled();
  static final Path CORRECTIONS = Path.of("src", "catalog", "corrections.json");

  private static TokenCounts tokens(long in, long out, long read, long write, long oneHour) {
    return TokenCounts.of(in, out).cacheRead(read).cacheWrite(write).cacheWriteOneHour(oneHour);
  }

  private static UsageEvent event(String provider, String model, Instant at, TokenCounts tokens) {
    return UsageEvent.builder(UUID.randomUUID(), Kind.CHAT, provider, model)
        .startedAt(at)
        .tokens(tokens)
        .build();
  }

  private static Optional<CostExplanation> price(UsageEvent event) {
    return PRICES.find(event).flatMap(price -> price.explain(event, List.of(event.tokens())));
  }

  @Test
  void resource_isWhatTheCommandMakes() throws Exception {
    Path source = PriceTable.shared("genai-prices-2026-09-23.json");
    String expected =
        CatalogGenerator.make(source, CORRECTIONS, CatalogGenerator.day(source)).json();
    try (var in = LoadedPrices.class.getResourceAsStream("prices.json")) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo(expected);
    }
  }

  @Test
  void sampleCases_areEqualToTheLastDecimal() {
    var cases = PriceTable.rows(PriceTable.shared("cases-sample.csv"));
    assertThat(cases).hasSize(10);
    for (Map<String, String> c : cases) {
      TokenCounts tokens =
          tokens(
              Long.parseLong(c.get("input_tokens")),
              Long.parseLong(c.get("output_tokens")),
              Long.parseLong(c.get("cached_input_tokens")),
              Long.parseLong(c.get("cache_write_tokens")),
              Long.parseLong(c.get("cache_write_1h_tokens")));
      UsageEvent event =
          event(c.get("provider"), c.get("model_id"), Instant.parse(c.get("at_utc")), tokens);
      assertThat(price(event).orElseThrow().total())
          .as(c.toString())
          .isEqualByComparingTo(c.get("expected_cost"));
    }
  }

  @Test
  void everyRow_aTokenMoreIsNeverCheaper() {
    var random = new Random(7);
    for (ListedModel model : PriceCatalog.bundled().index().models()) {
      for (ModelPrice price : model.prices()) {
        if (!price.covers(tokens(1, 0, 0, 0, 0))) {
          continue; // charged by the page or the hour
        }
        boolean hours = price.covers(tokens(1, 0, 0, 1, 1));
        for (int i = 0; i < 20; i++) {
          long read = random.nextInt(150_000);
          boolean oneHourIsPriced = price.covers(tokens(9, 0, 0, 9, 9));
          long oneHour = oneHourIsPriced ? random.nextInt(50_000) : 0;
          long write = oneHour + random.nextInt(50_000);
          long input = read + write + random.nextInt(200_000);
          long more = 1 + random.nextInt(300_000);
          BigDecimal cost = total(price, input, 0, read, write, oneHour);
          assertThat(total(price, input + more, 0, read, write, oneHour))
              .isGreaterThanOrEqualTo(cost);
          assertThat(total(price, input + more, 0, read + more, write, oneHour))
              .isGreaterThanOrEqualTo(cost);
          assertThat(total(price, input + more, 0, read, write + more, oneHour))
              .isGreaterThanOrEqualTo(cost);
          long moreOneHour = oneHourIsPriced ? more : 0;
          assertThat(total(price, input + more, 0, read, write + more, oneHour + moreOneHour))
              .isGreaterThanOrEqualTo(cost);
          if (price.covers(TokenCounts.of(1, 1))) {
            assertThat(total(price, input, more, read, write, oneHour))
                .isGreaterThanOrEqualTo(cost);
          }
        }
      }
    }
  }

  private static BigDecimal total(
      ModelPrice price, long in, long out, long read, long write, long oneHour) {
    return price.costOf(tokens(in, out, read, write, oneHour)).total();
  }

  @Test
  void costs_addUpInAnyOrder() {
    ModelPrice price = PRICES.find("anthropic", "claude-sonnet-4-5", NOW).orElseThrow();
    var random = new Random(3);
    var costs = new ArrayList<Cost>();
    BigDecimal each = BigDecimal.ZERO;
    for (int i = 0; i < 500; i++) {
      long read = random.nextInt(200_000);
      Cost cost = price.costOf(tokens(read + random.nextInt(100_000), 5, read, 0, 0));
      costs.add(cost);
      each = each.add(cost.total());
    }
    Cost forwards = costs.stream().reduce(Cost::plus).orElseThrow();
    java.util.Collections.shuffle(costs, random);
    Cost shuffled = costs.stream().reduce(Cost::plus).orElseThrow();
    assertThat(forwards.amountsEqual(shuffled)).isTrue();
    assertThat(forwards.total()).isEqualByComparingTo(each);
  }

  @ParameterizedTest
  @CsvSource({
    "gcp.gemini, models/gemini-2.5-pro, google/gemini-2.5-pro",
    "gcp.vertex_ai, publishers/google/models/gemini-2.5-flash, google/gemini-2.5-flash",
    "google, projects/p/locations/us/publishers/google/models/gemini-2.5-pro@default,"
        + " google/gemini-2.5-pro",
    "GCP.Gemini, Models/GEMINI-2.5-Flash, google/gemini-2.5-flash",
    "google, google/gemini-2.5-flash, google/gemini-2.5-flash",
    "openai, OpenAI/GPT-4O-Mini, openai/gpt-4o-mini",
    "openai, gpt-4o-2024-08-06, openai/gpt-4o",
    "openai, ' gpt-4o', openai/gpt-4o",
    "OPEN_AI, gpt-5.6-LUNA-2026-07-01, openai/gpt-5.6-luna",
    "mistral_ai, mistral-large-latest, mistral/mistral-large",
    "x_ai, grok-4, x-ai/grok-4-0709",
    "xai, xai/grok-4.3-20260701, x-ai/grok-4.3",
    "x-ai, x-ai/grok-4.3, x-ai/grok-4.3",
    "anthropic, Claude-Sonnet-4-5-20250929, anthropic/claude-sonnet-4-5",
    "aws.bedrock, us.anthropic.claude-opus-4-1-20250805-v1:0,"
        + " aws/regional.anthropic.claude-opus-4-1-20250805-v1:0",
    "aws.bedrock, global.anthropic.claude-sonnet-4-5-20250929-v1:0,"
        + " aws/global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "aws.bedrock, anthropic.claude-3-haiku-20240307-v1:0,"
        + " aws/regional.anthropic.claude-3-haiku-20240307-v1:0",
    "aws, arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0,"
        + " aws/regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "amazon_bedrock, us.amazon.nova-2-lite-v1:0, aws/regional.amazon.nova-2-lite-v1:0",
    "aws.bedrock, bedrock/eu.amazon.nova-lite-v1:0, aws/amazon.nova-lite-v1:0",
    "together_ai, META-LLAMA/llama-3.3-70b-instruct-turbo,"
        + " together/meta-llama/Llama-3.3-70B-Instruct-Turbo",
    "groq, llama-3.1-8b-instant, groq/llama-3.1-8b-instant",
    "azure.ai.openai, gpt-4o, openai/gpt-4o",
    "azure.ai.inference, claude-opus-4-8, anthropic/claude-opus-4-8",
    "gcp.vertex_ai, publishers/anthropic/models/claude-opus-4-8@20260528, google/claude-opus-4-8",
    "gcp.vertex_ai, claude-haiku-4-5@20251001, anthropic/claude-haiku-4-5",
    "anthropic, 'claude-sonnet-4-5-20250929[1m]', anthropic/claude-sonnet-4-5",
    "openai, ft:gpt-4o-2024-08-06:acme:name:1, openai/ft:gpt-4o",
    "openrouter, deepseek/deepseek-r1:free, openrouter/deepseek/deepseek-r1:free",
    "moonshot_ai, kimi-k2-turbo-preview, moonshotai/kimi-k2-turbo-preview",
    "perplexity, sonar-pro, perplexity/sonar-pro",
    "workers_ai, @cf/baai/bge-m3, cloudflare/@cf/baai/bge-m3",
  })
  void find_knowsTheNamesThatAreUsed(String provider, String model, String row) {
    ModelPrice price = PRICES.find(provider, model, NOW).orElseThrow();
    assertThat(price.provider() + "/" + price.model()).isEqualTo(row);
  }

  @ParameterizedTest
  @CsvSource({
    "openai, gpt-4o-2031-01-01",
    "openai, claude-sonnet-4-5",
    "anthropic, us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "openai, ft:gpt-4.1:acme::1",
    "azure.ai.openai, mistral-large-latest",
    "anthropic, claude-opus-4-10",
    "anthropic, claude-sonnet-5-5",
    "anthropic, claude-opus-4-8-preview",
    "aws.bedrock, us.anthropic.claude-opus-4-10-v1:0",
    "gcp.gemini, gemini-3.6-flash-lite",
    "gcp.gemini, gemini-2.5-pro-preview-12-31",
    "openai, gpt-4o-realtime-preview-mini",
    "moonshotai, kimi-k2.6-thinking",
    "aws.bedrock, arn:aws:bedrock:us-east-1:1:application-inference-profile/claude-2",
    "openai, models/x/gpt-4o",
    "openai, ''",
    "other, gpt-4o",
  })
  void find_doesNotGuess(String provider, String model) {
    assertThat(PRICES.find(provider, model, NOW)).isEmpty();
    assertThat(PRICES.covers(provider, model, NOW)).isFalse();
  }

  @Test
  void find_inATurkishLocale_isTheSame() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("tr"));
    try {
      assertThat(PRICES.find("OPENAI", "GPT-4O-MINI", NOW)).isPresent();
      assertThat(PRICES.find("GOOGLE", "MODELS/GEMINI-2.5-PRO", NOW)).isPresent();
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void reference_namesCatalogVersionRowAndTier() {
    ModelPrice luna =
        PRICES.find("openai", "gpt-5.6-luna", Instant.parse("2026-08-01T00:00:00Z")).orElseThrow();
    assertThat(luna.costOf(TokenCounts.of(272_001, 1)).priceReference())
        .isEqualTo(
            "bundled 2026-11-30: openai/gpt-5.6-luna from 2026-07-30 above 271999 input tokens");
    ModelPrice peak =
        PRICES.find("deepseek", "deepseek-v4-pro", Instant.parse("2026-11-20T02:00:00Z")).get();
    assertThat(peak.reference())
        .isEqualTo(
            "bundled 2026-11-30: deepseek/deepseek-v4-pro from 2026-08-22T16:00:00Z"
                + " daily 01:00-04:00Z on MO,TU,WE,TH,FR");
  }

  @Test
  void old_saysSoOnceAndOnlyOnceItIs() {
    var said = new ArrayList<String>();
    Instant[] now = {Instant.parse("2026-12-21T23:59:59Z")};
    LoadedPrices prices =
        PriceCatalog.bundled().maxAge(Duration.ofDays(90), () -> now[0], said::add);
    assertThat(prices.find("openai", "gpt-4o", now[0])).isPresent();
    prices.find("openai", "gpt-4o", Instant.parse("2027-01-01T00:00:00Z"));
    assertThat(said).isEmpty();
    now[0] = Instant.parse("2026-12-22T00:00:00Z");
    prices.find("openai", "gpt-4o", Instant.parse("2026-01-01T00:00:00Z")); // an import
    assertThat(said).isEmpty();
    prices.find("openai", "gpt-4o", now[0]);
    prices.find("openai", "gpt-4o", now[0]);
    assertThat(said)
        .containsExactly(
            "the bundled prices: prices are as of 2026-09-23, more than 90 days ago; costs may be"
                + " out of date");
  }

  @Test
  void remembered_isBounded() {
    PriceIndex index = PriceCatalog.bundled().index();
    for (int i = 0; i < 3 * PriceIndex.MAX_REMEMBERED; i++) {
      index.find("openai", "nonsense-" + i, NOW);
    }
    assertThat(index.remembered()).isLessThanOrEqualTo(PriceIndex.MAX_REMEMBERED);
    assertThat(index.find("openai", "gpt-4o", NOW)).isPresent();
  }
}
