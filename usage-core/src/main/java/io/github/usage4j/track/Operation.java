package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageSummary;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Everything that one user request caused: numbers its steps, knows when it has ended and, where
 * somebody may ask, adds up. Its attribution is a snapshot that every step inherits. Safe for use
 * by several threads.
 */
final class Operation {

  private final String id;
  private final @Nullable Operation parent;
  private final Attribution attribution;
  private final boolean summed;
  private final boolean suspended;
  private final List<Consumer<UsageSummary>> listeners; // empty for ever if nobody may ask
  private final List<UsageEvent> events; // guarded by this, as all below
  private int steps;
  private boolean opened;
  private UsageSummary own = UsageSummary.EMPTY;
  private UsageSummary tree = UsageSummary.EMPTY;
  private int inFlight;
  private int holders;
  private boolean everHeld;
  private boolean askedForTools;
  private boolean ended;
  private long lastActivity = System.nanoTime();

  /**
   * @param summed whether somebody may ask for its sums
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
    listeners = summed ? new CopyOnWriteArrayList<>() : List.of();
    events = summed ? new ArrayList<>() : List.of();
    this.suspended = suspended || (parent != null && parent.suspended);
  }

  String id() {
    return id;
  }

  @Nullable String parentId() {
    return parent == null ? null : parent.id;
  }

  /** True if this is the other one, or an operation inside it. */
  boolean isWithin(Operation other) {
    Operation op = this;
    while (op != null && op != other) {
      op = op.parent;
    }
    return op != null;
  }

  Attribution attribution() {
    return attribution;
  }

  boolean suspended() {
    return suspended;
  }

  /** A call starts; returns the number of its step, from 1. */
  synchronized int nextStep() {
    inFlight++;
    lastActivity = System.nanoTime();
    steps++;
    return steps;
  }

  /** A call gives its step to the one that starts next; false if others have started since. */
  synchronized boolean giveBack(int step) {
    boolean last = steps == step;
    steps -= last ? 1 : 0;
    return last;
  }

  /** Another step for a call that gave its own back. */
  synchronized int stepAgain() {
    steps++;
    return steps;
  }

  /** A call has ended without an event; true if the operation ends by that and had any. */
  synchronized boolean callWithdrawn() {
    inFlight--;
    lastActivity = System.nanoTime();
    return endIfOver() && opened;
  }

  /** True for the first call that asks: the one by which this operation is counted. */
  synchronized boolean open() {
    boolean first = !opened;
    opened = true;
    return first;
  }

  /** A scope or an AI service holds this operation open. */
  synchronized void hold() {
    holders++;
    everHeld = true;
  }

  /** A holder lets go; true if the operation ends by that. */
  synchronized boolean letGo() {
    holders--;
    lastActivity = System.nanoTime();
    return endIfOver();
  }

  /**
   * Takes a call that ended into the sums of this operation and of those around it; true if it was
   * already over when the call ended.
   */
  boolean add(UsageEvent event) {
    UsageSummary one = null;
    boolean late = false;
    for (Operation op = this; op != null; op = op.parent) {
      if (op.summed) {
        one = one == null ? UsageSummary.of(event) : one;
        late |= op.add(event, one, op == this);
      }
    }
    return late;
  }

  private synchronized boolean add(UsageEvent event, UsageSummary one, boolean ofThis) {
    tree = tree.plus(one);
    if (!ofThis) {
      return false;
    }
    own = own.plus(one);
    if (events.size() < UsageScope.MAX_EVENTS) {
      events.add(event);
    }
    return ended;
  }

  /** A call has ended and was listened to; true if the operation ends by that. */
  synchronized boolean callEnded(UsageEvent event) {
    inFlight--;
    if (event.outcome() == UsageEvent.Outcome.SUCCESS) { // a step that failed may be repeated
      askedForTools = event.toolCalls() > 0;
    }
    lastActivity = System.nanoTime();
    return endIfOver();
  }

  /** Ends if nothing happened for so long and no call is under way; true if it does. */
  synchronized boolean endIfIdle(long nanos) {
    boolean idle = inFlight == 0 && System.nanoTime() - lastActivity >= nanos;
    boolean ends = idle && !ended;
    ended |= idle;
    return ends;
  }

  private boolean endIfOver() {
    boolean over = inFlight == 0 && holders == 0 && (everHeld || !askedForTools);
    boolean ends = over && !ended;
    ended |= over;
    return ends;
  }

  synchronized boolean hasEnded() {
    return ended;
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
