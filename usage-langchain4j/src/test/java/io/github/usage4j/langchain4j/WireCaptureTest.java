package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.LoopbackOpenAi.USAGE;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.answer;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.events;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.json;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.piece;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.stop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.http.client.HttpClient;
import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.http.client.log.LoggingHttpClient;
import dev.langchain4j.model.anthropic.AnthropicStreamingChatModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelRequestContext;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.googleai.GoogleAiGeminiChatModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEvent.Source;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real clients with a decorated HTTP client, against an endpoint on this machine. */
class WireCaptureTest {

  private static final String KEY = "sk-very-secret";
  private static final String PROMPT = "the prompt that nobody may keep";

  private static final String REFUSED_BY_GEMINI =
      "{\"modelVersion\":\"gemini-2.5-flash\",\"candidates\":[{\"finishReason\":\"NEVER_HEARD_OF\"}],"
          + "\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":2,"
          + "\"thoughtsTokenCount\":3,\"totalTokenCount\":15}}";

  private static final String ANSWER_OF_GEMINI =
      "{\"modelVersion\":\"gemini-2.5-flash\",\"candidates\":[{\"content\":{\"role\":\"model\","
          + "\"parts\":[{\"text\":\"Hello\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":"
          + "{\"promptTokenCount\":100,\"candidatesTokenCount\":20,\"totalTokenCount\":120}}";

  private final Ledger ledger = new Ledger();
  private LoopbackOpenAi server;
  private int unreadable;

  @AfterEach
  void stopServer() {
    if (server != null) {
      server.close();
    }
    assertThat(ledger.anomalies).hasValue(unreadable);
  }

  private String serve(LoopbackOpenAi.Reply... replies) {
    server = new LoopbackOpenAi(replies);
    return server.url();
  }

  private static OpenAiChatModel.OpenAiChatModelBuilder openAi(String url) {
    return OpenAiChatModel.builder()
        .httpClientBuilder(UsageHttpClient.builder())
        .baseUrl(url)
        .apiKey(KEY)
        .modelName("gpt-4o-mini")
        .maxRetries(0);
  }

  private static ChatModel gemini(String url, int retries) {
    return GoogleAiGeminiChatModel.builder()
        .httpClientBuilder(UsageHttpClient.builder())
        .baseUrl(url)
        .apiKey(KEY)
        .modelName("gemini-2.5-flash")
        .maxRetries(retries)
        .build();
  }

  private void assertCall(String figures, int attempts, Quality quality, Source source) {
    UsageEvent event = ledger.only();
    assertThat(Ledger.figures(event)).isEqualTo(figures);
    assertThat(event.attempts()).isEqualTo(attempts);
    assertThat(event.quality()).isEqualTo(quality);
    assertThat(event.source()).isEqualTo(source);
  }

  @Test
  void answer_isReadFromTheWire() {
    ledger.models.wrap(openAi(serve(answer(USAGE))).build()).chat(PROMPT);

    assertCall("150/20", 1, Quality.REPORTED, Source.WIRE);
    UsageEvent event = ledger.only();
    assertThat(event.tokens())
        .isEqualTo(TokenCounts.of(150, 20).cacheRead(90).cacheWrite(30).reasoning(7));
    assertThat(event.responseModel()).isEqualTo("gpt-4o-mini-2024-07-18");
    assertThat(event.serviceTier()).isEqualTo("flex");
  }

  @Test
  void refusedAnswers_areSummedOverAllRetries() {
    ChatModel model = gemini(serve(json(200, REFUSED_BY_GEMINI)), 2);

    assertThatThrownBy(() -> ledger.models.wrap(model).chat(PROMPT))
        .hasStackTraceContaining("NEVER_HEARD_OF");

    assertThat(server.requests).hasValue(3);
    assertCall("30/15 ERROR", 3, Quality.REPORTED, Source.WIRE);
    assertThat(ledger.only().tokens().reasoning()).isEqualTo(9);
    assertThat(ledger.only().responseModel()).isEqualTo("gemini-2.5-flash");
  }

  @Test
  void refusedAnswerThenGoodOne_areSummed() {
    ChatModel model = gemini(serve(json(200, REFUSED_BY_GEMINI), json(200, ANSWER_OF_GEMINI)), 2);

    ledger.models.wrap(model).chat(PROMPT);

    assertCall("110/25", 2, Quality.REPORTED, Source.WIRE);
  }

