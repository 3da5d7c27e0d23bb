package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitKey.Scope;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the stored calls of a counter add up to when it is opened: from the rollups as far as they
 * know it, so that calls which were deleted since count, too. Rollups do not know which model was
 * asked for; counters of one model are added up from single calls.
 */
final class LimitSums {

  private final Jobs jobs;

  LimitSums(Jobs jobs) {
    this.jobs = jobs;
  }

  BigDecimal of(Connection connection, LimitKey key) throws SQLException {
    PeriodParts parts = parts(key);
    BigDecimal sum = BigDecimal.ZERO;
    for (PeriodParts.Buckets buckets : parts.rollups()) {
      Sql sql =
          new Sql(jobs.dialect(), "SELECT SUM(e." + ofRollups(key) + ") AS amount FROM ")
              .add(buckets.grain().table(jobs.tables()))
              .add(" e WHERE e.grain = ")
              .bind(buckets.grain().code)
              .add(" AND e.bucket >= ")
              .bind(buckets.from())
              .add(" AND e.bucket < ")
              .bind(buckets.to());
      sum = sum.add(amount(connection, where(sql, key, true)));
    }
    for (BillingPeriod calls : parts.calls()) {
      Sql sql =
          new Sql(jobs.dialect(), "SELECT " + ofCalls(key) + " AS amount FROM ")
              .add(jobs.tables().event())
              .add(" e WHERE e.occurred_at >= ")
              .bind(calls.start())
              .add(" AND e.occurred_at < ")
              .bind(calls.end())
              .add(" AND e.outcome <> 'REFUSED'")
              .andIs("request_model", key.scope().model());
      sum = sum.add(amount(connection, where(sql, key, false)));
    }
    return LimitRow.plain(sum);
  }

  private static PeriodParts parts(LimitKey key) {
    if (key.scope().model() != null) { // the one asked for, which rollups do not know
      return PeriodParts.onlyCalls(key.period());
    }
    var query = new UsageQuery(UsageFilter.allOrganizations(), key.period(), Set.of());
    return switch (key.scope().subject()) {
      case USER, CUSTOMER -> PeriodParts.byCaller(query);
      case APPLICATION, ORGANIZATION -> PeriodParts.of(query);
    };
  }

  private static String ofRollups(LimitKey key) {
    return switch (key.measure()) {
      case TOKENS -> "total_tokens";
      case COST -> "cost_total";
      case CALLS -> "calls";
      case OPERATIONS -> "operations";
    };
  }

  private static String ofCalls(LimitKey key) {
    return switch (key.measure()) {
      case TOKENS -> "SUM(e.total_tokens)";
      case COST -> "SUM(e.cost_total)";
      case CALLS -> "COUNT(*)";
      case OPERATIONS -> "SUM(CASE WHEN e.opens_operation THEN 1 ELSE 0 END)";
    };
  }

  /** In rollups "" is unattributed, in calls NULL. */
  private static Sql where(Sql sql, LimitKey key, boolean rollups) {
    Scope scope = key.scope();
    if (key.currency() != null) {
      sql.andIs("currency", key.currency().getCurrencyCode());
    }
    sql.andIs("category", scope.category());
    switch (scope.subject()) {
      case APPLICATION -> {}
      case ORGANIZATION -> sql.andIs("organization", scope.organization());
      case USER -> organization(sql.andIs("user_id", scope.id()), scope.organization(), rollups);
      case CUSTOMER ->
          organization(sql.andIs("customer_id", scope.id()), scope.organization(), rollups);
    }
    return sql;
  }

  private static void organization(Sql sql, @Nullable String organization, boolean rollups) {
    if (organization == null && !rollups) {
      sql.add(" AND e.organization IS NULL");
    } else {
      sql.andIs("organization", LimitKeys.orEmpty(organization));
    }
  }

  private static BigDecimal amount(Connection connection, Sql sql) throws SQLException {
    BigDecimal[] sum = {BigDecimal.ZERO};
    sql.forEach(
        connection,
        row -> {
          BigDecimal amount = row.getBigDecimal("amount");
          sum[0] = amount == null ? BigDecimal.ZERO : amount;
        });
    return sum[0];
  }
}
