package io.github.usage4j.jdbc;

import io.github.usage4j.jdbc.RollupMeasure.Merge;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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

  void bind(PreparedStatement statement, int position, RollupRow row) throws SQLException {
    Object bound = value.apply(row);
    if (bound == null) {
      statement.setNull(position, type.jdbcType);
    } else {
      statement.setObject(position, bound);
    }
  }

  /** Whether these rows have anything in it that changes a stored row. */
  private boolean isNeeded(List<RollupRow> rows) {
    return merge == null || rows.stream().anyMatch(row -> merge.changes(value.apply(row)));
  }

  /**
   * The columns that these rows need: most applications never count half of them, and what is not
   * written costs nothing. A new row has 0 or NULL in the others, by {@link #values}.
   */
  static List<RollupColumn> neededBy(List<RollupRow> rows) {
    return ALL.stream().filter(column -> column.isNeeded(rows)).toList();
  }

  private static Stream<RollupColumn> without(List<RollupColumn> needed) {
    return ALL.stream().filter(column -> !needed.contains(column));
  }

  /** All names for an INSERT, first those that are needed. */
  static String names(List<RollupColumn> needed) {
    return Stream.concat(needed.stream(), without(needed))
        .map(RollupColumn::name)
        .collect(Collectors.joining(", "));
  }

  /** These expressions for the needed ones, and what the others have in a new row. */
  static String values(List<RollupColumn> needed, Stream<String> ofNeeded) {
    Stream<String> others =
        without(needed).map(column -> column.merge == Merge.ADD_KNOWN ? "NULL" : "0");
    return Stream.concat(ofNeeded, others).collect(Collectors.joining(", "));
  }

  /** The assignments that add a row to the stored one; both functions make expressions. */
  static String merged(
      List<RollupColumn> needed,
      Function<RollupColumn, String> stored,
      Function<RollupColumn, String> more) {
    var assignments = new ArrayList<String>();
    for (RollupColumn column : needed) {
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
      Function<RollupKey, String> part = RollupKey.VALUES.get(i);
      columns.add(key(RollupKey.COLUMNS.get(i), Column.Type.TEXT, row -> part.apply(row.key())));
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
