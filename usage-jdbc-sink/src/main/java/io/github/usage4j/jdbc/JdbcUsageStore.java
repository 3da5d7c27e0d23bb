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
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

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

    private final String product;

    Database(String product) {
      this.product = product;
    }

    private Dialect dialect() {
      return switch (this) {
        case H2 -> new H2Dialect();
        case POSTGRESQL -> new PostgresDialect();
        case MARIADB -> new MariaDbDialect();
      };
    }

    private static Database of(String product) {
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

  private JdbcUsageStore(
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
  public static Builder builder(DataSource dataSource) {
    return new Builder(dataSource);
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
    return new UsageQueries(new JdbcUsageReader(Jdbis.on(connection), dialect, tables));
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
    return new UsageQueries(
        Builder.reader(new IdentityDataSource(dataSource, identity), dialect, tables));
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

  /** Opens a {@link JdbcUsageStore}. Not safe for use by several threads at once. */
  public static final class Builder {

    private final DataSource dataSource;
    private Tables tables = new Tables(Tables.DEFAULT_PREFIX);
    private @Nullable Database database;
    private boolean validateOnly;
    private boolean byMonth;
    private @Nullable Path archives;
    private List<Path> deadLetters = List.of();
    private InstantSource clock = InstantSource.system();

    private Builder(DataSource dataSource) {
      this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
    }

    /**
     * What the names of tables and indexes begin with. Default {@value Tables#DEFAULT_PREFIX}.
     *
     * @param prefix 1 to 21 characters of a to z, 0 to 9 and underscore; not a digit first
     * @throws IllegalArgumentException if it is anything else
     */
    public Builder tablePrefix(String prefix) {
      tables = new Tables(tables.namespace(), prefix);
      return this;
    }

    /**
     * The schema that the tables are in; on MariaDB, where a schema is a database, the database. It
     * must exist. Default: the one that a connection has by itself (PostgreSQL: the first of its
     * {@code search_path}).
     *
     * @param name 1 to 63 characters of a to z, 0 to 9 and underscore; not a digit first; no
     *     keyword of the database
     * @throws IllegalArgumentException if it is anything else
     */
    public Builder schema(String name) {
      tables = new Tables(Objects.requireNonNull(name, "name"), tables.prefix());
      return this;
    }

    /**
     * Which database it is, for a driver that does not give its usual name. Default: the name that
     * the driver gives.
     */
    public Builder database(Database kind) {
      database = Objects.requireNonNull(kind, "kind");
      return this;
    }

    /**
     * Creates and changes no table: for a role that may only read and write rows. Default: tables
     * are created or upgraded when the store is opened.
     */
    public Builder validateOnly() {
      validateOnly = true;
      return this;
    }

    /**
     * On PostgreSQL: new tables of calls and tags get a partition for each month, so that retention
     * drops a month at once instead of deleting its rows. Tables that are there must have been made
     * like this, and are used as they are without it, too. Default: no partitions.
     */
    public Builder partitionedByMonth() {
      byMonth = true;
      return this;
    }

    /**
     * Where retention puts the calls that it deletes, and where erasure looks for them: the same
     * directory for every instance, readable by this process alone. It is made when it is needed.
     * Default: none; then nothing can be deleted, and erased only what was never archived.
     */
    public Builder archives(Path directory) {
      archives = Objects.requireNonNull(directory, "directory");
      return this;
    }

    /**
     * The dead letters of this process, in which erasure puts the same pseudonyms as in the store;
     * those of a spool are {@link io.github.usage4j.sink.DeadLetters#FILE_NAME} in its folder. A
     * file need not be there. Default: none.
     */
    public Builder deadLetters(Path... files) {
      deadLetters = List.of(files);
      return this;
    }

    /** The clock of {@code recorded_at}. */
    Builder clock(InstantSource now) {
      clock = now;
      return this;
    }

    /**
     * Opens the store.
     *
     * @throws UsageException as for {@link JdbcUsageStore#open}, or if the {@link #schema} does not
     *     exist; with {@link #validateOnly} also if the tables do not have the version that this
     *     library needs, or one is missing, which the message names
     */
    public JdbcUsageStore open() {
      try {
        Dialect dialect;
        Database kind;
        boolean rowSecurity;
        try (Connection connection = dataSource.getConnection()) {
          kind =
              database != null
                  ? database
                  : Database.of(connection.getMetaData().getDatabaseProductName());
          if (byMonth && kind != Database.POSTGRESQL) {
            throw new UsageException(
                "partitionedByMonth() needs PostgreSQL, but the database is " + kind.product, null);
          }
          dialect = kind.dialect();
          dialect.prepare(connection);
          rowSecurity = dialect.detectRowSecurity(connection, tables);
        }
        var transactions = new Transactions(dataSource, dialect);
        var jobs = new Jobs(transactions, dialect, tables, clock);
        var schema = new Schema(dialect, tables, transactions, byMonth);
        if (validateOnly) {
          schema.validate();
        } else {
          schema.upgrade();
        }
        Partitions partitions = Partitions.of(jobs, !validateOnly);
        if (byMonth) {
          partitions.require();
        }
        partitions.prepare(List.of());
        var limits = new JdbcLimitStore(jobs);
        return new JdbcUsageStore(
            kind,
            dataSource,
            jobs,
            limits,
            new EventWriter(jobs, partitions, limits.counts()),
            reader(
                rowSecurity ? new IdentityDataSource(dataSource, RowIdentity.ADMIN) : dataSource,
                dialect,
                tables),
            rowSecurity,
            changed -> new UsageMaintenance(jobs, partitions, archives, deadLetters, changed));
      } catch (SQLException e) {
        throw new UsageException(
            "cannot open the usage tables " + tables.pattern() + ": " + e.getMessage(), e);
      }
    }

    private static JdbcUsageReader reader(DataSource dataSource, Dialect dialect, Tables tables) {
      return new JdbcUsageReader(
          Jdbis.of(dataSource), dialect, tables, new Snapshots(dataSource, dialect));
    }
  }
}
