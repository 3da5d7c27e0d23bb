package io.github.usage4j.sink;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.EventQuery;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.internal.UsageIds;
import io.github.usage4j.query.CallLatency;
import io.github.usage4j.query.Label;
import io.github.usage4j.query.OperationUsage;
import io.github.usage4j.query.RawUsageReader;
import io.github.usage4j.query.SessionUsage;
import io.github.usage4j.query.TagUsage;
import io.github.usage4j.query.UniqueCounts;
import io.github.usage4j.sink.InMemoryUsageStore.Stored;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Answers from a list of events, plainly: what databases answer is compared with this. Safe for use
 * by several threads if the list is.
 */
final class InMemoryUsageReader implements RawUsageReader {

  private static final Comparator<UsageEvent> NEWEST_FIRST =
      Comparator.comparing(UsageEvent::occurredAt)
          .thenComparing(UsageEvent::id, UsageIds.ORDER)
          .reversed();

  private final Supplier<List<Stored>> stored;

  InMemoryUsageReader(Supplier<List<Stored>> stored) {
    this.stored = stored;
  }

  @Override
  public <T> T snapshot(Function<? super RawUsageReader, T> questions) {
    List<Stored> now = stored.get();
    return questions.apply(new InMemoryUsageReader(() -> now));
  }

  private static Stream<UsageEvent> matching(
      List<Stored> rows, UsageFilter who, BillingPeriod when) {
    return rows.stream()
        .filter(row -> when.contains(row.event().occurredAt()))
        .filter(row -> who.matches(row.event(), row.recordedAt()))
        .map(Stored::event);
  }

  @Override
  public List<UsageSummary> aggregate(UsageQuery query) {
    List<Stored> all = stored.get();
    var labels = new InMemoryLabels(all);
    var rows = new HashMap<Map<Dimension, String>, InMemoryLabels.Row>();
    matching(all, query.who(), query.when())
        .forEach(
            event ->
                rows.computeIfAbsent(keys(query, event), k -> new InMemoryLabels.Row(event))
                    .add(event));
    var summaries = new ArrayList<UsageSummary>();
    rows.forEach((keys, row) -> summaries.add(row.summary(keys, labels)));
    return summaries;
  }

  @Override
  public List<UsageEvent> events(EventQuery query) {
    return newest(query, event -> true);
  }

  private List<UsageEvent> newest(EventQuery query, Predicate<UsageEvent> condition) {
    List<Stored> all = stored.get();
    var labels = new InMemoryLabels(all);
    return matching(all, query.who(), query.when())
        .filter(condition)
        .filter(e -> query.operationId() == null || query.operationId().equals(e.operationId()))
        .filter(e -> query.id() == null || query.id().equals(e.id()))
        .filter(e -> query.after() == null || comesAfter(e, query.after()))
        .sorted(NEWEST_FIRST)
        .limit(query.limit())
        .map(labels::on)
        .toList();
  }

  private static boolean comesAfter(UsageEvent event, EventQuery.Position position) {
    int time = event.occurredAt().compareTo(position.occurredAt());
    return time < 0 || (time == 0 && UsageIds.ORDER.compare(event.id(), position.id()) < 0);
  }

  @Override
  public List<OperationUsage> operations(EventQuery query) {
    List<Stored> all = stored.get();
    UsageFilter who = query.who();
    return newest(query, UsageEvent::opensOperation).stream()
        .map(
            opening -> {
              var sum = OperationUsage.of(opening);
              all.stream()
                  .map(Stored::event)
                  .filter(sum::isStep)
                  .filter(e -> isOrAny(who.user(), e.attribution().user()))
                  .filter(e -> isOrAny(who.customer(), e.attribution().customer()))
                  .forEach(sum::add);
              return sum.result();
            })
        .toList();
  }

  private static boolean isOrAny(@Nullable String wanted, @Nullable String actual) {
    return wanted == null || wanted.equals(actual);
  }

  @Override
  public List<SessionUsage> sessions(EventQuery query) {
    List<Stored> all = stored.get();
    var labels = new InMemoryLabels(all);
    var sessions = new HashMap<SessionKey, List<UsageEvent>>();
    matching(all, query.who(), query.when())
        .filter(event -> event.attribution().session() != null)
        .forEach(
            event ->
                sessions.computeIfAbsent(SessionKey.of(event), k -> new ArrayList<>()).add(event));
    return sessions.values().stream()
        .map(calls -> calls.stream().sorted(NEWEST_FIRST).toList())
        .sorted(Comparator.comparing(calls -> calls.get(0), NEWEST_FIRST))
        .filter(calls -> query.after() == null || comesAfter(calls.get(0), query.after()))
        .limit(query.limit())
        .map(
            calls ->
                new SessionUsage(
                    labels.on(calls.get(0)),
                    UsageSummary.of(calls),
                    calls.get(calls.size() - 1).occurredAt()))
        .toList();
  }

