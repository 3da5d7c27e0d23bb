package io.github.usage4j.track;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the event of a call goes that has ended, for one tracker: to the sinks, then into the sums
 * of its operation, then to whoever listens. Runs code of the host's: never call it under a lock.
 */
final class EndedCalls {

  private final Sinks sinks;
  private final OperationEnds ends;
  private final Guard guard;

  EndedCalls(Sinks sinks, OperationEnds ends, Guard guard) {
    this.sinks = sinks;
    this.ends = ends;
    this.guard = guard;
  }

  /** Hands an event to every sink. It is of this operation, or of none. */
  void deliver(UsageEvent event, @Nullable Operation operation) {
    if (operation != null && operation.suspended()) {
      return;
    }
    sinks.write(event);
    guard.metrics(event, UsageMetrics::recorded);
    if (event.statedTokens() != null) {
      guard.report(
          Anomaly.CONTRADICTORY_FIGURES,
          event.provider() + " stated " + event.statedTokens() + " for " + event.model());
    }
  }

  /**
   * Tells whoever listens to its operation of a call whose events were delivered.
   *
   * @param others what was used besides, by other models
   */
  void tell(UsageEvent event, List<UsageEvent> others, Operation operation) {
    if (operation.suspended()) {
      return;
    }
    add(event, operation);
    for (UsageEvent other : others) {
      add(other, operation);
    }
    for (var listener : operation.listeners()) {
      guard.run(
          Anomaly.LISTENER_FAILED,
          "a listener of a scope",
          () -> listener.accept(operation.total()));
    }
    ends.changed(operation, operation.callEnded(event));
  }

  private void add(UsageEvent event, Operation operation) {
    if (operation.add(event)) {
      guard.metrics(m -> m.anomaly(Anomaly.LATE_STEP));
    }
  }

  /** A call of this operation has ended without an event. */
  void withdrawn(Operation operation) {
    if (!operation.suspended()) {
      ends.changed(operation, operation.callWithdrawn());
    }
  }
}
