package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** No buffer: one try on the caller's thread. What fails is dropped and counted. */
final class DirectBuffer implements UsageBuffer.Running {

  private final Delivery delivery;
  private boolean closed;
  private long reported; // drops that a flush has told of

  DirectBuffer(Delivery delivery) {
    this.delivery = delivery;
  }

  @Override
  public synchronized void write(List<UsageEvent> events) {
    if (closed) {
      delivery.drop(events.size(), DropReason.CLOSED);
      return;
    }
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
    long dropped = delivery.dropped();
    boolean lost = dropped > reported;
    reported = dropped;
    return delivery.flush() && !lost;
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      delivery.close();
    }
  }
}
