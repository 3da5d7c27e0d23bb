package io.github.usage4j.jdbc;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The names of the tables, as statements use them.
 *
 * @param namespace the schema they are in (on MariaDB the database); null is the connection's own
 * @param prefix in front of every table and index
 */
record Tables(@Nullable String namespace, String prefix) {

  static final String DEFAULT_PREFIX = "usage_";

  private static final String PREFIX = "[a-z_][a-z0-9_]{0,20}";

  /** What every database takes without quotes. */
  private static final String NAMESPACE = "[a-z_][a-z0-9_]{0,62}";

  Tables {
    check("tablePrefix", PREFIX, prefix);
    if (namespace != null) {
      check("schema", NAMESPACE, namespace);
    }
  }

  Tables(String prefix) {
    this(null, prefix);
  }

  private static void check(String name, String pattern, String value) {
    if (!value.matches(pattern)) {
      throw new IllegalArgumentException(
          name + " must match " + pattern + ", but was '" + value + "'");
    }
  }

  String event() {
    return named("event");
  }

  String eventTag() {
    return named("event_tag");
  }

  String label() {
    return named("label");
  }

  /** A view. */
  String operation() {
    return named("operation");
  }

  String rollup() {
    return named("rollup");
  }

  String organizationRollup() {
    return named("organization_rollup");
  }

  String horizon() {
    return named("horizon");
  }

  /** How far imports have come. */
  String imports() {
    return named("import");
  }

  String jobLock() {
    return named("job_lock");
  }

  String monthClose() {
    return named("month_close");
  }

  /** Runs that changed costs of stored calls. */
  String repricing() {
    return named("repricing");
  }

  String repricingSum() {
    return named("repricing_sum");
  }

  String repricingEvent() {
    return named("repricing_event");
  }

  String schema() {
    return named("schema");
  }

  /** Limits that were stored while the application ran. */
  String limit() {
    return named("limit");
  }

  String limitChange() {
    return named("limit_change");
  }

  String limitState() {
    return named("limit_state");
  }

  String limitHolder() {
    return named("limit_holder");
  }

  String limitLease() {
    return named("limit_lease");
  }

  String limitGrant() {
    return named("limit_grant");
  }

  String alert() {
    return named("alert");
  }

  String billingPeriod() {
    return named("billing_period");
  }

  String credit() {
    return named("credit");
  }

  String creditAccount() {
    return named("credit_account");
  }

  String creditLot() {
    return named("credit_lot");
  }

  /** Every table and view, for the check that none is missing. */
  List<String> all() {
    return List.of(
        alert(),
        billingPeriod(),
        credit(),
        creditAccount(),
        creditLot(),
        event(),
        eventTag(),
        horizon(),
        imports(),
        jobLock(),
        label(),
        limit(),
        limitChange(),
        limitGrant(),
        limitHolder(),
        limitLease(),
        limitState(),
        monthClose(),
        operation(),
        organizationRollup(),
        repricing(),
        repricingEvent(),
        repricingSum(),
        rollup(),
        schema());
  }

  /** For messages. */
  String pattern() {
    return named("*");
  }

  /** With schema and prefix. */
  String named(String name) {
    return (namespace == null ? "" : namespace + ".") + prefix + name;
  }
}
