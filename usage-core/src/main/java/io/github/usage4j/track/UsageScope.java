package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.internal.Guard;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One operation: everything that one user request causes. Calls that are made on the thread that
 * opened it, until it is closed there, are its steps and carry its attribution; so are the later
 * steps of a streamed answer, on whatever thread they happen, also after it was closed.
 *
 * <p>Prefer {@link #call} or {@link #run}, which cannot forget to close. A scope that is opened
 * otherwise must be closed on the same thread. Reading it is safe from any thread, also after it
 * was closed.
 */
public final class UsageScope implements AutoCloseable {

  /** How many events a scope remembers for {@link #events}; the sums go on after that. */
  public static final int MAX_EVENTS = 10_000;

  private final ThreadContext context;
  private final Operation operation;
  private final Guard guard;
  private final OperationEnds ends;
  private final AtomicBoolean closed = new AtomicBoolean();

  UsageScope(ThreadContext context, Operation operation, Guard guard, OperationEnds ends) {
    this.context = context;
    this.operation = operation;
    this.guard = guard;
    this.ends = ends;
    operation.openScope();
    context.push(operation, operation.attribution(), this);
  }

  /** The id under which its calls are stored. */
  public String operationId() {
    return operation.id();
  }

  /** Who its calls are attributed to. */
  public Attribution attribution() {
    return operation.attribution();
  }

  /**
   * What the calls of this operation used that have ended until now: all of its steps, not only the
   * last one. Calls of scopes inside it are not included.
   */
  public UsageSummary totalUsage() {
    return operation.total();
  }

  /**
   * {@link #totalUsage} together with that of all scopes that were opened inside this one, and
   * inside those, before it was over. A scope that a carried task opens after this one was closed
   * and its calls had ended is not part of it.
   */
  public UsageSummary totalUsageWithChildren() {
    return operation.totalWithChildren();
  }

  /** The calls that have ended until now, in that order; the first {@value #MAX_EVENTS}. */
  public List<UsageEvent> events() {
    return operation.events();
  }

  /**
   * Calls this listener after every call of this operation that ends, however it ends, also after
   * the scope was closed; with {@link #totalUsage}, on the thread on which the call ended. What the
   * listener throws is swallowed.
   *
   * @return this scope
   */
  public UsageScope onUsage(Consumer<UsageSummary> listener) {
    operation.listen(listener);
    return this;
  }

  /** Runs the task in this scope, closes the scope, and returns what the task returns. */
  public <T> T call(Supplier<T> task) {
    try (this) {
      return task.get();
    }
  }

  /** Runs the task in this scope and closes the scope. */
  public void run(Runnable task) {
    try (this) {
      task.run();
    }
  }

  /**
   * Takes this scope off the thread. Scopes that were opened inside it on the same thread are
   * closed too. On another thread it only marks the scope closed. Never throws; closing twice is
   * harmless.
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    letGo();
    int above = context.pop(this);
    if (above < 0) {
      guard.report(Anomaly.SCOPE_MISUSED, "a scope was closed on a thread that it is not open on");
    } else if (above > 0) {
      guard.report(
          Anomaly.SCOPE_MISUSED, "a scope was closed before " + above + " scopes inside it");
    }
  }

  boolean isClosed() {
    return closed.get();
  }

  /** Closed together with a scope around it. */
  void markClosed() {
    if (closed.compareAndSet(false, true)) {
      letGo();
    }
  }

  private void letGo() {
    ends.changed(operation, operation.closeScope());
  }
}
