package io.github.usage4j.provider;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.github.usage4j.UsageEvent.Source;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads what Bedrock states of a model that is called in the model's own format. The model states
 * it in its own way, or not at all; Bedrock itself says what it counted in headers, and at the end
 * of a stream. What the model states comes first, because it tells more apart, unless it is not
 * complete: a guardrail, for one, takes a part of it away.
 */
public final class InvokedUsage extends RawUsage {

  private static final Map<String, String> HEADERS =
      Map.of(
          "x-amzn-bedrock-input-token-count", "inputTokenCount",
          "x-amzn-bedrock-output-token-count", "outputTokenCount",
          "x-amzn-bedrock-cache-read-input-token-count", "cacheReadInputTokenCount",
          "x-amzn-bedrock-cache-write-input-token-count", "cacheWriteInputTokenCount");

  private static final List<String> COUNTS = List.copyOf(HEADERS.values());

  private final ObjectNode counted = JsonNodeFactory.instance.objectNode();

  /** Takes the service tier from the headers of an answer, or of a stream that begins. */
  public void tier(Function<String, @Nullable String> header) {
    String stated = header.apply("x-amzn-bedrock-service-tier");
    if (stated != null) {
      tier(TextNode.valueOf(stated));
    }
  }

  /** Takes what Bedrock counted from the headers of an answer. */
  public void headers(Function<String, @Nullable String> header) {
    HEADERS.forEach(
        (name, count) -> {
          String value = header.apply(name);
          if (value != null && value.matches("\\d{1,18}")) {
            counted.put(count, Long.parseLong(value));
          }
        });
  }

  /** Reads the payload of a piece of a stream, in which the model's own document is wrapped. */
  public void chunk(byte[] payload, int length) {
    byte[] document = null;
    try (JsonParser parser = parser(payload, length)) {
      if (parser.nextToken() == JsonToken.START_OBJECT) {
        while (document == null && parser.nextToken() == JsonToken.FIELD_NAME) {
          boolean wrapped = parser.currentName().equals("bytes");
          parser.nextToken();
          document = wrapped ? parser.getBinaryValue() : null;
          parser.skipChildren();
        }
      }
    } catch (IOException | RuntimeException e) {
      broke(e);
    }
    if (document != null) {
      read(document);
    }
  }

  @Override
  void other(String field, JsonParser parser, Document to) throws IOException {
    switch (field) {
      case "amazon-bedrock-invocationMetrics" -> {
        JsonNode metrics = tree(parser);
        for (String count : COUNTS) {
          if (metrics.hasNonNull(count)) {
            counted.set(count, metrics.get(count));
          }
        }
      }
      case "metadata" -> to.fallback = usageWithin(parser, to.fallback);
      case "prompt_token_count",
          "generation_token_count",
          "inputTextTokenCount",
          "totalOutputTextTokenCount" -> {
        JsonNode count = tree(parser);
        if (!count.isNull()) {
          to.bare.set(field, count);
        }
      }
      case "results" -> results(parser, to);
      default -> parser.skipChildren();
    }
  }

  /** Titan may give several answers, each with its count. */
  private static void results(JsonParser parser, Document to) throws IOException {
    long tokens = 0;
    boolean any = false;
    for (JsonToken part = first(parser); part != null; part = next(parser)) {
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean count = parser.currentName().equals("tokenCount");
        if (parser.nextToken().isNumeric() && count) {
          tokens += parser.getValueAsLong();
          any = true;
        }
        parser.skipChildren();
      }
    }
    if (any) {
      to.bare.put("totalOutputTextTokenCount", tokens);
    }
  }

  /** The pieces of a stream of Llama or Titan state one count after the other. */
  @Override
  boolean completes(Document document) {
    return !document.bare.isEmpty() || super.completes(document);
  }

  /** Those counts run along with the text; a block in Bedrock's own words comes at the end. */
  @Override
  boolean concludes(Document document) {
    JsonNode block = document.block != null ? document.block : document.fallback;
    return document.bare.isEmpty()
        && ((block != null && block.has("inputTokens")) || super.concludes(document));
  }

  @Override
  public boolean concluded() {
    return !counted.isEmpty() || super.concluded();
  }

  @Override
  public StatedUsage stated(Source source) {
    StatedUsage model = super.stated(source);
    StatedUsage bedrock = stated(counted, false, source);
    boolean better =
        model.tokens().isUnknown() || ((model.interim() || !complete(model)) && complete(bedrock));
    return better && !bedrock.tokens().isUnknown() ? bedrock : model;
  }

  private static boolean complete(StatedUsage usage) {
    return usage.tokens().input() != null && usage.tokens().output() != null;
  }
}
