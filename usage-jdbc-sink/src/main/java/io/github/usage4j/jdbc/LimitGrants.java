package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitStore;
import io.github.usage4j.limit.LimitStore.Grant;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** The rows of add-ons and of billing periods: what a billing system tells, once each. */
final class LimitGrants {

  private final Jobs jobs;
  private final LimitStates states;

  LimitGrants(Jobs jobs, LimitStates states) {
    this.jobs = jobs;
    this.states = states;
  }

  /** Under the lock of writers, so that whoever opens the counter meanwhile sees it, or waits. */
  boolean grant(Connection connection, LimitKey key, BigDecimal amount, String reference)
      throws SQLException {
    jobs.dialect().lockForWriting(connection, jobs.tables());
    UUID hash = LimitKeys.hash(key);
    List<LimitRow> locked = states.lock(connection, List.of(hash));
    Object grant = jobs.dialect().hash(LimitKeys.grantHash(key, reference));
    String table = jobs.tables().limitGrant();
    if (isThere(connection, "SELECT 1 FROM " + table + " WHERE grant_hash = ", grant)) {
      return false;
    }
    Stream<Object> values =
        Stream.of(
                Stream.of(grant, jobs.dialect().hash(hash)),
                LimitKeys.values(key),
                Stream.<Object>of(reference, amount, jobs.now()))
            .flatMap(some -> some);
    jobs.update(
        connection,
        "INSERT INTO "
            + table
            + " (grant_hash, state_hash, "
            + LimitKeys.COLUMNS
            + ", reference, amount, granted_at) VALUES (?, ?, "
            + LimitKeys.MARKS
            + ", ?, ?, ?)",
        values.toArray());
    for (LimitRow row : locked) {
      states.update(connection, List.of(states.alert(connection, row.grant(amount))));
    }
    return true;
  }

  private boolean isThere(Connection connection, String sql, Object value) throws SQLException {
    var found = new ArrayList<Boolean>();
    new Sql(jobs.dialect(), sql).mark(value).forEach(connection, row -> found.add(true));
    return !found.isEmpty();
  }

  List<Grant> of(Connection connection, LimitKey key) throws SQLException {
    var grants = new ArrayList<Grant>();
    new Sql(jobs.dialect(), "SELECT reference, amount, granted_at FROM ")
        .add(jobs.tables().limitGrant())
        .add(" WHERE ")
        .in("state_hash", LimitKeys.hashes(key).stream().map(jobs.dialect()::hash))
        .add(" ORDER BY granted_at, grant_hash")
        .forEach(
            connection,
            row ->
                grants.add(
                    new Grant(
                        row.getString("reference"),
                        LimitRow.amount(row, "amount"),
                        jobs.dialect().instant(row, "granted_at"))));
    return grants;
  }

  boolean openPeriod(Connection connection, String organization, Instant start, String externalId)
      throws SQLException {
    Instant begins = LimitStore.requireStart(start);
    String table = jobs.tables().billingPeriod();
    var known = new ArrayList<Boolean>();
    new Sql(jobs.dialect(), "SELECT 1 FROM " + table + " WHERE organization = ")
        .bind(organization)
        .add(" AND external_id = ")
        .bind(externalId)
        .forEach(connection, row -> known.add(true));
    if (!known.isEmpty()) {
      return false;
    }
    jobs.update(
        connection,
        "INSERT INTO " + table + " (organization, external_id, starts_at) VALUES (?, ?, ?)",
        organization,
        externalId,
        begins);
    return true;
  }

  BillingPeriod periodAt(Connection connection, String organization, Instant at)
      throws SQLException {
    BillingPeriod all = BillingPeriod.lifetime();
    Instant start = edge(connection, organization, "MAX", "<=", at, all.start());
    Instant end = edge(connection, organization, "MIN", ">", at, all.end());
    return BillingPeriod.of(start, end);
  }

  private Instant edge(
      Connection connection,
      String organization,
      String which,
      String compared,
      Instant at,
      Instant otherwise)
      throws SQLException {
    Instant[] edge = {otherwise};
    new Sql(jobs.dialect(), "SELECT " + which + "(starts_at) AS starts_at FROM ")
        .add(jobs.tables().billingPeriod())
        .add(" WHERE organization = ")
        .bind(organization)
        .add(" AND starts_at " + compared + " ")
        .bind(at.truncatedTo(ChronoUnit.MICROS))
        .forEach(
            connection,
            row -> edge[0] = jobs.dialect().instantOrNull(row, "starts_at").orElse(otherwise));
    return edge[0];
  }
}
