package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.internal.UsageIds;
import io.github.usage4j.jdbc.EventColumns.UnstorableException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What some calls add to one row of the rollups, or take away from it.
 *
 * @param bucket the first day of the bucket
 * @param hash {@link RollupKey#hash} of the key
 * @param sum what is added
 * @param less what is taken away; null for nothing
 */
record RollupRow(
    Grain grain,
    LocalDate bucket,
    UUID hash,
    RollupKey key,
    UsageSummary sum,
    @Nullable UsageSummary less) {

  /** By primary key. Every writer locks rows in this order, so that none waits in a circle. */
  static final Comparator<RollupRow> ORDER =
      Comparator.comparing(RollupRow::grain)
          .thenComparing(RollupRow::bucket)
          .thenComparing(RollupRow::hash, UsageIds.ORDER);

  RollupRow(Grain grain, LocalDate bucket, UUID hash, RollupKey key, UsageSummary sum) {
    this(grain, bucket, hash, key, sum, null);
  }

  /**
   * What these calls add to every grain, in {@link #ORDER}.
   *
   * @throws UnstorableException if the calls together are more than can be counted
   */
  static List<RollupRow> of(Collection<UsageEvent> events) {
    var days = new HashMap<RollupKey, Map<LocalDate, UsageSummary>>();
    try {
      for (UsageEvent event : events) {
        days.computeIfAbsent(RollupKey.of(event), key -> new HashMap<>())
            .merge(event.utcDay(), UsageSummary.of(event), UsageSummary::plus);
      }
      var wide = new HashMap<RollupKey, Map<LocalDate, UsageSummary>>();
      days.forEach(
          (key, sums) -> {
            var all = wide.computeIfAbsent(key.ofOrganization(), k -> new HashMap<>());
            sums.forEach((day, sum) -> all.merge(day, sum, UsageSummary::plus));
          });
      var rows = new ArrayList<RollupRow>();
      add(rows, days, Grain.DAY, Grain.MONTH);
      add(rows, wide, Grain.ORGANIZATION_DAY, Grain.ORGANIZATION_MONTH);
      rows.sort(ORDER);
      return rows;
    } catch (ArithmeticException e) {
      throw new UnstorableException(
          "the tokens of " + events.size() + " calls together must fit into a long");
    }
  }

  private static void add(
      List<RollupRow> rows,
      Map<RollupKey, Map<LocalDate, UsageSummary>> days,
      Grain ofDay,
      Grain ofMonth) {
    days.forEach(
        (key, sums) -> {
          UUID hash = key.hash();
          var months = new HashMap<LocalDate, UsageSummary>();
          sums.forEach(
              (day, sum) -> {
                rows.add(new RollupRow(ofDay, day, hash, key, sum));
                months.merge(ofMonth.bucket(day), sum, UsageSummary::plus);
              });
          months.forEach((month, sum) -> rows.add(new RollupRow(ofMonth, month, hash, key, sum)));
        });
  }
}
