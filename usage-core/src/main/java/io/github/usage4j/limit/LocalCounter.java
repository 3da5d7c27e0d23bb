package io.github.usage4j.limit;

import org.jspecify.annotations.Nullable;

/** A counter that the store knows nothing of: what it counts is of this instance, and of now. */
abstract class LocalCounter extends Counter {

  LocalCounter(LimitKey key, long now) {
    super(key, now);
  }

  @Override
  final void stored(long used, long lowered) {}

  @Override
  final boolean remembers() {
    return false;
  }

  @Override
  final @Nullable LimitState state() {
    return null;
  }
}
