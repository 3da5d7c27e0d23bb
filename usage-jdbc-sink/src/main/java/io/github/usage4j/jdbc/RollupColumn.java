package io.github.usage4j.jdbc;

import io.github.usage4j.jdbc.RollupMeasure.Merge;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One column of the rollup table as it is written.
 *
 * @param merge what happens when more calls come; null for what identifies the row
 * @param value what a row has in it; null is NULL
 */
record RollupColumn(
    String name,
    Column.Type type,
    @Nullable Merge merge,
    Function<RollupRow, @Nullable Object> value) {

  /** In the order of the table. */
  static final List<RollupColumn> ALL = all();

  /** Those that add up. */
  static final List<RollupColumn> MEASURES = ALL.stream().filter(c -> c.merge != null).toList();

  void bind(PreparedStatement statement, int position, RollupRow row) throws SQLException {
    Object bound = value.apply(row);
    if (bound == null) {
      statement.setNull(position, type.jdbcType);
    } else {
      statement.setObject(position, bound);
    }
  }

  static String names() {
    return ALL.stream().map(RollupColumn::name).collect(Collectors.joining(", "));
  }

  /** The assignments that add a row to the stored one; both functions make expressions. */
  static String merged(Function<RollupColumn, String> stored, Function<RollupColumn, String> more) {
    var assignments = new ArrayList<String>();
    for (RollupColumn column : MEASURES) {
      if (column.merge != null) {
        String sum = column.merge.of(stored.apply(column), more.apply(column));
        assignments.add(column.name + " = " + sum);
      }
    }
    return String.join(", ", assignments);
  }

  private static List<RollupColumn> all() {
    var columns = new ArrayList<RollupColumn>();
    columns.add(key("grain", Column.Type.TEXT, row -> row.grain().code));
    columns.add(key("bucket", Column.Type.DATE, RollupRow::bucket));
    columns.add(key("key_hash", Column.Type.UUID, RollupRow::hash));
    for (int i = 0; i < RollupKey.COLUMNS.size(); i++) {
      int position = i;
      columns.add(
          key(RollupKey.COLUMNS.get(i), Column.Type.TEXT, row -> row.key().values().get(position)));
    }
    for (RollupMeasure measure : RollupMeasure.ALL) {
      columns.add(new RollupColumn(measure.name(), measure.type(), measure.merge(), measure::of));
    }
    return List.copyOf(columns);
  }

  private static RollupColumn key(
      String name, Column.Type type, Function<RollupRow, Object> value) {
    return new RollupColumn(name, type, null, value);
  }
}