  @Test
  void errorOfTheProviderThenAnswer_isOneUsageOfTwoAttempts() {
    var busy = json(503, "{\"error\":{\"message\":\"busy\"},\"usage\":{\"prompt_tokens\":9}}");
    ChatModel model = openAi(serve(busy, answer(USAGE))).maxRetries(2).build();

    ledger.models.wrap(model).chat(PROMPT);

    assertCall("150/20", 2, Quality.REPORTED, Source.WIRE);
  }

  @Test
  void silentAnswerThenGoodOne_isPartial() {
    ChatModel model =
        gemini(
            serve(
                json(200, "{\"candidates\":[{\"finishReason\":\"NEVER_HEARD_OF\"}]}"),
                json(200, ANSWER_OF_GEMINI)),
            1);

    ledger.models.wrap(model).chat(PROMPT);

    assertCall("100/20", 2, Quality.PARTIAL, Source.WIRE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // more than one choice; filtered
        "{'choices':[{'index':0,'message':{'content':'a'}},{'index':1,'message':{'content':'b'}}],USAGE}"
            + " | 150/20 ERROR | REPORTED",
        "{'choices':[{'index':0,'finish_reason':'content_filter'}],USAGE} | 150/20 ERROR | REPORTED",
        // cut off after and before the usage
        "{USAGE,'choices':[{'index':0,'mess | 150/20 ERROR | REPORTED",
        "{'choices':[{'index':0,'message':{'content':'a | null/null ERROR | MISSING",
        "{'choices':[]} | null/null ERROR | MISSING",
        "{'usage':{},'choices':[]} | null/null ERROR | MISSING",
        "{'usage':7,'choices':[]} | null/null ERROR | MISSING",
        "nonsense with usage | null/null ERROR | MISSING",
      })
  void refusedAnswer_countsAsFarAsItWasRead(String body, String figures, Quality quality) {
    String text = body.replace('\'', '"').replace("USAGE", USAGE);
    ChatModel model = openAi(serve(json(200, text))).build();

    unreadable = text.endsWith("}") ? 0 : 1;

    RuntimeException unwrapped = thrownBy(model);
    RuntimeException wrapped = thrownBy(ledger.models.wrap(model));

    assertThat(wrapped).hasSameClassAs(unwrapped).hasMessage(unwrapped.getMessage());
    assertCall(figures, 1, quality, quality == Quality.MISSING ? null : Source.WIRE);
  }

  private static RuntimeException thrownBy(ChatModel model) {
    try {
      model.chat(PROMPT);
    } catch (RuntimeException e) {
      return e;
    }
    throw new AssertionError("answered");
  }

  @Test
  void compressedAnswer_isMissing() throws Exception {
    var compressed = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(compressed)) {
      gzip.write(("{\"choices\":[]," + USAGE + "}").getBytes(StandardCharsets.UTF_8));
    }
    ChatModel model =
        openAi(
                serve(
                    exchange -> {
                      exchange.getResponseHeaders().set("content-type", "application/json");
                      exchange.getResponseHeaders().set("content-encoding", "gzip");
                      exchange.sendResponseHeaders(200, compressed.size());
                      compressed.writeTo(exchange.getResponseBody());
                    }))
            .build();

    thrownBy(ledger.models.wrap(model));

