package io.github.usage4j.limit;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.limit.LimitStore.Ask;
import io.github.usage4j.limit.LimitStore.Lease;
import io.github.usage4j.limit.LimitStore.Terms;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows the other instances that this one lives, and takes back what dead ones have. Whether one is
 * alive is told by its beat, seen on this instance's monotonic clock: no clocks are compared. This
 * one stops granting when it could not beat for half of the time after which others may take its
 * leases, so that nothing is granted twice.
 */
final class LeaseKeeper implements Leasing {

  /** For how long the store is left alone after it failed, so that chats do not wait for it. */
  private static final long LEFT_ALONE_NANOS = 1_000_000_000L;

  private final LimitStore store;
  private final Guard guard;
  private final LongSupplier nanos;
  private final Executor worker;
  private final Patience patience;
  private final long ttl;
  private final Supplier<Unwritten> newHolder;
  private final Runnable onLost;
  private final Map<String, Seen> others = new HashMap<>(); // by the keeper's thread only
  private volatile Unwritten holder;
  private volatile boolean joined;
  private volatile long lastBeat;
  private final Rest ofStore = new Rest();
  private final Rest ofPeriods = new Rest(); // one question that fails stops no leases

  /** Since when something is left alone because it failed. */
  private final class Rest {
    private volatile long failedAt;
    private volatile boolean failed;

    boolean isOver() {
      return !failed || nanos.getAsLong() - failedAt >= LEFT_ALONE_NANOS;
    }

    void begin() {
      failedAt = nanos.getAsLong();
      failed = true;
    }

    void end() {
      failed = false;
    }
  }

  /** When a beat was first seen. */
  private record Seen(long beat, long since) {}

  /**
   * @param onLost what to do when all leases were lost
   */
  LeaseKeeper(
      LimitStore store,
      Guard guard,
      LongSupplier nanos,
      Executor worker,
      Patience patience,
      Duration ttl,
      Supplier<Unwritten> newHolder,
      Runnable onLost) {
    this.store = store;
    this.guard = guard;
    this.nanos = nanos;
    this.worker = worker;
    this.patience = patience;
    this.ttl = ttl.toNanos();
    this.newHolder = newHolder;
    this.onLost = onLost;
    holder = newHolder.get();
    lastBeat = nanos.getAsLong() - this.ttl;
  }

  Unwritten holder() {
    return holder;
  }

  @Override
  public boolean mayGrant(long now) {
    return now - lastBeat < ttl / 2;
  }

  @Override
  public @Nullable Lease lease(LimitKey key, Ask ask) {
    String own = holder.id();
    return asked("a lease", ofStore, key, () -> store.lease(own, key, ask));
  }

  @Override
  public @Nullable LimitState open(LimitKey key, Terms terms) {
    return asked("where a limit stands", ofStore, new Object(), () -> store.open(key, terms));
  }

  @Override
  public void later(Runnable task) {
    worker.execute(task);
  }

  private <T> @Nullable T asked(String what, Rest rest, Object about, Supplier<T> question) {
    if (!rest.isOver()) {
      return null;
    }
    try {
      T answer = patience.ask(about, question);
      rest.end();
      return answer;
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      away(what, rest, e);
      return null;
    }
  }

  private void away(String what, Rest rest, Throwable e) {
    rest.begin();
    guard.report(Anomaly.LIMIT_STORE_UNAVAILABLE, "the store could not be asked for " + what, e);
  }

  @Override
  public @Nullable BillingPeriod periodAt(String organization, Instant at) {
    return ofStore.isOver()
        ? asked("a billing period", ofPeriods, new Object(), () -> store.periodAt(organization, at))
        : null;
  }

  /** To be called in between of what may take long: a beat that is late costs all leases. */
  void beatIfDue() {
    long now = nanos.getAsLong();
    if (now - lastBeat >= ttl / 3 && ofStore.isOver()) {
      beat();
    }
  }

  /** To be called every third of the time after which leases are taken back. */
  void beat() {
    long asked = nanos.getAsLong();
    try {
      if (!joined) {
        store.join(holder);
        joined = true;
        holder.forgetAll(); // of what was stored before, nobody told it
      }
      Map<String, Long> beats = store.beat(holder.id());
      if (beats.containsKey(holder.id())) {
        if (asked - lastBeat > ttl / 2) {
          others.clear(); // nobody could beat while the store was away: look at them anew
        }
        lastBeat = asked;
        ofStore.end();
        watch(beats);
      } else {
        lost();
      }
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      away("a beat", ofStore, e);
    }
  }

  /** Another instance took this one for dead: what it had is gone. It starts anew. */
  private void lost() {
    guard.report(
        Anomaly.LIMIT_STORE_UNAVAILABLE,
        "this instance did not beat for so long that its leases were taken back");
    lastBeat = nanos.getAsLong() - ttl;
    Unwritten old = holder;
    holder = newHolder.get();
    joined = false;
    onLost.run();
    store.leave(old, false);
    store.join(holder);
    joined = true;
    if (store.beat(holder.id()).containsKey(holder.id())) {
      lastBeat = nanos.getAsLong();
    }
  }

  private void watch(Map<String, Long> beats) {
    long now = nanos.getAsLong();
    others.keySet().retainAll(beats.keySet());
    beats.forEach(
        (id, beat) -> {
          Seen seen = others.get(id);
          if (id.equals(holder.id())) {
            return;
          }
          if (seen == null || seen.beat != beat) {
            others.put(id, new Seen(beat, now));
          } else if (now - seen.since >= ttl && store.reclaim(id, beat)) {
            others.remove(id);
          }
        });
  }

  /** Goes, giving back all that is not needed for events under way. */
  void leave() {
    try {
      if (joined) {
        store.leave(holder, holder.isEmpty());
      }
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      away("leaving", ofStore, e);
    }
  }
}
