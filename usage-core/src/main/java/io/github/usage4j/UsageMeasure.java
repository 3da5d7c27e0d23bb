package io.github.usage4j;

/** What is counted: for ranking, comparing and limiting. */
public enum UsageMeasure {
  /** Input plus output tokens. */
  TOKENS,
  /** Money, in one currency. */
  COST,
  /** Model calls that were not refused. */
  CALLS,
  /** User requests, each of which may make several calls. */
  OPERATIONS
}
