package io.github.usage4j;

import io.github.usage4j.internal.Checks;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
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
 * @param tags only calls that have all of these tags with these values; empty for any
 * @param recordedSince only calls that the store wrote at or after this instant, rounded up to
 *     microseconds: what arrived late
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
    boolean onlyUnpriced,
    Map<String, String> tags,
    @Nullable Instant recordedSince) {

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
    if (model != null) {
      Checks.requireStorable("model", model);
    }
    tags = Map.copyOf(tags);
    tags.forEach(
        (key, value) -> {
          Checks.requireIdentifier("tag key", key, Attribution.MAX_ID);
          Checks.requireIdentifier("value of tag '" + key + "'", value, Attribution.MAX_ID);
        });
    if (recordedSince != null) {
      Instant micros = recordedSince.truncatedTo(ChronoUnit.MICROS);
      recordedSince = micros.equals(recordedSince) ? micros : micros.plus(1, ChronoUnit.MICROS);
    }
  }

  /**
   * What one organization may see.
   *
   * @throws IllegalArgumentException if the id is null or blank
   */
  public static UsageFilter organization(String id) {
    return new UsageFilter(
        false,
        required("organization", id),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        false,
        Map.of(),
        null);
  }

  /** What the administrator of all organizations may see, unattributed calls included. */
  public static UsageFilter allOrganizations() {
    return new UsageFilter(
        true, null, null, null, null, null, null, null, null, false, Map.of(), null);
  }

  /** Only calls of this actor. */
  public UsageFilter user(String id) {
    return with(copy -> copy.user = required("user", id));
  }

  /** Only calls made while viewing this customer. */
  public UsageFilter customer(String id) {
    return with(copy -> copy.customer = required("customer", id));
  }

  /** Only calls of this conversation. */
  public UsageFilter session(String id) {
    return with(copy -> copy.session = required("session", id));
  }

  /** Only calls of this feature or request type. */
  public UsageFilter category(String name) {
    return with(copy -> copy.category = required("category", name));
  }

  /** Only calls of this provider. */
  public UsageFilter provider(String name) {
    return with(copy -> copy.provider = required("provider", name));
  }

  /**
   * Only calls of this model: the one that answered, else the one asked for. Empty for calls of
   * which the model is unknown.
   */
  public UsageFilter model(String name) {
    Objects.requireNonNull(name, "model");
    return with(copy -> copy.model = name);
  }

  /** Only calls that ended like this. */
  public UsageFilter outcome(UsageEvent.Outcome outcome) {
    return with(copy -> copy.outcome = outcome);
  }

  /** Only calls that used something and have no price. */
  public UsageFilter unpriced() {
    return with(copy -> copy.onlyUnpriced = true);
  }

  /** Only calls that have this tag with this value, beside the tags asked for already. */
  public UsageFilter tag(String key, String value) {
    var more = new HashMap<>(tags);
    more.put(
        Checks.requireIdentifier("tag key", key, Attribution.MAX_ID),
        Checks.requireIdentifier("value of tag '" + key + "'", value, Attribution.MAX_ID));
    return with(copy -> copy.tags = more);
  }

  /** Only calls that the store wrote at or after this instant, by the writer's clock. */
  public UsageFilter recordedSince(Instant instant) {
    Objects.requireNonNull(instant, "recordedSince");
    return with(copy -> copy.recordedSince = instant);
  }

  /**
   * True if only single calls can tell what this filter lets through: sums by organization, user,
   * customer, category, provider and model cannot.
   */
  public boolean needsSingleCalls() {
    return session != null
        || outcome != null
        || onlyUnpriced
        || !tags.isEmpty()
        || recordedSince != null;
  }

  /**
   * True if this filter lets the call through.
   *
   * @throws IllegalStateException if it asks when calls were recorded, which a call does not know:
   *     see {@link #matches(UsageEvent, Instant)}
   */
  public boolean matches(UsageEvent event) {
    if (recordedSince != null) {
      throw new IllegalStateException(
          "this filter asks for calls recorded since "
              + recordedSince
              + ", which an event does not tell; use matches(event, recordedAt)");
    }
    return matchesContent(event);
  }

  /** True if this filter lets the call through that was recorded at the given instant. */
  public boolean matches(UsageEvent event, Instant recordedAt) {
    return (recordedSince == null || !recordedAt.isBefore(recordedSince)) && matchesContent(event);
  }

  private boolean matchesContent(UsageEvent event) {
    Attribution who = event.attribution();
    return is(organization, who.organization())
        && is(user, who.user())
        && is(customer, who.customer())
        && is(session, who.session())
        && is(category, who.category())
        && is(provider, event.provider())
        && is(model, event.model())
        && (outcome == null || outcome == event.outcome())
        && (!onlyUnpriced || event.unpriced())
        && who.tags().entrySet().containsAll(tags.entrySet());
  }

  private static boolean is(@Nullable String wanted, @Nullable String actual) {
    return wanted == null || wanted.equals(actual);
  }

  /** What a copy has in other places than this filter. */
  private final class Copy {
    private @Nullable String user = UsageFilter.this.user;
    private @Nullable String customer = UsageFilter.this.customer;
    private @Nullable String session = UsageFilter.this.session;
    private @Nullable String category = UsageFilter.this.category;
    private @Nullable String provider = UsageFilter.this.provider;
    private @Nullable String model = UsageFilter.this.model;
    private UsageEvent.@Nullable Outcome outcome = UsageFilter.this.outcome;
    private boolean onlyUnpriced = UsageFilter.this.onlyUnpriced;
    private Map<String, String> tags = UsageFilter.this.tags;
    private @Nullable Instant recordedSince = UsageFilter.this.recordedSince;
  }

  private UsageFilter with(Consumer<Copy> change) {
    var copy = new Copy();
    change.accept(copy);
    return new UsageFilter(
        everywhere,
        organization,
        copy.user,
        copy.customer,
        copy.session,
        copy.category,
        copy.provider,
        copy.model,
        copy.outcome,
        copy.onlyUnpriced,
        copy.tags,
        copy.recordedSince);
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
