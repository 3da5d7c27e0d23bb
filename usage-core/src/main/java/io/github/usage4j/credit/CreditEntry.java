package io.github.usage4j.credit;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One line of a ledger of credits. It is never changed; what an account has is the sum of the
 * amounts of its lines. Immutable.
 *
 * @param id tells this entry from every other; ids sort by time
 * @param account whose, such as an organization
 * @param type what happened
 * @param amount what it adds; negative if it takes away; never 0; at most 18 decimals
 * @param lot the entry that brought the credits that this one adds to or takes from; its own id if
 *     it brought them itself
 * @param priority for an entry that brings credits: those of the lowest number are spent first
 * @param expiresAt for an entry that brings credits: from when on they are worth nothing; null if
 *     they never expire
 * @param reference what it is known by elsewhere, or the lot of an {@link Type#EXPIRY}. Entries
 *     that one change makes in several lots have the same, and so have repeated expiries of a lot
 * @param at when it was made, cut to microseconds
 */
public record CreditEntry(
    UUID id,
    String account,
    Type type,
    BigDecimal amount,
    UUID lot,
    int priority,
    @Nullable Instant expiresAt,
    String reference,
    Instant at) {

  /** What every store keeps. */
  static final DecimalBounds AMOUNT = new DecimalBounds(20, Cost.SCALE);

  /** What happened. */
  public enum Type {
    /** Credits were paid for. */
    PURCHASE,
    /** Credits were given. */
    GRANT,
    /** Credits were added to a purchase for its size. */
    DISCOUNT,
    /** Credits were spent. */
    CONSUMPTION,
    /** Credits that were spent were given back, to the lot that they came from. */
    REFUND,
    /** What was left of credits expired. */
    EXPIRY;

    /** True if entries of this type bring credits, which others take from. */
    public boolean brings() {
      return this == PURCHASE || this == GRANT || this == DISCOUNT;
    }
  }

  /**
   * @throws IllegalArgumentException if the amount is 0, has the wrong sign for the type, or too
   *     many decimals, or a text is blank
   */
  public CreditEntry {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(lot, "lot");
    Objects.requireNonNull(at, "at");
    account = Checks.requireIdentifier("account", account, Attribution.MAX_ID);
    reference = Checks.requireIdentifier("reference", reference, Attribution.MAX_ID);
    boolean takes = type == Type.CONSUMPTION || type == Type.EXPIRY;
    if (amount.signum() != (takes ? -1 : 1)
        || amount.scale() > Cost.SCALE
        || AMOUNT.exact(amount) == null) {
      throw new IllegalArgumentException(
          "amount of a "
              + type
              + " must be "
              + (takes ? "less" : "more")
              + " than 0 with at most "
              + AMOUNT.integerDigits()
              + " digits before the point and at most "
              + Cost.SCALE
              + " decimals, but was "
              + DecimalBounds.shown(amount));
    }
  }
}
