package io.github.usage4j.query;

import io.github.usage4j.UsageQueries.Dimension;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How long calls that succeeded took. A percentile is the nearest rank: of n durations in ascending
 * order the one at place ⌈n · p / 100⌉, which one of the calls really took.
 *
 * @param keys what the calls have in common; empty for all
 * @param calls how many succeeded
 * @param p50 half of them took no longer than this; null if there are none
 * @param p95 of 20 calls 19 took no longer than this; null if there are none
 * @param timedCalls how many of them have a time to the first token: streamed ones
 * @param firstTokenP50 the time to the first token of half of those; null if there are none
 * @param firstTokenP95 the same of 19 of 20; null if there are none
 */
public record CallLatency(
    Map<Dimension, String> keys,
    long calls,
    @Nullable Duration p50,
    @Nullable Duration p95,
    long timedCalls,
    @Nullable Duration firstTokenP50,
    @Nullable Duration firstTokenP95) {

  /** Of no calls. */
  public static final CallLatency NONE = new CallLatency(Map.of(), 0, null, null, 0, null, null);

  /** Copies the keys. */
  public CallLatency {
    keys = Map.copyOf(keys);
  }
}
