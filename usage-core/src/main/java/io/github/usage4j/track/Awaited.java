package io.github.usage4j.track;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Something that another thread does and that may be waited for. */
class Awaited {

  /** It may have been done: whoever waits looks again. */
  synchronized void wakeUp() {
    notifyAll();
  }

  /** Waits until it is done; false if it was not in time. An interrupt is kept for the caller. */
  synchronized boolean await(BooleanSupplier done, long deadline) {
    boolean interrupted = false;
    long left = deadline - System.nanoTime();
    while (!done.getAsBoolean() && left > 0) {
      try {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      left = deadline - System.nanoTime();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return done.getAsBoolean();
  }
}
