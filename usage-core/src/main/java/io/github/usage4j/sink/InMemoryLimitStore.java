package io.github.usage4j.sink;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitState;
import io.github.usage4j.limit.LimitStore;
import io.github.usage4j.limit.LimitTarget;
import io.github.usage4j.limit.UsageAlert;
import io.github.usage4j.limit.UsageLimit;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The limits of an {@link InMemoryUsageStore}. Everything happens under the lock of that store, so
 * each method is atomic with the storing of events.
 */
final class InMemoryLimitStore implements LimitStore {

  private final Object lock;
  private final Supplier<List<InMemoryUsageStore.Stored>> events;
  private final InstantSource clock;
  private final InMemoryCounters counters = new InMemoryCounters(); // guarded by lock, as all below
  private final InMemoryAlerts alerts = new InMemoryAlerts();
  private final Map<String, Holder> holders = new LinkedHashMap<>();
  private final Map<String, Long> beats = new LinkedHashMap<>();
  private final Map<String, Map<String, Instant>> periods = new HashMap<>();
  private final Map<Definition, UsageLimit> limits = new LinkedHashMap<>();
  private final Map<String, List<Change>> changes = new HashMap<>();
  private long version;

  private record Definition(String name, LimitTarget target) {}

  InMemoryLimitStore(
      Object lock, Supplier<List<InMemoryUsageStore.Stored>> events, InstantSource clock) {
    this.lock = lock;
    this.events = events;
    this.clock = clock;
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  /** What is to be told of an event after the lock is released. */
  InMemoryCounters.Stored store(UsageEvent event, boolean isNew) {
    return counters.store(event, isNew, List.copyOf(holders.values()), this::thresholds);
  }

  private void thresholds(InMemoryCounters.State state) {
    int crossed = state.crossed();
    if (crossed > 0 && !isRenewed(state.key)) {
      state.raised = crossed;
      alerts.raise(UsageAlert.reached(state.key, crossed, state.used, state.total(), now()));
    }
  }

  private boolean isRenewed(LimitKey key) {
    String organization = key.scope().organization();
    return key.endsWithRenewal()
        && organization != null
        && periods.getOrDefault(organization, Map.of()).values().stream()
            .anyMatch(start -> start.isAfter(key.period().start()));
  }

  /** Tells holders of alerts if there are any that nobody took. Not under the lock. */
  void tellOfAlerts() {
    List<Holder> told;
    synchronized (lock) {
      if (!alerts.changed()) {
        return;
      }
      told = List.copyOf(holders.values());
    }
    told.forEach(Holder::alertsRaised);
  }

  void clear() {
    counters.clear();
    alerts.clear();
  }

  private InMemoryCounters.State state(LimitKey key, Terms terms) {
    InMemoryCounters.State state = counters.open(key, this::allEvents);
    state.terms = terms;
    thresholds(state);
    return state;
  }

  @Override
  public LimitState open(LimitKey key, Terms terms) {
    LimitState answer;
    synchronized (lock) {
      answer = state(key, terms).answer();
    }
    tellOfAlerts();
    return answer;
  }

  @Override
  public void join(Holder holder) {
    synchronized (lock) {
      holders.put(holder.id(), holder);
      beats.putIfAbsent(holder.id(), 0L);
    }
  }

  @Override
  public void leave(Holder holder, boolean givesBack) {
    synchronized (lock) {
      holders.remove(holder.id());
      alerts.release(holder.id());
      if (givesBack) {
        beats.remove(holder.id());
        counters.release(holder.id());
      }
    }
  }

  @Override
  public Lease lease(String holder, LimitKey key, Ask ask) {
    Lease lease;
    synchronized (lock) {
      if (!beats.containsKey(holder)) {
        throw new UsageException("the holder of a lease must be known, but was " + holder, null);
      }
      InMemoryCounters.State state = state(key, ask.terms());
      BigDecimal has = state.leases.getOrDefault(holder, BigDecimal.ZERO).min(ask.holding());
      state.lease(holder, has);
      BigDecimal added = LimitStore.slice(state.answer().room(), ask);
      state.lease(holder, has.add(added));
      lease = new Lease(state.answer(), added);
    }
    tellOfAlerts();
    return lease;
  }

  @Override
  public Map<String, Long> beat(String holder) {
    synchronized (lock) {
      beats.computeIfPresent(holder, (id, beat) -> beat + 1);
      return Map.copyOf(beats);
    }
  }

  @Override
  public boolean reclaim(String holder, long beat) {
    synchronized (lock) {
      boolean dead = Objects.equals(beats.get(holder), beat);
      if (dead) {
        beats.remove(holder);
        holders.remove(holder);
        counters.release(holder);
        alerts.release(holder);
      }
      return dead;
    }
  }

  @Override
  public boolean grant(LimitKey key, BigDecimal amount, String reference) {
    LimitStore.requireGrant(amount);
    synchronized (lock) {
      return counters.grant(key, new Grant(reference, amount, now()), this::allEvents);
    }
  }

  private List<UsageEvent> allEvents() {
    return events.get().stream().map(InMemoryUsageStore.Stored::event).toList();
  }

  @Override
  public List<Grant> grants(LimitKey key) {
    synchronized (lock) {
      return counters.grants(key);
    }
  }

  @Override
  public boolean openPeriod(String organization, Instant start, String externalId) {
    Instant begins = LimitStore.requireStart(start);
    synchronized (lock) {
      return periods
              .computeIfAbsent(organization, o -> new HashMap<>())
              .putIfAbsent(externalId, begins)
          == null;
    }
  }

  @Override
  public BillingPeriod periodAt(String organization, Instant at) {
    synchronized (lock) {
      Instant from = BillingPeriod.lifetime().start();
      Instant until = BillingPeriod.lifetime().end();
      for (Instant start : periods.getOrDefault(organization, Map.of()).values()) {
        if (start.isAfter(at)) {
          until = start.isBefore(until) ? start : until;
        } else {
          from = start.isAfter(from) ? start : from;
        }
      }
      return BillingPeriod.of(from, until);
    }
  }

  @Override
  public List<UsageLimit> limits() {
    synchronized (lock) {
      return List.copyOf(limits.values());
    }
  }

  @Override
  public long limitsVersion() {
    synchronized (lock) {
      return version;
    }
  }

  @Override
  public void put(UsageLimit limit, String by) {
    synchronized (lock) {
      UsageLimit before = limits.put(new Definition(limit.name(), limit.target()), limit);
      changed(limit.name(), before, limit, by);
    }
  }

  @Override
  public boolean remove(String limitName, LimitTarget target, String by) {
    synchronized (lock) {
      UsageLimit before = limits.remove(new Definition(limitName, target));
      if (before != null) {
        changed(limitName, before, null, by);
      }
      return before != null;
    }
  }

  private void changed(
      String name, @Nullable UsageLimit before, @Nullable UsageLimit after, String by) {
    version++;
    changes.computeIfAbsent(name, n -> new ArrayList<>()).add(new Change(before, after, by, now()));
  }

  @Override
  public List<Change> changes(String limitName) {
    synchronized (lock) {
      return List.copyOf(changes.getOrDefault(limitName, List.of()));
    }
  }

  @Override
  public boolean raise(UsageAlert alert) {
    synchronized (lock) {
      return alerts.raise(alert);
    }
  }

  @Override
  public List<UsageAlert> alerts(LimitKey.Scope scope, int most) {
    synchronized (lock) {
      return alerts.of(scope, most);
    }
  }

  @Override
  public List<UsageAlert> takeAlerts(String holder, int most) {
    synchronized (lock) {
      return alerts.take(holder, most, beats.keySet());
    }
  }

  @Override
  public void delivered(UUID alertId) {
    synchronized (lock) {
      alerts.delivered(alertId);
    }
  }

  @Override
  public boolean acknowledge(UUID alertId, String by) {
    synchronized (lock) {
      return alerts.acknowledge(alertId, by, now());
    }
  }
}
