package io.github.usage4j.jdbc;

import io.github.usage4j.Cost;
import io.github.usage4j.UsageEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Costs that stored calls had before they were repriced. A delivery that is repeated after that
 * still has the old cost, and is no conflict.
 */
final class FormerCosts {

  private static final int IDS_AT_ONCE = 500;

  private FormerCosts() {}

  /**
   * Puts those stored calls back as they were that differ from what is delivered in their cost
   * alone, and once had the cost delivered.
   *
   * @param stored by id; changed
   */
  static void restore(
      Connection connection,
      Dialect dialect,
      Tables tables,
      Collection<UsageEvent> delivered,
      Map<UUID, Optional<UsageEvent>> stored)
      throws SQLException {
    Map<UUID, UsageEvent> before = new HashMap<>();
    for (UsageEvent event : delivered) {
      stored
          .getOrDefault(event.id(), Optional.empty())
          .filter(row -> !row.billsLike(event))
          .map(row -> row.toBuilder().cost(event.cost()).build())
          .filter(row -> row.billsLike(event))
          .ifPresent(row -> before.put(event.id(), row));
    }
    for (List<UUID> part : Sql.parts(before.keySet(), IDS_AT_ONCE)) {
      new Sql(dialect, "SELECT * FROM ")
          .add(tables.repricingEvent())
          .add(" WHERE ")
          .in("event_id", part.stream())
          .forEach(
              connection,
              row -> {
                UUID id = Dialect.required(row.getObject("event_id", UUID.class), "event_id");
                UsageEvent once = Dialect.required(before.get(id), "event_id");
                if (isEqual(RepricingRun.cost(row, "old_"), once.cost())) {
                  stored.put(id, Optional.of(once));
                }
              });
    }
  }

  private static boolean isEqual(@Nullable Cost one, @Nullable Cost other) {
    return one == null ? other == null : one.amountsEqual(other);
  }
}
