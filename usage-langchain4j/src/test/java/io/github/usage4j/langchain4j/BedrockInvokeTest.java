package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.LoopbackOpenAi.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.bedrock.BedrockCohereEmbeddingModel;
import dev.langchain4j.model.bedrock.BedrockTitanEmbeddingModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.langchain4j.LoopbackOpenAi.Reply;
import io.github.usage4j.langchain4j.internal.EventStreams;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.bedrockruntime.BedrockRuntimeAsyncClient;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelRequest;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelResponse;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithResponseStreamResponseHandler;

/** Models of Bedrock that are called in their own format, by real clients. */
class BedrockInvokeTest {

  private static final String PROMPT = "the prompt";

  private static final InvokeModelRequest REQUEST =
      InvokeModelRequest.builder().modelId("m").body(SdkBytes.fromUtf8String("{}")).build();

  private final Ledger ledger = new Ledger();
  private LoopbackOpenAi server;

  @AfterEach
  void stopServer() {
    server.close();
  }

  private String serve(Reply... replies) {
    server = new LoopbackOpenAi(replies);
    return server.url().replace("/v1", "");
  }

  private void assertCall(String figures, int attempts, Quality quality, Source source) {
    UsageEvent event = ledger.only();
    assertThat(Ledger.figures(event) + " " + event.quality()).isEqualTo(figures + " " + quality);
    assertThat(event.attempts()).isEqualTo(attempts);
    assertThat(event.source()).isEqualTo(source);
  }

  @Test
  void embeddingsOfTitan_areSummed() {
    IntFunction<Reply> answer =
        n -> json(200, "{\"embedding\":[0.1],\"inputTextTokenCount\":" + n + "}");
    var model =
        BedrockTitanEmbeddingModel.builder()
            .client(LoopbackBedrock.client(serve(answer.apply(4), answer.apply(5))))
            .model("amazon.titan-embed-text-v2:0")
            .maxRetries(0)
            .build();

    ledger.models.wrap(model).embedAll(List.of(TextSegment.from("a"), TextSegment.from("b")));

    assertCall("9/null", 2, Quality.REPORTED, Source.WIRE);
  }

  @Test
  void embeddingsOfCohere_areCountedByTheHeader() {
    var model =
        BedrockCohereEmbeddingModel.builder()
            .client(
                LoopbackBedrock.client(
                    serve(
                        LoopbackBedrock.reply(
                            "application/json",
                            "{\"embeddings\":{\"float\":[[0.1]]}}".getBytes(StandardCharsets.UTF_8),
                            "x-amzn-bedrock-input-token-count",
                            "6"))))
            .model("cohere.embed-english-v3")
            .inputType("search_document")
            .build();

    ledger.models.wrap(model).embed("a");

    assertCall("6/null", 1, Quality.REPORTED, Source.WIRE);
  }

  private static final byte[] ANSWER_OF_ANTHROPIC =
      ("{\"model\":\"claude-3-5-haiku\",\"content\":[{\"type\":\"text\",\"text\":\"Hello\"}],"
              + "\"usage\":{\"input_tokens\":4,\"cache_creation_input_tokens\":30,"
              + "\"cache_read_input_tokens\":0,\"output_tokens\":50,"
              + "\"cache_creation\":{\"ephemeral_1h_input_tokens\":20}}}")
          .getBytes(StandardCharsets.UTF_8);

  /** A host's model over an SDK's client, which tells nothing of its usage. */
  private static ChatModel over(Supplier<InvokeModelResponse> invoke) {
    return new ChatModel() {
      @Override
      public ChatResponse doChat(ChatRequest request) {
        InvokeModelResponse answer = invoke.get();
        return ChatResponse.builder()
            .aiMessage(AiMessage.from(answer.body().asUtf8String().substring(0, 3)))
            .build();
      }
    };
  }

  private ChatModel invoking(Reply reply) {
    var client = LoopbackBedrock.client(serve(reply));
    return over(() -> client.invokeModel(REQUEST));
  }

  @Test
  void invokedModel_isRead() {
    ledger
        .models
        .wrap(invoking(LoopbackBedrock.reply("application/json", ANSWER_OF_ANTHROPIC)))
        .chat(PROMPT);

    assertCall("34/50", 1, Quality.REPORTED, Source.WIRE);
    assertThat(ledger.only().tokens().cacheWriteOneHour()).isEqualTo(20);
    assertThat(ledger.only().responseModel()).isEqualTo("claude-3-5-haiku");
  }

