package io.github.usage4j.backfill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageException;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers of providers, whatever they are wrapped in: read as live capture reads them. */
class RecordFormsTest {

  private static final Instant NOON = Instant.parse("2026-10-01T12:00:00Z");

  @TempDir Path directory;

  private static UsageImport job() {
    return UsageImport.from("log").provider("anthropic").startedAt(NOON);
  }

  private List<UsageEvent> events(UsageImport job, String... lines) throws Exception {
    Path file = Files.writeString(directory.resolve("log.jsonl"), String.join("\n", lines));
    var events = new ArrayList<UsageEvent>();
    job.run(ImportSource.jsonLines(file), events::addAll);
    return events;
  }

  private UsageEvent event(UsageImport job, String line) throws Exception {
    List<UsageEvent> events = events(job, line.replace("\n", ""));
    assertThat(events).hasSize(1);
    return events.get(0);
  }

  private UsageEvent event(String line) throws Exception {
    return event(job(), line);
  }

  private static final String MESSAGE =
      "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-m\","
          + "\"content\":[{\"type\":\"text\",\"text\":\"the usage of 5 tokens\"}],"
          + "\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":10,\"output_tokens\":7,"
          + "\"cache_read_input_tokens\":1000,\"cache_creation_input_tokens\":200,"
          + "\"cache_creation\":{\"ephemeral_1h_input_tokens\":50,\"ephemeral_5m_input_tokens\":150},"
          + "\"service_tier\":\"priority\",\"speed\":\"fast\",\"inference_geo\":\"us\","
          + "\"server_tool_use\":{\"web_search_requests\":3}}}";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "%s",
        "{\"response\":%s}",
        "{\"response\":{\"status\":200,\"body\":%s}}",
        "{\"body\":%s}",
        "{\"message\":%s}",
        "{\"payload\":%s,\"id\":\"log-line-7\"}",
        "{\"result\":{\"type\":\"succeeded\",\"message\":%s}}",
        "{\"modelOutput\":%s}",
        "{\"log\":%s}",
        "{\"type\":\"assistant\",\"sessionId\":\"s\",\"uuid\":\"u\",\"message\":%s}",
      })
  void answerInAnyWrapper_isReadAlike(String wrapper) throws Exception {
    UsageEvent event = event(wrapper.formatted(MESSAGE));

    assertThat(event.tokens())
        .isEqualTo(new TokenCounts(1_210L, 7L, 1_000L, 200L, 50L, null, null, null, null));
    assertThat(event.model()).isEqualTo("claude-m");
    assertThat(event.serviceTier()).isEqualTo("priority");
    assertThat(event.conditions()).isEqualTo(Map.of("speed", "fast", "inference_geo", "us"));
    assertThat(event.units()).isEqualTo(Map.of("web_searches", BigDecimal.valueOf(3)));
    assertThat(event.quality()).isEqualTo(Quality.REPORTED);
    assertThat(event.finishReason()).isEqualTo("end_turn");
    assertThat(event.occurredAt()).isEqualTo(NOON);
    if (!wrapper.contains("sessionId")) {
      assertThat(event.id()).isEqualTo(UsageEvent.idFrom("log", "msg_1"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"message", "log", "response", "payload", "body"})
  void answerAsText_isReadAlike(String name) throws Exception {
    String text = MESSAGE.replace("\\", "\\\\").replace("\"", "\\\"");
    UsageEvent event =
        event("{\"@timestamp\":\"2026-09-30T00:00:00Z\",\"%s\":\"%s\"}".formatted(name, text));
    assertThat(event.tokens().input()).isEqualTo(1_210);
    assertThat(event.occurredAt()).isEqualTo(Instant.parse("2026-09-30T00:00:00Z"));
  }

  @Test
  void countsAsText_areNumbers() throws Exception {
    UsageEvent event =
        event(
            "{\"model\":\"m\",\"usage\":{\"prompt_tokens\":\"100\",\"completion_tokens\":\"20\","
                + "\"prompt_tokens_details\":{\"cached_tokens\":\"64\"}}}");
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(100, 20).cacheRead(64));
    assertThat(event.quality()).isEqualTo(Quality.REPORTED);
    assertThat(event.conditions()).isEmpty();
  }

  /** xAI states reasoning apart from what it calls completion; its total tells. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"id\":\"x\",\"model\":\"grok\",\"usage\":{%s}}",
        "{\"id\":\"x\",\"model\":\"grok\",\"response\":{\"body\":{\"usage\":{%s}}}}",
        "{\"id\":\"x\",\"model\":\"grok\",%s}",
        "{\"id\":\"x\",\"model\":\"grok\",\"token_usage\":{%s}}",
      })
  void reasoningApart_isOutput(String form) throws Exception {
    UsageEvent event =
        event(
            job().provider("xai"),
            form.formatted(
                "\"prompt_tokens\":100,\"completion_tokens\":20,\"total_tokens\":320,"
                    + "\"completion_tokens_details\":{\"reasoning_tokens\":200}"));
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(100, 220).reasoning(200));
    assertThat(event.quality()).isEqualTo(Quality.REPORTED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"model\":\"m\",\"usage\":{%s}}", "{\"model\":\"m\",%s}"})
  void totalThatNothingExplains_isPartial(String form) throws Exception {
    UsageEvent event =
        event(
            form.formatted("\"prompt_tokens\":100,\"completion_tokens\":20,\"total_tokens\":500"));
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(100, 20));
    assertThat(event.quality()).isEqualTo(Quality.PARTIAL);
  }

  @Test
  void geminiAnswer_countsThoughtsAndWhatToolsPutIntoThePrompt() throws Exception {
    UsageEvent event =
        event(
            job().provider("gcp.gemini"),
            """
            {"responseId":"r1","modelVersion":"gemini-m","candidates":[{"finishReason":"STOP"}],
             "usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":7,
              "toolUsePromptTokenCount":100,"cachedContentTokenCount":4,"totalTokenCount":122}}
            """);
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(110, 12).cacheRead(4).reasoning(7));
    assertThat(event.model()).isEqualTo("gemini-m");
    assertThat(event.finishReason()).isEqualTo("STOP");
    assertThat(event.id()).isEqualTo(UsageEvent.idFrom("log", "r1"));
  }

  @Test
  void usageOnTheChoice_isRead() throws Exception {
    UsageEvent event =
        event(
            "{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"model\":\"kimi\",\"choices\":[{"
                + "\"finish_reason\":\"stop\",\"usage\":{\"prompt_tokens\":41,"
                + "\"completion_tokens\":17,\"cached_tokens\":16}}]}");
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(41, 17).cacheRead(16));
  }

  @Test
  void itemsOfTheOutput_areUnits() throws Exception {
    UsageEvent event =
        event(
            job().provider("openai"),
            "{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1790856000,"
                + "\"status\":\"completed\",\"model\":\"gpt\",\"output\":["
                + "{\"type\":\"web_search_call\",\"id\":\"w1\",\"status\":\"completed\","
                + "\"action\":{\"type\":\"search\",\"query\":\"q\"}},"
                + "{\"type\":\"web_search_call\",\"id\":\"w2\",\"status\":\"completed\","
                + "\"action\":{\"type\":\"search\",\"query\":\"q\"}},"
                + "{\"type\":\"message\",\"id\":\"m\",\"status\":\"completed\",\"content\":[]}],"
                + "\"usage\":{\"input_tokens\":1000,\"output_tokens\":100,\"total_tokens\":1100}}");
    assertThat(event.units()).isEqualTo(Map.of("web_searches", BigDecimal.valueOf(2)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"cost\":0.0125 | 0.0125",
        "\"cost\":0,\"is_byok\":true,\"cost_details\":{\"upstream_inference_cost\":0.0045} | 0.0045",
        "\"cost\":{\"input_tokens_cost\":0.00001,\"total_cost\":0.00621} | 0.00621",
        "\"cost_in_usd_ticks\":12300000 | 0.00123",
      })
  void statedCost_inAnyForm(String stated, BigDecimal dollars) throws Exception {
    UsageEvent event =
        event(
            "{\"model\":\"m\",\"spend\":9,\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,"
                + stated
                + "}}");
    assertThat(event.statedCost()).isEqualTo(Cost.total(dollars, "USD"));
    UsageEvent logged = event("{\"model\":\"m\",\"spend\":9,\"prompt_tokens\":1}");
    assertThat(logged.statedCost()).isEqualTo(Cost.total(BigDecimal.valueOf(9), "USD"));
  }

  @Test
  void iterations_areAddedUp_andThoseOfOtherModelsAreCallsOfTheSameOperation() throws Exception {
    String line =
        "{\"id\":\"msg_1\",\"type\":\"message\",\"model\":\"big\",\"stop_reason\":\"end_turn\","
            + "\"usage\":{\"input_tokens\":20000,\"output_tokens\":800,\"service_tier\":\"batch\","
            + "\"iterations\":[{\"type\":\"compaction\",\"input_tokens\":150000,"
            + "\"output_tokens\":2500},{\"type\":\"message\",\"input_tokens\":20000,"
            + "\"output_tokens\":800},{\"type\":\"advisor_message\",\"model\":\"wise\","
            + "\"input_tokens\":900,\"output_tokens\":60}]}}";
    PriceCatalog prices =
        PriceCatalog.of(
            ModelPrice.perMillion("anthropic", "big", "USD")
                .input("1")
                .output("0")
                .aboveInput(160_000, ModelPrice.perMillion("anthropic", "big", "USD").input("9")),
            ModelPrice.perMillion("anthropic", "wise", "USD").input("100").output("0"));
    UsageImport job = job().prices(prices);

    List<UsageEvent> events = events(job, line.replace("batch", "standard"), line);

    assertThat(events).extracting(UsageEvent::model).containsExactly("big", "wise");
    assertThat(events)
        .extracting(UsageEvent::tokens)
        .containsExactly(TokenCounts.of(170_000, 3_300), TokenCounts.of(900, 60));
    assertThat(events).extracting(UsageEvent::serviceTier).containsOnly("batch");
    assertThat(events.get(1).operationId()).isEqualTo(events.get(0).operationId());
    assertThat(events).extracting(UsageEvent::opensOperation).containsExactly(true, false);
    assertThat(events(job, line))
        .extracting(UsageEvent::id)
        .containsExactly(events.get(0).id(), events.get(1).id());
    // each request is below the threshold
    UsageEvent standard = events(job, line.replace("batch", "standard")).get(0);
    assertThat(standard.cost().total()).isEqualByComparingTo("0.17");
  }

  @Test
  void tier_isThatOfTheRecord_elseThatOfTheImport() throws Exception {
    String usage = "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1%s}";
    String none = "{\"model\":\"m\"," + usage.formatted("") + "}";
    String inside = "{\"model\":\"m\"," + usage.formatted(",\"service_tier\":\"flex\"") + "}";
    String beside = "{\"model\":\"m\",\"service_tier\":\"default\"," + usage.formatted("") + "}";

    assertThat(event(none).serviceTier()).isNull();
    assertThat(event(job().serviceTier("batch"), none).serviceTier()).isEqualTo("batch");
    assertThat(event(job().serviceTier("batch"), inside).serviceTier()).isEqualTo("flex");
    assertThat(event(job().serviceTier("batch"), beside).serviceTier()).isEqualTo("default");
    assertThat(
            event(
                    job().field("serviceTier", "queue"),
                    inside.replace("{\"model\"", "{\"queue\":\"slow\",\"model\""))
                .serviceTier())
        .isEqualTo("slow");
  }

  @Test
  void conditions_ofTheRecordComeBeforeThoseOfTheImport() throws Exception {
    UsageImport job = job().condition("speed", "slow").condition("region", "eu");
    assertThat(event(job, MESSAGE).conditions())
        .isEqualTo(Map.of("speed", "fast", "inference_geo", "us", "region", "eu"));
    assertThat(
            event("{\"model\":\"m\",\"prompt_tokens\":1,\"conditions\":{\"speed\":\"fast\"}}")
                .conditions())
        .isEqualTo(Map.of("speed", "fast"));
    assertThatIllegalArgumentException().isThrownBy(() -> job().condition(" ", "x"));
    assertThatIllegalArgumentException().isThrownBy(() -> job().condition("x", ""));
    UsageImport full = job();
    for (int i = 0; i < UsageEvent.MAX_CONDITIONS; i++) {
      full.condition("c" + i, "v");
    }
    full.condition("c0", "w");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> full.condition("one", "more"))
        .withMessageContaining("at most 8 conditions");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ",\"service_tier\":\"default\"", ",\"service_tier\":\"auto\""})
  void batchOutputOfOpenAi_isOfTheTierOfBatches(String tier) throws Exception {
    String line =
        "{\"id\":\"batch_req_1\",\"custom_id\":\"a\",\"response\":{\"status_code\":200,"
            + "\"request_id\":\"r\",\"body\":{\"id\":\"chatcmpl-9\",\"object\":\"chat.completion\","
            + "\"created\":1790856001,\"model\":\"gpt\""
            + tier
            + ",\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":100}}},\"error\":null}";
    UsageEvent event = event(job().provider("openai"), line);

    assertThat(event.serviceTier()).isEqualTo("batch");
    assertThat(event.occurredAt()).isEqualTo(NOON.plusSeconds(1));
    assertThat(event.id()).isEqualTo(UsageEvent.idFrom("log", "chatcmpl-9"));
    assertThat(event.outcome()).isEqualTo(UsageEvent.Outcome.SUCCESS);
  }

  @Test
  void batchOutputOfEmbeddings_isKnownByTheRequest() throws Exception {
    UsageEvent event =
        event(
            "{\"id\":\"batch_req_2\",\"custom_id\":\"a\",\"response\":{\"status_code\":200,"
                + "\"body\":{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"embedding\":["
                + "0.1,".repeat(9_000)
                + "0.2]}],\"model\":\"embed\",\"usage\":{\"prompt_tokens\":13,"
                + "\"total_tokens\":13}}},\"error\":null}");
    assertThat(event.kind()).isEqualTo(Kind.EMBEDDING);
    assertThat(event.model()).isEqualTo("embed");
    assertThat(event.tokens()).isEqualTo(TokenCounts.input(13));
    assertThat(event.serviceTier()).isEqualTo("batch");
    assertThat(event.id()).isEqualTo(UsageEvent.idFrom("log", "batch_req_2"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"custom_id\":\"a\",\"result\":{\"type\":\"succeeded\",\"message\":%s}}",
        "{\"recordId\":\"a\",\"modelInput\":{\"max_tokens\":5},\"modelOutput\":%s}",
      })
  void resultsOfOtherBatches_areOfTheTierOfBatches(String form) throws Exception {
    String message = MESSAGE.replace("\"service_tier\":\"priority\",", "");
    assertThat(event(form.formatted(message)).serviceTier()).isEqualTo("batch");
    assertThat(event(form.formatted(MESSAGE)).serviceTier()).isEqualTo("priority");
  }

  @Test
  void recordsThatAreNoCalls_areLeftOutAndCounted() throws Exception {
    Path file =
        Files.write(
            directory.resolve("log.jsonl"),
            List.of(
                "{\"custom_id\":\"a\",\"result\":{\"type\":\"errored\",\"error\":{}}}",
                "{\"custom_id\":\"a\",\"result\":{\"type\":\"expired\"}}",
                "{\"custom_id\":\"a\",\"result\":{\"type\":\"canceled\"}}",
                "{\"id\":\"batch_req\",\"custom_id\":\"a\",\"response\":null,\"error\":{}}",
                "{\"id\":\"batch_req\",\"custom_id\":\"a\",\"response\":{\"status_code\":400,"
                    + "\"body\":{\"error\":{}}},\"error\":null}",
                "{\"recordId\":\"a\",\"modelInput\":{},\"error\":{}}",
                // LiteLLM answered from its own cache
                "{\"request_id\":\"c\",\"cache_hit\":\"True\",\"model\":\"m\",\"prompt_tokens\":5}",
                "{\"resourceSpans\":[]}",
                "{\"trace_id\":\"t\",\"span_id\":\"s\",\"start_time\":\"2026-10-01T12:00:00Z\","
                    + "\"attributes\":{\"http.request.method\":\"GET\"}}"));
    var events = new ArrayList<UsageEvent>();
    ImportProgress progress = job().run(ImportSource.jsonLines(file), events::addAll);

    assertThat(events).isEmpty();
    assertThat(progress.leftOut()).isEqualTo(8); // the document has no spans
    assertThat(progress.rejected()).isZero();
  }

  @Test
  void liteLlm_takesTheBlockOfTheProviderBesideItsOwnSums() throws Exception {
    UsageEvent event =
        event(
            "{\"request_id\":\"q\",\"model\":\"m\",\"custom_llm_provider\":\"openai\","
                + "\"spend\":0.5,\"cache_hit\":\"False\",\"prompt_tokens\":300,"
                + "\"completion_tokens\":30,\"total_tokens\":330,\"metadata\":{\"usage_object\":{"
                + "\"prompt_tokens\":300,\"completion_tokens\":30,\"total_tokens\":330,"
                + "\"prompt_tokens_details\":{\"cached_tokens\":256}}}}");
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(300, 30).cacheRead(256));
    assertThat(event.id()).isEqualTo(UsageEvent.idFrom("log", "openai/q"));
  }

  /** The AI SDK's words look like Bedrock's, and say more. */
  @Test
  void namesThatOnlyLogsUse_completeWhatIsRead() throws Exception {
    UsageEvent event =
        event(
            "{\"model\":\"m\",\"usage\":{\"inputTokens\":100,\"outputTokens\":20,"
                + "\"totalTokens\":120,\"cachedInputTokens\":64,\"reasoningTokens\":8}}");
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(100, 20).cacheRead(64).reasoning(8));
    assertThat(event.quality()).isEqualTo(Quality.REPORTED);
  }

  @Test
  void countsTheHostNames_comeBeforeThoseOfTheAnswer() throws Exception {
    UsageEvent event =
        event(
            job().field("prompt", "billed.in").field("output", "billed.out"),
            MESSAGE.replaceFirst("\\{", "{\"billed\":{\"in\":77,\"out\":5},"));
    assertThat(event.tokens().input()).isEqualTo(77);
    assertThat(event.tokens().output()).isEqualTo(5);
    assertThat(event.units()).isEqualTo(Map.of("web_searches", BigDecimal.valueOf(3)));
  }

  @Test
  void documentOfSpans_isARecordForEach() throws Exception {
    String span =
        "{\"traceId\":\"t\",\"spanId\":\"%s\",\"kind\":3,\"status\":{},"
            + "\"startTimeUnixNano\":\"1790856000000000000\","
            + "\"endTimeUnixNano\":\"1790856002000000000\",\"attributes\":["
            + "{\"key\":\"gen_ai.provider.name\",\"value\":{\"stringValue\":\"openai\"}},"
            + "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"%s\"}},"
            + "{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"gpt\"}},"
            + "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"50\"}},"
            + "{\"key\":\"gen_ai.usage.output_tokens\",\"value\":{\"intValue\":\"%s\"}}]}";
    String document =
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[]},\"scopeSpans\":[{\"scope\":{},"
            + "\"spans\":["
            + String.join(
                ",",
                span.formatted("a", "chat", "1"),
                span.formatted("b", "invoke_agent", "1"),
                span.formatted("c", "execute_tool", "1"),
                span.formatted("d", "embeddings", "many"),
                span.formatted("e", "embeddings", "4"))
            + "]}]}]}";
    var told = new ArrayList<String>();
    List<UsageEvent> events =
        events(
            UsageImport.from("log")
                .skipBadRecords((record, reason) -> told.add(record.where() + ": " + reason)),
            document);

    assertThat(events).extracting(UsageEvent::kind).containsExactly(Kind.CHAT, Kind.EMBEDDING);
    assertThat(events.get(0).duration()).isEqualTo(Duration.ofSeconds(2));
    assertThat(events.get(0).id()).isEqualTo(UsageEvent.idFrom("log", "t/a"));
    assertThat(told)
        .containsExactly("log.jsonl, line 1, span 4: output must be a number, but is 'many'");
  }

  @Test
  void spanOfTheConsoleExporter_isRead() throws Exception {
    UsageEvent event =
        event(
            """
            {"name":"chat gpt","context":{"trace_id":"0x1","span_id":"0x2"},"kind":"SpanKind.CLIENT",
             "start_time":"2026-10-01T12:00:00.000000Z","end_time":"2026-10-01T12:00:01.000000Z",
             "status":{"status_code":"UNSET"},"attributes":{"gen_ai.system":"openai",
             "gen_ai.operation.name":"text_completion","gen_ai.request.model":"gpt",
             "gen_ai.usage.prompt_tokens":9,"gen_ai.usage.completion_tokens":4}}
            """);
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(9, 4));
    assertThat(event.kind()).isEqualTo(Kind.COMPLETION);
    assertThat(event.id()).isEqualTo(UsageEvent.idFrom("log", "0x1/0x2"));
  }

  @Test
  void providerOf_namesThatOfRecordsWhichNameNone() throws Exception {
    UsageImport job = job().providerOf(model -> model.startsWith("gpt") ? "openai" : null);
    assertThat(event(job, "{\"model\":\"gpt-x\",\"prompt_tokens\":1}").provider())
        .isEqualTo("openai");
    assertThat(event(job, MESSAGE).provider()).isEqualTo("anthropic");
    assertThat(
            event(job, "{\"model\":\"gpt-x\",\"provider\":\"azure\",\"prompt_tokens\":1}")
                .provider())
        .isEqualTo("azure");
  }

  /** A log that stamps its own time, on an answer that was over before. */
  @Test
  void endOfTheAnswer_isNoEndOfWhatItsLogBegan() throws Exception {
    UsageEvent event =
        event(
            "{\"timestamp\":\"2026-10-01T12:00:00Z\",\"payload\":{\"id\":\"resp_1\","
                + "\"model\":\"m\",\"created_at\":1790000000,\"completed_at\":1790000009,"
                + "\"usage\":{\"input_tokens\":1,\"output_tokens\":1,\"total_tokens\":2}}}");
    assertThat(event.occurredAt()).isEqualTo(NOON);
    assertThat(event.duration()).isZero();
  }

  @Test
  void usageThatIsOfSomethingElse_isIgnored() throws Exception {
    UsageEvent event =
        event("{\"model\":\"m\",\"usage\":{\"cpu\":5,\"disk\":\"full\"},\"prompt_tokens\":3}");
    assertThat(event.tokens()).isEqualTo(TokenCounts.input(3));
    assertThat(event.conditions()).isEmpty();
  }

  @Test
  void figureThatIsNone_isUnknownAsInLiveCapture() throws Exception {
    UsageEvent event =
        event("{\"model\":\"m\",\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":7}}");
    assertThat(event.tokens().input()).isNull();
    assertThat(event.tokens().output()).isEqualTo(7);
    assertThat(event.quality()).isEqualTo(Quality.PARTIAL);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"cost\":1e-100000000 | cost must be",
        "\"cost\":1e100000000 | cost must be",
        "\"cost\":\"1e-100000000\" | cost must be",
        "\"duration_ms\":1e100000000 | duration_ms must be",
        "\"prompt_tokens\":1e100000000 | prompt must be",
        "\"time\":1e100000000 | start must be a time",
        "\"time\":1e-100000000 | start must be a time",
        "\"step\":1e100000000,\"operation_id\":\"o\" | step must be",
      })
  void numberBeyondAllMeasure_isRefusedWithoutDelay(String more, String message) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () ->
            assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> event("{\"model\":\"m\"," + more + "}"))
                .withMessageContaining(message.replace("duration_ms", "millis")));
  }

  @Test
  void costOfTheProvider_beyondAllMeasure_isNone() throws Exception {
    UsageEvent event =
        event(
            "{\"model\":\"m\",\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,"
                + "\"cost\":1e100000000}}");
    assertThat(event.statedCost()).isNull();
  }
}
