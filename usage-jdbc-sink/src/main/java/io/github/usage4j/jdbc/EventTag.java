package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A row of the tag table: one tag of one event, for queries; the event is read from its own row.
 */
record EventTag(UUID eventId, String key, String value, Instant occurredAt) {

  static final String COLUMNS = " (event_id, tag_key, tag_value, occurred_at)";

  /** The tags of these events, in the order of the events and of the keys. */
  static List<EventTag> of(List<UsageEvent> events) {
    var tags = new ArrayList<EventTag>();
    for (UsageEvent event : events) {
      event.attribution().tags().entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(
              tag ->
                  tags.add(
                      new EventTag(event.id(), tag.getKey(), tag.getValue(), event.occurredAt())));
    }
    return tags;
  }
}
