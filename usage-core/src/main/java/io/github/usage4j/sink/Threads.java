package io.github.usage4j.sink;

import io.github.usage4j.internal.Durations;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Waiting for threads to end. */
final class Threads {

  private Threads() {}

  /** Waits for its end, also if interrupted; the interrupt is kept. True if it has ended. */
  static boolean join(Thread thread, Duration atMost) {
    boolean interrupted = false;
    long deadline = System.nanoTime() + Durations.toNanos(atMost);
    while (thread.isAlive()) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        break;
      }
      try {
        TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(left, 1_000_000));
      } catch (InterruptedException e) {
        // Closing goes on: what waits here is money. The interrupt is kept for the caller.
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return !thread.isAlive();
  }
}
