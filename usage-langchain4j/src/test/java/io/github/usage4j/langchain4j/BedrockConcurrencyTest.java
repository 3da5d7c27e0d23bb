package io.github.usage4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.langchain4j.model.bedrock.BedrockChatModel;
import dev.langchain4j.model.bedrock.BedrockStreamingChatModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.langchain4j.internal.EventStreams;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.regions.Region;

/** Many calls of Bedrock at once, on shared clients, each with a token count of its own. */
class BedrockConcurrencyTest {

  private static final int THREADS = 32;
  private static final int CALLS = 1000;
  private static final Pattern NUMBER = Pattern.compile("number (\\d+)");

  private final Ledger ledger = new Ledger();

  /** Answers with as many tokens as the prompt says. */
  private static void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String request = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      Matcher number = NUMBER.matcher(request);
      if (!number.find()) {
        throw new IOException("no number");
      }
      String usage = "\"usage\":{\"inputTokens\":" + number.group(1) + ",\"outputTokens\":1}";
      boolean streaming = exchange.getRequestURI().getPath().endsWith("converse-stream");
      byte[] body =
          streaming
              ? EventStreams.all(
                  LoopbackBedrock.start(),
                  LoopbackBedrock.text("a"),
                  LoopbackBedrock.stop(),
                  EventStreams.event("metadata", "{\"metrics\":{\"latencyMs\":1}," + usage + "}"))
              : ("{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{\"text\":\"a\"}]}},"
                      + "\"stopReason\":\"end_turn\","
                      + usage
                      + "}")
                  .getBytes(StandardCharsets.UTF_8);
      exchange
          .getResponseHeaders()
          .set("content-type", streaming ? LoopbackBedrock.EVENT_STREAM : "application/json");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  @Test
  void everyCall_getsItsOwnFigures() throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 200);
    ExecutorService serving = Executors.newCachedThreadPool();
    server.setExecutor(serving);
    server.createContext("/", BedrockConcurrencyTest::answer);
    server.start();
    ExecutorService callers = Executors.newFixedThreadPool(THREADS);
    try {
      String url = "http://127.0.0.1:" + server.getAddress().getPort();
      ChatModel blocking =
          ledger.models.wrap(
              BedrockChatModel.builder()
                  .client(LoopbackBedrock.client(url))
                  .modelId("m")
                  .region(Region.US_EAST_1)
                  .build());
      StreamingChatModel streaming =
          ledger.models.wrap(
              BedrockStreamingChatModel.builder()
                  .client(LoopbackBedrock.async(url))
                  .modelId("m")
                  .region(Region.US_EAST_1)
                  .build());
      List<? extends Future<?>> calls =
          IntStream.rangeClosed(1, CALLS)
              .mapToObj(n -> callers.submit(() -> call(n, blocking, streaming)))
              .toList();
      for (Future<?> call : calls) {
        call.get(2, TimeUnit.MINUTES);
      }
    } finally {
      callers.shutdownNow();
      server.stop(0);
      serving.shutdownNow();
    }
    ledger.tracker.close();

    assertThat(ledger.events())
        .hasSize(CALLS)
        .allMatch(event -> event.source() == Source.WIRE)
        .allMatch(event -> ("u" + event.tokens().input()).equals(event.attribution().user()))
        .allMatch(event -> event.attempts() == 1);
    assertThat(ledger.anomalies).hasValue(0);
  }

  private Void call(int n, ChatModel blocking, StreamingChatModel streaming) throws Exception {
    try (var scope = ledger.tracker.scope(Attribution.organization("acme").user("u" + n))) {
      String prompt = "number " + n;
      if (n % 2 == 0) {
        blocking.chat(prompt);
        return null;
      }
      var done = new CompletableFuture<ChatResponse>();
      streaming.chat(
          prompt,
          new StreamingChatResponseHandler() {
            @Override
            public void onCompleteResponse(ChatResponse response) {
              done.complete(response);
            }

            @Override
            public void onError(Throwable error) {
              done.completeExceptionally(error);
            }
          });
      done.get(1, TimeUnit.MINUTES);
      return null;
    }
  }
}
