package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.UsageIds;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.math.BigDecimal;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Rows a second into the event table of PostgreSQL with all its indexes, by each way of writing,
 * all in one run on one server: the ratios are what counts. Arguments: rows for each measurement,
 * rounds.
 */
public final class PostgresWrites {

  private static final Tables TABLES = new Tables(Tables.DEFAULT_PREFIX);

  private PostgresWrites() {}

  private interface Way {
    void write(Connection connection, List<Column> columns, List<UsageEvent> batch)
        throws Exception;
  }

  private record Measured(Way way, int batch, double[] rowsPerSecond) {
    double median() {
      double[] sorted = rowsPerSecond.clone();
      Arrays.sort(sorted);
      return sorted[sorted.length / 2];
    }
  }

  /** Measures and prints. */
  public static void main(String[] arguments) throws Exception {
    int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 40_000;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 7;
    try (EmbeddedPostgres server = EmbeddedPostgres.builder().start()) {
      JdbcUsageStore.open(server.getPostgresDatabase());
      PostgresCopy copy = PostgresCopy.ifDriverPresent();
      var arrays = new PostgresDialect(Integer.MAX_VALUE);
      Way straight =
          (connection, columns, batch) ->
              copy.copy(connection, TABLES.event(), columns, PostgresCopy.text(columns, batch));
      Way unnest =
          (connection, columns, batch) -> arrays.insert(connection, TABLES, columns, batch);
      Way staging = (connection, columns, batch) -> copy.insert(connection, TABLES, columns, batch);
      var measured = new LinkedHashMap<String, Measured>();
      for (int batch : new int[] {500, 5_000}) {
        measured.put("straight COPY " + batch, new Measured(straight, batch, new double[rounds]));
      }
      for (int batch : new int[] {500, 1_000, 2_000, 5_000}) {
        measured.put("arrays " + batch, new Measured(unnest, batch, new double[rounds]));
        measured.put("COPY and insert " + batch, new Measured(staging, batch, new double[rounds]));
      }
      try (Connection connection = server.getPostgresDatabase().getConnection()) {
        for (int round = -2; round < rounds; round++) {
          for (Measured one : measured.values()) {
            double speed = measure(connection, one, rows);
            if (round >= 0) {
              one.rowsPerSecond[round] = speed;
            }
          }
        }
      }
      double best = measured.values().stream().mapToDouble(Measured::median).max().orElseThrow();
      double ceiling = measured.get("straight COPY 5000").median();
      for (Map.Entry<String, Measured> entry : measured.entrySet()) {
        double median = entry.getValue().median();
        System.out.printf(
            "%-22s %,9.0f rows/s  %.2f of straight COPY 5000  %.2f of best%n",
            entry.getKey(), median, median / ceiling, median / best);
      }
    }
  }

  private static double measure(Connection connection, Measured one, int rows) throws Exception {
    connection.setAutoCommit(true);
    Dialect.execute(connection, "TRUNCATE usage_event");
    Dialect.execute(connection, "CHECKPOINT");
    connection.setAutoCommit(false);
    List<UsageEvent> events = events(rows);
    List<Column> columns = EventColumns.writtenAt(Instant.now());
    long start = System.nanoTime();
    for (int from = 0; from < rows; from += one.batch) {
      one.way.write(connection, columns, events.subList(from, Math.min(rows, from + one.batch)));
      connection.commit();
    }
    return rows * 1e9 / (System.nanoTime() - start);
  }

  private static List<UsageEvent> events(int count) {
    var random = new Random(1);
    var events = new ArrayList<UsageEvent>();
    Instant start = Instant.parse("2026-11-01T00:00:00Z");
    for (int i = 0; i < count; i++) {
      Instant at = start.plusMillis(i * 50L);
      events.add(
          UsageEvent.builder(UsageEvent.newId(at), UsageEvent.Kind.CHAT, "openai", "gpt-4o")
              .startedAt(at)
              .responseModel("gpt-4o-2024-08-06")
              .responseId("chatcmpl-" + i)
              .duration(Duration.ofMillis(300 + random.nextInt(2_000)))
              .operation("op-" + i / 3, 1 + i % 3)
              .attribution(
                  Attribution.organization("org-" + random.nextInt(50))
                      .user("user-" + random.nextInt(2_000))
                      .session("session-" + random.nextInt(20_000))
                      .category("support"))
              .tokens(TokenCounts.of(random.nextInt(9_999), random.nextInt(999)).cacheRead(0))
              .cost(Cost.total(new BigDecimal(random.nextInt(99_999)).movePointLeft(8), "USD"))
              .finishReason("stop")
              .instance("node-1")
              .build());
    }
    events.sort(Comparator.comparing(UsageEvent::id, UsageIds.ORDER));
    return events;
  }
}
