package io.github.usage4j.limit;

import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/** What a limiter does every few seconds, each part for itself: one that fails stops no other. */
final class Housekeeping {

  private static final int CLOSE_SECONDS = 5;

  private final LimitStore store;
  private final Guard guard;
  private final LongSupplier nanos;
  private final LeaseKeeper keeper;
  private final Counters counters;
  private final LimitSources sources;
  private final Applicable applicable;
  private final AlertDelivery alerts;
  private final Forecasts forecasts;
  private final ReentrantLock turn = new ReentrantLock();
  private boolean closed; // guarded by turn
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
    turn.lock();
    try {
      if (closed) {
        return;
      }
      keeper.beat();
      part("reading stored limits", this::readLimits);
      part("looking ahead", () -> forecasts.look(counters.all(), keeper::beatIfDue));
      part(
          "giving back what is not needed",
          () -> counters.sweep(nanos.getAsLong(), keeper::beatIfDue));
      part("forgetting events", () -> keeper.holder().forget(nanos.getAsLong()));
    } finally {
      turn.unlock();
    }
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

  /** Gives back what is leased; waits some seconds for what is going on, but not for ever. */
  void close() {
    boolean mine = false;
    try {
      mine = turn.tryLock(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!mine) {
      return; // the store hangs: others take the leases back after the lease time
    }
    try {
      if (!closed) {
        closed = true;
        leave();
      }
    } finally {
      turn.unlock();
    }
  }

  private void leave() {
    if (!keeper.holder().isEmpty()) {
      part("giving back leases", () -> counters.all().forEach(c -> c.work(nanos.getAsLong())));
    }
    keeper.leave();
  }
}
