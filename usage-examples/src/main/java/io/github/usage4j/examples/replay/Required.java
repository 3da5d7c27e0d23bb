package io.github.usage4j.examples.replay;

import org.jspecify.annotations.Nullable;

/** Checks for what a recorded file must have; the reader adds the place to the message. */
final class Required {
  private Required() {}

  static void text(String name, @Nullable String value) {
    if (value == null || value.isBlank()) {
      throw new IllegalArgumentException(name + " is missing");
    }
  }

  static void value(String name, @Nullable Object value) {
    if (value == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
  }
}
