package io.github.usage4j.langchain4j;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** An endpoint on this machine that speaks OpenAI's wire format and answers what a test says. */
final class LoopbackOpenAi implements AutoCloseable {

  static final String USAGE =
      "\"usage\":{\"prompt_tokens\":150,\"completion_tokens\":20,\"total_tokens\":170,"
          + "\"prompt_tokens_details\":{\"cached_tokens\":90,\"cache_write_tokens\":30},"
          + "\"completion_tokens_details\":{\"reasoning_tokens\":7}}";

  /** Writes one answer. */
  interface Reply {
    void write(HttpExchange exchange) throws IOException;
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Queue<Reply> replies = new ArrayDeque<>();
  final AtomicInteger requests = new AtomicInteger();

  LoopbackOpenAi(Reply... inTurn) {
    replies.addAll(java.util.List.of(inTurn));
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  private void answer(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    exchange.getRequestBody().readAllBytes();
    Reply reply;
    synchronized (replies) {
      reply = replies.size() > 1 ? replies.remove() : replies.element();
    }
    try (exchange) {
      reply.write(exchange);
    }
  }

  static Reply json(int status, String body) {
    return exchange -> {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("content-type", "application/json");
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  static Reply answer(String usage) {
    return json(
        200,
        "{\"id\":\"c1\",\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"flex\",\"choices\":"
            + "[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hello\"},"
            + "\"finish_reason\":\"stop\"}]"
            + (usage.isEmpty() ? "" : "," + usage)
            + "}");
  }

  /** Sends these events and ends the connection as an HTTP server does. */
  static Reply events(String... data) {
    return exchange -> {
      exchange.getResponseHeaders().set("content-type", "text/event-stream");
      exchange.sendResponseHeaders(200, 0);
      try (OutputStream body = exchange.getResponseBody()) {
        for (String event : data) {
          body.write(("data: " + event + "\n\n").getBytes(StandardCharsets.UTF_8));
          body.flush();
        }
      }
    };
  }

  static String piece(String text) {
    return "{\"id\":\"c1\",\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
        + text
        + "\"}}]}";
  }

  static String stop() {
    return "{\"id\":\"c1\",\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":"
        + "[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}";
  }

  static String usage() {
    return "{\"id\":\"c1\",\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[]," + USAGE + "}";
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
  }

  OpenAiChatModel chat(int maxRetries) {
    return OpenAiChatModel.builder()
        .baseUrl(url())
        .apiKey("none")
        .modelName("gpt-4o-mini")
        .maxRetries(maxRetries)
        .build();
  }

  OpenAiStreamingChatModel streaming() {
    return OpenAiStreamingChatModel.builder()
        .baseUrl(url())
        .apiKey("none")
        .modelName("gpt-4o-mini")
        .build();
  }

  OpenAiEmbeddingModel embedding() {
    return OpenAiEmbeddingModel.builder()
        .baseUrl(url())
        .apiKey("none")
        .modelName("text-embedding-3-small")
        .build();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
