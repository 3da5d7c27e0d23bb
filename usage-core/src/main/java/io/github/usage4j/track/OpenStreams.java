package io.github.usage4j.track;

import io.github.usage4j.internal.Durations;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The streamed calls of one tracker that are open. A connection may die without a word, and a
 * stream whose host went away is never read to its end: one of which nothing was heard for long
 * enough is given up, and so are all when the tracker is closed, so that each is an event.
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

  void closeAll() {
    open.forEach(
        stream ->
            stream.abandon(
                new TimeoutException("the tracker was closed before the stream had ended")));
  }

  private void watch() {
    if (!watching.get() && watching.compareAndSet(false, true)) {
      var unused = timer.after(Math.max(1, idleNanos / 2), this::sweep);
    }
  }

  private void sweep() {
    watching.set(false);
    long now = System.nanoTime();
    for (TrackedCall stream : open) {
      if (now - stream.lastHeard() >= idleNanos) {
        stream.abandon(
            new TimeoutException(
                "nothing was heard of the stream for " + Duration.ofNanos(idleNanos)));
      }
    }
    if (!open.isEmpty()) {
      watch();
    }
  }
}
