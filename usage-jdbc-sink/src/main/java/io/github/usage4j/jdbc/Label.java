package io.github.usage4j.jdbc;

import java.time.LocalDate;

/**
 * How to show a user or customer.
 *
 * @param text what is shown
 * @param seenOn the UTC day of the call that carried it. Of two labels that of the later day wins,
 *     within a day the one that came last: exact enough for people, and a row changes once a day
 *     instead of with every call
 */
record Label(String text, LocalDate seenOn) {

  /** The one that is kept when {@code later} comes after this one. */
  Label or(Label later) {
    return later.seenOn.isBefore(seenOn) ? this : later;
  }
}
