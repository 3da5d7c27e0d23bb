package io.github.usage4j.jdbc;

import static java.time.ZoneOffset.UTC;

import io.github.usage4j.BillingPeriod;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * The organizations and months in which something is stored, one after the other: each question is
 * answered from the beginning or end of an index, so that none reads all rows.
 */
final class OrganizationMonths {

  private final Dialect dialect;
  private final Tables tables;
  private final Connection connection;

  OrganizationMonths(Dialect dialect, Tables tables, Connection connection) {
    this.dialect = dialect;
    this.tables = tables;
    this.connection = connection;
  }

  /** What is done with one month. */
  interface Visitor {
    void visit(LocalDate month) throws SQLException;
  }

  /** Visits every month that the period touches and has something; "" is unattributed. */
  void forEach(String organization, BillingPeriod when, Visitor visitor) throws SQLException {
    if (!when.start().isBefore(when.end())) {
      return;
    }
    LocalDate last = LocalDate.ofInstant(when.end().minusNanos(1_000), UTC);
    LocalDate to = Grain.MONTH.end(Grain.MONTH.bucket(last));
    LocalDate month = Grain.MONTH.bucket(LocalDate.ofInstant(when.start(), UTC));
    while (month.isBefore(to)) {
      LocalDate next = next(organization, month, to);
      if (!next.isBefore(to)) {
        return;
      }
      visitor.visit(Grain.MONTH.bucket(next));
      month = Grain.MONTH.end(Grain.MONTH.bucket(next));
    }
  }

  /** The organization after this one in the order of the database; null if it was the last. */
  @Nullable String after(String organization) throws SQLException {
    var firsts =
        new Sql(dialect, "SELECT MIN(o) FROM (SELECT MIN(organization) AS o FROM ")
            .add(tables.event())
            .add(" WHERE organization > ")
            .bind(organization);
    for (Grain grain : Grain.values()) {
      firsts.add(" UNION ALL SELECT MIN(organization) FROM ").add(grain.table(tables));
      firsts.add(" WHERE grain = ").bind(grain.code).add(" AND organization > ").bind(organization);
    }
    var next = new @Nullable String[1];
    firsts.add(") n").forEach(connection, row -> next[0] = row.getString(1));
    return next[0];
  }

  /** The first day from this one on for which something is stored; {@code to} if there is none. */
  private LocalDate next(String organization, LocalDate from, LocalDate to) throws SQLException {
    LocalDate next = to;
    String calls =
        "SELECT MIN(occurred_at) AS first_at FROM "
            + tables.event()
            + " WHERE occurred_at >= ? AND occurred_at < ? AND organization "
            + (organization.isEmpty() ? "IS NULL" : "= ?");
    try (PreparedStatement statement = connection.prepareStatement(calls)) {
      statement.setObject(1, dialect.time(PeriodParts.start(from)));
      statement.setObject(2, dialect.time(PeriodParts.start(to)));
      if (!organization.isEmpty()) {
        statement.setString(3, organization);
      }
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        if (row.getObject(1) != null) {
          next = LocalDate.ofInstant(dialect.instant(row, "first_at"), UTC);
        }
      }
    }
    for (Grain grain : Grain.values()) {
      String rollups =
          "SELECT MIN(bucket) FROM "
              + grain.table(tables)
              + " WHERE grain = ? AND organization = ? AND bucket >= ? AND bucket < ?";
      try (PreparedStatement statement = connection.prepareStatement(rollups)) {
        statement.setString(1, grain.code);
        statement.setString(2, organization);
        statement.setObject(3, from);
        statement.setObject(4, next);
        try (ResultSet row = statement.executeQuery()) {
          row.next();
          LocalDate first = row.getObject(1, LocalDate.class);
          next = first == null ? next : first;
        }
      }
    }
    return next;
  }
}
