package io.github.usage4j.langchain4j.internal;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Source;
import java.math.BigDecimal;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one answer states of its usage, in our meaning of a token.
 *
 * @param unexplained what a stated total has beyond input and output
 * @param dropped whether something was stated that cannot be a figure
 * @param interim whether all was stated before the end
 * @param source where it was read
 * @param costUsd what the provider says it costs, in dollars
 * @param model the model named beside it
 * @param serviceTier the tier named beside it
 * @param units what is charged apart from tokens
 */
public record StatedUsage(
    TokenCounts tokens,
    long unexplained,
    boolean dropped,
    boolean interim,
    Source source,
    @Nullable BigDecimal costUsd,
    @Nullable String model,
    @Nullable String serviceTier,
    Map<String, BigDecimal> units) {

  public StatedUsage {
    units = Map.copyOf(units);
  }

  /** Nothing was stated. */
  public static final StatedUsage NONE = of(TokenCounts.UNKNOWN, Source.CLIENT);

  /** These counts and nothing else. */
  public static StatedUsage of(TokenCounts tokens, Source source) {
    return new StatedUsage(tokens, 0, false, false, source, null, null, null, Map.of());
  }

  static StatedUsage of(Figures figures, Source source) {
    return new StatedUsage(
        figures.counts(),
        figures.unexplained(),
        figures.anyDropped(),
        false,
        source,
        null,
        null,
        null,
        Map.of());
  }

  /** The same with other counts. */
  StatedUsage tokens(TokenCounts others, long ofTheirTotal) {
    return new StatedUsage(
        others, ofTheirTotal, dropped, interim, source, costUsd, model, serviceTier, units);
  }

  /** The same with other units. */
  public StatedUsage units(Map<String, BigDecimal> others) {
    return new StatedUsage(
        tokens, unexplained, dropped, interim, source, costUsd, model, serviceTier, others);
  }

  /** The same figures, which are not known to be all that was used. */
  public StatedUsage notAll() {
    return new StatedUsage(
        tokens, unexplained, dropped, true, source, costUsd, model, serviceTier, units);
  }

  /** True if the figures are not all that was used, or may not be. */
  public boolean partial() {
    return dropped || interim || unexplained > 0;
  }
}
