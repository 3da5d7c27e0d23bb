package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import java.util.Comparator;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Whose label it is.
 *
 * @param organization "" if unattributed
 * @param kind {@link #USER} or {@link #CUSTOMER}
 * @param id of the user or customer
 */
record LabelKey(String organization, String kind, String id) implements Comparable<LabelKey> {

  static final String USER = "USER";
  static final String CUSTOMER = "CUSTOMER";

  private static final Comparator<LabelKey> ORDER =
      Comparator.comparing(LabelKey::organization)
          .thenComparing(LabelKey::kind)
          .thenComparing(LabelKey::id);

  @Override
  public int compareTo(LabelKey other) {
    return ORDER.compare(this, other);
  }

  /** The labels that these events carry, in the order of their keys. */
  static SortedMap<LabelKey, Label> of(Iterable<UsageEvent> events) {
    var labels = new TreeMap<LabelKey, Label>();
    for (UsageEvent event : events) {
      Attribution who = event.attribution();
      String organization = who.organization() == null ? "" : who.organization();
      add(labels, organization, USER, who.user(), who.userLabel(), event);
      add(labels, organization, CUSTOMER, who.customer(), who.customerLabel(), event);
    }
    return labels;
  }

  private static void add(
      Map<LabelKey, Label> labels,
      String organization,
      String kind,
      @Nullable String id,
      @Nullable String label,
      UsageEvent event) {
    if (id != null && label != null) {
      labels.merge(
          new LabelKey(organization, kind, id), new Label(label, event.utcDay()), Label::or);
    }
  }
}
