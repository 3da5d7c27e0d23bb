package io.github.usage4j.provider;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.internal.DecimalBounds;
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

  /** Takes the terms of the call from the headers of an answer, or of a stream that begins. */
  public void terms(Function<String, @Nullable String> header) {
    tier(header.apply("x-amzn-bedrock-service-tier"));
    conditions.take(Conditions.LATENCY, header.apply("x-amzn-bedrock-performanceconfig-latency"));
  }

  /** Takes what Bedrock counted from the headers of an answer. */
  public void headers(Function<String, @Nullable String> header) {
    HEADERS.forEach(
        (name, count) -> {
          Long value = DecimalBounds.wholeNumber(header.apply(name));
          if (value != null && value >= 0) {
            counted.put(count, value);
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
  Envelope envelope(ToolUse tools) {
    return new InvokedEnvelope(tools);
  }

  /** Reads what only models on Bedrock state. */
  private final class InvokedEnvelope extends Envelope {

    InvokedEnvelope(ToolUse tools) {
      super(tools);
    }

    @Override
    void other(String field, JsonParser parser) throws IOException {
      switch (field) {
        case "amazon-bedrock-invocationMetrics" -> {
          JsonNode metrics = tree(parser);
          for (String count : COUNTS) {
            if (metrics.hasNonNull(count)) {
              counted.set(count, metrics.get(count));
            }
          }
        }
        case "metadata" -> fallbackIn(parser);
        case "prompt_token_count",
            "generation_token_count",
            "inputTextTokenCount",
            "totalOutputTextTokenCount" -> {
          JsonNode count = tree(parser);
          if (!count.isNull()) {
            bare.set(field, count);
          }
        }
        case "results" -> results(parser);
        default -> parser.skipChildren();
      }
    }

    /** Titan may give several answers, each with its count. */
    private void results(JsonParser parser) throws IOException {
      long tokens = 0;
      boolean any = false;
      for (JsonToken part = first(parser); part != null; part = next(parser)) {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          boolean isCount = parser.currentName().equals("tokenCount");
          if (parser.nextToken().isNumeric() && isCount) {
            Long count = DecimalBounds.wholeNumber(tree(parser));
            tokens += count == null ? 0 : Math.min(count, UsageEvent.MAX_TOKENS);
            any = true;
          }
          parser.skipChildren();
        }
      }
      if (any) {
        bare.put("totalOutputTextTokenCount", tokens);
      }
    }
  }

  /** The pieces of a stream of Llama or Titan state one count after the other. */
  @Override
  boolean completes(Envelope document) {
    return !document.bare.isEmpty() || super.completes(document);
  }

  /** Those counts run along with the text; a block in Bedrock's own words comes at the end. */
  @Override
  boolean concludes(Envelope document, ObjectNode block) {
    return document.bare.isEmpty()
        && (block.has("inputTokens") || super.concludes(document, block));
  }

  @Override
  public boolean concluded() {
    return !counted.isEmpty() || super.concluded();
  }

  @Override
  public StatedUsage stated(Source source) {
    StatedUsage model = super.stated(source);
    var figures = new Figures();
    UsageShape.INVOCATION.read(new UsageShape.Usage(counted, figures), figures);
    StatedUsage bedrock = StatedUsage.of(figures, source);
    boolean better =
        model.tokens().isUnknown() || ((model.interim() || !complete(model)) && complete(bedrock));
    return better && !bedrock.tokens().isUnknown() ? withTheRest(bedrock) : model;
  }

  /** What Bedrock counted, with what the model states besides counts. */
  private StatedUsage withTheRest(StatedUsage bedrock) {
    StatedUsage.Parts all = parts(bedrock.source());
    all.tokens = bedrock.tokens();
    all.requests = List.of();
    all.unexplained = bedrock.unexplained();
    all.dropped = bedrock.dropped();
    all.interim = false;
    return all.build();
  }

  private static boolean complete(StatedUsage usage) {
    return usage.tokens().input() != null && usage.tokens().output() != null;
  }
}
