package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.internal.Durations;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps events on disk until the sink has them. A memory buffer collects what many callers bring,
 * so that they share one flush of the disk; behind it {@link Forwarder} takes them to the sink. A
 * caller waits for the disk and never for the sink.
 *
 * <p>While the disk fails nobody waits for it: events are in memory, are tried on the disk again
 * with growing pauses, and go straight to the sink if that is free.
 */
final class SpoolBuffer implements UsageBuffer.Running {

  private static final int DISK_BATCH = 1_000;
  private static final long DISK_BACKOFF = TimeUnit.SECONDS.toNanos(1);
  private static final long DISK_WAIT = TimeUnit.SECONDS.toNanos(UsageBuffer.MAX_DISK_WAIT_SECONDS);

  private final Delivery delivery;
  private final DeliveryCounts counts;
  private final DeliveryCounts diskCounts;
  private final boolean waitsForDisk;
  private final Duration closeTimeout;
  private final SpoolFolder folder;
  private final Journal journal;
  private final Forwarder forwarder;
  private final MemoryBuffer collector;
  private final ReentrantLock sinkInUse = new ReentrantLock();
  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile boolean diskFails;
  private volatile boolean closed;

  SpoolBuffer(
      UsageBuffer settings,
      Path directory,
      UsageSink sink,
      DeliveryCounts counts,
      @Nullable DeadLetters letters,
      UsageMetrics metrics) {
    this.counts = counts;
    waitsForDisk = settings.maxLoss.isZero();
    closeTimeout = settings.closeTimeout;
    delivery = new Delivery(new OneAtATime(sink), counts, letters);
    InstantSource clock = settings.clock;
    folder = SpoolFolder.open(directory);
    boolean begun = false;
    try {
      journal = new Journal(folder, settings.segmentBytes, settings.maxSpoolBytes, clock);
      begun = true;
    } catch (IOException e) {
      throw new UsageException("the spool " + directory + " cannot be read: " + e, e);
    } finally {
      if (!begun) {
        folder.close();
      }
    }
    var reader = new JournalReader(journal, folder, counts);
    var search =
        new PoisonSearch(delivery, settings.batchSize, settings.patience, settings.nanoTime);
    forwarder = new Forwarder(settings, journal, reader, delivery, search, clock);
    diskCounts = new DeliveryCounts(new LossesOnly(metrics));
    collector =
        new MemoryBuffer(
            settings
                .batchSize(Math.max(DISK_BATCH, settings.batchSize))
                .maxDelay(settings.maxLoss.dividedBy(2)),
            "usage4j-spool",
            new Delivery(new Disk(sink, letters), diskCounts, letters),
            DISK_BACKOFF,
            null);
  }

  /** The forwarder writes, and while the disk fails the collector: one at a time. */
  private final class OneAtATime implements UsageSink {
    private final UsageSink sink;

    OneAtATime(UsageSink sink) {
      this.sink = sink;
    }

    @Override
    public void write(List<UsageEvent> events) throws Exception {
      write(events, Report.NONE);
    }

    @Override
    public void write(List<UsageEvent> events, Report report) throws Exception {
      sinkInUse.lockInterruptibly();
      try {
        sink.write(events, report);
      } finally {
        sinkInUse.unlock();
      }
    }

    @Override
    public void flush() throws Exception {
      sinkInUse.lockInterruptibly();
      try {
        sink.flush();
      } finally {
        sinkInUse.unlock();
      }
    }

    @Override
    public void close() throws Exception {
      sink.close();
    }

    @Override
    public String toString() {
      return sink.toString();
    }
  }

  /** Where the collector writes to. */
  private final class Disk implements UsageSink {
    private final Delivery direct;

    Disk(UsageSink sink, @Nullable DeadLetters letters) {
      direct = new Delivery(sink, counts, letters);
    }

    @Override
    public void write(List<UsageEvent> events) throws Exception {
      try {
        journal.append(events);
        diskFails = false;
        forwarder.wake();
      } catch (IOException e) {
        diskFailed("cannot write " + events.size() + " events to " + folder.directory(), e);
        writeDirectly(events, e);
      }
    }

