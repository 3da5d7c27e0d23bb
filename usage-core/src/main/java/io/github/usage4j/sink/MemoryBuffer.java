package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.internal.Durations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jctools.queues.MpscArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue with many callers and one writing thread. Callers never touch the sink; they wait
 * for room at most {@code maxWait}.
 */
final class MemoryBuffer implements UsageBuffer.Running, Courier.Host {

  private static final Duration AFTER_INTERRUPT = Duration.ofSeconds(1);
  private static final long ROOM_CHECK = TimeUnit.MICROSECONDS.toNanos(500);

  private final Delivery delivery;
  private final DeliveryCounts counts;
  private final Courier courier;
  private final MpscArrayQueue<UsageEvent> queue;
  private final int capacity;
  private final int batchSize;
  private final long maxDelay;
  private final long maxWait;
  private final Duration closeTimeout;
  private final boolean reports;
  private final Thread writer;
  private final Progress progress = new Progress();
  private final WaitingSince waitingSince = new WaitingSince();

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
  private final Object leftovers = new Object();

  /**
   * A buffer that runs.
   *
   * @param lastBackoff how long it waits at most after a failure
   * @param search null where a failure is never the fault of an event, in front of a disk
   */
  MemoryBuffer(
      UsageBuffer settings,
      String thread,
      Delivery delivery,
      long lastBackoff,
      @Nullable PoisonSearch search) {
    this.delivery = delivery;
    this.counts = delivery.counts();
    this.capacity = settings.capacity;
    this.batchSize = settings.batchSize;
    this.maxDelay = Durations.toNanos(settings.maxDelay);
    this.maxWait = Durations.toNanos(settings.maxWait);
    this.closeTimeout = settings.closeTimeout;
    this.reports = search != null;
    courier = new Courier(delivery, this, batchSize, lastBackoff, search);
    queue = new MpscArrayQueue<>(capacity);
    writer = new Thread(this::run, thread);
    writer.setDaemon(true);
    writer.start();
  }

  @Override
  public void write(List<UsageEvent> events) {
    int taken = 0;
    for (UsageEvent event : events) {
      if (closed) {
        counts.drop(1, DropReason.CLOSED);
      } else if (offer(event)) {
        taken++;
      } else {
        counts.drop(1, DropReason.BUFFER_FULL);
      }
    }
    counts.accepted(taken);
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
    if (maxWait > 0) {
      counts.waited();
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

  /**
   * Waits until all that was accepted so far is settled, also if interrupted.
   *
   * @param unless stops the waiting
   * @return false if it was not settled in time
   */
  boolean awaitSettled(long nanos, BooleanSupplier unless) {
    long target = accepted();
    return progress.awaitUninterruptibly(
        nanos, () -> done >= target || terminated || unless.getAsBoolean());
  }

  /** Lets those who wait look again. */
  void signal() {
    progress.signal();
  }

  long accepted() {
    return queue.currentProducerIndex();
  }

  long pendingEvents() {
    return Math.max(0, accepted() - done);
  }

  Duration oldestAge() {
    return pendingEvents() == 0 ? Duration.ZERO : waitingSince.age();
  }

  boolean terminated() {
    return terminated;
  }

  @Override
  public UsageBuffer.Health health() {
    UsageBuffer.State state =
        closed
            ? UsageBuffer.State.CLOSED
            : counts.failing() ? UsageBuffer.State.FAILING : UsageBuffer.State.OK;
    return counts.health(delivery.toString(), state, accepted(), abandonedPending(), oldestAge());
  }

  /** What hangs in a sink is counted as dropped and waits no more. */
  private long abandonedPending() {
    synchronized (leftovers) {
      return abandoned ? 0 : pendingEvents();
    }
  }

  @Override
  public boolean flush(Duration timeout) {
    long droppedBefore = counts.dropped();
    long target = accepted();
    synchronized (leftovers) {
      flushTarget = Math.max(flushTarget, target);
    }
    LockSupport.unpark(writer);
    return progress.await(Durations.toNanos(timeout), () -> flushed >= target || terminated)
        && flushed >= target
        && counts.dropped() == droppedBefore;
  }

  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      // Whoever closes too waits as well: it may be the last one before the process ends.
      var unused = Threads.join(writer, closeTimeout.plus(AFTER_INTERRUPT));
      return;
    }
    closed = true;
    LockSupport.unpark(writer);
    if (!Threads.join(writer, closeTimeout)) {
      givenUp = true;
      writer.interrupt();
      if (!Threads.join(writer, AFTER_INTERRUPT)) {
        synchronized (leftovers) {
          abandoned = true;
          // The sink hangs. What it holds may still arrive, but nobody will know.
          counts.drop((int) (accepted() - done), DropReason.CLOSED);
        }
      }
    }
    if (reports) {
      DeliveryCounts.reportClosed(health());
    }
  }

  private void run() {
    var batch = new ArrayList<UsageEvent>(batchSize);
    try {
      while (!givenUp) {
        if (collect(batch)) {
          courier.deliver(batch);
          giveUp(batch);
          tellPending();
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
      progress.signal();
    }
  }

  /** Takes what is there, and waits for more unless somebody waits for it. */
  private boolean collect(List<UsageEvent> batch) {
    waitingSince.mark(accepted());
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

  private void giveUp(List<UsageEvent> left) {
    synchronized (leftovers) {
      if (!left.isEmpty() && !abandoned) {
        delivery.drop(List.copyOf(left), DropReason.CLOSED, null);
      }
    }
    settled(left.size());
    left.clear();
  }

  @Override
  public void settled(int events) {
    if (events > 0) {
      long before = done;
      done = before + events;
      waitingSince.settledUpTo(before + events);
      progress.signal();
    }
  }

  @Override
  public boolean goesOn() {
    return !givenUp;
  }

  @Override
  public boolean closing() {
    return closed;
  }

  @Override
  public void failed() {
    waitingSince.mark(accepted());
    tellPending();
  }

  @Override
  public void topUp(List<UsageEvent> batch, int atMost) {
    if (atMost > 0) {
      queue.drain(batch::add, atMost);
    }
  }

  @Override
  public void pause(long nanos) {
    long deadline = System.nanoTime() + nanos;
    boolean wasClosed = closed;
    long left = nanos;
    while (left > 0 && !givenUp && closed == wasClosed) {
      park(left);
      left = deadline - System.nanoTime();
    }
  }

  private void tellPending() {
    counts.pending(pendingEvents(), oldestAge());
  }

  private void flushSink() {
    long target = flushTarget;
    if (flushed < target && done >= target) {
      if (delivery.flush()) {
        flushed = target;
        progress.signal();
      } else {
        pause(Courier.jittered(Courier.FIRST_BACKOFF));
      }
    }
  }

  private void sleepUntilNeeded() {
    idle = true;
    if (queue.isEmpty() && !closed && flushed >= flushTarget) {
      LockSupport.park(this);
      waitingSince.idleUntilNow();
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
      var left = new ArrayList<UsageEvent>();
      queue.drain(left::add);
      if (!left.isEmpty() && !abandoned) {
        delivery.drop(left, DropReason.CLOSED, null);
        settled(left.size());
      }
    }
  }
}
