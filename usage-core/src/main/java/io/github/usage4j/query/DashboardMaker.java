package io.github.usage4j.query;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.UsageSummary;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Asks for everything on a dashboard, with as few questions as possible. */
final class DashboardMaker {

  private static final Set<Dimension> BY_MODEL = Set.of(Dimension.PROVIDER, Dimension.MODEL);

  private DashboardMaker() {}

  static Dashboard make(RawUsageReader reader, UsageFilter who, BillingPeriod when, Instant now) {
    var sums = new UsageQueries(reader);
    Coverage coverage = Coverage.of(when, reader.rowsSince(who));
    BillingPeriod part = BillingPeriod.of(coverage.coveredFrom(), when.end());
    boolean withEmptyDays = when.length().toDays() < UsageQueries.MAX_DAYS - 1;
    List<UsageSummary> daily =
        withEmptyDays ? sums.daily(who, when) : sums.by(who, when, Dimension.DAY);
    UsageSummary total =
        daily.stream().reduce(UsageSummary.EMPTY, UsageSummary::plus).forRow(Map.of(), Map.of());
    BillingPeriod passed = when.upTo(now);
    UsageSummary soFar = passed.equals(when) ? total : sums.total(who, passed);
    return new Dashboard(
        when,
        now,
        BillingPeriod.ZONE,
        total,
        comparison(sums, who, when, now, soFar),
        daily,
        top(sums, who, when, Dimension.USER),
        top(sums, who, when, Dimension.CUSTOMER),
        top(sums, who, when, Dimension.CATEGORY),
        models(reader, who, when, part),
        first(reader.uniques(new UsageQuery(who, part, Set.of())), UniqueCounts.NONE),
        first(reader.latency(new UsageQuery(who, part, Set.of())), CallLatency.NONE),
        Projection.of(when, now, soFar),
        sums.events(who, part, null),
        coverage);
  }

  private static @Nullable Comparison comparison(
      UsageQueries sums, UsageFilter who, BillingPeriod when, Instant now, UsageSummary soFar) {
    BillingPeriod previous;
    try {
      previous = when.previousUpTo(now);
    } catch (IllegalArgumentException e) {
      return null; // it would begin before there was any usage
    }
    return new Comparison(when.upTo(now), soFar, previous, sums.total(who, previous));
  }

  private static List<UsageSummary> top(
      UsageQueries sums, UsageFilter who, BillingPeriod when, Dimension dimension) {
    return sums.top(who, when, dimension, UsageMeasure.TOKENS);
  }

  private static <T> T first(List<T> rows, T none) {
    return rows.isEmpty() ? none : rows.get(0);
  }

  /**
   * The models of a period.
   *
   * @param part of which there are single calls
   */
  static List<ModelUsage> models(
      RawUsageReader reader, UsageFilter who, BillingPeriod when, BillingPeriod part) {
    List<UsageSummary> rows =
        new UsageQueries(reader).by(who, when, Dimension.PROVIDER, Dimension.MODEL);
    var latencies = new HashMap<Map<Dimension, String>, CallLatency>();
    reader
        .latency(new UsageQuery(who, part, BY_MODEL))
        .forEach(row -> latencies.put(row.keys(), row));
    UsageSummary all = rows.stream().reduce(UsageSummary.EMPTY, UsageSummary::plus);
    return rows.stream()
        .map(
            row ->
                new ModelUsage(
                    row.key(Dimension.PROVIDER),
                    row.key(Dimension.MODEL),
                    row,
                    share(
                        BigDecimal.valueOf(row.totalTokens()),
                        BigDecimal.valueOf(all.totalTokens())),
                    costShares(row, all),
                    latencies.getOrDefault(row.keys(), CallLatency.NONE)))
        .toList();
  }

  private static Map<String, BigDecimal> costShares(UsageSummary row, UsageSummary all) {
    var shares = new HashMap<String, BigDecimal>();
    for (Cost cost : row.costs()) {
      String currency = cost.currency().getCurrencyCode();
      BigDecimal share = share(cost.total(), all.cost(currency));
      if (share != null) {
        shares.put(currency, share);
      }
    }
    return shares;
  }

  private static @Nullable BigDecimal share(BigDecimal part, BigDecimal whole) {
    return whole.signum() == 0 ? null : part.divide(whole, MathContext.DECIMAL64);
  }
}
