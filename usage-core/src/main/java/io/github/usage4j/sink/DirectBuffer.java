package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** No buffer: one try on the caller's thread. What fails is dropped and counted. */
final class DirectBuffer implements UsageBuffer.Running {

  private final Delivery delivery;
  private final DeliveryCounts counts;
  private boolean closed;
  private long accepted;
  private long reported; // drops that a flush has told of

  DirectBuffer(Delivery delivery) {
    this.delivery = delivery;
    counts = delivery.counts();
  }

  @Override
  public synchronized void write(List<UsageEvent> events) {
    if (closed) {
      counts.drop(events.size(), DropReason.CLOSED);
      return;
    }
    accepted += events.size();
    counts.accepted(events.size());
    var pending = new ArrayList<>(events);
    try {
      delivery.write(pending);
    } catch (Exception | LinkageError | AssertionError e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      delivery.drop(pending, DropReason.REJECTED, e);
    }
  }

  @Override
  public synchronized boolean flush(Duration timeout) {
    long dropped = counts.dropped();
    boolean lost = dropped > reported;
    reported = dropped;
    return delivery.flush() && !lost;
  }

  @Override
  public synchronized UsageBuffer.Health health() {
    return counts.health(
        delivery.toString(),
        closed ? UsageBuffer.State.CLOSED : UsageBuffer.State.OK,
        accepted,
        0,
        Duration.ZERO);
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      delivery.close();
      DeliveryCounts.reportClosed(health());
    }
  }
}
