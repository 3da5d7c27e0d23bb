package io.github.usage4j.jdbc;

import io.github.usage4j.Cost;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.jdbc.PeriodParts.Buckets;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Compares the rollups of one organization with what they are made from. One statement sees one
 * state of the database, in which both change together, so no writer has to wait for it; the
 * database returns only rows that differ.
 */
final class RollupCheck {

  private static final int FETCH_SIZE = 500;

  /** Which of the two a row is, and what its columns begin with. */
  private static final String STORED = "stored_";

  private static final String EXPECTED = "expected_";

  private final Dialect dialect;
  private final Tables tables;

  RollupCheck(Dialect dialect, Tables tables) {
    this.dialect = dialect;
    this.tables = tables;
  }

  /** What a bucket is compared with. */
  enum Source {
    /** The single calls. */
    CALLS,
    /** The rows of {@link Grain#DAY}, where these are known to be right; for the other grains. */
    DAYS
  }

  /**
   * A row that is not as it should be.
   *
   * @param stored the measures in the order of {@link RollupMeasure#ALL}; null if there is no row
   * @param expected the same, as they should be; null if there should be no row
   */
  record Difference(
      Grain grain,
      LocalDate bucket,
      UUID hash,
      RollupKey key,
      @Nullable List<@Nullable Object> stored,
      @Nullable List<@Nullable Object> expected) {

    /** The row as it should be; empty if there should be none. */
    Optional<RollupRow> expectedRow() {
      if (expected == null) {
        return Optional.empty();
      }
      return Optional.of(new RollupRow(grain, bucket, hash, key, sum(expected)));
    }

    private UsageSummary sum(List<@Nullable Object> values) {
      var byName = new HashMap<String, @Nullable Object>();
      for (int i = 0; i < values.size(); i++) {
        byName.put(RollupMeasure.ALL.get(i).name(), values.get(i));
      }
      return new UsageSummary(
          Map.of(),
          Map.of(),
          count(byName, "calls"),
          count(byName, "operations"),
          count(byName, "tool_turns"),
          count(byName, "errors"),
          count(byName, "cancelled"),
          count(byName, "refused"),
          TokenColumn.read(tokens -> tokens(byName, tokens.column)),
          count(byName, "unmeasured"),
          count(byName, "partial"),
          count(byName, "estimated"),
          key.currency().equals(RollupKey.UNPRICED) ? List.of() : List.of(cost(byName)),
          count(byName, "unpriced"),
          count(byName, "succeeded_tokens"),
          Duration.of(count(byName, "succeeded_us"), ChronoUnit.MICROS),
          (Instant) byName.get("last_at"));
    }

    private Cost cost(Map<String, @Nullable Object> values) {
      return new Cost(
          amount(values, "cost_input"),
          amount(values, "cost_output"),
          amount(values, "cost_cache"),
          amount(values, "cost_other"),
          Cost.currencyOf(key.currency()),
          null);
    }

    private static long count(Map<String, @Nullable Object> values, String name) {
      return amount(values, name).longValueExact();
    }

    private static @Nullable Long tokens(Map<String, @Nullable Object> values, String name) {
      return values.get(name) == null ? null : Long.valueOf(count(values, name));
    }

    private static BigDecimal amount(Map<String, @Nullable Object> values, String name) {
      return (BigDecimal) Objects.requireNonNull(values.get(name), name);
    }
  }

  /** What is done with each difference. */
  interface Finder {
    void found(Difference difference) throws SQLException;
  }

