package io.github.usage4j;

import io.github.usage4j.UsageQueries.Dimension;
import java.util.Set;

/**
 * What a {@link UsageReader} adds up.
 *
 * @param who which calls, and which organizations the reader may see
 * @param when the period that their {@code occurredAt} lies in
 * @param dimensions what to group by; empty for one sum. {@link Dimension#MONTH} is never asked
 *     for: it is added up from days
 */
public record UsageQuery(UsageFilter who, BillingPeriod when, Set<Dimension> dimensions) {

  /** Copies the dimensions. */
  public UsageQuery {
    dimensions = Set.copyOf(dimensions);
    if (dimensions.contains(Dimension.MONTH)) {
      throw new IllegalArgumentException("a reader groups by DAY, not by MONTH");
    }
  }
}
