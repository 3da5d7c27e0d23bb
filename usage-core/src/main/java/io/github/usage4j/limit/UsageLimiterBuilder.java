package io.github.usage4j.limit;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageMetrics;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;

/** Sets up a limiter. Not safe for use by several threads at once. */
public final class UsageLimiterBuilder {

  private static final Duration SHORTEST = Duration.ofSeconds(3);

  final LimitStore store;
  final List<UsageLimit> limits = new ArrayList<>();
  final List<Function<Attribution, List<UsageLimit>>> functions = new ArrayList<>();
  final List<Consumer<UsageAlert>> listeners = new ArrayList<>();
  final List<MeterSource> meters = new ArrayList<>();
  UsageLimiter.WhenUnavailable whenUnavailable = UsageLimiter.WhenUnavailable.REFUSE;
  UsageMetrics metrics = UsageMetrics.NONE;
  InstantSource clock = InstantSource.system();
  Duration leaseTime = Duration.ofSeconds(UsageLimiter.LEASE_SECONDS);
  LongSupplier nanos = System::nanoTime;
  boolean byHand;

  UsageLimiterBuilder(LimitStore store) {
    this.store = Objects.requireNonNull(store, "store");
  }

  /** Limits that are known now. Those that are stored are found without being named here. */
  public UsageLimiterBuilder limits(UsageLimit... fixed) {
    limits.addAll(List.of(fixed));
    return this;
  }

  /**
   * Limits that depend on the caller, such as on what it has booked. The function is asked on the
   * thread of a call, at most every ten seconds for each caller, without session and labels. If it
   * throws, what it said last stays.
   */
  public UsageLimiterBuilder limitsFor(Function<Attribution, List<UsageLimit>> source) {
    functions.add(Objects.requireNonNull(source, "source"));
    return this;
  }

  /** The limits of plans. */
  public UsageLimiterBuilder plans(PlanCatalog catalog) {
    Objects.requireNonNull(catalog, "plans");
    return limitsFor(who -> catalog.planOf(who).limits());
  }

  /**
   * Told of every alert, at least once over all instances, on a thread of its own. If it throws it
   * is told again some seconds later. Where no limiter has a listener, alerts wait in the store.
   */
  public UsageLimiterBuilder onAlert(Consumer<UsageAlert> listener) {
    listeners.add(Objects.requireNonNull(listener, "listener"));
    return this;
  }

  /** Something of the host's to be shown beside the limits. */
  public UsageLimiterBuilder meter(MeterSource source) {
    meters.add(Objects.requireNonNull(source, "meter"));
    return this;
  }

  /**
   * What becomes of calls under hard limits while the store is away and what was leased is used up
   * or too old. Default {@link UsageLimiter.WhenUnavailable#REFUSE}. Soft limits go on with what is
   * known.
   */
  public UsageLimiterBuilder whenUnavailable(UsageLimiter.WhenUnavailable policy) {
    whenUnavailable = Objects.requireNonNull(policy, "policy");
    return this;
  }

  /**
   * How long an instance may be silent before another one takes back what it has leased, and after
   * half of which it stops granting. Default {@value UsageLimiter#LEASE_SECONDS} seconds.
   *
   * @throws IllegalArgumentException if it is shorter than three seconds
   */
  public UsageLimiterBuilder leaseTime(Duration time) {
    if (time.compareTo(SHORTEST) < 0) {
      throw new IllegalArgumentException(
          "leaseTime must be at least " + SHORTEST + ", but was " + time);
    }
    leaseTime = time;
    return this;
  }

  /** Who counts what goes wrong. Default: nobody. */
  public UsageLimiterBuilder metrics(UsageMetrics counters) {
    metrics = Objects.requireNonNull(counters, "metrics");
    return this;
  }

  /** What time it is where statuses are asked for, for tests. Default: the system clock. */
  public UsageLimiterBuilder clock(InstantSource source) {
    clock = Objects.requireNonNull(source, "clock");
    return this;
  }

  /** No thread runs and this is the monotonic clock: tests do by hand what happens later. */
  UsageLimiterBuilder byHand(LongSupplier monotonic) {
    nanos = monotonic;
    byHand = true;
    return this;
  }

  /**
   * The limiter. The tracker that it is given to closes it.
   *
   * @throws IllegalArgumentException if two limits for the same subject have one name
   */
  public UsageLimiter build() {
    return new UsageLimiter(this);
  }
}
