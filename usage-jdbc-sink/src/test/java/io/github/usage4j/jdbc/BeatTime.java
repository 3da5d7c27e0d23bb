package io.github.usage4j.jdbc;

import java.util.HashSet;
import java.util.Set;

/**
 * The time of several instances of one test, counted in rounds: a round is over when each living
 * one has beaten in it. So the time does not pass while the machine lets one of them wait, and an
 * instance that beats is never taken for dead, however slow it is; one that died is, after {@link
 * #LEASE} rounds of the others.
 */
final class BeatTime {

  /** After so many rounds without a beat leases are taken back. */
  static final long LEASE = 8;

  private final Set<String> living = new HashSet<>();
  private final Set<String> beaten = new HashSet<>();
  private long round;

  synchronized void join(String id) {
    living.add(id);
  }

  /** It beats no more, and nothing that it does is under way. */
  synchronized void leave(String id) {
    living.remove(id);
    next();
  }

  synchronized boolean mayBeat(String id) {
    return living.contains(id) && !beaten.contains(id);
  }

  synchronized void beaten(String id) {
    beaten.add(id);
    next();
  }

  private void next() {
    if (beaten.containsAll(living)) {
      beaten.clear();
      round++;
    }
  }

  synchronized long now() {
    return round;
  }
}
