package io.github.usage4j.pricing;

import io.github.usage4j.TokenCounts;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a model can do, as far as a catalog says. Immutable.
 *
 * @param maxInput the most input tokens of a call; null if unknown
 * @param maxOutput the most output tokens of a call; null if unknown
 * @param context the most tokens of a call, input and output together; null if unknown
 * @param features what it is known to support; others may be missing in the model or in the catalog
 */
public record ModelCapabilities(
    @Nullable Long maxInput,
    @Nullable Long maxOutput,
    @Nullable Long context,
    Set<Feature> features) {

  /** Something that a request may need. */
  public enum Feature {
    /** Calls of tools, also called functions. */
    TOOL_CALLS,
    /** Answers that follow a JSON schema. */
    STRUCTURED_OUTPUT,
    /** Thinking before answering. */
    REASONING,
    /** Prompts may be cached. */
    PROMPT_CACHE,
    /** Images in the request. */
    IMAGE_INPUT,
    /** Audio in the request. */
    AUDIO_INPUT,
    /** Video in the request. */
    VIDEO_INPUT,
    /** PDF documents in the request. */
    PDF_INPUT,
    /** Images in the answer. */
    IMAGE_OUTPUT,
    /** Audio in the answer. */
    AUDIO_OUTPUT,
    /** Video in the answer. */
    VIDEO_OUTPUT
  }

  /**
   * Copies the features.
   *
   * @throws IllegalArgumentException if a number of tokens is negative
   */
  public ModelCapabilities {
    check("maxInput", maxInput);
    check("maxOutput", maxOutput);
    check("context", context);
    features = Set.copyOf(features);
  }

  /** What of these the model is not known to support. */
  public Set<Feature> missing(Collection<Feature> required) {
    var missing = EnumSet.noneOf(Feature.class);
    missing.addAll(required);
    missing.removeAll(features);
    return missing;
  }

  /** True if a call with these tokens exceeds no known limit; unknown counts exceed none. */
  public boolean fits(TokenCounts tokens) {
    return within(tokens.input(), maxInput)
        && within(tokens.output(), maxOutput)
        && within(tokens.total(), context);
  }

  private static boolean within(@Nullable Long tokens, @Nullable Long most) {
    return tokens == null || most == null || tokens <= most;
  }

  private static void check(String name, @Nullable Long tokens) {
    if (tokens != null && tokens < 0) {
      throw new IllegalArgumentException(name + " must not be negative, but was " + tokens);
    }
  }
}
