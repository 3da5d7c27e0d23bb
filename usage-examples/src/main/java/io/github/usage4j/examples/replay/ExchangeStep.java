package io.github.usage4j.examples.replay;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One recorded HTTP exchange: what was asked for, the provider's answer and the figures that follow
 * from it.
 */
record ExchangeStep(
    String api,
    Request request,
    Response response,
    Figures expected,
    @Nullable List<Also> expectedAlso,
    @Nullable List<ToolCall> toolCalls,
    @Nullable JsonNode rawUsage) {

  private static final Set<String> STREAMING_CONTENT =
      Set.of(
          "text/event-stream",
          "application/x-ndjson",
          "application/stream+json",
          "application/vnd.amazon.eventstream");
  private static final Pattern MODEL_IN_PATH = Pattern.compile("/models?/([^/:?]+)");

  ExchangeStep {
    Required.text("api", api);
    Required.value("request", request);
    Required.value("response", response);
    Required.value("expected", expected);
    expectedAlso = expectedAlso == null ? List.of() : List.copyOf(expectedAlso);
    toolCalls = toolCalls == null ? List.of() : List.copyOf(toolCalls);
  }

  /** What other models used for this answer, in the order in which the provider states it. */
  @Override
  public List<Also> expectedAlso() {
    return expectedAlso == null ? List.of() : expectedAlso;
  }

  /** The tool calls that the answer asks for. */
  @Override
  public List<ToolCall> toolCalls() {
    return toolCalls == null ? List.of() : toolCalls;
  }

  /** The searches that the provider charges, as a reranker does; null where it states none. */
  @Nullable BigDecimal searches() {
    JsonNode searches =
        rawUsage == null ? null : rawUsage.path("billed_units").path("search_units");
    return DecimalBounds.ANY.exact(searches);
  }

  /** Whether the caller asked for a stream. */
  boolean streaming() {
    return api.toLowerCase(Locale.ROOT).contains("stream")
        || STREAMING_CONTENT.contains(response.mediaType())
        || (request.body() != null && request.body().path("stream").asBoolean(false));
  }

  /** Whether the provider answered the request, rather than refusing it. */
  boolean answered() {
    return response.status() / 100 == 2;
  }

  /** The model that was asked for: named in the request's body, or in its path. */
  String requestedModel() {
    String named = request.body() == null ? "" : request.body().path("model").asText("");
    if (!named.isBlank()) {
      return named;
    }
    Matcher inPath = MODEL_IN_PATH.matcher(request.path());
    return inPath.find() ? URLDecoder.decode(inPath.group(1), StandardCharsets.UTF_8) : "unknown";
  }

  /** What was asked for; of the body only the model and the wish for a stream matter here. */
  record Request(String path, @Nullable JsonNode body) {
    Request {
      Required.text("request.path", path);
    }
  }

  /** The provider's answer as text, or as base64 where it was binary. */
  record Response(
      @Nullable Integer status,
      @Nullable String contentType,
      @Nullable String body,
      @Nullable String bodyBase64) {
    Response {
      if (status == null || status < 100 || status > 599) {
        throw new IllegalArgumentException("response.status must be an HTTP status, was " + status);
      }
      if (body == null && bodyBase64 == null) {
        throw new IllegalArgumentException("response needs a body or a body_base64");
      }
      if (bodyBase64 != null) {
        Base64.getDecoder().decode(bodyBase64);
      }
    }

    @Override
    public Integer status() {
      return status == null ? 0 : status;
    }

    /** The content type without its parameters, in lower case; empty when none was recorded. */
    String mediaType() {
      return contentType == null
          ? ""
          : contentType.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    }

    /** The recorded bytes. */
    byte[] bytes() {
      if (bodyBase64 != null) {
        return Base64.getDecoder().decode(bodyBase64);
      }
      return body == null ? new byte[0] : body.getBytes(StandardCharsets.UTF_8);
    }
  }

  /** What another model used for an answer. */
  record Also(
      String model,
      @Nullable Long inputTokens,
      @Nullable Long outputTokens,
      @Nullable Long totalTokens,
      @Nullable Long cachedInputTokens,
      @Nullable Long cacheWriteTokens,
      @Nullable Long reasoningTokens) {
    Also {
      Required.text("expected_also.model", model);
    }

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

  /** A tool that an answer asks for. */
  record ToolCall(@Nullable String id, @Nullable String name) {}
}
