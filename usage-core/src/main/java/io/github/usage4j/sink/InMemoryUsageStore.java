package io.github.usage4j.sink;

import io.github.usage4j.Attribution;
import io.github.usage4j.EventQuery;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.UsageReader;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.internal.UsageIds;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Keeps every event in memory, for tests and demonstrations: nothing is ever forgotten but by
 * {@link #clear}. Safe for use by several threads.
 */
public final class InMemoryUsageStore implements UsageStore {

  private static final Comparator<UsageEvent> NEWEST_FIRST =
      Comparator.comparing(UsageEvent::occurredAt)
          .thenComparing(UsageEvent::id, UsageIds.ORDER)
          .reversed();

  private final Map<UUID, UsageEvent> events = new LinkedHashMap<>();
  private final UsageReader reader = new Reader();
  private final UsageQueries queries = new UsageQueries(reader);

  /** An empty store. */
  public InMemoryUsageStore() {}

  @Override
  public void write(List<UsageEvent> batch) {
    write(batch, Report.NONE);
  }

  @Override
  public synchronized void write(List<UsageEvent> batch, Report report) {
    for (UsageEvent event : batch) {
      UsageEvent stored = events.putIfAbsent(event.id(), event);
      if (stored != null && stored.billsLike(event)) {
        report.duplicate(event);
      } else if (stored != null) {
        report.conflict(event);
      }
    }
  }

  @Override
  public UsageQueries queries() {
    return queries;
  }

  UsageReader reader() {
    return reader;
  }

  /** Everything stored, as it was given and in the order in which it came. */
  public synchronized List<UsageEvent> events() {
    return List.copyOf(events.values());
  }

  /** Forgets everything. */
  public synchronized void clear() {
    events.clear();
  }

  private final class Reader implements UsageReader {

    @Override
    public List<UsageSummary> aggregate(UsageQuery query) {
      List<UsageEvent> all = InMemoryUsageStore.this.events();
      Map<LabelKey, Label> labels = labels(all);
      var rows = new HashMap<Map<Dimension, String>, Row>();
      for (UsageEvent event : all) {
        if (query.when().contains(event.occurredAt()) && query.who().matches(event)) {
          rows.computeIfAbsent(keys(query, event), k -> new Row(event)).add(event);
        }
      }
      var summaries = new ArrayList<UsageSummary>();
      rows.forEach((keys, row) -> summaries.add(row.sum.forRow(keys, row.labels(keys, labels))));
      return summaries;
    }

    @Override
    public List<UsageEvent> events(EventQuery query) {
      List<UsageEvent> all = InMemoryUsageStore.this.events();
      Map<LabelKey, Label> labels = labels(all);
      return all.stream()
          .filter(event -> query.when().contains(event.occurredAt()))
          .filter(query.who()::matches)
          .filter(e -> query.operationId() == null || query.operationId().equals(e.operationId()))
          .filter(e -> query.id() == null || query.id().equals(e.id()))
          .filter(e -> query.after() == null || comesAfter(e, query.after()))
          .sorted(NEWEST_FIRST)
          .limit(query.limit())
          .map(event -> labelled(event, labels))
          .toList();
    }

    private boolean comesAfter(UsageEvent event, EventQuery.Position position) {
      int time = event.occurredAt().compareTo(position.occurredAt());
      return time < 0 || (time == 0 && UsageIds.ORDER.compare(event.id(), position.id()) < 0);
    }

    private Map<Dimension, String> keys(UsageQuery query, UsageEvent event) {
      var keys = new EnumMap<Dimension, String>(Dimension.class);
      query.dimensions().forEach(dimension -> keys.put(dimension, key(dimension, event)));
      return keys;
    }
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

  /** Whose label it is, as a database keeps it: once, and not with every event. */
  private record LabelKey(@Nullable String organization, Dimension kind, String id) {}

  /** Of two labels the one of the later UTC day wins, within a day the one that came last. */
  private record Label(String text, LocalDate seenOn) {
    Label or(Label later) {
      return later.seenOn.isBefore(seenOn) ? this : later;
    }
  }

  private static Map<LabelKey, Label> labels(List<UsageEvent> events) {
    var labels = new HashMap<LabelKey, Label>();
    for (UsageEvent event : events) {
      Attribution who = event.attribution();
      if (who.user() != null && who.userLabel() != null) {
        labels.merge(
            new LabelKey(who.organization(), Dimension.USER, who.user()),
            new Label(who.userLabel(), event.utcDay()),
            Label::or);
      }
      if (who.customer() != null && who.customerLabel() != null) {
        labels.merge(
            new LabelKey(who.organization(), Dimension.CUSTOMER, who.customer()),
            new Label(who.customerLabel(), event.utcDay()),
            Label::or);
      }
    }
    return labels;
  }

  private static UsageEvent labelled(UsageEvent event, Map<LabelKey, Label> labels) {
    Attribution who = event.attribution();
    Attribution labelled = who;
    if (who.user() != null) {
      var key = new LabelKey(who.organization(), Dimension.USER, who.user());
      labelled = labelled.user(who.user(), text(labels.get(key)));
    }
    if (who.customer() != null) {
      var key = new LabelKey(who.organization(), Dimension.CUSTOMER, who.customer());
      labelled = labelled.customer(who.customer(), text(labels.get(key)));
    }
    return labelled.equals(who) ? event : event.toBuilder().attribution(labelled).build();
  }

  private static @Nullable String text(@Nullable Label label) {
    return label == null ? null : label.text();
  }

  private static final class Row {
    private final @Nullable String organization;
    private UsageSummary sum = UsageSummary.EMPTY;
    private boolean mixed;

    Row(UsageEvent first) {
      organization = first.attribution().organization();
    }

    void add(UsageEvent event) {
      mixed |= !Objects.equals(organization, event.attribution().organization());
      sum = sum.plus(UsageSummary.of(event));
    }

    /** Users of two organizations may have one id: then there is no label that fits both. */
    Map<Dimension, String> labels(Map<Dimension, String> keys, Map<LabelKey, Label> known) {
      var labels = new EnumMap<Dimension, String>(Dimension.class);
      if (!mixed) {
        keys.forEach(
            (kind, id) -> {
              Label label = known.get(new LabelKey(organization, kind, id));
              if (label != null) {
                labels.put(kind, label.text());
              }
            });
      }
      return labels;
    }
  }
}
