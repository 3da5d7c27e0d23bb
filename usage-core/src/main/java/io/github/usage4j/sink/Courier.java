package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Delivers a batch until all of it is settled: pauses between failures, longer each time, and after
 * {@value #TRIES} failures looks for the events that alone are to blame. Used by one thread.
 */
final class Courier {

  /** How often a batch is tried as it is, before single events are suspected. */
  static final int TRIES = 5;

  /** How long a buffer waits at most after a failure before it tries again. */
  static final long LAST_BACKOFF = TimeUnit.SECONDS.toNanos(15);

  static final long FIRST_BACKOFF = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long COMPANY_CHECK = TimeUnit.MILLISECONDS.toNanos(250);

  /** The buffer that this courier works for. */
  interface Host {
    /** Whether to try again; false ends the delivery with what is left. */
    boolean goesOn();

    /** Whether it is closing, so that nothing should wait for its own sake. */
    boolean closing();

    /** Waits so long, or until there is a reason not to. */
    void pause(long nanos);

    /** Adds what has come in since, up to so many. */
    void topUp(List<UsageEvent> batch, int atMost);

    /** So many events of the batch are stored or dropped, and these are left. */
    void settled(int events, List<UsageEvent> left);

    /** A try failed; asked before {@link #goesOn}. */
    void failed();
  }

  private final Delivery delivery;
  private final Host host;
  private final int batchSize;
  private final long lastBackoff;
  private final @Nullable PoisonSearch search;

  /**
   * A courier.
   *
   * @param search null where a failure is never the fault of an event
   */
  Courier(
      Delivery delivery,
      Host host,
      int batchSize,
      long lastBackoff,
      @Nullable PoisonSearch search) {
    this.delivery = delivery;
    this.host = host;
    this.batchSize = batchSize;
    this.lastBackoff = lastBackoff;
    this.search = search;
  }

  /** Returns with an empty list, or with what was not stored when the host gave up. */
  void deliver(List<UsageEvent> batch) {
    long backoff = FIRST_BACKOFF;
    int failures = 0;
    while (!batch.isEmpty()) {
      int before = batch.size();
      PoisonSearch searching = failures < TRIES ? null : search;
      Throwable failure = attempt(batch, searching);
      int settled = before - batch.size();
      host.settled(settled, batch);
      if (batch.isEmpty()) {
        break;
      }
      if (failure != null) {
        host.failed();
      }
      if (!host.goesOn()) {
        break;
      }
      if (failure != null) {
        delivery.failed(batch.size(), failure);
      }
      if (settled > 0) {
        backoff = FIRST_BACKOFF;
      }
      failures = settled > 0 && searching == null ? 1 : failures + 1;
      boolean alone = searching != null && searching.waitsForCompany();
      host.pause(jittered(alone ? Math.min(backoff, COMPANY_CHECK) : backoff));
      backoff = Math.min(backoff * 2, lastBackoff);
      int held = searching == null ? 0 : searching.held();
      host.topUp(batch, batchSize + held - batch.size());
    }
    if (search != null) {
      search.forget();
    }
  }

  private @Nullable Throwable attempt(List<UsageEvent> batch, @Nullable PoisonSearch searching) {
    try {
      if (searching == null) {
        delivery.write(batch);
        return null;
      }
      return searching.pass(batch, host);
    } catch (Throwable e) {
      // Also errors: without this thread every later event would be lost.
      return e;
    }
  }

  /** Between half and all of it, so that instances do not come back together. */
  static long jittered(long backoff) {
    return backoff / 2 + ThreadLocalRandom.current().nextLong(backoff / 2);
  }
}
