package io.github.usage4j.economics;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What plans earn beside what their usage costs. The host says who has which plan and what it pays
 * a month; the store says what was used. Amounts are exact, and those of different currencies are
 * never added: a plan that is paid in euros and costs dollars has a line for each. Safe for use by
 * several threads if what it asks is.
 */
public final class PlanEconomics {

  private final UsageQueries queries;
  private final Subscriptions subscriptions;

  /**
   * What one organization pays in a month.
   *
   * @param organization as in the usage events
   * @param plan what the host calls it
   * @param revenue for the whole month, in whole units of the currency; 0 for a free plan
   * @param currency an ISO 4217 code
   */
  public record Subscription(
      String organization, String plan, BigDecimal revenue, String currency) {
    /**
     * @throws IllegalArgumentException if a name is blank, the revenue negative or the currency
     *     unknown
     */
    public Subscription {
      Checks.requireIdentifier("organization", organization, 128);
      Checks.requireIdentifier("plan", plan, 128);
      Cost.currencyOf(currency);
      if (revenue.signum() < 0) {
        throw new IllegalArgumentException(
            "revenue of '" + organization + "' must not be negative, but was " + revenue);
      }
    }
  }

  /** Who has which plan. */
  @FunctionalInterface
  public interface Subscriptions {
    /** All subscriptions of a UTC month, at most one for each organization. */
    Collection<Subscription> of(YearMonth month);
  }

  /**
   * Revenue and cost in one currency.
   *
   * @param currency an ISO 4217 code
   * @param revenue 0 if nothing is paid in it
   * @param cost of the calls that have a price in it; 0 if there are none
   */
  public record Line(String currency, BigDecimal revenue, BigDecimal cost) {
    /** Brings amounts into one form, so that equal ones are equal records. */
    public Line {
      revenue = DecimalBounds.plain(revenue);
      cost = DecimalBounds.plain(cost);
    }

    /** What is left; negative if the usage costs more than is paid. */
    public BigDecimal margin() {
      return DecimalBounds.plain(revenue.subtract(cost));
    }

    private Line plus(Line more) {
      return new Line(currency, revenue.add(more.revenue), cost.add(more.cost));
    }
  }

  /**
   * What one organization pays and costs on one plan.
   *
   * @param organization "" for unattributed calls
   * @param plan "" if it has none
   * @param months how many months it had this plan, or calls without one
   * @param calls how many were made
   * @param unpriced how many of them used something and have no price: what they cost is missing
   * @param lines one for each currency, ordered by its code
   */
  public record OfOrganization(
      String organization, String plan, int months, long calls, long unpriced, List<Line> lines) {
    /** Copies the lines. */
    public OfOrganization {
      lines = List.copyOf(lines);
    }
  }

  /**
   * What a plan earns and costs.
   *
   * @param plan "" for organizations without one
   * @param organizations how many have it
   * @param calls how many they made
   * @param unpriced how many of them used something and have no price
   * @param lines one for each currency, ordered by its code
   */
  public record OfPlan(
      String plan, int organizations, long calls, long unpriced, List<Line> lines) {
    /** Copies the lines. */
    public OfPlan {
      lines = List.copyOf(lines);
    }
  }

  /**
   * Both.
   *
   * @param organizations ordered by name, then by plan: one that changed its plan is in several
   * @param plans ordered by name
   */
  public record Report(List<OfOrganization> organizations, List<OfPlan> plans) {
    /** Copies its lists. */
    public Report {
      organizations = List.copyOf(organizations);
      plans = List.copyOf(plans);
    }
  }

  private PlanEconomics(UsageQueries queries, Subscriptions subscriptions) {
    this.queries = Objects.requireNonNull(queries, "queries");
    this.subscriptions = Objects.requireNonNull(subscriptions, "subscriptions");
  }

  /** Of the usage that these queries know, of all organizations. */
  public static PlanEconomics of(UsageQueries queries, Subscriptions subscriptions) {
    return new PlanEconomics(queries, subscriptions);
  }

  /** One UTC month. */
  public Report month(YearMonth month) {
    return months(month, month);
  }

  /**
   * Whole UTC months.
   *
   * @param first the first one
   * @param last the last one
   * @throws IllegalArgumentException if the last is before the first, or an organization has two
   *     subscriptions in one month
   * @throws UsageException if the store cannot answer
   */
  public Report months(YearMonth first, YearMonth last) {
    if (last.isBefore(first)) {
      throw new IllegalArgumentException(
          "the last month must not be before the first, but was " + first + " to " + last);
    }
    var sums = new TreeMap<String, Map<String, Sum>>();
    for (YearMonth month = first; !month.isAfter(last); month = month.plusMonths(1)) {
      add(sums, month);
    }
    var organizations = new ArrayList<OfOrganization>();
    var plans = new TreeMap<String, Sum>();
    sums.forEach(
        (organization, byPlan) ->
            byPlan.forEach(
                (plan, sum) -> {
                  organizations.add(
                      new OfOrganization(
                          organization, plan, sum.months, sum.calls, sum.unpriced, sum.list()));
                  plans.computeIfAbsent(plan, p -> new Sum()).add(sum);
                }));
    var ofPlans = new ArrayList<OfPlan>();
    plans.forEach(
        (plan, sum) ->
            ofPlans.add(new OfPlan(plan, sum.members, sum.calls, sum.unpriced, sum.list())));
    return new Report(organizations, ofPlans);
  }

  private void add(Map<String, Map<String, Sum>> sums, YearMonth month) {
    Map<String, Subscription> paid = new HashMap<>();
    for (Subscription subscription : subscriptions.of(month)) {
      Subscription other = paid.put(subscription.organization(), subscription);
      if (other != null) {
        throw new IllegalArgumentException(
            "an organization has one subscription in a month, but '"
                + subscription.organization()
                + "' has "
                + other.plan()
                + " and "
                + subscription.plan()
                + " in "
                + month);
      }
    }
    Map<String, UsageSummary> used = new HashMap<>();
    queries
        .by(UsageFilter.allOrganizations(), BillingPeriod.month(month), Dimension.ORGANIZATION)
        .forEach(row -> used.put(row.key(Dimension.ORGANIZATION), row));
    var organizations = new TreeSet<>(paid.keySet());
    organizations.addAll(used.keySet());
    for (String organization : organizations) {
      Subscription subscription = paid.get(organization);
      Sum sum =
          sums.computeIfAbsent(organization, o -> new TreeMap<>())
              .computeIfAbsent(subscription == null ? "" : subscription.plan(), p -> new Sum());
      sum.months++;
      if (subscription != null) {
        sum.add(new Line(subscription.currency(), subscription.revenue(), BigDecimal.ZERO));
      }
      UsageSummary usage = used.getOrDefault(organization, UsageSummary.EMPTY);
      sum.calls += usage.calls();
      sum.unpriced += usage.unpriced();
      usage
          .costs()
          .forEach(
              cost ->
                  sum.add(
                      new Line(cost.currency().getCurrencyCode(), BigDecimal.ZERO, cost.total())));
    }
  }

  /** What is added up. */
  private static final class Sum {

    private final TreeMap<String, Line> lines = new TreeMap<>();
    private int months;
    private int members;
    private long calls;
    private long unpriced;

    void add(Line line) {
      lines.merge(line.currency(), line, Line::plus);
    }

    void add(Sum member) {
      members++;
      calls += member.calls;
      unpriced += member.unpriced;
      member.lines.values().forEach(this::add);
    }

    List<Line> list() {
      return List.copyOf(lines.values());
    }
  }
}
