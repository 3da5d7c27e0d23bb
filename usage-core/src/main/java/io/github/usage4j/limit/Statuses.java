package io.github.usage4j.limit;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.limit.LimitStore.Terms;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Says where somebody stands. */
final class Statuses {

  private final LimitStore store;
  private final Applicable applicable;
  private final List<MeterSource> meters;
  private final Guard guard;
  private final InstantSource clock;
  private final LongSupplier nanos;

  Statuses(
      LimitStore store,
      Applicable applicable,
      List<MeterSource> meters,
      Guard guard,
      InstantSource clock,
      LongSupplier nanos) {
    this.store = store;
    this.applicable = applicable;
    this.meters = List.copyOf(meters);
    this.guard = guard;
    this.clock = clock;
    this.nanos = nanos;
  }

  /** As the store says now. */
  List<LimitStatus> of(Attribution who, String model) {
    Instant now = clock.instant();
    var statuses = new ArrayList<LimitStatus>();
    for (Applied one : applicable.of(who, model, now, nanos.getAsLong()).applied) {
      UsageLimit limit = one.limit();
      if (limit.window().isRate()) {
        statuses.add(ofCounter(one, now));
      } else {
        LimitKey key = keyOf(one);
        LimitState state = store.open(key, new Terms(limit.amount(), limit.alertAt()));
        statuses.add(status(one, key.period(), state, lifetime(limit, key, state)));
      }
    }
    return statuses;
  }

  private BigDecimal lifetime(UsageLimit limit, LimitKey key, LimitState state) {
    if (key.period().equals(BillingPeriod.lifetime())) {
      return state.used();
    }
    LimitKey ever = limit.key(key.scope(), BillingPeriod.lifetime());
    return store.open(ever, new Terms(limit.amount(), List.of())).used();
  }

  /** As this instance knows, without asking the store. */
  LimitStatus ofCounter(Applied one, Instant at) {
    UsageLimit limit = one.limit();
    Counter counter = one.counter();
    LimitState state = counter.state();
    boolean rate = limit.window().isRate();
    BillingPeriod period =
        rate ? limit.window().periodAt(at, BillingPeriod.lifetime()) : counter.key.period();
    if (state != null) {
      return status(one, period, state, null);
    }
    return new LimitStatus(
        limit,
        counter.key.scope(),
        period,
        counter.used(),
        reserved(counter),
        BigDecimal.ZERO,
        null);
  }

  private static LimitStatus status(
      Applied one, BillingPeriod period, LimitState state, @Nullable BigDecimal lifetime) {
    return new LimitStatus(
        one.limit(),
        state.key().scope(),
        period,
        state.used(),
        reserved(one.counter()),
        state.granted(),
        lifetime);
  }

  private static BigDecimal reserved(Counter counter) {
    return counter.units.amount(Math.max(0, counter.reserved()));
  }

  boolean grant(String limitName, Attribution who, BigDecimal amount, String reference) {
    LimitStore.requireGrant(amount);
    List<Applied> meant =
        Arrays.stream(applicable.fresh(who, "", clock.instant(), nanos.getAsLong()).applied)
            .filter(one -> one.limit().name().equals(limitName) && !one.limit().window().isRate())
            .toList();
    if (meant.size() != 1) {
      throw new IllegalArgumentException(
          "a grant must be for one limit that applies to the subject, but '"
              + limitName
              + "' are "
              + meant.size()
              + " that do and are no rates");
    }
    LimitKey key = keyOf(meant.get(0));
    store.open(key, new Terms(meant.get(0).limit().amount(), meant.get(0).limit().alertAt()));
    return store.grant(key, amount, reference);
  }

  /** The counter in the store. */
  private static LimitKey keyOf(Applied one) {
    if (one.counter() instanceof UndecidedCounter) {
      throw new UsageException(
          "cannot read the billing period that limit '" + one.limit().name() + "' counts", null);
    }
    return one.counter().key;
  }

  List<MeterSource.Meter> meters(Attribution who) {
    var shown = new ArrayList<MeterSource.Meter>();
    for (MeterSource source : meters) {
      MeterSource.Meter meter =
          guard.<MeterSource.@Nullable Meter>get(
              Anomaly.LIMIT_SOURCE_FAILED,
              "a meter of the host",
              () -> source.current(who),
              () -> null);
      if (meter != null) {
        shown.add(meter);
      }
    }
    return shown;
  }
}
