package io.github.usage4j.provider;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.internal.DecimalBounds;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.HashMap;
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
 * <p>Looks at fixed depths only, so that an answer which talks of usage is not taken for one. Not
 * safe for use by several threads.
 */
public class RawUsage {

  private static final JsonFactory JSON = Envelope.TREE.getFactory();

  /** Events after which nothing comes, of OpenAI's Responses and of Cohere. */
  private static final Set<String> LAST =
      Set.of("response.completed", "response.incomplete", "response.failed", "message-end");

  /** What the tier is called within a usage block; a later name counts more than one before. */
  private static final List<String> TIERS = List.of("service_tier", "trafficType", "serviceTier");

  /** The event of OpenAI's that shows a tool which was run; its type stands at its beginning. */
  private static final String ITEM = "response.output_item.done";

  /** Within how many characters an event says of what type it is. */
  private static final int BEGINNING = 64;

  final Conditions conditions = new Conditions();
  private final UsageBlock usage = new UsageBlock();
  private final ToolUse tools = new ToolUse();
  private @Nullable String model;
  private @Nullable String serviceTier;
  private boolean contradicts;
  private boolean interim;
  private boolean concluded;
  private @Nullable Exception problem;

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
    Envelope envelope = envelope(tools);
    envelope.block(block);
    take(envelope);
    return this;
  }

  /** Spares most events of a stream the parser; one that merely talks of usage costs a parse. */
  public static boolean mayState(String json) {
    return json.contains("usage")
        || json.contains("eval_count")
        || json.contains("billed_units")
        || begins(json);
  }

  /** Looks for the type only where it is, because most events are long and state nothing. */
  private static boolean begins(String json) {
    int last = Math.min(BEGINNING, json.length()) - ITEM.length();
    for (int i = 0; i <= last; i++) {
      if (json.charAt(i) == ITEM.charAt(0) && json.startsWith(ITEM, i)) {
        return true;
      }
    }
    return false;
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
    Envelope envelope = envelope(tools);
    try {
      envelope.read(parser);
    } finally {
      take(envelope);
    }
  }

  /** What reads the next document. */
  Envelope envelope(ToolUse tools) {
    return new Envelope(tools);
  }

  private void take(Envelope document) {
    model = Envelope.orElse(document.model, model);
    tier(document.serviceTier);
    conditions.take(Conditions.LATENCY, document.latency);
    ObjectNode block = document.block();
    if (block == null) {
      return;
    }
    usage.take(block, completes(document));
    conditions.take(block);
    contradicts |= document.contradicts;
    interim = "message_start".equals(document.type);
    concluded = concludes(document, block);
    for (String key : TIERS) {
      JsonNode tier = block.get(key);
      if (tier != null && tier.isTextual() && !tier.asText().endsWith("UNSPECIFIED")) {
        tier(tier.asText());
      }
    }
  }

  /** Takes the name of a service tier, if there is one. */
  final void tier(@Nullable String stated) {
    serviceTier = Envelope.orElse(stated, serviceTier);
  }

  /** Whether its figures complete those of the documents before, though they are of few counts. */
  boolean completes(Envelope document) {
    return "message_delta".equals(document.type);
  }

  /**
   * Whether its figures are known to be the last ones: the model says that it stopped, or they come
   * in a way in which they do not come before the end.
   */
  boolean concludes(Envelope document, ObjectNode block) {
    Long output = DecimalBounds.wholeNumber(block.get("completion_tokens"));
    return document.stopped
        || (document.noAnswers && output != null && output > 0)
        || document.bare.has("eval_count")
        || (document.type != null && LAST.contains(document.type));
  }

  /** Whether the figures stated are the last ones, though the stream may not be over yet. */
  public boolean concluded() {
    return concluded;
  }

  /** What was stated until now, read at this source; empty if nothing was. */
  public StatedUsage stated(Source source) {
    StatedUsage stated = parts(source).build();
    return stated.isEmpty() ? StatedUsage.NONE : stated;
  }

  final StatedUsage.Parts parts(Source source) {
    ObjectNode block = usage.fields();
    UsageShape shape = UsageShape.of(block);
    var figures = new Figures();
    if (shape != null) {
      shape.read(new UsageShape.Usage(block, figures), figures);
    }
    var parts = new StatedUsage.Parts(figures, source);
    parts.dropped |= contradicts || usage.contradicts(concluded);
    parts.interim = interim;
    parts.model = model;
    parts.serviceTier = serviceTier;
    parts.conditions = conditions.priced();
    parts.cost = StatedCost.of(block);
    parts.units = units(block);
    if (shape != null) {
      Iterations.take(block, shape, parts);
    }
    return parts;
  }

  /** What the block states comes before what the answer shows. */
  private Map<String, BigDecimal> units(ObjectNode block) {
    Map<String, BigDecimal> shown = tools.units(model);
    Map<String, BigDecimal> stated = StatedUnits.of(block);
    if (shown.isEmpty() && stated.isEmpty()) {
      return stated;
    }
    var units = new HashMap<>(shown);
    units.putAll(stated);
    units.values().removeIf(amount -> amount.signum() == 0);
    return units;
  }
}
