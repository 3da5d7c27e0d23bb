package io.github.usage4j.examples.trace;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageSummary;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the database has of some workloads: in all, by workload, and by UTC day, month and hour. If
 * several parts of a workload were imported, all of them count.
 */
final class TraceTotals {

  private static final int HOURS = 24;

  private UsageSummary total = UsageSummary.EMPTY;
  private final Map<String, UsageSummary> byWorkload = new TreeMap<>();
  private final Map<String, UsageSummary> byDay = new TreeMap<>();
  private final Map<String, UsageSummary> byMonth = new TreeMap<>();
  private final Map<String, UsageSummary> byHour = new TreeMap<>();

  TraceTotals(UsageQueries usage, Set<String> workloads) {
    BillingPeriod ever = BillingPeriod.lifetime();
    for (String workload : workloads) {
      UsageFilter who =
          UsageFilter.allOrganizations().provider(TraceImport.PROVIDER).category(workload);
      UsageSummary sum = usage.total(who, ever);
      total = total.plus(sum);
      byWorkload.put(workload, sum);
      for (UsageSummary month : usage.by(who, ever, Dimension.MONTH)) {
        byMonth.merge(month.key(Dimension.MONTH), month, UsageSummary::plus);
      }
      for (UsageSummary day : usage.by(who, ever, Dimension.DAY)) {
        byDay.merge(day.key(Dimension.DAY), day, UsageSummary::plus);
        addHours(usage, who, LocalDate.parse(day.key(Dimension.DAY)));
      }
    }
  }

  private void addHours(UsageQueries usage, UsageFilter who, LocalDate day) {
    Instant start = BillingPeriod.day(day).start();
    for (int hour = 0; hour < HOURS; hour++) {
      Instant from = start.plus(Duration.ofHours(hour));
      UsageSummary sum = usage.total(who, BillingPeriod.of(from, from.plus(Duration.ofHours(1))));
      if (sum.calls() > 0) {
        byHour.merge(String.format(Locale.ROOT, "%sT%02d", day, hour), sum, UsageSummary::plus);
      }
    }
  }

  UsageSummary total() {
    return total;
  }

  Map<String, UsageSummary> byMonth() {
    return byMonth;
  }

  /** The same as nested maps, with the names that traces are described with. */
  Map<String, Object> toMap() {
    var map = new LinkedHashMap<String, Object>();
    map.put("total", figures(total));
    map.put("by_workload", figures(byWorkload));
    map.put("by_utc_day", figures(byDay));
    map.put("by_utc_month", figures(byMonth));
    map.put("by_utc_hour", figures(byHour));
    return map;
  }

  private static Map<String, Object> figures(Map<String, UsageSummary> rows) {
    var map = new LinkedHashMap<String, Object>();
    rows.forEach((key, sum) -> map.put(key, figures(sum)));
    return map;
  }

  private static Map<String, Object> figures(UsageSummary sum) {
    var map = new LinkedHashMap<String, Object>();
    map.put("requests", sum.calls());
    map.put("input_tokens", orZero(sum.tokens().input()));
    map.put("output_tokens", orZero(sum.tokens().output()));
    // A trace without this column means that nothing is known of caching; its sum is 0 there.
    map.put("cached_input_tokens", orZero(sum.tokens().cacheRead()));
    return map;
  }

  private static long orZero(@org.jspecify.annotations.Nullable Long count) {
    return count == null ? 0 : count;
  }
}
