package io.github.usage4j.limit;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.limit.Applicable.Found;
import io.github.usage4j.limit.Counter.Taken;
import io.github.usage4j.limit.UsageLimitExceededException.Reason;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides which calls may be made: an application has one for each store and gives it to its
 * tracker, which asks it before each call and closes it. It decides in memory by what it has leased
 * from the store. Safe for use by several threads.
 *
 * <p>A call goes through only if every limit that applies to it has room. Nothing of the host's
 * throws through this: a function of plans, a listener, a meter.
 */
public final class UsageLimiter {

  /** After how many seconds of silence the leases of an instance are taken back: {@value}. */
  public static final int LEASE_SECONDS = 30;

  /** After which time to try again what will never be let through as it is. */
  static final Duration NEVER = Duration.ofDays(1);

  private static final int ATTEMPTS = 20;
  private static final Duration AWAY_RETRY = Duration.ofSeconds(5);

  /** What becomes of calls under hard limits while nobody can tell what is left. */
  public enum WhenUnavailable {
    /** They are let through and counted as an anomaly: limits may be passed. */
    ALLOW,
    /** They are refused. */
    REFUSE
  }

  /**
   * What limits keep free for one call that was let through, until it ends: settled with what it
   * used, or released because it used nothing. The first of both counts. Safe for use by several
   * threads.
   */
  public interface Hold {

    /**
     * The call has ended. To be called before its events are handed to a sink, so that their usage
     * is at no moment missing.
     *
     * @param event the call's own
     * @param others what was used for it besides, such as by another model; as a rule none
     */
    void settle(UsageEvent event, List<UsageEvent> others);

    /** The call was not made, or is accounted for otherwise. */
    void release();
  }

  private final LimitStore store;
  private final Guard guard;
  private final WhenUnavailable whenUnavailable;
  private final InstantSource clock;
  private final LongSupplier nanos;
  private final LimitSources sources;
  private final LeaseKeeper keeper;
  private final Counters counters;
  private final Applicable applicable;
  private final AlertDelivery alerts;
  private final Housekeeping housekeeping;
  private final Statuses statuses;
  private final Runnable closing;

  UsageLimiter(UsageLimiterBuilder builder) {
    store = builder.store;
    guard = new Guard(builder.metrics);
    whenUnavailable = builder.whenUnavailable;
    clock = builder.clock;
    nanos = builder.nanos;
    sources = new LimitSources(builder.limits, builder.functions, guard);
    var threads = new LimiterThreads(builder.byHand);
    keeper =
        new LeaseKeeper(
            store,
            guard,
            nanos,
            threads.store(),
            threads.patience(),
            builder.leaseTime,
            () -> new Unwritten(this::alertsRaised),
            this::lost);
    counters = new Counters(keeper, nanos);
    applicable = new Applicable(sources, counters, keeper);
    alerts =
        new AlertDelivery(
            store, builder.listeners, () -> keeper.holder().id(), guard, threads.alerts());
    statuses = new Statuses(store, applicable, builder.meters, guard, clock, nanos);
    var forecasts = new Forecasts(store, guard, clock);
    housekeeping =
        new Housekeeping(
            store, guard, nanos, keeper, counters, sources, applicable, alerts, forecasts);
    closing = threads::close;
    housekeeping.tick();
    threads.every(builder.leaseTime.dividedBy(3), housekeeping::tick);
  }

  /** Starts a limiter over what a store keeps of limits. */
  public static UsageLimiterBuilder builder(LimitStore store) {
    return new UsageLimiterBuilder(store);
  }

