package io.github.usage4j.jdbc;

import static java.time.ZoneOffset.UTC;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A partition for each month of the tables of calls and tags on PostgreSQL, by the time in the id;
 * where a database has none, this does nothing. What is of no such month (an id that begins with no
 * time, a call of long ago) is in a partition for the rest, and what came before its month had a
 * partition moves there from it. So no write depends on a partition, and no answer on which one a
 * call is in. Safe for use by several threads.
 */
final class Partitions {

  /** How many months before the current one get partitions when calls of them come. */
  static final int MONTHS_BACK = 120;

  private static final Logger LOG = LoggerFactory.getLogger(JdbcUsageStore.class);

  /** How long to leave it after it failed: the rest has room, and somebody may read for long. */
  private static final Duration PAUSE = Duration.ofMinutes(10);

  /** Whoever reads keeps a partition from being attached, and whoever waits for that everybody. */
  private static final String LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'";

  /** At the end of a partition's name. */
  private static final Pattern MONTH = Pattern.compile("_([0-9]{4})_(0[1-9]|1[0-2])$");

  private static final String NOT_ALLOWED = "42501";
  private static final String LOCKED = "55P03";

  private final Jobs jobs;
  private final boolean present;
  private final boolean mayCreate;
  private final Set<YearMonth> known = ConcurrentHashMap.newKeySet();
  private volatile Instant pausedUntil = Instant.MIN;

  private Partitions(Jobs jobs, boolean present, boolean mayCreate) {
    this.jobs = jobs;
    this.present = present;
    this.mayCreate = mayCreate;
  }

  /**
   * Looks whether the tables, which are there, have partitions.
   *
   * @param mayCreate whether months may be added
   */
  static Partitions of(Jobs jobs, boolean mayCreate) throws SQLException {
    boolean present =
        jobs.transactions()
            .run(connection -> arePresent(connection, jobs.dialect(), jobs.tables()));
    return new Partitions(jobs, present, present && mayCreate);
  }

  /** True if the table of calls, which may be missing, has partitions. */
  static boolean arePresent(Connection connection, Dialect dialect, Tables tables)
      throws SQLException {
    return dialect instanceof PostgresDialect
        && Dialect.isTrue(
            connection,
            "SELECT COUNT(*) > 0 FROM pg_class WHERE oid = to_regclass(?) AND relkind = 'p'",
            tables.event());
  }

  /**
   * Says that a database is not as it was asked for.
   *
   * @throws UsageException if there are no partitions
   */
  void require() {
    if (!present) {
      throw new UsageException(
          "table "
              + jobs.tables().event()
              + " has no partitions, and a table with rows does not get them; open it without"
              + " partitionedByMonth(), or use another tablePrefix or schema for a new one",
          null);
    }
  }

  boolean present() {
    return present;
  }

  /** The month of the time in an id, whatever else may be there. */
  static YearMonth monthOf(UUID id) {
    return monthOf(Instant.ofEpochMilli(id.getMostSignificantBits() >>> 16));
  }

  private static YearMonth monthOf(Instant at) {
    return YearMonth.from(at.atOffset(UTC));
  }

  /** The least id of a month. */
  static UUID first(YearMonth month) {
    return new UUID(Archives.start(month.atDay(1)).toEpochMilli() << 16, 0);
  }

  /**
   * Makes sure that the months of these calls, the current one and the next have partitions, as far
   * as that can be done now. Never throws: what has none goes with the rest.
   */
  void prepare(Collection<UsageEvent> events) {
    if (!mayCreate) {
      return;
    }
    YearMonth current = monthOf(jobs.clock().instant());
    var missing = new TreeSet<YearMonth>();
    missing.add(current);
    missing.add(current.plusMonths(1));
    for (UsageEvent event : events) {
      YearMonth month = monthOf(event.id());
      if (!month.isBefore(current.minusMonths(MONTHS_BACK)) && month.isBefore(current)) {
        missing.add(month);
      }
    }
    missing.removeAll(known);
    if (!missing.isEmpty() && !jobs.clock().instant().isBefore(pausedUntil)) {
      create(missing);
    }
  }

  /** The same for a month of which calls will come that are no new ones. */
  void prepare(YearMonth month) {
    YearMonth current = monthOf(jobs.clock().instant());
    if (mayCreate && !month.isBefore(current.minusMonths(MONTHS_BACK)) && !month.isAfter(current)) {
      create(Set.of(month));
    }
  }

  private void create(Set<YearMonth> months) {
    try {
      for (YearMonth month : months) {
        boolean created = jobs.transactions().write(connection -> create(connection, month));
        known.add(month);
        LOG.debug("{} has a partition for {}: new {}", jobs.tables().event(), month, created);
      }
    } catch (SQLException | RuntimeException e) {
      pausedUntil = jobs.clock().instant().plus(PAUSE);
      LOG.warn(
          "No partitions for {} of {} now; their calls go to {} until there are",
          months,
          jobs.tables().event(),
          rest(jobs.tables().event()),
          e);
    }
  }

  private static String rest(String table) {
    return table + "_other";
  }

  private static String name(String table, YearMonth month) {
    return String.format(
        Locale.ROOT, "%s_%04d_%02d", table, month.getYear(), month.getMonthValue());
  }

