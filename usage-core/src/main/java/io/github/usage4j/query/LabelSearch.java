package io.github.usage4j.query;

import io.github.usage4j.Attribution;
import io.github.usage4j.internal.Checks;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Finds labels that contain a text. Written once and not in SQL, whose idea of a letter's case
 * depends on the database and its collation.
 */
final class LabelSearch {

  private static final Comparator<Found> ORDER =
      Comparator.comparing(Found::folded)
          .thenComparing(found -> found.label.text())
          .thenComparing(found -> found.label.organization())
          .thenComparing(found -> found.label.id());

  private final String wanted;
  private final int limit;

  /** The first ones found so far, the last of them in front. */
  private final PriorityQueue<Found> first = new PriorityQueue<>(ORDER.reversed());

  private record Found(String folded, Label label) {}

  LabelSearch(String text, int limit) {
    if (text.isBlank() || text.codePointCount(0, text.length()) > Attribution.MAX_LABEL) {
      throw new IllegalArgumentException(
          "text must have 1 to "
              + Attribution.MAX_LABEL
              + " code points and not be blank, but was '"
              + text
              + "'");
    }
    this.wanted = fold(Checks.requireStorable("text", text));
    this.limit = limit;
  }

  void look(Label label) {
    String folded = fold(label.text());
    if (folded.contains(wanted)) {
      first.add(new Found(folded, label));
      if (first.size() > limit) {
        first.remove();
      }
    }
  }

  List<Label> result() {
    var sorted = new ArrayList<>(first);
    sorted.sort(ORDER);
    return sorted.stream().map(Found::label).toList();
  }

  /** What {@link String#equalsIgnoreCase} takes for the same becomes the same. */
  private static String fold(String text) {
    var folded = new StringBuilder(text.length());
    text.codePoints()
        .map(point -> Character.toLowerCase(Character.toUpperCase(point)))
        .forEach(folded::appendCodePoint);
    return folded.toString();
  }
}
