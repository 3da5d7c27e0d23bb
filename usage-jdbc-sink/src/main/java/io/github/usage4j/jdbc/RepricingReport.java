package io.github.usage4j.jdbc;

import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.util.Currency;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * What a repricing changes, or would change: the same figures from a dry run and from a run over
 * all its parts. Immutable. Allowances, alerts and credits that were booked with the old costs are
 * not changed; {@link #differences} says by how much they would be.
 *
 * @param lookedAt how many calls the filter lets through
 * @param changed how many of them have another cost, or have one, or none, for the first time
 * @param unpricedBefore how many used something and had no price
 * @param unpricedAfter how many of them have none now
 * @param undecided how many keep their cost because several exchanges with the provider were summed
 *     into them, which the catalog charges each by itself
 * @param lines what changed, ordered by organization, provider, model and currency
 */
public record RepricingReport(
    long lookedAt,
    long changed,
    long unpricedBefore,
    long unpricedAfter,
    long undecided,
    List<Line> lines) {

  /**
   * The changed calls of one organization and model in one currency. A call that is charged in
   * another currency now is in two lines.
   *
   * @param organization "" for unattributed calls
   * @param calls how many have another cost in this currency
   * @param before what they had cost in it
   * @param after what they cost in it now
   */
  public record Line(
      String organization,
      String provider,
      String model,
      Currency currency,
      long calls,
      BigDecimal before,
      BigDecimal after) {

    /** Brings amounts into one form, so that equal ones are equal records. */
    public Line {
      before = DecimalBounds.plain(before);
      after = DecimalBounds.plain(after);
    }

    /** What is charged more now; negative for less. */
    public BigDecimal difference() {
      return DecimalBounds.plain(after.subtract(before));
    }
  }

  /** Copies the lines. */
  public RepricingReport {
    lines = List.copyOf(lines);
  }

  /** What is charged more in each currency by its code, in that order; negative for less. */
  public Map<String, BigDecimal> differences() {
    return sums(line -> "").getOrDefault("", Map.of());
  }

  /** The same for each organization; "" is unattributed. */
  public Map<String, Map<String, BigDecimal>> differencesByOrganization() {
    return sums(Line::organization);
  }

  /** The same for each model, over all providers and organizations. */
  public Map<String, Map<String, BigDecimal>> differencesByModel() {
    return sums(Line::model);
  }

  private Map<String, Map<String, BigDecimal>> sums(Function<Line, String> key) {
    var sums = new TreeMap<String, Map<String, BigDecimal>>();
    for (Line line : lines) {
      sums.computeIfAbsent(key.apply(line), k -> new TreeMap<>())
          .merge(
              line.currency().getCurrencyCode(),
              line.difference(),
              (a, b) -> DecimalBounds.plain(a.add(b)));
    }
    return sums;
  }
}
