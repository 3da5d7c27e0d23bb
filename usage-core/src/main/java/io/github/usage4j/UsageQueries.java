package io.github.usage4j;

import static java.util.Comparator.comparing;
import static java.util.Comparator.reverseOrder;

import io.github.usage4j.internal.Checks;
import io.github.usage4j.internal.Cursors;
import io.github.usage4j.internal.UsageIds;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Asks what was used. Every question says who may be seen and when; days and months are UTC. Ties
 * are broken by key, compared by UTF-16 code units, on every store. Safe for use by several
 * threads. Wider questions (operations, latency, comparison, dashboard) are asked of {@code
 * io.github.usage4j.query.UsageReports}.
 */
public final class UsageQueries {

  /** The most days that {@link #daily} fills in. */
  public static final int MAX_DAYS = 3_660;

  /** How many rows {@link #top} returns if it is not told. */
  public static final int DEFAULT_TOP = 25;

  /** How many calls are on a page of {@link #events} if it is not told. */
  public static final int DEFAULT_PAGE = 20;

  /** The most rows of one page. */
  public static final int MAX_PAGE = 1_000;

  private static final String CALLS = "calls";

  private final UsageReader reader;
  private final @Nullable ClosedPeriods cache;

  /** What a report can be broken down by. */
  public enum Dimension {
    /** The tenant. */
    ORGANIZATION,
    /** The actor, within its organization. */
    USER,
    /** The viewed customer. */
    CUSTOMER,
    /** Feature or request type. */
    CATEGORY,
    /** Who serves the model. */
    PROVIDER,
    /** The model that answered, else the one asked for. */
    MODEL,
    /** The UTC day, as in 2026-11-21. */
    DAY,
    /** The UTC month, as in 2026-11. */
    MONTH;

    /**
     * The dimension of this name in any case, as in a request's parameter.
     *
     * @throws IllegalArgumentException naming those there are, if it is none of them
     */
    public static Dimension of(String name) {
      return Checks.oneOf("dimension", name, values());
    }
  }

  /**
   * One page of calls.
   *
   * @param events newest first
   * @param next what to pass to get the page after this one; null if this is the last
   */
  public record Page(List<UsageEvent> events, @Nullable String next) {
    /** Copies the events. */
    public Page {
      events = List.copyOf(events);
    }
  }

  /** Queries over a store's reader, which is asked every time. */
  public UsageQueries(UsageReader reader) {
    this(reader, null);
  }

  private UsageQueries(UsageReader reader, @Nullable ClosedPeriods cache) {
    this.reader = reader;
    this.cache = cache;
  }

  /**
   * Queries that remember sums of periods which ended three days or more ago. They stay exact as
   * long as the store tells of every change by {@link #changed}; what another process changes is
   * seen within a minute.
   */
  public static UsageQueries caching(UsageReader reader, InstantSource clock) {
    return new UsageQueries(reader, new ClosedPeriods(reader, clock));
  }

  /** The same queries, always asking the store. */
  public UsageQueries fresh() {
    return cache == null ? this : new UsageQueries(reader);
  }

  /** What is asked, past anything that is remembered. */
  public UsageReader reader() {
    return reader;
  }

  /**
   * For the store: calls have been stored, changed or deleted, and readers who ask from now on must
   * see it. To be told after the commit, also where it is not known whether that came through.
   *
   * @param earliest nothing before this {@code occurredAt} has changed
   */
  public void changed(Instant earliest) {
    if (cache != null) {
      cache.changed(earliest);
    }
  }

  /**
   * The sum of a period.
   *
   * @throws UsageException if the store cannot answer
   */
  public UsageSummary total(UsageFilter who, BillingPeriod when) {
    return sums(new UsageQuery(who, when, Set.of())).stream()
        .reduce(UsageSummary.EMPTY, UsageSummary::plus)
        .forRow(Map.of(), Map.of());
  }

  /**
   * The sums of a period by one or several dimensions. Days and months come in order of time; rows
   * of one time, or without one, by total tokens, most first, then by key.
   *
   * @throws UsageException if the store cannot answer
   */
  public List<UsageSummary> by(
      UsageFilter who, BillingPeriod when, Dimension dimension, Dimension... more) {
    var dimensions = new LinkedHashSet<Dimension>();
    dimensions.add(dimension);
    dimensions.addAll(List.of(more));
    return sorted(aggregate(who, when, dimensions), inReportOrder(dimensions));
  }

