package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.LoopbackOpenAi.answer;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.json;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.audio.Audio;
import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.model.anthropic.AnthropicChatModel;
import dev.langchain4j.model.anthropic.AnthropicStreamingChatModel;
import dev.langchain4j.model.audio.AudioTranscriptionModel;
import dev.langchain4j.model.bedrock.BedrockChatModel;
import dev.langchain4j.model.bedrock.BedrockStreamingChatModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.googleai.GoogleAiGeminiChatModel;
import dev.langchain4j.model.openai.OpenAiAudioTranscriptionModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.langchain4j.LoopbackOpenAi.Reply;
import io.github.usage4j.langchain4j.internal.EventStreams;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
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
@Timeout(120)
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
    return end.get(60, TimeUnit.SECONDS);
  }

  // Transcriptions

  /** A wave file of three seconds, silent and without samples. */
  private static Audio threeSeconds() {
    ByteBuffer wave = ByteBuffer.allocate(44 + 24_000).order(ByteOrder.LITTLE_ENDIAN);
    wave.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + 24_000);
    wave.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16);
    wave.putShort((short) 1).putShort((short) 1).putInt(8_000).putInt(8_000);
    wave.putShort((short) 1).putShort((short) 8);
    wave.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(24_000);
    return Audio.builder().binaryData(wave.array()).mimeType("audio/wav").build();
  }

  private UsageEvent transcribed(String usage) {
    AudioTranscriptionModel model =
        OpenAiAudioTranscriptionModel.builder()
            .httpClientProvider(UsageHttpClient.builder())
            .baseUrl(serve(json(200, "{\"text\":\"hello\",\"usage\":" + usage + "}")))
            .apiKey("none")
            .modelName("whisper-1")
            .build();
    models.wrap(model).transcribeToText(threeSeconds());
    return ledger.only();
  }

  @Test
  void tokensOfATranscription_haveTheirAudioPart() {
    UsageEvent event =
        transcribed(
            "{\"type\":\"tokens\",\"input_tokens\":14,\"input_token_details\":{\"text_tokens\":1,"
                + "\"audio_tokens\":13},\"output_tokens\":45,\"total_tokens\":59}");

    assertThat(event.tokens().input()).isEqualTo(14);
    assertThat(event.tokens().output()).isEqualTo(45);
    assertThat(event.tokens().inputAudio()).isEqualTo(13);
    assertThat(event.units().get("seconds")).isEqualByComparingTo("3");
  }

  @Test
  void statedDuration_replacesWhatTheAudioSays() {
    UsageEvent event = transcribed("{\"type\":\"duration\",\"seconds\":4}");

    assertThat(event.tokens()).isEqualTo(TokenCounts.UNKNOWN);
    assertThat(event.units()).containsOnlyKeys("seconds");
    assertThat(event.units().get("seconds")).isEqualByComparingTo("4");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-4", "\"4\"", "1e999999999", "1e30", "null", "[4]"})
  void durationThatCannotBeOne_changesNothing(String seconds) {
    UsageEvent event = transcribed("{\"type\":\"duration\",\"seconds\":" + seconds + "}");

    assertThat(event.units().get("seconds")).isEqualByComparingTo("3");
  }

  // Server tools

  private static final String SEARCHED =
      "\"usage\":{\"input_tokens\":1000,\"output_tokens\":200,"
          + "\"server_tool_use\":{\"web_search_requests\":%s,\"web_fetch_requests\":1}}";

  private static ChatModel anthropic(String url, HttpClientBuilder http) {
    return AnthropicChatModel.builder()
        .httpClientBuilder(http)
        .baseUrl(url)
        .apiKey("none")
        .modelName("claude-sonnet-4-5")
        .build();
  }

  private static Reply searched(String requests) {
    return json(
        200,
        "{\"id\":\"m1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5\","
            + "\"content\":[{\"type\":\"text\",\"text\":\"Hello\"}],\"stop_reason\":\"end_turn\","
            + SEARCHED.formatted(requests)
            + "}");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void webSearchesOfAnthropic_areUnits(boolean wire) {
    HttpClientBuilder http = wire ? UsageHttpClient.builder() : null;
    models.wrap(anthropic(serve(searched("2")), http)).chat("hi");

    assertThat(ledger.figures()).containsExactly("1000/200");
    assertThat(ledger.only().units()).isEqualTo(Map.of("web_searches", BigDecimal.valueOf(2)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "1.5", "\"2\"", "null"})
  void noWebSearch_isNoUnit(String requests) {
    models.wrap(anthropic(serve(searched(requests)), UsageHttpClient.builder())).chat("hi");

    assertThat(ledger.figures()).containsExactly("1000/200");
    assertThat(ledger.only().units()).isEmpty();
  }

  @Test
  void webSearchesOfAStream_areCountedOnce() throws Exception {
    String[] events = {
      "{\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"type\":\"message\",\"role\":"
          + "\"assistant\",\"model\":\"claude-sonnet-4-5\",\"content\":[],\"usage\":"
          + "{\"input_tokens\":1000,\"output_tokens\":1,"
          + "\"server_tool_use\":{\"web_search_requests\":1}}}}",
      "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
          + "{\"type\":\"text\",\"text\":\"\"}}",
      "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
          + "{\"type\":\"text_delta\",\"text\":\"Hello\"}}",
      "{\"type\":\"content_block_stop\",\"index\":0}",
      "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
          + SEARCHED.formatted("3")
          + "}",
      "{\"type\":\"message_stop\"}"
    };
    Reply stream =
        exchange -> {
          exchange.getResponseHeaders().set("content-type", "text/event-stream");
          exchange.sendResponseHeaders(200, 0);
          try (var body = exchange.getResponseBody()) {
            for (String event : events) {
              String type = event.substring(9, event.indexOf('"', 9));
              body.write(
                  ("event: " + type + "\ndata: " + event + "\n\n")
                      .getBytes(StandardCharsets.UTF_8));
            }
          }
        };
    drained(
        models.wrap(
            AnthropicStreamingChatModel.builder()
                .httpClientBuilder(UsageHttpClient.builder())
                .baseUrl(serve(stream))
                .apiKey("none")
                .modelName("claude-sonnet-4-5")
                .build()));

    assertThat(ledger.figures()).containsExactly("1000/200");
    assertThat(ledger.only().units()).isEqualTo(Map.of("web_searches", BigDecimal.valueOf(3)));
  }

  @Test
  void webSearchesOfOpenRouter_areUnits_addedUpOverExchanges() {
    String usage =
        "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2,\"total_tokens\":12,"
            + "\"server_tool_use_details\":{\"web_search_requests\":1}}";
    models.wrap(twice(openAi(serve(answer(usage)), true))).chat("hi");

    assertThat(ledger.figures()).containsExactly("20/4");
    assertThat(ledger.only().units()).isEqualTo(Map.of("web_searches", BigDecimal.valueOf(2)));
  }

  @Test
  void webSearches_arePricedWhereTheyHaveAPrice_andElseTheTokensAre() {
    models.wrap(anthropic(serve(searched("2")), UsageHttpClient.builder())).chat("hi");
    UsageEvent event = ledger.only();
    var tokens =
        ModelPrice.perMillion("anthropic", "claude-sonnet-4-5", "USD").input("3").output("15");

    assertThat(cost(event, tokens)).isEqualByComparingTo("0.006");
    assertThat(cost(event, tokens.perUnit("web_searches", "0.01"))).isEqualByComparingTo("0.026");
  }

  private static BigDecimal cost(UsageEvent event, ModelPrice price) {
    return PriceCatalog.of(price).costOf(event, List.of()).orElseThrow().total();
  }
}
