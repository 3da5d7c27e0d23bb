package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.LoopbackOpenAi.answer;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.model.bedrock.BedrockChatModel;
import dev.langchain4j.model.bedrock.BedrockStreamingChatModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.googleai.GoogleAiGeminiChatModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.langchain4j.LoopbackOpenAi.Reply;
import io.github.usage4j.langchain4j.internal.EventStreams;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelRequest;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelWithResponseStreamResponseHandler;

/** What providers state beside input and output, read with real clients from this machine. */
@Timeout(60)
class WireFiguresTest {

  private final Ledger ledger = new Ledger();
  private final TrackedModels models = TrackedModels.with(ledger.tracker);
  private LoopbackOpenAi server;

  @AfterEach
  void stopServer() {
    server.close();
    assertThat(ledger.anomalies).hasValue(0);
  }

  private String serve(Reply... replies) {
    server = new LoopbackOpenAi(replies);
    return server.url();
  }

  private static ChatModel openAi(String url, boolean wire) {
    var builder =
        OpenAiChatModel.builder().baseUrl(url).apiKey("none").modelName("m").maxRetries(0);
    return (wire ? builder.httpClientBuilder(UsageHttpClient.builder()) : builder).build();
  }

  /** A host's decorator that asks twice for one answer. */
  private static ChatModel twice(ChatModel model) {
    return Fakes.chat(
        request -> {
          model.chat(request);
          return model.chat(request);
        });
  }

  // The total says more than the parts.

  private static final String THOUGHTS_LEFT_OUT =
      "\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":198,\"total_tokens\":623}";

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void totalThatNothingExplains_isPartial(boolean wire) {
    models.wrap(openAi(serve(answer(THOUGHTS_LEFT_OUT)), wire)).chat("hi");

    assertThat(ledger.figures()).containsExactly("20/198");
    assertThat(ledger.only().quality()).isEqualTo(Quality.PARTIAL);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void totalOfGoogle_inOpenAisFormat_hasTheThoughts(boolean wire) {
    models.provider("gcp.gemini").wrap(openAi(serve(answer(THOUGHTS_LEFT_OUT)), wire)).chat("hi");

    assertThat(ledger.only().tokens()).isEqualTo(TokenCounts.of(20, 603));
    assertThat(ledger.only().quality()).isEqualTo(Quality.REPORTED);
  }

  @Test
  void totalOfGoogle_inSeveralExchanges_isAddedToEach() {
    ChatModel twice = twice(openAi(serve(answer(THOUGHTS_LEFT_OUT)), true));
    models.provider("gcp.gemini").wrap(twice).chat("hi");

    assertThat(ledger.only().tokens()).isEqualTo(TokenCounts.of(40, 1206));
    assertThat(ledger.only().attempts()).isEqualTo(2);
    assertThat(ledger.only().quality()).isEqualTo(Quality.REPORTED);
  }

  // Service tiers

  @ParameterizedTest
  @CsvSource({"serviceTier,flex", "trafficType,ON_DEMAND_PRIORITY"})
  void tierOfGemini_isKept(String field, String tier) {
    String body =
        "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hello\"}]},"
            + "\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":100,"
            + "\"candidatesTokenCount\":20,\"totalTokenCount\":120,\"%s\":\"%s\"}}";
    ChatModel gemini =
        GoogleAiGeminiChatModel.builder()
            .httpClientBuilder(UsageHttpClient.builder())
            .baseUrl(serve(json(200, body.formatted(field, tier))))
            .apiKey("none")
            .modelName("gemini-2.5-flash")
            .build();
    models.wrap(gemini).chat("hi");

    assertThat(ledger.figures()).containsExactly("100/20");
    assertThat(ledger.only().serviceTier()).isEqualTo(tier);
  }

  private static final String CONVERSE_USAGE =
      "\"usage\":{\"inputTokens\":10,\"outputTokens\":2,\"totalTokens\":12},"
          + "\"serviceTier\":{\"type\":\"flex\"}";

  private static final InvokeModelRequest INVOKE =
      InvokeModelRequest.builder().modelId("m").body(SdkBytes.fromUtf8String("{}")).build();

  private static final String INVOKED = "{\"usage\":{\"input_tokens\":10,\"output_tokens\":2}}";

  private String bedrock(Reply reply) {
    return serve(reply).replace("/v1", "");
  }

  private void assertFlex() {
    assertThat(ledger.figures()).containsExactly("10/2");
    assertThat(ledger.only().serviceTier()).isEqualTo("flex");
  }

  @Test
  void tierOfConverse_isKept() {
    Reply reply =
        json(
            200,
            "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{\"text\":\"Hello\"}]}},"
                + "\"stopReason\":\"end_turn\","
                + CONVERSE_USAGE
                + "}");
    models
        .wrap(
            BedrockChatModel.builder()
                .client(LoopbackBedrock.client(bedrock(reply)))
                .modelId("m")
                .region(Region.US_EAST_1)
                .build())
        .chat("hi");

    assertFlex();
  }

  @Test
  void tierOfAConverseStream_isKept() throws Exception {
    Reply reply =
        LoopbackBedrock.reply(
            LoopbackBedrock.start(),
            LoopbackBedrock.text("Hello"),
            LoopbackBedrock.stop(),
            EventStreams.event(
                "metadata", "{\"metrics\":{\"latencyMs\":6}," + CONVERSE_USAGE + "}"));
    drained(
        models.wrap(
            BedrockStreamingChatModel.builder()
                .client(LoopbackBedrock.async(bedrock(reply)))
                .modelId("m")
                .region(Region.US_EAST_1)
                .build()));

    assertFlex();
  }

  @Test
  void tierOfAnInvokedModel_isKept() {
    Reply reply =
        LoopbackBedrock.reply(
            "application/json",
            INVOKED.getBytes(StandardCharsets.UTF_8),
            "x-amzn-bedrock-service-tier",
            "flex");
    var client = LoopbackBedrock.client(bedrock(reply));
    models
        .wrap(
            Fakes.chat(
                request -> {
                  client.invokeModel(INVOKE);
                  return Fakes.text(null);
                }))
        .chat("hi");

    assertFlex();
  }

  @Test
  void tierOfAnInvokedModelsStream_isKept() {
    Reply reply =
        LoopbackBedrock.reply(
            LoopbackBedrock.EVENT_STREAM,
            EventStreams.chunk(INVOKED),
            "x-amzn-bedrock-service-tier",
            "flex");
    var client = LoopbackBedrock.async(bedrock(reply));
    models
        .wrap(
            Fakes.chat(
                request -> {
                  client
                      .invokeModelWithResponseStream(
                          r -> r.modelId("m").body(SdkBytes.fromUtf8String("{}")),
                          InvokeModelWithResponseStreamResponseHandler.builder()
                              .subscriber(part -> {})
                              .build())
                      .join();
                  return Fakes.text(null);
                }))
        .chat("hi");

    assertFlex();
  }

  private static ChatResponse drained(StreamingChatModel model) throws Exception {
    var end = new CompletableFuture<ChatResponse>();
    model.chat(
        "hi",
        new StreamingChatResponseHandler() {
          @Override
          public void onCompleteResponse(ChatResponse response) {
            end.complete(response);
          }

          @Override
          public void onError(Throwable error) {
            end.completeExceptionally(error);
          }
        });
    return end.get(20, TimeUnit.SECONDS);
  }
}
