package io.github.usage4j.limit;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitStore.Terms;
import io.github.usage4j.limit.UsageLimit.Mode;
import java.math.BigDecimal;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The counters that this instance knows, one for each that somebody asked of lately: idle ones are
 * retired, so that any number of users costs no memory for long.
 */
final class Counters {

  /** After which time of not being asked a counter gives back what it has, and then goes. */
  static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** Above so many, counters go sooner. */
  static final int MANY = 50_000;

  private final Map<Slot, Counter> counters = new ConcurrentHashMap<>();
  private final Leasing leasing;
  private final LongSupplier nanos;

  Counters(Leasing leasing, LongSupplier nanos) {
    this.leasing = leasing;
    this.nanos = nanos;
  }

  /** A counter that behaves in its own way: rates have no terms that could change. */
  private record Slot(LimitKey key, Mode mode, LimitWindow window, @Nullable BigDecimal rate) {}

  /** The counter of a limit for somebody in a period; rates have one for ever. */
  Counter of(UsageLimit limit, Scope scope, BillingPeriod period) {
    boolean rate = limit.window().isRate();
    LimitKey key = limit.key(scope, rate ? BillingPeriod.lifetime() : period);
    var terms = new Terms(limit.amount(), limit.alertAt());
    var slot = new Slot(key, limit.mode(), limit.window(), rate ? limit.amount() : null);
    Counter counter = counters.computeIfAbsent(slot, s -> make(limit, key, terms));
    counter.terms(terms);
    return counter;
  }

  private Counter make(UsageLimit limit, LimitKey key, Terms terms) {
    boolean refuses = limit.mode() != Mode.OBSERVE;
    return switch (limit.window().kind()) {
      case AT_ONCE -> new AtOnceCounter(key, limit.amount(), refuses, nanos.getAsLong());
      case MINUTE, HOUR -> new RateCounter(key, limit.window(), limit.amount(), refuses, nanos);
      default ->
          limit.mode() == Mode.HARD
              ? new LeasedCounter(key, terms, leasing, nanos.getAsLong())
              : new SharedCounter(key, terms, refuses, leasing, nanos.getAsLong());
    };
  }

  Iterable<Counter> all() {
    return counters.values();
  }

  int size() {
    return counters.size();
  }

  /**
   * Gives back what idle counters hold, and forgets those that hold nothing.
   *
   * @param meanwhile run before each that may wait for the store
   */
  void sweep(long now, Runnable meanwhile) {
    long idle = counters.size() > MANY ? IDLE_NANOS / 10 : IDLE_NANOS;
    counters
        .values()
        .removeIf(
            counter -> {
              if (counter.idle(now) < idle) {
                return false;
              }
              meanwhile.run();
              counter.work(now);
              return counter.retire();
            });
  }

  /** Asks the store before refusing again. */
  void refresh() {
    counters.values().forEach(Counter::refresh);
  }

  /**
   * All leases are lost: forgets what has to do with the store, and whoever asks gets new counters.
   * Rates have not: calls that are under way still are.
   */
  void abandon() {
    counters
        .values()
        .removeIf(
            counter -> {
              boolean ofTheStore = counter.remembers();
              counter.abandon();
              return ofTheStore;
            });
  }
}
