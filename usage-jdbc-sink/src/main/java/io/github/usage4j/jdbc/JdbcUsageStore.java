package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageReader;
import io.github.usage4j.backfill.ImportCheckpoints;
import io.github.usage4j.credit.CreditStore;
import io.github.usage4j.limit.LimitStore;
import io.github.usage4j.query.UsageReports;
import io.github.usage4j.sink.UsageStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * Keeps usage events in H2, PostgreSQL or MariaDB. Creates its tables, or brings them to the
 * version it needs, when it is opened; several instances may do that at once.
 *
 * <p>A batch is written in one transaction of its own, at READ COMMITTED, and is durable when
 * {@link #write} returns. An id that is stored already is compared and reported, and its row stays
 * as it is. The {@link DataSource} stays the caller's: it is never closed, no connection is kept,
 * and one that was borrowed goes back with the autocommit, isolation and read-only state it came
 * with. Give the store a plain pool and not one that joins the callers' transactions.
 *
 * <p>Safe for use by several threads; on H2 one writer is faster than several.
 */
public final class JdbcUsageStore implements UsageStore {

  /** The databases that are known to count exactly. */
  public enum Database {
    /** H2 2.x: in a file, in memory or as a server, in any compatibility mode but Oracle. */
    H2("H2"),
    /** PostgreSQL, with a database in UTF-8. */
    POSTGRESQL("PostgreSQL"),
    /** MariaDB 10.11 and newer, through MariaDB Connector/J; never MySQL. */
    MARIADB("MariaDB");

    final String product;

    Database(String product) {
      this.product = product;
    }

    Dialect dialect() {
      return switch (this) {
        case H2 -> new H2Dialect();
        case POSTGRESQL -> new PostgresDialect();
        case MARIADB -> new MariaDbDialect();
      };
    }

    static Database of(String product) {
      return Arrays.stream(values())
          .filter(database -> database.product.equals(product))
          .findFirst()
          .orElseThrow(
              () ->
                  new UsageException(
                      "the database must be one of "
                          + Arrays.stream(values())
                              .map(database -> database.product)
                              .collect(Collectors.joining(", "))
                          + ", but is "
                          + product,
                      null));
    }
  }

  private final Database database;
  private final Tables tables;
  private final Dialect dialect;
  private final EventWriter writer;
  private final JdbcUsageReader reader;
  private final UsageMaintenance maintenance;
  private final UsageQueries queries;
  private final UsageReports reports;
  private final boolean rowSecurity;
  private final DataSource dataSource;
  private final Jobs jobs;
  private final JdbcLimitStore limits;

  JdbcUsageStore(
      Database database,
      DataSource dataSource,
      Jobs jobs,
      JdbcLimitStore limits,
      EventWriter writer,
      JdbcUsageReader reader,
      boolean rowSecurity,
      Function<Runnable, UsageMaintenance> maintenance) {
    this.database = database;
    this.dataSource = dataSource;
    this.jobs = jobs;
    this.tables = jobs.tables();
    this.dialect = jobs.dialect();
    this.writer = writer;
    this.limits = limits;
    this.reader = reader;
    this.rowSecurity = rowSecurity;
    this.queries = UsageQueries.caching(reader, jobs.clock());
    this.maintenance = maintenance.apply(() -> queries.changed(Instant.EPOCH));
    this.reports = new UsageReports(queries);
  }

  /**
   * Opens the store with all defaults; creates or upgrades its tables.
   *
   * @param dataSource where connections come from; it is not closed
   * @throws UsageException if the database is not supported, cannot be reached, does not let the
   *     tables be made, has newer tables than this library knows, or has a setting with which
   *     events would be lost or mixed up
   */
  public static JdbcUsageStore open(DataSource dataSource) {
    return builder(dataSource).open();
  }

  /**
   * Starts a store that differs from the defaults.
   *
   * @param dataSource where connections come from; it is not closed
   */
  public static JdbcUsageStoreBuilder builder(DataSource dataSource) {
    return new JdbcUsageStoreBuilder(dataSource);
  }

  @Override
  public void write(List<UsageEvent> events) throws SQLException, RejectedException {
    write(events, Report.NONE);
  }

  /**
   * Stores a batch in one transaction: all of it, or none. When it returns, the batch is durable.
   *
   * @param events may be empty, which does nothing
   * @param report told about calls that were stored already or come too late, after the commit, in
   *     the order of the batch
   * @throws RejectedException if the database can never store what is in the batch
   * @throws SQLException if the batch cannot be stored now; the same batch may be tried again
   * @throws UsageException if the connection takes part in a transaction of the caller
   */
  @Override
  public void write(List<UsageEvent> events, Report report) throws SQLException, RejectedException {
    try {
      writer.write(events, report);
    } finally {
      // Also after an error: a commit may have come through of which the answer was lost.
      events.stream()
          .map(UsageEvent::occurredAt)
          .min(Comparator.naturalOrder())
          .ifPresent(queries::changed);
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>Sums of periods that ended three days or more ago are remembered for a minute: they are
   * exact about everything that this store wrote; what another process writes late is seen within
   * that minute, or at once with {@link UsageQueries#fresh}.
   */
  @Override
  public UsageQueries queries() {
    return queries;
  }

  /**
   * What limits need that hold for all instances which share this database. Leases are lowered by
   * what this object writes for holders that joined here: one store object for each database.
   */
  @Override
  public LimitStore limits() {
    return limits;
  }

  /** The ledgers of credits. */
  @Override
  public CreditStore credits() {
    return new JdbcCreditStore(jobs);
  }

  /** What an administrator does now and then: comparing, repairing. */
  public UsageMaintenance maintenance() {
    return maintenance;
  }

  Dialect dialect() {
    return dialect;
  }

  Transactions transactions() {
    return jobs.transactions();
  }

  Jobs jobs() {
    return jobs;
  }

  /**
   * Queries on a connection of the caller: in its transaction, with what that has written and not
   * committed. The connection is neither closed nor committed, and nothing is remembered. For wider
   * questions use {@code new UsageReports(store.queries(connection))}.
   *
   * @param connection open, to the store's database; used by one thread at a time
   */
  public UsageQueries queries(Connection connection) {
    Objects.requireNonNull(connection, "connection");
    var reader = new JdbcUsageReader(Jdbis.on(connection), dialect, tables);
    // Policies may hide the rows of whole organizations there, and their sums would be 0.
    return new UsageQueries(database == Database.POSTGRESQL ? reader.byCaller() : reader);
  }

  @Override
  public UsageReports reports() {
    return reports;
  }

  JdbcUsageReader reader() {
    return reader;
  }

  /** Reads every sum from the single calls, to compare both ways. */
  UsageReader readerWithoutRollups() {
    return reader.withoutRollups();
  }

  /**
   * What a member of an organization may see, and not a row more, whatever is asked: PostgreSQL
   * itself leaves out the rows of others. Make one for each request; it keeps no connection.
   *
   * <p>{@link #queries()} trusts each {@link UsageFilter}; this trusts none but the one given here.
   *
   * @param who an organization: sees its rows; with a user: only that user's. Or all organizations
   * @throws IllegalArgumentException if it names anything else
   * @throws UsageException if row-level security was not on for the role of this store when it was
   *     opened: see docs/isolation.md
   */
  public UsageQueries queriesAs(UsageFilter who) {
    RowIdentity identity = RowIdentity.of(who);
    if (!rowSecurity) {
      throw new UsageException(
          "queriesAs needs row-level security on "
              + tables.event()
              + ", but it is not on, or not for the role of this store (a superuser's and one with"
              + " BYPASSRLS never are); apply postgresql/rls.sql and open the store again",
          null);
    }
    JdbcUsageReader member =
        JdbcUsageStoreBuilder.reader(
            new IdentityDataSource(dataSource, dialect, identity), dialect, tables);
    return new UsageQueries(who.user() == null ? member : member.byCaller());
  }

  /**
   * Remembers in this database how far imports have come, and keeps two instances from importing
   * the same input at once.
   */
  public ImportCheckpoints importCheckpoints() {
    return new JdbcImportCheckpoints(jobs);
  }

  /** Names the database and the tables, never the address or the account. */
  @Override
  public String toString() {
    return "JdbcUsageStore[" + database.product + ", " + tables.pattern() + "]";
  }
}
