package io.github.usage4j.limit;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Currency;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How much may be used, by whom, in which time. Reads as a sentence: {@code
 * UsageLimit.forEachUser().cost("2.00", "USD").perDay()}. Immutable; each method returns a changed
 * copy.
 *
 * <p>Usage is counted under the limit's name, so a limit that is changed and keeps its name keeps
 * what was used. Of several limits with one name and one kind of subject, the one that names the
 * caller applies, not the one for each.
 *
 * @param name tells it from others, in statuses, alerts and grants
 * @param target for whom it is
 * @param measure what is counted
 * @param amount how much is allowed; more than 0
 * @param currency of the amount if it is {@link UsageMeasure#COST}, else null
 * @param window in which time
 * @param mode what happens when it is used up
 * @param admission which calls it may refuse
 * @param reservation how much a call is thought to use before it is made
 * @param onUnpriced what a limit of cost does with calls of which nobody knows what they cost
 * @param alertAt at which percentages an alert is raised, ascending; may be empty
 * @param assumedOutput how many output tokens are expected of a call that does not say
 */
public record UsageLimit(
    String name,
    LimitTarget target,
    UsageMeasure measure,
    BigDecimal amount,
    @Nullable Currency currency,
    LimitWindow window,
    Mode mode,
    Admission admission,
    Reservation reservation,
    Unpriced onUnpriced,
    List<Integer> alertAt,
    long assumedOutput) {

  /** At which percentages alerts are raised unless a limit says otherwise. */
  public static final List<Integer> DEFAULT_ALERTS = List.of(75, 90, 100);

  /** How many output tokens are expected of a call unless it or the limit says: {@value}. */
  public static final long DEFAULT_ASSUMED_OUTPUT = 500;

  /** The greatest number of tokens, calls or operations. */
  public static final long MAX_COUNT = 1_000_000_000_000_000L;

  /** How many decimals an amount of money may have: {@value}. */
  public static final int MAX_DECIMALS = 9;

  /** What happens when a limit is used up. */
  public enum Mode {
    /** Calls are refused, and several instances together never pass it. */
    HARD,
    /** Calls are refused, but several instances may pass it by what they use in some seconds. */
    SOFT,
    /** Nothing is refused; it is shown and alerts are raised. */
    OBSERVE
  }

  /** Which calls a limit may refuse. */
  public enum Admission {
    /** Each: a loop of tool calls stops in the middle. */
    EVERY_CALL,
    /** The first of an operation: what has begun is finished, at most a little past the limit. */
    WHOLE_OPERATION
  }

  /** What a limit of cost does with calls of which nobody knows what they cost. */
  public enum Unpriced {
    /** Refuses them, because it could not hold otherwise. */
    REFUSE,
    /** Lets them through; they count nothing. */
    ALLOW
  }

  /** How much a call is thought to use before it is made. */
  public enum Reservation {
    /** Its estimated input and the output it asks for at most, or the assumed output. */
    EXPECTED,
    /** The most that it can use: a token for each byte of the request, the model's maximum. */
    WORST_CASE
  }

  /**
   * @throws IllegalArgumentException naming the component, the rule and the value that breaks it
   */
  public UsageLimit {
    Objects.requireNonNull(target, "target");
    name = Checks.requireIdentifier("limit name", name, Attribution.MAX_ID);
    LimitChecks.amount(name, measure, amount, currency);
    LimitChecks.window(name, measure, amount, window, mode);
    alertAt = LimitChecks.thresholds(name, alertAt);
    if (assumedOutput < 0) {
      throw new IllegalArgumentException(
          "assumedOutput of limit '" + name + "' must not be negative, but was " + assumedOutput);
    }
  }

  /** For all usage of one organization together. */
  public static LimitTarget forOrganization(String organization) {
    return new LimitTarget(
        Subject.ORGANIZATION, required("organization", organization), null, null, null);
  }

  /** For every organization, each by itself. Usage of no organization is not limited by it. */
  public static LimitTarget forEachOrganization() {
    return new LimitTarget(Subject.ORGANIZATION, null, null, null, null);
  }

  /**
   * For one user.
   *
   * @param organization whose user; null if users have none
   */
  public static LimitTarget forUser(@Nullable String organization, String user) {
    return new LimitTarget(Subject.USER, organization, required("user", user), null, null);
  }

  /** For every user of every organization, each by itself. */
  public static LimitTarget forEachUser() {
    return new LimitTarget(Subject.USER, null, null, null, null);
  }

  /** For every user of one organization, each by itself. */
  public static LimitTarget forEachUserOf(String organization) {
    return new LimitTarget(Subject.USER, required("organization", organization), null, null, null);
  }

  /** For what is used for one customer; null if customers belong to no organization. */
  public static LimitTarget forCustomer(@Nullable String organization, String customer) {
    return new LimitTarget(
        Subject.CUSTOMER, organization, required("customer", customer), null, null);
  }

  /** For every customer of every organization, each by itself. */
  public static LimitTarget forEachCustomer() {
    return new LimitTarget(Subject.CUSTOMER, null, null, null, null);
  }

  /** For all usage of one category, whoever causes it. */
  public static LimitTarget forCategory(String category) {
    return new LimitTarget(Subject.APPLICATION, null, null, required("category", category), null);
  }

  /** For all calls that ask for one model, whoever makes them. */
  public static LimitTarget forModel(String model) {
    return new LimitTarget(Subject.APPLICATION, null, null, null, required("model", model));
  }

  /** For all usage of everybody. */
  public static LimitTarget forApplication() {
    return new LimitTarget(Subject.APPLICATION, null, null, null, null);
  }

  private static String required(String what, String id) {
    return Checks.requireIdentifier(what, id, Attribution.MAX_ID);
  }

  /** The same under another name, of which it keeps what was used. */
  public UsageLimit named(String limitName) {
    return with(limitName, target, mode, admission, reservation, onUnpriced, alertAt);
  }

  /** The same for calls of one category only. */
  public UsageLimit onlyCategory(String category) {
    return with(target.withCategory(required("category", category)));
  }

  /** The same for calls only that ask for one model. */
  public UsageLimit onlyModel(String model) {
    return with(target.withModel(required("model", model)));
  }

  /** The same without alerts. */
  public UsageLimit withoutAlerts() {
    return with(name, target, mode, admission, reservation, onUnpriced, List.of());
  }

  /** The same with alerts at these percentages. */
  public UsageLimit alertAt(int... percent) {
    List<Integer> at = Arrays.stream(percent).boxed().toList();
    return with(name, target, mode, admission, reservation, onUnpriced, at);
  }

  /** The same, refusing nothing. */
  public UsageLimit observeOnly() {
    return with(name, target, Mode.OBSERVE, admission, reservation, onUnpriced, alertAt);
  }

  /** The same, which several instances may pass a little: cheaper, and never near refusing. */
  public UsageLimit soft() {
    return with(name, target, Mode.SOFT, admission, reservation, onUnpriced, alertAt);
  }

  /**
   * The same, never passed.
   *
   * @throws IllegalArgumentException if it counts rolling days, which must be soft
   */
  public UsageLimit hard() {
    return with(name, target, Mode.HARD, admission, reservation, onUnpriced, alertAt);
  }

  /** The same, deciding by these calls. Default {@link Admission#EVERY_CALL}. */
  public UsageLimit admission(Admission which) {
    return with(name, target, mode, which, reservation, onUnpriced, alertAt);
  }

  /** The same, reserving so much. Default {@link Reservation#EXPECTED}. */
  public UsageLimit reservation(Reservation howMuch) {
    return with(name, target, mode, admission, howMuch, onUnpriced, alertAt);
  }

  /** The same for calls of which nobody knows what they cost. Default {@link Unpriced#REFUSE}. */
  public UsageLimit onUnpriced(Unpriced what) {
    return with(name, target, mode, admission, reservation, what, alertAt);
  }

  /** The same, expecting so many output tokens of calls that do not say. */
  public UsageLimit assumedOutput(long tokens) {
    return new UsageLimit(
        name,
        target,
        measure,
        amount,
        currency,
        window,
        mode,
        admission,
        reservation,
        onUnpriced,
        alertAt,
        tokens);
  }

  private UsageLimit with(LimitTarget other) {
    boolean derived = name.equals(LimitTarget.derivedName(target, measure, window));
    return with(
        derived ? LimitTarget.derivedName(other, measure, window) : name,
        other,
        mode,
        admission,
        reservation,
        onUnpriced,
        alertAt);
  }

  private UsageLimit with(
      String limitName,
      LimitTarget who,
      Mode what,
      Admission which,
      Reservation howMuch,
      Unpriced unpriced,
      List<Integer> alerts) {
    return new UsageLimit(
        limitName,
        who,
        measure,
        amount,
        currency,
        window,
        what,
        which,
        howMuch,
        unpriced,
        alerts,
        assumedOutput);
  }

  /** True if it limits calls of this attribution that ask for this model. */
  public boolean appliesTo(Attribution who, String requestModel) {
    return scopeFor(who, requestModel) != null;
  }

  /** Whose usage is counted for such a call; null if the limit does not apply to it. */
  @Nullable Scope scopeFor(Attribution who, String requestModel) {
    return target.scopeFor(who, requestModel);
  }

  LimitKey key(Scope scope, BillingPeriod period) {
    return new LimitKey(name, measure, currency, scope, period);
  }

  /** As text in JSON, to be stored. */
  public String toJson() {
    return LimitJson.write(this);
  }

  /**
   * A limit that was stored.
   *
   * @throws IllegalArgumentException if the text is not what {@link #toJson} writes
   */
  public static UsageLimit fromJson(String json) {
    return LimitJson.read(json);
  }
}
