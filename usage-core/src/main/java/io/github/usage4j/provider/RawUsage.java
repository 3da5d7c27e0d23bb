package io.github.usage4j.provider;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.internal.DecimalBounds;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
public class RawUsage {

  private static final ObjectReader TREE =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build()
          .readerFor(JsonNode.class);

  private static final JsonFactory JSON = TREE.getFactory();

  private static final DecimalBounds AMOUNT = new DecimalBounds(18, Cost.SCALE);

  /** Events after which nothing comes, of OpenAI's Responses and of Cohere. */
  private static final Set<String> LAST =
      Set.of("response.completed", "response.incomplete", "response.failed", "message-end");

  /** What some write as the reason while there is none yet. */
  private static final Set<String> NO_REASON = Set.of("", "null", "FINISH_REASON_UNSPECIFIED");

  /** What the tier is called within a usage block; a later name counts more than one before. */
  private static final List<String> TIERS = List.of("service_tier", "trafficType", "serviceTier");

  private final ObjectNode usage = JsonNodeFactory.instance.objectNode();
  private @Nullable String model;
  private @Nullable String serviceTier;
  private boolean interim;
  private boolean concluded;
  private @Nullable Exception problem;

  /** What one document states apart from the usage block itself. */
  static final class Document {
    @Nullable String type;
    @Nullable JsonNode block;
    @Nullable JsonNode fallback;
    final ObjectNode bare = JsonNodeFactory.instance.objectNode();

    /** Whether it has a list of answers, which is empty. */
    boolean noAnswers;

    /** Whether it says why the model stopped. */
    boolean stopped;
  }

  /** Reads a document, or an event of a stream. */
  public RawUsage read(String json) {
    if (mayState(json)) {
      try (JsonParser parser = JSON.createParser(json)) {
        readAll(parser);
      } catch (IOException | RuntimeException e) {
        broke(e);
      }
    }
    return this;
  }

  /** Reads a document without decoding more of it than is looked at. */
  public RawUsage read(byte[] json) {
    return read(json, json.length);
  }

  /** Reads a document that is the first part of an array. */
  public RawUsage read(byte[] json, int length) {
    try (JsonParser parser = parser(json, length)) {
      readAll(parser);
    } catch (IOException | RuntimeException e) {
      broke(e);
    }
    return this;
  }

  static JsonParser parser(byte[] json, int length) throws IOException {
    return JSON.createParser(json, 0, length);
  }

  /** Cut off, compressed or not JSON: what was found until then counts. */
  final void broke(Exception why) {
    problem = why;
  }

