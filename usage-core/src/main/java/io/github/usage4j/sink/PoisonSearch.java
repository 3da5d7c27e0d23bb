package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds the events that a sink can never store although it does not say so. An outage looks the
 * same from here, so nothing is given up without proof that the sink works: an event is given up
 * when it failed alone in {@value #STRIKES} passes in each of which another one was stored, and not
 * before it was suspected for as long as the patience lasts. While closing there is no more time
 * for that, and one such pass is enough. A failure that means an {@link Outage} proves nothing
 * against the event that met it: another transaction may have locked its rows and no others. Such
 * an event is held beside the others and tried again. Used by one thread.
 */
final class PoisonSearch {

  static final int STRIKES = 3;

  /** So many batches of events that failed alone are held at most while others go through. */
  static final int HELD_BATCHES = 10;

  private static final int MOST_HELD = 1_000_000;

  /** After so many events that failed alone, and none stored, the sink is taken to be away. */
  private static final int BLIND = 3;

  private static final long FIRST_BACKOFF = TimeUnit.MILLISECONDS.toNanos(50);

  /** An event that is tried alone, apart from the others. */
  private static final class Suspect {
    private long since;
    private long next;
    private long backoff = FIRST_BACKOFF;
    private int strikes;

    void strike(long now) {
      since = strikes == 0 ? now : since;
      strikes++;
    }
  }

  private record Alone(UsageEvent event, Throwable failure) {}

  private final Delivery delivery;
  private final int batchSize;
  private final long patience;
  private final LongSupplier nanoTime;
  private final IdentityHashMap<UsageEvent, Suspect> suspects = new IdentityHashMap<>();
  private boolean onlySuspects;
  private int probeFrom;

  PoisonSearch(Delivery delivery, int batchSize, long patience, LongSupplier nanoTime) {
    this.delivery = delivery;
    this.batchSize = batchSize;
    this.patience = patience;
    this.nanoTime = nanoTime;
  }

  /** How many events that failed alone are held beside a batch; no more are than fit in memory. */
  int held() {
    return (int) Math.min(suspects.size(), Math.min(MOST_HELD, (long) batchSize * HELD_BATCHES));
  }

  /** Whether the last pass had no event but those under suspicion, and so could prove nothing. */
  boolean waitsForCompany() {
    return onlySuspects;
  }

  void forget() {
    suspects.clear();
    onlySuspects = false;
    probeFrom = 0;
  }

  /**
   * Tries all of the batch once, by halves where that fails, and takes out what is settled.
   *
   * @return a failure of this pass; null if there was none
   */
  @Nullable Throwable pass(List<UsageEvent> batch, Courier.Host host) {
    List<UsageEvent> company = new ArrayList<>();
    Deque<List<UsageEvent>> parts = new ArrayDeque<>();
    for (UsageEvent event : batch) {
      Suspect suspect = suspects.get(event);
      if (suspect == null) {
        company.add(event);
      } else if (suspect.next - nanoTime.getAsLong() <= 0 || host.closing()) {
        parts.add(List.of(event));
      }
    }
    onlySuspects = company.isEmpty();
    if (!onlySuspects) {
      parts.addFirst(company);
    }
    Set<UsageEvent> settled = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Alone> alone = new ArrayList<>();
    Throwable failure = null;
    while (!parts.isEmpty() && host.goesOn() && (!settled.isEmpty() || alone.size() < BLIND)) {
      List<UsageEvent> part = parts.removeFirst();
      var left = new ArrayList<>(part);
      Throwable thrown = null;
      try {
        delivery.write(left);
      } catch (Throwable e) {
        thrown = e;
        failure = e;
      }
      // What was rejected in words proves as well that the sink works.
      settled.addAll(part.subList(0, part.size() - left.size()));
      if (left.size() == 1 && thrown != null) {
        alone.add(new Alone(left.get(0), thrown));
      } else if (!left.isEmpty()) {
        if (part == company) {
          Collections.rotate(left, -(probeFrom % left.size()));
        }
        parts.addFirst(List.copyOf(left.subList(left.size() / 2, left.size())));
        parts.addFirst(List.copyOf(left.subList(0, left.size() / 2)));
      }
    }
    settled.forEach(suspects::remove);
    judge(alone, !settled.isEmpty(), host.closing(), settled);
    batch.removeIf(settled::contains);
    // The next pass looks elsewhere. The batch keeps its order: mostly the sink is just away.
    probeFrom = settled.isEmpty() ? probeFrom + alone.size() : 0;
    return failure;
  }

  private void judge(
      List<Alone> alone, boolean sinkWorks, boolean closing, Set<UsageEvent> settled) {
    long now = nanoTime.getAsLong();
    boolean crowded =
        suspects.values().stream().filter(suspect -> suspect.strikes > 0).count() > batchSize / 2;
    for (Alone one : alone) {
      UsageEvent event = one.event;
      Suspect suspect = suspects.get(event);
      if (suspect == null && sinkWorks) {
        suspect = new Suspect();
        suspects.put(event, suspect);
      }
      if (suspect == null) {
        continue;
      }
      suspect.next = now + suspect.backoff;
      suspect.backoff = Math.min(suspect.backoff * 2, Courier.LAST_BACKOFF);
      if (Outage.isMeantBy(one.failure)) {
        continue;
      }
      if (sinkWorks) {
        suspect.strike(now);
      }
      boolean waited = now - suspect.since >= patience || crowded;
      boolean proven = sinkWorks && waited && suspect.strikes >= STRIKES;
      if (proven || (closing && suspect.strikes > 0)) {
        delivery.drop(List.of(event), DropReason.REJECTED, one.failure);
        suspects.remove(event);
        settled.add(event);
      }
    }
  }
}