  /**
   * The rows of a breakdown with the most of something.
   *
   * @param rows how many at most, 1 to {@value #MAX_PAGE}
   * @throws IllegalArgumentException if {@code rows} is out of bounds, or costs are ranked that are
   *     in several currencies: name one with the other form of this method
   * @throws UsageException if the store cannot answer
   */
  public List<UsageSummary> top(
      UsageFilter who, BillingPeriod when, Dimension dimension, UsageMeasure measure, int rows) {
    requireRows(rows);
    List<UsageSummary> all = by(who, when, dimension);
    if (measure == UsageMeasure.COST) {
      Set<String> currencies =
          all.stream()
              .flatMap(row -> row.costs().stream())
              .map(cost -> cost.currency().getCurrencyCode())
              .collect(Collectors.toSet());
      if (currencies.size() > 1) {
        throw new IllegalArgumentException(
            "costs of one currency can be ranked, but these are in "
                + currencies.stream().sorted().toList()
                + "; say which with top(who, when, dimension, currency, rows)");
      }
    }
    return first(rows, sorted(all, most(measure, Set.of(dimension))));
  }

  /** {@link #top} with {@value #DEFAULT_TOP} rows. */
  public List<UsageSummary> top(
      UsageFilter who, BillingPeriod when, Dimension dimension, UsageMeasure measure) {
    return top(who, when, dimension, measure, DEFAULT_TOP);
  }

  /**
   * The rows of a breakdown with the highest cost in one currency.
   *
   * @param currency an ISO 4217 code
   * @param rows how many at most, 1 to {@value #MAX_PAGE}
   * @throws IllegalArgumentException if {@code rows} is out of bounds, or the currency is unknown
   * @throws UsageException if the store cannot answer
   */
  public List<UsageSummary> top(
      UsageFilter who, BillingPeriod when, Dimension dimension, String currency, int rows) {
    requireRows(rows);
    Cost.currencyOf(currency);
    Comparator<UsageSummary> order =
        comparing((UsageSummary row) -> row.cost(currency), reverseOrder())
            .thenComparing(byKeys(Set.of(dimension)));
    return first(rows, sorted(by(who, when, dimension), order));
  }

  /**
   * One row for every day of a period, days without any call included, in order of time.
   *
   * @throws IllegalArgumentException if the period has more than {@value #MAX_DAYS} days
   * @throws UsageException if the store cannot answer
   */
  public List<UsageSummary> daily(UsageFilter who, BillingPeriod when) {
    if (when.start().equals(when.end())) {
      return List.of();
    }
    LocalDate first = LocalDate.ofInstant(when.start(), ZoneOffset.UTC);
    LocalDate last = LocalDate.ofInstant(when.end().minusNanos(1), ZoneOffset.UTC);
    long days = ChronoUnit.DAYS.between(first, last) + 1;
    if (days > MAX_DAYS) {
      throw new IllegalArgumentException(
          "a daily trend has at most " + MAX_DAYS + " days, but this period has " + days);
    }
    Map<String, UsageSummary> used =
        aggregate(who, when, Set.of(Dimension.DAY)).stream()
            .collect(Collectors.toMap(row -> row.key(Dimension.DAY), Function.identity()));
    return first
        .datesUntil(last.plusDays(1))
        .map(LocalDate::toString)
        .map(
            day ->
                used.getOrDefault(
                    day, UsageSummary.EMPTY.forRow(Map.of(Dimension.DAY, day), Map.of())))
        .toList();
  }

  /**
   * Single calls, newest first.
   *
   * @param size how many on a page, 1 to {@value #MAX_PAGE}
   * @param after null for the first page, then {@link Page#next}
   * @throws IllegalArgumentException if the size is out of bounds, or {@code after} is not from a
   *     page of calls of the same organization
   * @throws UsageException if the store cannot answer
   */
  public Page events(UsageFilter who, BillingPeriod when, int size, @Nullable String after) {
    Checks.requireBetween("size", size, 1, MAX_PAGE);
    EventQuery.Position position = after == null ? null : Cursors.read(CALLS, who, after);
    List<UsageEvent> found =
        reader.events(new EventQuery(who, when, null, null, size + 1, position));
    if (found.size() <= size) {
      return new Page(found, null);
    }
    UsageEvent last = found.get(size - 1);
    return new Page(
        found.subList(0, size), Cursors.write(CALLS, who, last.occurredAt(), last.id()));
  }

  /** {@link #events} with {@value #DEFAULT_PAGE} calls on a page. */
  public Page events(UsageFilter who, BillingPeriod when, @Nullable String after) {
    return events(who, when, DEFAULT_PAGE, after);
  }

