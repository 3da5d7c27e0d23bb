package io.github.usage4j.sink;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.sink.InMemoryUsageStore.Stored;
import java.time.LocalDate;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The labels of users and customers, as a database keeps them: once, and not with every event. */
final class InMemoryLabels {

  /** Whose label it is. */
  private record Key(@Nullable String organization, Dimension kind, String id) {}

  /** Of two labels the one of the later UTC day wins, within a day the one that came last. */
  private record Label(String text, LocalDate seenOn) {
    Label or(Label later) {
      return later.seenOn.isBefore(seenOn) ? this : later;
    }
  }

  private final Map<Key, Label> labels = new HashMap<>();

  InMemoryLabels(List<Stored> rows) {
    for (Stored row : rows) {
      UsageEvent event = row.event();
      Attribution who = event.attribution();
      add(event, Dimension.USER, who.user(), who.userLabel());
      add(event, Dimension.CUSTOMER, who.customer(), who.customerLabel());
    }
  }

  private void add(UsageEvent event, Dimension kind, @Nullable String id, @Nullable String label) {
    if (id != null && label != null) {
      labels.merge(
          new Key(event.attribution().organization(), kind, id),
          new Label(label, event.utcDay()),
          Label::or);
    }
  }

  /** The event with the labels that its user and customer have by now. */
  UsageEvent on(UsageEvent event) {
    Attribution who = event.attribution();
    Attribution labelled = who;
    if (who.user() != null) {
      labelled = labelled.user(who.user(), text(who.organization(), Dimension.USER, who.user()));
    }
    if (who.customer() != null) {
      labelled =
          labelled.customer(
              who.customer(), text(who.organization(), Dimension.CUSTOMER, who.customer()));
    }
    return labelled.equals(who) ? event : event.toBuilder().attribution(labelled).build();
  }

  private @Nullable String text(@Nullable String organization, Dimension kind, String id) {
    Label label = labels.get(new Key(organization, kind, id));
    return label == null ? null : label.text;
  }

  /** Those that the filter may see. */
  Stream<io.github.usage4j.query.Label> of(UsageFilter who, Dimension kind) {
    String id = kind == Dimension.USER ? who.user() : who.customer();
    return labels.entrySet().stream()
        .filter(entry -> entry.getKey().kind == kind)
        .filter(
            e -> who.organization() == null || who.organization().equals(e.getKey().organization))
        .filter(entry -> id == null || id.equals(entry.getKey().id))
        .map(
            entry ->
                new io.github.usage4j.query.Label(
                    entry.getKey().organization == null ? "" : entry.getKey().organization,
                    entry.getKey().id,
                    entry.getValue().text));
  }

  /** The sum of one combination of keys, and of whom it is. */
  static final class Row {
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
    UsageSummary summary(Map<Dimension, String> keys, InMemoryLabels known) {
      var labels = new EnumMap<Dimension, String>(Dimension.class);
      if (!mixed) {
        keys.forEach(
            (kind, id) -> {
              String label = known.text(organization, kind, id);
              if (label != null) {
                labels.put(kind, label);
              }
            });
      }
      return sum.forRow(keys, labels);
    }
  }
}
