package io.github.usage4j.track;

import io.github.usage4j.UsageEvent.Kind;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * An operation that something other than a scope runs, such as an AI service. It is over when it
 * was ended and its calls have ended. Safe for use by several threads.
 */
public final class TrackedOperation {

  private final UsageTracker tracker;
  private final ThreadContext context;
  private final OperationEnds ends;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final Operation operation;

  TrackedOperation(
      UsageTracker tracker, ThreadContext context, Operation operation, OperationEnds ends) {
    this.tracker = tracker;
    this.context = context;
    this.operation = operation;
    this.ends = ends;
    operation.hold();
  }

  /** The id under which its calls are stored. */
  public String operationId() {
    return operation.id();
  }

  /**
   * Makes it what calls on this thread are steps of, for as long as the condition holds and it has
   * not ended. The condition is asked on this thread, often, and must not throw.
   */
  public void openWhile(BooleanSupplier condition) {
    context.pushWhile(() -> !ended.get() && condition.getAsBoolean(), operation);
  }

  /**
   * Starts a call that is a step of it, unless a scope that was opened on this thread claims it:
   * one around this operation does not, because this one was asked for inside it.
   */
  public TrackedCall start(Kind kind, String provider, String model) {
    return tracker.startInside(operation, kind, provider, model);
  }

  /** No further call is expected. A second end is ignored. */
  public void end() {
    if (ended.compareAndSet(false, true)) {
      ends.changed(operation, operation.letGo());
    }
  }
}
