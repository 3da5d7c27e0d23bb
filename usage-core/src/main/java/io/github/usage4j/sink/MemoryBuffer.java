package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.internal.Durations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jctools.queues.MpscArrayQueue;

/**
 * A bounded queue with many callers and one writing thread. Callers never touch the sink; they wait
 * for room at most {@code maxWait}.
 */
final class MemoryBuffer implements UsageBuffer.Running {

  private static final long FIRST_BACKOFF = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long LAST_BACKOFF = TimeUnit.SECONDS.toNanos(15);
  private static final Duration AFTER_INTERRUPT = Duration.ofSeconds(1);
  private static final long ROOM_CHECK = TimeUnit.MICROSECONDS.toNanos(500);

  private final Delivery delivery;
  private final MpscArrayQueue<UsageEvent> queue;
  private final int capacity;
  private final int batchSize;
  private final long maxDelay;
  private final long maxWait;
  private final Duration closeTimeout;
  private final Thread writer;

  /** How many events are settled: stored or dropped. Written by the writer only, until it ends. */
  private volatile long done;

  private volatile long flushed;
  private volatile long flushTarget;
  private volatile boolean idle;
  private volatile boolean collecting;
  private volatile boolean closed;
  private volatile boolean givenUp;
  private volatile boolean terminated;
  private boolean abandoned; // guarded by leftovers
  private final AtomicBoolean closing = new AtomicBoolean();
  private final Object progress = new Object();
  private final Object leftovers = new Object();

  MemoryBuffer(
      Delivery delivery,
      int capacity,
      int batchSize,
      Duration maxDelay,
      Duration maxWait,
      Duration closeTimeout) {
    this.delivery = delivery;
    this.capacity = capacity;
    this.batchSize = batchSize;
    this.maxDelay = Durations.toNanos(maxDelay);
    this.maxWait = Durations.toNanos(maxWait);
    this.closeTimeout = closeTimeout;
    queue = new MpscArrayQueue<>(capacity);
    writer = new Thread(this::run, "usage4j-writer");
    writer.setDaemon(true);
    writer.start();
  }

  @Override
  public void write(List<UsageEvent> events) {
    for (UsageEvent event : events) {
      if (closed) {
        delivery.drop(1, DropReason.CLOSED);
      } else if (!offer(event)) {
        delivery.drop(1, DropReason.BUFFER_FULL);
      }
    }
    wakeWriterIfNeeded();
    if (terminated) {
      dropLeftovers(); // the writer may have looked for the last time before our offer
    }
  }

  /**
   * Whoever wakes the writer takes the flag down first, so that the others do not wake it too: that
   * costs more than all the rest of a call. The writer looks at the queue after it put a flag up.
   */
  private void wakeWriterIfNeeded() {
    if (idle) {
      idle = false;
      LockSupport.unpark(writer);
    } else if (collecting && queue.size() >= batchSize) {
      collecting = false;
      LockSupport.unpark(writer);
    }
  }

