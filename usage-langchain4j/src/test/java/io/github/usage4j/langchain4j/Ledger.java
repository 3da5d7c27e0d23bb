package io.github.usage4j.langchain4j;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageScope;
import io.github.usage4j.track.UsageTracker;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A tracker that writes to memory at once, and what came of it. */
final class Ledger {

  final InMemoryUsageStore store = new InMemoryUsageStore();
  final AtomicInteger anomalies = new AtomicInteger();
  final Set<UsageMetrics.Anomaly> kinds = ConcurrentHashMap.newKeySet();
  final UsageTracker tracker =
      UsageTracker.builder(store)
          .buffer(UsageBuffer.none())
          .errorGrace(Duration.ofMinutes(10))
          .metrics(
              new UsageMetrics() {
                @Override
                public void anomaly(Anomaly what) {
                  kinds.add(what);
                  anomalies.incrementAndGet();
                }
              })
          .build();
  final TrackedModels models = TrackedModels.with(tracker).provider("fake");

  UsageScope acme() {
    return tracker.scope(Attribution.organization("acme").user("ada"));
  }

  List<UsageEvent> events() {
    return store.events();
  }

  UsageEvent only() {
    List<UsageEvent> events = events();
    if (events.size() != 1) {
      throw new AssertionError("one event expected, but there were " + figures() + " " + events);
    }
    return events.get(0);
  }

  /** Each event as input/output, then the outcome unless it is a success. */
  List<String> figures() {
    return events().stream().map(Ledger::figures).toList();
  }

  /** Each event with its step and who served it. */
  List<String> calls() {
    return events().stream().map(e -> e.step() + " " + e.provider() + " " + figures(e)).toList();
  }

  static String figures(UsageEvent event) {
    String tokens = event.tokens().input() + "/" + event.tokens().output();
    return event.outcome() == UsageEvent.Outcome.SUCCESS ? tokens : tokens + " " + event.outcome();
  }

  long operations() {
    return events().stream().map(UsageEvent::operationId).distinct().count();
  }
}
