package io.github.usage4j.examples.quickstart;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * An endpoint on the loopback address that speaks OpenAI's chat completions, blocking and
 * streaming, with a scripted conversation: the model asks for a tool, then for another one, then
 * answers. What it says depends on how many tool results the request carries, so that it can serve
 * any number of conversations at once.
 */
final class ScriptedOpenAi implements AutoCloseable {

  /** The model asked for. */
  static final String MODEL = "gpt-4o-mini";

  private static final String ANSWERING_MODEL = "gpt-4o-mini-2024-07-18";
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final List<Turn> SCRIPT =
      List.of(
          new Turn("findOrder", "{\"customer\":\"ada\"}", "", 412, 0, 18, 0),
          new Turn("trackParcel", "{\"order\":\"4711\"}", "", 471, 384, 21, 0),
          new Turn("", "", "Your order 4711 arrives tomorrow.", 523, 384, 64, 32));

  private final HttpServer server;

  /** One answer: a tool call or text, and the usage that is stated for it. */
  private record Turn(
      String tool,
      String arguments,
      String text,
      int prompt,
      int cached,
      int completion,
      int reasoning) {

    boolean asksForTool() {
      return !tool.isEmpty();
    }

    Map<String, Object> usage() {
      return Map.of(
          "prompt_tokens",
          prompt,
          "completion_tokens",
          completion,
          "total_tokens",
          prompt + completion,
          "prompt_tokens_details",
          Map.of("cached_tokens", cached),
          "completion_tokens_details",
          Map.of("reasoning_tokens", reasoning));
    }
  }

  ScriptedOpenAi() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/v1/chat/completions", this::answer);
    server.start();
  }

  String baseUrl() {
    return "http://"
        + server.getAddress().getHostString()
        + ":"
        + server.getAddress().getPort()
        + "/v1";
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      JsonNode request = JSON.readTree(exchange.getRequestBody());
      int results = 0;
      for (JsonNode message : request.path("messages")) {
        results += "tool".equals(message.path("role").asText()) ? 1 : 0;
      }
      Turn turn = SCRIPT.get(Math.min(results, SCRIPT.size() - 1));
      boolean streaming = request.path("stream").asBoolean();
      byte[] body =
          (streaming ? stream(turn) : JSON.writeValueAsString(completion(turn)))
              .getBytes(StandardCharsets.UTF_8);
      exchange
          .getResponseHeaders()
          .set("Content-Type", streaming ? "text/event-stream" : "application/json");
      exchange.sendResponseHeaders(200, body.length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(body);
      }
    }
  }

  private static Map<String, Object> completion(Turn turn) {
    Map<String, Object> message =
        turn.asksForTool()
            ? Map.of("role", "assistant", "tool_calls", List.of(toolCall(turn)))
            : Map.of("role", "assistant", "content", turn.text());
    return Map.of(
        "id",
        "chatcmpl-" + turn.prompt(),
        "object",
        "chat.completion",
        "model",
        ANSWERING_MODEL,
        "choices",
        List.of(Map.of("index", 0, "message", message, "finish_reason", finish(turn))),
        "usage",
        turn.usage());
  }

  private static String stream(Turn turn) throws IOException {
    var events = new StringBuilder();
    if (turn.asksForTool()) {
      event(events, chunk(turn, Map.of("tool_calls", List.of(toolCall(turn)))));
    } else {
      for (String word : turn.text().split("(?<= )", -1)) {
        event(events, chunk(turn, Map.of("content", word)));
      }
    }
    event(
        events,
        Map.of(
            "id",
            "chatcmpl-" + turn.prompt(),
            "object",
            "chat.completion.chunk",
            "model",
            ANSWERING_MODEL,
            "choices",
            List.of(Map.of("index", 0, "delta", Map.of(), "finish_reason", finish(turn)))));
    event(
        events,
        Map.of(
            "id",
            "chatcmpl-" + turn.prompt(),
            "object",
            "chat.completion.chunk",
            "model",
            ANSWERING_MODEL,
            "choices",
            List.of(),
            "usage",
            turn.usage()));
    return events.append("data: [DONE]\n\n").toString();
  }

  private static Map<String, Object> chunk(Turn turn, Map<String, Object> delta) {
    return Map.of(
        "id",
        "chatcmpl-" + turn.prompt(),
        "object",
        "chat.completion.chunk",
        "model",
        ANSWERING_MODEL,
        "choices",
        List.of(Map.of("index", 0, "delta", delta)));
  }

  private static void event(StringBuilder events, Map<String, Object> data) throws IOException {
    events.append("data: ").append(JSON.writeValueAsString(data)).append("\n\n");
  }

  private static Map<String, Object> toolCall(Turn turn) {
    return Map.of(
        "index",
        0,
        "id",
        "call_" + turn.tool(),
        "type",
        "function",
        "function",
        Map.of("name", turn.tool(), "arguments", turn.arguments()));
  }

  private static String finish(Turn turn) {
    return turn.asksForTool() ? "tool_calls" : "stop";
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
