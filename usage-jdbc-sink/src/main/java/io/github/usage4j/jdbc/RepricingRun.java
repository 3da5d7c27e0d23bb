package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.pricing.RepricedCall;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is stored of one run: its row, which says how far it has come, its sums, and what each call
 * cost before. All of it is written in the transaction of the step that it is about.
 */
final class RepricingRun {

  private static final String INSERT_EVENT =
      " (event_id, run_id, repriced_at, old_input, old_output, old_cache, old_other, old_currency,"
          + " old_reference, new_input, new_output, new_cache, new_other, new_currency,"
          + " new_reference) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

  private final Jobs jobs;
  private final UUID id;

  private RepricingRun(Jobs jobs, UUID id) {
    this.jobs = jobs;
    this.id = id;
  }

  /**
   * Where a run goes on.
   *
   * @param organization "" is unattributed
   * @param at the time of the last call that was looked at; null to begin with the first
   * @param id of that call
   */
  record Position(String organization, @Nullable Instant at, @Nullable UUID id) {}

  /** Where a run is. */
  record Begun(RepricingRun run, Position position) {}

  /** The run of the same filter, period, author and reason that was cut off, else a new one. */
  static Begun begin(
      Connection connection,
      Jobs jobs,
      UsageFilter which,
      BillingPeriod when,
      String who,
      String why)
      throws SQLException {
    Begun cutOff = cutOff(connection, jobs, which, when, who, why);
    if (cutOff != null) {
      return cutOff;
    }
    var run = new RepricingRun(jobs, UUID.randomUUID());
    String first = which.organization() == null ? "" : which.organization();
    Instant now = jobs.now();
    jobs.update(
        connection,
        "INSERT INTO "
            + jobs.tables().repricing()
            + " (id, who, why, starts_at, ends_at, organization, category, provider, model,"
            + " only_unpriced, begun_at, saved_at, at_organization, looked_at, changed,"
            + " unpriced_before, unpriced_after, undecided)"
            + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0)",
        run.id,
        who,
        why,
        when.start(),
        when.end(),
        which.organization(),
        which.category(),
        which.provider(),
        which.model(),
        which.onlyUnpriced(),
        now,
        now,
        first);
    return new Begun(run, new Position(first, null, null));
  }

  private static @Nullable Begun cutOff(
      Connection connection,
      Jobs jobs,
      UsageFilter which,
      BillingPeriod when,
      String who,
      String why)
      throws SQLException {
    String sql = "SELECT * FROM " + jobs.tables().repricing() + " WHERE finished_at IS NULL";
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        if (who.equals(row.getString("who"))
            && why.equals(row.getString("why"))
            && when.start().equals(jobs.dialect().instant(row, "starts_at"))
            && when.end().equals(jobs.dialect().instant(row, "ends_at"))
            && Objects.equals(which.organization(), row.getString("organization"))
            && Objects.equals(which.category(), row.getString("category"))
            && Objects.equals(which.provider(), row.getString("provider"))
            && Objects.equals(which.model(), row.getString("model"))
            && which.onlyUnpriced() == row.getBoolean("only_unpriced")) {
          UUID last = row.getObject("at_id", UUID.class);
          return new Begun(
              new RepricingRun(jobs, Dialect.required(row.getObject("id", UUID.class), "id")),
              new Position(
                  Dialect.required(row.getString("at_organization"), "at_organization"),
                  last == null ? null : jobs.dialect().instant(row, "at_time"),
                  last));
        }
      }
    }
    return null;
  }

  /** Writes down what a step did, and where the next one begins. */
  void save(Connection connection, RepricingTally step, @Nullable Position next)
      throws SQLException {
    Instant now = jobs.now();
    jobs.update(
        connection,
        "UPDATE "
            + jobs.tables().repricing()
            + " SET looked_at = looked_at + ?, changed = changed + ?,"
            + " unpriced_before = unpriced_before + ?, unpriced_after = unpriced_after + ?,"
            + " undecided = undecided + ?, saved_at = ? WHERE id = ?",
        step.lookedAt,
        step.changed,
        step.unpricedBefore,
        step.unpricedAfter,
        step.undecided,
        now,
        id);
    if (next == null) {
      jobs.update(
          connection,
          "UPDATE " + jobs.tables().repricing() + " SET finished_at = ? WHERE id = ?",
          now,
          id);
    } else {
      String sql =
          "UPDATE "
              + jobs.tables().repricing()
              + " SET at_organization = ?, at_time = "
              + (next.at() == null ? "NULL" : "?")
              + ", at_id = "
              + (next.id() == null ? "NULL" : "?")
              + " WHERE id = ?";
      if (next.at() == null || next.id() == null) {
        jobs.update(connection, sql, next.organization(), id);
      } else {
        jobs.update(connection, sql, next.organization(), next.at(), next.id(), id);
      }
    }
    saveSums(connection, step);
  }

  /**
   * Nobody else writes the sums of this run: the lock of maintenance is held. One statement for
   * each, because not every driver says of a batch which of its statements found a row.
   */
  private void saveSums(Connection connection, RepricingTally step) throws SQLException {
    String table = jobs.tables().repricingSum();
    String update =
        "UPDATE "
            + table
            + " SET calls = calls + ?, cost_before = cost_before + ?, cost_after = cost_after + ?"
            + " WHERE run_id = ? AND organization = ? AND provider = ? AND model = ?"
            + " AND currency = ?";
    String insert =
        "INSERT INTO "
            + table
            + " (calls, cost_before, cost_after, run_id, organization, provider, model, currency)"
            + " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    if (step.sums.isEmpty()) {
      return;
    }
    try (PreparedStatement updates = connection.prepareStatement(update);
        PreparedStatement inserts = connection.prepareStatement(insert)) {
      for (Map.Entry<RepricingTally.Key, RepricingTally.Sum> entry : step.sums.entrySet()) {
        bind(updates, entry);
        if (updates.executeUpdate() == 0) {
          bind(inserts, entry);
          inserts.executeUpdate();
        }
      }
    }
  }

  private void bind(
      PreparedStatement statement, Map.Entry<RepricingTally.Key, RepricingTally.Sum> entry)
      throws SQLException {
    RepricingTally.Key key = entry.getKey();
    RepricingTally.Sum sum = entry.getValue();
    jobs.bind(
        statement,
        sum.calls(),
        sum.before(),
        sum.after(),
        id,
        key.organization(),
        key.provider(),
        key.model(),
        key.currency());
  }

  /** Writes down what each of these calls cost before and after. */
  void audit(Connection connection, List<RepricedCall> changed) throws SQLException {
    Object now = jobs.dialect().time(jobs.now());
    String sql = "INSERT INTO " + jobs.tables().repricingEvent() + INSERT_EVENT;
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (RepricedCall call : changed) {
        statement.setObject(1, call.call().id());
        statement.setObject(2, id);
        statement.setObject(3, now);
        bind(statement, 4, call.call().cost());
        bind(statement, 10, call.cost());
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  /** The four parts, the currency and the reference of a cost. */
  static void bind(PreparedStatement statement, int from, @Nullable Cost cost) throws SQLException {
    List<Function<Cost, BigDecimal>> parts =
        List.of(Cost::input, Cost::output, Cost::cache, Cost::other);
    for (int i = 0; i < parts.size(); i++) {
      if (cost == null) {
        statement.setNull(from + i, Column.Type.DECIMAL.jdbcType);
      } else {
        statement.setBigDecimal(from + i, parts.get(i).apply(cost));
      }
    }
    statement.setString(from + 4, cost == null ? null : cost.currency().getCurrencyCode());
    statement.setString(from + 5, cost == null ? null : cost.priceReference());
  }

  /** The report of all steps so far, whoever did them. */
  RepricingReport report(Connection connection) throws SQLException {
    var tally = new RepricingTally();
    new Sql(jobs.dialect(), "SELECT * FROM ")
        .add(jobs.tables().repricing())
        .add(" WHERE id = ")
        .bind(id)
        .forEach(
            connection,
            row -> {
              tally.lookedAt = row.getLong("looked_at");
              tally.changed = row.getLong("changed");
              tally.unpricedBefore = row.getLong("unpriced_before");
              tally.unpricedAfter = row.getLong("unpriced_after");
              tally.undecided = row.getLong("undecided");
            });
    new Sql(jobs.dialect(), "SELECT * FROM ")
        .add(jobs.tables().repricingSum())
        .add(" WHERE run_id = ")
        .bind(id)
        .forEach(
            connection,
            row ->
                tally.add(
                    new RepricingTally.Key(
                        row.getString("organization"),
                        row.getString("provider"),
                        row.getString("model"),
                        row.getString("currency")),
                    new RepricingTally.Sum(
                        row.getLong("calls"),
                        row.getBigDecimal("cost_before"),
                        row.getBigDecimal("cost_after"))));
    return tally.report();
  }

  /** What the runs did to a call, oldest first. */
  static List<Repricing.Change> of(Connection connection, Jobs jobs, UUID event)
      throws SQLException {
    var changes = new ArrayList<Repricing.Change>();
    new Sql(jobs.dialect(), "SELECT e.*, r.who, r.why FROM ")
        .add(jobs.tables().repricingEvent())
        .add(" e JOIN ")
        .add(jobs.tables().repricing())
        .add(" r ON r.id = e.run_id WHERE e.event_id = ")
        .bind(event)
        .add(" ORDER BY e.repriced_at")
        .forEach(
            connection,
            row ->
                changes.add(
                    new Repricing.Change(
                        Dialect.required(row.getObject("run_id", UUID.class), "run_id"),
                        Dialect.required(row.getString("who"), "who"),
                        Dialect.required(row.getString("why"), "why"),
                        jobs.dialect().instant(row, "repriced_at"),
                        cost(row, "old_"),
                        cost(row, "new_"))));
    return List.copyOf(changes);
  }

  /** The cost in the columns that begin like this; null if there was no price. */
  static @Nullable Cost cost(ResultSet row, String prefix) throws SQLException {
    String currency = row.getString(prefix + "currency");
    return currency == null
        ? null
        : new Cost(
            Dialect.required(row.getBigDecimal(prefix + "input"), prefix + "input"),
            Dialect.required(row.getBigDecimal(prefix + "output"), prefix + "output"),
            Dialect.required(row.getBigDecimal(prefix + "cache"), prefix + "cache"),
            Dialect.required(row.getBigDecimal(prefix + "other"), prefix + "other"),
            Cost.currencyOf(currency),
            row.getString(prefix + "reference"));
  }

  /**
   * An organization gets another name: runs were told the old one, and one that is in the middle of
   * it would not find its place again, so it is over.
   */
  static void rename(Connection connection, Jobs jobs, String from, String to) throws SQLException {
    String runs = "UPDATE " + jobs.tables().repricing();
    jobs.update(
        connection,
        runs + " SET finished_at = ? WHERE finished_at IS NULL AND at_organization = ?",
        jobs.now(),
        from);
    for (String column : List.of("organization", "at_organization")) {
      jobs.update(connection, runs + " SET " + column + " = ? WHERE " + column + " = ?", to, from);
    }
    jobs.update(
        connection,
        "UPDATE " + jobs.tables().repricingSum() + " SET organization = ? WHERE organization = ?",
        to,
        from);
  }

  /** The filters that a run can be told again; others depend on what is not stored with it. */
  static void check(UsageFilter which) {
    refuse("user", which.user());
    refuse("customer", which.customer());
    refuse("session", which.session());
    refuse("outcome", which.outcome());
    refuse("recordedSince", which.recordedSince());
    refuse("tags", which.tags().isEmpty() ? null : which.tags());
  }

  private static void refuse(String what, @Nullable Object value) {
    if (value != null) {
      throw new IllegalArgumentException(
          "calls can be repriced by organization, category, provider, model and unpriced, but the"
              + " filter asks for "
              + what
              + " "
              + value);
    }
  }

  static void requireCalls(
      Connection connection, Horizon horizon, UsageFilter which, BillingPeriod when)
      throws SQLException {
    Instant from = horizon.after(connection, when.start()).of(which);
    if (from.isAfter(when.start())) {
      throw new UsageException(
          "calls can be repriced from the raw horizon on, "
              + from
              + ", but these begin at "
              + when.start()
              + ": the calls before it are gone, and their totals stay as they are",
          null);
    }
  }
}
