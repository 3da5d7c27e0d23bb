package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.Durations;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that hands the events of a spool to its sink, and forgets them when the sink has made
 * them durable.
 */
final class Forwarder implements Courier.Host {

  private static final Logger LOG = LoggerFactory.getLogger(UsageSink.class);
  private static final Duration AFTER_INTERRUPT = Duration.ofSeconds(1);

  private final Journal journal;
  private final JournalReader reader;
  private final Delivery delivery;
  private final Courier courier;
  private final InstantSource clock;
  private final int batchSize;
  private final long maxDelay;
  private final Progress progress = new Progress();
  private final Thread thread;
  private volatile long flushTarget;
  private volatile boolean idle;
  private volatile boolean closing;
  private volatile boolean givenUp;
  private volatile boolean terminated;

  Forwarder(
      UsageBuffer settings,
      Journal journal,
      JournalReader reader,
      Delivery delivery,
      PoisonSearch search,
      InstantSource clock) {
    this.journal = journal;
    this.reader = reader;
    this.delivery = delivery;
    this.clock = clock;
    batchSize = settings.batchSize;
    maxDelay = Durations.toNanos(settings.maxDelay);
    courier = new Courier(delivery, this, batchSize, Courier.LAST_BACKOFF, search);
    thread = new Thread(this::run, "usage4j-forwarder");
    thread.setDaemon(true);
    thread.start();
  }

  /** There is more in the journal. */
  void wake() {
    if (idle || pending() >= batchSize) {
      idle = false;
      LockSupport.unpark(thread);
    }
  }

  long pending() {
    return Math.max(0, journal.nextRecord() - reader.forgotten());
  }

  Duration oldestAge() {
    long oldest = reader.oldestMillis();
    // A clock that was set back must not give a negative age.
    return pending() == 0 || oldest == 0
        ? Duration.ZERO
        : Duration.ofMillis(Math.max(0, clock.millis() - oldest));
  }

  /** Waits until no file up to this number, which is ended, is needed; false if one is. */
  boolean forget(long number, long nanos) {
    hurry();
    return progress.await(nanos, () -> journal.hasForgotten(number) || terminated)
        && journal.hasForgotten(number);
  }

  private long hurry() {
    long target = journal.nextRecord();
    synchronized (this) {
      flushTarget = Math.max(flushTarget, target);
    }
    LockSupport.unpark(thread);
    return target;
  }

  /** Waits until all that is in the journal now is stored; false if it is not. */
  boolean flush(long nanos) {
    long target = hurry();
    return progress.await(nanos, () -> reader.forgotten() >= target || terminated)
        && reader.forgotten() >= target;
  }

  /** Nothing more will come: delivers what is there, as long as that works and time is left. */
  void close(Duration timeout) {
    closing = true;
    LockSupport.unpark(thread);
    if (!Threads.join(thread, timeout)) {
      givenUp = true;
      thread.interrupt();
      var unused = Threads.join(thread, AFTER_INTERRUPT);
    }
  }

  private void run() {
    var batch = new ArrayList<UsageEvent>(batchSize);
    try {
      while (!givenUp) {
        collect();
        if (!read(batch, batchSize)) {
          pause(Courier.jittered(Courier.FIRST_BACKOFF));
        } else if (batch.isEmpty()) {
          reader.forget();
          reader.forgetEnded();
          progress.signal();
          if (closing && pending() == 0) {
            break;
          }
          sleepUntilNeeded();
        } else if (!deliver(batch)) {
          break;
        }
      }
    } finally {
      if (closing && pending() == 0) {
        reader.forgetEnded();
      }
      reader.closeFile();
      terminated = true;
      delivery.close();
      progress.signal();
    }
  }

  /** Waits for enough to be worth a write, unless somebody waits for it. */
  private void collect() {
    if (pending() == 0) {
      return;
    }
    long deadline = System.nanoTime() + maxDelay;
    long left = maxDelay;
    while (left > 0
        && pending() < batchSize
        && !closing
        && !givenUp
        && flushTarget <= reader.forgotten()) {
      park(left);
      left = deadline - System.nanoTime();
    }
  }

  /** False if it was given up; then nothing is forgotten. */
  private boolean deliver(List<UsageEvent> batch) {
    courier.deliver(batch);
    if (!batch.isEmpty()) {
      return false;
    }
    long backoff = Courier.FIRST_BACKOFF;
    while (!delivery.flush()) {
      if (!goesOn() || closing) {
        return false;
      }
      pause(Courier.jittered(backoff));
      backoff = Math.min(backoff * 2, Courier.LAST_BACKOFF);
    }
    reader.forget();
    tellPending();
    progress.signal();
    return true;
  }

  private void tellPending() {
    delivery.counts().pending(pending(), oldestAge());
  }

  private void sleepUntilNeeded() {
    idle = true;
    if (pending() == 0 && !closing && !givenUp) {
      park(Long.MAX_VALUE);
    }
    idle = false;
  }

  private void park(long nanos) {
    LockSupport.parkNanos(this, nanos);
    Thread.interrupted(); // a stray interrupt would turn every later wait into a busy loop
  }

  @Override
  public boolean goesOn() {
    return !givenUp;
  }

  @Override
  public boolean closing() {
    return closing;
  }

  /** While closing the first failure is the last: the events are safe where they are. */
  @Override
  public void failed() {
    tellPending();
    if (closing) {
      givenUp = true;
    }
  }

  @Override
  public void pause(long nanos) {
    long deadline = System.nanoTime() + nanos;
    boolean wasClosing = closing;
    long left = nanos;
    while (left > 0 && !givenUp && closing == wasClosing) {
      park(left);
      left = deadline - System.nanoTime();
    }
  }

  @Override
  public void topUp(List<UsageEvent> batch, int atMost) {
    if (atMost > 0) {
      var unused = read(batch, batch.size() + atMost);
    }
  }

  /** What was read before a failure is in the list. */
  private boolean read(List<UsageEvent> batch, int atMost) {
    try {
      reader.read(atMost, batch);
      return true;
    } catch (Throwable e) {
      // Also errors: without this thread nothing would leave the spool any more.
      LOG.warn("Cannot read the spool; it is tried again", e);
      return !batch.isEmpty();
    }
  }

  @Override
  public void settled(int events, List<UsageEvent> left) {
    // Counted when they are forgotten.
  }
}
