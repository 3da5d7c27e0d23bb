package io.github.usage4j.limit;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.internal.Checks;
import java.math.BigDecimal;
import java.util.Currency;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One counter of one limit: what is counted, of whom, and when. It says by itself which events
 * count, so that a store needs no other knowledge of limits. Immutable.
 *
 * @param limit the name of the limit
 * @param measure what is counted
 * @param currency of the amounts if {@link UsageMeasure#COST} is counted, else null
 * @param scope whose calls count
 * @param period when they must have started to count
 */
public record LimitKey(
    String limit,
    UsageMeasure measure,
    @Nullable Currency currency,
    Scope scope,
    BillingPeriod period) {

  /** Whose usage a limit counts. */
  public enum Subject {
    /** That of everybody. */
    APPLICATION,
    /** That of one organization. */
    ORGANIZATION,
    /** That of one user of one organization. */
    USER,
    /** That for one customer of one organization. */
    CUSTOMER
  }

  /**
   * @throws IllegalArgumentException if the name is blank, or there is a currency where no cost is
   *     counted, or none where it is
   */
  public LimitKey {
    limit = Checks.requireIdentifier("limit name", limit, Attribution.MAX_ID);
    Objects.requireNonNull(scope, "scope");
    Objects.requireNonNull(period, "period");
    if ((measure == UsageMeasure.COST) != (currency != null)) {
      throw new IllegalArgumentException(
          "currency must be given if COST is counted, and only then, but measure was "
              + measure
              + " and currency "
              + currency);
    }
  }

  /**
   * True if the period ends when somebody says that the next one begins: that of {@link
   * LimitTarget.Allowance#perBillingPeriod}, while the next one is not known. When it is, the
   * counter of the same start and that end takes this one's place, and this one raises no alerts.
   */
  public boolean endsWithRenewal() {
    return period.end().equals(LimitWindow.UNTIL_RENEWAL);
  }

  /** The counter that this one took the place of when the end of its period became known. */
  public LimitKey beforeRenewal() {
    var open = BillingPeriod.of(period.start(), LimitWindow.UNTIL_RENEWAL);
    return new LimitKey(limit, measure, currency, scope, open);
  }

  /** True if this event adds to the counter; it may add 0. */
  public boolean counts(UsageEvent event) {
    return period.contains(event.occurredAt())
        && scope.contains(event.attribution(), event.requestModel());
  }

  /**
   * What an event adds to the counter, if it {@link #counts}: 0 if it was refused, or its tokens or
   * its cost are unknown, or its cost is in another currency. Never negative.
   */
  public BigDecimal amountOf(UsageEvent event) {
    if (event.outcome() == Outcome.REFUSED) {
      return BigDecimal.ZERO;
    }
    return switch (measure) {
      case TOKENS -> amount(event.tokens().total());
      case COST -> costOf(event);
      case CALLS -> BigDecimal.ONE;
      case OPERATIONS -> event.opensOperation() ? BigDecimal.ONE : BigDecimal.ZERO;
    };
  }

  private static BigDecimal amount(@Nullable Long count) {
    return count == null ? BigDecimal.ZERO : BigDecimal.valueOf(count);
  }

  private BigDecimal costOf(UsageEvent event) {
    Cost cost = event.cost();
    return cost == null || !cost.currency().equals(currency) ? BigDecimal.ZERO : cost.total();
  }

  /**
   * Whose calls count. {@code null} means any, except for what the subject names.
   *
   * @param subject what kind of identifiers name it
   * @param organization of the organization, or of the user or customer; null for the application,
   *     and for a user or customer who has none
   * @param id the user or the customer, else null
   * @param category only calls of this category
   * @param model only calls that asked for this model, compared as it was asked for
   */
  public record Scope(
      Subject subject,
      @Nullable String organization,
      @Nullable String id,
      @Nullable String category,
      @Nullable String model) {

    /**
     * @throws IllegalArgumentException if an identifier is missing that the subject needs, or given
     *     that it does not have
     */
    public Scope {
      boolean single = subject == Subject.USER || subject == Subject.CUSTOMER;
      organization = Checks.identifier("organization", organization, Attribution.MAX_ID);
      id = Checks.identifier("id", id, Attribution.MAX_ID);
      category = Checks.identifier("category", category, Attribution.MAX_ID);
      if (single != (id != null)
          || (subject == Subject.APPLICATION && organization != null)
          || (subject == Subject.ORGANIZATION && organization == null)) {
        throw new IllegalArgumentException(
            "a scope of subject "
                + subject
                + " must have the identifiers that name it and no others, but had organization "
                + organization
                + " and id "
                + id);
      }
    }

    /** True if calls of this attribution that ask for this model count. */
    public boolean contains(Attribution who, String requestModel) {
      return named(who)
          && (category == null || category.equals(who.category()))
          && (model == null || model.equals(requestModel));
    }

    private boolean named(Attribution who) {
      return switch (subject) {
        case APPLICATION -> true;
        case ORGANIZATION -> Objects.equals(organization, who.organization());
        case USER ->
            Objects.equals(id, who.user()) && Objects.equals(organization, who.organization());
        case CUSTOMER ->
            Objects.equals(id, who.customer()) && Objects.equals(organization, who.organization());
      };
    }
  }
}
