package io.github.usage4j.track;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Durations;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.sink.UsageBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;

/** The sinks of a tracker, each behind its buffer. */
final class Sinks {

  private final List<UsageBuffer.Running> buffers;
  private final Guard guard;

  private Sinks(List<UsageBuffer.Running> buffers, Guard guard) {
    this.buffers = List.copyOf(buffers);
    this.guard = guard;
  }

  /** Starts all buffers; if one cannot be started, those before it are closed again. */
  static Sinks open(UsageTrackerBuilder builder, Guard guard) {
    var buffers = new ArrayList<UsageBuffer.Running>();
    boolean all = false;
    try {
      buffers.add(builder.buffer.inFrontOf(builder.sink, builder.metrics));
      for (UsageTrackerBuilder.Target target : builder.others) {
        buffers.add(target.buffer().inFrontOf(target.sink(), builder.metrics));
      }
      all = true;
      return new Sinks(buffers, guard);
    } finally {
      if (!all) {
        buffers.forEach(UsageBuffer.Running::close);
      }
    }
  }

  void write(UsageEvent event) {
    List<UsageEvent> one = List.of(event);
    for (UsageBuffer.Running buffer : buffers) {
      guard.run(Anomaly.LISTENER_FAILED, "a buffer", buffer, one, UsageBuffer.Running::write);
    }
  }

  boolean flush(Duration timeout) {
    return all(timeout, UsageBuffer.Running::flush);
  }

  boolean purge(Duration timeout) {
    return all(timeout, UsageBuffer.Running::purge);
  }

  private boolean all(Duration timeout, BiPredicate<UsageBuffer.Running, Duration> done) {
    long deadline = System.nanoTime() + Durations.toNanos(timeout);
    boolean all = true;
    for (UsageBuffer.Running buffer : buffers) {
      long left = Math.max(0, deadline - System.nanoTime());
      all &= done.test(buffer, Duration.ofNanos(left));
    }
    return all;
  }

  List<UsageBuffer.Health> health() {
    return buffers.stream().map(UsageBuffer.Running::health).toList();
  }

  /** All at once: one sink that hangs must not use up the time of the others. */
  void close() {
    var closers = new ArrayList<Thread>();
    for (UsageBuffer.Running buffer : buffers.subList(1, buffers.size())) {
      var closer = new Thread(() -> close(buffer), "usage4j-close");
      closer.setDaemon(true);
      closer.start();
      closers.add(closer);
    }
    close(buffers.get(0));
    boolean interrupted = false;
    for (Thread closer : closers) {
      while (closer.isAlive()) {
        try {
          closer.join();
        } catch (InterruptedException e) {
          interrupted = true; // closing is bounded, and what waits here is money
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void close(UsageBuffer.Running buffer) {
    guard.run(Anomaly.LISTENER_FAILED, "closing a buffer", buffer, UsageBuffer.Running::close);
  }
}
