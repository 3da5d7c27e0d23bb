package io.github.usage4j.provider;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.Cost;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a usage block states that is charged apart from tokens, in one word for all providers. Units
 * that stand outside of the block are in {@link ToolUse}.
 */
final class StatedUnits {

  static final String WEB_SEARCHES = "web_searches";
  static final String FILE_SEARCHES = "file_searches";
  static final String CONTAINERS = "containers";
  static final String IMAGES = "images";
  private static final String CODE_EXECUTIONS = "code_executions";

  static final DecimalBounds COUNT = new DecimalBounds(12, 0);
  private static final DecimalBounds AMOUNT = new DecimalBounds(12, Cost.SCALE);

  /**
   * Where a unit stands.
   *
   * @param parent the object within the block; empty for the block itself
   */
  private record Place(String parent, String field, String unit, DecimalBounds bounds) {

    @Nullable BigDecimal amountIn(ObjectNode usage) {
      JsonNode around = parent.isEmpty() ? usage : usage.path(parent);
      BigDecimal amount = bounds.exact(around.get(field));
      return amount == null || amount.signum() < 0 ? null : amount;
    }
  }

  private static Place count(String parent, String field, String unit) {
    return new Place(parent, field, unit, COUNT);
  }

  /** Of several places of a unit the first one counts that states it. */
  private static final List<Place> PLACES =
      List.of(
          count("server_tool_use", "web_search_requests", WEB_SEARCHES), // Anthropic
          count("server_tool_use", "code_execution_requests", CODE_EXECUTIONS),
          count("server_tool_use_details", "web_search_requests", WEB_SEARCHES), // OpenRouter
          count("server_side_tool_usage_details", "web_search_calls", WEB_SEARCHES), // xAI
          count("server_side_tool_usage_details", "x_search_calls", "x_searches"),
          count("server_side_tool_usage_details", "file_search_calls", FILE_SEARCHES),
          count("server_side_tool_usage_details", "document_search_calls", "document_searches"),
          count("server_side_tool_usage_details", "code_interpreter_calls", CODE_EXECUTIONS),
          count("server_side_tool_usage_details", "image_generation_calls", IMAGES),
          count("", "num_sources_used", "sources"), // xAI
          count("", "num_search_queries", WEB_SEARCHES), // Perplexity
          count("", "citation_tokens", "citation_tokens"),
          count("billed_units", "search_units", "searches"), // Cohere
          new Place("", "prompt_audio_seconds", "seconds", AMOUNT)); // Mistral

  /** OpenAI's transcriptions, whose usage is of this type or counts tokens. */
  private static final Place DURATION = new Place("", "seconds", "seconds", AMOUNT);

  private StatedUnits() {}

  /** Those that are stated, also where there are none; what cannot be an amount is not stated. */
  static Map<String, BigDecimal> of(ObjectNode usage) {
    Map<String, BigDecimal> units = Map.of();
    for (Place place : PLACES) {
      units = with(place, usage, units);
    }
    boolean transcribed = "duration".equals(usage.path("type").asText());
    return transcribed ? with(DURATION, usage, units) : units;
  }

  /** Most answers have none: no map is made for them. */
  private static Map<String, BigDecimal> with(
      Place place, ObjectNode usage, Map<String, BigDecimal> units) {
    BigDecimal amount = place.amountIn(usage);
    if (amount == null) {
      return units;
    }
    Map<String, BigDecimal> more = units.isEmpty() ? new HashMap<>() : units;
    more.putIfAbsent(place.unit(), amount);
    return more;
  }
}
