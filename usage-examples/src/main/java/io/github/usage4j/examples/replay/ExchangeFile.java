package io.github.usage4j.examples.replay;

import com.fasterxml.jackson.annotation.JacksonInject;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.OptBoolean;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One recorded operation: the exchanges that one user request, or one test, had with a provider.
 */
record ExchangeFile(
    @JacksonInject(value = ExchangeFile.NAME, useInput = OptBoolean.FALSE) String file,
    String provider,
    String api,
    Kind kind,
    List<ExchangeStep> steps,
    Total expectedTotal) {

  /** Under this name the reader passes in the file's name, which is not part of its content. */
  static final String NAME = "file";

  ExchangeFile {
    Required.text("provider", provider);
    Required.text("api", api);
    Required.value("kind", kind);
    Required.value("expected_total", expectedTotal);
    Required.value("steps", steps);
    for (int i = 0; i < steps.size(); i++) {
      Required.value("steps[" + i + "]", steps.get(i));
    }
    if (steps.isEmpty()) {
      throw new IllegalArgumentException("steps is empty");
    }
    steps = List.copyOf(steps);
  }

  /**
   * What the steps add up to, with what other models used for them.
   *
   * @param byModel null if a file does not say it
   */
  @JsonIgnoreProperties(ignoreUnknown = true)
  record Total(
      @Nullable Long inputTokens,
      @Nullable Long outputTokens,
      @Nullable Long totalTokens,
      @Nullable Long cachedInputTokens,
      @Nullable Long cacheWriteTokens,
      @Nullable Long reasoningTokens,
      @Nullable Map<String, Figures> byModel) {

    Figures figures() {
      return new Figures(
          inputTokens,
          outputTokens,
          totalTokens,
          cachedInputTokens,
          cacheWriteTokens,
          reasoningTokens);
    }
  }

  /** How the exchanges of one file hang together. */
  enum Kind {
    @JsonProperty("single")
    SINGLE,
    @JsonProperty("tool_loop")
    TOOL_LOOP,
    @JsonProperty("sequence")
    SEQUENCE,
    @JsonProperty("sequence_with_tool_loop")
    SEQUENCE_WITH_TOOL_LOOP
  }
}