  private record SessionKey(@Nullable String organization, @Nullable String id) {
    static SessionKey of(UsageEvent event) {
      return new SessionKey(event.attribution().organization(), event.attribution().session());
    }
  }

  @Override
  public List<CallLatency> latency(UsageQuery query) {
    var latencies = new ArrayList<CallLatency>();
    grouped(query)
        .forEach(
            (keys, all) -> {
              List<UsageEvent> calls =
                  all.stream().filter(e -> e.outcome() == Outcome.SUCCESS).toList();
              List<Duration> durations = calls.stream().map(UsageEvent::duration).sorted().toList();
              List<Duration> first =
                  calls.stream()
                      .map(UsageEvent::timeToFirstToken)
                      .filter(Objects::nonNull)
                      .sorted()
                      .toList();
              if (!calls.isEmpty()) {
                latencies.add(
                    new CallLatency(
                        keys,
                        durations.size(),
                        percentile(durations, 50),
                        percentile(durations, 95),
                        first.size(),
                        percentile(first, 50),
                        percentile(first, 95)));
              }
            });
    return latencies;
  }

  /** The nearest rank. */
  private static @Nullable Duration percentile(List<Duration> ascending, int percent) {
    int rank = (int) ((ascending.size() * (long) percent + 99) / 100);
    return ascending.isEmpty() ? null : ascending.get(rank - 1);
  }

  @Override
  public List<UniqueCounts> uniques(UsageQuery query) {
    var counts = new ArrayList<UniqueCounts>();
    grouped(query)
        .forEach(
            (keys, calls) ->
                counts.add(
                    new UniqueCounts(
                        keys,
                        different(calls, Attribution::user),
                        different(calls, Attribution::customer),
                        different(calls, Attribution::session))));
    return counts;
  }

  private static long different(
      List<UsageEvent> calls, Function<Attribution, @Nullable String> which) {
    Set<List<String>> found = new HashSet<>();
    for (UsageEvent call : calls) {
      String id = which.apply(call.attribution());
      if (id != null) {
        found.add(List.of(orEmpty(call.attribution().organization()), id));
      }
    }
    return found.size();
  }

  private Map<Map<Dimension, String>, List<UsageEvent>> grouped(UsageQuery query) {
    return matching(stored.get(), query.who(), query.when())
        .collect(Collectors.groupingBy(event -> keys(query, event)));
  }

  @Override
  public List<TagUsage> byTag(UsageFilter who, BillingPeriod when, String key) {
    var sums = new LinkedHashMap<String, UsageSummary>();
    matching(stored.get(), who, when)
        .forEach(
            event ->
                sums.merge(
                    event.attribution().tags().getOrDefault(key, ""),
                    UsageSummary.of(event),
                    UsageSummary::plus));
    return sums.entrySet().stream().map(e -> new TagUsage(e.getKey(), e.getValue())).toList();
  }

  @Override
  public void labels(UsageFilter who, Dimension kind, Consumer<Label> each) {
    new InMemoryLabels(stored.get()).of(who, kind).forEach(each);
  }

  private static Map<Dimension, String> keys(UsageQuery query, UsageEvent event) {
    var keys = new EnumMap<Dimension, String>(Dimension.class);
    query.dimensions().forEach(dimension -> keys.put(dimension, key(dimension, event)));
    return keys;
  }

  private static String key(Dimension dimension, UsageEvent event) {
    Attribution who = event.attribution();
    return switch (dimension) {
      case ORGANIZATION -> orEmpty(who.organization());
      case USER -> orEmpty(who.user());
      case CUSTOMER -> orEmpty(who.customer());
      case CATEGORY -> orEmpty(who.category());
      case PROVIDER -> event.provider();
      case MODEL -> event.model();
      case DAY -> event.utcDay().toString();
      case MONTH -> throw new IllegalArgumentException("a reader groups by DAY, not by MONTH");
    };
  }

  private static String orEmpty(@Nullable String value) {
    return value == null ? "" : value;
  }
}
