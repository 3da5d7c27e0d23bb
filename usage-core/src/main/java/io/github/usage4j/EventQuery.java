package io.github.usage4j;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which single calls a {@link UsageReader} returns. They come newest first: by {@code occurredAt},
 * then by id (unsigned), both descending.
 *
 * @param who which calls, and which organizations the reader may see
 * @param when the period that their {@code occurredAt} lies in
 * @param operationId only the steps of this operation; null for any
 * @param id only this call; null for any
 * @param limit the greatest number of calls returned, at least 1
 * @param after only calls that come after this position; null to begin with the newest
 */
public record EventQuery(
    UsageFilter who,
    BillingPeriod when,
    @Nullable String operationId,
    @Nullable UUID id,
    int limit,
    @Nullable Position after) {

  /**
   * A place between two calls.
   *
   * @param occurredAt of the last call before it
   * @param id of the last call before it
   */
  public record Position(Instant occurredAt, UUID id) {}

  /**
   * @throws IllegalArgumentException if the limit is below 1
   */
  public EventQuery {
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be at least 1, but was " + limit);
    }
  }
}
