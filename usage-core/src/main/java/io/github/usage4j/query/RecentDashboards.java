package io.github.usage4j.query;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageFilter;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.function.Function;

/**
 * Dashboards of the last {@link #KEPT}, by the clock of those who ask. Many who ask for one page at
 * once wait for one answer.
 */
final class RecentDashboards {

  static final Duration KEPT = Duration.ofSeconds(5);
  private static final int MAX_DASHBOARDS = 500;

  /** The day is in it, so that nobody sees yesterday's page after midnight. */
  private record Key(UsageFilter who, BillingPeriod when, LocalDate day) {}

  private final Cache<Key, Dashboard> known =
      Caffeine.newBuilder()
          .maximumSize(MAX_DASHBOARDS)
          .expireAfterWrite(KEPT.multipliedBy(2))
          .executor(Runnable::run)
          .build();

  Dashboard get(
      UsageFilter who, BillingPeriod when, Instant now, Function<Instant, Dashboard> make) {
    var key = new Key(who, when, LocalDate.ofInstant(now, ZoneOffset.UTC));
    return known
        .asMap()
        .compute(
            key, (k, found) -> found != null && isRecent(found, now) ? found : make.apply(now));
  }

  private static boolean isRecent(Dashboard found, Instant now) {
    Duration age = Duration.between(found.asOf(), now);
    return !age.isNegative() && age.compareTo(KEPT) < 0;
  }
}
