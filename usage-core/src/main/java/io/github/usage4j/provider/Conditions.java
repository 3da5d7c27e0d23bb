package io.github.usage4j.provider;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.Checks;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Collects what changes the price of an answer and is neither a count nor a service tier: each text
 * at the top of a usage block that is not known to say nothing about the price. A condition that
 * nobody has heard of yet is kept too, because a call must not get the list price by mistake.
 */
final class Conditions {

  /** Bedrock's, which stands beside the usage block. */
  static final String LATENCY = "latency";

  /** Anthropic's: what was written to a cache is paid as if another model had done so before. */
  private static final String CREDIT = "fallback_credit";

  /** Says how many conditions there were beyond the most that are kept; no price knows it. */
  static final String MORE = "more_conditions";

  /** What says that the list price applies. */
  private static final Map<String, Set<String>> USUAL =
      Map.of(
          "speed",
          Set.of("standard"),
          "inference_geo",
          Set.of("global", "not_available"),
          CREDIT,
          Set.of("not_applied"),
          LATENCY,
          Set.of("standard"));

  /** Texts in usage blocks that say nothing about the price, and what is read elsewhere. */
  private static final Set<String> NEUTRAL =
      Set.of(
          "cost",
          "created",
          "currency",
          "estimated_cost",
          "finish_reason",
          "id",
          "model",
          "object",
          "provider",
          "service_tier", // as the two below: a tier
          "serviceTier",
          "source",
          "status",
          "stop_reason",
          "timestamp",
          "total_cost",
          "trafficType",
          "type",
          "unit");

  private @Nullable Map<String, String> stated; // null for most answers

  /** Takes the texts of a usage block; a later one counts more than one before. */
  void take(ObjectNode block) {
    block.properties().forEach(field -> take(field.getKey(), field.getValue()));
    take(CREDIT, block.path(CREDIT).path("status").path("type").textValue());
  }

  private void take(String name, @Nullable JsonNode value) {
    if (value != null && value.isTextual() && !isNeutral(name)) {
      take(name, value.textValue());
    }
  }

  /** Takes a condition that stands elsewhere. */
  void take(String name, @Nullable String value) {
    if (value != null && !value.isBlank() && !value.endsWith("UNSPECIFIED")) {
      String key = cut(name);
      stated = stated == null ? new TreeMap<>() : stated;
      stated.put(key.isEmpty() ? "unnamed" : key, cut(value));
    }
  }

  private static boolean isNeutral(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return NEUTRAL.contains(name)
        || lower.endsWith("_id")
        || lower.endsWith("_at")
        || lower.endsWith("_time")
        || lower.contains("tokens"); // a count, which is no figure as text
  }

  private static boolean isUsual(String name, String value) {
    return USUAL.getOrDefault(name, Set.of()).contains(value.toLowerCase(Locale.ROOT));
  }

  private static String cut(String text) {
    return Checks.text(text.strip(), UsageEvent.MAX_CONDITION).strip();
  }

  /** Those that do not just say that the list price applies, as many as an event can have. */
  Map<String, String> priced() {
    if (stated == null) {
      return Map.of();
    }
    var priced = new TreeMap<>(stated);
    priced.entrySet().removeIf(one -> isUsual(one.getKey(), one.getValue()));
    int most = UsageEvent.MAX_CONDITIONS;
    if (priced.size() > most) {
      int more = priced.size() - (most - 1);
      while (priced.size() > most - 1) {
        priced.pollLastEntry();
      }
      priced.put(MORE, Integer.toString(more));
    }
    return priced;
  }
}
