package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.pricing.PriceCatalog;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What an administrator does with a store now and then. It works in bounded steps while others
 * write, may be killed at any point, and is then simply called again. Safe for use by several
 * threads.
 */
public final class UsageMaintenance {

  /** How many differences {@link #verify(BillingPeriod)} returns at most. */
  public static final int MAX_DIFFERENCES = 10_000;

  private final Jobs jobs;
  private final @Nullable Path archiveDirectory;
  private final Letters letters;
  private final Partitions partitions;
  private final Runnable changed;
  private final Transactions transactions;
  private final Tables tables;
  private final RollupCheck check;
  private final RollupRepair repair;

  /**
   * @param changed told after what is stored may have changed
   */
  UsageMaintenance(
      Jobs jobs,
      Partitions partitions,
      @Nullable Path archiveDirectory,
      List<Path> deadLetters,
      Runnable changed) {
    this.partitions = partitions;
    this.archiveDirectory = archiveDirectory;
    this.letters = new Letters(deadLetters);
    this.changed = changed;
    this.jobs = jobs;
    this.transactions = jobs.transactions();
    this.tables = jobs.tables();
    this.check = new RollupCheck(jobs.dialect(), tables);
    this.repair = new RollupRepair(jobs.dialect(), tables, check);
  }

  /**
   * One thing in a rollup that is not what the single calls add up to.
   *
   * @param grain {@link Dimension#DAY} or {@link Dimension#MONTH}
   * @param bucket the day, or the first day of the month
   * @param keys organization, user, customer, category, provider and model of the row; "" is
   *     unattributed. Without user and customer it is a row of the whole organization
   * @param currency of the row; XXX is unpriced
   * @param column the column that differs; null if the whole row does
   * @param stored what the rollup has, null being NULL; always null for a row that is missing
   * @param expected what it should have, null being NULL; always null for a row that is surplus
   * @param problem what kind of difference it is
   */
  public record Difference(
      Dimension grain,
      LocalDate bucket,
      Map<Dimension, String> keys,
      String currency,
      @Nullable String column,
      @Nullable String stored,
      @Nullable String expected,
      Problem problem) {

    /** What is wrong. */
    public enum Problem {
      /** A column has another value. */
      VALUE,
      /** There are calls, but no row. */
      MISSING_ROW,
      /** There is a row, but no calls. */
      SURPLUS_ROW
    }

    /** Copies the keys. */
    public Difference {
      keys = Map.copyOf(keys);
    }

    /** Says it in one line. */
    @Override
    public String toString() {
      String where = grain + " " + bucket + " of " + new TreeMap<>(keys) + " " + currency;
      return switch (problem) {
        case VALUE -> where + ": " + column + " is " + stored + ", but must be " + expected;
        case MISSING_ROW -> where + ": the row is missing";
        case SURPLUS_ROW -> where + ": the row must not be there";
      };
    }
  }

  /**
   * Compares the rollups with the single calls, for every month that the period touches: every
   * grain, every column, from the raw horizon on, before which there is nothing to compare with. A
   * month that the horizon cuts is compared by its whole days after it. Changes nothing and keeps
   * nobody waiting.
   *
   * @return what differs, at most {@value #MAX_DIFFERENCES}; empty if all is well
   * @throws UsageException if the database cannot be asked
   */
  public List<Difference> verify(BillingPeriod when) {
    var found = new ArrayList<Difference>();
    verify(
        when,
        difference -> {
          if (found.size() < MAX_DIFFERENCES) {
            found.add(difference);
          }
        });
    return List.copyOf(found);
  }

  /**
   * The same for any number of differences, in bounded memory.
   *
   * @param finding told of each difference, on this thread
   * @throws UsageException if the database cannot be asked
   */
  public void verify(BillingPeriod when, Consumer<Difference> finding) {
    trying("verify", when, () -> new RollupVerification(jobs, check).verify(when, finding));
  }

