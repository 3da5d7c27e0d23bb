package io.github.usage4j.limit;

import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Gives stored alerts to the host's listeners, at least once each: one that throws is asked again
 * later.
 */
final class AlertDelivery {

  private static final int AT_ONCE = 100;

  private final LimitStore store;
  private final List<Consumer<UsageAlert>> listeners;
  private final Supplier<String> holder;
  private final Guard guard;
  private final Executor executor;
  private final AtomicBoolean waiting = new AtomicBoolean();

  /** How many a listener threw at last time: they come first again, and must not be all. */
  private int refused; // by the executor's thread only

  AlertDelivery(
      LimitStore store,
      List<Consumer<UsageAlert>> listeners,
      Supplier<String> holder,
      Guard guard,
      Executor executor) {
    this.store = store;
    this.listeners = new ArrayList<>(listeners);
    this.holder = holder;
    this.guard = guard;
    this.executor = executor;
  }

  /** There may be alerts. */
  void wake() {
    if (!listeners.isEmpty() && waiting.compareAndSet(false, true)) {
      executor.execute(this::deliver);
    }
  }

  private void deliver() {
    waiting.set(false);
    guard.run(
        Anomaly.LIMIT_STORE_UNAVAILABLE,
        "delivering alerts",
        () -> {
          List<UsageAlert> alerts = store.takeAlerts(holder.get(), AT_ONCE + refused);
          refused = 0;
          alerts.forEach(this::tell);
        });
  }

  private void tell(UsageAlert alert) {
    boolean all = true;
    for (Consumer<UsageAlert> listener : listeners) {
      all &=
          guard.get(
              Anomaly.LISTENER_FAILED,
              "a listener of alerts",
              () -> {
                listener.accept(alert);
                return true;
              },
              () -> false);
    }
    if (all) {
      store.delivered(alert.id());
    } else {
      refused++;
    }
  }
}
