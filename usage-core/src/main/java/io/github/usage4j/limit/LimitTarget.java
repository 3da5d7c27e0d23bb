package io.github.usage4j.limit;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import java.math.BigDecimal;
import java.util.Currency;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * For whom a limit is. Null components mean each, or any.
 *
 * @param subject whose usage is added up
 * @param organization which one; null for each
 * @param id which user or customer; null for each
 * @param category only this one; null for any
 * @param model only this one, as it was asked for; null for any
 */
public record LimitTarget(
    Subject subject,
    @Nullable String organization,
    @Nullable String id,
    @Nullable String category,
    @Nullable String model) {

  /**
   * @throws IllegalArgumentException if an identifier is none, or one is given that the subject
   *     does not have: a limit of the application has no organization
   */
  public LimitTarget {
    Objects.requireNonNull(subject, "subject");
    organization = Checks.identifier("organization", organization, Attribution.MAX_ID);
    id = Checks.identifier("id", id, Attribution.MAX_ID);
    category = Checks.identifier("category", category, Attribution.MAX_ID);
    model = Checks.identifier("model", model, Attribution.MAX_ID);
    boolean single = subject == Subject.USER || subject == Subject.CUSTOMER;
    if ((id != null && !single) || (organization != null && subject == Subject.APPLICATION)) {
      throw new IllegalArgumentException(
          "a limit of subject "
              + subject
              + " must have no identifiers that the subject has not, but had organization "
              + organization
              + " and id "
              + id);
    }
  }

  /** So many tokens, input and output together. */
  public Allowance tokens(long amount) {
    return new Allowance(this, UsageMeasure.TOKENS, BigDecimal.valueOf(amount), null);
  }

  /**
   * So much money.
   *
   * @param amount such as {@code 2.50}
   * @param currency an ISO 4217 code; calls priced in another currency do not count
   */
  public Allowance cost(String amount, String currency) {
    return new Allowance(
        this, UsageMeasure.COST, LimitChecks.number(amount), Cost.currencyOf(currency));
  }

  /** So many model calls. */
  public Allowance calls(long amount) {
    return new Allowance(this, UsageMeasure.CALLS, BigDecimal.valueOf(amount), null);
  }

  /** So many user requests, however many calls each of them makes. */
  public Allowance operations(long amount) {
    return new Allowance(this, UsageMeasure.OPERATIONS, BigDecimal.valueOf(amount), null);
  }

  /** So many calls under way at once, in each instance of the application. */
  public UsageLimit callsAtOnce(int amount) {
    return calls(amount).in(LimitWindow.of(LimitWindow.Kind.AT_ONCE));
  }

  LimitTarget withCategory(String only) {
    return new LimitTarget(subject, organization, id, only, model);
  }

  LimitTarget withModel(String only) {
    return new LimitTarget(subject, organization, id, category, only);
  }

  /** How closely it says whom it is for: each, each of an organization, or the one it names. */
  int precision() {
    return id != null ? 2 : organization != null ? 1 : 0;
  }

  @Nullable Scope scopeFor(Attribution who, String requestModel) {
    boolean filtered =
        (category == null || category.equals(who.category()))
            && (model == null || model.equals(requestModel));
    if (!filtered) {
      return null;
    }
    String actual =
        switch (subject) {
          case APPLICATION -> null;
          case ORGANIZATION -> who.organization();
          case USER -> who.user();
          case CUSTOMER -> who.customer();
        };
    return switch (subject) {
      case APPLICATION -> new Scope(subject, null, null, category, model);
      case ORGANIZATION ->
          actual == null || (organization != null && !organization.equals(actual))
              ? null
              : new Scope(subject, actual, null, category, model);
      case USER, CUSTOMER ->
          actual == null || !isOf(who.organization(), actual)
              ? null
              : new Scope(subject, who.organization(), actual, category, model);
    };
  }

  /** Each user or customer, of this organization if it names one; or the one it names. */
  private boolean isOf(@Nullable String whose, String actual) {
    return id == null
        ? organization == null || organization.equals(whose)
        : id.equals(actual) && Objects.equals(whose, organization);
  }

  /** In words that make a name. */
  @Override
  public String toString() {
    String words = subject.name().toLowerCase(Locale.ROOT);
    words += category == null ? "" : " " + category;
    return words + (model == null ? "" : " " + model);
  }

  static String derivedName(LimitTarget target, UsageMeasure measure, LimitWindow window) {
    String name = target + " " + measure.name().toLowerCase(Locale.ROOT) + " per " + window;
    return Checks.text(name, Attribution.MAX_ID).strip();
  }

  /**
   * How much, of what, for whom; one of its methods says in which time.
   *
   * @param target for whom
   * @param measure what is counted
   * @param amount how much
   * @param currency null unless money is counted
   */
  public record Allowance(
      LimitTarget target, UsageMeasure measure, BigDecimal amount, @Nullable Currency currency) {

    /** In every minute, in each instance of the application; up to so many at once. */
    public UsageLimit perMinute() {
      return in(LimitWindow.of(LimitWindow.Kind.MINUTE));
    }

    /** In every hour, in each instance of the application; up to so many at once. */
    public UsageLimit perHour() {
      return in(LimitWindow.of(LimitWindow.Kind.HOUR));
    }

    /** On every day in UTC. */
    public UsageLimit perDay() {
      return in(LimitWindow.of(LimitWindow.Kind.DAY));
    }

    /** In every ISO week, which begins on Monday in UTC. */
    public UsageLimit perWeek() {
      return in(LimitWindow.of(LimitWindow.Kind.WEEK));
    }

    /** In every calendar month in UTC. */
    public UsageLimit perMonth() {
      return perMonthFrom(1);
    }

    /**
     * In every month that begins on this day, in UTC.
     *
     * @param billingDay 1 to 31; 29 to 31 begin on a shorter month's last day
     */
    public UsageLimit perMonthFrom(int billingDay) {
      return in(new LimitWindow(LimitWindow.Kind.MONTH, billingDay));
    }

    /** From one renewal of the organization to the next; see {@link LimitStore#openPeriod}. */
    public UsageLimit perBillingPeriod() {
      return in(LimitWindow.of(LimitWindow.Kind.BILLING));
    }

    /** In the last so many days in UTC, today included. Soft: see docs/limits.md. */
    public UsageLimit perRollingDays(int days) {
      return in(new LimitWindow(LimitWindow.Kind.ROLLING_DAYS, days));
    }

    /** Once and for all. */
    public UsageLimit inTotal() {
      return in(LimitWindow.of(LimitWindow.Kind.LIFETIME));
    }

    UsageLimit in(LimitWindow window) {
      boolean rolling = window.kind() == LimitWindow.Kind.ROLLING_DAYS;
      return new UsageLimit(
          derivedName(target, measure, window),
          target,
          measure,
          amount,
          currency,
          window,
          rolling ? UsageLimit.Mode.SOFT : UsageLimit.Mode.HARD,
          UsageLimit.Admission.EVERY_CALL,
          UsageLimit.Reservation.EXPECTED,
          UsageLimit.Unpriced.REFUSE,
          UsageLimit.DEFAULT_ALERTS,
          UsageLimit.DEFAULT_ASSUMED_OUTPUT);
    }
  }
}
