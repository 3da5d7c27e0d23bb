package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageException;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitStore;
import io.github.usage4j.limit.LimitStore.Ask;
import io.github.usage4j.limit.LimitStore.Lease;
import io.github.usage4j.limit.LimitStore.Terms;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * One instance of an application that spends a counter of tokens, by the SPI alone: it reserves at
 * random, settles less, and records an event for each. {@code leased = free + under way + recorded
 * but not stored}.
 */
final class Spender implements LimitStore.Holder {

  private final String id = UUID.randomUUID().toString();
  private final LimitStore limits;
  private final LimitKey key;
  private final Terms terms;
  private final BeatTime time;
  private final Consumer<UsageEvent> recorder;
  private final AtomicLong free = new AtomicLong();
  private final AtomicLong leased = new AtomicLong();
  private final Map<UUID, Long> unwritten = new ConcurrentHashMap<>();
  private final Map<String, long[]> others = new HashMap<>(); // by the beating thread only
  private final ReentrantLock asking = new ReentrantLock();
  private volatile long lastBeat;
  final AtomicLong recorded = new AtomicLong();
  final AtomicLong trips = new AtomicLong();
  final AtomicLong reclaimed = new AtomicLong();

  Spender(
      LimitStore limits, LimitKey key, Terms terms, BeatTime time, Consumer<UsageEvent> recorder) {
    this.limits = limits;
    this.key = key;
    this.terms = terms;
    this.time = time;
    this.recorder = recorder;
    time.join(id);
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public boolean covers(UUID eventId, LimitKey counter) {
    return counter.equals(key) && unwritten.containsKey(eventId);
  }

  /** An event that was stored before is taken as lowered then: the next lease puts it right. */
  @Override
  public void stored(UUID eventId, LimitKey counter, BigDecimal used, BigDecimal lowered) {
    Long amount = unwritten.remove(eventId);
    if (amount != null) {
      leased.addAndGet(-amount);
    }
  }

  @Override
  public void alertsRaised() {}

  /**
   * Shows that it lives, and takes back from those of which it saw one beat for a whole lease time;
   * once in each round of the time that all share.
   */
  void beat() {
    if (!time.mayBeat(id)) {
      return;
    }
    long asked = time.now();
    Map<String, Long> beats = limits.beat(id);
    if (!beats.containsKey(id)) {
      throw new IllegalStateException("a living instance was taken for dead");
    }
    lastBeat = asked;
    others.keySet().retainAll(beats.keySet());
    beats.forEach(
        (other, beat) -> {
          long[] seen = others.get(other);
          if (seen == null || seen[0] != beat) {
            others.put(other, new long[] {beat, asked});
          } else if (!other.equals(id)
              && asked - seen[1] >= BeatTime.LEASE
              && limits.reclaim(other, beat)) {
            reclaimed.incrementAndGet();
          }
        });
    time.beaten(id);
  }

  /** Makes a call of a random size; false if there is no room for it. */
  boolean spend(Random random, int most) {
    long wanted = 1 + random.nextInt(most);
    if (!reserve(wanted)) {
      if (wanted == 1 || !reserve(1)) {
        return false;
      }
      wanted = 1;
    }
    if (random.nextInt(10) == 0) {
      free.addAndGet(wanted); // the call failed before it used anything
      return true;
    }
    long used = 1 + random.nextLong(wanted);
    free.addAndGet(wanted - used);
    UsageEvent event =
        UsageEvent.builder(UsageEvent.newId(key.period().start()), Kind.CHAT, "acme-llm", "large")
            .startedAt(key.period().start())
            .attribution(Attribution.organization("acme").user("u" + random.nextInt(50)))
            .tokens(TokenCounts.of(used, 0))
            .instance(id)
            .build();
    unwritten.put(event.id(), used);
    recorded.addAndGet(used);
    recorder.accept(event);
    return true;
  }

  private boolean reserve(long amount) {
    while (time.now() - lastBeat < BeatTime.LEASE / 2) {
      long had = free.get();
      if (had >= amount) {
        if (free.compareAndSet(had, had - amount)) {
          return true;
        }
      } else if (!lease(amount)) {
        return false;
      }
    }
    return false;
  }

  private boolean lease(long amount) {
    asking.lock();
    try {
      long missing = amount - free.get();
      if (missing <= 0) {
        return true;
      }
      trips.incrementAndGet();
      BigDecimal most = terms.allowance().divide(BigDecimal.valueOf(50)).max(number(missing));
      Lease got =
          limits.lease(id, key, new Ask(terms, number(leased.get()), number(missing), most));
      leased.addAndGet(got.added().longValueExact());
      free.addAndGet(got.added().longValueExact());
      return got.added().signum() > 0;
    } catch (UsageException e) {
      return false; // the database is busy: as if there were no room
    } finally {
      asking.unlock();
    }
  }

  /** Gives back what is free, so that others have it. */
  void giveBack() {
    asking.lock();
    try {
      leased.addAndGet(-Math.max(0, free.getAndSet(0)));
      limits.lease(id, key, new Ask(terms, number(leased.get()), number(0), number(0)));
    } finally {
      asking.unlock();
    }
  }

  private static BigDecimal number(long n) {
    return BigDecimal.valueOf(n);
  }

  /** All its threads have ended. */
  void died() {
    time.leave(id);
  }

  /** What it may still give out. */
  long free() {
    return free.get();
  }

  /** How much it has recorded of which it was not told that it is stored. */
  long unwritten() {
    return unwritten.values().stream().mapToLong(Long::longValue).sum();
  }
}
