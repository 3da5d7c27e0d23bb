package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.internal.UsageIds;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcConnectionPool;
import org.postgresql.ds.PGConnectionPoolDataSource;

/**
 * What rollups cost a writer, and what they give a reader. Not a JMH benchmark, because a server
 * and its disk are measured; each figure is a median, and both sides of a ratio take turns in one
 * run.
 *
 * <pre>
 * java -cp usage-benchmarks/target/benchmarks.jar io.github.usage4j.jdbc.LedgerBenchmark write
 * java -cp usage-benchmarks/target/benchmarks.jar io.github.usage4j.jdbc.LedgerBenchmark read 10000000
 * </pre>
 *
 * It is in the package of the store to reach the writer and the reader without rollups.
 */
public final class LedgerBenchmark {

  private static final int BATCH = 2_000;
  private static final int BATCHES = 15;
  private static final int ROUNDS = 7;
  private static final Instant START = Instant.parse("2026-11-01T00:00:00Z");
  private static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);

  private LedgerBenchmark() {}

  /** {@code write}, or {@code read} and a number of rows. */
  public static void main(String[] arguments) throws Exception {
    if (arguments.length == 1 && arguments[0].equals("write")) {
      try (EmbeddedPostgres server = server()) {
        write("PostgreSQL", pool(server));
      }
      String file = Files.createTempDirectory("usage4j").resolve("ledger").toString();
      var pool = JdbcConnectionPool.create("jdbc:h2:" + file, "sa", "");
      write("H2 in a file", pool);
      pool.dispose();
    } else if (arguments.length == 2 && arguments[0].equals("read")) {
      try (EmbeddedPostgres server = server()) {
        read(pool(server), Long.parseLong(arguments[1]));
      }
    } else {
      throw new IllegalArgumentException("write, or read and a number of rows, was expected");
    }
  }

  private static EmbeddedPostgres server() throws Exception {
    return EmbeddedPostgres.builder()
        .setServerConfig("shared_buffers", "2GB")
        .setServerConfig("work_mem", "256MB")
        .setServerConfig("maintenance_work_mem", "1GB")
        .setServerConfig("max_wal_size", "16GB")
        .setServerConfig("jit", "off")
        .start();
  }

  /** As an application has one: a new connection takes longer than a question. */
  private static DataSource pool(EmbeddedPostgres server) {
    var connections = new PGConnectionPoolDataSource();
    connections.setUrl(server.getJdbcUrl("postgres", "postgres"));
    return JdbcConnectionPool.create(connections);
  }

  // Writing

  private static void write(String name, DataSource dataSource) throws Exception {
    JdbcUsageStore store = JdbcUsageStore.open(dataSource);
    JdbcUsageStore raw = JdbcUsageStore.builder(dataSource).tablePrefix("raw_").open();
    var random = new Random(1);
    var withRollups = new ArrayList<Double>();
    var rawOnly = new ArrayList<Double>();
    var whole = new ArrayList<Double>();
    for (int round = 0; round < ROUNDS; round++) {
      List<List<UsageEvent>> batches = batches(round, random);
      double rawSeconds = seconds(batches, batch -> insertOnly(raw, batch));
      double seconds = seconds(batches, store::write);
      if (round > 1) { // the first two warm up
        rawOnly.add(BATCH * BATCHES / rawSeconds);
        withRollups.add(BATCH * BATCHES / seconds);
        whole.add(rawSeconds / seconds);
      }
    }
    System.out.printf(
        "%s, batches of %d: raw only %,.0f rows/s, with both grains %,.0f rows/s, ratio %.2f (%.2f"
            + " to %.2f)%n",
        name,
        BATCH,
        median(rawOnly),
        median(withRollups),
        median(whole),
        whole.stream().min(Comparator.naturalOrder()).orElseThrow(),
        whole.stream().max(Comparator.naturalOrder()).orElseThrow());
  }

  /** What the store's own writer does for the single calls, and nothing else. */
  private static void insertOnly(JdbcUsageStore store, List<UsageEvent> batch) throws Exception {
    var sorted =
        batch.stream().sorted(Comparator.comparing(UsageEvent::id, UsageIds.ORDER)).toList();
    store
        .transactions()
        .write(
            connection ->
                store
                    .dialect()
                    .insert(
                        connection,
                        new Tables("raw_"),
                        EventColumns.writtenAt(Instant.now()),
                        sorted));
  }

  private interface Write {
    void write(List<UsageEvent> batch) throws Exception;
  }

  private static double seconds(List<List<UsageEvent>> batches, Write write) throws Exception {
    long start = System.nanoTime();
    for (List<UsageEvent> batch : batches) {
      write.write(batch);
    }
    return (System.nanoTime() - start) / 1e9;
  }

  private static List<List<UsageEvent>> batches(int round, Random random) {
    var batches = new ArrayList<List<UsageEvent>>();
    for (int i = 0; i < BATCHES; i++) {
      var batch = new ArrayList<UsageEvent>();
      for (int j = 0; j < BATCH; j++) {
        batch.add(event((round * BATCHES + i) * BATCH + j, random));
      }
      batches.add(batch);
    }
    return batches;
  }

  /** 40 organizations of 50 users, 4 categories, 6 models, one call after the other. */
  private static UsageEvent event(int number, Random random) {
    Instant at = START.plus(Duration.ofMillis(100L * number));
    int model = random.nextInt(6);
    return UsageEvent.builder(UsageEvent.newId(at), Kind.CHAT, "p" + model % 2, "model-" + model)
        .startedAt(at)
        .duration(Duration.ofMillis(random.nextInt(5_000)))
        .attribution(
            Attribution.organization("org-" + random.nextInt(40))
                .user("user-" + random.nextInt(50))
                .category("category-" + random.nextInt(4)))
        .tokens(TokenCounts.of(random.nextInt(9_000), random.nextInt(900)))
        .cost(Cost.total(BigDecimal.valueOf(random.nextInt(1_000_000), 8), "USD"))
        .build();
  }

  // Reading

  private static void read(DataSource dataSource, long rows) throws Exception {
    generate(dataSource, rows);
    long start = System.nanoTime();
    JdbcUsageStore store = JdbcUsageStore.open(dataSource); // builds the rollups
    say("upgrade with rollups of %,d rows: %.1f s", rows, (System.nanoTime() - start) / 1e9);
    execute(dataSource, "VACUUM ANALYZE usage_event", "VACUUM ANALYZE usage_rollup");
    var rollups = store.queries();
    var calls = new UsageQueries(store.readerWithoutRollups());
    for (String organization : List.of("org-0", "org-49")) {
      UsageFilter who = UsageFilter.organization(organization);
      long inMonth = rollups.total(who, NOVEMBER).calls();
      say("%s, %,d calls in the month", organization, inMonth);
      double sum = 0;
      double raw = 0;
      var questions =
          List.<Named>of(
              new Named("month total", queries -> queries.total(who, NOVEMBER)),
              new Named("by model", queries -> queries.by(who, NOVEMBER, Dimension.MODEL)),
              new Named("daily trend", queries -> queries.daily(who, NOVEMBER)),
              new Named(
                  "top 25 users",
                  queries -> queries.top(who, NOVEMBER, Dimension.USER, UsageMeasure.TOKENS, 25)));
      for (Named question : questions) {
        double fast = milliseconds(21, () -> question.asked.of(rollups));
        double slow = milliseconds(5, () -> question.asked.of(calls));
        if (!question.asked.of(rollups).equals(question.asked.of(calls))) {
          throw new IllegalStateException(question.name + " differs");
        }
        say(
            "  %-12s rollups %8.2f ms   calls %10.2f ms   %.0fx",
            question.name, fast, slow, slow / fast);
        sum += fast;
        raw += slow;
      }
      say("  %-12s rollups %8.2f ms   calls %10.2f ms   %.0fx", "together", sum, raw, raw / sum);
    }
    UsageFilter all = UsageFilter.allOrganizations();
    say(
        "all organizations, month total: %.2f ms",
        milliseconds(11, () -> rollups.total(all, NOVEMBER)));
    say(
        "all organizations, by organization: %.2f ms",
        milliseconds(11, () -> rollups.by(all, NOVEMBER, Dimension.ORGANIZATION)));
    UsageFilter largest = UsageFilter.organization("org-0");
    start = System.nanoTime();
    int differences = store.maintenance().verify(NOVEMBER).size();
    say(
        "verify of the month, all organizations: %.1f s, %d differences",
        (System.nanoTime() - start) / 1e9, differences);
    say(
        "life of %s: %.2f ms",
        largest.organization(),
        milliseconds(11, () -> rollups.total(largest, BillingPeriod.lifetime())));
  }

  private interface Asked {
    Object of(UsageQueries queries);
  }

  private record Named(String name, Asked asked) {}

  private static double milliseconds(int times, Supplier<Object> question) {
    var measured = new ArrayList<Double>();
    for (int i = 0; i < times + 2; i++) {
      long start = System.nanoTime();
      question.get();
      if (i > 1) {
        measured.add((System.nanoTime() - start) / 1e6);
      }
    }
    return median(measured);
  }

  /** Five months of calls of 50 organizations with 40 users each; the largest has 7 % of them. */
  private static void generate(DataSource dataSource, long rows) throws Exception {
    try (InputStream in =
        JdbcUsageStore.class.getResourceAsStream("schema/postgresql/V1__usage.sql")) {
      String script = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      execute(dataSource, script.replace("${prefix}", "usage_"));
    }
    long start = System.nanoTime();
    execute(
        dataSource,
        "ALTER TABLE usage_event SET (autovacuum_enabled = off)",
        "SELECT setseed(0.5)",
        "INSERT INTO usage_event (id, operation_id, step, attempts, opens_operation, kind, streaming,"
            + " occurred_at, utc_day, recorded_at, duration_us, provider, request_model, model,"
            + " outcome, tool_calls, input_tokens, output_tokens, total_tokens, quality,"
            + " organization, user_id, category, impersonated, cost_input, cost_output, cost_cache,"
            + " cost_other, cost_total, currency)"
            + " SELECT (lpad(to_hex(extract(epoch FROM t)::bigint * 1000 + i % 1000), 12, '0')"
            + "   || lpad(to_hex(i), 20, '0'))::uuid, 'op-' || i / 3, 1 + (i % 3)::int, 1, i % 3 = 0,"
            + " 'CHAT', false, t, (t AT TIME ZONE 'UTC')::date, t, (random() * 5000000)::bigint,"
            + " 'p' || m % 2, 'model-' || m, 'model-' || m,"
            + " CASE WHEN random() < 0.95 THEN 'SUCCESS' ELSE 'ERROR' END, 0, x, y, x + y,"
            + " 'REPORTED', 'org-' || o, 'user-' || floor(power(random(), 2) * 40)::int,"
            + " 'category-' || (random() * 3)::int, false, c, c, 0, 0, 2 * c, 'USD'"
            + " FROM (SELECT i, TIMESTAMPTZ '2026-07-01 00:00:00+00'"
            + "     + (i::float8 / "
            + rows
            + ") * INTERVAL '152 days' AS t, floor(power(random(), 2) * 6)::int AS m,"
            + "   floor(power(random(), 1.5) * 50)::int AS o, (random() * 9000)::bigint AS x,"
            + "   (random() * 900)::bigint AS y, (random() / 100)::numeric(38, 18) AS c"
            + "   FROM generate_series(1, "
            + rows
            + "::bigint) i) g");
    say("generated %,d rows in %.1f s", rows, (System.nanoTime() - start) / 1e9);
  }

  private static void execute(DataSource dataSource, String... statements) throws Exception {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return Arrays.stream(sorted).skip(sorted.length / 2).findFirst().orElseThrow();
  }

  private static void say(String format, Object... values) {
    System.out.printf(format + "%n", values);
  }
}
