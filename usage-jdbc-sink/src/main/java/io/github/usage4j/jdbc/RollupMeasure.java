package io.github.usage4j.jdbc;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageSummary;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One column that the rollups add up: the SQL form of one component of {@code UsageSummary}.
 *
 * @param name of the column, and of the sum wherever it is asked for
 * @param ofCalls how the event table, as {@code e}, is summed up into it
 * @param merge what happens when more calls come
 * @param derived true if it follows from others: stored for people, not read
 * @param value what a sum has in it; null is NULL
 */
record RollupMeasure(
    String name,
    Column.Type type,
    String ofCalls,
    Merge merge,
    boolean derived,
    Function<UsageSummary, @Nullable Object> value) {

  /** How two rows become one. */
  enum Merge {
    /** Both are known. */
    ADD,
    /** NULL is unknown, and stays so until something is known. */
    ADD_KNOWN,
    /** The later one. */
    LATEST;

    /** Whether this value, added to a stored one, makes another one of it. */
    boolean changes(@Nullable Object more) {
      return switch (this) {
        case ADD -> more instanceof BigDecimal amount ? amount.signum() != 0 : count(more) != 0;
        case ADD_KNOWN -> more != null;
        case LATEST -> true;
      };
    }

    /** An expression for both together. */
    String of(String stored, String more) {
      return switch (this) {
        case ADD -> stored + " + " + more;
        case ADD_KNOWN -> "COALESCE(" + stored + " + " + more + ", " + stored + ", " + more + ")";
        case LATEST -> "GREATEST(" + stored + ", " + more + ")";
      };
    }
  }

  /** {@link TokenCounts#isUnknown} denied, or units: something was used. */
  private static final String USED =
      "COALESCE(" + TokenColumn.names("e") + ") IS NOT NULL OR e.units IS NOT NULL";

  /** {@link UsageEvent#unpriced}. */
  static final String UNPRICED =
      "(e.currency IS NULL AND e.outcome <> 'REFUSED' AND (" + USED + "))";

  /** {@link UsageEvent#unmeasured}. */
  private static final String UNMEASURED =
      "e.quality = 'MISSING' AND e.units IS NULL AND e.outcome IN ('SUCCESS', 'CANCELLED')";

  /** All of them. */
  static final List<RollupMeasure> ALL =
      Stream.of(
              List.of(
                  count("calls", "e.outcome <> 'REFUSED'", UsageSummary::calls),
                  count("operations", "e.opens_operation", UsageSummary::operations),
                  count("tool_turns", "e.tool_calls > 0", UsageSummary::toolTurns),
                  count("succeeded", "e.outcome = 'SUCCESS'", UsageSummary::succeeded).asDerived(),
                  count("errors", "e.outcome = 'ERROR'", UsageSummary::errors),
                  count("cancelled", "e.outcome = 'CANCELLED'", UsageSummary::cancelled),
                  count("refused", "e.outcome = 'REFUSED'", UsageSummary::refused)),
              TokenColumn.all().map(column -> tokens(column.column, column::of)).toList(),
              List.of(
                  tokens("total_tokens", TokenCounts::total).asDerived(),
                  count("unmeasured", UNMEASURED, UsageSummary::unmeasured),
                  count("partial", "e.quality = 'PARTIAL'", UsageSummary::partial),
                  count("estimated", "e.quality = 'ESTIMATED'", UsageSummary::estimated),
                  count("unpriced", UNPRICED, UsageSummary::unpriced),
                  cost("cost_input", Cost::input),
                  cost("cost_output", Cost::output),
                  cost("cost_cache", Cost::cache),
                  cost("cost_other", Cost::other),
                  cost("cost_total", Cost::total).asDerived(),
                  ofSucceeded("succeeded_tokens", "total_tokens", UsageSummary::succeededTokens),
                  ofSucceeded(
                      "succeeded_us",
                      "duration_us",
                      sum -> EventColumns.micros(sum.succeededDuration())),
                  new RollupMeasure(
                      "last_at",
                      Column.Type.TIMESTAMP,
                      "MAX(e.occurred_at)",
                      Merge.LATEST,
                      false,
                      sum -> lastOf(sum).atOffset(ZoneOffset.UTC))))
          .flatMap(List::stream)
          .toList();

  /** Those that a {@code UsageSummary} is read from. */
  static Stream<RollupMeasure> read() {
    return ALL.stream().filter(measure -> !measure.derived);
  }

  /** What a row adds to its column, less what it takes away; null is NULL and changes nothing. */
  @Nullable Object of(RollupRow row) {
    UsageSummary less = row.less();
    if (less == null) {
      return value.apply(row.sum());
    }
    if (merge == Merge.LATEST) { // nothing can be taken away from it: see RollupMoves
      return value.apply(row.sum().lastActivity() == null ? less : row.sum());
    }
    Object more = value.apply(row.sum());
    Object taken = value.apply(less);
    if (more == null && taken == null) {
      return null;
    }
    return type == Column.Type.DECIMAL
        ? amount(more).subtract(amount(taken))
        : (Object) Math.subtractExact(count(more), count(taken));
  }

  private static BigDecimal amount(@Nullable Object value) {
    return value == null ? BigDecimal.ZERO : (BigDecimal) value;
  }

  private static long count(@Nullable Object value) {
    return value == null ? 0 : (Long) value;
  }

  /** How rollup rows, under this alias, are summed up into it. */
  String ofRollups(String alias) {
    return (merge == Merge.LATEST ? "MAX(" : "SUM(") + alias + "." + name + ")";
  }

  private static RollupMeasure count(
      String name, String condition, ToLongFunction<UsageSummary> value) {
    return new RollupMeasure(
        name,
        Column.Type.BIGINT,
        "SUM(CASE WHEN " + condition + " THEN 1 ELSE 0 END)",
        Merge.ADD,
        false,
        value::applyAsLong);
  }

  private static RollupMeasure tokens(String name, Function<TokenCounts, @Nullable Long> count) {
    return new RollupMeasure(
        name,
        Column.Type.BIGINT,
        "SUM(e." + name + ")",
        Merge.ADD_KNOWN,
        false,
        sum -> count.apply(sum.tokens()));
  }

  private static RollupMeasure cost(String name, Function<Cost, BigDecimal> part) {
    return new RollupMeasure(
        name,
        Column.Type.DECIMAL,
        "COALESCE(SUM(e." + name + "), 0)",
        Merge.ADD,
        false,
        sum -> sum.costs().isEmpty() ? BigDecimal.ZERO : part.apply(sum.costs().get(0)));
  }

  private static RollupMeasure ofSucceeded(
      String name, String column, ToLongFunction<UsageSummary> value) {
    return new RollupMeasure(
        name,
        Column.Type.BIGINT,
        "COALESCE(SUM(CASE WHEN e.outcome = 'SUCCESS' THEN e." + column + " END), 0)",
        Merge.ADD,
        false,
        value::applyAsLong);
  }

  private RollupMeasure asDerived() {
    return new RollupMeasure(name, type, ofCalls, merge, true, value);
  }

  private static Instant lastOf(UsageSummary sum) {
    return Objects.requireNonNull(sum.lastActivity(), "a rollup of no calls");
  }
}
