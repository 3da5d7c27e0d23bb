package io.github.usage4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.model.anthropic.AnthropicStreamingChatModel;
import dev.langchain4j.model.bedrock.BedrockStreamingChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.googleai.GoogleAiGeminiStreamingChatModel;
import dev.langchain4j.model.mistralai.MistralAiStreamingChatModel;
import dev.langchain4j.model.ollama.OllamaStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiResponsesStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.langchain4j.internal.EventStreams;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.regions.Region;

/**
 * The streaming client of each provider, cancelled while the server goes on: no call is lost, none
 * is counted twice, and what was stated until then is recorded.
 */
class CancelledStreamTest {

  private static final String PROMPT = "the prompt that nobody may keep"; // 11 tokens by the rule

  /** What a provider sends, with the figures that are expected of it. */
  private enum Provider {
    OPENAI(
        url ->
            OpenAiStreamingChatModel.builder()
                .httpClientBuilder(http())
                .baseUrl(url)
                .apiKey("none")
                .modelName("m")
                .build(),
        sse(LoopbackOpenAi.piece("a"), LoopbackOpenAi.piece("b")),
        sse(LoopbackOpenAi.stop(), LoopbackOpenAi.usage()),
        sse(LoopbackOpenAi.piece("c")),
        sse("[DONE]"),
        "11/1 ESTIMATED",
        "150/20 REPORTED"),
    OPENAI_RESPONSES(
        url ->
            OpenAiResponsesStreamingChatModel.builder()
                .httpClientBuilder(http())
                .baseUrl(url)
                .apiKey("none")
                .modelName("m")
                .build(),
        sse(
            "{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}",
            "{\"type\":\"response.output_text.delta\",\"delta\":\"b\"}"),
        sse(
            "{\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"model\":\"m\","
                + "\"output\":[],\"usage\":{\"input_tokens\":10,\"output_tokens\":2,"
                + "\"total_tokens\":12}}}"),
        null,
        sse("[DONE]"),
        "11/1 ESTIMATED",
        null),
    ANTHROPIC(
        url ->
            AnthropicStreamingChatModel.builder()
                .httpClientBuilder(http())
                .baseUrl(url)
                .apiKey("none")
                .modelName("m")
                .build(),
        typed(
            "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"m\",\"usage\":"
                + "{\"input_tokens\":100,\"cache_creation_input_tokens\":50,"
                + "\"cache_read_input_tokens\":25,\"output_tokens\":1}}}",
            "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
                + "\"text\":\"\"}}",
            anthropicText("a"),
            anthropicText("b")),
        typed(
            "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
                + "\"usage\":{\"output_tokens\":9}}"),
        typed(anthropicText("c")),
        typed("{\"type\":\"message_stop\"}"),
        "175/1 PARTIAL",
        "175/9 REPORTED"),
    GEMINI(
        url ->
            GoogleAiGeminiStreamingChatModel.builder()
                .httpClientBuilder(http())
                .baseUrl(url)
                .apiKey("none")
                .modelName("m")
                .build(),
        sse(gemini("a", "", 1), gemini("b", "", 2)),
        new byte[0],
        sse(gemini("c", ",\"finishReason\":\"STOP\"", 3)),
        new byte[0],
        "100/2 PARTIAL",
        "100/3 REPORTED"),
    MISTRAL(
        url ->
            MistralAiStreamingChatModel.builder()
                .httpClientBuilder(http())
                .baseUrl(url)
                .apiKey("none")
                .modelName("m")
                .build(),
        sse(LoopbackOpenAi.piece("a"), LoopbackOpenAi.piece("b")),
        new byte[0],
        sse(
            "{\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"c\"},"
                + "\"finish_reason\":\"stop\"}],"
                + LoopbackOpenAi.USAGE
                + "}"),
        sse("[DONE]"),
        "11/1 ESTIMATED",
        "150/20 REPORTED"),
    OLLAMA(
        url ->
            OllamaStreamingChatModel.builder()
                .httpClientBuilder(http())
                .baseUrl(url)
                .modelName("m")
                .build(),
        lines(ollama("a", ""), ollama("b", "")),
        new byte[0],
        lines(ollama("c", ",\"done_reason\":\"stop\",\"prompt_eval_count\":26,\"eval_count\":4")),
        new byte[0],
        "11/1 ESTIMATED",
        "26/4 REPORTED"),
    BEDROCK(
        url ->
            BedrockStreamingChatModel.builder()
                .client(LoopbackBedrock.async(url))
                .modelId("m")
                .region(Region.US_EAST_1)
                .build(),
        EventStreams.all(
            LoopbackBedrock.start(), LoopbackBedrock.text("a"), LoopbackBedrock.text("b")),
        new byte[0],
        // The client is done when it reads of usage; it can be cancelled before it reads that far.
        EventStreams.all(
            LoopbackBedrock.text("c"), LoopbackBedrock.stop(), LoopbackBedrock.usage()),
        new byte[0],
        "11/1 ESTIMATED",
        "70/2 REPORTED");

    final Function<String, StreamingChatModel> client;
    final byte[] twoPieces;
    final byte[] usage;
    final byte[] thirdPiece;
    final byte[] end;
    final String early;
    final String late;

    Provider(
        Function<String, StreamingChatModel> client,
        byte[] twoPieces,
        byte[] usage,
        byte[] thirdPiece,
        byte[] end,
        String early,
        String late) {
      this.client = client;
      this.twoPieces = twoPieces;
      this.usage = usage;
      this.thirdPiece = thirdPiece;
      this.end = end;
      this.early = early;
      this.late = late;
    }

