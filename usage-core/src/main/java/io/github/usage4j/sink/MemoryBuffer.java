package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.internal.Durations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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

  /** How long closing waits for the letters of what a sink holds that hangs. */
  private static final Duration LETTERS = Duration.ofSeconds(2);

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

  /** How many events are settled: stored or dropped. Written with the lock of leftovers. */
  private volatile long done;

  private volatile long flushed;
  private volatile long flushTarget;
  private volatile boolean idle;
  private volatile boolean collecting;
  private volatile boolean closed;
  private volatile boolean givenUp;
  private volatile boolean terminated;
  private boolean abandoned; // guarded by leftovers
  private List<UsageEvent> inHand = List.of(); // guarded by leftovers
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
        abandon();
      }
    }
    if (reports) {
      DeliveryCounts.reportClosed(health());
    }
  }

  /**
   * The sink hangs. What it holds may still arrive, but nobody will know: letters are kept of all
   * of it, by another thread because their disk may hang too.
   */
  private void abandon() {
    var left = new ArrayList<UsageEvent>();
    synchronized (leftovers) {
      abandoned = true;
      left.addAll(inHand);
      queue.drain(left::add);
    }
    var why = new TimeoutException("the sink hung, and may have this event all the same");
    var keeper = new Thread(() -> delivery.drop(left, DropReason.CLOSED, why), "usage4j-letters");
    keeper.setDaemon(true);
    keeper.start();
    var unused = Threads.join(keeper, LETTERS);
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
    take(batch, batchSize);
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
    take(batch, batchSize - batch.size());
    return true;
  }

  /** The queue has one consumer: this thread, until it is abandoned. */
  private void take(List<UsageEvent> batch, int atMost) {
    synchronized (leftovers) {
      if (!abandoned) {
        queue.drain(batch::add, atMost);
        inHand = List.copyOf(batch);
      }
    }
  }

  /** What was abandoned is dropped by who did that. */
  private void giveUp(List<UsageEvent> left) {
    synchronized (leftovers) {
      if (abandoned) {
        return;
      }
      inHand = List.of();
    }
    drop(left);
    left.clear();
  }

  /** Without a lock: a disk that hangs here must not keep others from closing. */
  private void drop(List<UsageEvent> left) {
    if (!left.isEmpty()) {
      delivery.drop(List.copyOf(left), DropReason.CLOSED, null);
      settled(left.size(), List.of());
    }
  }

  @Override
  public void settled(int events, List<UsageEvent> left) {
    synchronized (leftovers) {
      inHand = List.copyOf(left);
      done += events;
      waitingSince.settledUpTo(done);
    }
    if (events > 0) {
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
      take(batch, atMost);
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
    var left = new ArrayList<UsageEvent>();
    synchronized (leftovers) {
      if (!abandoned) {
        queue.drain(left::add);
      }
    }
    drop(left);
  }
}
