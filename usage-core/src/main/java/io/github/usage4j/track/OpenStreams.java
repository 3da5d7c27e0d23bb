package io.github.usage4j.track;

import io.github.usage4j.internal.Durations;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
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

  /** By id, whose hash is there already; that of an object costs a call more than the rest. */
  private final Map<UUID, CallEnd> open = new ConcurrentHashMap<>();

  private final AtomicBoolean watching = new AtomicBoolean();

  OpenStreams(Duration idle, Timer timer) {
    idleNanos = Durations.toNanos(idle);
    this.timer = timer;
  }

  void add(CallEnd stream) {
    open.put(stream.id(), stream);
    watch();
  }

  void remove(CallEnd stream) {
    open.remove(stream.id());
  }

  int size() {
    return open.size();
  }

  /** Gives all up, and waits for those that another thread is ending just now. */
  void closeAll(long deadline) {
    var why = new TimeoutException("the tracker was closed before the call had ended");
    List<CallEnd> left = List.copyOf(open.values());
    left.forEach(stream -> stream.abandon(why));
    for (CallEnd stream : left) {
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
      for (CallEnd stream : open.values()) {
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
