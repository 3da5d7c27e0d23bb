package io.github.usage4j.track;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEventBuilder;
import io.github.usage4j.UsageMetrics.Anomaly;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The end of one call, of which there is exactly one: by whoever made it, by a failure that nothing
 * followed, or because it was given up. Is its own {@link Watch}, because each call has one of
 * these and every object counts.
 */
final class CallEnd extends Watch {

  private final TrackedCall call;
  private @Nullable Failure held; // guarded by the call until ending
  private volatile boolean ending; // claimed by one end, whose thread alone goes on
  private volatile @Nullable UsageEvent ended; // set when it is delivered

  /** How a call failed that may still be answered. */
  private record Failure(Duration after, Consumer<UsageEventBuilder> used) {}

  CallEnd(TrackedCall call) {
    this.call = call;
  }

  /** The id of the call. */
  UUID id() {
    return call.id();
  }

  /** See {@link TrackedCall#watch}. */
  void watch(Consumer<Throwable> giveUp) {
    beginWatch(giveUp);
    call.tracker.streams().add(this);
    if (isDelivered()) { // meanwhile: nobody else takes it off again
      forget();
      call.tracker.streams().remove(this); // its end may have come between the two lines above
    }
  }

  /** Gives a watched call up, unless it ends already. */
  void abandon(Throwable why) {
    Consumer<Throwable> how = ending ? null : giveUp(call::failed);
    if (how != null) {
      call.tracker.guard().run(Anomaly.LISTENER_FAILED, "giving up a call", () -> how.accept(why));
    }
  }

  /** See {@link TrackedCall#failedUnlessAnswered(Throwable, Consumer)}. */
  void failedUnlessAnswered(@Nullable Throwable error, Consumer<UsageEventBuilder> used) {
    synchronized (call) {
      if (ending || held != null) {
        return;
      }
      held = new Failure(call.elapsed(), used.andThen(event -> event.errorType(typeOf(error))));
    }
    call.tracker.held().hold(this);
  }

  /** Ends a held call as failed, if nothing has ended it meanwhile. */
  void release() {
    Failure failure = held();
    if (failure != null && claim()) {
      var unused = deliver(make(Outcome.ERROR, failure.used(), failure.after()));
    }
  }

  private @Nullable Failure held() {
    synchronized (call) {
      return held;
    }
  }

  /** See {@link TrackedCall#withdraw}. */
  void withdraw() {
    if (!claim()) {
      return;
    }
    call.admission.giveBack(call);
    ended = call.tracker.events().bare(call, Outcome.CANCELLED, call.elapsed());
    letGo();
    call.tracker.endedCalls().withdrawn(call.operation);
  }

  /** Ends the call if nothing has; returns the event of the first end, see {@link TrackedCall}. */
  UsageEvent as(Outcome outcome, Consumer<UsageEventBuilder> how) {
    if (claim()) {
      return deliver(make(outcome, how, call.elapsed()));
    }
    call.tracker.guard().report(Anomaly.ENDED_TWICE, "a call ended twice; the first end counts");
    UsageEvent first = ended;
    return first != null ? first : call.tracker.events().bare(call, outcome, call.elapsed());
  }

  /** The type of an error as events have it. */
  static @Nullable String typeOf(@Nullable Throwable error) {
    return error == null ? null : error.getClass().getName();
  }

  /** True for the first end. */
  private boolean claim() {
    synchronized (call) { // whoever describes the call is done, and nobody does any more
      boolean first = !ending;
      ending = true;
      return first;
    }
  }

  /** Never under a lock: this asks estimators and price catalogs, which may wait for anything. */
  private UsageEvent make(Outcome outcome, Consumer<UsageEventBuilder> how, Duration took) {
    boolean made = false;
    try {
      UsageEvent event = call.tracker.events().make(call, outcome, how, took);
      made = true;
      return event;
    } finally {
      if (!made) { // by an error of the JVM: the next end counts
        ending = false;
      }
    }
  }

  /** Sinks and listeners are other people's code: not under a lock either. */
  private UsageEvent deliver(UsageEvent event) {
    UsageTracker tracker = call.tracker;
    List<UsageEvent> others = List.of();
    try {
      others = tracker.events().others(call, event);
      call.admission.settle(event, others, tracker.guard());
      tracker.endedCalls().deliver(event, call.operation);
      for (UsageEvent other : others) {
        tracker.endedCalls().deliver(other, call.operation);
      }
    } finally {
      ended = event;
      letGo();
    }
    tracker.endedCalls().tell(event, others, call.operation);
    return event;
  }

  /** Nothing waits for it any more. */
  private void letGo() {
    forget();
    call.tracker.held().letGo(this);
    if (call.tracker.isClosing()) {
      wakeUp();
    }
  }

  /** Whoever remembers this call must not keep its request and its answer by that. */
  private void forget() {
    call.forget();
    held = null;
    if (endWatch()) {
      call.tracker.streams().remove(this);
    }
  }

  /** True once one end has claimed it; false again only if the JVM failed to make the event. */
  boolean hasBegun() {
    return ending;
  }

  /** True once the sinks' buffers have its event. */
  boolean isDelivered() {
    return ended != null;
  }

  /** Waits until another thread has delivered the event; false if it did not in time. */
  boolean awaitDelivery(long deadline) {
    return await(this::isDelivered, deadline);
  }
}
