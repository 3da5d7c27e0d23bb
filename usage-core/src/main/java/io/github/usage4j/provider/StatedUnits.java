package io.github.usage4j.provider;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.Cost;
import java.math.BigDecimal;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a usage block states that is charged apart from tokens. */
final class StatedUnits {

  /** In the words of price catalogs; {@code searches} are those of rerankers. */
  private static final String WEB_SEARCHES = "web_searches";

  private static final String SECONDS = "seconds";

  /** More is no figure, and one like 1e999999999 must not be written out. */
  private static final int MAX_DIGITS = 12;

  private static final int MAX_DECIMALS = Cost.SCALE;

  private StatedUnits() {}

  /** Those of which there are any; what cannot be an amount is none. */
  static Map<String, BigDecimal> of(ObjectNode usage) {
    var units = new TreeMap<String, BigDecimal>();
    BigDecimal anthropic = amount(usage.path("server_tool_use").get("web_search_requests"), 0);
    BigDecimal openRouter =
        amount(usage.path("server_tool_use_details").get("web_search_requests"), 0);
    put(units, WEB_SEARCHES, anthropic != null ? anthropic : openRouter);
    if ("duration".equals(usage.path("type").asText())) { // OpenAI's transcriptions
      put(units, SECONDS, amount(usage.get("seconds"), MAX_DECIMALS));
    }
    return units;
  }

  private static void put(Map<String, BigDecimal> units, String name, @Nullable BigDecimal amount) {
    if (amount != null && amount.signum() > 0) {
      units.put(name, amount);
    }
  }

  private static @Nullable BigDecimal amount(@Nullable JsonNode stated, int decimals) {
    if (stated == null || !stated.isNumber()) {
      return null;
    }
    BigDecimal exact = stated.decimalValue();
    boolean fits =
        exact.signum() >= 0
            && exact.precision() - exact.scale() <= MAX_DIGITS
            && exact.scale() >= -MAX_DIGITS;
    if (!fits) {
      return null;
    }
    BigDecimal shortest = exact.stripTrailingZeros();
    if (shortest.scale() > decimals) {
      return null;
    }
    return shortest.setScale(Math.max(0, shortest.scale()));
  }
}
