package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** How a counter is named in tables. "" takes the place of null, which matches nothing. */
final class LimitKeys {

  /** The columns of a counter, in every table that has them. */
  static final String COLUMNS =
      "limit_name, measure, currency, subject, organization, subject_id, category, model,"
          + " period_start, period_end, billing_day";

  /** One mark for each of {@link #COLUMNS}. */
  static final String MARKS = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?";

  private LimitKeys() {}

  /**
   * Stands for the whole counter.
   *
   * @throws IllegalArgumentException if its model is "", which here is any
   */
  static UUID hash(LimitKey key) {
    if ("".equals(key.scope().model())) {
      throw new IllegalArgumentException("model of a counter must be null or a name, but was ''");
    }
    return KeyHash.of(
        List.of(
            key.limit(),
            key.measure().name(),
            currency(key),
            key.scope().subject().name(),
            orEmpty(key.scope().organization()),
            orEmpty(key.scope().id()),
            orEmpty(key.scope().category()),
            orEmpty(key.scope().model()),
            key.period().start().toString(),
            key.period().end().toString(),
            Integer.toString(key.period().billingDay())));
  }

  /** The hash of a counter, and of the one whose place it took if its period was renewed. */
  static List<UUID> hashes(LimitKey key) {
    return List.of(hash(key), hash(key.beforeRenewal()));
  }

  /** Stands for whose calls count, whatever their category and model. */
  static UUID scopeHash(Scope scope) {
    return scopeHash(scope.subject(), scope.organization(), scope.id());
  }

  static UUID scopeHash(Subject subject, @Nullable String organization, @Nullable String id) {
    return KeyHash.of(List.of(subject.name(), orEmpty(organization), orEmpty(id)));
  }

  /** Stands for a reference to add-ons of one limit and scope, whatever the period. */
  static UUID grantHash(LimitKey key, String reference) {
    Scope scope = key.scope();
    return KeyHash.of(
        List.of(
            key.limit(),
            scope.subject().name(),
            orEmpty(scope.organization()),
            orEmpty(scope.id()),
            orEmpty(scope.category()),
            orEmpty(scope.model()),
            reference));
  }

  /** What {@link #COLUMNS} have in them, as {@link Jobs#bind} takes it. */
  static Stream<Object> values(LimitKey key) {
    return Stream.of(
        key.limit(),
        key.measure().name(),
        currency(key),
        key.scope().subject().name(),
        orEmpty(key.scope().organization()),
        orEmpty(key.scope().id()),
        orEmpty(key.scope().category()),
        orEmpty(key.scope().model()),
        key.period().start(),
        key.period().end(),
        key.period().billingDay());
  }

  static LimitKey read(ResultSet row, Dialect dialect) throws SQLException {
    String currency = row.getString("currency");
    return new LimitKey(
        row.getString("limit_name"),
        UsageMeasure.valueOf(row.getString("measure")),
        currency.isEmpty() ? null : Cost.currencyOf(currency),
        new Scope(
            Subject.valueOf(row.getString("subject")),
            orNull(row.getString("organization")),
            orNull(row.getString("subject_id")),
            orNull(row.getString("category")),
            orNull(row.getString("model"))),
        new BillingPeriod(
            dialect.instant(row, "period_start"),
            dialect.instant(row, "period_end"),
            row.getInt("billing_day")));
  }

  static String orEmpty(@Nullable String value) {
    return value == null ? "" : value;
  }

  private static @Nullable String orNull(String value) {
    return value.isEmpty() ? null : value;
  }

  private static String currency(LimitKey key) {
    return key.currency() == null ? "" : key.currency().getCurrencyCode();
  }
}
