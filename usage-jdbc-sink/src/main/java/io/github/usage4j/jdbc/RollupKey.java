package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the calls of a rollup row have in common. Nothing is null, because NULL never matches in an
 * upsert: "" is unattributed.
 *
 * @param currency {@link #UNPRICED} if there is no price
 */
record RollupKey(
    String organization,
    String user,
    String customer,
    String category,
    String provider,
    String model,
    String currency) {

  /** ISO 4217 for "no currency"; no {@code Cost} may have it. */
  static final String UNPRICED = "XXX";

  /** In the order in which they are hashed. */
  static final List<String> COLUMNS =
      List.of(
          "organization", "user_id", "customer_id", "category", "provider", "model", "currency");

  /** The values of {@link #COLUMNS}. */
  static final List<Function<RollupKey, String>> VALUES =
      List.of(
          RollupKey::organization,
          RollupKey::user,
          RollupKey::customer,
          RollupKey::category,
          RollupKey::provider,
          RollupKey::model,
          RollupKey::currency);

  /** Those that rows of whole organizations leave out. */
  static final Set<String> OF_CALLERS = Set.of("user_id", "customer_id");

  /** Those that no call is without; what has no currency is {@link #UNPRICED}. */
  static final Set<String> ALWAYS_KNOWN = Set.of("provider", "model", "currency");

  static RollupKey of(UsageEvent event) {
    Attribution who = event.attribution();
    return new RollupKey(
        orEmpty(who.organization()),
        orEmpty(who.user()),
        orEmpty(who.customer()),
        orEmpty(who.category()),
        event.provider(),
        event.model(),
        event.cost() == null ? UNPRICED : event.cost().currency().getCurrencyCode());
  }

  /** Of {@link #COLUMNS}. */
  static RollupKey of(List<String> values) {
    return new RollupKey(
        values.get(0),
        values.get(1),
        values.get(2),
        values.get(3),
        values.get(4),
        values.get(5),
        values.get(6));
  }

  /** In the order of {@link #COLUMNS}. */
  List<String> values() {
    return List.of(organization, user, customer, category, provider, model, currency);
  }

  /** The key of the row of the whole organization. */
  RollupKey ofOrganization() {
    return new RollupKey(organization, "", "", category, provider, model, currency);
  }

  /**
   * Stands for the seven values in the primary key, which no database lets be that long. The
   * scripts and {@link Dialect#keyHash} compute the same.
   */
  UUID hash() {
    return KeyHash.of(values());
  }

  private static String orEmpty(@Nullable String value) {
    return value == null ? "" : value;
  }
}
