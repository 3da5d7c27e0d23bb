package io.github.usage4j.query;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.EventQuery;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.internal.Cursors;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Asks wider questions than {@link UsageQueries}, in the same words: who may be seen, and when.
 * Safe for use by several threads.
 *
 * <p>Answers from single calls come with their {@link Coverage}. A period of which no call is kept
 * any more is refused with a {@link UsageException} that names the raw horizon. With a store whose
 * reader is no {@link RawUsageReader} only {@link #compare}, {@link #compareElapsed} and {@link
 * #project} are answered.
 */
public final class UsageReports {

  private static final String OPERATIONS = "operations";
  private static final String SESSIONS = "sessions";

  private final UsageQueries queries;
  private final RawUsageReader raw;
  private final @Nullable RecentDashboards recent;

  /** Reports of what these queries are asked of. */
  public UsageReports(UsageQueries queries) {
    this(queries, new RecentDashboards());
  }

  private UsageReports(UsageQueries queries, @Nullable RecentDashboards recent) {
    this.queries = queries;
    this.raw = SumsOnly.of(queries.reader());
    this.recent = recent;
  }

  /** The same reports, always asking the store. */
  public UsageReports fresh() {
    return recent == null ? this : new UsageReports(queries.fresh(), null);
  }

  /**
   * A whole page in one object, from one state of the store. One that was made less than five
   * seconds before {@code now}, for the same filter and period, is handed out again: see {@link
   * #fresh}.
   *
   * @throws UsageException if the store cannot answer
   */
  public Dashboard dashboard(UsageFilter who, BillingPeriod when, Instant now) {
    Function<Instant, Dashboard> make =
        at -> raw.snapshot(reader -> DashboardMaker.make(reader, who, when, at));
    return recent == null ? make.apply(now) : recent.get(who, when, now, make);
  }

  /**
   * A whole period beside the whole one before it.
   *
   * @throws IllegalArgumentException if that would begin before 1970
   * @throws UsageException if the store cannot answer
   */
  public Comparison compare(UsageFilter who, BillingPeriod when) {
    return comparison(who, when, when.previous());
  }

  /**
   * The part of a period before now beside the part of the one before that is as long: November 1
   * to 21 beside October 1 to 21.
   *
   * @throws IllegalArgumentException if that would begin before 1970
   * @throws UsageException if the store cannot answer
   */
  public Comparison compareElapsed(UsageFilter who, BillingPeriod when, Instant now) {
    return comparison(who, when.upTo(now), when.previousUpTo(now));
  }

  private Comparison comparison(UsageFilter who, BillingPeriod later, BillingPeriod earlier) {
    return new Comparison(later, queries.total(who, later), earlier, queries.total(who, earlier));
  }

  /**
   * What a period will add up to, such as a month at its end.
   *
   * @throws UsageException if the store cannot answer
   */
  public Projection project(UsageFilter who, BillingPeriod when, Instant now) {
    return Projection.of(when, now, queries.total(who, when.upTo(now)));
  }

  /**
   * Operations by the time at which they were opened, newest first, each with the sum of all its
   * calls, those after the period included. The filter chooses by the call that opened the
   * operation: by model it means "began there".
   *
   * @param size how many on a page, 1 to {@value UsageQueries#MAX_PAGE}
   * @param after null for the first page, then {@link Rows#next}
   * @throws IllegalArgumentException if the size is out of bounds, {@code after} is not from a page
   *     of operations of the same organization, or the filter asks for an outcome or for unpriced
   *     calls, which are about single calls
   * @throws UsageException if the store cannot answer
   */
  public Rows<OperationUsage> operations(
      UsageFilter who, BillingPeriod when, int size, @Nullable String after) {
    if (who.outcome() != null || who.onlyUnpriced()) {
      throw new IllegalArgumentException(
          "operations are chosen by the call that opened them, so outcome and unpriced cannot be"
              + " asked for; ask UsageQueries.events for single calls");
    }
    return page(
        OPERATIONS,
        who,
        when,
        size,
        after,
        RawUsageReader::operations,
        row -> Cursors.write(OPERATIONS, who, row.opening().occurredAt(), row.opening().id()));
  }

  /**
   * Conversations, the one that was active last first, each with the sum of its calls that the
   * filter and the period let through. One that is active while pages are turned moves to the
   * front.
   *
   * @param size how many on a page, 1 to {@value UsageQueries#MAX_PAGE}
   * @param after null for the first page, then {@link Rows#next}
   * @throws IllegalArgumentException if the size is out of bounds, or {@code after} is not from a
   *     page of sessions of the same organization
   * @throws UsageException if the store cannot answer
   */
  public Rows<SessionUsage> sessions(
      UsageFilter who, BillingPeriod when, int size, @Nullable String after) {
    return page(
        SESSIONS,
        who,
        when,
        size,
        after,
        RawUsageReader::sessions,
        row -> Cursors.write(SESSIONS, who, row.latest().occurredAt(), row.latest().id()));
  }

  private <T> Rows<T> page(
      String list,
      UsageFilter who,
      BillingPeriod when,
      int size,
      @Nullable String after,
      BiFunction<RawUsageReader, EventQuery, List<T>> question,
      Function<T, String> cursor) {
    Checks.requireBetween("size", size, 1, UsageQueries.MAX_PAGE);
    EventQuery.Position position = after == null ? null : Cursors.read(list, who, after);
    return covered(
        who,
        when,
        (reader, part) -> {
          List<T> found =
              question.apply(reader, new EventQuery(who, part, null, null, size + 1, position));
          boolean more = found.size() > size;
          List<T> rows = more ? found.subList(0, size) : found;
          return new Answer<>(rows, more ? cursor.apply(rows.get(size - 1)) : null);
        });
  }

  /**
   * Percentiles of how long calls took that succeeded, in total or by dimensions other than MONTH;
   * most calls first, then by key.
   *
   * @throws UsageException if the store cannot answer
   */
  public Rows<CallLatency> latency(UsageFilter who, BillingPeriod when, Dimension... by) {
    return grouped(
        who,
        when,
        by,
        RawUsageReader::latency,
        CallLatency.NONE,
        Comparator.comparingLong(CallLatency::calls).reversed(),
        CallLatency::keys);
  }

  /**
   * How many different users, customers and conversations there were, in total or by dimensions
   * other than MONTH; most users first, then by key. With CUSTOMER: how many users viewed each.
   *
   * @throws UsageException if the store cannot answer
   */
  public Rows<UniqueCounts> uniques(UsageFilter who, BillingPeriod when, Dimension... by) {
    return grouped(
        who,
        when,
        by,
        RawUsageReader::uniques,
        UniqueCounts.NONE,
        Comparator.comparingLong(UniqueCounts::users).reversed(),
        UniqueCounts::keys);
  }

  private <T> Rows<T> grouped(
      UsageFilter who,
      BillingPeriod when,
      Dimension[] by,
      BiFunction<RawUsageReader, UsageQuery, List<T>> question,
      T none,
      Comparator<T> order,
      Function<T, Map<Dimension, String>> keys) {
    Comparator<T> whole = order;
    for (Dimension dimension : by) {
      whole = whole.thenComparing(row -> Objects.requireNonNull(keys.apply(row).get(dimension)));
    }
    Comparator<T> total = whole;
    var dimensions = Set.copyOf(List.of(by));
    return covered(
        who,
        when,
        (reader, part) -> {
          List<T> found = question.apply(reader, new UsageQuery(who, part, dimensions));
          return found.isEmpty() && dimensions.isEmpty()
              ? new Answer<>(List.of(none), null)
              : new Answer<>(found.stream().sorted(total).toList(), null);
        });
  }

  /**
   * The models of a period beside each other, by provider and name; most tokens first.
   *
   * @throws UsageException if the store cannot answer
   */
  public Rows<ModelUsage> models(UsageFilter who, BillingPeriod when) {
    return covered(
        who,
        when,
        (reader, part) -> new Answer<>(DashboardMaker.models(reader, who, when, part), null));
  }

  /**
   * The sums by the value of one tag, most tokens first, then by value; calls without the tag are
   * the row of "".
   *
   * @throws IllegalArgumentException if the key cannot be one
   * @throws UsageException if the store cannot answer
   */
  public Rows<TagUsage> byTag(UsageFilter who, BillingPeriod when, String key) {
    Checks.requireIdentifier("tag key", key, Attribution.MAX_ID);
    return covered(
        who,
        when,
        (reader, part) ->
            new Answer<>(
                reader.byTag(who, part, key).stream()
                    .sorted(
                        Comparator.comparingLong((TagUsage row) -> row.usage().totalTokens())
                            .reversed()
                            .thenComparing(TagUsage::value))
                    .toList(),
                null));
  }

  /**
   * Calls of a period that were stored at or after an instant, such as that of its invoice.
   *
   * @throws UsageException if the store cannot answer
   */
  public LateArrivals lateArrivals(UsageFilter who, BillingPeriod when, Instant since) {
    UsageFilter late = who.recordedSince(since);
    return raw.snapshot(
        reader -> {
          Coverage coverage = coverage(reader, who, when);
          BillingPeriod part = BillingPeriod.of(coverage.coveredFrom(), when.end());
          var sums = new UsageQueries(reader);
          return new LateArrivals(
              since, sums.total(late, part), sums.events(late, part, null), coverage);
        });
  }

  /**
   * Users whose label contains a text. Two letters are the same if {@link String#equalsIgnoreCase}
   * says so, in every language alike; accents count, and {@code %}, {@code _} and {@code *} stand
   * for themselves. In the order of their labels, then of organization and id. Every label that may
   * be seen is looked at.
   *
   * @param who one organization or all, and at most a user beside it
   * @param text 1 to {@value Attribution#MAX_LABEL} code points, not blank
   * @param limit the greatest number of users, 1 to {@value UsageQueries#MAX_PAGE}
   * @throws IllegalArgumentException if one of them is anything else
   * @throws UsageException if the store cannot answer
   */
  public List<Label> searchUsers(UsageFilter who, String text, int limit) {
    return search(who, Dimension.USER, who.customer() != null, text, limit);
  }

  /**
   * Customers whose label contains a text, as in {@link #searchUsers}.
   *
   * @param who one organization or all, and at most a customer beside it
   * @param text 1 to {@value Attribution#MAX_LABEL} code points, not blank
   * @param limit the greatest number of customers, 1 to {@value UsageQueries#MAX_PAGE}
   * @throws IllegalArgumentException if one of them is anything else
   * @throws UsageException if the store cannot answer
   */
  public List<Label> searchCustomers(UsageFilter who, String text, int limit) {
    return search(who, Dimension.CUSTOMER, who.user() != null, text, limit);
  }

  private List<Label> search(
      UsageFilter who, Dimension kind, boolean foreign, String text, int limit) {
    boolean aboutCalls =
        who.needsSingleCalls()
            || who.category() != null
            || who.provider() != null
            || who.model() != null;
    if (foreign || aboutCalls) {
      throw new IllegalArgumentException(
          "a search of labels obeys an organization and a "
              + kind.name().toLowerCase(Locale.ROOT)
              + ", but the filter was "
              + who);
    }
    Checks.requireBetween("limit", limit, 1, UsageQueries.MAX_PAGE);
    var search = new LabelSearch(text, limit);
    return raw.snapshot(
        reader -> {
          reader.labels(who, kind, search::look);
          return search.result();
        });
  }

  /** What a question gave. */
  private record Answer<T>(List<T> rows, @Nullable String next) {}

  /** Asks for that part of a period of which there are single calls. */
  private <T> Rows<T> covered(
      UsageFilter who,
      BillingPeriod when,
      BiFunction<RawUsageReader, BillingPeriod, Answer<T>> question) {
    return raw.snapshot(
        reader -> {
          Coverage coverage = coverage(reader, who, when);
          Answer<T> answer =
              question.apply(reader, BillingPeriod.of(coverage.coveredFrom(), when.end()));
          return new Rows<>(answer.rows, answer.next, coverage);
        });
  }

  private static Coverage coverage(RawUsageReader reader, UsageFilter who, BillingPeriod when) {
    Instant horizon = reader.rowsSince(who);
    Coverage coverage = Coverage.of(when, horizon);
    if (!coverage.complete() && coverage.coveredFrom().equals(when.end())) {
      throw new UsageException(
          "single calls are kept from "
              + horizon
              + " on, so this cannot be told of "
              + when.start()
              + " to "
              + when.end(),
          null);
    }
    return coverage;
  }
}
