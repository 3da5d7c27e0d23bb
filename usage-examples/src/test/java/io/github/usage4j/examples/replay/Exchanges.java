package io.github.usage4j.examples.replay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Recorded exchanges for tests: as small as the format allows, in OpenAI's wire format where they
 * are played.
 */
final class Exchanges {
  static final Figures STATED = new Figures(18L, 35L, 53L, 0L, 0L, 0L);

  private static final String ANSWER =
      """
      {"id":"1","object":"chat.completion","model":"small-1","choices":[{"index":0,"finish_reason":"stop",\
      "message":{"role":"assistant","content":"hello"}}],\
      "usage":{"prompt_tokens":18,"completion_tokens":35,"total_tokens":53}}\
      """;

  private static final String TOOL_CALL =
      """
      {"id":"1","object":"chat.completion","model":"small-1","choices":[{"index":0,"finish_reason":"tool_calls",\
      "message":{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":\
      {"name":"weather","arguments":"{}"}}]}}],\
      "usage":{"prompt_tokens":18,"completion_tokens":35,"total_tokens":53}}\
      """;

  private static final String STREAMED =
      """
      data: {"id":"1","model":"small-1","choices":[{"index":0,"delta":{"content":"hello"}}]}

      data: {"id":"1","model":"small-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],\
      "usage":{"prompt_tokens":18,"completion_tokens":35,"total_tokens":53}}

      data: [DONE]

      """;

  private Exchanges() {}

  static ExchangeStep answer() {
    return chat(200, "application/json", ANSWER, STATED);
  }

  static ExchangeStep streamed() {
    return chat(200, "text/event-stream", STREAMED, STATED);
  }

  static ExchangeStep toolCall() {
    return chat(200, "application/json", TOOL_CALL, STATED);
  }

  /** The same exchange, of which it was recorded that its answer asks for this tool. */
  static ExchangeStep askingFor(String tool, ExchangeStep step) {
    return new ExchangeStep(
        step.api(),
        step.request(),
        step.response(),
        step.expected(),
        step.expectedAlso(),
        List.of(new ExchangeStep.ToolCall("c", tool)),
        step.rawUsage());
  }

  /** The same exchange, in whose answer another model used this. */
  static ExchangeStep alsoUsing(ExchangeStep.Also other, ExchangeStep step) {
    return new ExchangeStep(
        step.api(),
        step.request(),
        step.response(),
        step.expected(),
        List.of(other),
        step.toolCalls(),
        step.rawUsage());
  }

  static ExchangeStep refusedByProvider() {
    return chat(400, "application/json", "{\"error\":{\"message\":\"no\"}}", Figures.NONE);
  }

  static ExchangeStep unreadableAnswer() {
    return chat(
        200, "application/json", "{\"choices\":[],\"usage\":{\"prompt_tokens\":18}}", STATED);
  }

  static ExchangeStep chat(int status, String contentType, String body, Figures expected) {
    return step("chat.completions", status, contentType, body, expected);
  }

  static ExchangeStep step(
      String api, int status, String contentType, String body, Figures expected) {
    return new ExchangeStep(
        api,
        new ExchangeStep.Request("/v1/" + api, null),
        new ExchangeStep.Response(status, contentType, body, null),
        expected,
        List.of(),
        List.of(),
        null);
  }

  static ExchangeFile file(String provider, ExchangeFile.Kind kind, ExchangeStep... steps) {
    Figures all = Figures.ZERO;
    for (ExchangeStep step : steps) {
      all = all.plus(step.expected());
      for (ExchangeStep.Also also : step.expectedAlso()) {
        all = all.plus(also.figures());
      }
    }
    var total =
        new ExchangeFile.Total(
            all.inputTokens(),
            all.outputTokens(),
            all.totalTokens(),
            all.cachedInputTokens(),
            all.cacheWriteTokens(),
            all.reasoningTokens(),
            null);
    return new ExchangeFile("a.json", provider, steps[0].api(), kind, List.of(steps), total);
  }

  /** Writes a file of one answered chat call, with something in it replaced. */
  static Path write(Path directory, String name, String what, String by) throws IOException {
    String json =
        """
        {
          "provider": "together",
          "api": "chat.completions",
          "kind": "single",
          "steps": [
            {
              "api": "chat.completions",
              "request": {"method": "POST", "path": "/v1/chat/completions", "body": {"model": "small"}},
              "response": {"status": 200, "content_type": "application/json", "body": %s},
              "expected": {
                "input_tokens": 18, "output_tokens": 35, "total_tokens": 53,
                "cached_input_tokens": 0, "cache_write_tokens": 0, "reasoning_tokens": 0, "model": "small-1"
              },
              "tool_calls": []
            }
          ],
          "expected_total": {
            "input_tokens": 18, "output_tokens": 35, "total_tokens": 53,
            "cached_input_tokens": 0, "cache_write_tokens": 0, "reasoning_tokens": 0
          }
        }
        """
            .formatted('"' + ANSWER.replace("\"", "\\\"") + '"')
            .replace(what, by);
    return Files.writeString(directory.resolve(name), json);
  }
}
