package io.github.usage4j;

import io.github.usage4j.internal.Checks;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which calls a reader asks for. A filter always says for which organization, or that the reader is
 * the administrator of all of them: take it from the login, never from the request. Immutable; each
 * method returns a narrower copy. {@code null} means any.
 *
 * @param everywhere true if the reader may see every organization
 * @param organization the only organization seen; null with {@code everywhere}
 * @param user only calls of this actor
 * @param customer only calls made while viewing this customer
 * @param session only calls of this conversation
 * @param category only calls of this feature or request type
 * @param provider only calls of this provider
 * @param model only calls of this model: the one that answered, else the one asked for
 * @param outcome only calls that ended like this
 * @param onlyUnpriced only calls that used something and have no price
 */
public record UsageFilter(
    boolean everywhere,
    @Nullable String organization,
    @Nullable String user,
    @Nullable String customer,
    @Nullable String session,
    @Nullable String category,
    @Nullable String provider,
    @Nullable String model,
    UsageEvent.@Nullable Outcome outcome,
    boolean onlyUnpriced) {

  /**
   * @throws IllegalArgumentException if neither one organization nor all are asked for, or a value
   *     is blank: what would be "unattributed" in an {@link Attribution} must not become everybody
   */
  public UsageFilter {
    if (!everywhere || organization != null) {
      required("organization", organization);
    }
    notBlank("user", user);
    notBlank("customer", customer);
    notBlank("session", session);
    notBlank("category", category);
    notBlank("provider", provider);
  }

  /**
   * What one organization may see.
   *
   * @throws IllegalArgumentException if the id is null or blank
   */
  public static UsageFilter organization(String id) {
    return new UsageFilter(
        false, required("organization", id), null, null, null, null, null, null, null, false);
  }

  /** What the administrator of all organizations may see, unattributed calls included. */
  public static UsageFilter allOrganizations() {
    return new UsageFilter(true, null, null, null, null, null, null, null, null, false);
  }

  /** Only calls of this actor. */
  public UsageFilter user(String id) {
    return copy(required("user", id), customer, session, category, provider, model, outcome);
  }

  /** Only calls made while viewing this customer. */
  public UsageFilter customer(String id) {
    return copy(user, required("customer", id), session, category, provider, model, outcome);
  }

  /** Only calls of this conversation. */
  public UsageFilter session(String id) {
    return copy(user, customer, required("session", id), category, provider, model, outcome);
  }

  /** Only calls of this feature or request type. */
  public UsageFilter category(String name) {
    return copy(user, customer, session, required("category", name), provider, model, outcome);
  }

  /** Only calls of this provider. */
  public UsageFilter provider(String name) {
    return copy(user, customer, session, category, required("provider", name), model, outcome);
  }

  /**
   * Only calls of this model: the one that answered, else the one asked for. Empty for calls of
   * which the model is unknown.
   */
  public UsageFilter model(String name) {
    Objects.requireNonNull(name, "model");
    return copy(user, customer, session, category, provider, name, outcome);
  }

  /** Only calls that ended like this. */
  public UsageFilter outcome(UsageEvent.Outcome outcome) {
    return copy(user, customer, session, category, provider, model, outcome);
  }

  /** Only calls that used something and have no price. */
  public UsageFilter unpriced() {
    return new UsageFilter(
        everywhere,
        organization,
        user,
        customer,
        session,
        category,
        provider,
        model,
        outcome,
        true);
  }

  /** True if this filter lets the call through. */
  public boolean matches(UsageEvent event) {
    Attribution who = event.attribution();
    return is(organization, who.organization())
        && is(user, who.user())
        && is(customer, who.customer())
        && is(session, who.session())
        && is(category, who.category())
        && is(provider, event.provider())
        && is(model, event.model())
        && (outcome == null || outcome == event.outcome())
        && (!onlyUnpriced || event.unpriced());
  }

  private static boolean is(@Nullable String wanted, @Nullable String actual) {
    return wanted == null || wanted.equals(actual);
  }

  private UsageFilter copy(
      @Nullable String user,
      @Nullable String customer,
      @Nullable String session,
      @Nullable String category,
      @Nullable String provider,
      @Nullable String model,
      UsageEvent.@Nullable Outcome outcome) {
    return new UsageFilter(
        everywhere,
        organization,
        user,
        customer,
        session,
        category,
        provider,
        model,
        outcome,
        onlyUnpriced);
  }

  private static String required(String name, @Nullable String value) {
    return Checks.requireIdentifier(name, value, UsageEvent.MAX_NAME);
  }

  private static void notBlank(String name, @Nullable String value) {
    if (value != null) {
      required(name, value);
    }
  }
}
