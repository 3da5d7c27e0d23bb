package io.github.usage4j.backfill;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One record of an input: a line, a row.
 *
 * @param where names it to a person, such as {@code calls.jsonl, line 7}
 * @param identity tells it from every other record of its input, the same in each run; part of the
 *     event's id unless the record has an id of its own
 * @param fields its values by name; objects are maps and arrays lists. Empty if it has a problem
 * @param problem why it cannot be read at all; null if it can
 * @param text the record as it stands, for the file of rejected ones
 */
public record ImportRecord(
    String where, String identity, Map<String, ?> fields, @Nullable String problem, String text) {

  /** Keeps the map as it is: it may be large, and its values may be null. */
  public ImportRecord {
    Objects.requireNonNull(where, "where");
    Objects.requireNonNull(identity, "identity");
    Objects.requireNonNull(fields, "fields");
    Objects.requireNonNull(text, "text");
  }
}
