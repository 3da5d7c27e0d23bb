package io.github.usage4j.limit;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.limit.LimitKey.Scope;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where somebody stands with a limit: what a progress bar, a refusal and a message need. Amounts
 * are in the limit's measure. Immutable.
 *
 * @param limit which limit
 * @param scope whose usage is counted
 * @param period in which period; of a rate, the current minute or hour
 * @param used what is used of it and stored
 * @param reserved what this instance has under way, or has not stored yet
 * @param addOns what was granted beside the limit for this period
 * @param lifetime what was ever used and stored; null if that was not asked for
 */
public record LimitStatus(
    UsageLimit limit,
    Scope scope,
    BillingPeriod period,
    BigDecimal used,
    BigDecimal reserved,
    BigDecimal addOns,
    @Nullable BigDecimal lifetime) {

  private static final BigDecimal HUNDRED = BigDecimal.valueOf(100);

  /** How bad it is. */
  public enum Level {
    /** Below the first alert. */
    OK,
    /** The first alert is reached. */
    WARNING,
    /** The last alert before the limit is reached, where there are several. */
    CRITICAL,
    /** Nothing is left. */
    EXCEEDED
  }

  /** Checks that nothing is missing. */
  public LimitStatus {
    Objects.requireNonNull(limit, "limit");
    Objects.requireNonNull(scope, "scope");
    Objects.requireNonNull(period, "period");
  }

  /** What is used, and what is under way here. */
  public BigDecimal current() {
    return used.add(reserved);
  }

  /** What is allowed, add-ons included. */
  public BigDecimal allowance() {
    return limit.amount().add(addOns);
  }

  /** What is left; 0 if nothing is. */
  public BigDecimal remaining() {
    return allowance().subtract(current()).max(BigDecimal.ZERO);
  }

  /** How much of what is allowed is used, rounded down; more than 100 if it is exceeded. */
  public int percent() {
    BigDecimal percent = current().multiply(HUNDRED).divide(allowance(), 0, RoundingMode.FLOOR);
    return percent.min(BigDecimal.valueOf(Integer.MAX_VALUE)).max(BigDecimal.ZERO).intValue();
  }

  /** How bad it is. */
  public Level level() {
    int percent = percent();
    if (percent >= 100) {
      return Level.EXCEEDED;
    }
    int reached = 0;
    int below = 0;
    for (int threshold : limit.alertAt()) {
      if (threshold < 100) {
        below++;
        reached += percent >= threshold ? 1 : 0;
      }
    }
    if (reached == 0) {
      return Level.OK;
    }
    return reached == below && below > 1 ? Level.CRITICAL : Level.WARNING;
  }

  /** True if a call would be refused, as far as is known: nothing is left, and it is enforced. */
  public boolean blocked() {
    return limit.mode() != UsageLimit.Mode.OBSERVE && remaining().signum() == 0;
  }

  /** When the next period begins; null if there is none, or nobody knows. */
  public @Nullable Instant resetsAt() {
    return period.end().isBefore(LimitWindow.UNTIL_RENEWAL) ? period.end() : null;
  }

  /**
   * What the period will add up to if it goes on as it began.
   *
   * @return null if it never ends, has ended, or less than a twentieth of it has passed
   */
  public @Nullable BigDecimal projection(Instant now) {
    if (resetsAt() == null || !period.contains(now)) {
      return null;
    }
    BigDecimal passed = BigDecimal.valueOf(period.upTo(now).length().toMillis());
    BigDecimal whole = BigDecimal.valueOf(period.length().toMillis());
    if (passed.multiply(BigDecimal.valueOf(20)).compareTo(whole) < 0) {
      return null;
    }
    int decimals = Units.of(limit.measure()).decimals();
    return current().multiply(whole).divide(passed, decimals, RoundingMode.HALF_UP);
  }
}
