package io.github.usage4j.langchain4j.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.UsageEvent.Source;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/**
 * Reads what one exchange with a provider states of its usage: a JSON document, or one after
 * another the events of a stream. Only the usage block and the few fields beside it are built;
 * everything else is skipped and nothing of it kept. A broken document gives what was read until
 * then.
 *
 * <p>Looks at fixed depths only (the document itself and {@code message}, {@code response}, {@code
 * delta}, {@code meta}, {@code x_groq} in it), so that an answer which talks of usage is not taken
 * for one. Not safe for use by several threads.
 */
public final class RawUsage {

  private static final ObjectReader TREE =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build()
          .readerFor(JsonNode.class);

  private static final JsonFactory JSON = TREE.getFactory();

  /** A dollar amount has at most as many decimals as {@link io.github.usage4j.Cost} keeps. */
  private static final int SCALE = 18;

  private final ObjectNode usage = JsonNodeFactory.instance.objectNode();
  private @Nullable String model;
  private @Nullable String serviceTier;
  private boolean interim;

  /** What one document states apart from the usage block itself. */
  private static final class Document {
    private @Nullable String type;
    private @Nullable JsonNode block;
    private @Nullable JsonNode fallback;
    private final ObjectNode bare = JsonNodeFactory.instance.objectNode();
  }

  /** Reads a document, or an event of a stream. */
  public RawUsage read(String json) {
    if (mayState(json)) {
      try (JsonParser parser = JSON.createParser(json)) {
        readAll(parser);
      } catch (IOException | RuntimeException e) {
        // Cut off or not JSON: what was found until then counts.
      }
    }
    return this;
  }

  /** Reads a document without decoding more of it than is looked at. */
  public RawUsage read(byte[] json) {
    try (JsonParser parser = JSON.createParser(json)) {
      readAll(parser);
    } catch (IOException | RuntimeException e) {
      // Cut off, compressed or not JSON: what was found until then counts.
    }
    return this;
  }

  /** Takes a usage block that somebody else parsed. */
  public RawUsage usage(ObjectNode block) {
    var document = new Document();
    document.block = block;
    take(document);
    return this;
  }

  /** Spares most events of a stream the parser; one that merely talks of usage costs a parse. */
  public static boolean mayState(String json) {
    return json.contains("usage") || json.contains("eval_count") || json.contains("billed_units");
  }

  private void readAll(JsonParser parser) throws IOException {
    JsonToken token = parser.nextToken();
    if (token == JsonToken.START_ARRAY) {
      while (parser.nextToken() == JsonToken.START_OBJECT) {
        readDocument(parser);
      }
    } else {
      for (; token == JsonToken.START_OBJECT; token = parser.nextToken()) {
        readDocument(parser);
      }
    }
  }

  private void readDocument(JsonParser parser) throws IOException {
    var document = new Document();
    try {
      readFields(parser, document, true);
    } finally {
      take(document);
    }
  }

  private void readFields(JsonParser parser, Document to, boolean outer) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "usage", "usageMetadata", "usage_metadata" -> block(parser, to);
        case "prompt_eval_count", "eval_count" -> {
          if (outer) {
            to.bare.set(field, TREE.readValue(parser));
          }
        }
        case "tokens", "billed_units" -> {
          if (!outer && parser.currentToken() == JsonToken.START_OBJECT) {
            to.bare.set(field, TREE.readValue(parser));
          } else {
            parser.skipChildren();
          }
        }
        case "type" -> {
          to.type = outer ? parser.getValueAsString() : to.type;
          parser.skipChildren();
        }
        case "model", "modelVersion" -> {
          model = orElse(parser.getValueAsString(), model);
          parser.skipChildren();
        }
        case "service_tier" -> {
          serviceTier = orElse(parser.getValueAsString(), serviceTier);
          parser.skipChildren();
        }
        case "x_groq" -> groq(parser, to);
        case "message", "response", "delta", "meta" -> {
          boolean looked = outer || field.equals("meta"); // Cohere's first streams: response.meta
          if (looked && parser.currentToken() == JsonToken.START_OBJECT) {
            readFields(parser, to, false);
          } else {
            parser.skipChildren();
          }
        }
        default -> parser.skipChildren();
      }
    }
  }

  private static void block(JsonParser parser, Document to) throws IOException {
    JsonNode found = TREE.readValue(parser);
    if (found instanceof ObjectNode && !found.isEmpty()) {
      to.block = found;
    }
  }

  private static void groq(JsonParser parser, Document to) throws IOException {
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      JsonNode found = TREE.<JsonNode>readValue(parser).get("usage");
      to.fallback = found instanceof ObjectNode ? found : to.fallback;
    }
  }

  /** The last block of a stream wins; those of Anthropic's events complete each other. */
  private void take(Document document) {
    JsonNode found = document.block != null ? document.block : document.fallback;
    if (found == null) {
      found = document.bare.isEmpty() ? null : document.bare;
    }
    if (!(found instanceof ObjectNode block)) {
      return;
    }
    boolean start = "message_start".equals(document.type);
    if (start || !"message_delta".equals(document.type)) {
      usage.removeAll();
    }
    interim = start;
    block
        .properties()
        .forEach(
            field -> {
              if (!field.getValue().isNull() || !usage.has(field.getKey())) {
                usage.set(field.getKey(), field.getValue());
              }
            });
    JsonNode tier = block.get("service_tier");
    serviceTier = tier != null && tier.isTextual() ? tier.asText() : serviceTier;
  }

  /** What was stated until now, read at this source; empty if nothing was. */
  public StatedUsage stated(Source source) {
    UsageShape shape = UsageShape.of(usage);
    if (shape == null) {
      return StatedUsage.NONE;
    }
    var figures = new Figures();
    shape.read(new UsageShape.Usage(usage, figures), figures);
    return new StatedUsage(
        figures.counts(),
        figures.anyDropped(),
        interim,
        source,
        cost(usage.get("cost")),
        model,
        serviceTier);
  }

  /** OpenRouter's dollars, which floating point gave some digits too many. */
  private static @Nullable BigDecimal cost(@Nullable JsonNode stated) {
    if (stated == null || !stated.isNumber() || stated.decimalValue().signum() < 0) {
      return null;
    }
    BigDecimal exact = stated.decimalValue();
    return exact.precision() - exact.scale() > SCALE
        ? null
        : exact.setScale(Math.min(Math.max(exact.scale(), 0), SCALE), RoundingMode.HALF_EVEN);
  }

  private static @Nullable String orElse(@Nullable String value, @Nullable String otherwise) {
    return value == null || value.isBlank() ? otherwise : value;
  }
}
