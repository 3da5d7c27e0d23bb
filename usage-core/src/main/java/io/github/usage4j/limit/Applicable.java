package io.github.usage4j.limit;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.limit.LimitKey.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Remembers for a short time which limits apply to whom, with their counters of the period. */
final class Applicable {

  /** For how long an answer of the host's plans, and of stored limits, is believed. */
  static final Duration BELIEVED = Duration.ofSeconds(10);

  private static final int MAX_CALLERS = 20_000;

  private final LimitSources sources;
  private final Counters counters;
  private final Leasing leasing;
  private final AtomicInteger version = new AtomicInteger();
  private final Cache<Caller, Found> cache = Caffeine.newBuilder().maximumSize(MAX_CALLERS).build();

  /** What the store said last of the billing periods of organizations. */
  private final Cache<String, BillingPeriod> periods =
      Caffeine.newBuilder().maximumSize(MAX_CALLERS).build();

  Applicable(LimitSources sources, Counters counters, Leasing leasing) {
    this.sources = sources;
    this.counters = counters;
    this.leasing = leasing;
  }

  /** All of a call that limits and plans may depend on; sessions and labels are not. */
  private record Caller(
      @Nullable String organization,
      @Nullable String user,
      @Nullable String customer,
      @Nullable String category,
      Map<String, String> tags,
      String model) {

    static Caller of(Attribution who, String model) {
      return new Caller(
          who.organization(), who.user(), who.customer(), who.category(), who.tags(), model);
    }
  }

  /**
   * What applies to a caller, from one instant until another, as it was found at some time of the
   * monotonic clock. The arrays are not changed.
   */
  static final class Found {
    final Applied[] applied;
    final Counter[] counters;
    private final List<UsageLimit> plans;
    private final Instant from;
    private final Instant until;
    private final long asOf;
    private final int version;

    Found(
        List<Applied> inOrder,
        List<UsageLimit> plans,
        Instant from,
        Instant until,
        long asOf,
        int version) {
      applied = inOrder.toArray(Applied[]::new);
      counters = inOrder.stream().map(Applied::counter).toArray(Counter[]::new);
      this.plans = plans;
      this.from = from;
      this.until = until;
      this.asOf = asOf;
      this.version = version;
    }

    boolean isFor(Instant at, long now, int currentVersion) {
      return version == currentVersion
          && now - asOf < BELIEVED.toNanos()
          && !at.isBefore(from)
          && at.isBefore(until);
    }
  }

  /** The limits that apply, those that are decided without the store first. */
  Found of(Attribution who, String model, Instant at, long now) {
    var caller = Caller.of(who, model);
    Found known = cache.getIfPresent(caller);
    if (known != null && known.isFor(at, now, version.get())) {
      return known;
    }
    return fresh(who, model, at, now);
  }

  /** The same, as the store says now of periods, and plans say of the caller. */
  Found fresh(Attribution who, String model, Instant at, long now) {
    var caller = Caller.of(who, model);
    Found known = cache.getIfPresent(caller);
    int current = version.get();
    List<UsageLimit> plans = sources.plansOf(who, known == null ? List.of() : known.plans);
    Found found = find(who, model, at, now, current, plans);
    cache.put(caller, found);
    return found;
  }

  private Found find(
      Attribution who, String model, Instant at, long now, int current, List<UsageLimit> plans) {
    BillingPeriod all = BillingPeriod.lifetime();
    Instant from = all.start();
    Instant until = all.end();
    long asOf = now;
    var applied = new ArrayList<Applied>();
    for (UsageLimit limit : sources.of(who, model, plans)) {
      Scope scope = limit.scopeFor(who, model);
      if (scope != null) {
        BillingPeriod period = periodOf(limit, who, at);
        if (period == null) { // nobody can decide about it: ask again next time
          applied.add(new Applied(limit, new UndecidedCounter(limit, scope, now)));
          asOf = now - BELIEVED.toNanos();
          continue;
        }
        applied.add(new Applied(limit, counters.of(limit, scope, period)));
        if (!limit.window().isRate()) {
          from = from.isBefore(period.start()) ? period.start() : from;
          until = period.end().isBefore(until) ? period.end() : until;
        }
      }
    }
    applied.sort(Comparator.comparing(one -> one.counter() instanceof LeasedCounter));
    return new Found(applied, plans, from, until, asOf, current);
  }

  /** The period of a limit; null if the store would have to say, is away, and never said. */
  private @Nullable BillingPeriod periodOf(UsageLimit limit, Attribution who, Instant at) {
    String organization = who.organization();
    if (limit.window().kind() != LimitWindow.Kind.BILLING || organization == null) {
      return limit.window().periodAt(at, BillingPeriod.lifetime());
    }
    BillingPeriod period = leasing.periodAt(organization, at);
    if (period != null) {
      periods.put(organization, period);
    } else {
      BillingPeriod known = periods.getIfPresent(organization);
      period = known != null && known.contains(at) ? known : null;
    }
    return period == null ? null : limit.window().periodAt(at, period);
  }

  /** A counter was retired: looks again for whoever has it. */
  void forget(Attribution who, String model) {
    cache.invalidate(Caller.of(who, model));
  }

  /** Limits or periods have changed. */
  void changed() {
    version.incrementAndGet();
  }
}
