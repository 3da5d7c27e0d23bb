package io.github.usage4j.examples.replay;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The six token figures of one model call, or their sum over several; null where nothing was
 * stated. Recorded files and the report use the same names for them.
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record Figures(
    @Nullable Long inputTokens,
    @Nullable Long outputTokens,
    @Nullable Long totalTokens,
    @Nullable Long cachedInputTokens,
    @Nullable Long cacheWriteTokens,
    @Nullable Long reasoningTokens) {

  /** Nothing was stated. */
  static final Figures NONE = new Figures(null, null, null, null, null, null);

  /** The sum of no calls. */
  static final Figures ZERO = new Figures(0L, 0L, 0L, 0L, 0L, 0L);

  Figures {
    requireCount("input_tokens", inputTokens);
    requireCount("output_tokens", outputTokens);
    requireCount("total_tokens", totalTokens);
    requireCount("cached_input_tokens", cachedInputTokens);
    requireCount("cache_write_tokens", cacheWriteTokens);
    requireCount("reasoning_tokens", reasoningTokens);
  }

  /** True when no figure at all was stated. */
  boolean none() {
    return equals(NONE);
  }

  /** The sum as the recorded files form it: a call that stated nothing adds nothing. */
  Figures plus(Figures other) {
    return new Figures(
        sum(inputTokens, other.inputTokens),
        sum(outputTokens, other.outputTokens),
        sum(totalTokens, other.totalTokens),
        sum(cachedInputTokens, other.cachedInputTokens),
        sum(cacheWriteTokens, other.cacheWriteTokens),
        sum(reasoningTokens, other.reasoningTokens));
  }

  /** The same figures, with the output of an embedding, which has none, as zero. */
  Figures withoutOutputAsZero() {
    return outputTokens != null
        ? this
        : new Figures(
            inputTokens, 0L, totalTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens);
  }

  /**
   * What differs from the expected figures, in words; empty when nothing does. Input, output and
   * total must be the same, null included; for cache and reasoning null and zero are the same,
   * because providers leave the field out when there were none.
   */
  List<String> differencesFrom(Figures expected) {
    List<String> found = new ArrayList<>();
    compare(found, "input_tokens", inputTokens, expected.inputTokens);
    compare(found, "output_tokens", outputTokens, expected.outputTokens);
    compare(found, "total_tokens", totalTokens, expected.totalTokens);
    compare(
        found,
        "cached_input_tokens",
        orZero(cachedInputTokens),
        orZero(expected.cachedInputTokens));
    compare(
        found, "cache_write_tokens", orZero(cacheWriteTokens), orZero(expected.cacheWriteTokens));
    compare(found, "reasoning_tokens", orZero(reasoningTokens), orZero(expected.reasoningTokens));
    return found;
  }

  private static void compare(
      List<String> found, String name, @Nullable Long actual, @Nullable Long expected) {
    if (actual == null ? expected != null : !actual.equals(expected)) {
      found.add(name + " " + actual + " instead of " + expected);
    }
  }

  private static Long sum(@Nullable Long one, @Nullable Long other) {
    return Math.addExact(orZero(one), orZero(other));
  }

  private static Long orZero(@Nullable Long count) {
    return count == null ? 0L : count;
  }

  private static void requireCount(String name, @Nullable Long count) {
    if (count != null && count < 0) {
      throw new IllegalArgumentException(name + " must not be negative, was " + count);
    }
  }
}
