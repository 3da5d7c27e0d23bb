package io.github.usage4j.examples.replay;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What happened when one file was played.
 *
 * @param steps one for each recorded exchange, in their order
 * @param unexpectedRequests how often a client asked for more than was recorded
 */
record Played(List<Step> steps, int unexpectedRequests) {
  Played {
    steps = List.copyOf(steps);
  }

  /** How many model calls were made. */
  int calls() {
    return (int) steps.stream().filter(Called.class::isInstance).count();
  }

  /** What happened with one recorded exchange. */
  sealed interface Step {}

  /** A client made the call; what it threw, if it did. */
  record Called(@Nullable Throwable error) implements Step {}

  /** No call was made, for a reason of the closed list. */
  record NotCalled(SkipReason reason, String detail) implements Step {}

  /** No call was made, and no reason of the closed list excuses it. */
  record Failed(String detail) implements Step {}
}
