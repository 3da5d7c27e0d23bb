package io.github.usage4j.pricing;

import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A part of each week, in UTC.
 *
 * @param from of each day, inclusive; null for the whole day
 * @param to of each day, exclusive; if it is the earlier one, on the day after. Null with {@code
 *     from}
 * @param days on which it begins: what passes midnight belongs to the day before; empty for each
 */
record DailyWindow(@Nullable LocalTime from, @Nullable LocalTime to, Set<DayOfWeek> days) {

  /** Always. */
  static final DailyWindow ALWAYS = new DailyWindow(null, null, Set.of());

  private static final long DAY = Duration.ofDays(1).toSeconds();
  private static final long NANOS = Duration.ofSeconds(1).toNanos();
  private static final int WEEK = DayOfWeek.values().length;

  DailyWindow {
    if (from != null && from.equals(to)) {
      throw new IllegalArgumentException(
          "a time of day must begin and end at different times, but does both at " + from);
    }
    days = Set.copyOf(days);
  }

  static DailyWindow of(LocalTime from, LocalTime to, Set<DayOfWeek> days) {
    return new DailyWindow(
        Objects.requireNonNull(from, "from"), Objects.requireNonNull(to, "to"), days);
  }

  /**
   * Some days; none would be each of them.
   *
   * @throws IllegalArgumentException if there is none
   */
  static Set<DayOfWeek> some(Set<DayOfWeek> days) {
    if (days.isEmpty()) {
      throw new IllegalArgumentException("a price must be for at least one day of the week");
    }
    return days;
  }

  boolean hasTimes() {
    return from != null;
  }

  boolean hasDays() {
    return !days.isEmpty();
  }

  /** True if that instant is part of it. */
  boolean contains(Instant at) {
    return contains(
        Math.floorDiv(at.getEpochSecond(), DAY),
        Math.floorMod(at.getEpochSecond(), DAY) * NANOS + at.getNano());
  }

  private boolean contains(long day, long nanoOfDay) {
    if (from == null || to == null) {
      return beginsOn(day);
    }
    boolean begun = nanoOfDay >= from.toNanoOfDay();
    boolean notOver = nanoOfDay < to.toNanoOfDay();
    return to.isBefore(from)
        ? (begun && beginsOn(day)) || (notOver && beginsOn(day - 1))
        : begun && notOver && beginsOn(day);
  }

  private boolean beginsOn(long day) {
    return days.isEmpty() || days.contains(dayOfWeek(day));
  }

  /** The first day of the epoch was a Thursday. */
  private static DayOfWeek dayOfWeek(long epochDay) {
    return DayOfWeek.THURSDAY.plus(Math.floorMod(epochDay, WEEK));
  }

  /** True if both have an instant in common: then one of them begins within the other. */
  boolean overlaps(DailyWindow other) {
    return beginsWithin(other) || other.beginsWithin(this);
  }

  private boolean beginsWithin(DailyWindow other) {
    long start = from == null ? 0 : from.toNanoOfDay();
    for (long day = 0; day < WEEK; day++) {
      if (beginsOn(day) && other.contains(day, start)) {
        return true;
      }
    }
    return false;
  }

  /** As in a price's reference; days as in iCalendar (RFC 5545). */
  @Override
  public String toString() {
    String times = from == null ? "" : " daily " + from + '-' + to + 'Z';
    return days.isEmpty()
        ? times
        : times
            + EnumSet.copyOf(days).stream()
                .map(DailyWindow::shortName)
                .collect(Collectors.joining(",", " on ", ""));
  }

  /** A day as iCalendar has it (RFC 5545, BYDAY): two letters. */
  private static String shortName(DayOfWeek day) {
    return day.name().substring(0, 2);
  }

  /**
   * The day of two letters, in any case.
   *
   * @throws IllegalArgumentException if there is none
   */
  static DayOfWeek day(String name) {
    return Arrays.stream(DayOfWeek.values())
        .filter(day -> shortName(day).equalsIgnoreCase(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "a day of the week must be one of MO, TU, WE, TH, FR, SA and SU, but was '"
                        + name
                        + "'"));
  }
}
