package io.github.usage4j.backfill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of records as other systems write them. */
class FieldNamesTest {

  private static final Instant AT = Instant.parse("2026-10-01T12:00:00Z");
  private static final String BASE =
      "\"id\":\"r1\",\"provider\":\"openai\",\"model\":\"m\",\"timestamp\":\"2026-10-01T12:00:00Z\"";

  @TempDir Path directory;

  private UsageEvent event(UsageImport into, String json) throws Exception {
    Path file = Files.writeString(directory.resolve("one.jsonl"), json.replace("\n", "") + "\n");
    var events = new ArrayList<UsageEvent>();
    into.run(ImportSource.jsonLines(file), events::addAll);
    assertThat(events).hasSize(1);
    return events.get(0);
  }

  private UsageEvent event(String json) throws Exception {
    return event(UsageImport.from("old"), json);
  }

  private TokenCounts tokens(String usage) throws Exception {
    return event("{" + BASE + "," + usage + "}").tokens();
  }

  @Test
  void openAi_chatCompletion_countsTheCacheAsPartOfTheInput() throws Exception {
    UsageEvent event =
        event(
            UsageImport.from("log").provider("openai"),
            """
            {"id":"chatcmpl-1","object":"chat.completion","created":1790856000,"model":"gpt-4o",
             "service_tier":"default","choices":[{"finish_reason":"stop","message":{"content":"x"}}],
             "usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,
              "prompt_tokens_details":{"cached_tokens":64,"audio_tokens":3},
              "completion_tokens_details":{"reasoning_tokens":8,"audio_tokens":0}}}
            """);

    assertThat(event.tokens())
        .isEqualTo(new TokenCounts(100L, 20L, 64L, null, null, 8L, 3L, 0L, null));
    assertThat(event.occurredAt()).isEqualTo(AT);
    assertThat(event.finishReason()).isEqualTo("stop");
    assertThat(event.id()).isEqualTo(UsageEvent.idFrom("log", "chatcmpl-1"));
  }

  @Test
  void anthropic_message_addsWhatItCountsBesideTheInput() throws Exception {
    assertThat(
            tokens(
                """
                "usage":{"input_tokens":10,"cache_read_input_tokens":1000,"output_tokens":7,
                "cache_creation_input_tokens":200,
                "cache_creation":{"ephemeral_1h_input_tokens":50,"ephemeral_5m_input_tokens":150}}
                """))
        .isEqualTo(new TokenCounts(1_210L, 7L, 1_000L, 200L, 50L, null, null, null, null));
  }

  @Test
  void openAi_response_countsTheCacheAsPartOfTheInput() throws Exception {
    assertThat(
            tokens(
                "\"usage\":{\"input_tokens\":90,\"output_tokens\":5,"
                    + "\"input_tokens_details\":{\"cached_tokens\":40}}"))
        .isEqualTo(TokenCounts.of(90, 5).cacheRead(40));
  }

