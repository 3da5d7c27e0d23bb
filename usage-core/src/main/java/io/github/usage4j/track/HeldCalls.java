package io.github.usage4j.track;

import io.github.usage4j.internal.Durations;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;

/**
 * The calls of one tracker that reported an error and may still be answered. Each ends as failed
 * when its grace is over, by one daemon thread that all trackers share and that goes away when
 * there is nothing to wait for. Time is measured by the monotonic clock: this is a delay, not a
 * date.
 */
final class HeldCalls {

  private final Duration grace;
  private final Timer timer;
  private final Map<TrackedCall, Future<?>> waiting = new ConcurrentHashMap<>();
  private volatile boolean closed;

  HeldCalls(Duration grace, Timer timer) {
    this.grace = grace;
    this.timer = timer;
  }

  void hold(TrackedCall call) {
    if (grace.isZero() || closed) {
      call.release();
      return;
    }
    waiting.put(call, timer.after(Durations.toNanos(grace), () -> end(call)));
    if (closed || call.hasEnded()) {
      end(call);
    }
  }

  /** The call has ended; nothing to wait for. */
  void letGo(TrackedCall call) {
    if (!waiting.isEmpty()) {
      Future<?> timer = waiting.remove(call);
      if (timer != null) {
        timer.cancel(false);
      }
    }
  }

  void endAll() {
    closed = true;
    List.copyOf(waiting.keySet()).forEach(this::end);
  }

  private void end(TrackedCall call) {
    letGo(call);
    call.release();
  }
}
