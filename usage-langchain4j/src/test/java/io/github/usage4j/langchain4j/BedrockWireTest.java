package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.LoopbackOpenAi.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.model.bedrock.BedrockChatModel;
import dev.langchain4j.model.bedrock.BedrockStreamingChatModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.langchain4j.LoopbackOpenAi.Reply;
import io.github.usage4j.langchain4j.internal.EventStreams;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.regions.Region;

/** Real clients of Bedrock with the interceptor, against an endpoint on this machine. */
class BedrockWireTest {

  private static final String PROMPT = "the prompt that nobody may keep"; // 11 tokens by the rule

  private static final TokenCounts STATED =
      TokenCounts.of(70, 2).cacheRead(20).cacheWrite(40).cacheWriteOneHour(30);

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

  private static Reply answered() {
    return LoopbackBedrock.reply(
        LoopbackBedrock.start(),
        LoopbackBedrock.text("a usage"),
        LoopbackBedrock.stop(),
        LoopbackBedrock.usage());
  }

  private void assertCall(String figures, int attempts, Quality quality, Source source) {
    UsageEvent event = ledger.only();
    assertThat(Ledger.figures(event) + " " + event.quality()).isEqualTo(figures + " " + quality);
    assertThat(event.attempts()).isEqualTo(attempts);
    assertThat(event.source()).isEqualTo(source);
  }

  // Converse

  private ChatModel chat(Reply... replies) {
    return BedrockChatModel.builder()
        .client(LoopbackBedrock.client(serve(replies)))
        .modelId("anthropic.claude-sonnet-4")
        .region(Region.US_EAST_1)
        .maxRetries(0)
        .build();
  }