  /**
   * The steps of one operation, in the order in which they were made; empty if there is no such
   * operation, or {@code who} may not see it.
   *
   * @throws IllegalArgumentException if the id cannot be one: it is blank, too long or has control
   *     characters
   * @throws UsageException if the store cannot answer
   */
  public List<UsageEvent> operation(UsageFilter who, String operationId) {
    Checks.requireIdentifier("operationId", operationId, Attribution.MAX_ID);
    var steps = new ArrayList<UsageEvent>();
    EventQuery.Position after = null;
    List<UsageEvent> found;
    do {
      found =
          reader.events(
              new EventQuery(who, BillingPeriod.lifetime(), operationId, null, MAX_PAGE, after));
      steps.addAll(found);
      if (!found.isEmpty()) {
        UsageEvent last = found.get(found.size() - 1);
        after = new EventQuery.Position(last.occurredAt(), last.id());
      }
    } while (found.size() == MAX_PAGE);
    steps.sort(
        Comparator.comparingInt(UsageEvent::step)
            .thenComparing(UsageEvent::occurredAt)
            .thenComparing(UsageEvent::id, UsageIds.ORDER));
    return List.copyOf(steps);
  }

  /**
   * One call; empty if there is none of that id, or {@code who} may not see it.
   *
   * @throws UsageException if the store cannot answer
   */
  public Optional<UsageEvent> event(UsageFilter who, UUID id) {
    return reader.events(new EventQuery(who, BillingPeriod.lifetime(), null, id, 1, null)).stream()
        .findFirst();
  }

  private List<UsageSummary> aggregate(
      UsageFilter who, BillingPeriod when, Set<Dimension> dimensions) {
    if (!dimensions.contains(Dimension.MONTH)) {
      return sums(new UsageQuery(who, when, dimensions));
    }
    var asked = new LinkedHashSet<>(dimensions);
    asked.remove(Dimension.MONTH);
    asked.add(Dimension.DAY);
    var months = new HashMap<Map<Dimension, String>, UsageSummary>();
    for (UsageSummary row : sums(new UsageQuery(who, when, asked))) {
      var keys = new EnumMap<Dimension, String>(row.keys());
      keys.put(Dimension.MONTH, row.key(Dimension.DAY).substring(0, "yyyy-MM".length()));
      if (!dimensions.contains(Dimension.DAY)) {
        keys.remove(Dimension.DAY);
      }
      months.merge(Map.copyOf(keys), row.forRow(keys, row.labels()), UsageQueries::merge);
    }
    return List.copyOf(months.values());
  }

  /** One user id of two organizations may have another label on another day: then none fits. */
  private static UsageSummary merge(UsageSummary a, UsageSummary b) {
    var labels = new HashMap<>(a.labels());
    labels.entrySet().retainAll(b.labels().entrySet());
    return a.plus(b).forRow(a.keys(), labels);
  }

  private List<UsageSummary> sums(UsageQuery query) {
    return (cache == null ? reader : cache).aggregate(query);
  }

  private static Comparator<UsageSummary> inReportOrder(Set<Dimension> dimensions) {
    Set<Dimension> times =
        dimensions.stream()
            .filter(d -> d == Dimension.DAY || d == Dimension.MONTH)
            .collect(Collectors.toSet());
    return byKeys(times).thenComparing(most(UsageMeasure.TOKENS, dimensions));
  }

  private static Comparator<UsageSummary> most(UsageMeasure measure, Set<Dimension> dimensions) {
    return comparing((UsageSummary row) -> row.amount(measure), reverseOrder())
        .thenComparing(byKeys(dimensions));
  }

  /** By code units, so that every store gives the same order. */
  private static Comparator<UsageSummary> byKeys(Set<Dimension> dimensions) {
    return (a, b) -> {
      for (Dimension dimension : dimensions) {
        int order = a.key(dimension).compareTo(b.key(dimension));
        if (order != 0) {
          return order;
        }
      }
      return 0;
    };
  }

  private static List<UsageSummary> sorted(
      List<UsageSummary> rows, Comparator<UsageSummary> order) {
    return rows.stream().sorted(order).toList();
  }

  private static void requireRows(int rows) {
    Checks.requireBetween("rows", rows, 1, MAX_PAGE);
  }

  private static List<UsageSummary> first(int rows, List<UsageSummary> all) {
    return all.subList(0, Math.min(rows, all.size()));
  }
}