  @Test
  void invokedModelOfAnAsynchronousClient_isRead() {
    var client =
        LoopbackBedrock.async(
            serve(LoopbackBedrock.reply("application/json", ANSWER_OF_ANTHROPIC)));

    ledger.models.wrap(over(() -> client.invokeModel(REQUEST).join())).chat(PROMPT);

    assertCall("34/50", 1, Quality.REPORTED, Source.WIRE);
  }

  @Test
  void brokenAnswerOfAnInvokedModel_isCountedByTheHeaders() {
    byte[] half = Arrays.copyOf(ANSWER_OF_ANTHROPIC, 60);
    ledger
        .models
        .wrap(
            invoking(
                LoopbackBedrock.reply(
                    "application/json",
                    half,
                    "x-amzn-bedrock-input-token-count",
                    "4",
                    "x-amzn-bedrock-output-token-count",
                    "50")))
        .chat(PROMPT);

    assertCall("4/50", 1, Quality.REPORTED, Source.WIRE);
    assertThat(ledger.anomalies).hasValue(1);
  }

  @Test
  void imageOfAnInvokedModel_isNotLookedAt() {
    ledger
        .models
        .wrap(invoking(LoopbackBedrock.reply("image/png", new byte[] {1, 2, 3, 4})))
        .chat(PROMPT);

    assertCall("null/null", 1, Quality.MISSING, null);
    assertThat(ledger.anomalies).hasValue(0);
  }

  /** A host's streaming model over an SDK's client. */
  private static StreamingChatModel over(BedrockRuntimeAsyncClient client) {
    return new StreamingChatModel() {
      @Override
      public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        client
            .invokeModelWithResponseStream(
                r -> r.modelId("m").body(SdkBytes.fromUtf8String("{}")),
                InvokeModelWithResponseStreamResponseHandler.builder()
                    .subscriber(event -> handler.onPartialResponse("a"))
                    .build())
            .whenComplete(
                (done, error) -> {
                  if (error == null) {
                    handler.onCompleteResponse(
                        ChatResponse.builder().aiMessage(AiMessage.from("a")).build());
                  } else {
                    handler.onError(error);
                  }
                });
      }
    };
  }

  private String ended(StreamingChatModel model) throws Exception {
    var done = new CompletableFuture<String>();
    ledger
        .models
        .wrap(model)
        .chat(
            PROMPT,
            new StreamingChatResponseHandler() {
              @Override
              public void onCompleteResponse(ChatResponse response) {
                done.complete("complete");
              }

              @Override
              public void onError(Throwable error) {
                done.complete("error");
              }
            });
    return done.get(60, TimeUnit.SECONDS);
  }

  @Test
  void streamOfAnInvokedModel_isRead() throws Exception {
    var model =
        over(
            LoopbackBedrock.async(
                serve(
                    LoopbackBedrock.reply(
                        EventStreams.chunk(
                            "{\"type\":\"message_start\",\"message\":{\"model\":\"claude\",\"usage\":"
                                + "{\"input_tokens\":3,\"cache_read_input_tokens\":5,"
                                + "\"cache_creation_input_tokens\":7,\"output_tokens\":1}}}"),
                        EventStreams.chunk(
                            "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
                                + "\"usage\":{\"output_tokens\":13}}"),
                        EventStreams.chunk(
                            "{\"type\":\"message_stop\",\"amazon-bedrock-invocationMetrics\":"
                                + "{\"inputTokenCount\":3,\"outputTokenCount\":13}}")))));

    assertThat(ended(model)).isEqualTo("complete");

    assertCall("15/13", 1, Quality.REPORTED, Source.WIRE);
    assertThat(ledger.only().responseModel()).isEqualTo("claude");
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void chunkThatIsNoJson_isCountedOnce_andTheRestIsRead() throws Exception {
    var model =
        over(
            LoopbackBedrock.async(
                serve(
                    LoopbackBedrock.reply(
                        EventStreams.chunk("{\"usage\":{\"inputTok"),
                        EventStreams.chunk(
                            "{\"metadata\":{\"usage\":{\"inputTokens\":3,\"outputTokens\":1}}}")))));

    assertThat(ended(model)).isEqualTo("complete");

    assertCall("3/1", 1, Quality.REPORTED, Source.WIRE);
    assertThat(ledger.anomalies).hasValue(1);
  }
}
