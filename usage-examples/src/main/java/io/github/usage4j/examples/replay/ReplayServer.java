package io.github.usage4j.examples.replay;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Plays the provider: answers the recorded responses in their order, whatever is asked for and
 * however, on a port of its own that only this machine reaches.
 */
final class ReplayServer implements AutoCloseable {
  /** What a client gets that asks more often than was recorded; clients do not retry it. */
  private static final int NOTHING_LEFT = 410;

  private static final byte[] LOOPBACK = {127, 0, 0, 1};

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Queue<ExchangeStep> left = new ArrayDeque<>();
  private int answered;
  private int unexpected;

  private ReplayServer(HttpServer server) {
    this.server = server;
  }

  /** Starts a server that has nothing to answer yet. */
  static ReplayServer start() {
    try {
      HttpServer http =
          HttpServer.create(new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), 0), 0);
      ReplayServer server = new ReplayServer(http);
      http.createContext("/", server::answer);
      http.setExecutor(server.threads);
      http.start();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start the replay server", e);
    }
  }

  /** Where clients find it; what they append to it is ignored. */
  String baseUrl() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1";
  }

  /** Answers these exchanges from now on, and nothing that was left before. */
  synchronized void load(List<ExchangeStep> steps) {
    left.clear();
    left.addAll(steps);
  }

  /** How many recorded answers were given. */
  synchronized int answered() {
    return answered;
  }

  /** How many requests came for which nothing was recorded. */
  synchronized int unexpected() {
    return unexpected;
  }

  /** Whether every recorded answer was given. */
  synchronized boolean exhausted() {
    return left.isEmpty();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.getRequestBody().readAllBytes();
      ExchangeStep step = next();
      int status = step == null ? NOTHING_LEFT : step.response().status();
      String contentType = step == null ? "text/plain" : contentType(step);
      byte[] body =
          step == null ? "nothing more was recorded".getBytes(StandardCharsets.UTF_8) : body(step);
      exchange.getResponseHeaders().set("Content-Type", contentType);
      exchange.getResponseHeaders().set("Connection", "close");
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      if (body.length > 0) {
        exchange.getResponseBody().write(body);
      }
    }
  }

  private synchronized @Nullable ExchangeStep next() {
    ExchangeStep step = left.poll();
    if (step == null) {
      unexpected++;
    } else {
      answered++;
    }
    return step;
  }

  private static String contentType(ExchangeStep step) {
    if (isJsonArrayStream(step)) {
      return "text/event-stream";
    }
    String recorded = step.response().contentType();
    return recorded == null ? "application/json" : recorded;
  }

  private static byte[] body(ExchangeStep step) throws IOException {
    return isJsonArrayStream(step) ? asEvents(step.response().bytes()) : step.response().bytes();
  }

  /**
   * Gemini frames one and the same stream as a JSON array, or as server-sent events when asked with
   * {@code alt=sse}, which LangChain4j always does. A stream recorded in the other framing is
   * answered in the one that was asked for.
   */
  private static boolean isJsonArrayStream(ExchangeStep step) {
    return step.api().equals("streamGenerateContent")
        && step.answered()
        && step.response().mediaType().equals("application/json");
  }

  private static byte[] asEvents(byte[] jsonArray) throws IOException {
    ByteArrayOutputStream events = new ByteArrayOutputStream();
    for (JsonNode element : JSON.readTree(jsonArray)) {
      events.write("data: ".getBytes(StandardCharsets.UTF_8));
      events.write(JSON.writeValueAsBytes(element));
      events.write("\r\n\r\n".getBytes(StandardCharsets.UTF_8));
    }
    return events.toByteArray();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
