package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A bounded queue that is emptied on the thread of whoever flushes or closes it. */
final class ManualBuffer implements UsageBuffer.Running {

  private final Delivery delivery;
  private final DeliveryCounts counts;
  private final int capacity;
  private final int batchSize;
  private final List<UsageEvent> waiting = new ArrayList<>();
  private long accepted;
  private long since;
  private boolean closed;

  ManualBuffer(UsageBuffer settings, Delivery delivery) {
    this.delivery = delivery;
    counts = delivery.counts();
    capacity = settings.capacity;
    batchSize = settings.batchSize;
  }

  @Override
  public synchronized void write(List<UsageEvent> events) {
    if (closed) {
      counts.drop(events.size(), DropReason.CLOSED);
      return;
    }
    if (waiting.isEmpty()) {
      since = System.nanoTime();
    }
    int room = Math.min(events.size(), capacity - waiting.size());
    waiting.addAll(events.subList(0, room));
    accepted += room;
    counts.accepted(room);
    counts.drop(events.size() - room, DropReason.BUFFER_FULL);
  }

  /** The timeout does not matter: each batch is tried once. */
  @Override
  public synchronized boolean flush(Duration timeout) {
    long droppedBefore = counts.dropped();
    boolean all = drain();
    counts.pending(waiting.size(), oldestAge());
    return all && delivery.flush() && counts.dropped() == droppedBefore;
  }

  private boolean drain() {
    while (!waiting.isEmpty()) {
      var batch = new ArrayList<>(waiting.subList(0, Math.min(batchSize, waiting.size())));
      int size = batch.size();
      try {
        delivery.write(batch);
      } catch (Exception | LinkageError | AssertionError e) {
        if (e instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
        delivery.failed(batch.size(), e);
      }
      waiting.subList(0, size - batch.size()).clear();
      if (!batch.isEmpty()) {
        return false;
      }
    }
    return true;
  }

  private Duration oldestAge() {
    return waiting.isEmpty() ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - since);
  }

  @Override
  public synchronized UsageBuffer.Health health() {
    UsageBuffer.State state =
        closed
            ? UsageBuffer.State.CLOSED
            : counts.failing() ? UsageBuffer.State.FAILING : UsageBuffer.State.OK;
    return counts.health(delivery.toString(), state, accepted, waiting.size(), oldestAge());
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      drain();
      delivery.drop(List.copyOf(waiting), DropReason.CLOSED, null);
      waiting.clear();
      delivery.close();
      DeliveryCounts.reportClosed(health());
    }
  }
}
