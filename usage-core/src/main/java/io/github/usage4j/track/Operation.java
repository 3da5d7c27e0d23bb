package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageSummary;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Everything that one user request caused: numbers its steps and, where somebody may ask, adds them
 * up. Its attribution is a snapshot that every step inherits. Safe for use by several threads.
 */
final class Operation {

  private final String id;
  private final @Nullable Operation parent;
  private final Attribution attribution;
  private final boolean summed;
  private final boolean suspended;
  private final AtomicInteger steps = new AtomicInteger();
  private final AtomicBoolean opened = new AtomicBoolean();
  private final List<Consumer<UsageSummary>> listeners = new CopyOnWriteArrayList<>();
  private final List<UsageEvent> events = new ArrayList<>(); // guarded by this
  private UsageSummary own = UsageSummary.EMPTY; // guarded by this
  private UsageSummary tree = UsageSummary.EMPTY; // guarded by this

  /**
   * @param summed whether somebody holds a scope of it and may ask for its sums
   * @param suspended whether its calls are not recorded; so are those of operations inside it
   */
  Operation(
      String id,
      @Nullable Operation parent,
      Attribution attribution,
      boolean summed,
      boolean suspended) {
    this.id = id;
    this.parent = parent;
    this.attribution = attribution;
    this.summed = summed;
    this.suspended = suspended || (parent != null && parent.suspended);
  }

  String id() {
    return id;
  }

  @Nullable String parentId() {
    return parent == null ? null : parent.id;
  }

  Attribution attribution() {
    return attribution;
  }

  boolean suspended() {
    return suspended;
  }

  /** The number of the next step, from 1. */
  int nextStep() {
    return steps.incrementAndGet();
  }

  /** True for the first call that asks: the one by which this operation is counted. */
  boolean open() {
    return !opened.get() && opened.compareAndSet(false, true);
  }

  /** Takes a call that ended into the sums of this operation and of those around it. */
  void add(UsageEvent event) {
    UsageSummary one = null;
    for (Operation op = this; op != null; op = op.parent) {
      if (op.summed) {
        one = one == null ? UsageSummary.of(event) : one;
        op.add(event, one, op == this);
      }
    }
  }

  private synchronized void add(UsageEvent event, UsageSummary one, boolean ofThis) {
    tree = tree.plus(one);
    if (ofThis) {
      own = own.plus(one);
      if (events.size() < UsageScope.MAX_EVENTS) {
        events.add(event);
      }
    }
  }

  synchronized UsageSummary total() {
    return own;
  }

  synchronized UsageSummary totalWithChildren() {
    return tree;
  }

  synchronized List<UsageEvent> events() {
    return List.copyOf(events);
  }

  void listen(Consumer<UsageSummary> listener) {
    listeners.add(listener);
  }

  List<Consumer<UsageSummary>> listeners() {
    return listeners;
  }
}
