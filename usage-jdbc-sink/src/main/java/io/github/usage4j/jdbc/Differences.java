package io.github.usage4j.jdbc;

import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.internal.DecimalBounds;
import io.github.usage4j.jdbc.UsageMaintenance.Difference;
import java.math.BigDecimal;
import java.util.EnumMap;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What {@link RollupCheck} found, as people read it. */
final class Differences {

  private Differences() {}

  /** Tells of each column that differs, or of the whole row. */
  static void of(RollupCheck.Difference row, Consumer<Difference> finding) {
    if (row.stored() == null || row.expected() == null) {
      var problem =
          row.stored() == null ? Difference.Problem.MISSING_ROW : Difference.Problem.SURPLUS_ROW;
      finding.accept(difference(row, null, null, null, problem));
      return;
    }
    for (int i = 0; i < RollupMeasure.ALL.size(); i++) {
      Object stored = row.stored().get(i);
      Object expected = row.expected().get(i);
      if (!same(stored, expected)) {
        finding.accept(
            difference(
                row,
                RollupMeasure.ALL.get(i).name(),
                text(stored),
                text(expected),
                Difference.Problem.VALUE));
      }
    }
  }

  private static Difference difference(
      RollupCheck.Difference row,
      @Nullable String column,
      @Nullable String stored,
      @Nullable String expected,
      Difference.Problem problem) {
    RollupKey key = row.key();
    var keys = new EnumMap<Dimension, String>(Dimension.class);
    keys.put(Dimension.ORGANIZATION, key.organization());
    if (!row.grain().ofOrganization) {
      keys.put(Dimension.USER, key.user());
      keys.put(Dimension.CUSTOMER, key.customer());
    }
    keys.put(Dimension.CATEGORY, key.category());
    keys.put(Dimension.PROVIDER, key.provider());
    keys.put(Dimension.MODEL, key.model());
    return new Difference(
        row.grain().isDay() ? Dimension.DAY : Dimension.MONTH,
        row.bucket(),
        keys,
        key.currency(),
        column,
        stored,
        expected,
        problem);
  }

  private static boolean same(@Nullable Object a, @Nullable Object b) {
    if (a instanceof BigDecimal x && b instanceof BigDecimal y) {
      return x.compareTo(y) == 0;
    }
    return Objects.equals(a, b);
  }

  private static @Nullable String text(@Nullable Object value) {
    if (value instanceof BigDecimal number) {
      return DecimalBounds.plain(number).toPlainString();
    }
    return value == null ? null : value.toString();
  }
}
