package io.github.usage4j.provider;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one document says, an answer or an event of a stream: its usage block and the few fields
 * around it. Everything else is skipped as it is read.
 *
 * <p>Looks at fixed depths only (the document itself, {@code message}, {@code response}, {@code
 * delta}, {@code meta}, {@code x_groq} and the answers in it), so that an answer which talks of
 * usage is not taken for one.
 */
class Envelope {

  static final ObjectReader TREE =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build()
          .readerFor(JsonNode.class);

  /** What some write as the reason while there is none yet. */
  private static final Set<String> NO_REASON = Set.of("", "null", "FINISH_REASON_UNSPECIFIED");

  /** Where tools that the provider ran are counted, over all documents of a stream. */
  private final ToolUse tools;

  @Nullable String type;
  @Nullable String model;
  @Nullable String serviceTier;
  @Nullable String latency;

  /** Counts that stand in the document itself, without a block. */
  final ObjectNode bare = JsonNodeFactory.instance.objectNode();

  /** Whether it has a list of answers, which is empty. */
  boolean noAnswers;

  /** Whether it says why the model stopped. */
  boolean stopped;

  /** Whether it has several blocks that do not say the same. */
  boolean contradicts;

  private @Nullable ObjectNode block;
  private @Nullable ObjectNode fallback;
  private @Nullable ObjectNode inAnswer;

  Envelope(ToolUse tools) {
    this.tools = tools;
  }

  /** Reads the object that the parser is at. */
  final void read(JsonParser parser) throws IOException {
    fields(parser, true);
  }

  /** Takes a block that somebody else parsed. */
  final void block(ObjectNode parsed) {
    block = parsed;
  }

  /**
   * The usage block: that of the document, unless it counts nothing and another one does; null if
   * there is none.
   */
  final @Nullable ObjectNode block() {
    ObjectNode best = block;
    for (ObjectNode other : new ObjectNode[] {fallback, inAnswer, bare}) {
      boolean there = other != null && !other.isEmpty();
      if (there && (best == null || (!UsageBlock.counts(best) && UsageBlock.counts(other)))) {
        best = other;
      }
    }
    return best;
  }

