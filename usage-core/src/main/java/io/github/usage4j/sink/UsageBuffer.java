package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.internal.Checks;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What stands between the caller of a model and a sink. Immutable; each method returns a changed
 * copy.
 *
 * <p>{@link #memory} hands events to one writing thread of its own: the caller never waits for the
 * sink, and a crash loses what is still waiting. {@link #spool} keeps them on disk until the sink
 * has them, so that a crash or a long outage loses nothing. {@link #manual} and {@link #none} have
 * no thread, for tests.
 */
public final class UsageBuffer {

  /** How many events wait in memory at most. */
  public static final int DEFAULT_CAPACITY = 10_000;

  /** How many events are written at once at most. */
  public static final int DEFAULT_BATCH_SIZE = 500;

  /** How long an event waits at most for others to be written with, in milliseconds. */
  public static final long DEFAULT_MAX_DELAY_MILLIS = 100;

  /** How long a caller waits at most for room in a full buffer, in milliseconds. */
  public static final long DEFAULT_MAX_WAIT_MILLIS = 100;

  /** How long closing waits at most for the sink, in seconds. */
  public static final long DEFAULT_CLOSE_TIMEOUT_SECONDS = 30;

  /** How many bytes a spool takes at most. */
  public static final long DEFAULT_MAX_SPOOL_BYTES = 10_000_000_000L;

  /** How long a caller waits at most for the disk of a spool, in seconds. */
  public static final long MAX_DISK_WAIT_SECONDS = 10;

  /** How long an event is suspected at least before it is given up without a word of the sink. */
  public static final long POISON_PATIENCE_SECONDS = 60;

  /** The kinds of buffers. */
  private enum Kind {
    MEMORY,
    SPOOL,
    MANUAL,
    NONE
  }

  private final Kind kind;
  private final @Nullable Path directory;
  int capacity = DEFAULT_CAPACITY;
  int batchSize = DEFAULT_BATCH_SIZE;
  Duration maxDelay = Duration.ofMillis(DEFAULT_MAX_DELAY_MILLIS);
  Duration maxWait = Duration.ofMillis(DEFAULT_MAX_WAIT_MILLIS);
  Duration closeTimeout = Duration.ofSeconds(DEFAULT_CLOSE_TIMEOUT_SECONDS);
  Duration maxLoss = Duration.ZERO;
  long maxSpoolBytes = DEFAULT_MAX_SPOOL_BYTES;
  long segmentBytes = Journal.SEGMENT_BYTES;
  long patience = TimeUnit.SECONDS.toNanos(POISON_PATIENCE_SECONDS);
  LongSupplier nanoTime = System::nanoTime;
  InstantSource clock = InstantSource.system();
  private @Nullable Path deadLetters;
  private @Nullable Predicate<UsageEvent> filter;

  /** A sink with something in front of it that can be waited for. */
  public interface Running extends UsageSink {

    /** Accepts events for delivery; what cannot be taken is dropped and counted. Never throws. */
    @Override
    void write(List<UsageEvent> events);

    /**
     * Waits until everything accepted before this call is stored.
     *
     * @return false if the time was not enough, or if something had to be dropped meanwhile
     */
    boolean flush(Duration timeout);

    /**
     * Like {@link #flush}; after that no byte of what was accepted before lies in a spool. Dead
     * letters stay.
     *
     * @return false if the time was not enough, if something had to be dropped meanwhile, or if the
     *     spool has files that it set aside because they are damaged
     */
    default boolean purge(Duration timeout) {
      return flush(timeout);
    }

    /** How it is doing now. Quick; asks neither the sink nor the disk. */
    Health health();

    /**
     * Takes no more, delivers what it can within the close timeout, flushes and closes the sink,
     * and reports: what is left stays in the spool, or is counted as dropped. Closing twice is
     * harmless; the second call waits for the first.
     */
    @Override
    void close();
  }

  /** How a buffer is doing. */
  public enum State {
    /** The last write worked, or there was none yet. */
    OK,
    /** The last write failed; events are kept and it is tried again. */
    FAILING,
    /** The disk of the spool fails: events are in memory only until they are stored. */
    DEGRADED,
    /** It takes no more events. */
    CLOSED
  }

  /**
   * How a buffer is doing at one moment, and what it counted since it was made. Each accepted event
   * ends as written, duplicate or dropped; the counts are read one after the other, so they add up
   * only when nothing moves.
   *
   * @param sink what the events are for, as it calls itself
   * @param state whether it works
   * @param accepted events taken
   * @param written events stored
   * @param duplicates events that were stored already, unchanged
   * @param conflicts events whose id is stored with other billable content; each is dropped too
   * @param retries writes that failed and were tried again
   * @param dropped events lost or given up, by reason; a reason without events is not there
   * @param pending events accepted, or found in the spool at the start, and not stored yet
   * @param oldestAge how long the oldest of them waits at most; zero if there is none
   * @param waits how often a caller found the buffer full and had to wait for room
   * @param lastFailure what the sink said when it failed last; null if it never did
   */
  public record Health(
      String sink,
      State state,
      long accepted,
      long written,
      long duplicates,
      long conflicts,
      long retries,
      Map<DropReason, Long> dropped,
      long pending,
      Duration oldestAge,
      long waits,
      @Nullable String lastFailure) {

    /** Copies the map. */
    public Health {
      dropped = Map.copyOf(dropped);
    }

    /** Events lost or given up, for whatever reason. */
    public long droppedInAll() {
      return dropped.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  private UsageBuffer(Kind kind, @Nullable Path directory) {
    this.kind = kind;
    this.directory = directory;
  }

  private UsageBuffer copy() {
    var copy = new UsageBuffer(kind, directory);
    copy.capacity = capacity;
    copy.batchSize = batchSize;
    copy.maxDelay = maxDelay;
    copy.maxWait = maxWait;
    copy.closeTimeout = closeTimeout;
    copy.maxLoss = maxLoss;
    copy.maxSpoolBytes = maxSpoolBytes;
    copy.segmentBytes = segmentBytes;
    copy.patience = patience;
    copy.nanoTime = nanoTime;
    copy.clock = clock;
    copy.deadLetters = deadLetters;
    copy.filter = filter;
    return copy;
  }

  /** A bounded queue in memory and one writing thread. */
  public static UsageBuffer memory() {
    return new UsageBuffer(Kind.MEMORY, null);
  }

  /**
   * A journal on disk: an event is there before recording it returns (see {@link #maxLoss}), is
   * forwarded in order, and forgotten when the sink has stored it. What is there at the start is
   * forwarded first. Give each tracker and each sink a folder of its own; one process at a time
   * uses it. Dead letters go into the folder unless {@link #deadLetters} names a file.
   *
   * @param directory created if it is not there, readable by its owner only
   */
  public static UsageBuffer spool(Path directory) {
    return new UsageBuffer(Kind.SPOOL, Objects.requireNonNull(directory, "directory"));
  }

  /**
   * Like {@link #memory}, without a thread: events wait until somebody calls flush or close, and
   * are written on that thread, each batch tried once. Nobody waits for room. For tests.
   */
  public static UsageBuffer manual() {
    return new UsageBuffer(Kind.MANUAL, null);
  }

  /** Nothing: whoever records an event writes it and waits for the sink. */
  public static UsageBuffer none() {
    return new UsageBuffer(Kind.NONE, null);
  }

  /**
   * How many events wait in memory at most. Default {@value #DEFAULT_CAPACITY}.
   *
   * @throws IllegalArgumentException if it is below 4
   */
  public UsageBuffer capacity(int events) {
    UsageBuffer copy = copy();
    copy.capacity = Checks.requireAtLeast("capacity", events, 4);
    return copy;
  }

  /**
   * How many events are written at once at most. Default {@value #DEFAULT_BATCH_SIZE}.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public UsageBuffer batchSize(int events) {
    UsageBuffer copy = copy();
    copy.batchSize = Checks.requireAtLeast("batchSize", events, 1);
    return copy;
  }

  /**
   * How long an event waits at most for others. Default {@value #DEFAULT_MAX_DELAY_MILLIS} ms.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public UsageBuffer maxDelay(Duration delay) {
    UsageBuffer copy = copy();
    copy.maxDelay = notNegative("maxDelay", delay);
    return copy;
  }

  /**
   * How long a caller waits at most for room; after that the event is dropped and counted. Zero
   * drops at once. Default {@value #DEFAULT_MAX_WAIT_MILLIS} ms.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public UsageBuffer maxWait(Duration wait) {
    UsageBuffer copy = copy();
    copy.maxWait = notNegative("maxWait", wait);
    return copy;
  }

  /**
   * How long closing waits at most. Default {@value #DEFAULT_CLOSE_TIMEOUT_SECONDS} s.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public UsageBuffer closeTimeout(Duration timeout) {
    UsageBuffer copy = copy();
    copy.closeTimeout = notNegative("closeTimeout", timeout);
    return copy;
  }

  /**
   * For a spool: events of how long a crash may lose at most. Zero, the default, loses none: who
   * records an event waits until a flush of the disk, shared with other callers, has covered it, at
   * most {@value #MAX_DISK_WAIT_SECONDS} s if the disk hangs. Otherwise recording returns at once,
   * and the event is on disk within this time.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public UsageBuffer maxLoss(Duration ofEvents) {
    UsageBuffer copy = copy();
    copy.maxLoss = notNegative("maxLoss", ofEvents);
    return copy;
  }

  /**
   * For a spool: how many bytes it takes on disk at most. Beyond that it behaves as if the disk
   * were full. Default {@value #DEFAULT_MAX_SPOOL_BYTES}.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public UsageBuffer maxSpoolBytes(long bytes) {
    if (bytes <= 0) {
      throw new IllegalArgumentException("maxSpoolBytes must be positive, but was " + bytes);
    }
    UsageBuffer copy = copy();
    copy.maxSpoolBytes = bytes;
    return copy;
  }

  /**
   * Where events go that the sink refuses, one JSON object in a line; see {@link DeadLetters}.
   * Default: nowhere, for a spool into its folder.
   */
  public UsageBuffer deadLetters(Path file) {
    UsageBuffer copy = copy();
    copy.deadLetters = Objects.requireNonNull(file, "deadLetters");
    return copy;
  }

  /**
   * Which events are for this sink; all others never enter and are not counted. Asked on the
   * caller's thread, so it must be quick. If it throws, the event is let through. Default: all.
   */
  public UsageBuffer only(Predicate<UsageEvent> wanted) {
    UsageBuffer copy = copy();
    copy.filter = Objects.requireNonNull(wanted, "wanted");
    return copy;
  }

  /** How long an event must be suspected, and by which clock. */
  UsageBuffer patience(Duration wait, LongSupplier nanos) {
    UsageBuffer copy = copy();
    copy.patience = wait.toNanos();
    copy.nanoTime = nanos;
    return copy;
  }

  /** What time it is, for the ages of spooled events. */
  UsageBuffer clock(InstantSource source) {
    UsageBuffer copy = copy();
    copy.clock = source;
    return copy;
  }

  /** How large a file of the spool grows before the next one is begun. */
  UsageBuffer segmentBytes(long bytes) {
    UsageBuffer copy = copy();
    copy.segmentBytes = bytes;
    return copy;
  }

  /**
   * Puts this in front of a sink. What is returned must be closed, and closes the sink.
   *
   * @throws UsageException if the folder of a spool cannot be used: it is no folder, another
   *     process has it, or a newer version of this library wrote it
   */
  public Running inFrontOf(UsageSink sink, UsageMetrics metrics) {
    var counts = new DeliveryCounts(metrics);
    Path letters =
        deadLetters == null && directory != null
            ? directory.resolve(DeadLetters.FILE_NAME)
            : deadLetters;
    DeadLetters buried = letters == null ? null : DeadLetters.in(letters);
    var delivery = new Delivery(sink, counts, buried);
    Running running =
        switch (kind) {
          case NONE -> new DirectBuffer(delivery);
          case MANUAL -> new ManualBuffer(this, delivery);
          case MEMORY ->
              new MemoryBuffer(
                  this,
                  "usage4j-writer",
                  delivery,
                  Courier.LAST_BACKOFF,
                  new PoisonSearch(delivery, batchSize, patience, nanoTime));
          case SPOOL ->
              new SpoolBuffer(
                  this, Objects.requireNonNull(directory), sink, counts, buried, metrics);
        };
    return filter == null ? running : new FilteredBuffer(running, filter, counts.guard());
  }

  private static Duration notNegative(String name, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(name + " must not be negative, but was " + value);
    }
    return value;
  }
}
