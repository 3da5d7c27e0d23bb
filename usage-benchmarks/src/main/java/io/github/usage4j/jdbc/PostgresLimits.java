package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.limit.LimitRequest;
import io.github.usage4j.limit.UsageLimit;
import io.github.usage4j.limit.UsageLimiter;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Decisions a second about one limit that is shared through PostgreSQL, in turns on one server: by
 * what is leased, and by one UPDATE for each call. The ratio is what counts. Arguments: threads,
 * seconds for each measurement, rounds.
 */
public final class PostgresLimits {

  private static final Attribution WHO = Attribution.organization("acme").user("ada");
  private static final long PLENTY = 1_000_000_000_000L;

  private PostgresLimits() {}

  /** Makes decisions until the time is over; says how many. */
  private interface Way {
    long decide(long until) throws Exception;
  }

  /** Measures and prints. */
  public static void main(String[] arguments) throws Exception {
    int threads = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 8;
    long seconds = arguments.length > 1 ? Long.parseLong(arguments[1]) : 3;
    int rounds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 3;
    try (EmbeddedPostgres server = EmbeddedPostgres.builder().start()) {
      DataSource database = server.getPostgresDatabase();
      var store = JdbcUsageStore.open(database);
      try (Connection connection = database.getConnection()) {
        Dialect.execute(connection, "CREATE TABLE plain (id INT PRIMARY KEY, used BIGINT)");
        Dialect.execute(connection, "INSERT INTO plain VALUES (1, 0)");
      }
      UsageLimiter limiter =
          UsageLimiter.builder(store.limits())
              .limits(UsageLimit.forOrganization("acme").calls(PLENTY).perMonth().named("team"))
              .build();
      for (int round = -1; round < rounds; round++) {
        double leased = measure(threads, seconds, until -> leased(limiter, until));
        double updated = measure(threads, seconds, until -> updated(database, until));
        System.out.printf(
            "%s%d threads: leased %,.0f decisions/s, UPDATE %,.0f decisions/s: %.0fx%n",
            round < 0 ? "(warming up) " : "", threads, leased, updated, leased / updated);
      }
      limiter.close();
    }
  }

  private static double measure(int threads, long seconds, Way way) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      long start = System.nanoTime();
      List<Callable<Long>> tasks = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        tasks.add(() -> way.decide(start + seconds * 1_000_000_000L));
      }
      long all = 0;
      for (Future<Long> one : pool.invokeAll(tasks)) {
        all += one.get();
      }
      return all * 1e9 / (System.nanoTime() - start);
    } finally {
      pool.shutdown();
    }
  }

  /** Each is kept, as if its call used what it reserved: nothing is given back. */
  private static long leased(UsageLimiter limiter, long until) {
    long decisions = 0;
    var call = new Call(UUID.randomUUID(), WHO, "gpt-4o", Instant.now());
    while (System.nanoTime() < until) {
      for (int i = 0; i < 100; i++) {
        limiter.admit(call);
      }
      decisions += 100;
    }
    return decisions;
  }

  private static long updated(DataSource database, long until) throws Exception {
    long decisions = 0;
    String sql = "UPDATE plain SET used = used + 1 WHERE id = 1 AND used + 1 <= ?";
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setLong(1, PLENTY);
      while (System.nanoTime() < until) {
        decisions += statement.executeUpdate();
      }
    }
    return decisions;
  }

  private record Call(UUID eventId, Attribution who, String model, Instant occurredAt)
      implements LimitRequest {

    @Override
    public boolean beginsOperation() {
      return true;
    }

    @Override
    public long expectedTokens(long assumedOutput) {
      return 1;
    }

    @Override
    public long worstTokens(long assumedOutput) {
      return 1;
    }

    @Override
    public @Nullable Cost expectedCost(long assumedOutput) {
      return null;
    }

    @Override
    public @Nullable Cost worstCost(long assumedOutput) {
      return null;
    }
  }
}
