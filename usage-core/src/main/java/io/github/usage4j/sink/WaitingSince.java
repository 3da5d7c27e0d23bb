package io.github.usage4j.sink;

import java.time.Duration;
import java.util.ArrayDeque;

/**
 * Since when the oldest event of a queue waits, without a time kept for each: the writing thread
 * marks now and then how many events had come by when. The age is that of the last mark before the
 * oldest, so it errs on the long side. Marked by one thread, asked by any.
 */
final class WaitingSince {

  private static final int MAX_MARKS = 256;

  private record Mark(long accepted, long nanos) {}

  private final ArrayDeque<Mark> marks = new ArrayDeque<>();
  private volatile long since = System.nanoTime();

  /** So many had been accepted by now. */
  void mark(long accepted) {
    Mark last = marks.peekLast();
    if ((last == null || last.accepted < accepted) && marks.size() < MAX_MARKS) {
      marks.addLast(new Mark(accepted, System.nanoTime()));
    }
  }

  /** So many are settled: the oldest that waits came after the last mark at or below. */
  void settledUpTo(long settled) {
    while (!marks.isEmpty() && marks.peekFirst().accepted <= settled) {
      since = marks.removeFirst().nanos;
    }
  }

  /** Nothing was waiting up to now. */
  void idleUntilNow() {
    marks.clear();
    since = System.nanoTime();
  }

  Duration age() {
    return Duration.ofNanos(Math.max(0, System.nanoTime() - since));
  }
}
