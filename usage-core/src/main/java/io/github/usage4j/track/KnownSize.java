package io.github.usage4j.track;

import io.github.usage4j.TokenCounts;
import org.jspecify.annotations.Nullable;

/** A size in tokens that the host gave. */
record KnownSize(TokenCounts expected) implements CallSize {

  @Override
  public long input() {
    Long input = expected.input();
    return input == null ? 0 : input;
  }

  @Override
  public long inputAtMost() {
    return input();
  }

  @Override
  public @Nullable Long outputAtMost() {
    return expected.output();
  }
}
