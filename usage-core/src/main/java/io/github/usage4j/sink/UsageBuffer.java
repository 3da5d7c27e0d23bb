package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.internal.Checks;
import java.time.Duration;
import java.util.List;

/**
 * What stands between the caller of a model and a sink. Immutable; each method returns a changed
 * copy.
 *
 * <p>{@link #memory} hands events to one writing thread of its own: the caller never waits for the
 * sink, and a crash loses what is still waiting. {@link #none} writes on the caller's thread, for
 * tests.
 */
public final class UsageBuffer {

  /** How many events {@link #memory} holds at most. */
  public static final int DEFAULT_CAPACITY = 10_000;

  /** How many events are written at once at most. */
  public static final int DEFAULT_BATCH_SIZE = 500;

  /** How long an event waits at most for others to be written with, in milliseconds. */
  public static final long DEFAULT_MAX_DELAY_MILLIS = 100;

  /** How long a caller waits at most for room in a full buffer, in milliseconds. */
  public static final long DEFAULT_MAX_WAIT_MILLIS = 100;

  /** How long closing waits at most for the sink, in seconds. */
  public static final long DEFAULT_CLOSE_TIMEOUT_SECONDS = 30;

  private final boolean direct;
  private final int capacity;
  private final int batchSize;
  private final Duration maxDelay;
  private final Duration maxWait;
  private final Duration closeTimeout;

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

    /** Takes no more, delivers what it can within the close timeout, counts the rest as dropped. */
    @Override
    void close();
  }

  private UsageBuffer(
      boolean direct,
      int capacity,
      int batchSize,
      Duration maxDelay,
      Duration maxWait,
      Duration closeTimeout) {
    this.direct = direct;
    this.capacity = capacity;
    this.batchSize = batchSize;
    this.maxDelay = maxDelay;
    this.maxWait = maxWait;
    this.closeTimeout = closeTimeout;
  }

  /** A bounded queue in memory and one writing thread. */
  public static UsageBuffer memory() {
    return withDefaults(false);
  }

  /** Nothing: whoever records an event writes it and waits for the sink. */
  public static UsageBuffer none() {
    return withDefaults(true);
  }

  private static UsageBuffer withDefaults(boolean direct) {
    return new UsageBuffer(
        direct,
        DEFAULT_CAPACITY,
        DEFAULT_BATCH_SIZE,
        Duration.ofMillis(DEFAULT_MAX_DELAY_MILLIS),
        Duration.ofMillis(DEFAULT_MAX_WAIT_MILLIS),
        Duration.ofSeconds(DEFAULT_CLOSE_TIMEOUT_SECONDS));
  }

  /**
   * How many events wait at most. Default {@value #DEFAULT_CAPACITY}.
   *
   * @throws IllegalArgumentException if it is below 4
   */
  public UsageBuffer capacity(int events) {
    Checks.requireAtLeast("capacity", events, 4);
    return new UsageBuffer(direct, events, batchSize, maxDelay, maxWait, closeTimeout);
  }

  /**
   * How many events are written at once at most. Default {@value #DEFAULT_BATCH_SIZE}.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public UsageBuffer batchSize(int events) {
    Checks.requireAtLeast("batchSize", events, 1);
    return new UsageBuffer(direct, capacity, events, maxDelay, maxWait, closeTimeout);
  }

  /**
   * How long an event waits at most for others. Default {@value #DEFAULT_MAX_DELAY_MILLIS} ms.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public UsageBuffer maxDelay(Duration delay) {
    notNegative("maxDelay", delay);
    return new UsageBuffer(direct, capacity, batchSize, delay, maxWait, closeTimeout);
  }

  /**
   * How long a caller waits at most for room; after that the event is dropped and counted. Zero
   * drops at once. Default {@value #DEFAULT_MAX_WAIT_MILLIS} ms.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public UsageBuffer maxWait(Duration wait) {
    notNegative("maxWait", wait);
    return new UsageBuffer(direct, capacity, batchSize, maxDelay, wait, closeTimeout);
  }

  /**
   * How long closing waits at most. Default {@value #DEFAULT_CLOSE_TIMEOUT_SECONDS} s.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public UsageBuffer closeTimeout(Duration timeout) {
    notNegative("closeTimeout", timeout);
    return new UsageBuffer(direct, capacity, batchSize, maxDelay, maxWait, timeout);
  }

  /** Puts this in front of a sink. What is returned must be closed, and closes the sink. */
  public Running inFrontOf(UsageSink sink, UsageMetrics metrics) {
    var delivery = new Delivery(sink, metrics);
    return direct
        ? new DirectBuffer(delivery)
        : new MemoryBuffer(delivery, capacity, batchSize, maxDelay, maxWait, closeTimeout);
  }

  private static void notNegative(String name, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(name + " must not be negative, but was " + value);
    }
  }
}
