package io.github.usage4j;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Comparator.comparing;
import static java.util.Comparator.reverseOrder;

import io.github.usage4j.internal.UsageIds;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Asks what was used. Every question says who may be seen and when; days and months are UTC. Safe
 * for use by several threads.
 */
public final class UsageQueries {

  /** The most days that {@link #daily} fills in. */
  public static final int MAX_DAYS = 3_660;

  private static final int PAGE_FOR_OPERATION = 1_000;

  private final UsageReader reader;

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
    MONTH
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

  /** Queries over a store's reader. */
  public UsageQueries(UsageReader reader) {
    this.reader = reader;
  }

  /**
   * The sum of a period.
   *
   * @throws UsageException if the store cannot answer
   */
  public UsageSummary total(UsageFilter who, BillingPeriod when) {
    return reader.aggregate(new UsageQuery(who, when, Set.of())).stream()
        .reduce(UsageSummary.EMPTY, UsageSummary::plus)
        .forRow(Map.of(), Map.of());
  }

  /**
   * The sums of a period by one dimension: days and months in order of time, everything else by
   * total tokens, most first, then by key.
   *
   * @throws UsageException if the store cannot answer
   */
  public List<UsageSummary> by(UsageFilter who, BillingPeriod when, Dimension dimension) {
    return switch (dimension) {
      case DAY -> sorted(aggregate(who, when, dimension), byKey(dimension));
      case MONTH -> byMonth(aggregate(who, when, Dimension.DAY));
      default -> sorted(aggregate(who, when, dimension), most(UsageMeasure.TOKENS, dimension));
    };
  }

  /**
   * The rows of a breakdown with the most of something.
   *
   * @param rows how many at most
   * @throws IllegalArgumentException if there are less than 1 rows, or costs are ranked that are in
   *     several currencies: name one with the other form of this method
   * @throws UsageException if the store cannot answer
   */
  public List<UsageSummary> top(
      UsageFilter who, BillingPeriod when, Dimension dimension, UsageMeasure measure, int rows) {
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
    return first(rows, sorted(all, most(measure, dimension)));
  }

  /**
   * The rows of a breakdown with the highest cost in one currency.
   *
   * @param currency an ISO 4217 code
   * @throws IllegalArgumentException if there are less than 1 rows, or the currency is unknown
   * @throws UsageException if the store cannot answer
   */
  public List<UsageSummary> top(
      UsageFilter who, BillingPeriod when, Dimension dimension, String currency, int rows) {
    Comparator<UsageSummary> order =
        comparing((UsageSummary row) -> row.cost(currency), reverseOrder())
            .thenComparing(byKey(dimension));
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
        aggregate(who, when, Dimension.DAY).stream()
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
   * @param size how many on a page, at least 1
   * @param after null for the first page, then {@link Page#next}
   * @throws IllegalArgumentException if the size is below 1 or {@code after} is not from a page
   * @throws UsageException if the store cannot answer
   */
  public Page events(UsageFilter who, BillingPeriod when, int size, @Nullable String after) {
    if (size < 1 || size == Integer.MAX_VALUE) {
      throw new IllegalArgumentException("size must be at least 1, but was " + size);
    }
    EventQuery.Position position = after == null ? null : Cursor.read(after);
    List<UsageEvent> found =
        reader.events(new EventQuery(who, when, null, null, size + 1, position));
    if (found.size() <= size) {
      return new Page(found, null);
    }
    return new Page(found.subList(0, size), Cursor.write(found.get(size - 1)));
  }

  /**
   * The steps of one operation, in the order in which they were made; empty if there is no such
   * operation, or {@code who} may not see it.
   *
   * @throws UsageException if the store cannot answer
   */
  public List<UsageEvent> operation(UsageFilter who, String operationId) {
    var steps = new ArrayList<UsageEvent>();
    EventQuery.Position after = null;
    List<UsageEvent> found;
    do {
      found =
          reader.events(
              new EventQuery(
                  who, BillingPeriod.lifetime(), operationId, null, PAGE_FOR_OPERATION, after));
      steps.addAll(found);
      if (!found.isEmpty()) {
        UsageEvent last = found.get(found.size() - 1);
        after = new EventQuery.Position(last.occurredAt(), last.id());
      }
    } while (found.size() == PAGE_FOR_OPERATION);
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

  private List<UsageSummary> aggregate(UsageFilter who, BillingPeriod when, Dimension dimension) {
    return reader.aggregate(new UsageQuery(who, when, Set.of(dimension)));
  }

  private static List<UsageSummary> byMonth(List<UsageSummary> days) {
    var months = new HashMap<String, UsageSummary>();
    for (UsageSummary day : days) {
      String month = day.key(Dimension.DAY).substring(0, "yyyy-MM".length());
      var row = day.forRow(Map.of(Dimension.MONTH, month), Map.of());
      months.merge(month, row, UsageSummary::plus);
    }
    return sorted(List.copyOf(months.values()), byKey(Dimension.MONTH));
  }

  private static Comparator<UsageSummary> most(UsageMeasure measure, Dimension dimension) {
    return comparing((UsageSummary row) -> row.amount(measure), reverseOrder())
        .thenComparing(byKey(dimension));
  }

  /** By code units, so that every store gives the same order. */
  private static Comparator<UsageSummary> byKey(Dimension dimension) {
    return comparing(row -> row.key(dimension));
  }

  private static List<UsageSummary> sorted(
      List<UsageSummary> rows, Comparator<UsageSummary> order) {
    return rows.stream().sorted(order).toList();
  }

  private static List<UsageSummary> first(int rows, List<UsageSummary> all) {
    if (rows < 1) {
      throw new IllegalArgumentException("rows must be at least 1, but were " + rows);
    }
    return all.subList(0, Math.min(rows, all.size()));
  }

  /** A position as text that fits into a URL: microseconds of the time, then the id. */
  private static final class Cursor {
    private static final String FORMAT = "1"; // first character: so that it can change

    static String write(UsageEvent last) {
      Instant at = last.occurredAt();
      long micros = ChronoUnit.MICROS.between(Instant.EPOCH, at);
      String text = FORMAT + Long.toString(micros, 36) + "." + last.id();
      return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(UTF_8));
    }

    static EventQuery.Position read(String cursor) {
      try {
        String text = new String(Base64.getUrlDecoder().decode(cursor), UTF_8);
        int dot = text.indexOf('.');
        if (!text.startsWith(FORMAT) || dot < 0) {
          throw new IllegalArgumentException("unknown format");
        }
        long micros = Long.parseLong(text.substring(1, dot), 36);
        return new EventQuery.Position(
            Instant.EPOCH.plus(micros, ChronoUnit.MICROS),
            UUID.fromString(text.substring(dot + 1)));
      } catch (RuntimeException e) {
        throw new IllegalArgumentException(
            "after must be the 'next' of an earlier page, but was '" + cursor + "'", e);
      }
    }
  }
}
