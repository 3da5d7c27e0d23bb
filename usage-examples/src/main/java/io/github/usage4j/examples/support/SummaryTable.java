package io.github.usage4j.examples.support;

import io.github.usage4j.Cost;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageSummary;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Shows summaries as a table, with what makes them incomplete. */
public final class SummaryTable {

  private SummaryTable() {}

  /** One line for each row of a breakdown, then the total. */
  public static List<String> of(Dimension dimension, List<UsageSummary> rows, UsageSummary total) {
    var table =
        new TextTable(
            dimension.name().toLowerCase(java.util.Locale.ROOT),
            "calls",
            "input",
            "cached",
            "output",
            "reasoning",
            "total",
            "cost",
            "errors",
            "unmeasured",
            "unpriced");
    rows.forEach(
        row -> add(table, row.label(dimension).isEmpty() ? "-" : row.label(dimension), row));
    add(table, "total", total);
    return table.lines();
  }

  private static void add(TextTable table, String name, UsageSummary row) {
    table.row(
        name,
        row.calls(),
        count(row.tokens().input()),
        count(row.tokens().cacheRead()),
        count(row.tokens().output()),
        count(row.tokens().reasoning()),
        row.totalTokens(),
        costs(row.costs()),
        row.errors(),
        row.unmeasured(),
        row.unpriced());
  }

  private static Object count(@Nullable Long known) {
    return known == null ? "-" : known;
  }

  private static String costs(List<Cost> costs) {
    return costs.isEmpty()
        ? "-"
        : costs.stream()
            .map(cost -> cost.total().toPlainString() + " " + cost.currency())
            .collect(Collectors.joining(" + "));
  }
}