    private static HttpClientBuilder http() {
      return UsageHttpClient.builder();
    }

    private static byte[] bytes(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] sse(String... data) {
      return bytes("data: " + String.join("\n\ndata: ", data) + "\n\n");
    }

    private static byte[] typed(String... data) {
      var text = new StringBuilder();
      for (String event : data) {
        String type = event.replaceFirst("\\{\"type\":\"(\\w+)\".*", "$1");
        text.append("event: ").append(type).append("\ndata: ").append(event).append("\n\n");
      }
      return bytes(text.toString());
    }

    private static byte[] lines(String... json) {
      return bytes(String.join("\n", json) + "\n");
    }

    private static String anthropicText(String text) {
      return "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
          + "\"text\":\""
          + text
          + "\"}}";
    }

    private static String gemini(String text, String finish, int output) {
      return "{\"modelVersion\":\"m\",\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":"
          + "[{\"text\":\""
          + text
          + "\"}]}"
          + finish
          + "}],\"usageMetadata\":{\"promptTokenCount\":100,\"candidatesTokenCount\":"
          + output
          + ",\"totalTokenCount\":"
          + (100 + output)
          + "}}";
    }

    private static String ollama(String text, String done) {
      return "{\"model\":\"m\",\"created_at\":\"2026-11-01T00:00:00Z\",\"message\":{\"role\":"
          + "\"assistant\",\"content\":\""
          + text
          + "\"},\"done\":"
          + !done.isEmpty()
          + done
          + "}";
    }
  }

  /** Cancels at a piece, and keeps what comes afterwards all the same. */
  private static final class Cancelling implements StreamingChatResponseHandler {

    final CompletableFuture<String> done = new CompletableFuture<>();
    private final int at;
    private final CountDownLatch cancelled;
    private int pieces;

    Cancelling(int at, CountDownLatch cancelled) {
      this.at = at;
      this.cancelled = cancelled;
    }

    @Override
    public void onPartialResponse(PartialResponse part, PartialResponseContext context) {
      if (++pieces == at) {
        context.streamingHandle().cancel();
        cancelled.countDown();
        done.complete("cancelled");
      }
    }

    @Override
    public void onCompleteResponse(ChatResponse response) {
      done.complete("complete");
    }

    @Override
    public void onError(Throwable error) {
      done.complete("error " + error);
    }
  }

  private final Ledger ledger = new Ledger();
  private final CountDownLatch cancelled = new CountDownLatch(1);
  private final CountDownLatch served = new CountDownLatch(1);
  private LoopbackOpenAi server;

  @AfterEach
  void stopServer() {
    server.close();
  }

  /** Sends the first bytes, waits until the client has cancelled, and sends the others. */
  private String serve(Provider provider, byte[] first, byte[] others) {
    server =
        new LoopbackOpenAi(
            exchange -> {
              String type =
                  switch (provider) {
                    case BEDROCK -> LoopbackBedrock.EVENT_STREAM;
                    case OLLAMA -> "application/x-ndjson";
                    default -> "text/event-stream";
                  };
              exchange.getResponseHeaders().set("content-type", type);
              exchange.sendResponseHeaders(200, 0);
              try (OutputStream body = exchange.getResponseBody()) {
                body.write(first);
                body.flush();
                cancelled.await(60, TimeUnit.SECONDS);
                body.write(others);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              } finally {
                served.countDown();
              }
            });
    return provider == Provider.OLLAMA || provider == Provider.BEDROCK
        ? server.url().replace("/v1", "")
        : server.url();
  }

  private void cancel(Provider provider, int at, byte[] before, byte[] after) throws Exception {
    StreamingChatModel model = provider.client.apply(serve(provider, before, after));
    var handler = new Cancelling(at, cancelled);
    ledger.models.wrap(model).chat(PROMPT, handler);
    assertThat(handler.done.get(60, TimeUnit.SECONDS)).isEqualTo("cancelled");
    assertThat(served.await(60, TimeUnit.SECONDS)).isTrue();
    ledger.tracker.close(); // whatever is held, or open, ends now
  }

  private void assertCancelled(String expected) {
    UsageEvent event = ledger.only();
    assertThat(Ledger.figures(event) + " " + event.quality())
        .isEqualTo(expected.replace(" ", " CANCELLED "));
    assertThat(event.source()).isEqualTo(event.quality() == Quality.ESTIMATED ? null : Source.WIRE);
    assertThat(event.attempts()).isEqualTo(1);
    assertThat(server.requests).hasValue(1);
  }

  @ParameterizedTest
  @EnumSource
  void cancelledAfterTwoPieces_hasWhatWasStatedUntilThen(Provider provider) throws Exception {
    byte[] rest = EventStreams.all(provider.usage, orNothing(provider.thirdPiece), provider.end);

    cancel(provider, 2, provider.twoPieces, rest);

    assertCancelled(provider.early);
    assertThat(ledger.anomalies).hasValue(0);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "OPENAI_RESPONSES") // done with its usage
  void cancelledAfterTheUsageCame_hasAllOfIt(Provider provider) throws Exception {
    byte[] before = EventStreams.all(provider.twoPieces, provider.usage, provider.thirdPiece);

    cancel(provider, 3, before, provider.end);

    assertCancelled(provider.late);
    // Ollama's and Bedrock's clients go on to a complete answer: too late, and counted as such.
    assertThat(ledger.kinds).isSubsetOf(Anomaly.ENDED_TWICE);
  }

  private static byte[] orNothing(byte[] bytes) {
    return bytes == null ? new byte[0] : bytes;
  }
}
