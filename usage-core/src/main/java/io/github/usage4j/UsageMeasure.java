package io.github.usage4j;

import io.github.usage4j.internal.Checks;

/** What is counted: for ranking, comparing and limiting. */
public enum UsageMeasure {
  /** Input plus output tokens. */
  TOKENS,
  /** Money, in one currency. */
  COST,
  /** Model calls that were not refused. */
  CALLS,
  /** User requests, each of which may make several calls. */
  OPERATIONS;

  /**
   * The measure of this name in any case, as in a request's parameter.
   *
   * @throws IllegalArgumentException naming those there are, if it is none of them
   */
  public static UsageMeasure of(String name) {
    return Checks.oneOf("measure", name, values());
  }
}
