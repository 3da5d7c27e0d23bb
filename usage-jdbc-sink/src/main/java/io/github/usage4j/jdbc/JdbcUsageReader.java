package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.EventQuery;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.query.CallLatency;
import io.github.usage4j.query.Label;
import io.github.usage4j.query.OperationUsage;
import io.github.usage4j.query.RawUsageReader;
import io.github.usage4j.query.SessionUsage;
import io.github.usage4j.query.TagUsage;
import io.github.usage4j.query.UniqueCounts;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Currency;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/**
 * Answers sums from the rollups, as far as they know what is asked for, and all else from the event
 * table. Every bound is computed in Java; the database's clock is not asked.
 */
final class JdbcUsageReader implements RawUsageReader {

  private static final int LABELS_AT_ONCE = 1_000;

  private final Jdbi jdbi;
  private final Tables tables;
  private final Dialect dialect;
  private final Horizon horizon;
  private final Function<UsageQuery, PeriodParts> parts;
  private final @Nullable Snapshots snapshots;

  private final boolean inSnapshot;

  /** In a snapshot, where it cannot move; read once, by the one thread that asks there. */
  private Horizon.@Nullable Positions still;

  /** Reads on the one connection that is given with the Jdbi, in its own transaction if any. */
  JdbcUsageReader(Jdbi jdbi, Dialect dialect, Tables tables) {
    this(jdbi, dialect, tables, PeriodParts::of, null, false);
  }

  JdbcUsageReader(Jdbi jdbi, Dialect dialect, Tables tables, Snapshots snapshots) {
    this(jdbi, dialect, tables, PeriodParts::of, snapshots, false);
  }

  private JdbcUsageReader(
      Jdbi jdbi,
      Dialect dialect,
      Tables tables,
      Function<UsageQuery, PeriodParts> parts,
      @Nullable Snapshots snapshots,
      boolean inSnapshot) {
    this.jdbi = jdbi;
    this.tables = tables;
    this.dialect = dialect;
    this.horizon = new Horizon(dialect, tables);
    this.parts = parts;
    this.snapshots = snapshots;
    this.inSnapshot = inSnapshot;
  }

  /** The same where rows of whole organizations may not be seen: by a member who is one user. */
  JdbcUsageReader byCaller() {
    return new JdbcUsageReader(jdbi, dialect, tables, PeriodParts::byCaller, snapshots, inSnapshot);
  }

  /** The same without rollups, to compare both. */
  JdbcUsageReader withoutRollups() {
    return new JdbcUsageReader(
        jdbi, dialect, tables, query -> PeriodParts.onlyCalls(query.when()), snapshots, false);
  }

  @Override
  public List<UsageSummary> aggregate(UsageQuery query) {
    List<Dimension> dimensions = query.dimensions().stream().sorted().toList();
    return asking(
        () -> "the sum of " + describe(query.who()) + " " + query.when() + " by " + dimensions,
        () -> {
          PeriodParts from = parts.apply(query);
          if (from.isEmpty()) {
            return List.of();
          }
          var sql = AggregateSql.of(query, dimensions, from, tables, dialect);
          var rows = new HashMap<Map<Dimension, String>, Row>();
          // Asked before and after, because it may be moved meanwhile: forwards by retention,
          // backwards by restoring an archive.
          from.calls().forEach(calls -> requireCalls(query.who(), calls.start()));
          sql.forEach(
              jdbi,
              result -> {
                Map<Dimension, String> keys = keys(result, dimensions);
                rows.computeIfAbsent(keys, k -> new Row())
                    .add(summary(result, tables, dialect), result);
              });
          from.calls().forEach(calls -> requireCalls(query.who(), calls.start()));
          Map<LabelKey, String> labels = labelsOf(rows);
          var summaries = new ArrayList<UsageSummary>();
          rows.forEach(
              (keys, row) -> summaries.add(row.sum.forRow(keys, row.labels(keys, labels))));
          return summaries;
        });
  }

  @Override
  public List<UsageEvent> events(EventQuery query) {
    return asking(
        () -> "calls of " + describe(query.who()) + " " + query.when(),
        () -> {
          if (query.operationId() == null && query.id() == null) {
            requireSome(query.who(), query.when());
          }
          Sql sql = EventSql.of(query, tables, dialect, "");
          var events = new ArrayList<UsageEvent>();
          sql.forEach(jdbi, row -> events.add(EventMapper.read(row, dialect)));
          return events;
        });
  }

