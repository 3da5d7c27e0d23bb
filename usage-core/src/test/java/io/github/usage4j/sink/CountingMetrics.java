package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/** Counts what it is told, for assertions. */
public final class CountingMetrics implements UsageMetrics {

  public long recorded;
  public long accepted;
  public long written;
  public long duplicates;
  public long conflicts;
  public long retried;
  public final Map<DropReason, Long> dropped = new EnumMap<>(DropReason.class);
  public final Map<Anomaly, Long> anomalies = new EnumMap<>(Anomaly.class);

  @Override
  public synchronized void recorded(UsageEvent event) {
    recorded++;
  }

  @Override
  public synchronized void accepted(int events) {
    accepted += events;
  }

  @Override
  public synchronized void written(int events, Duration took) {
    written += events;
  }

  @Override
  public synchronized void duplicates(int events) {
    duplicates += events;
  }

  @Override
  public synchronized void conflicts(int events) {
    conflicts += events;
  }

  @Override
  public synchronized void retried(int events, Throwable cause) {
    retried++;
  }

  @Override
  public synchronized void dropped(int events, DropReason reason) {
    dropped.merge(reason, (long) events, Long::sum);
  }

  @Override
  public synchronized void anomaly(Anomaly what) {
    anomalies.merge(what, 1L, Long::sum);
  }

  public synchronized long dropped(DropReason reason) {
    return dropped.getOrDefault(reason, 0L);
  }

  public synchronized long anomalies(Anomaly what) {
    return anomalies.getOrDefault(what, 0L);
  }

  /** Everything that is accounted for: each accepted event must end up in exactly one of these. */
  public synchronized long settled() {
    return written + duplicates + dropped.values().stream().mapToLong(Long::longValue).sum();
  }
}
