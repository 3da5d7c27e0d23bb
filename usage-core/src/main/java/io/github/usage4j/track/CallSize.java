package io.github.usage4j.track;

import io.github.usage4j.TokenCounts;
import org.jspecify.annotations.Nullable;

/**
 * How much a call will use, as far as that can be told before it is made: what limits reserve.
 * Asked on the caller's thread, and only if a limit needs to know. What it throws is reported, and
 * counts as little.
 */
public interface CallSize {

  /** Nothing is known. */
  CallSize UNKNOWN = of(TokenCounts.UNKNOWN);

  /** How many input tokens it will probably have; 0 if nothing is known. */
  long input();

  /** How many input tokens it can have at most; 0 if nothing is known. */
  long inputAtMost();

  /** How many output tokens it asks for at most; null if it does not say. */
  @Nullable Long outputAtMost();

  /** A size that the host knows. */
  static CallSize of(TokenCounts expected) {
    return new KnownSize(expected);
  }
}