  @Override
  public Instant rowsSince(UsageFilter who) {
    return horizonAfter(Horizon.NONE).of(who);
  }

  /** Those that are later than an instant; perhaps others too. */
  private Horizon.Positions horizonAfter(Instant instant) {
    if (!inSnapshot) {
      return readHorizon(instant);
    }
    Horizon.Positions all = still;
    if (all == null) {
      all = readHorizon(Horizon.NONE);
      still = all;
    }
    return all;
  }

  private Horizon.Positions readHorizon(Instant instant) {
    try {
      return jdbi.withHandle(handle -> horizon.after(handle.getConnection(), instant));
    } catch (SQLException e) {
      throw new UsageException("cannot read " + tables.horizon() + ": " + e.getMessage(), e);
    }
  }

  private void requireCalls(UsageFilter who, Instant from) {
    Instant there = horizonAfter(from).of(who);
    if (there.isAfter(from)) {
      throw new UsageException(
          "single calls are kept from "
              + there
              + " on, the raw horizon, but this needs those from "
              + from
              + " on; whole days and months are answered for any time, if neither session,"
              + " outcome, tag nor unpriced calls are asked for",
          null);
    }
  }

  /** No calls at all would look as if there had been none. */
  private void requireSome(UsageFilter who, BillingPeriod when) {
    Horizon.Positions positions = horizonAfter(when.start());
    Instant there =
        who.organization() != null ? positions.of(who.organization()) : positions.everywhere();
    if (when.start().isBefore(when.end()) && !there.isBefore(when.end())) {
      throw new UsageException(
          "single calls are kept from " + there + " on, the raw horizon", null);
    }
  }

  @Override
  public <T> T snapshot(Function<? super RawUsageReader, T> questions) {
    return snapshots == null
        ? questions.apply(this)
        : snapshots.read(
            (one, oneState) ->
                questions.apply(new JdbcUsageReader(one, dialect, tables, parts, null, oneState)));
  }

  @Override
  public List<OperationUsage> operations(EventQuery query) {
    return asking(
        () -> "operations of " + describe(query.who()) + " " + query.when(),
        () -> OperationSql.read(jdbi, query, tables, dialect));
  }

  @Override
  public List<SessionUsage> sessions(EventQuery query) {
    return asking(
        () -> "sessions of " + describe(query.who()) + " " + query.when(),
        () -> SessionSql.read(jdbi, query, tables, dialect));
  }

  @Override
  public List<CallLatency> latency(UsageQuery query) {
    return asking(
        () -> "the latency of " + describe(query.who()) + " " + query.when(),
        () -> PercentileSql.read(jdbi, query, tables, dialect));
  }

  @Override
  public List<UniqueCounts> uniques(UsageQuery query) {
    return asking(
        () -> "the different users of " + describe(query.who()) + " " + query.when(),
        () -> UniqueSql.read(jdbi, query, tables, dialect));
  }

  @Override
  public List<TagUsage> byTag(UsageFilter who, BillingPeriod when, String key) {
    return asking(
        () -> "the sum of " + describe(who) + " " + when + " by tag '" + key + "'",
        () -> TagSql.read(jdbi, who, when, key, tables, dialect));
  }

  @Override
  public void labels(UsageFilter who, Dimension kind, Consumer<Label> each) {
    asking(
        () -> "labels of " + describe(who),
        () -> {
          LabelSql.read(jdbi, who, kind, tables, dialect, each);
          return Boolean.TRUE;
        });
  }

  static Map<Dimension, String> keys(ResultSet row, Collection<Dimension> dimensions)
      throws SQLException {
    var keys = new EnumMap<Dimension, String>(Dimension.class);
    for (Dimension dimension : dimensions) {
      String column = AggregateSql.column(dimension);
      String key =
          dimension == Dimension.DAY
              ? row.getObject(column, LocalDate.class).toString()
              : row.getString(column);
      keys.put(dimension, key == null ? "" : key);
    }
    return keys;
  }

  /** The rows of one combination of keys, one for each currency. */
  private static final class Row {
    private UsageSummary sum = UsageSummary.EMPTY;
    private @Nullable String organization;
    private boolean mixed;

    void add(UsageSummary more, ResultSet row) throws SQLException {
      sum = sum.plus(more);
      String first = row.getString(AggregateSql.FIRST_ORGANIZATION);
      mixed |= !first.equals(row.getString(AggregateSql.LAST_ORGANIZATION));
      mixed |= organization != null && !organization.equals(first);
      organization = first;
    }

