package io.github.usage4j.internal;

import java.time.Duration;

/** Durations as nanoseconds, where "for ever" must not be an error. */
public final class Durations {

  /** About a century: added to {@link System#nanoTime} it does not overflow. */
  private static final Duration LONGEST = Duration.ofDays(36_500);

  private Durations() {}

  /** Nanoseconds; a longer time than a century counts as a century. */
  public static long toNanos(Duration duration) {
    return duration.compareTo(LONGEST) > 0 ? LONGEST.toNanos() : duration.toNanos();
  }
}
