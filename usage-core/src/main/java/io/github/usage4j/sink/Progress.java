package io.github.usage4j.sink;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * Lets threads wait for what a buffer gets done. Who signals pays nothing while nobody waits. A
 * lock and not a monitor: waiting in a monitor holds the carrier of a virtual thread up to JDK 23.
 */
final class Progress {

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final AtomicInteger waiting = new AtomicInteger();

  /** Something changed, which must be visible to other threads already. */
  void signal() {
    if (waiting.get() > 0) {
      lock.lock();
      try {
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Waits until it is true.
   *
   * @return false if the time was not enough, or the thread was interrupted, which it stays
   */
  boolean await(long nanos, BooleanSupplier over) {
    return await(nanos, over, false);
  }

  /** The same, also if the thread is interrupted, which it stays. */
  boolean awaitUninterruptibly(long nanos, BooleanSupplier over) {
    return await(nanos, over, true);
  }

  private boolean await(long nanos, BooleanSupplier over, boolean evenIfInterrupted) {
    boolean interrupted = false;
    long deadline = System.nanoTime() + nanos;
    lock.lock();
    waiting.incrementAndGet();
    try {
      while (!over.getAsBoolean()) {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          return false;
        }
        try {
          var unused = changed.await(left, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
          if (!evenIfInterrupted) {
            return false;
          }
        }
      }
      return true;
    } finally {
      waiting.decrementAndGet();
      lock.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