  private void fields(JsonParser parser, boolean outer) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "usage", "usageMetadata", "usage_metadata" -> block = object(parser, block);
        case "prompt_eval_count", "eval_count" -> {
          if (outer) {
            bare.set(field, tree(parser));
          }
          parser.skipChildren();
        }
        case "tokens", "billed_units" -> {
          if (!outer && parser.currentToken() == JsonToken.START_OBJECT) {
            bare.set(field, tree(parser));
          }
          parser.skipChildren();
        }
        case "type" -> {
          type = outer ? parser.getValueAsString() : type;
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
        case "serviceTier" -> {
          JsonNode stated = tree(parser);
          tier(stated.isObject() ? stated.get("type") : stated); // an object of Bedrock's
        }
        case "performanceConfig" -> latency = orElse(textIn(parser, "latency"), latency);
        case "x_groq" -> fallback = usageIn(parser, fallback);
        case "choices", "candidates" -> answers(parser);
        case "output" -> tools.output(parser);
        case "tool_usage" -> tools.billed(tree(parser));
        case "stop_reason" -> {
          stopped |= parser.currentToken() != JsonToken.VALUE_NULL;
          parser.skipChildren();
        }
        case "message", "response", "delta", "meta" -> {
          boolean looked = outer || field.equals("meta"); // Cohere's first streams: response.meta
          if (looked && parser.currentToken() == JsonToken.START_OBJECT) {
            fields(parser, false);
          } else {
            parser.skipChildren();
          }
        }
        case "item" -> {
          if (outer) {
            tools.item(parser);
          } else {
            parser.skipChildren();
          }
        }
        default -> {
          if (outer) {
            other(field, parser);
          } else {
            parser.skipChildren();
          }
        }
      }
    }
  }

  /** A field that means nothing to most providers; leaves the parser at the end of its value. */
  void other(String field, JsonParser parser) throws IOException {
    parser.skipChildren();
  }

  /** Takes usage that counts where the document itself has none, from within this object. */
  final void fallbackIn(JsonParser parser) throws IOException {
    fallback = usageIn(parser, fallback);
  }

  /** Takes the name of a service tier; anything else is none. */
  final void tier(@Nullable JsonNode stated) {
    if (stated != null && stated.isTextual() && !stated.asText().endsWith("UNSPECIFIED")) {
      serviceTier = orElse(stated.asText(), serviceTier);
    }
  }

  /**
   * Whether there are any, whether one of them says why it ends, what it is grounded on, and its
   * usage: Kimi, and gateways in front of it, hang that on the answer.
   */
  private void answers(JsonParser parser) throws IOException {
    noAnswers = parser.currentToken() == JsonToken.START_ARRAY;
    for (JsonToken part = first(parser); part != null; part = next(parser)) {
      noAnswers = false;
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        parser.nextToken();
        switch (field) {
          case "finish_reason", "finishReason" -> {
            boolean stated = parser.currentToken() == JsonToken.VALUE_STRING;
            stopped |= stated && !NO_REASON.contains(parser.getText());
            parser.skipChildren();
          }
          case "usage" -> ofAnswer(object(parser, null));
          case "delta", "message" -> ofAnswer(usageIn(parser, null));
          case "groundingMetadata" -> tools.grounding(tree(parser));
          default -> parser.skipChildren();
        }
      }
    }
  }

  private void ofAnswer(@Nullable ObjectNode usage) {
    if (usage != null) {
      contradicts |= inAnswer != null && !inAnswer.equals(usage);
      inAnswer = inAnswer == null || !UsageBlock.counts(inAnswer) ? usage : inAnswer;
    }
  }

  /** Enters an array; null if this is none, or an empty one. */
  static @Nullable JsonToken first(JsonParser parser) throws IOException {
    if (parser.currentToken() == JsonToken.START_ARRAY) {
      return next(parser);
    }
    parser.skipChildren();
    return null;
  }

  /** The next object of an array that was entered; null if there is none. */
  static @Nullable JsonToken next(JsonParser parser) throws IOException {
    JsonToken part = parser.nextToken();
    while (part != JsonToken.START_OBJECT && part != JsonToken.END_ARRAY && part != null) {
      parser.skipChildren();
      part = parser.nextToken();
    }
    return part == JsonToken.START_OBJECT ? part : null;
  }

  static JsonNode tree(JsonParser parser) throws IOException {
    return TREE.readValue(parser);
  }

  /** The object that the parser is at, if it is one with anything in it. */
  private static @Nullable ObjectNode object(JsonParser parser, @Nullable ObjectNode otherwise)
      throws IOException {
    JsonNode found = tree(parser);
    return found instanceof ObjectNode object && !object.isEmpty() ? object : otherwise;
  }

  /** The usage in the object that the parser is at; everything else in it is skipped. */
  private static @Nullable ObjectNode usageIn(JsonParser parser, @Nullable ObjectNode otherwise)
      throws IOException {
    ObjectNode found = otherwise;
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean usage = parser.currentName().equals("usage");
        parser.nextToken();
        if (usage) {
          found = object(parser, found);
        }
        parser.skipChildren();
      }
    } else {
      parser.skipChildren();
    }
    return found;
  }

  /** The text of this name in the object that the parser is at. */
  static @Nullable String textIn(JsonParser parser, String name) throws IOException {
    String text = null;
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean wanted = parser.currentName().equals(name);
        if (parser.nextToken() == JsonToken.VALUE_STRING && wanted) {
          text = parser.getText();
        }
        parser.skipChildren();
      }
    } else {
      parser.skipChildren();
    }
    return text;
  }

  static @Nullable String orElse(@Nullable String value, @Nullable String otherwise) {
    return value == null || value.isBlank() ? otherwise : value;
  }
}
