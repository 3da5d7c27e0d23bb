package io.github.usage4j.jdbc;

import io.github.usage4j.UsageException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Opens a {@link JdbcUsageStore}. Not safe for use by several threads at once. */
public final class JdbcUsageStoreBuilder {

  private final DataSource dataSource;
  private Tables tables = new Tables(Tables.DEFAULT_PREFIX);
  private JdbcUsageStore.@Nullable Database database;
  private boolean validateOnly;
  private boolean byMonth;
  private @Nullable Path archives;
  private List<Path> deadLetters = List.of();
  private InstantSource clock = InstantSource.system();

  JdbcUsageStoreBuilder(DataSource dataSource) {
    this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
  }

  /**
   * What the names of tables and indexes begin with. Default {@value Tables#DEFAULT_PREFIX}.
   *
   * @param prefix 1 to 21 characters of a to z, 0 to 9 and underscore; not a digit first
   * @throws IllegalArgumentException if it is anything else
   */
  public JdbcUsageStoreBuilder tablePrefix(String prefix) {
    tables = new Tables(tables.namespace(), prefix);
    return this;
  }

  /**
   * The schema that the tables are in; on MariaDB, where a schema is a database, the database. It
   * must exist. Default: the one that a connection has by itself (PostgreSQL: the first of its
   * {@code search_path}).
   *
   * @param name 1 to 63 characters of a to z, 0 to 9 and underscore; not a digit first; no keyword
   *     of the database
   * @throws IllegalArgumentException if it is anything else
   */
  public JdbcUsageStoreBuilder schema(String name) {
    tables = new Tables(Objects.requireNonNull(name, "name"), tables.prefix());
    return this;
  }

  /**
   * Which database it is, for a driver that does not give its usual name. Default: the name that
   * the driver gives.
   */
  public JdbcUsageStoreBuilder database(JdbcUsageStore.Database kind) {
    database = Objects.requireNonNull(kind, "kind");
    return this;
  }

  /**
   * Creates and changes no table: for a role that may only read and write rows. Default: tables are
   * created or upgraded when the store is opened.
   */
  public JdbcUsageStoreBuilder validateOnly() {
    validateOnly = true;
    return this;
  }

  /**
   * On PostgreSQL: new tables of calls and tags get a partition for each month, so that retention
   * drops a month at once instead of deleting its rows. Tables that are there must have been made
   * like this, and are used as they are without it, too. Default: no partitions.
   */
  public JdbcUsageStoreBuilder partitionedByMonth() {
    byMonth = true;
    return this;
  }

  /**
   * Where retention puts the calls that it deletes, and where erasure looks for them: the same
   * directory for every instance, readable by this process alone. It is made when it is needed.
   * Default: none; then nothing can be deleted, and erased only what was never archived.
   */
  public JdbcUsageStoreBuilder archives(Path directory) {
    archives = Objects.requireNonNull(directory, "directory");
    return this;
  }

  /**
   * The dead letters of this process, in which erasure puts the same pseudonyms as in the store;
   * those of a spool are {@link io.github.usage4j.sink.DeadLetters#FILE_NAME} in its folder. A file
   * need not be there. Default: none.
   */
  public JdbcUsageStoreBuilder deadLetters(Path... files) {
    deadLetters = List.of(files);
    return this;
  }

  /** The clock of {@code recorded_at}. */
  JdbcUsageStoreBuilder clock(InstantSource now) {
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
      JdbcUsageStore.Database kind;
      boolean rowSecurity;
      try (Connection connection = dataSource.getConnection()) {
        kind =
            database != null
                ? database
                : JdbcUsageStore.Database.of(connection.getMetaData().getDatabaseProductName());
        if (byMonth && kind != JdbcUsageStore.Database.POSTGRESQL) {
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
              rowSecurity
                  ? new IdentityDataSource(dataSource, dialect, RowIdentity.ADMIN)
                  : dataSource,
              dialect,
              tables),
          rowSecurity,
          changed -> new UsageMaintenance(jobs, partitions, archives, deadLetters, changed));
    } catch (SQLException e) {
      throw new UsageException(
          "cannot open the usage tables " + tables.pattern() + ": " + e.getMessage(), e);
    }
  }

  static JdbcUsageReader reader(DataSource dataSource, Dialect dialect, Tables tables) {
    return new JdbcUsageReader(
        Jdbis.of(dataSource), dialect, tables, new Snapshots(dataSource, dialect));
  }
}
