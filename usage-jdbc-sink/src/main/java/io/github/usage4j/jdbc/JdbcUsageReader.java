package io.github.usage4j.jdbc;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.EventQuery;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.UsageReader;
import io.github.usage4j.UsageSummary;
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
import java.util.function.Function;
import java.util.function.Supplier;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/**
 * Answers sums from the rollups, as far as they know what is asked for, and all else from the event
 * table. Every bound is computed in Java; the database's clock is not asked.
 */
final class JdbcUsageReader implements UsageReader {

  private static final int LABELS_AT_ONCE = 1_000;

  private final Jdbi jdbi;
  private final Tables tables;
  private final Dialect dialect;
  private final String emptyText;
  private final Horizon horizon;
  private final Function<UsageQuery, PeriodParts> parts;

  JdbcUsageReader(Jdbi jdbi, Dialect dialect, Tables tables) {
    this(jdbi, dialect, tables, PeriodParts::of);
  }

  private JdbcUsageReader(
      Jdbi jdbi, Dialect dialect, Tables tables, Function<UsageQuery, PeriodParts> parts) {
    this.jdbi = jdbi;
    this.tables = tables;
    this.dialect = dialect;
    this.emptyText = dialect.emptyText();
    this.horizon = new Horizon(dialect, tables);
    this.parts = parts;
  }

  /** The same without rollups, to compare both. */
  JdbcUsageReader withoutRollups() {
    return new JdbcUsageReader(jdbi, dialect, tables, query -> PeriodParts.onlyCalls(query.when()));
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
                rows.computeIfAbsent(keys, k -> new Row()).add(summary(result), result);
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
          var sql =
              new Sql(dialect, "SELECT e.*, u.label AS ")
                  .add(EventMapper.USER_LABEL)
                  .add(", c.label AS ")
                  .add(EventMapper.CUSTOMER_LABEL)
                  .add(" FROM ")
                  .add(tables.event())
                  .add(" e")
                  .add(labelsOf("u", LabelKey.USER, "e.user_id"))
                  .add(labelsOf("c", LabelKey.CUSTOMER, "e.customer_id"))
                  .where(query.who(), query.when());
          if (query.operationId() != null) {
            sql.add(" AND e.operation_id = ").bind(query.operationId());
          }
          if (query.id() != null) {
            sql.add(" AND e.id = ").bind(query.id());
          }
          if (query.after() != null) {
            after(sql, query.after());
          }
          sql.add(" ORDER BY e.occurred_at DESC, e.id DESC LIMIT ").bind(query.limit());
          var events = new ArrayList<UsageEvent>();
          sql.forEach(jdbi, row -> events.add(EventMapper.read(row, dialect)));
          return events;
        });
  }

  /**
   * From when on every call is there that the filter lets through; {@link Horizon#NONE} if none was
   * ever deleted.
   */
  Instant callsFrom(UsageFilter who) {
    return horizonAfter(Horizon.NONE).of(who);
  }

  private Horizon.Positions horizonAfter(Instant instant) {
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
              + " on; whole days and months are answered for any time, if neither session nor"
              + " outcome nor unpriced calls are asked for",
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

  /** Stored times are whole microseconds; a position between two of them must not be rounded. */
  private static void after(Sql sql, EventQuery.Position position) {
    Instant micros = position.occurredAt().truncatedTo(ChronoUnit.MICROS);
    if (micros.equals(position.occurredAt())) {
      sql.add(" AND e.occurred_at <= ").bind(micros);
      sql.add(" AND (e.occurred_at < ").bind(micros);
      sql.add(" OR e.id < ").bind(position.id()).add(")");
    } else {
      sql.add(" AND e.occurred_at <= ").bind(micros);
    }
  }

  private String labelsOf(String alias, String kind, String id) {
    return " LEFT JOIN "
        + tables.label()
        + " "
        + alias
        + " ON "
        + alias
        + ".organization = COALESCE(e.organization, "
        + emptyText
        + ")"
        + " AND "
        + alias
        + ".kind = '"
        + kind
        + "' AND "
        + alias
        + ".id = "
        + id;
  }

  private static Map<Dimension, String> keys(ResultSet row, Collection<Dimension> dimensions)
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

  private UsageSummary summary(ResultSet row) throws SQLException {
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
                    currencyOf(currency),
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
        new TokenCounts(
            sum(row, "input_tokens"),
            sum(row, "output_tokens"),
            sum(row, "cache_read_tokens"),
            sum(row, "cache_write_tokens"),
            sum(row, "cache_write_one_hour_tokens"),
            sum(row, "reasoning_tokens"),
            sum(row, "input_audio_tokens"),
            sum(row, "output_audio_tokens")),
        count(row, "unmeasured"),
        count(row, "partial"),
        count(row, "estimated"),
        costs,
        count(row, "unpriced"),
        count(row, "succeeded_tokens"),
        Duration.of(count(row, "succeeded_us"), ChronoUnit.MICROS),
        dialect.instant(row, "last_at"));
  }

  private Currency currencyOf(String code) {
    try {
      return Cost.currencyOf(code);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          tables.event() + ".currency or " + tables.rollup() + ".currency: " + e.getMessage(), e);
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
