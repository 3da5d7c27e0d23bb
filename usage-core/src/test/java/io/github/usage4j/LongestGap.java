package io.github.usage4j;

import java.time.Duration;

/**
 * The longest time between two marks of a thread. A test that must do something within a real time
 * looks here whether the machine let it: else what it saw says nothing, and it tries again. Not
 * safe for use by several threads.
 */
public final class LongestGap {

  private long last = System.nanoTime();
  private long longest;

  /** The thread has come so far. */
  public void mark() {
    long now = System.nanoTime();
    longest = Math.max(longest, now - last);
    last = now;
  }

  /** True if no gap was as long as that. */
  public boolean isBelow(Duration time) {
    return longest < time.toNanos();
  }
}
