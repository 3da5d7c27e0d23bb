package io.github.usage4j.track;

import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Durations;
import io.github.usage4j.internal.Guard;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Tells listeners once of every operation that is over. One that waits for the results of tools, or
 * for an AI service that never says it is done, is over when it was idle for long enough. Does
 * nothing where nobody listens.
 */
final class OperationEnds {

  private final List<Consumer<EndedOperation>> listeners;
  private final long idleNanos;
  private final Timer timer;
  private final Guard guard;
  private final Set<Operation> waiting = ConcurrentHashMap.newKeySet();

  OperationEnds(List<Consumer<EndedOperation>> listeners, Duration idle, Guard guard, Timer timer) {
    this.listeners = List.copyOf(listeners);
    this.idleNanos = Durations.toNanos(idle);
    this.timer = timer;
    this.guard = guard;
  }

  /** Whether somebody listens, so that operations must be summed. */
  boolean listened() {
    return !listeners.isEmpty();
  }

  /** A call of it has ended, or a holder has let go. */
  void changed(Operation operation, boolean ends) {
    if (!listened() || operation.suspended()) {
      return;
    }
    if (ends) {
      tell(operation);
    } else {
      watchIfIdle(operation);
    }
  }

  /** How many operations are watched, for tests. */
  int watched() {
    return waiting.size();
  }

  private void watchIfIdle(Operation operation) {
    if (operation.isIdle() && waiting.add(operation)) {
      watch(operation);
    }
  }

  private void watch(Operation operation) {
    var unused = timer.after(idleNanos, () -> look(operation));
  }

  private void look(Operation operation) {
    if (operation.endIfIdle(idleNanos)) {
      timer.callback(() -> tell(operation)); // waits until it is told: see endAll
    } else if (operation.isIdle()) {
      watch(operation);
    } else {
      // Over, or busy again: then it comes back when it changes, which may be just now.
      waiting.remove(operation);
      watchIfIdle(operation);
    }
  }

  /** Tells of all that still wait: no step of theirs will come any more. */
  void endAll() {
    for (Operation operation : List.copyOf(waiting)) {
      if (operation.endIfIdle(0) || operation.hasEnded()) {
        tell(operation);
      }
    }
  }

  private void tell(Operation operation) {
    waiting.remove(operation);
    if (!operation.tellOnce()) {
      return;
    }
    var ended =
        new EndedOperation(
            operation.id(), operation.parentId(), operation.attribution(), operation.total());
    for (Consumer<EndedOperation> listener : listeners) {
      guard.run(Anomaly.LISTENER_FAILED, "a listener of operations", () -> listener.accept(ended));
    }
  }
}