  /**
   * Makes the rollups what the single calls add up to, for every month that the period touches.
   * Only what differs is written; writers wait for the length of one step, a day of one
   * organization, at most.
   *
   * @throws UsageException if one of these months begins before the raw horizon, which the message
   *     names: nothing is changed then. Also if the database cannot be asked
   */
  public void rebuild(BillingPeriod when) {
    try {
      rebuildByDays(when);
    } finally {
      changed.run();
    }
  }

  private void rebuildByDays(BillingPeriod when) {
    trying(
        "rebuild",
        when,
        () -> {
          transactions.run(connection -> repair.requireCalls(connection, when));
          var plan = transactions.run(connection -> repair.plan(connection, "", when));
          while (true) {
            String organization = plan.organization();
            for (LocalDate day : plan.days()) {
              transactions.write(connection -> repair.day(connection, organization, day));
            }
            for (LocalDate month : plan.months()) {
              transactions.write(connection -> repair.month(connection, organization, month));
            }
            String next = plan.next();
            if (next == null) {
              return;
            }
            plan = transactions.run(connection -> repair.plan(connection, next, when));
          }
        });
  }

  /**
   * Deletes the single calls of whole months that end at or before an instant. Their totals, by
   * every dimension, stay for good; each month of an organization is archived before, and what only
   * single calls can tell (conversations, median and 95th percentile of latency) is kept in {@code
   * usage_month_close}. From then on calls of that time are refused as behind the raw horizon.
   *
   * @param before at most the start of the month three months before the current one
   * @return how many calls were deleted
   * @throws IllegalArgumentException if it is later than that
   * @throws UsageException if there is no directory for archives, another instance does maintenance
   *     now, or the database or the directory fails. What was done stays; call it again to go on
   */
  public long deleteEventsBefore(Instant before) {
    Retention.requireOld(before, jobs.now());
    return locked(
        "delete events before " + before,
        true,
        (archives, lock) -> {
          partitions.prepare(List.of());
          return new Retention(jobs, partitions, archives, lock).deleteBefore(before);
        });
  }

  /**
   * Brings the archived calls of an organization back, from a month to the raw horizon, which moves
   * back before them. Totals do not change. Labels are not in archives.
   *
   * @param organization null for unattributed calls
   * @param from the first month wanted; every later one that was deleted comes back, too
   * @return how many calls were brought back
   * @throws UsageException if an archive is missing, torn or changed; else as for {@link
   *     #deleteEventsBefore}
   */
  public long restoreEvents(@Nullable String organization, YearMonth from) {
    String name = organization == null ? "" : organization;
    return locked(
        "restore events from " + from,
        true,
        (archives, lock) ->
            new Retention(jobs, partitions, archives, lock).restore(name, from.atDay(1)));
  }

  /**
   * Makes a person unknown. In single calls, rollups, archives and {@linkplain
   * JdbcUsageStoreBuilder#deadLetters dead letters} a random pseudonym takes the user's place, and
   * one the place of each of its sessions; tags, metadata, error texts and credentials of its calls
   * are cleared; its label is deleted. Totals and the number of different users stay the same.
   * Nothing remembers which pseudonym it was.
   *
   * <p>What is recorded of the user afterwards, also a call that comes late, is that of a new
   * person, so let every tracker purge its spool first. Ids that the host gave to operations or
   * customers stay: see docs/retention.md.
   *
   * @param organization null for unattributed calls
   * @throws UsageException if another instance does maintenance now, or the database, the directory
   *     of archives or a file of dead letters fails. Either nothing is changed then, or the next
   *     call of any method here that uses archives ends what was begun
   */
  public void eraseUser(@Nullable String organization, String user) {
    erase("erase a user", organization, erasure -> erasure.user(name(user)));
  }

