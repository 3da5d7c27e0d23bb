package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.credit.CreditEntry;
import io.github.usage4j.credit.CreditStore;
import io.github.usage4j.internal.Checks;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Ledgers in tables. Beside the entries there are the balance of each account and what is left of
 * each lot, kept under the lock of the account's row, so that spending costs the same however long
 * a ledger has become.
 */
final class JdbcCreditStore implements CreditStore {

  private static final String COLUMNS =
      "entry_id, account, entry_type, amount, lot_id, priority, reference, made_at, expires_at";

  private final Jobs jobs;

  JdbcCreditStore(Jobs jobs) {
    this.jobs = jobs;
  }

  @Override
  public List<CreditEntry> add(
      String account, @Nullable String reference, Function<Account, List<CreditEntry>> work) {
    String whose = Checks.requireIdentifier("account", account, Attribution.MAX_ID);
    return Jobs.asked(
        "add to the credits of an account",
        () -> {
          jobs.transactions().write(connection -> create(connection, whose));
          return jobs.transactions()
              .writeOnce(connection -> add(connection, whose, reference, work));
        });
  }

  /** In a transaction of its own: the one that calls the function is never repeated. */
  private boolean create(Connection connection, String account) throws SQLException {
    String table = jobs.tables().creditAccount();
    if (balance(connection, account, "") != null) {
      return false;
    }
    jobs.update(
        connection,
        "INSERT INTO " + table + " (account, balance) VALUES (?, ?)",
        account,
        BigDecimal.ZERO);
    return true;
  }

  private List<CreditEntry> add(
      Connection connection,
      String account,
      @Nullable String reference,
      Function<Account, List<CreditEntry>> work)
      throws SQLException {
    BigDecimal balance = balance(connection, account, " FOR UPDATE");
    if (balance == null) {
      throw new SQLException("the account was deleted meanwhile");
    }
    List<Lot> lots = lots(connection, account);
    List<CreditEntry> known =
        reference == null
            ? List.of()
            : entries(connection, where(account).add(" AND reference = ").bind(reference));
    List<CreditEntry> added = List.copyOf(work.apply(new Account(lots, known, balance)));
    if (added.isEmpty()) {
      return added;
    }
    Map<UUID, BigDecimal> left = new LinkedHashMap<>();
    BigDecimal after = balance;
    for (CreditEntry entry : added) {
      if (!entry.account().equals(account)) {
        throw new IllegalArgumentException(
            "account of an entry must be " + account + ", but was " + entry.account());
      }
      after = after.add(entry.amount());
      left.merge(entry.lot(), entry.amount(), BigDecimal::add);
    }
    insert(connection, added);
    for (Map.Entry<UUID, BigDecimal> lot : left.entrySet()) {
      addToLot(connection, account, lot.getKey(), lot.getValue());
    }
    jobs.update(
        connection,
        "UPDATE " + jobs.tables().creditAccount() + " SET balance = ? WHERE account = ?",
        after,
        account);
    return added;
  }

  private void addToLot(Connection connection, String account, UUID lot, BigDecimal more)
      throws SQLException {
    String table = jobs.tables().creditLot();
    var had = new ArrayList<BigDecimal>();
    new Sql(jobs.dialect(), "SELECT left_amount FROM " + table + " WHERE lot_id = ")
        .bind(lot)
        .forEach(connection, row -> had.add(LimitRow.amount(row, "left_amount")));
    BigDecimal left = had.stream().reduce(more, BigDecimal::add);
    if (left.signum() < 0) {
      throw new IllegalArgumentException(
          "what is left of lot " + lot + " must not be negative, but would be " + left);
    }
    if (left.signum() == 0) {
      jobs.update(connection, "DELETE FROM " + table + " WHERE lot_id = ?", lot);
    } else if (had.isEmpty()) {
      jobs.update(
          connection,
          "INSERT INTO " + table + " (lot_id, account, left_amount) VALUES (?, ?, ?)",
          lot,
          account,
          left);
    } else {
      jobs.update(
          connection, "UPDATE " + table + " SET left_amount = ? WHERE lot_id = ?", left, lot);
    }
  }

  private void insert(Connection connection, List<CreditEntry> entries) throws SQLException {
    String sql =
        "INSERT INTO "
            + jobs.tables().credit()
            + " ("
            + COLUMNS
            + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (CreditEntry entry : entries) {
        jobs.bind(
            statement,
            entry.id(),
            entry.account(),
            entry.type().name(),
            entry.amount(),
            entry.lot(),
            entry.priority(),
            entry.reference(),
            entry.at());
        jobs.bindAt(statement, 9, entry.expiresAt(), Column.Type.TIMESTAMP);
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  private List<Lot> lots(Connection connection, String account) throws SQLException {
    var lots = new ArrayList<Lot>();
    new Sql(jobs.dialect(), "SELECT e.*, l.left_amount FROM ")
        .add(jobs.tables().creditLot())
        .add(" l JOIN ")
        .add(jobs.tables().credit())
        .add(" e ON e.entry_id = l.lot_id WHERE l.account = ")
        .bind(account)
        .add(" ORDER BY e.entry_id")
        .forEach(
            connection, row -> lots.add(new Lot(read(row), LimitRow.amount(row, "left_amount"))));
    return lots;
  }

  @Override
  public List<CreditEntry> entries(String account) {
    return Jobs.asked(
        "read credits",
        () -> jobs.transactions().run(connection -> entries(connection, where(account))));
  }

  private Sql where(String account) {
    return new Sql(
            jobs.dialect(),
            "SELECT " + COLUMNS + " FROM " + jobs.tables().credit() + " WHERE account = ")
        .bind(account);
  }

  private List<CreditEntry> entries(Connection connection, Sql query) throws SQLException {
    var entries = new ArrayList<CreditEntry>();
    query.add(" ORDER BY entry_id").forEach(connection, row -> entries.add(read(row)));
    return entries;
  }

  @Override
  public BigDecimal balance(String account) {
    return Jobs.asked(
        "read credits",
        () ->
            jobs.transactions()
                .run(
                    connection -> {
                      BigDecimal balance = balance(connection, account, "");
                      return balance == null ? BigDecimal.ZERO : balance;
                    }));
  }

  private @Nullable BigDecimal balance(Connection connection, String account, String lock)
      throws SQLException {
    var balance = new ArrayList<BigDecimal>();
    new Sql(jobs.dialect(), "SELECT balance FROM ")
        .add(jobs.tables().creditAccount())
        .add(" WHERE account = ")
        .bind(account)
        .add(lock)
        .forEach(connection, row -> balance.add(LimitRow.amount(row, "balance")));
    return balance.isEmpty() ? null : balance.get(0);
  }

  private CreditEntry read(ResultSet row) throws SQLException {
    return new CreditEntry(
        Dialect.required(row.getObject("entry_id", UUID.class), "entry_id"),
        row.getString("account"),
        CreditEntry.Type.valueOf(row.getString("entry_type")),
        LimitRow.amount(row, "amount"),
        Dialect.required(row.getObject("lot_id", UUID.class), "lot_id"),
        row.getInt("priority"),
        jobs.dialect().instantOrNull(row, "expires_at").orElse(null),
        row.getString("reference"),
        jobs.dialect().instant(row, "made_at"));
  }
}
