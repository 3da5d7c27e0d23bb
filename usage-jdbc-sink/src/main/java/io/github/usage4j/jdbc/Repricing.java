package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.jdbc.RepricingRun.Position;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.pricing.RepricedCall;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Prices stored calls again, as of the time of each, by a catalog: because one came late, was
 * wrong, or was agreed upon afterwards. What the provider itself says a call costs stays beside it.
 *
 * <p>It works in steps of {@value #STEP} calls, in the order of organization, time and id. Each
 * step is one transaction: the calls, locked in the order of their ids, the rollups of day and
 * month, and what the calls cost before, who changed it and why. Writers go on meanwhile; of calls
 * that are stored while it runs some may not be looked at, so run it again for a period that still
 * goes on.
 *
 * <p>What dies in the middle is started again with the same words and goes on where it was; no call
 * is changed twice by that. Made by {@link UsageMaintenance#reprice}; safe for use by several
 * threads, of which one runs at a time.
 */
public final class Repricing {

  /** How many calls are looked at in one transaction. */
  public static final int STEP = 1_000;

  private static final int MAX_WHO = 128;
  private static final int MAX_WHY = 500;

  private final Jobs jobs;
  private final Runnable stored;
  private final UsageFilter which;
  private final BillingPeriod when;
  private final Function<Attribution, PriceCatalog> prices;
  private final RollupMoves rollups;
  private final Horizon horizon;

  /**
   * @param stored told after what is stored may have changed
   */
  Repricing(
      Jobs jobs,
      Runnable stored,
      UsageFilter which,
      BillingPeriod when,
      Function<Attribution, PriceCatalog> prices) {
    RepricingRun.check(which);
    this.jobs = jobs;
    this.stored = stored;
    this.which = which;
    this.when = Objects.requireNonNull(when, "when");
    this.prices = Objects.requireNonNull(prices, "prices");
    this.rollups = new RollupMoves(jobs);
    this.horizon = new Horizon(jobs.dialect(), jobs.tables());
  }

  /**
   * What a run did to one call.
   *
   * @param run which one
   * @param who started it
   * @param why that was
   * @param at when, by the clock of the writer
   * @param before null if there was no price
   * @param after null if there is none any more
   */
  public record Change(
      UUID run, String who, String why, Instant at, @Nullable Cost before, @Nullable Cost after) {}

  /**
   * Says what {@link #run} would change now, and writes nothing.
   *
   * @throws UsageException if the period begins before the raw horizon, which the message names, a
   *     price makes an impossible cost, or the database cannot be asked
   */
  public RepricingReport dryRun() {
    return trying(
        () -> {
          jobs.transactions().run(this::requireCalls);
          var all = new RepricingTally();
          Position next = new Position(firstOrganization(), null, null);
          while (next != null) {
            Position from = next;
            Step step = jobs.transactions().run(connection -> look(connection, from, false));
            step.calls().forEach(all::add);
            next = step.next();
          }
          return all.report();
        });
  }

  /**
   * Changes the costs, or goes on with a run that was cut off: one of the same filter, period,
   * {@code who} and {@code why} that is not finished. The catalog may have changed meanwhile; each
   * call says by which price it was priced.
   *
   * @param who is responsible for it, at most 128 characters
   * @param why in a few words, at most 500 characters
   * @return what was changed, by all parts of the run
   * @throws IllegalArgumentException if a text is blank or too long
   * @throws UsageException as for {@link #dryRun}, or if another instance does maintenance now.
   *     What was done stays; call it again to go on
   */
  public RepricingReport run(String who, String why) {
    String author = Checks.requireIdentifier("who", who, MAX_WHO);
    String reason = Checks.requireIdentifier("why", why, MAX_WHY);
    try {
      return trying(() -> locked(author, reason));
    } finally {
      stored.run();
    }
  }

  private RepricingReport locked(String who, String why) throws SQLException {
    try (JobLock.Held lock = jobs.lock("maintenance").take()) {
      RepricingRun.Begun begun =
          lock.step(
              connection -> {
                requireCalls(connection);
                return RepricingRun.begin(connection, jobs, which, when, who, why);
              });
      Position next = begun.position();
      while (next != null) {
        Position from = next;
        Step done = lock.step(connection -> change(connection, begun.run(), from));
        next = done.next();
        stored.run();
      }
      return jobs.transactions().run(begun.run()::report);
    }
  }

  /** What one transaction looked at, and where the next begins; null if there is no more. */
  private record Step(List<RepricedCall> calls, @Nullable Position next) {}

  private Step change(Connection connection, RepricingRun run, Position from) throws SQLException {
    jobs.dialect().lockForWriting(connection, jobs.tables());
    Step step = look(connection, from, true);
    var tally = new RepricingTally();
    step.calls().forEach(tally::add);
    List<RepricedCall> changed = step.calls().stream().filter(RepricedCall::changed).toList();
    if (!changed.isEmpty()) {
      update(connection, changed);
      rollups.apply(connection, changed);
      run.audit(connection, changed);
    }
    run.save(connection, tally, step.next());
    return step;
  }

  private Step look(Connection connection, Position from, boolean locking) throws SQLException {
    List<UUID> ids = new ArrayList<>();
    Position[] last = {from};
    Sql page = new Sql(jobs.dialect(), "SELECT e.id, e.occurred_at FROM ").add(event());
    Instant start = from.at() == null ? when.start() : from.at();
    page.where(which, BillingPeriod.of(start, when.end()), jobs.tables());
    if (which.organization() == null) {
      if (from.organization().isEmpty()) {
        page.add(" AND e.organization IS NULL");
      } else {
        page.andIs("organization", from.organization());
      }
    }
    if (from.at() != null && from.id() != null) {
      page.add(" AND (e.occurred_at > ")
          .bind(from.at())
          .add(" OR e.id > ")
          .bind(from.id())
          .add(")");
    }
    // All columns of the index, or H2 would sort what is left in each step.
    page.add(" ORDER BY e.organization, e.occurred_at, e.id" + Sql.first(STEP))
        .forEach(
            connection,
            row -> {
              UUID id = Dialect.required(row.getObject("id", UUID.class), "id");
              ids.add(id);
              last[0] =
                  new Position(from.organization(), jobs.dialect().instant(row, "occurred_at"), id);
            });
    List<RepricedCall> calls = ids.isEmpty() ? List.of() : calls(connection, ids, locking);
    if (ids.size() == STEP) {
      return new Step(calls, last[0]);
    }
    String organization =
        which.organization() != null
            ? null
            : new OrganizationMonths(jobs.dialect(), jobs.tables(), connection)
                .after(from.organization());
    return new Step(calls, organization == null ? null : new Position(organization, null, null));
  }

  private List<RepricedCall> calls(Connection connection, List<UUID> ids, boolean locking)
      throws SQLException {
    var calls = new ArrayList<RepricedCall>();
    new Sql(jobs.dialect(), "SELECT e.*, NULL AS ")
        .add(EventMapper.USER_LABEL)
        .add(", NULL AS ")
        .add(EventMapper.CUSTOMER_LABEL)
        .add(" FROM ")
        .add(event())
        .add(" WHERE ")
        .in("e.id", ids.stream())
        .add(" ORDER BY e.id" + (locking ? " FOR UPDATE" : ""))
        .forEach(connection, row -> calls.add(priced(read(row))));
    return calls;
  }

  private UsageEvent read(ResultSet row) throws SQLException {
    try {
      return EventMapper.read(row, jobs.dialect());
    } catch (IllegalArgumentException e) {
      throw new UsageException("cannot reprice: " + e.getMessage(), e);
    }
  }

  private String event() {
    return jobs.tables().event() + " e";
  }

  private RepricedCall priced(UsageEvent call) {
    try {
      PriceCatalog catalog = prices.apply(call.attribution());
      RepricedCall repriced = RepricedCall.of(call, Objects.requireNonNull(catalog, "prices"));
      repriced.after(); // says whether such a cost can be stored
      return repriced;
    } catch (RuntimeException e) {
      throw new UsageException("cannot price the call " + call.id() + ": " + e.getMessage(), e);
    }
  }

  private void update(Connection connection, List<RepricedCall> changed) throws SQLException {
    String sql =
        "UPDATE "
            + jobs.tables().event()
            + " SET cost_input = ?, cost_output = ?, cost_cache = ?, cost_other = ?, currency = ?,"
            + " price_reference = ?, cost_total = ? WHERE id = ?";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (RepricedCall call : changed) {
        Cost cost = call.cost();
        RepricingRun.bind(statement, 1, cost);
        if (cost == null) {
          statement.setNull(7, Column.Type.DECIMAL.jdbcType);
        } else {
          statement.setBigDecimal(7, cost.total());
        }
        statement.setObject(8, call.call().id());
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  private String firstOrganization() {
    return which.organization() == null ? "" : which.organization();
  }

  private boolean requireCalls(Connection connection) throws SQLException {
    RepricingRun.requireCalls(connection, horizon, which, when);
    return true;
  }

  /** Something that asks the database. */
  private interface Work {
    RepricingReport run() throws SQLException;
  }

  private static RepricingReport trying(Work work) {
    try {
      return work.run();
    } catch (SQLException e) {
      throw new UsageException("cannot reprice: " + e.getMessage(), e);
    }
  }
}
