package io.github.usage4j.limit;

import io.github.usage4j.UsageEvent;
import java.math.BigDecimal;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What was used here and is not stored yet: which events are covered by leases of this instance, or
 * are known here before the store says so. This is what the store asks while it writes.
 */
final class Unwritten implements LimitStore.Holder {

  /** After which time an event will not be stored any more: it was dropped, or filtered out. */
  static final long FORGET_NANOS = 24L * 3600 * 1_000_000_000L;

  private final String id = UUID.randomUUID().toString();
  private final Runnable onAlerts;
  private final Map<UUID, Ended> events = new ConcurrentHashMap<>();

  Unwritten(Runnable onAlerts) {
    this.onAlerts = onAlerts;
  }

  /** One event that waits, and what it counts for; an amount is -1 once it is stored. */
  private static final class Ended {
    private final Counter[] counters;
    private final long[] used;
    private final long since;

    Ended(Counter[] counters, long[] used, long since) {
      this.counters = counters;
      this.used = used;
      this.since = since;
    }

    int find(LimitKey key) {
      for (int i = 0; i < counters.length; i++) {
        if (used[i] >= 0 && counters[i].remembers() && counters[i].key.equals(key)) {
          return i;
        }
      }
      return -1;
    }

    boolean isDone() {
      for (int i = 0; i < counters.length; i++) {
        if (used[i] > 0 && counters[i].remembers()) {
          return false;
        }
      }
      return true;
    }
  }

  /** An event is about to be handed to the sinks; the arrays are not changed by others. */
  void add(UsageEvent event, Counter[] counters, long[] used, long now) {
    var ended = new Ended(counters, used, now);
    if (!ended.isDone()) {
      events.put(event.id(), ended);
    }
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public boolean covers(UUID eventId, LimitKey key) {
    Ended ended = events.get(eventId);
    return ended != null && ended.find(key) >= 0;
  }

  @Override
  public void stored(UUID eventId, LimitKey key, BigDecimal used, BigDecimal lowered) {
    Ended ended = events.get(eventId);
    int i = ended == null ? -1 : ended.find(key);
    if (ended == null || i < 0) {
      return;
    }
    Counter counter = ended.counters[i];
    counter.stored(ended.used[i], Math.min(ended.used[i], counter.units.up(lowered)));
    ended.used[i] = -1;
    if (ended.isDone()) {
      events.remove(eventId);
    }
  }

  @Override
  public void alertsRaised() {
    onAlerts.run();
  }

  boolean isEmpty() {
    return events.isEmpty();
  }

  int size() {
    return events.size();
  }

  /** Gives up events that will not be stored any more: they hold nothing for longer. */
  void forget(long now) {
    forget(now, FORGET_NANOS);
  }

  void forgetAll() {
    forget(0, Long.MIN_VALUE);
  }

  private void forget(long now, long age) {
    events
        .values()
        .removeIf(
            ended -> {
              boolean old = age == Long.MIN_VALUE || now - ended.since > age;
              for (int i = 0; old && i < ended.counters.length; i++) {
                if (ended.used[i] > 0) {
                  ended.counters[i].settle(ended.used[i], 0);
                }
              }
              return old;
            });
  }
}
