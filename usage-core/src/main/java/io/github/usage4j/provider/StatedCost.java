package io.github.usage4j.provider;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.Cost;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a usage block states that the answer costs. In dollars if it names no currency: so are
 * OpenRouter's credits.
 *
 * @see <a href="https://openrouter.ai/docs/use-cases/usage-accounting">usage.cost and is_byok</a>
 * @see <a href="https://docs.perplexity.ai/api-reference/chat-completions-post">usage.cost</a>
 * @see <a href="https://docs.x.ai/developers/cost-tracking">usage.cost_in_usd_ticks</a>
 */
final class StatedCost {

  private static final String DOLLARS = "USD";

  /** Of xAI's ticks, a dollar has so many that the point moves by ten places. */
  private static final int TICK_PLACES = 10;

  /** Floating point gives some amounts more digits than a cost has. */
  private static final DecimalBounds AMOUNT = new DecimalBounds(18, Cost.SCALE);

  private StatedCost() {}

  /** Null if it states none, or only a part of it. */
  static @Nullable Cost of(ObjectNode usage) {
    Long ticks = DecimalBounds.wholeNumber(usage.get("cost_in_usd_ticks"));
    if (ticks != null && ticks >= 0) {
      return Cost.total(BigDecimal.valueOf(ticks, TICK_PLACES), DOLLARS);
    }
    JsonNode cost = usage.get("cost");
    JsonNode currency = usage.get("currency");
    BigDecimal amount;
    if (cost instanceof ObjectNode parts) {
      amount = ofParts(parts);
      currency = parts.hasNonNull("currency") ? parts.get("currency") : currency;
    } else {
      amount = amount(cost);
      amount = amount != null ? amount : amount(usage.get("total_cost"));
      amount = amount != null ? amount : amount(usage.get("estimated_cost")); // DeepInfra
      amount = amount == null || !ownKey(usage) ? amount : plus(amount, upstream(usage));
    }
    return amount == null ? null : in(currency, amount);
  }

  /** With a key of the caller's own, OpenRouter's cost is its fee; the provider's is beside it. */
  private static boolean ownKey(ObjectNode usage) {
    JsonNode own = usage.get("is_byok");
    return own != null && (own.isTextual() ? own.textValue().equals("true") : own.asBoolean());
  }

  private static @Nullable BigDecimal upstream(ObjectNode usage) {
    return amount(usage.path("cost_details").get("upstream_inference_cost"));
  }

  /** The total, or the sum of its parts if there is none: each member that is named a cost. */
  private static @Nullable BigDecimal ofParts(ObjectNode cost) {
    BigDecimal total = amount(cost.get("total_cost"));
    if (total != null || cost.hasNonNull("total_cost")) {
      return total;
    }
    BigDecimal sum = null;
    for (Map.Entry<String, JsonNode> part : cost.properties()) {
      if (part.getKey().endsWith("cost") && !part.getValue().isNull()) {
        BigDecimal amount = amount(part.getValue());
        if (amount == null) {
          return null;
        }
        sum = sum == null ? amount : sum.add(amount);
      }
    }
    return AMOUNT.rounded(sum);
  }

  private static @Nullable BigDecimal plus(BigDecimal fee, @Nullable BigDecimal upstream) {
    return upstream == null ? null : AMOUNT.rounded(fee.add(upstream));
  }

  private static @Nullable BigDecimal amount(@Nullable JsonNode stated) {
    BigDecimal amount =
        stated != null && stated.isTextual()
            ? AMOUNT.rounded(stated.textValue().strip())
            : AMOUNT.rounded(stated);
    return amount == null || amount.signum() < 0 ? null : amount;
  }

  private static @Nullable Cost in(@Nullable JsonNode currency, BigDecimal amount) {
    String code = currency == null || !currency.isTextual() ? DOLLARS : currency.textValue();
    try {
      return Cost.total(amount, code.strip());
    } catch (IllegalArgumentException e) {
      return null; // no currency of ISO 4217, such as credits
    }
  }
}