    private void writeDirectly(List<UsageEvent> events, IOException cause) throws Exception {
      if (!sinkInUse.tryLock()) {
        throw cause; // the sink is busy, or hangs: the disk may work before it is free
      }
      try {
        direct.write(new ArrayList<>(events));
        if (!direct.flush()) {
          throw cause;
        }
      } finally {
        sinkInUse.unlock();
      }
    }

    @Override
    public void close() {
      journal.close();
    }
  }

  /** The collector tells the metrics what it loses; what is stored the forwarder tells. */
  private record LossesOnly(UsageMetrics metrics) implements UsageMetrics {
    @Override
    public void accepted(int events) {
      metrics.accepted(events);
    }

    @Override
    public void dropped(int events, DropReason reason) {
      metrics.dropped(events, reason);
    }

    @Override
    public void anomaly(Anomaly what) {
      metrics.anomaly(what);
    }
  }

  private void diskFailed(String what, Throwable cause) {
    diskFails = true;
    collector.signal();
    counts.report(Anomaly.SPOOL_FAILED, what + "; they are in memory only", cause);
  }

  @Override
  public void write(List<UsageEvent> events) {
    collector.write(events);
    if (waitsForDisk
        && !diskFails
        && !collector.awaitSettled(DISK_WAIT, () -> diskFails)
        && !collector.terminated()) {
      diskFailed("the disk of " + folder.directory() + " hangs", new TimeoutException());
    }
  }

  @Override
  public boolean flush(Duration timeout) {
    long deadline = System.nanoTime() + Durations.toNanos(timeout);
    long droppedBefore = counts.dropped();
    boolean onDisk = collector.flush(timeout);
    long left = Math.max(0, deadline - System.nanoTime());
    return onDisk && forwarder.flush(left) && counts.dropped() == droppedBefore;
  }

  @Override
  public boolean purge(Duration timeout) {
    long deadline = System.nanoTime() + Durations.toNanos(timeout);
    boolean stored = flush(timeout);
    long last = journal.endFile(Math.max(0, deadline - System.nanoTime()));
    return last >= 0
        && forwarder.forget(last, Math.max(0, deadline - System.nanoTime()))
        && folder.hasNothingUpTo(last)
        && stored;
  }

  @Override
  public UsageBuffer.Health health() {
    UsageBuffer.Health disk = collector.health();
    UsageBuffer.State state =
        closed
            ? UsageBuffer.State.CLOSED
            : diskFails
                ? UsageBuffer.State.DEGRADED
                : counts.failing() ? UsageBuffer.State.FAILING : UsageBuffer.State.OK;
    Duration memoryAge = disk.oldestAge();
    Duration diskAge = forwarder.oldestAge();
    UsageBuffer.Health sink =
        counts.health(
            delivery.toString(),
            state,
            disk.accepted(),
            disk.pending() + forwarder.pending(),
            memoryAge.compareTo(diskAge) > 0 ? memoryAge : diskAge);
    var dropped = new EnumMap<DropReason, Long>(DropReason.class);
    dropped.putAll(sink.dropped());
    disk.dropped().forEach((reason, events) -> dropped.merge(reason, events, Long::sum));
    return new UsageBuffer.Health(
        sink.sink(),
        state,
        sink.accepted(),
        sink.written(),
        sink.duplicates(),
        sink.conflicts(),
        sink.retries(),
        dropped,
        sink.pending(),
        sink.oldestAge(),
        disk.waits(),
        sink.lastFailure());
  }

  /** First everything goes to the disk, then what can be delivered; the rest stays there. */
  @Override
  public void close() {
    closed = true;
    long deadline = System.nanoTime() + Durations.toNanos(closeTimeout);
    boolean first = closing.compareAndSet(false, true);
    collector.close();
    forwarder.close(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
    folder.close();
    if (first) {
      DeliveryCounts.reportClosed(health());
    }
  }
}
