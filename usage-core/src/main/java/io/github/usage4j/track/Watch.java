package io.github.usage4j.track;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Whether a call that is answered later shows signs of life, and how it is given up if not. Part of
 * its {@link CallEnd}.
 */
class Watch extends Awaited {

  private volatile long lastHeard;
  private volatile @Nullable Consumer<Throwable> giveUp; // null while nobody watches

  void beginWatch(Consumer<Throwable> how) {
    heard();
    giveUp = how;
  }

  void heard() {
    lastHeard = System.nanoTime();
  }

  /** For how long nothing was heard; without end if nobody watches. */
  long quietNanos() {
    return giveUp == null ? Long.MAX_VALUE : System.nanoTime() - lastHeard;
  }

  /** How to give up now, and how the next time; null if nobody watches. */
  @Nullable Consumer<Throwable> giveUp(Consumer<Throwable> nextTime) {
    Consumer<Throwable> how = giveUp;
    if (how != null) {
      giveUp = nextTime;
    }
    return how;
  }

  /** True if somebody watched until now. */
  boolean endWatch() {
    boolean watched = giveUp != null;
    giveUp = null;
    return watched;
  }
}
