package io.github.usage4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Source;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Many calls at once, on shared models, each with a token count of its own. */
class WireConcurrencyTest {

  private static final int THREADS = 32;
  private static final int CALLS = 3000;
  private static final Pattern NUMBER = Pattern.compile("number (\\d+)");

  private final Ledger ledger = new Ledger();
  private final AtomicInteger failed = new AtomicInteger();

  /** Answers with as many tokens as the prompt says; the answer itself is refused by the client. */
  private static void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String request = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      Matcher number = NUMBER.matcher(request);
      if (!number.find()) {
        throw new IOException("no number");
      }
      int n = Integer.parseInt(number.group(1));
      String usage = "\"usage\":{\"prompt_tokens\":" + n + ",\"completion_tokens\":1}";
      boolean streaming = request.contains("\"stream\" : true");
      String body =
          streaming
              ? "data: "
                  + LoopbackOpenAi.piece("a")
                  + "\n\ndata: {\"choices\":[],"
                  + usage
                  + "}\n\ndata: [DONE]\n\n"
              : n % 5 == 0
                  ? "{\"choices\":[]," + usage + "}" // which the client refuses
                  : "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                      + "\"content\":\"a\"}}],"
                      + usage
                      + "}";
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange
          .getResponseHeaders()
          .set("content-type", streaming ? "text/event-stream" : "application/json");
      exchange.sendResponseHeaders(200, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  @Test
  void everyCall_getsItsOwnFigures() throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 200);
    ExecutorService serving = Executors.newCachedThreadPool();
    server.setExecutor(serving);
    server.createContext("/", WireConcurrencyTest::answer);
    server.start();
    ExecutorService callers = Executors.newFixedThreadPool(THREADS);
    try {
      String url = "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
      ChatModel blocking =
          ledger.models.wrap(
              OpenAiChatModel.builder()
                  .httpClientBuilder(UsageHttpClient.builder())
                  .baseUrl(url)
                  .apiKey("none")
                  .modelName("m")
                  .maxRetries(0)
                  .build());
      StreamingChatModel streaming =
          ledger.models.wrap(
              OpenAiStreamingChatModel.builder()
                  .httpClientBuilder(UsageHttpClient.builder())
                  .baseUrl(url)
                  .apiKey("none")
                  .modelName("m")
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

    assertThat(ledger.events()).hasSize(CALLS);
    List<UsageEvent> read =
        ledger.events().stream().filter(event -> event.source() == Source.WIRE).toList();
    assertThat(read)
        .allMatch(event -> ("u" + event.tokens().input()).equals(event.attribution().user()))
        .allMatch(event -> event.attempts() == 1);
    // Whatever is not read is a connection that broke, which the caller knows of.
    assertThat(CALLS - read.size()).isLessThanOrEqualTo(failed.get());
    assertThat(read).hasSizeGreaterThan(CALLS - 10);
  }

  private void call(int n, ChatModel blocking, StreamingChatModel streaming) {
    try (var scope = ledger.tracker.scope(Attribution.organization("acme").user("u" + n))) {
      String prompt = "number " + n;
      if (n % 2 == 0) {
        blocking.chat(prompt);
      } else {
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
      }
    } catch (Exception e) {
      if (n % 10 != 0) { // the others are refused on purpose
        failed.incrementAndGet();
      }
    }
  }
}
