package io.github.usage4j.track;

import io.github.usage4j.internal.Durations;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The calls of one tracker that are answered later and are open: streams, and futures. A connection
 * may die without a word, and a stream whose host went away is never read to its end: one of which
 * nothing was heard for long enough is given up, and so are all when the tracker is closed, so that
 * each is an event.
 */
final class OpenStreams {

  private final long idleNanos;
  private final Timer timer;
  private final Set<TrackedCall> open = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean watching = new AtomicBoolean();

  OpenStreams(Duration idle, Timer timer) {
    idleNanos = Durations.toNanos(idle);
    this.timer = timer;
  }

  void add(TrackedCall stream) {
    open.add(stream);
    watch();
  }

  void remove(TrackedCall stream) {
    open.remove(stream);
  }

  /** Gives all up, and waits for those that another thread is ending just now. */
  void closeAll(long deadline) {
    var why = new TimeoutException("the tracker was closed before the call had ended");
    List<TrackedCall> left = List.copyOf(open);
    left.forEach(stream -> stream.abandon(why));
    for (TrackedCall stream : left) {
      if (!stream.awaitDelivery(deadline)) {
        stream.abandon(why);
      }
    }
  }

  private void watch() {
    if (!watching.get() && watching.compareAndSet(false, true)) {
      var unused = timer.after(Math.max(1, idleNanos / 2), this::sweep);
    }
  }

  private void sweep() {
    watching.set(false);
    try {
      for (TrackedCall stream : open) {
        if (stream.quietNanos() >= idleNanos) {
          stream.heard(); // or the next sweep would give it up again before this one has come to it
          var why =
              new TimeoutException(
                  "nothing was heard of the call for " + Duration.ofNanos(idleNanos));
          timer.callback(() -> stream.abandon(why));
        }
      }
    } finally {
      if (!open.isEmpty()) {
        watch();
      }
    }
  }
}
