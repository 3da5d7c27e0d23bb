package io.github.usage4j.query;

import io.github.usage4j.UsageSummary;
import java.math.BigDecimal;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One model beside the others. What it costs per 1 000 tokens, how often it succeeds and how
 * efficient it is tells {@code usage}.
 *
 * @param provider who serves it
 * @param model the one that answered, else the one asked for; "" if unknown
 * @param usage the sum of its calls
 * @param tokenShare its part of the total tokens of all models, 0 to 1; null if there are none
 * @param costShares its part of the cost of all models by currency code, 0 to 1; a currency in
 *     which it has no cost is left out
 * @param latency how long its calls took
 */
public record ModelUsage(
    String provider,
    String model,
    UsageSummary usage,
    @Nullable BigDecimal tokenShare,
    Map<String, BigDecimal> costShares,
    CallLatency latency) {

  /** Copies the shares. */
  public ModelUsage {
    costShares = Map.copyOf(costShares);
  }
}