  /**
   * The same for a customer that was viewed: its pseudonym and no label; tags, metadata and error
   * texts of the calls made for it are cleared. The sessions are those of the users.
   *
   * @param organization null for unattributed calls
   * @throws UsageException as for {@link #eraseUser}
   */
  public void eraseCustomer(@Nullable String organization, String customer) {
    erase("erase a customer", organization, erasure -> erasure.customer(name(customer)));
  }

  /**
   * The same for an organization, and for every user, session and customer of it: one after the
   * other, so call it again if it was killed. Totals of all organizations stay the same.
   *
   * @throws UsageException as for {@link #eraseUser}
   */
  public void eraseOrganization(String organization) {
    erase("erase an organization", name(organization), Erasure::organization);
  }

  private static String name(String id) {
    return Checks.requireIdentifier("id", id, Attribution.MAX_ID);
  }

  /** What is done to one organization. */
  private interface Erasing {
    void with(Erasure erasure) throws Exception;
  }

  private void erase(String verb, @Nullable String organization, Erasing erasing) {
    String name = organization == null ? "" : organization;
    locked(
        verb,
        false,
        (archives, lock) -> {
          erasing.with(new Erasure(jobs, archives, letters, lock, name));
          return 0L;
        });
  }

  /** What is done under the lock of maintenance. */
  private interface LockedWork {
    long run(Archives archives, JobLock.Held lock) throws Exception;
  }

  private long locked(String verb, boolean archiving, LockedWork work) {
    var archives = new Archives(archiveDirectory);
    try (JobLock.Held lock = jobs.lock("maintenance").take()) {
      archives.requireNeeded(verb, archiving, jobs);
      Erasure.settle(jobs, archives, letters, lock);
      return work.run(archives, lock);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new UsageException("cannot " + verb + ": " + e.getMessage(), e);
    } finally {
      changed.run();
    }
  }

  /**
   * Prices stored calls again: see {@link Repricing}, which nothing is done by until it is told.
   *
   * @param which calls: by organization, category, provider, model, and whether they are unpriced
   * @param when they were made
   * @throws IllegalArgumentException if the filter asks for anything else
   */
  public Repricing reprice(UsageFilter which, BillingPeriod when, PriceCatalog prices) {
    Objects.requireNonNull(prices, "prices");
    return reprice(which, when, who -> prices);
  }

  /** The same with prices that depend on who made a call, such as negotiated ones. */
  public Repricing reprice(
      UsageFilter which, BillingPeriod when, Function<Attribution, PriceCatalog> catalogOf) {
    return new Repricing(jobs, changed, which, when, catalogOf);
  }

  /**
   * What repricing did to one call, oldest first; empty if nothing, or the call is gone.
   *
   * @throws UsageException if the database cannot be asked
   */
  public List<Repricing.Change> repricingsOf(UUID call) {
    try {
      return transactions.run(connection -> RepricingRun.of(connection, jobs, call));
    } catch (SQLException e) {
      throw new UsageException("cannot read what was repriced: " + e.getMessage(), e);
    }
  }

  /**
   * Lets PostgreSQL itself keep organizations apart: applies the script {@code postgresql/rls.sql},
   * as the owner of the tables and with the right to create roles. May be repeated, and is to be
   * after each upgrade of the schema. Open every store again afterwards; until then it cannot
   * write.
   *
   * @throws UsageException if the database is not PostgreSQL 15 or newer, or refuses
   */
  public void applyRowLevelSecurity() {
    try {
      RowSecurity.apply(transactions, jobs.dialect(), tables);
    } catch (SQLException e) {
      throw new UsageException("cannot apply row-level security: " + e.getMessage(), e);
    }
  }

  /** Something that asks the database. */
  private interface Work {
    void run() throws SQLException;
  }

  private static void trying(String verb, BillingPeriod when, Work work) {
    try {
      work.run();
    } catch (SQLException e) {
      throw new UsageException("cannot " + verb + " " + when + ": " + e.getMessage(), e);
    }
  }
}
