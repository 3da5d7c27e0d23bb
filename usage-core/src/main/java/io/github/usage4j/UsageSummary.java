package io.github.usage4j;

import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageQueries.Dimension;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a set of model calls adds up to: one operation, one month, one row of a report. Nothing is
 * rounded and currencies are never added. Beside the sums stands how complete they are: {@link
 * #unmeasured}, {@link #partial}, {@link #estimated} and {@link #unpriced}.
 *
 * @param keys what this row is about, by dimension; empty for a total. An unattributed value is ""
 * @param labels how to show those keys, where a label is known
 * @param calls calls that were not refused
 * @param operations user requests that began among these calls
 * @param toolTurns calls whose answer asked for tools
 * @param errors calls that failed
 * @param cancelled calls that were stopped by the caller
 * @param refused calls that a limit did not let start; not among {@code calls}
 * @param tokens the sums of what is known
 * @param unmeasured calls that were answered or cut short and stated no figure at all
 * @param partial calls of which some figures are missing or contradictory
 * @param estimated calls whose figures were estimated
 * @param costs sums of what is priced, one for each currency, ordered by its code
 * @param unpriced calls that used something and have no price
 * @param succeededTokens total tokens of the calls that succeeded, for averages
 * @param succeededDuration how long the calls that succeeded took together, for averages
 * @param lastActivity when the last of the calls started; null if there is none
 */
public record UsageSummary(
    Map<Dimension, String> keys,
    Map<Dimension, String> labels,
    long calls,
    long operations,
    long toolTurns,
    long errors,
    long cancelled,
    long refused,
    TokenCounts tokens,
    long unmeasured,
    long partial,
    long estimated,
    List<Cost> costs,
    long unpriced,
    long succeededTokens,
    Duration succeededDuration,
    @Nullable Instant lastActivity) {

  /** The sum of no calls. */
  public static final UsageSummary EMPTY =
      new UsageSummary(
          Map.of(),
          Map.of(),
          0,
          0,
          0,
          0,
          0,
          0,
          TokenCounts.UNKNOWN,
          0,
          0,
          0,
          List.of(),
          0,
          0,
          Duration.ZERO,
          null);

  /** Copies its collections. */
  public UsageSummary {
    keys = Map.copyOf(keys);
    labels = Map.copyOf(labels);
    costs = List.copyOf(costs);
  }

  /** The sum of these calls. */
  public static UsageSummary of(Iterable<UsageEvent> events) {
    UsageSummary sum = EMPTY;
    for (UsageEvent event : events) {
      sum = sum.plus(of(event));
    }
    return sum;
  }

  /** What one call adds. */
  public static UsageSummary of(UsageEvent event) {
    Outcome outcome = event.outcome();
    boolean succeeded = outcome == Outcome.SUCCESS;
    Long total = event.tokens().total();
    return new UsageSummary(
        Map.of(),
        Map.of(),
        one(outcome != Outcome.REFUSED),
        one(event.opensOperation()),
        one(event.toolCalls() > 0),
        one(outcome == Outcome.ERROR),
        one(outcome == Outcome.CANCELLED),
        one(outcome == Outcome.REFUSED),
        event.tokens(),
        one(event.unmeasured()),
        one(event.quality() == Quality.PARTIAL),
        one(event.quality() == Quality.ESTIMATED),
        event.cost() == null ? List.of() : List.of(withoutReference(event.cost())),
        one(event.unpriced()),
        succeeded && total != null ? total : 0,
        succeeded ? event.duration() : Duration.ZERO,
        event.occurredAt());
  }

  /**
   * The key of this row in the given dimension; "" is unattributed.
   *
   * @throws IllegalArgumentException if the row is not about that dimension
   */
  public String key(Dimension dimension) {
    String key = keys.get(dimension);
    if (key == null) {
      throw new IllegalArgumentException(
          "this summary is by " + keys.keySet() + ", not by " + dimension);
    }
    return key;
  }

  /** How to show this row: its label in the given dimension, else its key. */
  public String label(Dimension dimension) {
    String label = labels.get(dimension);
    return label != null ? label : key(dimension);
  }

  /** Input plus output tokens; 0 if none is known, which {@link #unmeasured} tells apart. */
  public long totalTokens() {
    Long total = tokens.total();
    return total == null ? 0 : total;
  }

  /** Calls that were answered. */
  public long succeeded() {
    return calls - errors - cancelled;
  }

  /** The sum in one currency; 0 if nothing was priced in it, see {@link #unpriced}. */
  public BigDecimal cost(String currency) {
    var wanted = Cost.currencyOf(currency);
    return costs.stream()
        .filter(cost -> cost.currency().equals(wanted))
        .map(Cost::total)
        .findFirst()
        .orElse(BigDecimal.ZERO);
  }

  /** The share of calls that were answered, 0 to 1; null if there were none. */
  public @Nullable BigDecimal successRate() {
    return ratio(succeeded(), calls);
  }

  /** The share of calls that failed, 0 to 1; null if there were none. */
  public @Nullable BigDecimal failureRate() {
    return ratio(errors, calls);
  }

  /** The share of attempted calls that a limit refused, 0 to 1; null if there were none. */
  public @Nullable BigDecimal refusalRate() {
    return ratio(refused, calls + refused);
  }

  /** Total tokens for each call that was answered; null if none was. Unknown counts as nothing. */
  public @Nullable BigDecimal averageTokens() {
    return ratio(succeededTokens, succeeded());
  }

  /** How long a call that was answered took; null if none was. Cut to nanoseconds. */
  public @Nullable Duration averageDuration() {
    return succeeded() == 0 ? null : succeededDuration.dividedBy(succeeded());
  }

  /**
   * What one answer cost: all costs, those of failed and cancelled calls included, by the calls
   * that were answered; null if none was. A summary of {@code outcome(SUCCESS)} leaves the others
   * out. Calls without a price count as 0: see {@link #unpriced}.
   */
  public @Nullable BigDecimal averageCost(String currency) {
    return ratio(cost(currency), BigDecimal.valueOf(succeeded()));
  }

  /**
   * What 1 000 tokens cost on average; null if there are no tokens. Too low if some of them have no
   * price, or one in another currency: see {@link #unpriced} and {@link #costs}.
   */
  public @Nullable BigDecimal costPerThousandTokens(String currency) {
    return ratio(cost(currency).movePointRight(3), BigDecimal.valueOf(totalTokens()));
  }

  /** Output tokens for each input token; null if either is unknown, or there was no input. */
  public @Nullable BigDecimal outputPerInput() {
    return ratio(tokens.output(), tokens.input());
  }

  /** The share of input tokens that came from a cache, 0 to 1; null as for the tokens. */
  public @Nullable BigDecimal cacheHitShare() {
    return ratio(tokens.cacheRead(), tokens.input());
  }

  private static @Nullable BigDecimal ratio(@Nullable Long part, @Nullable Long whole) {
    return part == null || whole == null
        ? null
        : ratio(BigDecimal.valueOf(part), BigDecimal.valueOf(whole));
  }

  private static @Nullable BigDecimal ratio(BigDecimal part, BigDecimal whole) {
    return whole.signum() == 0 ? null : part.divide(whole, MathContext.DECIMAL64);
  }

  /**
   * How well the tokens are known: REPORTED if those of every call are, else MISSING if nothing is,
   * ESTIMATED if every call's are, and PARTIAL otherwise.
   */
  public Quality quality() {
    if (unmeasured + partial + estimated == 0) {
      return Quality.REPORTED;
    }
    if (tokens.isUnknown()) {
      return Quality.MISSING;
    }
    return estimated == calls ? Quality.ESTIMATED : Quality.PARTIAL;
  }

  /** Both added up; keys and labels are kept where both say the same. */
  public UsageSummary plus(UsageSummary other) {
    return new UsageSummary(
        keys.equals(other.keys) ? keys : Map.of(),
        keys.equals(other.keys) ? labels : Map.of(),
        calls + other.calls,
        operations + other.operations,
        toolTurns + other.toolTurns,
        errors + other.errors,
        cancelled + other.cancelled,
        refused + other.refused,
        tokens.plus(other.tokens),
        unmeasured + other.unmeasured,
        partial + other.partial,
        estimated + other.estimated,
        other.costs.isEmpty()
            ? costs
            : Cost.sumByCurrency(Stream.concat(costs.stream(), other.costs.stream())),
        unpriced + other.unpriced,
        Math.addExact(succeededTokens, other.succeededTokens),
        succeededDuration.plus(other.succeededDuration),
        later(lastActivity, other.lastActivity));
  }

  /** The same sums as a row of a report. */
  public UsageSummary forRow(Map<Dimension, String> keys, Map<Dimension, String> labels) {
    return new UsageSummary(
        keys,
        labels,
        calls,
        operations,
        toolTurns,
        errors,
        cancelled,
        refused,
        tokens,
        unmeasured,
        partial,
        estimated,
        costs,
        unpriced,
        succeededTokens,
        succeededDuration,
        lastActivity);
  }

  /**
   * The amount of one measure.
   *
   * @throws IllegalArgumentException if it is the cost, and there are several currencies
   */
  public BigDecimal amount(UsageMeasure measure) {
    if (measure == UsageMeasure.COST && costs.size() > 1) {
      throw new IllegalArgumentException(
          "costs of one currency are an amount, but these are in "
              + costs.stream().map(cost -> cost.currency().getCurrencyCode()).toList());
    }
    return switch (measure) {
      case TOKENS -> BigDecimal.valueOf(totalTokens());
      case CALLS -> BigDecimal.valueOf(calls);
      case OPERATIONS -> BigDecimal.valueOf(operations);
      case COST -> costs.isEmpty() ? BigDecimal.ZERO : costs.get(0).total();
    };
  }

  private static Cost withoutReference(Cost cost) {
    return new Cost(cost.input(), cost.output(), cost.cache(), cost.other(), cost.currency(), null);
  }

  private static long one(boolean counts) {
    return counts ? 1 : 0;
  }

  private static @Nullable Instant later(@Nullable Instant a, @Nullable Instant b) {
    if (a == null) {
      return b;
    }
    return b == null || a.isAfter(b) ? a : b;
  }
}
