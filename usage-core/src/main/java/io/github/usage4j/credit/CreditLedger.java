package io.github.usage4j.credit;

import io.github.usage4j.Cost;
import io.github.usage4j.UsageException;
import io.github.usage4j.credit.CreditStore.Lot;
import io.github.usage4j.internal.DecimalBounds;
import io.github.usage4j.internal.UsageIds;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Prepaid credits of accounts. Entries are only ever added, and what an account has is their sum.
 * Each change is made once for each reference, so that it may be repeated.
 *
 * <p>Credits are spent in this order: those of the lowest priority number first, of those the ones
 * that expire first, of those the oldest. What is left of credits that have expired is taken out by
 * an entry before anything else is done with the account; {@link #balance} says what there would be
 * after that. Safe for use by several threads and instances.
 */
public final class CreditLedger {

  /** The priority of credits if none is given: {@value}. */
  public static final int DEFAULT_PRIORITY = 100;

  private static final Comparator<Lot> SPENDING_ORDER =
      Comparator.<Lot>comparingInt(lot -> lot.entry().priority())
          .thenComparing(
              lot -> lot.entry().expiresAt(), Comparator.nullsLast(Comparator.naturalOrder()))
          .thenComparing(lot -> lot.entry().at())
          .thenComparing(lot -> lot.entry().id(), UsageIds.ORDER);

  private final CreditStore store;
  private final InstantSource clock;

  private CreditLedger(CreditStore store, InstantSource clock) {
    this.store = Objects.requireNonNull(store, "store");
    this.clock = Objects.requireNonNull(clock, "clock");
  }

  /** The ledgers of a store. */
  public static CreditLedger of(CreditStore store) {
    return new CreditLedger(store, InstantSource.system());
  }

  /** The ledgers of a store, with the clock that says when credits expire. */
  public static CreditLedger of(CreditStore store, InstantSource clock) {
    return new CreditLedger(store, clock);
  }

  /**
   * Credits were paid for.
   *
   * @param reference the payment; a second time with it changes nothing
   * @return false if it was there before
   * @throws IllegalArgumentException if the amount is not more than 0
   */
  public boolean purchase(String account, BigDecimal amount, String reference) {
    return bring(account, CreditEntry.Type.PURCHASE, amount, DEFAULT_PRIORITY, null, reference);
  }

  /**
   * Credits were paid for, and so many more were added for its size, under one reference.
   *
   * @return false if both were there before
   * @throws IllegalArgumentException if an amount is not more than 0; then nothing is added
   */
  public boolean purchase(
      String account, BigDecimal amount, BigDecimal discount, String reference) {
    if (discount.signum() <= 0
        || discount.scale() > Cost.SCALE
        || CreditEntry.AMOUNT.exact(discount) == null) {
      throw new IllegalArgumentException(
          "a discount must be more than 0 with at most "
              + Cost.SCALE
              + " decimals, but was "
              + DecimalBounds.shown(discount));
    }
    boolean bought = purchase(account, amount, reference);
    return bring(account, CreditEntry.Type.DISCOUNT, discount, DEFAULT_PRIORITY, null, reference)
        || bought;
  }

  /**
   * Credits are given.
   *
   * @param priority those of the lowest number are spent first
   * @param expiresAt from when on they are worth nothing; null if they never expire
   * @return false if that reference was granted before
   */
  public boolean grant(
      String account,
      BigDecimal amount,
      int priority,
      @Nullable Instant expiresAt,
      String reference) {
    return bring(account, CreditEntry.Type.GRANT, amount, priority, expiresAt, reference);
  }

  private boolean bring(
      String account,
      CreditEntry.Type type,
      BigDecimal amount,
      int priority,
      @Nullable Instant expiresAt,
      String reference) {
    Instant now = now();
    List<CreditEntry> added =
        store.add(
            account,
            reference,
            known -> {
              if (!known.known(type).isEmpty()) {
                return List.of();
              }
              UUID id = UsageIds.next(now);
              return List.of(
                  new CreditEntry(
                      id, account, type, amount, id, priority, cut(expiresAt), reference, now));
            });
    return !added.isEmpty();
  }

  /**
   * Spends credits, all or none.
   *
   * @param reference what they are spent for, such as the id of an event; a second time with it
   *     changes nothing and succeeds, also after it was given back: what is late is not spent again
   * @return false if there are too few, which changes nothing
   * @throws IllegalArgumentException if the amount is not more than 0
   * @throws UsageException if the store cannot do it now
   */
  public boolean spend(String account, BigDecimal amount, String reference) {
    if (amount.signum() <= 0 || CreditEntry.AMOUNT.exact(amount) == null) {
      throw new IllegalArgumentException(
          "credits to be spent must be more than 0 with at most "
              + Cost.SCALE
              + " decimals, but were "
              + DecimalBounds.shown(amount));
    }
    var spent = new boolean[1];
    Instant now = now();
    var unused =
        store.add(
            account,
            reference,
            known -> {
              spent[0] = !known.known(CreditEntry.Type.CONSUMPTION).isEmpty();
              if (spent[0]) {
                return List.of();
              }
              List<CreditEntry> entries = expired(known.lots(), now);
              List<CreditEntry> taken = taken(account, known.lots(), amount, reference, now);
              spent[0] = !taken.isEmpty();
              entries.addAll(taken);
              return entries;
            });
    return spent[0];
  }

  /** What is taken from each lot in the order of spending; nothing if there is too little. */
  private static List<CreditEntry> taken(
      String account, List<Lot> lots, BigDecimal amount, String reference, Instant now) {
    var entries = new ArrayList<CreditEntry>();
    BigDecimal missing = amount;
    for (Lot lot : lots.stream().filter(l -> !hasExpired(l, now)).sorted(SPENDING_ORDER).toList()) {
      BigDecimal part = lot.left().min(missing);
      entries.add(entry(account, CreditEntry.Type.CONSUMPTION, part.negate(), lot, reference, now));
      missing = missing.subtract(part);
      if (missing.signum() == 0) {
        return entries;
      }
    }
    return List.of();
  }

  /**
   * Gives back all that was spent under a reference, to the credits that it was taken from; what of
   * them has expired meanwhile expires again at once.
   *
   * @return false if nothing was spent under it, or it was given back before
   */
  public boolean refund(String account, String reference) {
    Instant now = now();
    List<CreditEntry> added =
        store.add(
            account,
            reference,
            known ->
                known.known(CreditEntry.Type.REFUND).isEmpty()
                    ? known.known(CreditEntry.Type.CONSUMPTION).stream()
                        .map(
                            entry ->
                                new CreditEntry(
                                    UsageIds.next(now),
                                    account,
                                    CreditEntry.Type.REFUND,
                                    entry.amount().negate(),
                                    entry.lot(),
                                    0,
                                    null,
                                    reference,
                                    now))
                        .toList()
                    : List.of());
    return !added.isEmpty();
  }

  /** What an account has that has not expired. */
  public BigDecimal balance(String account) {
    expire(account);
    return store.balance(account);
  }

  /** Takes out what has expired; returns what that was, as amounts below 0. */
  public List<CreditEntry> expire(String account) {
    Instant now = now();
    return store.add(account, null, known -> expired(known.lots(), now));
  }

  /** The entries of an account, oldest first. */
  public List<CreditEntry> entries(String account) {
    return store.entries(account);
  }

  private static List<CreditEntry> expired(List<Lot> lots, Instant now) {
    var entries = new ArrayList<CreditEntry>();
    for (Lot lot : lots) {
      if (hasExpired(lot, now)) {
        String account = lot.entry().account();
        entries.add(
            entry(
                account,
                CreditEntry.Type.EXPIRY,
                lot.left().negate(),
                lot,
                lot.entry().id().toString(),
                now));
      }
    }
    return entries;
  }

  private static boolean hasExpired(Lot lot, Instant now) {
    Instant end = lot.entry().expiresAt();
    return end != null && !now.isBefore(end);
  }

  private static CreditEntry entry(
      String account,
      CreditEntry.Type type,
      BigDecimal amount,
      Lot lot,
      String reference,
      Instant now) {
    return new CreditEntry(
        UsageIds.next(now), account, type, amount, lot.entry().id(), 0, null, reference, now);
  }

  private static @Nullable Instant cut(@Nullable Instant at) {
    return at == null ? null : at.truncatedTo(ChronoUnit.MICROS);
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