  /** The queue rounds its size up to a power of two; the threshold keeps to what was asked for. */
  private boolean offer(UsageEvent event) {
    if (queue.offerIfBelowThreshold(event, capacity)) {
      return true;
    }
    long deadline = System.nanoTime() + maxWait;
    while (!closed && System.nanoTime() - deadline < 0 && !Thread.currentThread().isInterrupted()) {
      LockSupport.unpark(writer);
      LockSupport.parkNanos(this, ROOM_CHECK);
      if (queue.offerIfBelowThreshold(event, capacity)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean flush(Duration timeout) {
    long droppedBefore = delivery.dropped();
    long target = queue.currentProducerIndex();
    long deadline = System.nanoTime() + Durations.toNanos(timeout);
    synchronized (progress) {
      flushTarget = Math.max(flushTarget, target);
      LockSupport.unpark(writer);
      while (flushed < target) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0 || terminated) {
          return false;
        }
        try {
          progress.wait(left);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return false;
        }
      }
    }
    return delivery.dropped() == droppedBefore;
  }

  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      // Whoever closes too waits as well: it may be the last one before the process ends.
      var unused = join(closeTimeout.plus(AFTER_INTERRUPT));
      return;
    }
    closed = true;
    LockSupport.unpark(writer);
    if (join(closeTimeout)) {
      return;
    }
    givenUp = true;
    writer.interrupt();
    if (!join(AFTER_INTERRUPT)) {
      synchronized (leftovers) {
        abandoned = true;
        // The sink hangs. What it holds may still arrive, but nobody will know.
        delivery.drop((int) (queue.currentProducerIndex() - done), DropReason.CLOSED);
      }
    }
  }

  private boolean join(Duration atMost) {
    boolean interrupted = false;
    long deadline = System.nanoTime() + Durations.toNanos(atMost);
    while (writer.isAlive()) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        break;
      }
      try {
        TimeUnit.NANOSECONDS.timedJoin(writer, Math.max(left, 1_000_000));
      } catch (InterruptedException e) {
        // Closing goes on: what waits here is money. The interrupt is kept for the caller.
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return !writer.isAlive();
  }

  private void run() {
    var batch = new ArrayList<UsageEvent>(batchSize);
    try {
      while (!givenUp) {
        if (collect(batch)) {
          deliver(batch);
          delivery.pending(queue.size());
        } else if (closed && queue.isEmpty()) {
          break;
        }
        flushSink();
        sleepUntilNeeded();
      }
    } finally {
      terminated = true;
      dropLeftovers();
      delivery.close();
      synchronized (progress) {
        progress.notifyAll();
      }
    }
  }

  /** Takes what is there, and waits for more unless somebody waits for it. */
  private boolean collect(List<UsageEvent> batch) {
    queue.drain(batch::add, batchSize);
    if (batch.isEmpty()) {
      return false;
    }
    long deadline = System.nanoTime() + maxDelay;
    collecting = true;
    while (batch.size() + queue.size() < batchSize && !closed && flushTarget <= done) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        break;
      }
      park(left);
    }
    collecting = false;
    queue.drain(batch::add, batchSize - batch.size());
    return true;
  }

  /** Writes until all of the batch is settled; tries again until closing gives up. */
  private void deliver(List<UsageEvent> batch) {
    long backoff = FIRST_BACKOFF;
    while (!batch.isEmpty()) {
      int before = batch.size();
      try {
        delivery.write(batch);
      } catch (Throwable e) {
        // Also errors: without this thread every later event would be lost.
        if (givenUp) {
          settled(before - batch.size());
          before = batch.size();
          delivery.drop(before, DropReason.CLOSED);
          batch.clear();
        } else {
          delivery.failed(batch.size(), e);
          delivery.pending(queue.size() + batch.size());
          pause(backoff);
          backoff = Math.min(backoff * 2, LAST_BACKOFF);
        }
      }
      settled(before - batch.size());
    }
  }

  private void settled(int events) {
    long before = done;
    done = before + events;
  }

  /** Waits between half and all of the backoff, so that instances do not come back together. */
  private void pause(long backoff) {
    long deadline =
        System.nanoTime() + backoff / 2 + ThreadLocalRandom.current().nextLong(backoff / 2);
    boolean wasClosed = closed;
    long left = deadline - System.nanoTime();
    while (left > 0 && !givenUp && closed == wasClosed) {
      park(left);
      left = deadline - System.nanoTime();
    }
  }

  private void flushSink() {
    long target = flushTarget;
    if (flushed < target && done >= target) {
      if (delivery.flush()) {
        synchronized (progress) {
          flushed = target;
          progress.notifyAll();
        }
      } else {
        pause(FIRST_BACKOFF);
      }
    }
  }

  private void sleepUntilNeeded() {
    idle = true;
    if (queue.isEmpty() && !closed && flushed >= flushTarget) {
      LockSupport.park(this);
      // A stray interrupt would turn every later wait into a busy loop.
      Thread.interrupted();
    }
    idle = false;
  }

  private void park(long nanos) {
    LockSupport.parkNanos(this, nanos);
    Thread.interrupted();
  }

  private void dropLeftovers() {
    synchronized (leftovers) {
      int count = 0;
      while (queue.poll() != null) {
        count++;
      }
      if (count > 0 && !abandoned) {
        delivery.drop(count, DropReason.CLOSED);
        settled(count);
      }
    }
  }
}
