package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;

/** Lets only some events into a buffer. */
final class FilteredBuffer implements UsageBuffer.Running {

  private final UsageBuffer.Running buffer;
  private final Predicate<UsageEvent> filter;
  private final Guard guard;

  FilteredBuffer(UsageBuffer.Running buffer, Predicate<UsageEvent> filter, Guard guard) {
    this.buffer = buffer;
    this.filter = filter;
    this.guard = guard;
  }

  @Override
  public void write(List<UsageEvent> events) {
    List<UsageEvent> wanted = events.stream().filter(this::wanted).toList();
    if (!wanted.isEmpty()) {
      buffer.write(wanted);
    }
  }

  /** One event too many can be seen and taken out; one too few is missing in a bill. */
  private boolean wanted(UsageEvent event) {
    return guard.get(
        Anomaly.FILTER_FAILED, "the filter of a buffer", () -> filter.test(event), () -> true);
  }

  @Override
  public boolean flush(Duration timeout) {
    return buffer.flush(timeout);
  }

  @Override
  public boolean purge(Duration timeout) {
    return buffer.purge(timeout);
  }

  @Override
  public UsageBuffer.Health health() {
    return buffer.health();
  }

  @Override
  public void close() {
    buffer.close();
  }
}
