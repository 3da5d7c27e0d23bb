package io.github.usage4j.pricing;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import org.jspecify.annotations.Nullable;

/**
 * When a price applies.
 *
 * @param from inclusive
 * @param until exclusive
 * @param dailyFrom only from this time of each UTC day, inclusive; null for the whole day
 * @param dailyTo until this time, exclusive; if it is the earlier one, on the day after
 */
record PriceDates(
    Instant from, Instant until, @Nullable LocalTime dailyFrom, @Nullable LocalTime dailyTo) {

  static final PriceDates ALWAYS = new PriceDates(Instant.MIN, Instant.MAX, null, null);

  private static final long DAY = Duration.ofDays(1).toSeconds();
  private static final long NANOS = Duration.ofSeconds(1).toNanos();

  PriceDates {
    if (!from.isBefore(until)) {
      throw new IllegalArgumentException(
          "a price must be valid from an instant before it ends, but is valid from "
              + from
              + " until "
              + until);
    }
    if (dailyFrom != null && dailyFrom.equals(dailyTo)) {
      throw new IllegalArgumentException(
          "a time of day must begin and end at different times, but does both at " + dailyFrom);
    }
  }

  PriceDates from(Instant inclusive) {
    return new PriceDates(inclusive, until, dailyFrom, dailyTo);
  }

  PriceDates until(Instant exclusive) {
    return new PriceDates(from, exclusive, dailyFrom, dailyTo);
  }

  PriceDates daily(LocalTime inclusive, LocalTime exclusive) {
    return new PriceDates(from, until, inclusive, exclusive);
  }

  boolean daily() {
    return dailyFrom != null;
  }

  /** True if the price applies then. */
  boolean contain(Instant at) {
    return !at.isBefore(from) && at.isBefore(until) && dayContains(at);
  }

  private boolean dayContains(Instant at) {
    if (dailyFrom == null || dailyTo == null) {
      return true;
    }
    long time = Math.floorMod(at.getEpochSecond(), DAY) * NANOS + at.getNano();
    boolean begun = time >= dailyFrom.toNanoOfDay();
    boolean notOver = time < dailyTo.toNanoOfDay();
    return overnight() ? begun || notOver : begun && notOver;
  }

  private boolean overnight() {
    return dailyFrom != null && dailyTo != null && dailyTo.isBefore(dailyFrom);
  }

  /** True if both begin at the same time and nothing says which of them applies. */
  boolean collideWith(PriceDates other) {
    return from.equals(other.from) && sameDaytime(other);
  }

  /** True if one says when it ends and the other begins before that. */
  boolean overlap(PriceDates other) {
    boolean first = from.isBefore(other.from);
    PriceDates earlier = first ? this : other;
    PriceDates later = first ? other : this;
    boolean explicit = !earlier.until.equals(Instant.MAX);
    return explicit && later.from.isBefore(earlier.until) && sameDaytime(other);
  }

  /** True if both are for whole days, or for times of day that have one in common. */
  private boolean sameDaytime(PriceDates other) {
    if (dailyFrom == null || other.dailyFrom == null) {
      return dailyFrom == null && other.dailyFrom == null;
    }
    return daytimeContains(other.dailyFrom) || other.daytimeContains(dailyFrom);
  }

  private boolean daytimeContains(LocalTime time) {
    return dayContains(Instant.EPOCH.plusNanos(time.toNanoOfDay()));
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
    if (dailyFrom != null) {
      text.append(" daily ").append(dailyFrom).append('-').append(dailyTo).append('Z');
    }
    return text.toString();
  }

  private static String instant(Instant at) {
    String text = at.toString();
    return text.endsWith("T00:00:00Z") ? text.substring(0, text.indexOf('T')) : text;
  }
}