  /**
   * Why a document could not be read to its end; null if all could since this was asked last. Says
   * what broke and where, and nothing of what was in it, as the parser's own messages do.
   */
  public @Nullable IOException takeProblem() {
    Exception taken = problem;
    problem = null;
    if (taken == null) {
      return null;
    }
    String where =
        taken instanceof JsonProcessingException json && json.getLocation() != null
            ? " at line " + json.getLocation().getLineNr()
            : "";
    return new IOException(taken.getClass().getSimpleName() + where);
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
        case "serviceTier" -> {
          JsonNode stated = tree(parser);
          tier(stated.isObject() ? stated.get("type") : stated); // an object of Bedrock's
        }
        case "x_groq" -> to.fallback = usageWithin(parser, to.fallback);
        case "choices", "candidates" -> answers(parser, to);
        case "stop_reason" -> {
          to.stopped |= parser.currentToken() != JsonToken.VALUE_NULL;
          parser.skipChildren();
        }
        case "message", "response", "delta", "meta" -> {
          boolean looked = outer || field.equals("meta"); // Cohere's first streams: response.meta
          if (looked && parser.currentToken() == JsonToken.START_OBJECT) {
            readFields(parser, to, false);
          } else {
            parser.skipChildren();
          }
        }
        default -> {
          if (outer) {
            other(field, parser, to);
          } else {
            parser.skipChildren();
          }
        }
      }
    }
  }

  /** A field that means nothing to most providers; leaves the parser at the end of its value. */
  void other(String field, JsonParser parser, Document to) throws IOException {
    parser.skipChildren();
  }

  static JsonNode tree(JsonParser parser) throws IOException {
    return TREE.readValue(parser);
  }

  /** Whether there are any, and whether one of them says why it ends. */
  private static void answers(JsonParser parser, Document to) throws IOException {
    to.noAnswers = parser.currentToken() == JsonToken.START_ARRAY;
    for (JsonToken part = first(parser); part != null; part = next(parser)) {
      to.noAnswers = false;
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        boolean reason = field.equals("finish_reason") || field.equals("finishReason");
        boolean stated = parser.nextToken() == JsonToken.VALUE_STRING && reason;
        to.stopped |= stated && !NO_REASON.contains(parser.getText());
        parser.skipChildren();
      }
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

  /** The next part of an array that was entered; null if there is none. Values are skipped. */
  static @Nullable JsonToken next(JsonParser parser) throws IOException {
    JsonToken part = parser.nextToken();
    while (part != JsonToken.START_OBJECT && part != JsonToken.END_ARRAY && part != null) {
      parser.skipChildren();
      part = parser.nextToken();
    }
    return part == JsonToken.START_OBJECT ? part : null;
  }

  private static void block(JsonParser parser, Document to) throws IOException {
    JsonNode found = TREE.readValue(parser);
    if (found instanceof ObjectNode && !found.isEmpty()) {
      to.block = found;
    }
  }

  static @Nullable JsonNode usageWithin(JsonParser parser, @Nullable JsonNode otherwise)
      throws IOException {
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      JsonNode found = tree(parser).get("usage");
      return found instanceof ObjectNode ? found : otherwise;
    }
    parser.skipChildren();
    return otherwise;
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
    if (!completes(document)) {
      usage.removeAll();
    }
    interim = "message_start".equals(document.type);
    concluded = concludes(document);
    block
        .properties()
        .forEach(
            field -> {
              if (!field.getValue().isNull() || !usage.has(field.getKey())) {
                usage.set(field.getKey(), field.getValue());
              }
            });
    TIERS.forEach(key -> tier(block.get(key)));
  }

  /** Takes the name of a service tier; anything else is none. */
  final void tier(@Nullable JsonNode stated) {
    if (stated != null && stated.isTextual() && !stated.asText().endsWith("UNSPECIFIED")) {
      serviceTier = orElse(stated.asText(), serviceTier);
    }
  }

  /** Whether its figures complete those of the documents before. */
  boolean completes(Document document) {
    return "message_delta".equals(document.type);
  }

  /**
   * Whether its figures are known to be the last ones: the model says that it stopped, or they come
   * in a way in which they do not come before the end.
   */
  boolean concludes(Document document) {
    JsonNode block = document.block;
    return document.stopped
        || (document.noAnswers && block != null && block.path("completion_tokens").asLong() > 0)
        || document.bare.has("eval_count")
        || (document.type != null && LAST.contains(document.type));
  }

  /** Whether the figures stated are the last ones, though the stream may not be over yet. */
  public boolean concluded() {
    return concluded;
  }

  /** What was stated until now, read at this source; empty if nothing was. */
  public StatedUsage stated(Source source) {
    return stated(usage, interim, source);
  }

  final StatedUsage stated(ObjectNode usage, boolean interim, Source source) {
    UsageShape shape = UsageShape.of(usage);
    Map<String, BigDecimal> units = StatedUnits.of(usage);
    if (shape == null && units.isEmpty()) {
      return StatedUsage.NONE;
    }
    var figures = new Figures();
    if (shape != null) {
      shape.read(new UsageShape.Usage(usage, figures), figures);
    }
    var stated = new StatedUsage.Parts(figures, source);
    stated.interim = interim;
    stated.cost = cost(usage.get("cost"));
    stated.model = model;
    stated.serviceTier = serviceTier;
    stated.units = units;
    return stated.build();
  }

  /** OpenRouter's dollars, which floating point gave some digits too many. */
  private static @Nullable Cost cost(@Nullable JsonNode stated) {
    BigDecimal amount = AMOUNT.rounded(stated);
    return amount == null || amount.signum() < 0 ? null : Cost.total(amount, "USD");
  }

  private static @Nullable String orElse(@Nullable String value, @Nullable String otherwise) {
    return value == null || value.isBlank() ? otherwise : value;
  }
}
