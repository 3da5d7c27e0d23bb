package io.github.usage4j.jdbc;

import static java.time.ZoneOffset.UTC;

import io.github.usage4j.BillingPeriod;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.OffsetDateTime;

/**
 * The organizations and months in which something is stored, one after the other: each question is
 * answered from the beginning or end of an index, so that none reads all rows.
 */
final class OrganizationMonths {

  private final Tables tables;
  private final Transactions transactions;

  OrganizationMonths(Tables tables, Transactions transactions) {
    this.tables = tables;
    this.transactions = transactions;
  }

  /** What is done with one month of one organization. */
  interface Visitor {
    void visit(String organization, LocalDate month) throws SQLException;
  }

  /** Visits every month that the period touches; the organization "" is unattributed. */
  void forEach(BillingPeriod when, Visitor visitor) throws SQLException {
    if (!when.start().isBefore(when.end())) {
      return;
    }
    LocalDate from = Grain.MONTH.bucket(LocalDate.ofInstant(when.start(), UTC));
    LocalDate last = LocalDate.ofInstant(when.end().minusNanos(1_000), UTC);
    LocalDate to = Grain.MONTH.end(Grain.MONTH.bucket(last));
    visit("", from, to, visitor);
    String organization = "";
    while (true) {
      String previous = organization;
      String next = transactions.run(connection -> nextOr(connection, previous));
      if (next.isEmpty()) {
        return;
      }
      visit(next, from, to, visitor);
      organization = next;
    }
  }

  private void visit(String organization, LocalDate from, LocalDate to, Visitor visitor)
      throws SQLException {
    for (LocalDate month = from; month.isBefore(to); month = Grain.MONTH.end(month)) {
      LocalDate start = month;
      LocalDate next = transactions.run(connection -> next(connection, organization, start, to));
      if (!next.isBefore(to)) {
        return;
      }
      month = Grain.MONTH.bucket(next);
      visitor.visit(organization, month);
    }
  }

  /** The organization after this one in the order of the database; "" if it was the last. */
  private String nextOr(Connection connection, String organization) throws SQLException {
    String sql =
        "SELECT MIN(o) FROM (SELECT MIN(organization) AS o FROM "
            + tables.event()
            + " WHERE organization > ? UNION ALL SELECT MIN(organization) FROM "
            + tables.rollup()
            + " WHERE grain = ? AND organization > ? UNION ALL SELECT MIN(organization) FROM "
            + tables.rollup()
            + " WHERE grain = ? AND organization > ?) n";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, organization);
      statement.setString(2, Grain.DAY.code);
      statement.setString(3, organization);
      statement.setString(4, Grain.MONTH.code);
      statement.setString(5, organization);
      try (ResultSet row = statement.executeQuery()) {
        String next = row.next() ? row.getString(1) : null;
        return next == null ? "" : next;
      }
    }
  }

  /** The first day from this one on for which something is stored; {@code to} if there is none. */
  private LocalDate next(Connection connection, String organization, LocalDate from, LocalDate to)
      throws SQLException {
    LocalDate next = to;
    String calls =
        "SELECT MIN(occurred_at) FROM "
            + tables.event()
            + " WHERE occurred_at >= ? AND occurred_at < ? AND organization "
            + (organization.isEmpty() ? "IS NULL" : "= ?");
    try (PreparedStatement statement = connection.prepareStatement(calls)) {
      statement.setObject(1, PeriodParts.start(from).atOffset(UTC));
      statement.setObject(2, PeriodParts.start(to).atOffset(UTC));
      if (!organization.isEmpty()) {
        statement.setString(3, organization);
      }
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        OffsetDateTime first = row.getObject(1, OffsetDateTime.class);
        if (first != null) {
          next = LocalDate.ofInstant(first.toInstant(), UTC);
        }
      }
    }
    String rollups =
        "SELECT MIN(bucket) FROM "
            + tables.rollup()
            + " WHERE grain = ? AND organization = ? AND bucket >= ? AND bucket < ?";
    try (PreparedStatement statement = connection.prepareStatement(rollups)) {
      for (Grain grain : Grain.values()) {
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
