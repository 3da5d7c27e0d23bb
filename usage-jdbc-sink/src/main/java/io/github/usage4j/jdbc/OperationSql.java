package io.github.usage4j.jdbc;

import io.github.usage4j.EventQuery;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.query.OperationUsage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Jdbi;

/**
 * A page of opening calls, then all calls of those operations in one query. They are added up one
 * by one: when an operation ends is the start of a call plus its duration, which databases add
 * differently.
 */
final class OperationSql {

  private OperationSql() {}

  static List<OperationUsage> read(Jdbi jdbi, EventQuery query, Tables tables, Dialect dialect) {
    var sums = new ArrayList<OperationUsage.Sum>();
    var byId = new HashMap<String, List<OperationUsage.Sum>>();
    EventSql.of(query, tables, dialect, " AND e.opens_operation = TRUE")
        .forEach(
            jdbi,
            row -> {
              UsageEvent opening = EventMapper.read(row, dialect);
              OperationUsage.Sum sum = OperationUsage.of(opening);
              sums.add(sum);
              byId.computeIfAbsent(opening.operationId(), id -> new ArrayList<>()).add(sum);
            });
    if (!sums.isEmpty()) {
      addSteps(jdbi, query, tables, dialect, byId);
    }
    return sums.stream().map(OperationUsage.Sum::result).toList();
  }

  private static void addSteps(
      Jdbi jdbi,
      EventQuery query,
      Tables tables,
      Dialect dialect,
      Map<String, List<OperationUsage.Sum>> byId) {
    new Sql(dialect, "SELECT e.*, NULL AS ")
        .add(EventMapper.USER_LABEL)
        .add(", NULL AS ")
        .add(EventMapper.CUSTOMER_LABEL)
        .add(" FROM ")
        .add(tables.event())
        .add(" e WHERE ")
        .in("e.operation_id", byId.keySet().stream())
        .andIs("organization", query.who().organization())
        .andIs("user_id", query.who().user())
        .andIs("customer_id", query.who().customer())
        .forEach(
            jdbi,
            row -> {
              UsageEvent step = EventMapper.read(row, dialect);
              for (OperationUsage.Sum sum : byId.getOrDefault(step.operationId(), List.of())) {
                if (sum.isStep(step)) {
                  sum.add(step);
                }
              }
            });
  }
}
