package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageSummary;
import java.lang.ref.WeakReference;
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
  private final @Nullable Place inside;
  private final Attribution attribution;
  private final boolean summed;
  private final boolean suspended;
  private final List<Consumer<UsageSummary>> listeners; // empty for ever if nobody may ask
  private final List<UsageEvent> events; // guarded by this, as all below
  private int steps;
  private boolean opened;
  private volatile boolean admitted;
  private UsageSummary own = UsageSummary.EMPTY;
  private UsageSummary tree = UsageSummary.EMPTY;
  private int inFlight;
  private int scopes;
  private int services;
  private boolean everHeld;
  private boolean askedForTools;
  private boolean ended;
  private boolean told;
  private long lastActivity = System.nanoTime();

  /**
   * Where an operation began. It must not keep the one around it in memory, or a task that submits
   * itself again would keep all that were before it.
   *
   * @param parentId of the one in which it began, over or not
   * @param around those that were going on around it then: its calls are within theirs. Whoever may
   *     ask for their sums keeps them
   */
  private record Place(String parentId, List<WeakReference<Operation>> around) {

    static Place inside(Operation parent) {
      var around = new ArrayList<WeakReference<Operation>>(2);
      if (!parent.hasEnded()) {
        around.add(new WeakReference<>(parent));
      }
      if (parent.inside != null) {
        for (WeakReference<Operation> further : parent.inside.around) {
          Operation operation = further.get();
          if (operation != null && !operation.hasEnded()) {
            around.add(further);
          }
        }
      }
      return new Place(parent.id, List.copyOf(around));
    }

    boolean isInside(Operation other) {
      return around.stream().anyMatch(operation -> operation.refersTo(other));
    }
  }

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
    inside = parent == null ? null : Place.inside(parent);
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
    return inside == null ? null : inside.parentId();
  }

  /** True if this is the other one, or began inside it while that was going on. */
  @SuppressWarnings("ReferenceEquality") // this very operation
  boolean isWithin(Operation other) {
    return this == other || (inside != null && inside.isInside(other));
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

  /** A limit let a call through. */
  void admitted() {
    admitted = true;
  }

  /**
   * The call that limits let through for this operation is none after all: the next one asks for
   * it, unless it is counted by another one already.
   */
  synchronized void notAdmitted() {
    admitted = opened;
  }

  /** True if a limit let a call through before. */
  boolean wasAdmitted() {
    return admitted;
  }

  /** A scope holds this operation open until it is closed. */
  synchronized void openScope() {
    scopes++;
    everHeld = true;
  }

  /** A scope was closed; true if the operation ends by that. */
  synchronized boolean closeScope() {
    scopes--;
    lastActivity = System.nanoTime();
    return endIfOver();
  }

  /** An AI service, say, runs this operation until it says that it is done, or is idle. */
  synchronized void hold() {
    services++;
    everHeld = true;
  }

  /** A service is done; true if the operation ends by that. */
  synchronized boolean letGo() {
    services--;
    lastActivity = System.nanoTime();
    return endIfOver();
  }

  /**
   * Takes a call that ended into the sums of this operation and of those around it; true if it was
   * already over when the call ended.
   */
  boolean add(UsageEvent event) {
    UsageSummary one = summed || inside != null ? UsageSummary.of(event) : UsageSummary.EMPTY;
    boolean late = summed && add(event, one, true);
    if (inside != null) {
      for (WeakReference<Operation> further : inside.around()) {
        Operation operation = further.get();
        if (operation != null && operation.summed) {
          var unused = operation.add(event, one, false);
        }
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

  /** True if no call is under way and no scope is open, but it is not known to be over. */
  synchronized boolean isIdle() {
    return !ended && inFlight == 0 && scopes == 0;
  }

  /** Ends if it was idle for so long; true if it does. */
  synchronized boolean endIfIdle(long nanos) {
    boolean ends = isIdle() && System.nanoTime() - lastActivity >= nanos;
    ended |= ends;
    return ends;
  }

  private boolean endIfOver() {
    boolean held = scopes > 0 || services > 0;
    boolean over = inFlight == 0 && !held && (everHeld || !askedForTools);
    boolean ends = over && !ended;
    ended |= over;
    return ends;
  }

  /** True for the first who asks: the one that tells of its end. */
  synchronized boolean tellOnce() {
    boolean first = !told;
    told = true;
    return first;
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
