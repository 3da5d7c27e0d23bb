package io.github.usage4j.query;

import io.github.usage4j.UsageSummary;

/**
 * What the calls with one value of a tag add up to.
 *
 * @param value of the tag; "" for calls without it: untagged
 * @param usage their sum
 */
public record TagUsage(String value, UsageSummary usage) {

  /** True if this is the row of calls without the tag. */
  public boolean untagged() {
    return value.isEmpty();
  }
}
