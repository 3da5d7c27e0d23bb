package io.github.usage4j.jdbc;

import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.query.Label;
import java.util.function.Consumer;
import org.jdbi.v3.core.Jdbi;

/** The labels that a filter may see. */
final class LabelSql {

  private LabelSql() {}

  static void read(
      Jdbi jdbi,
      UsageFilter who,
      Dimension kind,
      Tables tables,
      Dialect dialect,
      Consumer<Label> each) {
    new Sql(dialect, "SELECT e.organization, e.id, e.label FROM ")
        .add(tables.label())
        .add(" e WHERE e.kind = ")
        .bind(kind.name())
        .andIs("organization", who.organization())
        .andIs("id", kind == Dimension.USER ? who.user() : who.customer())
        .forEach(
            jdbi,
            row -> each.accept(new Label(row.getString(1), row.getString(2), row.getString(3))));
  }
}
