package io.github.usage4j.query;

import io.github.usage4j.UsageQueries.Dimension;
import java.util.Map;

/**
 * How many different ones there are. Each is counted within its organization: user 7 of two
 * organizations is two users. A refused call counts too, unattributed ones do not.
 *
 * @param keys what the calls have in common; empty for all
 * @param users actors
 * @param customers viewed customers
 * @param sessions conversations
 */
public record UniqueCounts(Map<Dimension, String> keys, long users, long customers, long sessions) {

  /** Of no calls. */
  public static final UniqueCounts NONE = new UniqueCounts(Map.of(), 0, 0, 0);

  /** Copies the keys. */
  public UniqueCounts {
    keys = Map.copyOf(keys);
  }
}
