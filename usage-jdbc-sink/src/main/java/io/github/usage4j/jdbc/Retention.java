package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageException;
import io.github.usage4j.internal.EventFile;
import io.github.usage4j.internal.EventFileWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes single calls out of the database, a month of an organization at a time, and brings them
 * back. Rollups stay as they are.
 *
 * <p>The order is what makes it safe to be killed at any point: first the raw horizon moves to the
 * end of the month, so that nothing can come any more; then what only calls can tell is written
 * down; then the archive is written; and what is in the archive, nothing else, is deleted in
 * bounded steps. Whoever runs next finds rows behind the horizon and goes on.
 */
final class Retention {

  /** Whole months of which the calls are always kept, beside the current one. */
  static final int MONTHS_KEPT = 3;

  private final Jobs jobs;
  private final Partitions partitions;
  private final Archives archives;
  private final JobLock.Held lock;
  private final Horizon horizon;

  Retention(Jobs jobs, Partitions partitions, Archives archives, JobLock.Held lock) {
    this.jobs = jobs;
    this.partitions = partitions;
    this.archives = archives;
    this.lock = lock;
    this.horizon = new Horizon(jobs.dialect(), jobs.tables());
  }

  /**
   * Refuses to delete what may still be billed.
   *
   * @throws IllegalArgumentException naming the latest instant
   */
  static void requireOld(Instant before, Instant now) {
    Instant latest =
        Archives.start(
            YearMonth.from(now.atOffset(ZoneOffset.UTC)).minusMonths(MONTHS_KEPT).atDay(1));
    if (before.isAfter(latest)) {
      throw new IllegalArgumentException(
          "calls of the current month and the "
              + MONTHS_KEPT
              + " whole months before it are kept, so before must be at most "
              + latest
              + ", but was "
              + before);
    }
  }

  /** Deletes the calls of whole months that end at or before an instant; says how many. */
  long deleteBefore(Instant before) throws SQLException {
    LocalDate end = Grain.MONTH.bucket(LocalDate.ofInstant(before, ZoneOffset.UTC));
    long dropped = partitions.present() ? dropMonths(end) : 0;
    return dropped + forEachMonth(end, this::delete);
  }

  /** What is done with a month of an organization; says how many calls it deleted. */
  private interface Step {
    long run(String organization, LocalDate month) throws SQLException;
  }

  private long forEachMonth(LocalDate end, Step step) throws SQLException {
    long deleted = 0;
    String organization = "";
    while (true) {
      Plan plan = plan(organization, Archives.start(end));
      for (LocalDate month : plan.months()) {
        deleted += step.run(organization, month);
      }
      if (plan.next() == null) {
        forgetCounters(Archives.start(end));
        return deleted;
      }
      organization = plan.next();
    }
  }

  /** Counters of limits of that time; their grants and alerts stay. */
  private void forgetCounters(Instant end) throws SQLException {
    var states = new LimitStates(jobs, new LimitAlerts(jobs));
    while (lock.step(connection -> states.forget(connection, end)) > 0) {
      // the next ones
    }
  }

  /**
   * Archives first what everybody has, and then drops the months of which nothing else is left.
   * What is in no partition of its own time, and months that are not whole, stay to be deleted.
   */
  private long dropMonths(LocalDate end) throws SQLException {
    var archived = new HashMap<YearMonth, Long>();
    var unused =
        forEachMonth(
            end,
            (organization, month) -> {
              var rows = new MonthRows(jobs, organization, month);
              if (jobs.transactions().run(rows::exist)) {
                close(
                    rows,
                    organization,
                    month,
                    id -> archived.merge(Partitions.monthOf(id), 1L, Long::sum));
              }
              return 0;
            });
    long dropped = 0;
    for (YearMonth month : partitions.monthsBefore(YearMonth.from(end))) {
      long calls = archived.getOrDefault(month, 0L); // none: emptied row by row before
      dropped += partitions.drop(lock, month, calls) ? calls : 0;
    }
    return dropped;
  }

  /**
   * What to look at.
   *
   * @param months of one organization in which something is stored
   * @param next the organization after it; null if it is the last
   */
  private record Plan(List<LocalDate> months, @Nullable String next) {}

  private Plan plan(String organization, Instant end) throws SQLException {
    return jobs.transactions()
        .run(
            connection -> {
              var stored = new OrganizationMonths(jobs.dialect(), jobs.tables(), connection);
              var months = new ArrayList<LocalDate>();
              if (end.isAfter(Instant.EPOCH)) {
                stored.forEach(organization, BillingPeriod.of(Instant.EPOCH, end), months::add);
              }
              return new Plan(months, stored.after(organization));
            });
  }

  private long delete(String organization, LocalDate month) throws SQLException {
    var rows = new MonthRows(jobs, organization, month);
    if (!jobs.transactions().run(rows::exist)) {
      return 0;
    }
    Path file = close(rows, organization, month, id -> {});
    try {
      return delete(rows, file);
    } catch (SQLException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new UsageException("cannot read " + file, e);
    }
  }

