package io.github.usage4j.pricing;

import java.time.Instant;
import java.util.Comparator;

/**
 * When a price applies.
 *
 * @param from inclusive
 * @param until exclusive
 * @param window only in this part of each week
 */
record PriceDates(Instant from, Instant until, DailyWindow window) {

  static final PriceDates ALWAYS = new PriceDates(Instant.MIN, Instant.MAX, DailyWindow.ALWAYS);

  /**
   * Where several apply, the first of these does: the one that became valid last; of those one for
   * some days of the week before one for each; of those one for a time of day before one for all
   * day.
   */
  static final Comparator<PriceDates> FIRST_APPLIES =
      Comparator.comparing((PriceDates dates) -> dates.from)
          .thenComparing((PriceDates dates) -> dates.window.hasDays())
          .thenComparing((PriceDates dates) -> dates.window.hasTimes())
          .reversed();

  PriceDates {
    if (!from.isBefore(until)) {
      throw new IllegalArgumentException(
          "a price must be valid from an instant before it ends, but is valid from "
              + from
              + " until "
              + until);
    }
  }

  PriceDates from(Instant inclusive) {
    return new PriceDates(inclusive, until, window);
  }

  PriceDates until(Instant exclusive) {
    return new PriceDates(from, exclusive, window);
  }

  PriceDates within(DailyWindow each) {
    return new PriceDates(from, until, each);
  }

  /** True if the price applies then. */
  boolean contain(Instant at) {
    return !at.isBefore(from) && at.isBefore(until) && window.contains(at);
  }

  /** True if both begin at the same time and nothing says which of them applies. */
  boolean collideWith(PriceDates other) {
    return from.equals(other.from) && sameWindow(other);
  }

  /** True if one says when it ends and the other begins before that. */
  boolean overlap(PriceDates other) {
    boolean first = from.isBefore(other.from);
    PriceDates earlier = first ? this : other;
    PriceDates later = first ? other : this;
    boolean explicit = !earlier.until.equals(Instant.MAX);
    return explicit && later.from.isBefore(earlier.until) && sameWindow(other);
  }

  /** True if neither beats the other by what it is for, and both hold at some time of the week. */
  private boolean sameWindow(PriceDates other) {
    return window.hasDays() == other.window.hasDays()
        && window.hasTimes() == other.window.hasTimes()
        && window.overlaps(other.window);
  }

  /** The dates in a price's reference; empty if it always applies. */
  @Override
  public String toString() {
    var text = new StringBuilder();
    if (!from.equals(Instant.MIN)) {
      text.append(" from ").append(instant(from));
    }
    if (!until.equals(Instant.MAX)) {
      text.append(" until ").append(instant(until));
    }
    return text.append(window).toString();
  }

  private static String instant(Instant at) {
    String text = at.toString();
    return text.endsWith("T00:00:00Z") ? text.substring(0, text.indexOf('T')) : text;
  }
}