    assertCall("null/null ERROR", 1, Quality.MISSING, null);
    unreadable = 1;
  }

  @Test
  void answerWithoutUsage_isMissing() {
    ledger.models.wrap(openAi(serve(answer(""))).build()).chat(PROMPT);

    assertCall("null/null", 1, Quality.MISSING, null);
  }

  @Test
  void batchesOfEmbeddings_areSummed() {
    String one = "{\"data\":[{\"index\":0,\"embedding\":[1.0]}],\"usage\":{\"prompt_tokens\":";
    var model =
        OpenAiEmbeddingModel.builder()
            .httpClientBuilder(UsageHttpClient.builder())
            .baseUrl(serve(json(200, one + "4}}"), json(200, one + "5}}"), json(200, one + "6}}")))
            .apiKey(KEY)
            .modelName("text-embedding-3-small")
            .maxSegmentsPerBatch(1)
            .build();

    ledger
        .models
        .wrap(model)
        .embedAll(List.of(TextSegment.from("a"), TextSegment.from("b"), TextSegment.from("c")));

    assertCall("15/null", 3, Quality.REPORTED, Source.WIRE);
  }

  @Test
  void tokensMapperOfTheHost_comesFirst() {
    ledger
        .models
        .tokens(usage -> java.util.Optional.of(TokenCounts.of(1, 2)))
        .wrap(openAi(serve(answer(USAGE))).build())
        .chat(PROMPT);

    assertCall("1/2", 1, Quality.REPORTED, Source.HOST);
  }

  // Streams

  private StreamingChatModel anthropic(LoopbackOpenAi.Reply reply) {
    return AnthropicStreamingChatModel.builder()
        .httpClientBuilder(UsageHttpClient.builder())
        .baseUrl(serve(reply))
        .apiKey(KEY)
        .modelName("claude-sonnet-4")
        .build();
  }

  private static final String MESSAGE_START =
      "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"claude-sonnet-4\","
          + "\"usage\":{\"input_tokens\":100,\"cache_creation_input_tokens\":50,"
          + "\"cache_read_input_tokens\":25,\"output_tokens\":1}}}";

  private static LoopbackOpenAi.Reply anthropicEvents(String... data) {
    return exchange -> {
      exchange.getResponseHeaders().set("content-type", "text/event-stream");
      exchange.sendResponseHeaders(200, 0);
      var text = new StringBuilder();
      for (String event : data) {
        String type = event.replaceFirst("\\{\"type\":\"(\\w+)\".*", "$1");
        text.append("event: ").append(type).append("\ndata: ").append(event).append("\n\n");
      }
      exchange.getResponseBody().write(text.toString().getBytes(StandardCharsets.UTF_8));
      exchange.getResponseBody().close();
    };
  }

  private static String text(String text) {
    return "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
        + "\"text\":\""
        + text
        + "\"}}";
  }

  private static final String BLOCK_START =
      "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
          + "\"text\":\"\"}}";

  private StreamingChatModel openAiStreaming(LoopbackOpenAi.Reply... replies) {
    return OpenAiStreamingChatModel.builder()
        .httpClientBuilder(UsageHttpClient.builder())
        .baseUrl(serve(replies))
        .apiKey(KEY)
        .modelName("gpt-4o-mini")
        .build();
  }

  /** Waits for the end. */
  private static final class Waiting implements StreamingChatResponseHandler {
    final CompletableFuture<String> done = new CompletableFuture<>();

    @Override
    public void onCompleteResponse(ChatResponse response) {
      done.complete("complete");
    }

    @Override
    public void onError(Throwable error) {
      done.complete("error");
    }
  }

  private String ended(StreamingChatModel model) throws Exception {
    var handler = new Waiting();
    ledger.models.wrap(model).chat(PROMPT, handler);
    return handler.done.get(60, TimeUnit.SECONDS);
  }

  @Test
  void streamOfOpenAi_isReadFromTheWire() throws Exception {
    var model = openAiStreaming(events(piece("a"), stop(), LoopbackOpenAi.usage(), "[DONE]"));

    assertThat(ended(model)).isEqualTo("complete");

    assertCall("150/20", 1, Quality.REPORTED, Source.WIRE);
  }

  @Test
  void streamOfAnthropic_isReadBeforeTheClientEndsIt() throws Exception {
    var model =
        anthropic(
            anthropicEvents(
                MESSAGE_START,
                BLOCK_START,
                text("a"),
                "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
                    + "\"usage\":{\"output_tokens\":9}}",
                "{\"type\":\"message_stop\"}"));

    assertThat(ended(model)).isEqualTo("complete");

    assertCall("175/9", 1, Quality.REPORTED, Source.WIRE);
  }

  @Test
  void streamThatFails_hasWhatItStatedBefore() throws Exception {
    var model =
        anthropic(
            anthropicEvents(
                MESSAGE_START,
                BLOCK_START,
                text("a"),
                "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"no\"}}"));

    assertThat(ended(model)).isEqualTo("error");
    ledger.tracker.close(); // the call is held until then

    assertCall("175/1 ERROR", 1, Quality.PARTIAL, Source.WIRE);
  }

  @Test
  void streamThatGoesOnAfterAnError_hasOneEndWithItsFigures() throws Exception {
    var model =
        openAiStreaming(
            events(piece("a"), "{broken", piece("b"), stop(), LoopbackOpenAi.usage(), "[DONE]"));

    var complete = new CompletableFuture<ChatResponse>();
    ledger
        .models
        .wrap(model)
        .chat(
            PROMPT,
            new StreamingChatResponseHandler() {
              @Override
              public void onCompleteResponse(ChatResponse response) {
                complete.complete(response);
              }

              @Override
              public void onError(Throwable error) {}
            });
    complete.get(60, TimeUnit.SECONDS); // it is recorded before the host learns of its end

    assertCall("150/20", 1, Quality.REPORTED, Source.WIRE);
  }

  // Whose exchange it is

  @Test
  void modelsThatShareABuilder_haveTheirOwnFigures() {
    HttpClientBuilder shared = UsageHttpClient.builder();
    String url = serve(answer(USAGE), answer(USAGE.replace("150", "151")));
    ChatModel one = openAi(url).httpClientBuilder(shared).timeout(Duration.ofSeconds(9)).build();
    ChatModel two = openAi(url).httpClientBuilder(shared).build();

    ledger.models.wrap(one).chat(PROMPT);
    ledger.models.wrap(two).chat(PROMPT);

    assertThat(ledger.figures()).containsExactly("150/20", "151/20");
  }

  @Test
  void trackedCallOfAListener_isItsOwn() {
    String url =
        serve(answer(USAGE.replace("150", "1000")), answer(USAGE)); // the listener's comes first
    ChatModel inner = ledger.models.wrap(openAi(url).build());
    var listener =
        new ChatModelListener() {
          @Override
          public void onRequest(ChatModelRequestContext context) {
            inner.chat("inner");
          }
        };

    ledger.models.wrap(openAi(url).listeners(List.of(listener)).build()).chat(PROMPT);

    assertThat(ledger.figures()).containsExactly("1000/20", "150/20");
    assertThat(ledger.events()).allMatch(event -> event.attempts() == 1);
  }

  @Test
  void untrackedCallInACallback_isNobodys() throws Exception {
    var model =
        openAiStreaming(
            events(piece("a"), stop(), LoopbackOpenAi.usage(), "[DONE]"),
            answer(USAGE.replace("150", "1000")));
    ChatModel untracked = openAi(server.url()).build();
    var done = new CompletableFuture<String>();

    ledger
        .models
        .wrap(model)
        .chat(
            PROMPT,
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String text) {
                untracked.chat("aside");
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                done.complete("complete");
              }

              @Override
              public void onError(Throwable error) {
                done.completeExceptionally(error);
              }
            });
    done.get(60, TimeUnit.SECONDS);

    assertThat(server.requests).hasValue(2);
    assertCall("150/20", 1, Quality.REPORTED, Source.WIRE);
  }

  @Test
  void untrackedModel_worksAndIsNotCounted() {
    assertThat(openAi(serve(answer(USAGE))).build().chat(PROMPT)).isEqualTo("Hello");

    assertThat(ledger.events()).isEmpty();
  }

  @Test
  void decoratedTwice_isCountedOnce() {
    HttpClientBuilder twice = UsageHttpClient.builder(new Hiding(UsageHttpClient.builder()));

    ledger.models.wrap(openAi(serve(answer(USAGE))).httpClientBuilder(twice).build()).chat(PROMPT);

    assertCall("150/20", 1, Quality.REPORTED, Source.WIRE);
  }

  /** A builder of the host's that hides a decorated one. */
  private record Hiding(HttpClientBuilder inside) implements HttpClientBuilder {

    @Override
    public Duration connectTimeout() {
      return inside.connectTimeout();
    }

    @Override
    public HttpClientBuilder connectTimeout(Duration timeout) {
      inside.connectTimeout(timeout);
      return this;
    }

    @Override
    public Duration readTimeout() {
      return inside.readTimeout();
    }

    @Override
    public HttpClientBuilder readTimeout(Duration timeout) {
      inside.readTimeout(timeout);
      return this;
    }

    @Override
    public HttpClient build() {
      return new LoggingHttpClient(inside.build(), false, false);
    }
  }

  @Test
  void nothingOfKeyPromptOrAnswer_isKept() {
    HttpClientBuilder builder = UsageHttpClient.builder();
    ChatModel model = openAi(serve(answer(USAGE))).httpClientBuilder(builder).build();
    ledger.models.wrap(model).chat(PROMPT);

    assertThat(ledger.only() + " " + builder + " " + builder.build() + " " + builder.hashCode())
        .doesNotContain(KEY)
        .doesNotContain(PROMPT)
        .doesNotContain("Hello");
    assertThat(WireExchange.class.getDeclaredFields())
        .extracting(field -> field.getType().getSimpleName())
        .containsExactlyInAnyOrder("Settings", "WireCapture", "RawUsage", "Seen");
    assertThat(WireCapture.class.getDeclaredFields())
        .extracting(field -> field.getType().getSimpleName())
        .contains("Settings", "TrackedCall", "List")
        .doesNotContain("ChatRequest", "HttpRequest", "String");
  }
}
