package io.github.usage4j.track;

import io.github.usage4j.internal.Durations;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;

/**
 * The calls of one tracker that reported an error and may still be answered. Each ends as failed
 * when its grace is over; that of a stream of which more is heard begins again.
 */
final class HeldCalls {

  private static final Future<?> NOT_YET = CompletableFuture.completedFuture(null);

  private final long graceNanos;
  private final Timer timer;
  private final Map<CallEnd, Future<?>> waiting = new ConcurrentHashMap<>();
  private volatile boolean closed;

  HeldCalls(Duration grace, Timer timer) {
    graceNanos = Durations.toNanos(grace);
    this.timer = timer;
  }

  void hold(CallEnd call) {
    if (graceNanos == 0 || closed) {
      call.release();
      return;
    }
    waiting.put(call, NOT_YET);
    Future<?> end = timer.after(graceNanos, () -> graceIsOver(call));
    if (!waiting.replace(call, NOT_YET, end)) {
      end.cancel(false);
    }
    if (closed) {
      call.release();
    } else if (call.isDelivered()) {
      letGo(call);
    }
  }

  private void graceIsOver(CallEnd call) {
    long left = graceNanos - call.quietNanos();
    if (left > 0) {
      waiting.computeIfPresent(call, (c, f) -> timer.after(left, () -> graceIsOver(call)));
    } else {
      timer.callback(call::release);
    }
  }

  /** The call's event is delivered; nothing to wait for. */
  void letGo(CallEnd call) {
    if (!waiting.isEmpty()) {
      Future<?> end = waiting.remove(call);
      if (end != null) {
        end.cancel(false);
      }
    }
  }

  /** Ends all, and waits for those that another thread is ending just now. */
  void endAll(long deadline) {
    closed = true;
    List<CallEnd> left = List.copyOf(waiting.keySet());
    left.forEach(CallEnd::release);
    left.forEach(call -> call.awaitDelivery(deadline));
  }
}