  /**
   * Finds what differs.
   *
   * @param organization "" is unattributed
   */
  void compare(
      Connection connection, String organization, Buckets buckets, Source source, Finder finder)
      throws SQLException {
    var text = new StringBuilder();
    var values = new ArrayList<>();
    String keys = "bucket, key_hash, " + String.join(", ", RollupKey.COLUMNS);
    // Summed inside and compared outside: H2 would work out an aggregate wherever it is named.
    text.append("SELECT * FROM (SELECT ").append(keys);
    for (String side : List.of(STORED, EXPECTED)) {
      text.append(", COUNT(").append(of(side, "1")).append(") AS ").append(side).append("row");
      RollupMeasure.ALL.forEach(
          m ->
              text.append(", MAX(")
                  .append(of(side, "d." + m.name()))
                  .append(") AS ")
                  .append(side)
                  .append(m.name()));
    }
    text.append(" FROM (SELECT '")
        .append(STORED)
        .append("' AS side, ")
        .append(keys)
        .append(", ")
        .append(measures(RollupMeasure::name))
        .append(" FROM ")
        .append(buckets.grain().table(tables))
        .append(" WHERE grain = ? AND organization = ? AND bucket >= ? AND bucket < ? UNION ALL ");
    values.add(buckets.grain().code);
    values.add(organization);
    values.add(buckets.from());
    values.add(buckets.to());
    expected(text, values, organization, buckets, source);
    text.append(") d GROUP BY ").append(keys).append(") c WHERE stored_row <> 1");
    text.append(" OR expected_row <> 1");
    for (RollupMeasure measure : RollupMeasure.ALL) {
      text.append(" OR ").append(known(STORED, measure));
      text.append(" <> ").append(known(EXPECTED, measure));
    }
    try (PreparedStatement statement = connection.prepareStatement(text.toString())) {
      statement.setFetchSize(FETCH_SIZE);
      for (int i = 0; i < values.size(); i++) {
        statement.setObject(i + 1, values.get(i));
      }
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          finder.found(difference(buckets.grain(), row));
        }
      }
    }
  }

  private void expected(
      StringBuilder text,
      List<Object> values,
      String organization,
      Buckets buckets,
      Source source) {
    // Names are made NOT NULL before the rows are grouped, so that the hash is made once per group.
    String currency = "COALESCE(g.currency, " + dialect.text(RollupKey.UNPRICED) + ")";
    var hashed = new ArrayList<String>();
    for (String name : RollupKey.COLUMNS) {
      hashed.add(name.equals("currency") ? currency : "g." + name);
    }
    text.append("SELECT '" + EXPECTED + "', g.bucket, ")
        .append(dialect.keyHash(hashed))
        .append(", ")
        .append(String.join(", ", hashed))
        .append(", ")
        .append(measures(m -> "g." + m.name()))
        .append(" FROM (SELECT ");
    boolean byDay = buckets.grain().isDay();
    String day = source == Source.DAYS ? "e.bucket" : "e.utc_day";
    text.append(byDay ? day : "CAST(? AS DATE)").append(" AS bucket, ");
    if (!byDay) {
      values.add(buckets.from());
    }
    var grouped = new ArrayList<String>();
    if (byDay) {
      grouped.add(day);
    }
    for (String name : RollupKey.COLUMNS) {
      boolean left = buckets.grain().ofOrganization && RollupKey.OF_CALLERS.contains(name);
      boolean known = source == Source.DAYS || RollupKey.ALWAYS_KNOWN.contains(name);
      String column = "e." + name;
      if (left) {
        text.append(dialect.emptyText());
      } else {
        text.append(known ? column : "COALESCE(" + column + ", " + dialect.emptyText() + ")");
        grouped.add(column);
      }
      text.append(" AS ").append(name).append(", ");
    }
    text.append(
        measures(
            m -> (source == Source.DAYS ? m.ofRollups("e") : m.ofCalls()) + " AS " + m.name()));
    if (source == Source.DAYS) {
      ofDays(text, values, organization, buckets);
    } else {
      ofCalls(text, values, organization, buckets);
    }
    text.append(" GROUP BY ").append(String.join(", ", grouped)).append(") g");
  }

  private void ofDays(
      StringBuilder text, List<Object> values, String organization, Buckets buckets) {
    text.append(" FROM ")
        .append(Grain.DAY.table(tables))
        .append(" e WHERE e.grain = ? AND e.organization = ? AND e.bucket >= ? AND e.bucket < ?");
    values.add(Grain.DAY.code);
    values.add(organization);
    values.add(buckets.from());
    values.add(buckets.to());
  }

  private void ofCalls(
      StringBuilder text, List<Object> values, String organization, Buckets buckets) {
    text.append(" FROM ").append(tables.event()).append(" e WHERE e.organization ");
    if (organization.isEmpty()) {
      text.append("IS NULL");
    } else {
      text.append("= ?");
      values.add(organization);
    }
    text.append(" AND e.occurred_at >= ? AND e.occurred_at < ?");
    values.add(dialect.time(PeriodParts.start(buckets.from())));
    values.add(dialect.time(PeriodParts.start(buckets.to())));
  }

  /** Half a token stands for NULL, which no sum is: then NULL equals NULL and nothing else. */
  private static String known(String side, RollupMeasure measure) {
    String column = side + measure.name();
    return measure.merge() == RollupMeasure.Merge.ADD_KNOWN
        ? "COALESCE(" + column + ", 0.5)"
        : column;
  }

  private static String of(String side, String value) {
    return "CASE WHEN d.side = '" + side + "' THEN " + value + " END";
  }

  private static String measures(Function<RollupMeasure, String> expression) {
    return RollupMeasure.ALL.stream().map(expression).collect(Collectors.joining(", "));
  }

  private Difference difference(Grain grain, ResultSet row) throws SQLException {
    var names = new ArrayList<String>();
    for (int i = 0; i < RollupKey.COLUMNS.size(); i++) {
      names.add(row.getString(3 + i));
    }
    return new Difference(
        grain,
        row.getObject(1, LocalDate.class),
        dialect.hash(row, "key_hash"),
        RollupKey.of(names),
        side(row, STORED),
        side(row, EXPECTED));
  }

  private @Nullable List<@Nullable Object> side(ResultSet row, String side) throws SQLException {
    if (row.getInt(side + "row") == 0) {
      return null;
    }
    var values = new ArrayList<@Nullable Object>();
    for (RollupMeasure measure : RollupMeasure.ALL) {
      String column = side + measure.name();
      values.add(
          measure.type() == Column.Type.TIMESTAMP
              ? dialect.instant(row, column)
              : row.getBigDecimal(column));
    }
    return values;
  }
}
