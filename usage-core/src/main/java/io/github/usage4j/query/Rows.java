package io.github.usage4j.query;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a report that was made from single calls: one page of them, or all.
 *
 * @param rows in the order that the question promises
 * @param next what to pass to get the rows after these; null if there are no more
 * @param coverage which part of the period the rows are about
 * @param <T> what a row is
 */
public record Rows<T>(List<T> rows, @Nullable String next, Coverage coverage) {

  /** Copies the rows. */
  public Rows {
    rows = List.copyOf(rows);
  }
}
