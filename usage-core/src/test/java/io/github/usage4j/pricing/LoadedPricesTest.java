package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.pricing.ModelCapabilities.Feature;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoadedPricesTest {

  private static final Instant NOW = Instant.parse("2026-08-20T12:00:00Z");
  private static final TokenCounts EVERYTHING =
      TokenCounts.of(1_000_000, 1_000_000)
          .cacheRead(100_000)
          .cacheWrite(300_000)
          .cacheWriteOneHour(200_000)
          .reasoning(400_000)
          .audio(50_000, 30_000);

  @TempDir private Path folder;

  private static Path sample(String name) throws Exception {
    return Path.of(LoadedPricesTest.class.getResource("/prices/" + name).toURI());
  }

  private static String total(ModelPrice price, TokenCounts tokens) {
    return price.costOf(tokens).total().toPlainString();
  }

  private static String units(ModelPrice price, String unit, String amount) {
    UsageEvent event =
        UsageEvent.builder(UUID.randomUUID(), Kind.IMAGE, "p", "m")
            .startedAt(NOW)
            .units(Map.of(unit, new BigDecimal(amount)))
            .build();
    return price
        .explain(event, List.of(event.tokens()))
        .map(why -> why.toCost().total().toPlainString())
        .orElse("unpriced");
  }

  @Test
  void liteLlm_readsEveryKindOfAmount() throws Exception {
    LoadedPrices prices = PriceCatalog.liteLlm(sample("litellm.json"));
    assertThat(prices.size()).isEqualTo(9);
    ModelPrice large = prices.find("openai", "acme-large", NOW).orElseThrow();
    // 150k below the threshold: 50k x 2 + 20k x 0.2 + 30k x 2.5 + 40k x 4 + 10k x 40 (audio)
    // + 50k x 8 + 40k x 12 + 10k x 80
    TokenCounts below =
        TokenCounts.of(150_000, 100_000)
            .cacheRead(20_000)
            .cacheWrite(70_000)
            .cacheWriteOneHour(40_000)
            .reasoning(40_000)
            .audio(10_000, 10_000);
    assertThat(total(large, below)).isEqualTo("2.419");
    // 550k x 4 + 100k x 0.2 + 100k x 2.5 + 200k x 8 + 50k x 40 + 570k x 12 + 400k x 12 + 30k x 80
    assertThat(total(large, EVERYTHING)).isEqualTo("20.11");
    assertThat(large.reference()).startsWith("litellm ").endsWith(": openai/acme-large");
    ModelPrice batch = large.forServiceTier("Batch").orElseThrow();
    assertThat(total(batch, TokenCounts.of(1_000, 1_000))).isEqualTo("0.005");
    assertThat(batch.covers(TokenCounts.of(200_001, 1))).isFalse(); // nobody says what it costs
    ModelPrice priority = large.forServiceTier("priority").orElseThrow();
    assertThat(total(priority, TokenCounts.of(200_001, 0))).isEqualTo("1.400007");
    assertThat(large.forServiceTier("flex")).isEmpty();
    assertThat(large.forServiceTier("on_demand")).contains(large);
    ModelPrice flash = prices.find("gcp.gemini", "models/acme-flash", NOW).orElseThrow();
    assertThat(total(flash, TokenCounts.of(100, 0).cacheRead(100))).isEqualTo("0.000005");
    assertThat(units(flash, "images", "1")).isEqualTo("unpriced");
    ModelPrice ranges = prices.find("dashscope", "acme-ranges", NOW).orElseThrow();
    assertThat(total(ranges, TokenCounts.of(32_000, 0))).isEqualTo("0.032");
    assertThat(total(ranges, TokenCounts.of(32_001, 0))).isEqualTo("0.064002");
    assertThat(total(ranges, TokenCounts.of(128_001, 0))).isEqualTo("0.512004");
  }

  @Test
  void liteLlm_readsUnitsAndCapabilities_andUnknownIsNotFree() throws Exception {
    LoadedPrices prices = PriceCatalog.liteLlm(sample("litellm.json"));
    Function<String, ModelPrice> find = name -> prices.find("openai", name, NOW).orElseThrow();
    assertThat(units(find.apply("acme-painter"), "images", "3")).isEqualTo("0.12");
    assertThat(units(find.apply("acme-ears"), "seconds", "1.5")).isEqualTo("0.00015");
    assertThat(units(find.apply("acme-voice"), "characters", "100")).isEqualTo("0.0015");
    ModelPrice rerank = prices.find("cohere", "acme-rerank", NOW).orElseThrow();
    assertThat(units(rerank, "searches", "2")).isEqualTo("0.004");
    ModelPrice search = prices.find("perplexity", "acme-search", NOW).orElseThrow();
    assertThat(total(search, TokenCounts.of(1, 1))).isEqualTo("0.005002");
    assertThat(prices.find("openai", "acme-unknown", NOW)).isEmpty();
    assertThat(prices.covers("openai", "acme-unknown", NOW)).isFalse();
    ModelCapabilities large = prices.capabilities("openai", "acme-large").orElseThrow();
    assertThat(large.maxInput()).isEqualTo(400_000);
    assertThat(large.features()).containsOnly(Feature.TOOL_CALLS, Feature.IMAGE_INPUT);
  }

  @Test
  void modelsDev_readsEveryKindOfAmount() throws Exception {
    LoadedPrices prices = PriceCatalog.modelsDev(sample("models-dev.json"));
    ModelPrice pro = prices.find("gcp.gemini", "acme-pro", NOW).orElseThrow();
    assertThat(total(pro, TokenCounts.of(200_000, 0))).isEqualTo("0.25");
    assertThat(total(pro, TokenCounts.of(200_001, 0))).isEqualTo("0.5000025");
    // above: 550k x 2.5 + 50k x 3 + 100k x 0.625 + 300k x 1.5 + 570k x 15 + 400k x 12 + 30k x 20
    assertThat(total(pro, EVERYTHING.cacheWriteOneHour(0))).isEqualTo("15.9875");
    assertThat(pro.covers(EVERYTHING)).as("the file has no price for an hour").isFalse();
    assertThat(prices.find("gcp.vertex_ai", "acme-pro", NOW)).isPresent();
    assertThat(prices.find("google", "acme-quiet", NOW)).isEmpty();
    ModelCapabilities can = prices.capabilities("google", "acme-pro").orElseThrow();
    assertThat(can.context()).isEqualTo(1_000_000);
    assertThat(can.maxInput()).isEqualTo(900_000);
    assertThat(can.maxOutput()).isEqualTo(64_000);
    assertThat(can.features())
        .contains(Feature.REASONING, Feature.PDF_INPUT, Feature.PROMPT_CACHE)
        .doesNotContain(Feature.IMAGE_OUTPUT);
    ModelPrice minutes = prices.find("openai", "acme-minutes", NOW).orElseThrow();
    assertThat(units(minutes, "seconds", "30")).isEqualTo("0.003");
    ModelPrice thirds = prices.find("openai", "acme-thirds", NOW).orElseThrow();
    assertThat(units(thirds, "seconds", "90"))
        .isEqualTo("0.015"); // a second has no end of decimals
    assertThat(units(thirds, "seconds", "1")).isEqualTo("0.000166666666666667");
  }

  @Test
  void genaiPrices_lastConditionThatHoldsWins() throws Exception {
    LoadedPrices prices = PriceCatalog.genaiPrices(sample("genai-prices.json"));
    Function<String, String> inputAt =
        at ->
            total(
                prices.find("deepseek", "ACME-chat-20260131", Instant.parse(at)).orElseThrow(),
                TokenCounts.of(1_000_000, 0));
    assertThat(inputAt.apply("2026-01-31T23:59:59.999999Z")).isEqualTo("0.5");
    assertThat(inputAt.apply("2026-01-31T12:00:00Z")).isEqualTo("1");
    assertThat(inputAt.apply("2026-02-01T00:29:59.999999Z")).isEqualTo("0.5");
    assertThat(inputAt.apply("2026-02-01T00:30:00Z")).isEqualTo("3");
    assertThat(inputAt.apply("2026-02-01T16:29:59.999999Z")).isEqualTo("3");
    assertThat(inputAt.apply("2026-02-01T16:30:00Z")).isEqualTo("0.5");
    assertThat(inputAt.apply("2026-06-01T17:00:00Z")).isEqualTo("4");
    for (String name : List.of("acme", "talk-to-acme", "acme-chat", "acme-chat-latest")) {
      assertThat(prices.covers("deepseek", name, NOW)).as(name).isTrue();
    }
    for (String other : List.of("talk-acme-2", "acme-chat-1", "acme-chat-mini", "acme-chatty")) {
      assertThat(prices.covers("deepseek", other, NOW)).as(other).isFalse();
    }
    assertThat(prices.covers("azure.ai.openai", "acme", NOW)).isTrue(); // the file says so
    assertThat(prices.covers("openai", "acme", NOW)).isFalse();
    assertThat(prices.capabilities("deepseek", "acme").orElseThrow().context()).isEqualTo(64_000);
  }

  @Test
  void genaiPrices_eachAmountHasItsOwnSteps() throws Exception {
    LoadedPrices prices = PriceCatalog.genaiPrices(sample("genai-prices.json"));
    ModelPrice steps = prices.find("deepseek", "acme-steps-2026", NOW).orElseThrow();
    assertThat(prices.find("deepseek", "acme-steps-20261", NOW)).isEmpty();
    TokenCounts one = TokenCounts.of(128_000, 1_000);
    assertThat(total(steps, one)).isEqualTo("0.136"); // 0.128 + 0.003 + the call
    assertThat(total(steps, TokenCounts.of(128_001, 1_000))).isEqualTo("0.267002");
    assertThat(total(steps, TokenCounts.of(256_001, 1_000))).isEqualTo("1.035004");
    // 550k x 4 + 50k x 7 + 100k x 4 + 100k x 1.5 + 200k x 2.5 + 570k x 6 + 400k x 4 + 30k x 9 +
    // call
    assertThat(total(steps, EVERYTHING)).isEqualTo("8.895");
    ModelPrice rank = prices.find("deepseek", "acme-rank", NOW).orElseThrow();
    assertThat(units(rank, "searches", "3")).isEqualTo("0.006");
    assertThat(units(rank, "web_searches", "1")).isEqualTo("0.01");
    assertThat(units(rank, "characters", "2")).isEqualTo("0.00003");
    assertThat(units(rank, "seconds", "10")).isEqualTo("0.001");
  }

  @Test
  void file_readsEveryKindOfAmount() throws Exception {
    LoadedPrices prices = PriceCatalog.file(sample("own.json"));
    assertThat(prices.version()).isEqualTo("7");
    assertThat(prices.asOf()).isEqualTo("2026-08-21");
    ModelPrice noon = prices.find("openai", "Acme-Large", NOW).orElseThrow();
    assertThat(noon.currency().getCurrencyCode()).isEqualTo("EUR");
    // 550k x 4 + 50k x 40 + 100k x 0.2 + 100k x 2.5 + 200k x 4 + 570k x 8 + 400k x 12 + 30k x 80
    assertThat(total(noon, EVERYTHING)).isEqualTo("17.031");
    assertThat(noon.reference()).isEqualTo("contract 7: openai/acme-large");
    assertThat(units(noon, "searches", "2")).isEqualTo("0.021");
    ModelPrice batch = noon.forServiceTier("BATCH").orElseThrow();
    assertThat(total(batch, TokenCounts.of(200_001, 0))).isEqualTo("0.401002");
    assertThat(total(batch, TokenCounts.of(10, 0).cacheRead(10))).isEqualTo("0.001002");
    for (String name : List.of("acme-very-big", "acme-42", "us@acme-1", "openai/ACME-LARGE")) {
      assertThat(prices.covers("openai", name, NOW)).as(name).isTrue();
    }
    assertThat(prices.covers("openai", "acme-", NOW)).isFalse();
    Function<String, String> inputAt =
        at ->
            total(
                prices.find("openai", "acme-1", Instant.parse(at)).orElseThrow(),
                TokenCounts.of(1_000_000, 0));
    assertThat(inputAt.apply("2026-06-30T21:59:59.999999Z")).isEqualTo("4.001");
    assertThat(inputAt.apply("2026-06-30T22:00:00Z")).isEqualTo("0.5");
    // a later row holds for the whole day, until it ends; then the earlier ones hold again
    assertThat(inputAt.apply("2026-07-01T00:00:00Z")).isEqualTo("1");
    assertThat(inputAt.apply("2026-08-01T11:59:59.999999Z")).isEqualTo("1");
    assertThat(inputAt.apply("2026-08-01T12:00:00Z")).isEqualTo("4.001");
    assertThat(inputAt.apply("2026-08-02T05:59:59.999999Z")).isEqualTo("0.5");
    assertThat(inputAt.apply("2026-08-02T06:00:00Z")).isEqualTo("4.001");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"input\": \"2\" | \"input\": \"-2\" | prices[0].input: input price of openai/acme-large must be between 0 and 1000000, but was -2",
        "\"input\": \"2\" | \"input\": \"2000001\" | prices[0].input: input price of openai/acme-large must be between 0 and 1000000",
        "\"input\": \"2\" | \"input\": \"0.0000000000001\" | prices[0].input: input price of openai/acme-large must have at most 12 decimals",
        "\"input\": \"2\" | \"input\": 1e999999999 | prices[0].input must be a decimal number of at most 1000 digits, but is 1E+999999999",
        "\"input\": \"2\" | \"input\": \"2,5\" | prices[0].input: input price of openai/acme-large must be a decimal number, but was '2,5'",
        "\"input\": \"2\" | \"input\": true | prices[0].input must be a decimal number, but is true",
        "\"input\": \"2\" | \"imput\": \"2\" | prices[0].imput is not known here; known are",
        "\"input\": \"2\" | \"output\": \"2\" | not JSON: Duplicate field 'output'",
        "\"input\": \"2\" | \"input\": NaN | not JSON: ",
        "\"EUR\" | \"BTC\" | prices[0].currency: currency must be an ISO 4217 code such as USD, but was 'BTC'",
        "\"source\": \"invoice\" | \"source\": \"hearsay\" | prices[0].source must be one of the file's sources, [invoice]",
        "\"source\": \"invoice\" | \"until\": \"2027-01-01\" | prices[0].source must be text, but is absent",
        "\"checked\": \"2026-08-01\" | \"checked\": \"2026-08-22\" | prices[0].checked must not be after the file was generated, 2026-08-21, but is 2026-08-22",
        "\"checked\": \"2026-08-01\" | \"checked\": \"2026-02-30\" | prices[0].checked must be a day such as 2026-11-21, but is '2026-02-30'",
        "\"from\": \"2026-07-01\" | \"from\": \"2026-09-01\" | prices[1].until: a price must be valid from an instant before it ends",
        "\"from\": \"2026-07-01\" | \"from\": \"0206-07-01\" | prices[1].from must be a day such as 2026-11-21 or an instant, from 1970 to 9999",
        "\"from\": \"2026-07-01\" | \"from\": \"yesterday\" | prices[1].from must be a day",
        "\"to\": \"06:00Z\" | \"to\": \"22:00\" | prices[2].daily: a time of day must begin and end at different times, but does both at 22:00",
        "\"to\": \"06:00Z\" | \"to\": \"24:00\" | prices[2].daily.to must be a UTC time of day such as 16:30, but is '24:00'",
        "\"daily\": {\"from\": \"22:00\", \"to\": \"06:00Z\"} | \"perCall\": \"1\" | models[0]: prices of one model must become valid at different times, but two of openai/acme-large do so at the beginning",
        "\"daily\": {\"from\": \"22:00\", \"to\": \"06:00Z\"} | \"from\": \"2026-07-15\" | models[0]: prices of one model must not overlap, but those of openai/acme-large do: from 2026-07-01 until 2026-08-01T12:00:00Z and from 2026-07-15",
        "\"tokens\": 200000, \"input\": \"4\" | \"tokens\": -1, \"input\": \"4\" | aboveInput[0]: threshold must not be negative, but was -1",
        "\"tokens\": 200000, \"input\": \"4\" | \"tokens\": 0.5, \"input\": \"4\" | aboveInput[0].tokens must be a whole number of tokens, but is 0.5",
        "\"tokens\": 200000, \"input\": \"4\" | \"input\": \"4\" | aboveInput[0].tokens must be there",
        "\"batch\" | \"default\" | serviceTiers.default: a service tier must not be a usual one",
        "\"^acme-\\\\d+$\" | \"(\" | match.any[2].regex: a model name must be matched by a regular expression, but '(' is none",
        "\"contains\": \"@acme\" | \"contains\": \" \" | match.any[3].contains must be text",
        "\"contains\": \"@acme\" | \"like\": \"x\" | match.any[3].like is not known",
        "\"format\": 1 | \"format\": 2 | format must be 1",
        "\"models\": [ | \"models\": [{\"provider\": \"OpenAI\", \"model\": \"ACME-large\", \"prices\": [{\"source\": \"invoice\", \"checked\": \"2026-08-01\", \"currency\": \"EUR\"}]}, | models[1] is listed twice: openai/acme-large",
        "\"sources\" | } \"sources\" | not JSON: ",
      })
  void file_thatCannotBeRight_isRefusedByFileAndPlace(String what, String by, String says)
      throws Exception {
    String good = Files.readString(sample("own.json"));
    int at = good.indexOf(what);
    assertThat(at).as(what).isNotNegative();
    Path bad = folder.resolve("bad.json");
    Files.writeString(bad, good.substring(0, at) + by + good.substring(at + what.length()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PriceCatalog.file(bad))
        .withMessageStartingWith(bad.toString())
        .withMessageContaining(says);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "litellm.json | \"input_cost_per_token\": 2e-06 | \"input_cost_per_token\": -2e-06 | ['acme-large'].input_cost_per_token must be between 0 and 1000000",
        "litellm.json | \"input_cost_per_token\": 2e-06 | \"input_cost_per_token\": 2 | ['acme-large'].input_cost_per_token: input price of openai/acme-large must be between",
        "litellm.json | \"input_cost_per_token\": 2e-06 | \"input_cost_per_token\": 1e-19 | ['acme-large'].input_cost_per_token: input price of openai/acme-large must have at most 12 decimals",
        "litellm.json | \"input_cost_per_token\": 2e-06 | \"input_cost_per_token\": [2] | ['acme-large'].input_cost_per_token must be a decimal number, but is [2]",
        "litellm.json | \"litellm_provider\": \"dashscope\", | '' | ['dashscope/acme-ranges'].litellm_provider must be text, but is absent",
        "models-dev.json | \"input\": 1.25 | \"input\": -1 | google.models['acme-pro'].cost.input must be between 0",
        "models-dev.json | \"context_over_200k\": { | \"context_over_200k\": 5, \"x\": { | cost.context_over_200k must be an object, but is 5",
        "genai-prices.json | \"start\": 256000 | \"start\": 128000 | [0].models[1].prices.input_mtok.tiers[1] begins at 128000, as another one does",
        "genai-prices.json | \"start_date\": \"2026-06-01\" | \"start_date\": \"2026-02-01\" | [0].models[0]: prices of one model must become valid at different times",
        "genai-prices.json | \"start_date\": \"2026-06-01\" | \"weekday\": 1 | [0].models[0].prices[3].constraint must have a start_date",
        "genai-prices.json | \"base\": 1 | \"base\": \"one\" | [0].models[1].prices.input_mtok.base must be a decimal number",
      })
  void publicFormats_thatCannotBeRight_areRefusedByFileAndPlace(
      String sample, String what, String by, String says) throws Exception {
    String good = Files.readString(sample(sample));
    int at = good.indexOf(what);
    assertThat(at).as(what).isNotNegative();
    Path bad = folder.resolve(sample);
    Files.writeString(bad, good.substring(0, at) + by + good.substring(at + what.length()));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> {
              switch (sample) {
                case "litellm.json" -> PriceCatalog.liteLlm(bad);
                case "models-dev.json" -> PriceCatalog.modelsDev(bad);
                default -> PriceCatalog.genaiPrices(bad);
              }
            })
        .withMessageStartingWith(bad.toString())
        .withMessageContaining(says);
  }

  @Test
  void missingAndEmptyFiles_areRefusedByName() throws IOException {
    Path missing = folder.resolve("nowhere.json");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PriceCatalog.liteLlm(missing))
        .withMessage(missing + ": there is no such file");
    Path empty = Files.writeString(folder.resolve("empty.json"), "");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PriceCatalog.modelsDev(empty))
        .withMessageStartingWith(empty + ": not JSON");
  }

  private static String catalog(int version) {
    return """
        {"format": 1, "name": "c", "version": "%s", "generated": "2026-08-21", "sources": {"s": {}},
         "models": [{"provider": "p", "model": "m", "prices":
           [{"source": "s", "checked": "2026-08-21", "currency": "USD", "input": "%s", "output": "%s"}]}]}
        """
        .formatted(version, version, version);
  }

  @Test
  void reload_takesTheNewFile_andKeepsTheOldPricesForABrokenOne() throws IOException {
    Path file = Files.writeString(folder.resolve("c.json"), catalog(1));
    var said = new ArrayList<String>();
    LoadedPrices prices =
        PriceCatalog.file(file).maxAge(Duration.ofDays(90), InstantSource.fixed(NOW), said::add);
    PriceCatalog chained = PriceCatalog.none().orElse(prices);
    Files.writeString(file, catalog(2));
    assertThat(chained.find("p", "m", NOW).orElseThrow().reference()).isEqualTo("c 1: p/m");
    assertThat(prices.reload()).isTrue();
    assertThat(chained.find("p", "m", NOW).orElseThrow().reference()).isEqualTo("c 2: p/m");
    Files.writeString(file, catalog(3).substring(0, 100)); // somebody is still writing it
    assertThat(prices.reload()).isFalse();
    assertThat(prices.version()).isEqualTo("2");
    assertThat(said).hasSize(1).first().asString().startsWith("prices stay as of 2026-08-21, 2: ");
    Files.delete(file);
    assertThat(prices.reload()).isFalse();
    assertThat(prices.find("p", "m", NOW)).isPresent();
  }

  @Test
  void reload_whileOthersRead_isSeenAsAWhole() throws Exception {
    Path file = Files.writeString(folder.resolve("c.json"), catalog(1));
    LoadedPrices prices = PriceCatalog.file(file);
    var stop = new AtomicBoolean();
    var started = new CountDownLatch(4);
    var wrong = new ArrayList<String>();
    List<Thread> readers =
        IntStream.range(0, 4)
            .mapToObj(
                i ->
                    new Thread(
                        () -> {
                          started.countDown();
                          while (!stop.get()) {
                            ModelPrice price = prices.find("p", "m", NOW).orElseThrow();
                            String version = price.reference().substring(2, 3);
                            String cost = total(price, TokenCounts.of(500_000, 500_000));
                            if (!cost.equals(version)) {
                              synchronized (wrong) {
                                wrong.add(version + " costs " + cost);
                              }
                            }
                          }
                        }))
            .collect(Collectors.toList());
    readers.forEach(Thread::start);
    started.await();
    for (int i = 0; i < 200; i++) {
      Files.writeString(file, catalog(1 + i % 9));
      assertThat(prices.reload()).isTrue();
    }
    stop.set(true);
    for (Thread reader : readers) {
      reader.join();
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void load_ofFiveThousandModels_findsEach() throws IOException {
    String models =
        IntStream.range(0, 5_000)
            .mapToObj(
                i ->
                    "\"acme-%s\": {\"litellm_provider\": \"openai\", \"input_cost_per_token\": %se-9}"
                        .formatted(i, i))
            .collect(Collectors.joining(",\n", "{", "}"));
    Path file = Files.writeString(folder.resolve("many.json"), models);
    LoadedPrices prices = PriceCatalog.liteLlm(file);
    assertThat(prices.size()).isEqualTo(5_000);
    for (int i = 0; i < 5_000; i += 7) {
      ModelPrice price = prices.find("openai", "acme-" + i, NOW).orElseThrow();
      assertThat(price.costOf(TokenCounts.input(1_000)).total())
          .isEqualByComparingTo(new BigDecimal(i).movePointLeft(6));
    }
  }
}
