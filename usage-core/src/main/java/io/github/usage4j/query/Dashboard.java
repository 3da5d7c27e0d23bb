package io.github.usage4j.query;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageSummary;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An administrator's page, or a user's: everything from one state of the store. Every sum says how
 * complete it is: {@code unmeasured}, {@code partial}, {@code estimated}, {@code unpriced}.
 *
 * @param period what it is about
 * @param asOf when it was asked for; up to five seconds ago if it was remembered
 * @param periodZone the zone of its days and months: always {@value BillingPeriod#ZONE}
 * @param total the sum of the period
 * @param comparison the period up to now beside the same part of the one before; null if that would
 *     begin before 1970
 * @param daily one row for every day, empty days included; of a period of more than {@value
 *     UsageQueries#MAX_DAYS} days only those with calls
 * @param users the {@value UsageQueries#DEFAULT_TOP} with the most tokens; "" is unattributed
 * @param customers the same of viewed customers
 * @param categories the same of features
 * @param models the models that were used, most tokens first
 * @param uniques how many users, customers and conversations there were
 * @param latency how long calls that succeeded took
 * @param projection what the period will add up to
 * @param recent the newest {@value UsageQueries#DEFAULT_PAGE} calls, with the position after them
 * @param coverage which part of the period {@code uniques}, {@code latency} and {@code recent} are
 *     about
 */
public record Dashboard(
    BillingPeriod period,
    Instant asOf,
    String periodZone,
    UsageSummary total,
    @Nullable Comparison comparison,
    List<UsageSummary> daily,
    List<UsageSummary> users,
    List<UsageSummary> customers,
    List<UsageSummary> categories,
    List<ModelUsage> models,
    UniqueCounts uniques,
    CallLatency latency,
    Projection projection,
    UsageQueries.Page recent,
    Coverage coverage) {

  /** Copies its lists. */
  public Dashboard {
    daily = List.copyOf(daily);
    users = List.copyOf(users);
    customers = List.copyOf(customers);
    categories = List.copyOf(categories);
    models = List.copyOf(models);
  }
}