  private static Reply converse(String content) {
    return json(
        200,
        "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":["
            + content
            + "]}},\"stopReason\":\"end_turn\",\"usage\":{\"inputTokens\":10,\"outputTokens\":2,"
            + "\"totalTokens\":72,\"cacheReadInputTokens\":20,\"cacheWriteInputTokens\":40,"
            + "\"cacheDetails\":[{\"ttl\":\"5m\",\"inputTokens\":10},"
            + "{\"ttl\":\"1h\",\"inputTokens\":30}]}}");
  }

  @Test
  void answer_isRead_withWhatIsKeptForAnHour() {
    ledger.models.wrap(chat(converse("{\"text\":\"Hello\"}"))).chat(PROMPT);

    assertCall("70/2", 1, Quality.REPORTED, Source.WIRE);
    assertThat(ledger.only().tokens()).isEqualTo(STATED);
  }

  @Test
  void refusedAnswer_isAnErrorWithFigures() {
    ChatModel model = chat(converse("{\"toolResult\":{\"toolUseId\":\"t\",\"content\":[]}}"));

    assertThatThrownBy(() -> ledger.models.wrap(model).chat(PROMPT)).isNotNull();

    assertCall("70/2 ERROR", 1, Quality.REPORTED, Source.WIRE);
  }

  // Streams

  private StreamingChatModel streaming(Reply... replies) {
    return BedrockStreamingChatModel.builder()
        .client(LoopbackBedrock.async(serve(replies)))
        .modelId("amazon.nova-lite-v1:0")
        .region(Region.US_EAST_1)
        .build();
  }

  /** Waits for the end, then for the call to be recorded, which an error may hold back. */
  private String ended(StreamingChatModel model) throws Exception {
    String end = end(ledger.models.wrap(model));
    ledger.tracker.close();
    return end;
  }

  private static String end(StreamingChatModel model) throws Exception {
    var done = new CompletableFuture<String>();
    model.chat(
        PROMPT,
        new StreamingChatResponseHandler() {
          @Override
          public void onCompleteResponse(ChatResponse response) {
            done.complete("complete");
          }

          @Override
          public void onError(Throwable error) {
            done.complete(error.getClass().getSimpleName());
          }
        });
    return done.get(60, TimeUnit.SECONDS);
  }

  @Test
  void stream_isRead() throws Exception {
    var model = streaming(answered());

    assertThat(ended(model)).isEqualTo("complete");

    assertCall("70/2", 1, Quality.REPORTED, Source.WIRE);
    assertThat(ledger.only().tokens()).isEqualTo(STATED);
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void streamThatEndsWithAnException_isEstimated() throws Exception {
    var model =
        streaming(
            LoopbackBedrock.reply(
                LoopbackBedrock.start(),
                LoopbackBedrock.text("a"),
                EventStreams.exception("modelStreamErrorException", "{\"message\":\"no\"}")));

    assertThat(ended(model)).isNotEqualTo("complete");

    assertCall("11/1 ERROR", 1, Quality.ESTIMATED, null);
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void streamThatTheClientRefuses_isAnErrorWithFigures() throws Exception {
    byte[] withoutMetrics =
        EventStreams.event("metadata", "{\"usage\":{\"inputTokens\":7,\"outputTokens\":3}}");
    Reply reply =
        LoopbackBedrock.reply(
            LoopbackBedrock.start(),
            LoopbackBedrock.text("a"),
            LoopbackBedrock.stop(),
            withoutMetrics);

    assertThat(ended(streaming(reply))).isEqualTo("NullPointerException");

    assertCall("7/3 ERROR", 1, Quality.REPORTED, Source.WIRE);
    assertThat(ledger.anomalies).hasValue(0);
  }

  private static byte[] wrong(byte[] frame, int fromTheEnd) {
    byte[] wrong = frame.clone();
    wrong[wrong.length - fromTheEnd] ^= 1;
    return wrong;
  }

  /** What breaks a stream breaks it for the client alike, and no figure is taken from it. */
  private void assertBroken(Reply reply) throws Exception {
    String unwrapped = end(streaming(reply));
    server.close();

    assertThat(ended(streaming(reply))).isEqualTo(unwrapped).isNotEqualTo("complete");

    assertCall("null/null ERROR", 1, Quality.MISSING, null);
    assertThat(ledger.anomalies).hasValue(1);
  }

  @Test
  void wrongChecksumOfTheUsage_countsNothingOfIt() throws Exception {
    assertBroken(LoopbackBedrock.reply(LoopbackBedrock.start(), wrong(LoopbackBedrock.usage(), 1)));
  }

  @Test
  void changedUsage_countsNothingOfIt() throws Exception {
    assertBroken(
        LoopbackBedrock.reply(LoopbackBedrock.start(), wrong(LoopbackBedrock.usage(), 20)));
  }

  @Test
  void compressedStream_countsNothing() throws Exception {
    var compressed = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(compressed)) {
      gzip.write(EventStreams.all(LoopbackBedrock.text("a"), LoopbackBedrock.usage()));
    }
    assertBroken(
        LoopbackBedrock.reply(
            LoopbackBedrock.EVENT_STREAM, compressed.toByteArray(), "content-encoding", "gzip"));
  }

  @Test
  void truncatedStream_isCounted() throws Exception {
    byte[] usage = LoopbackBedrock.usage();
    StreamingChatModel model =
        streaming(
            LoopbackBedrock.reply(
                LoopbackBedrock.text("a"), Arrays.copyOf(usage, usage.length - 1)));
    var heard = new CompletableFuture<String>();
    ledger
        .models
        .wrap(model)
        .chat(
            PROMPT,
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String text) {
                heard.complete(text);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {}

              @Override
              public void onError(Throwable error) {}
            });
    assertThat(heard.get(60, TimeUnit.SECONDS)).isEqualTo("a");
    for (int i = 0; i < 6_000 && ledger.anomalies.get() == 0; i++) {
      LockSupport.parkNanos(10_000_000); // the SDK tells nobody of a stream that ends like this
    }
    ledger.tracker.close();

    assertCall("11/1 ERROR", 1, Quality.ESTIMATED, null);
    assertThat(ledger.anomalies).hasValue(1);
  }

  @Test
  void refusedStream_hasNoFigures() throws Exception {
    assertThat(ended(streaming(json(403, "{\"message\":\"no access\",\"usage\":{}}"))))
        .isNotEqualTo("complete");

    assertCall("null/null ERROR", 1, Quality.MISSING, null);
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void streamThatTheSdkAsksForAgain_isOneUsage() throws Exception {
    var model = streaming(json(503, "{\"message\":\"busy\"}"), answered());

    assertThat(ended(model)).isEqualTo("complete");

    assertThat(server.requests).hasValue(2);
    assertCall("70/2", 1, Quality.REPORTED, Source.WIRE);
  }

  /** An answer that is longer than what comes of it. */
  private static Reply brokenOff(byte[]... frames) {
    byte[] sent = EventStreams.all(frames);
    return exchange -> {
      exchange.getResponseHeaders().set("content-type", LoopbackBedrock.EVENT_STREAM);
      exchange.sendResponseHeaders(200, sent.length + 100);
      exchange.getResponseBody().write(sent);
      exchange.getResponseBody().flush();
    };
  }

  @Test
  void streamThatBreaksOff_andIsAskedForAgain_isTwoAttempts() throws Exception {
    var model =
        streaming(brokenOff(LoopbackBedrock.start(), LoopbackBedrock.text("a")), answered());

    assertThat(ended(model)).isEqualTo("complete");

    assertThat(server.requests).hasValue(2);
    assertCall("70/2", 2, Quality.PARTIAL, Source.WIRE);
  }

  @Test
  void untrackedStream_worksAndIsNotCounted() throws Exception {
    assertThat(end(streaming(answered()))).isEqualTo("complete");

    assertThat(ledger.events()).isEmpty();
  }

  @Test
  void nothingOfKeyPromptOrAnswer_isKept() {
    ledger.models.wrap(chat(converse("{\"text\":\"Hello\"}"))).chat(PROMPT);

    assertThat(ledger.only().toString()).doesNotContain(PROMPT).doesNotContain("Hello");
  }
}