  /**
   * Makes that no call of the month comes any more, and keeps it without its calls.
   *
   * @param each told the id of each call that was read from the database
   */
  private Path close(MonthRows rows, String organization, LocalDate month, Consumer<UUID> each)
      throws SQLException {
    Instant end = Archives.start(Grain.MONTH.end(month));
    lock.step(
        connection -> {
          jobs.dialect().lockForMaintenance(connection, jobs.tables());
          if (position(connection, organization).isBefore(end)) {
            horizon.move(connection, organization, end);
          }
          return true;
        });
    lock.step(connection -> new MonthClose(jobs, organization, month).write(connection));
    try {
      return archive(rows, organization, month, each);
    } catch (SQLException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new UsageException(
          "cannot archive " + month + " of organization '" + organization + "'", e);
    }
  }

  private Instant position(Connection connection, String organization) throws SQLException {
    return horizon.after(connection, Horizon.NONE).of(organization);
  }

  /** What is archived already, and the rows, each once: after a restore, both have most of them. */
  private Path archive(MonthRows rows, String organization, LocalDate month, Consumer<UUID> each)
      throws Exception {
    Path file = archives.file(organization, month);
    EventFile.@Nullable Cursor old = null;
    if (Files.exists(file)) {
      new EventFile(file).verify();
      old = new EventFile(file).open();
    }
    try (var writer = new EventFileWriter(file, Archives.header(organization, month))) {
      MonthRows.Cursor stored = rows.new Cursor();
      EventFile.Entry row = stored.next();
      EventFile.Entry archived = old == null ? null : old.next();
      int sinceRenewed = 0;
      while (row != null || archived != null) {
        int order =
            row == null ? 1 : archived == null ? -1 : MonthRows.ORDER.compare(row, archived);
        EventFile.Entry next = order <= 0 ? row : archived;
        if (next != null) {
          writer.write(next.event(), next.recordedAt());
        }
        if (order <= 0 && row != null) {
          each.accept(row.event().id());
          row = stored.next();
        }
        if (order >= 0 && old != null) {
          archived = old.next();
        }
        if (++sinceRenewed == 100 * MonthRows.PAGE) {
          lock.renew();
          sinceRenewed = 0;
        }
      }
      lock.renew(); // whoever took over must not find its archive replaced
      writer.commit();
    } finally {
      if (old != null) {
        old.close();
      }
    }
    return file;
  }

  private long delete(MonthRows rows, Path file) throws Exception {
    var deleted = new long[1];
    var ids = new ArrayList<UUID>();
    Archives.forEach(
        file,
        entry -> {
          ids.add(entry.event().id());
          if (ids.size() == MonthRows.PAGE) {
            deleted[0] += step(rows, ids);
          }
        });
    deleted[0] += step(rows, ids);
    return deleted[0];
  }

  private int step(MonthRows rows, List<UUID> ids) throws SQLException {
    int count = lock.step(connection -> rows.delete(connection, ids));
    ids.clear();
    return count;
  }

  /**
   * Brings back every month from this one to the raw horizon, the latest first, because calls must
   * be complete from the horizon on; says how many calls.
   */
  long restore(String organization, LocalDate from) throws SQLException {
    long restored = 0;
    Instant position = jobs.transactions().run(connection -> position(connection, organization));
    LocalDate month = Grain.MONTH.bucket(LocalDate.ofInstant(position, ZoneOffset.UTC));
    while (month.isAfter(from) && Archives.start(from).isBefore(position)) {
      month = month.minusMonths(1);
      restored += restoreMonth(organization, month);
    }
    return restored;
  }

  private long restoreMonth(String organization, LocalDate month) throws SQLException {
    Path file = archives.file(organization, month);
    var rows = new MonthRows(jobs, organization, month);
    long restored = 0;
    if (Files.exists(file)) {
      partitions.prepare(YearMonth.from(month));
      try {
        restored = insert(rows, file);
      } catch (SQLException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new UsageException("cannot restore " + file, e);
      }
    } else if (jobs.transactions().run(connection -> hasRollups(connection, organization, month))) {
      throw new UsageException(
          "the archive of " + month + " of organization '" + organization + "' is missing: " + file,
          null);
    }
    lock.step(
        connection -> {
          jobs.dialect().lockForMaintenance(connection, jobs.tables());
          horizon.move(connection, organization, Archives.start(month));
          return new MonthClose(jobs, organization, month).reopen(connection);
        });
    return restored;
  }

  private boolean hasRollups(Connection connection, String organization, LocalDate month)
      throws SQLException {
    String sql =
        "SELECT 1 FROM "
            + jobs.tables().rollup()
            + " WHERE grain = ? AND bucket = ? AND organization = ?";
    try (var statement = connection.prepareStatement(sql)) {
      jobs.bind(statement, Grain.MONTH.code, month, organization);
      try (var row = statement.executeQuery()) {
        return row.next();
      }
    }
  }

  private long insert(MonthRows rows, Path file) throws Exception {
    new EventFile(file).verify();
    var restored = new long[1];
    var page = new ArrayList<EventFile.Entry>();
    Archives.forEach(
        file,
        entry -> {
          page.add(entry);
          if (page.size() == MonthRows.PAGE) {
            restored[0] += lock.step(connection -> rows.insert(connection, page));
            page.clear();
          }
        });
    if (!page.isEmpty()) {
      restored[0] += lock.step(connection -> rows.insert(connection, page));
    }
    return restored[0];
  }
}