  @Test
  void liteLlm_spendLog_isRead() throws Exception {
    UsageEvent event =
        event(
            UsageImport.from("litellm").localTimesIn(ZoneId.of("UTC")),
            """
            {"request_id":"q-7","call_type":"acompletion","spend":1.2345000000000000001e-05,
             "prompt_tokens":300,"completion_tokens":30,"total_tokens":330,
             "cache_read_input_tokens":200,"startTime":"2026-10-01 12:00:00.250000",
             "endTime":"2026-10-01T12:00:01.250000+00:00","completionStartTime":"2026-10-01T12:00:00.750Z",
             "model":"claude","custom_llm_provider":"anthropic","user":"ada","team_id":"acme",
             "end_user":"c7","session_id":"s1","status":"success","api_base":"https://x","metadata":{}}
            """);

    assertThat(event.tokens()).isEqualTo(TokenCounts.of(300, 30).cacheRead(200));
    assertThat(event.duration()).isEqualTo(Duration.ofSeconds(1));
    assertThat(event.timeToFirstToken()).isEqualTo(Duration.ofMillis(500));
    assertThat(event.provider()).isEqualTo("anthropic");
    assertThat(event.attribution())
        .isEqualTo(Attribution.organization("acme").user("ada").customer("c7").session("s1"));
    assertThat(event.statedCost().total()).isEqualTo(new BigDecimal("0.000012345"));
    assertThat(event.cost()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        """
        {"traceId":"t1","spanId":"p1","startTimeUnixNano":"1790856000000000000",
         "endTimeUnixNano":"1790856002000000000","status":{"code":1},"attributes":{
         "gen_ai.provider.name":"openai","gen_ai.operation.name":"chat",
         "gen_ai.request.model":"gpt","gen_ai.response.model":"gpt-1","gen_ai.conversation.id":"s1",
         "gen_ai.usage.input_tokens":50,"gen_ai.usage.output_tokens":6,
         "gen_ai.usage.cache_read.input_tokens":30,"gen_ai.response.finish_reasons":["stop"]}}
        """,
        """
        {"traceId":"t1","spanId":"p1","startTimeUnixNano":"1790856000000000000",
         "endTimeUnixNano":"1790856002000000000","status":{"code":1},"attributes":[
         {"key":"gen_ai.provider.name","value":{"stringValue":"openai"}},
         {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
         {"key":"gen_ai.request.model","value":{"stringValue":"gpt"}},
         {"key":"gen_ai.response.model","value":{"stringValue":"gpt-1"}},
         {"key":"gen_ai.conversation.id","value":{"stringValue":"s1"}},
         {"key":"gen_ai.response.finish_reasons","value":{"arrayValue":
          {"values":[{"stringValue":"stop"}]}}},
         {"key":"gen_ai.usage.input_tokens","value":{"intValue":"50"}},
         {"key":"gen_ai.usage.output_tokens","value":{"intValue":"6"}},
         {"key":"gen_ai.usage.cache_read.input_tokens","value":{"intValue":"30"}}]}
        """
      })
  void openTelemetry_span_isRead(String json) throws Exception {
    UsageEvent event = event(json);

    assertThat(event.id()).isEqualTo(UsageEvent.idFrom("old", "t1/p1"));
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(50, 6).cacheRead(30));
    assertThat(event.duration()).isEqualTo(Duration.ofSeconds(2));
    assertThat(event.model()).isEqualTo("gpt-1");
    assertThat(event.requestModel()).isEqualTo("gpt");
    assertThat(event.attribution().session()).isEqualTo("s1");
  }

  @Test
  void batchOutput_wrappedAnswer_isRead() throws Exception {
    UsageEvent event =
        event(
            UsageImport.from("batch").provider("openai"),
            """
            {"id":"b1","custom_id":"x","response":{"status_code":200,"request_id":"r","body":
             {"id":"c","object":"chat.completion","created":1790856000,"model":"gpt",
             "usage":{"prompt_tokens":4,"completion_tokens":2}}},"error":null}
            """);
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(4, 2));
  }

  @Test
  void unknownCounts_stayUnknown() throws Exception {
    assertThat(tokens("\"total_tokens\":12")).isEqualTo(TokenCounts.UNKNOWN);
  }

  @ParameterizedTest
  @CsvSource({
    "1790856000,2026-10-01T12:00:00Z",
    "1790856000.5,2026-10-01T12:00:00.500Z",
    "1790856000123,2026-10-01T12:00:00.123Z",
    "1790856000123456,2026-10-01T12:00:00.123456Z",
    "1790856000123456789,2026-10-01T12:00:00.123456Z",
    "'\"2026-10-01 14:00:00+02:00\"',2026-10-01T12:00:00Z",
    "'\"2026-09-30T23:59:59.9999999-12:00\"',2026-10-01T11:59:59.999999Z",
  })
  void time_inManyForms_isExact(String written, Instant expected) throws Exception {
    assertThat(event("{\"provider\":\"p\",\"model\":\"m\",\"time\":" + written + "}").occurredAt())
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"prompt_tokens\":-1 | input tokens must not be negative",
        "\"prompt_tokens\":1.5 | prompt must be a whole number",
        "\"prompt_tokens\":\"many\" | prompt must be a number, but is 'many'",
        "\"prompt_tokens\":1000000000001 | at most 1000000000000",
        "\"prompt_tokens\":1e999999999 | must be",
        "\"status\":\"perhaps\" | outcome must be one of",
        "\"kind\":\"invoke_agent\" | kind must be one of",
        "\"user\":\" ada\" | must not begin or end with white space",
        "\"end_time\":\"2026-10-01T11:00:00Z\" | duration must be between",
        "\"cost\":-1 | must not be negative",
        "\"cost\":1,\"currency\":\"coins\" | currency must be an ISO 4217 code",
      })
  void badValue_isNamedWithItsLine(String more, String message) throws Exception {
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> event("{" + BASE + "," + more.strip() + "}"))
        .withMessageContaining("one.jsonl, line 1: ")
        .withMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"model\":\"m\",\"provider\":\"p\"} | start is missing",
        "{\"model\":\"m\",\"time\":1790856000} | provider is missing",
        "{\"provider\":\"p\",\"time\":1790856000} | model is missing",
        "{\"provider\":\"p\",\"model\":\"m\",\"time\":\"2026-10-01 12:00\"} | has no time zone",
        "{\"provider\":\"p\",\"model\":\"m\",\"time\":\"yesterday\"} | start must be a time",
        "[1] | not a JSON object",
        "{\"a\":1} x | not a JSON object",
        "{\"a\": | not a JSON object",
        "null | not a JSON object",
      })
  void recordThatIsNoCall_isNamedWithItsLine(String json, String message) throws Exception {
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> event(json))
        .withMessageContaining("one.jsonl, line 1: ")
        .withMessageContaining(message);
  }

  @Test
  void field_ofTheHost_comesFirst() throws Exception {
    UsageEvent event =
        event(
            UsageImport.from("x").field("organization", "account.number").field("user", "who"),
            "{" + BASE + ",\"organization\":\"o\",\"account\":{\"number\":17},\"user\":\"u\"}");
    assertThat(event.attribution()).isEqualTo(Attribution.organization("17").user("u"));
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(() -> UsageImport.from("x").field("colour", "c"))
        .withMessageContaining("'colour'");
  }

  @Test
  void kindAndOutcome_areMapped() throws Exception {
    for (List<Object> row :
        List.<List<Object>>of(
            List.of("\"call_type\":\"aembedding\"", Kind.EMBEDDING, Outcome.SUCCESS),
            List.of("\"object\":\"text_completion\"", Kind.COMPLETION, Outcome.SUCCESS),
            List.of("\"status\":\"failure\"", Kind.CHAT, Outcome.ERROR),
            List.of("\"status\":429", Kind.CHAT, Outcome.ERROR),
            List.of("\"status\":\"STATUS_CODE_ERROR\"", Kind.CHAT, Outcome.ERROR),
            List.of("\"error.type\":\"timeout\"", Kind.CHAT, Outcome.ERROR))) {
      UsageEvent event = event("{" + BASE + "," + row.get(0) + "}");
      assertThat(List.of(event.kind(), event.outcome())).isEqualTo(row.subList(1, 3));
    }
  }
}
