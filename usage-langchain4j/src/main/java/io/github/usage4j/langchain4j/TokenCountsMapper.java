package io.github.usage4j.langchain4j;

import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.TokenCounts;
import java.util.Optional;

/**
 * Says what a model's usage means where the library does not know it, such as that of a model of
 * one's own. Must be quick and safe for use by several threads.
 */
@FunctionalInterface
public interface TokenCountsMapper {

  /**
   * The counts that this usage states; empty to leave it to the library. If it throws, the tokens
   * of the call are recorded as unknown: nothing is guessed.
   *
   * @param usage what the model returned, never null
   */
  Optional<TokenCounts> map(TokenUsage usage);
}
