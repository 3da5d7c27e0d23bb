package io.github.usage4j.limit;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageException;
import io.github.usage4j.internal.DecimalBounds;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a store keeps of limits for all instances of an application: the SPI behind limits.
 *
 * <h2>What a store promises of a counter</h2>
 *
 * <p>A {@link LimitKey} that was opened has a <em>state</em>, which never ends but may be forgotten
 * some time after its period.
 *
 * <ul>
 *   <li><b>used</b> is at every commit the sum of {@link LimitKey#amountOf} over all events stored
 *       that the key {@link LimitKey#counts}, those included that were stored before it was opened
 *       and those that another instance writes, which may know no limits at all. It changes only in
 *       the transaction that stores an event (new ids only). A store that forgets single events
 *       after some time keeps counting what they added, and a cost that is changed afterwards
 *       changes no counter that is open.
 *   <li><b>leased</b> is the sum of what holders have. A lease is changed only by {@link #lease},
 *       {@link #reclaim}, {@link #leave}, and by the transaction that stores an event: where a
 *       holder that has {@link #join joined} <em>this store object</em> {@link Holder#covers} the
 *       event, its lease of that key is lowered by the event's amount, but not below 0, in the same
 *       transaction that raises used.
 *   <li><b>Alerts</b> of thresholds are inserted wherever used, the allowance, or the thresholds
 *       change, in that same transaction, while the state's row is locked; see {@link
 *       Terms#crossed}. A counter that {@link LimitKey#endsWithRenewal} raises none any more once a
 *       later period of its organization was opened.
 *   <li><b>The counter of a billing period whose end has become known</b> has the add-ons of the
 *       one {@link LimitKey#beforeRenewal}, and raises no alert that this one has raised.
 * </ul>
 *
 * <p>Because used and leased change together, {@code used + leased <= allowance + granted} holds as
 * long as no event uses more than was reserved for it.
 *
 * <h2>Threads and failures</h2>
 *
 * <p>All methods may be called by several threads and instances at once. Each is one transaction:
 * it happens as a whole or not at all, and what it returns is what it committed. A method that
 * cannot be done throws {@link UsageException}; a caller that does not know whether it was done may
 * call it again, except where its description says otherwise. No method may call code of the
 * host's, a {@link Holder} included, while it holds a lock that another method needs, except for
 * {@link Holder#covers}, which is quick and takes no lock.
 *
 * <p>A store has no notion of "now" in these methods except to stamp rows: which period counts is
 * the caller's business, and whether a holder is alive is told by beats, not by clocks.
 */
public interface LimitStore {

  /**
   * An instance that holds leases. Its methods are called by the thread that writes events; they
   * are quick, take no locks and do not throw.
   */
  interface Holder {

    /** Tells this holder from all others that ever were; at most 64 characters. */
    String id();

    /**
     * True if this holder reserved for an event under a key, so that its lease is to be lowered by
     * what the event adds. Asked inside of the transaction, once or more for each new event and
     * key.
     */
    boolean covers(UUID eventId, LimitKey key);

    /**
     * Called after the commit, for each event that this holder {@link #covers} and each opened key
     * that the event counts for. For an event that the store had already it is called too, with the
     * event's amount: whether it lowered the lease the first time is not known then, and the next
     * {@link #lease} puts that right.
     *
     * @param used the event's amount; 0 or more
     * @param lowered by how much the lease was lowered
     */
    void stored(UUID eventId, LimitKey key, BigDecimal used, BigDecimal lowered);

    /** Called after a commit that raised alerts. */
    void alertsRaised();
  }

  /**
   * What a limit's definition says of a counter at the moment. The last one told counts.
   *
   * @param allowance how much is allowed, without add-ons; more than 0
   * @param alertAt the percentages at which alerts are raised, ascending; may be empty
   */
  record Terms(BigDecimal allowance, List<Integer> alertAt) {

    /** Copies the list. */
    public Terms {
      Objects.requireNonNull(allowance, "allowance");
      alertAt = List.copyOf(alertAt);
    }

    /**
     * The threshold of which an alert is to be raised now: the highest that is reached, if it is
     * higher than each that was raised for this counter; 0 for none. So an amount that jumps over
     * several raises one alert, and none is raised twice in a period.
     *
     * @param used what is used now
     * @param total allowance and add-ons
     * @param raised the highest that was raised for the counter; 0 if none was
     */
    public int crossed(BigDecimal used, BigDecimal total, int raised) {
      int highest = 0;
      for (int threshold : alertAt) {
        boolean reached =
            used.movePointRight(2).compareTo(total.multiply(BigDecimal.valueOf(threshold))) >= 0;
        highest = reached ? threshold : highest;
      }
      return highest > raised ? highest : 0;
    }
  }

  /**
   * A request for a lease.
   *
   * @param terms what the limit allows
   * @param holding what the holder believes to have of this key
   * @param least how much more it needs; 0 to give back what it has above {@code holding}
   * @param most how much more it would take to have some in stock; at least {@code least}
   */
  record Ask(Terms terms, BigDecimal holding, BigDecimal least, BigDecimal most) {}

  /**
   * An answer.
   *
   * @param state where the counter stands, with what was added
   * @param added how much the holder has got by this call: 0, or at least what it needs
   */
  record Lease(LimitState state, BigDecimal added) {}

  /**
   * Begins to count for a key, if that was not begun, and says where it stands. The terms are
   * stored. Idempotent.
   *
   * <p>Atomicity: when this has returned, used is exact, whatever other transactions were storing
   * events meanwhile: each event is in the sum from which the counter starts, or its own
   * transaction has added it, never both, never neither.
   */
  LimitState open(LimitKey key, Terms terms);

  /** Like {@link #open} for several keys, each by itself; in the same order. */
  default List<LimitState> open(Map<LimitKey, Terms> keys) {
    return keys.entrySet().stream().map(key -> open(key.getKey(), key.getValue())).toList();
  }

  /** Makes a holder known: it may lease, and it is told of events that this object stores. */
  void join(Holder holder);

  /**
   * A holder goes: it is told of nothing more, and its alerts may be taken by others. Its leases
   * are given back, unless it says that there are events under way: then they stay until another
   * one reclaims them.
   *
   * @param givesBack false if events that it covers may still be stored by somebody
   */
  void leave(Holder holder, boolean givesBack);

  /**
   * Changes what a holder has of a counter, which is opened if it was not. In one statement, or
   * under the lock of the state's row:
   *
   * <ol>
   *   <li>the terms are stored;
   *   <li>what the holder has is set to the smaller of what is stored and {@code holding}: it may
   *       have lost an answer, and never believes to have more than it has;
   *   <li>{@link #slice} of the {@link LimitState#room} then left is added to it.
   * </ol>
   *
   * @return what was added, and the state after that
   * @throws UsageException if the holder is not known, or was reclaimed
   */
  Lease lease(String holder, LimitKey key, Ask ask);

  /**
   * Raises the beat of a holder by one.
   *
   * @return the beats of all holders that are known; this one is not among them if it was reclaimed
   */
  Map<String, Long> beat(String holder);

  /**
   * Takes all leases back from a holder, and forgets it, if its beat is still this one. What it
   * covered and is stored later raises used, and lowers nobody's lease.
   *
   * @return false if its beat is another one, or it is not known
   */
  boolean reclaim(String holder, long beat);

  /**
   * Adds to what is allowed by one counter, once for each reference.
   *
   * @param reference what the grant is known by elsewhere, such as an invoice; a grant of the same
   *     limit name, {@link LimitKey.Scope} and reference, of whatever period, is the same
   * @param amount more than 0
   * @return false if there is a grant of that reference already, which stays as it is
   */
  boolean grant(LimitKey key, BigDecimal amount, String reference);

  /** The grants of a counter, oldest first. */
  List<Grant> grants(LimitKey key);

  /**
   * An add-on.
   *
   * @param reference what it is known by elsewhere
   * @param amount how much it adds
   * @param at when it was stored
   */
  record Grant(String reference, BigDecimal amount, Instant at) {}

  /**
   * A billing system has begun a new period of an organization. Nothing is reset: counters of the
   * new period are others.
   *
   * @param start cut to microseconds; it may lie in the past or between two that are known
   * @param externalId what the period is known by there
   * @return false if that id is known already for the organization, whose start stays as it is
   * @throws IllegalArgumentException if no period can begin then
   */
  boolean openPeriod(String organization, Instant start, String externalId);

  /**
   * Checks what a grant adds.
   *
   * @return the amount
   * @throws IllegalArgumentException if it is not more than 0, or has more than 20 digits before
   *     the point or {@link Cost#SCALE} decimals
   */
  static BigDecimal requireGrant(BigDecimal amount) {
    if (amount.signum() <= 0) {
      throw new IllegalArgumentException(
          "amount of a grant must be more than 0, but was " + DecimalBounds.shown(amount));
    }
    return new DecimalBounds(20, Cost.SCALE).require("amount of a grant", amount);
  }

  /**
   * Checks where a billing period begins.
   *
   * @return the start, cut to microseconds
   * @throws IllegalArgumentException if no period can begin then
   */
  static Instant requireStart(Instant start) {
    if (start.isBefore(BillingPeriod.lifetime().start())
        || !start.isBefore(LimitWindow.UNTIL_RENEWAL)) {
      throw new IllegalArgumentException(
          "start of a billing period must be from "
              + BillingPeriod.lifetime().start()
              + " and before "
              + LimitWindow.UNTIL_RENEWAL
              + ", but was "
              + start);
    }
    return start.truncatedTo(ChronoUnit.MICROS);
  }

  /**
   * The billing period of an organization that contains an instant: from the last start that is not
   * after it to the next one. Without a start before or after, it begins in 1970 or ends in 9999.
   */
  BillingPeriod periodAt(String organization, Instant at);

  /** The limits that are stored; see {@link #put}. */
  List<UsageLimit> limits();

  /** A number that is another one after each {@link #put} and {@link #remove}. Cheap. */
  long limitsVersion();

  /**
   * Stores a limit in place of the one of its name and {@link LimitTarget}, if there is one, and
   * what was changed by whom, in one transaction.
   */
  void put(UsageLimit limit, String by);

  /** Removes a stored limit, keeping who did; false if there is none. */
  boolean remove(String limitName, LimitTarget target, String by);

  /** What was done to stored limits of a name, oldest first. */
  List<Change> changes(String limitName);

  /**
   * One change of a stored limit.
   *
   * @param before null if there was none
   * @param after null if it was removed
   * @param by who did it
   * @param at when
   */
  record Change(@Nullable UsageLimit before, @Nullable UsageLimit after, String by, Instant at) {}

  /**
   * Stores an alert unless there is one of its type, threshold and key.
   *
   * @return false if there is
   */
  boolean raise(UsageAlert alert);

  /** All alerts whose key's scope is this one, newest first, at most so many. */
  List<UsageAlert> alerts(LimitKey.Scope scope, int most);

  /**
   * Alerts that wait to be delivered, oldest first: those that this holder took before and did not
   * deliver yet, and those that no holder that is still known has taken, which it takes by this.
   */
  List<UsageAlert> takeAlerts(String holder, int most);

  /** An alert was delivered: it is given to nobody any more. Idempotent. */
  void delivered(UUID alertId);

  /**
   * Somebody knows of an alert. The first one counts.
   *
   * @return false if it was acknowledged before, or there is no such alert
   */
  boolean acknowledge(UUID alertId, String by);

  /**
   * How much a holder gets of the room there is: what it needs, and in stock a sixteenth of the
   * room, so that several instances share what is left; nothing if there is less than it needs.
   * Whole units only, where {@code least} is whole.
   */
  static BigDecimal slice(BigDecimal room, Ask ask) {
    if (ask.least().signum() <= 0 || room.compareTo(ask.least()) < 0) {
      return BigDecimal.ZERO;
    }
    BigDecimal share =
        room.divide(BigDecimal.valueOf(16), Math.max(0, ask.least().scale()), RoundingMode.DOWN);
    return ask.least().max(share.min(ask.most()));
  }
}
