package io.github.usage4j.provider;

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

  /** How the names of Google's services begin. */
  private static final String GOOGLE = "gcp.";

  /** Copies the units. */
  public StatedUsage {
    units = Map.copyOf(units);
  }

  /** Nothing was stated. */
  public static final StatedUsage NONE = of(TokenCounts.UNKNOWN, Source.CLIENT);

  /** These counts and nothing else. */
  public static StatedUsage of(TokenCounts tokens, Source source) {
    return new StatedUsage(tokens, 0, false, false, source, null, null, null, Map.of());
  }

  /** What these figures say and nothing else. */
  public static StatedUsage of(Figures figures, Source source) {
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
  public StatedUsage tokens(TokenCounts others, long ofTheirTotal) {
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

  /**
   * What an answer states together with what its provider leaves unsaid: Ollama leaves a count out
   * exactly when it is zero, such as that of a prompt all of which was cached. What the host states
   * is not touched.
   *
   * @param provider in the words of OpenTelemetry's {@code gen_ai.provider.name}
   */
  public StatedUsage completed(String provider) {
    StatedUsage usage = explained(provider);
    Long output = usage.tokens().output();
    boolean unsaid = usage.tokens().input() == null && output != null && !usage.dropped();
    if (!unsaid || usage.source() == Source.HOST || !provider.equals("ollama")) {
      return usage;
    }
    return usage.tokens(usage.tokens().plus(TokenCounts.input(0)), usage.unexplained());
  }

  /**
   * What an answer states, with what its total has beyond input and output. Google's models leave
   * thoughts out of the output that they state, so there it is output; but not known to be
   * reasoning, because what a tool puts into the prompt, such as the results of a search, may be in
   * the total too. Of other providers it is not known what it is, and the figures stay partial.
   *
   * @param provider in the words of OpenTelemetry's {@code gen_ai.provider.name}
   */
  public StatedUsage explained(String provider) {
    boolean isOutput = unexplained > 0 && tokens.input() != null;
    return isOutput && provider.startsWith(GOOGLE)
        ? tokens(tokens.plus(output(unexplained)), 0)
        : this;
  }

  private static TokenCounts output(long tokens) {
    return new TokenCounts(null, tokens, null, null, null, null, null, null, null);
  }

  /** True if the figures are not all that was used, or may not be. */
  public boolean partial() {
    return dropped || interim || unexplained > 0;
  }
}