  /**
   * Asks for a call that is about to be made.
   *
   * @return what is kept free for it, to be settled or released when it ends
   * @throws UsageLimitExceededException if a limit refuses it; then nothing is kept
   */
  public Hold admit(LimitRequest request) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      long now = nanos.getAsLong();
      Found found = found(request, now);
      if (found == null || found.applied.length == 0) {
        return LimitHold.NONE;
      }
      LimitHold hold = take(request, found, now);
      if (hold != null) {
        return hold;
      }
      applicable.forget(request.who(), request.model());
    }
    guard.report(Anomaly.LIMIT_STORE_UNAVAILABLE, "a counter was retired again and again");
    return LimitHold.NONE;
  }

  private @Nullable Found found(LimitRequest request, long now) {
    return guard.get(
        Anomaly.LIMIT_STORE_UNAVAILABLE,
        "asking which limits apply",
        () -> applicable.of(request.who(), request.model(), request.occurredAt(), now),
        () -> null);
  }

  /** Null if a counter was retired meanwhile. */
  private @Nullable LimitHold take(LimitRequest request, Found found, long now) {
    Applied[] applied = found.applied;
    var taken = new long[applied.length];
    for (int i = 0; i < applied.length; i++) {
      Applied one = applied[i];
      long wanted = wanted(one, request);
      if (wanted == Applied.UNPRICED) {
        giveBack(applied, taken, i);
        throw refusal(one, request, 0, Reason.UNPRICED);
      }
      Counter counter = one.counter();
      counter.touch(now);
      // What takes nothing is not refused: a later step where operations are counted, say.
      Taken result = counter.take(wanted, wanted == 0 || one.letsThrough(request), now);
      if (result == Taken.UNKNOWN && whenUnavailable == WhenUnavailable.ALLOW) {
        guard.report(
            Anomaly.LIMIT_STORE_UNAVAILABLE,
            "a call was let through without knowing what is left of '" + one.limit().name() + "'");
        result = counter.take(wanted, true, now);
      }
      taken[i] = wanted;
      if (result == Taken.RETIRED) {
        giveBack(applied, taken, i);
        return null;
      }
      if (result != Taken.YES) {
        giveBack(applied, taken, i);
        throw refusal(one, request, wanted, counter.reasonFor(result));
      }
    }
    return new LimitHold(this, found.counters, taken);
  }

  /** What the host's estimator or prices throw costs the caller nothing, and reserves little. */
  private long wanted(Applied one, LimitRequest request) {
    try {
      return one.wanted(request);
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      guard.report(Anomaly.ESTIMATOR_FAILED, "estimating what a call will use", e);
      return 1;
    }
  }

  private static void giveBack(Applied[] applied, long[] taken, int count) {
    for (int i = 0; i < count; i++) {
      applied[i].counter().release(taken[i]);
    }
  }

  private UsageLimitExceededException refusal(
      Applied one, LimitRequest request, long wanted, Reason reason) {
    LimitStatus status = statuses.ofCounter(one, request.occurredAt());
    Duration after = retryAfter(one, status, request.occurredAt(), wanted, reason);
    return new UsageLimitExceededException(
        Words.refusal(one.limit(), status, reason), reason, status, wholeSeconds(after));
  }

  /** Rounded up, because a header has no fractions: 0 would say that it can be tried at once. */
  private static Duration wholeSeconds(Duration exact) {
    long seconds = exact.getSeconds() + (exact.getNano() > 0 ? 1 : 0);
    return Duration.ofSeconds(Math.max(1, seconds));
  }

  private static Duration retryAfter(
      Applied one, LimitStatus status, Instant at, long wanted, Reason reason) {
    Duration known = one.counter().retryAfter(wanted);
    Instant resetsAt = status.resetsAt();
    if (reason == Reason.STORE_AWAY) {
      return AWAY_RETRY;
    }
    if (known != null) {
      return known;
    }
    return resetsAt == null || reason == Reason.UNPRICED ? NEVER : Duration.between(at, resetsAt);
  }

  /** A call has ended, and its event is about to be handed to the sinks. */
  void ended(UsageEvent event, Counter[] their, long[] used) {
    keeper.holder().add(event, their, used, nanos.getAsLong());
  }

  /**
   * Where a caller stands with each limit that applies to calls without a particular model, as the
   * store says now.
   *
   * @throws UsageException if the store cannot answer
   */
  public List<LimitStatus> status(Attribution who) {
    return status(who, "");
  }

  /** The same for calls that ask for this model. */
  public List<LimitStatus> status(Attribution who, String model) {
    return statuses.of(who, model);
  }

  /** What the host counts itself, for this caller. */
  public List<MeterSource.Meter> meters(Attribution who) {
    return statuses.meters(who);
  }

  /**
   * Refuses as a call would be refused now, without making one: before something long is begun, or
   * where a tool calls an AI service of its own.
   *
   * @throws UsageLimitExceededException if nothing is left of a limit that applies
   */
  public void check(Attribution who) {
    admit(new Probe(who, clock.instant())).release();
  }

  /**
   * Stores a limit for all instances, in place of the one of its name and subject. In this one it
   * counts at once, in others within some seconds; see docs/limits.md. What was used stays.
   *
   * @param by who changes it, for the audit
   * @throws UsageException if the store cannot do it now
   */
  public void put(UsageLimit limit, String by) {
    store.put(Objects.requireNonNull(limit, "limit"), by);
    housekeeping.readLimits();
  }

  /** Removes a stored limit; false if there is none. */
  public boolean remove(String limitName, LimitTarget target, String by) {
    boolean removed = store.remove(limitName, target, by);
    housekeeping.readLimits();
    return removed;
  }

  /** What was done to stored limits of a name, oldest first. */
  public List<LimitStore.Change> changes(String limitName) {
    return store.changes(limitName);
  }

  /** Adds to what a limit allows somebody in the current period. */
  public boolean grant(String limitName, Attribution who, long amount, String reference) {
    return grant(limitName, who, BigDecimal.valueOf(amount), reference);
  }

  /**
   * Adds to what a limit allows somebody in the current period, once for each reference: a payment
   * webhook may come twice.
   *
   * @return false if that reference was granted before
   * @throws IllegalArgumentException if no limit of that name applies to them, or several do, or
   *     the amount is not more than 0
   * @throws UsageException if the store cannot do it now
   */
  public boolean grant(String limitName, Attribution who, BigDecimal amount, String reference) {
    boolean granted = statuses.grant(limitName, who, amount, reference);
    counters.refresh();
    return granted;
  }

  /**
   * A billing system has begun a new period of an organization, for limits that are {@link
   * LimitTarget.Allowance#perBillingPeriod}. Nothing is reset: the old period stays as it is.
   *
   * @param externalId what the period is known by there
   * @return false if that id is known already, whose start stays as it is
   * @throws IllegalArgumentException if the start is not in the years 1970 to 9999
   */
  public boolean openPeriod(String organization, Instant start, String externalId) {
    boolean opened = store.openPeriod(organization, start, externalId);
    applicable.changed();
    return opened;
  }

  /** Alerts about somebody, newest first. */
  public List<UsageAlert> alerts(LimitKey.Scope scope, int most) {
    return store.alerts(scope, most);
  }

  /** Somebody knows of an alert; false if it was acknowledged before. */
  public boolean acknowledge(UUID alertId, String by) {
    return store.acknowledge(alertId, by);
  }

  /**
   * Gives back what is leased and not needed. The tracker that this was given to does so after its
   * sinks are closed. Closing twice is harmless.
   */
  public void close() {
    closing.run();
    housekeeping.close();
  }

  private void alertsRaised() {
    alerts.wake();
  }

  private void lost() {
    counters.abandon();
    applicable.changed();
  }

  /** Does by hand what happens every third of the lease time. */
  void tick() {
    housekeeping.tick();
  }

  /** How many counters are in memory, for tests. */
  int counters() {
    return counters.size();
  }

  /** How many events wait to be stored, for tests. */
  int unwritten() {
    return keeper.holder().size();
  }
}
