package io.github.usage4j.limit;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.limit.LimitKey.Subject;
import io.github.usage4j.limit.LimitStore.Terms;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Raises alerts about what is not yet so, or odd: a limit that will be exceeded if its period goes
 * on as it began, a day of many times the usual. Only for whole organizations and the application:
 * for single users both say little, and asking would cost much.
 */
final class Forecasts {

  /** How often a counter is looked at. */
  static final Duration EVERY = Duration.ofMinutes(10);

  private static final int DAYS = 7;
  private static final BigDecimal MANY_TIMES = BigDecimal.valueOf(3);
  private static final BigDecimal WORTH_TELLING = new BigDecimal("0.02"); // of the allowance
  private static final int TENTH = 10;

  private final LimitStore store;
  private final Guard guard;
  private final InstantSource clock;
  private final Set<LimitKey> projected = new HashSet<>(); // by the keeper's thread only
  private final Set<LimitKey> judged = new HashSet<>();
  private Instant next = Instant.MIN;

  Forecasts(LimitStore store, Guard guard, InstantSource clock) {
    this.store = store;
    this.guard = guard;
    this.clock = clock;
  }

  /**
   * Looks at these counters, if it is time to; true if it raised an alert.
   *
   * @param meanwhile run before each
   */
  boolean look(Iterable<Counter> counters, Runnable meanwhile) {
    Instant now = clock.instant();
    if (now.isBefore(next)) {
      return false;
    }
    next = now.plus(EVERY);
    boolean raised = false;
    for (Counter counter : counters) {
      LimitState state = counter.state();
      Subject subject = counter.key.scope().subject();
      if (state != null && (subject == Subject.APPLICATION || subject == Subject.ORGANIZATION)) {
        meanwhile.run();
        raised |=
            guard.get(
                Anomaly.LIMIT_STORE_UNAVAILABLE,
                "looking ahead",
                () -> lookAt(state, now),
                () -> false);
      }
    }
    return raised;
  }

  private boolean lookAt(LimitState state, Instant now) {
    boolean exceeds = exceeds(state, now);
    return isOdd(state, now) || exceeds;
  }

  private boolean exceeds(LimitState known, Instant now) {
    BillingPeriod period = known.key().period();
    Duration passed = period.upTo(now).length();
    boolean early = passed.multipliedBy(TENTH).compareTo(period.length()) < 0;
    if (early || !period.contains(now) || projected.contains(known.key())) {
      return false;
    }
    LimitState state = store.open(known.key(), terms(known));
    BigDecimal expected =
        state
            .used()
            .multiply(BigDecimal.valueOf(period.length().toMillis()))
            .divide(
                BigDecimal.valueOf(Math.max(1, passed.toMillis())),
                Units.of(state.key().measure()).decimals(),
                RoundingMode.HALF_UP);
    if (state.used().compareTo(state.total()) >= 0 || expected.compareTo(state.total()) <= 0) {
      return false;
    }
    projected.add(known.key());
    return raise(UsageAlert.Type.PROJECTED, state.key(), 100, expected, state.total(), now);
  }

  /** The last whole day beside the average of the days before it. */
  private boolean isOdd(LimitState known, Instant now) {
    LimitKey yesterday = on(known.key(), BillingPeriod.yesterday(now));
    if (!judged.add(yesterday)) {
      return false;
    }
    judged.removeIf(key -> key.period().end().isBefore(yesterday.period().start()));
    projected.removeIf(key -> key.period().end().isBefore(yesterday.period().start()));
    Terms unwatched = new Terms(known.allowance(), List.of());
    BigDecimal used = store.open(yesterday, unwatched).used();
    if (used.compareTo(known.total().multiply(WORTH_TELLING)) < 0) {
      return false;
    }
    BigDecimal before = BigDecimal.ZERO;
    BillingPeriod day = yesterday.period();
    for (int i = 0; i < DAYS; i++) {
      day = day.previous();
      before = before.add(store.open(on(known.key(), day), unwatched).used());
    }
    boolean odd =
        before.signum() > 0
            && used.multiply(BigDecimal.valueOf(DAYS)).compareTo(before.multiply(MANY_TIMES)) > 0;
    return odd && raise(UsageAlert.Type.ANOMALY, yesterday, 0, used, known.total(), now);
  }

  private static LimitKey on(LimitKey key, BillingPeriod day) {
    return new LimitKey(key.limit(), key.measure(), key.currency(), key.scope(), day);
  }

  private static Terms terms(LimitState state) {
    return new Terms(state.allowance(), state.alertAt());
  }

  private boolean raise(
      UsageAlert.Type type,
      LimitKey key,
      int threshold,
      BigDecimal used,
      BigDecimal total,
      Instant now) {
    return store.raise(
        new UsageAlert(UUID.randomUUID(), type, key, threshold, used, total, now, null, null));
  }
}