    /** Users of two organizations may have one id: then there is no label that fits both. */
    @Nullable LabelKey labelKey(Dimension dimension, String id) {
      boolean labelled = dimension == Dimension.USER || dimension == Dimension.CUSTOMER;
      return !labelled || mixed || organization == null || id.isEmpty()
          ? null
          : new LabelKey(organization, dimension.name(), id);
    }

    Map<Dimension, String> labels(Map<Dimension, String> keys, Map<LabelKey, String> known) {
      var labels = new EnumMap<Dimension, String>(Dimension.class);
      keys.forEach(
          (dimension, id) -> {
            LabelKey key = labelKey(dimension, id);
            String label = key == null ? null : known.get(key);
            if (label != null) {
              labels.put(dimension, label);
            }
          });
      return labels;
    }
  }

  /** Asked for apart: joined to a sum, a label that matches twice would count calls twice. */
  private Map<LabelKey, String> labelsOf(Map<Map<Dimension, String>, Row> rows) {
    var wanted = new TreeSet<LabelKey>();
    rows.forEach(
        (keys, row) ->
            keys.forEach(
                (dimension, id) -> {
                  LabelKey key = row.labelKey(dimension, id);
                  if (key != null) {
                    wanted.add(key);
                  }
                }));
    var labels = new HashMap<LabelKey, String>();
    for (List<LabelKey> part : Sql.parts(wanted, LABELS_AT_ONCE)) {
      var sql = new Sql(dialect, "SELECT organization, kind, id, label FROM ").add(tables.label());
      sql.add(" WHERE ").in("organization", part.stream().map(LabelKey::organization));
      sql.add(" AND ").in("id", part.stream().map(LabelKey::id));
      sql.forEach(
          jdbi,
          row ->
              labels.put(
                  new LabelKey(row.getString(1), row.getString(2), row.getString(3)),
                  row.getString(4)));
    }
    return labels;
  }

  /** The sums of one row of {@link AggregateSql#select}. */
  static UsageSummary summary(ResultSet row, Tables tables, Dialect dialect) throws SQLException {
    String currency = row.getString("currency");
    List<Cost> costs =
        currency == null || currency.equals(RollupKey.UNPRICED)
            ? List.of()
            : List.of(
                new Cost(
                    row.getBigDecimal("cost_input"),
                    row.getBigDecimal("cost_output"),
                    row.getBigDecimal("cost_cache"),
                    row.getBigDecimal("cost_other"),
                    currencyOf(currency, tables),
                    null));
    return new UsageSummary(
        Map.of(),
        Map.of(),
        count(row, "calls"),
        count(row, "operations"),
        count(row, "tool_turns"),
        count(row, "errors"),
        count(row, "cancelled"),
        count(row, "refused"),
        TokenColumn.read(tokens -> sum(row, tokens.column)),
        count(row, "unmeasured"),
        count(row, "partial"),
        count(row, "estimated"),
        costs,
        count(row, "unpriced"),
        count(row, "succeeded_tokens"),
        Duration.of(count(row, "succeeded_us"), ChronoUnit.MICROS),
        dialect.instant(row, "last_at"));
  }

  private static Currency currencyOf(String code, Tables tables) {
    try {
      return Cost.currencyOf(code);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          tables.event() + ".currency or that of a rollup: " + e.getMessage(), e);
    }
  }

  private static long count(ResultSet row, String column) throws SQLException {
    Long sum = sum(row, column);
    return sum == null ? 0 : sum;
  }

  /**
   * A sum of BIGINT is DECIMAL in H2 and PostgreSQL; one beyond long is an error, never wrapped.
   */
  private static @Nullable Long sum(ResultSet row, String column) throws SQLException {
    BigDecimal sum = row.getBigDecimal(column);
    return sum == null ? null : Long.valueOf(sum.longValueExact());
  }

  private static String describe(UsageFilter who) {
    return who.organization() != null
        ? "organization '" + who.organization() + "'"
        : "all organizations";
  }

  private static <T> T asking(Supplier<String> what, Supplier<T> question) {
    try {
      return question.get();
    } catch (RuntimeException e) {
      Throwable cause = e.getCause() instanceof SQLException ? e.getCause() : e;
      throw new UsageException("cannot read " + what.get() + ": " + cause.getMessage(), e);
    }
  }
}