  private List<PartitionedTable> all() {
    return List.of(
        new PartitionedTable(jobs.tables().event(), "id"),
        new PartitionedTable(jobs.tables().eventTag(), "event_id"));
  }

  /**
   * One of the tables.
   *
   * @param id the column with the id of the call
   */
  private record PartitionedTable(String name, String id) {
    String range() {
      return " WHERE " + id + " >= ? AND " + id + " < ?";
    }
  }

  private boolean exists(Connection connection, YearMonth month) throws SQLException {
    for (PartitionedTable table : all()) {
      if (!exists(connection, table, month)) {
        return false;
      }
    }
    return true;
  }

  private boolean exists(Connection connection, PartitionedTable table, YearMonth month)
      throws SQLException {
    return jobs.dialect().hasTable(connection, jobs.tables(), name(table.name(), month));
  }

  private boolean create(Connection connection, YearMonth month) throws SQLException {
    if (exists(connection, month)) {
      return false;
    }
    // Nobody writes any more: what is moved from the rest is all there is.
    jobs.dialect().lockForMaintenance(connection, jobs.tables());
    if (exists(connection, month)) {
      return false;
    }
    Dialect.execute(connection, LOCK_TIMEOUT);
    for (PartitionedTable table : all()) {
      if (!exists(connection, table, month)) {
        create(connection, table, month);
      }
    }
    return true;
  }

  /** Attached when it is filled: that takes lesser locks than to make it where it belongs. */
  private void create(Connection connection, PartitionedTable table, YearMonth month)
      throws SQLException {
    String partition = name(table.name(), month);
    Dialect.execute(
        connection,
        "CREATE TABLE "
            + partition
            + " (LIKE "
            + table.name()
            + " INCLUDING DEFAULTS INCLUDING CONSTRAINTS)");
    jobs.update(
        connection,
        "WITH moved AS (DELETE FROM "
            + table.name()
            + table.range()
            + " RETURNING *) INSERT INTO "
            + partition
            + " SELECT * FROM moved",
        first(month),
        first(month.plusMonths(1)));
    Dialect.execute(
        connection,
        "ALTER TABLE "
            + table.name()
            + " ATTACH PARTITION "
            + partition
            + " FOR VALUES FROM ('"
            + first(month)
            + "') TO ('"
            + first(month.plusMonths(1))
            + "')");
    if (Dialect.isTrue(
        connection,
        "SELECT relrowsecurity FROM pg_class WHERE oid = to_regclass(?)",
        table.name())) {
      // The policies are those of the table; by its own name nobody reads a partition.
      Dialect.execute(connection, "ALTER TABLE " + partition + " ENABLE ROW LEVEL SECURITY");
      Dialect.execute(connection, "ALTER TABLE " + partition + " FORCE ROW LEVEL SECURITY");
    }
  }

  /** The months before one that have partitions, the earliest first. */
  List<YearMonth> monthsBefore(YearMonth end) throws SQLException {
    String sql =
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            + " WHERE i.inhparent = to_regclass(?)";
    return jobs.transactions()
        .run(
            connection -> {
              var months = new ArrayList<YearMonth>();
              try (PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setString(1, jobs.tables().event());
                try (ResultSet row = statement.executeQuery()) {
                  while (row.next()) {
                    Matcher name = MONTH.matcher(row.getString(1));
                    if (name.find()) {
                      months.add(
                          YearMonth.of(
                              Integer.parseInt(name.group(1)), Integer.parseInt(name.group(2))));
                    }
                  }
                }
              }
              return months.stream().filter(month -> month.isBefore(end)).sorted().toList();
            });
  }

  /**
   * Takes a whole month away at once, if it has nothing but what is known to be archived: as many
   * calls as were read from it and archived, since which nothing was taken out.
   *
   * @param archived how many calls of it are in archives
   * @return false if it must be done row by row
   */
  boolean drop(JobLock.Held lock, YearMonth month, long archived) throws SQLException {
    try {
      boolean dropped = lock.step(connection -> drop(connection, month, archived));
      if (dropped) {
        known.remove(month);
      }
      return dropped;
    } catch (SQLException e) {
      String state = SqlStates.of(e);
      if (state.equals(LOCKED) || state.equals(NOT_ALLOWED)) {
        LOG.debug("The calls of {} are deleted row by row", month, e);
        return false;
      }
      throw e;
    }
  }

  private boolean drop(Connection connection, YearMonth month, long archived) throws SQLException {
    if (!exists(connection, month)) {
      return false;
    }
    Dialect.execute(connection, LOCK_TIMEOUT);
    PartitionedTable calls = all().get(0);
    // Only writers of this old month wait while it is counted.
    Dialect.execute(connection, "LOCK TABLE " + name(calls.name(), month) + " IN SHARE MODE");
    String sql = "SELECT COUNT(*) FROM " + calls.name() + calls.range();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      jobs.bind(statement, first(month), first(month.plusMonths(1)));
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        if (row.getLong(1) != archived) {
          return false;
        }
      }
    }
    for (PartitionedTable table : all()) {
      Dialect.execute(connection, "DROP TABLE " + name(table.name(), month));
    }
    jobs.update(
        connection,
        "DELETE FROM " + jobs.tables().repricingEvent() + " WHERE event_id >= ? AND event_id < ?",
        first(month),
        first(month.plusMonths(1)));
    return true;
  }
}
