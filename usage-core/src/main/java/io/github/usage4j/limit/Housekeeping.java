package io.github.usage4j.limit;

import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/** What a limiter does every few seconds, each part for itself: one that fails stops no other. */
final class Housekeeping {

  private final LimitStore store;
  private final Guard guard;
  private final LongSupplier nanos;
  private final LeaseKeeper keeper;
  private final Counters counters;
  private final LimitSources sources;
  private final Applicable applicable;
  private final AlertDelivery alerts;
  private final Forecasts forecasts;
  private final AtomicBoolean closed = new AtomicBoolean();
  private long version = Long.MIN_VALUE; // guarded by this

  Housekeeping(
      LimitStore store,
      Guard guard,
      LongSupplier nanos,
      LeaseKeeper keeper,
      Counters counters,
      LimitSources sources,
      Applicable applicable,
      AlertDelivery alerts,
      Forecasts forecasts) {
    this.store = store;
    this.guard = guard;
    this.nanos = nanos;
    this.keeper = keeper;
    this.counters = counters;
    this.sources = sources;
    this.applicable = applicable;
    this.alerts = alerts;
    this.forecasts = forecasts;
  }

  void tick() {
    keeper.beat();
    part("reading stored limits", this::readLimits);
    part("looking ahead", () -> forecasts.look(counters.all()));
    part("giving back what is not needed", () -> counters.sweep(nanos.getAsLong()));
    part("forgetting events", () -> keeper.holder().forget(nanos.getAsLong()));
    alerts.wake();
  }

  private void part(String what, Runnable task) {
    guard.run(Anomaly.LIMIT_STORE_UNAVAILABLE, what, task);
  }

  /** Takes over limits that somebody stored, if there are others than before. */
  synchronized void readLimits() {
    long now = store.limitsVersion();
    if (now != version) {
      sources.stored(store.limits());
      version = now;
      applicable.changed();
    }
  }

  void close() {
    if (closed.compareAndSet(false, true)) {
      part("giving back leases", () -> counters.all().forEach(c -> c.work(nanos.getAsLong())));
      keeper.leave();
    }
  }
}
