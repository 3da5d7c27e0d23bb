package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.sink.UsageBuffer.Health;
import io.github.usage4j.sink.UsageEvents;
import io.github.usage4j.track.UsageTracker;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Somebody else holds rows that some events need and others do not. */
@Timeout(120)
class LockedRowsTest {

  private static final int FAILURES = 10;

  private static UsageEvent event(String organization) {
    return UsageEvents.chat().attribution(Attribution.organization(organization)).build();
  }

  private static long calls(JdbcUsageStore store, String organization) {
    return store
        .queries()
        .total(UsageFilter.organization(organization), BillingPeriod.lifetime())
        .calls();
  }

  @ParameterizedTest
  @CsvSource({"h2, SET LOCK_TIMEOUT 50", "postgres, SET lock_timeout = 50"})
  void rowsOfOneOrganization_lockedForLong_holdUpItsEventsAndLoseNone(
      String database, String impatience) throws Exception {
    DataSource plain =
        database.equals("h2") ? Databases.h2Memory(";DB_CLOSE_DELAY=-1") : Databases.postgres();
    var dataSource = new FaultyDataSource(plain);
    var store = JdbcUsageStore.open(dataSource);
    dataSource.lend =
        connection -> {
          try (Statement statement = connection.createStatement()) {
            statement.execute(impatience);
          }
        };
    var tracker =
        UsageTracker.builder(store)
            .buffer(UsageBuffer.memory().batchSize(8).maxDelay(Duration.ZERO))
            .build();
    tracker.record(event("held"));
    tracker.record(event("free"));
    assertThat(tracker.flush(Duration.ofSeconds(60))).isTrue();
    int free = 1;
    try (Connection other = plain.getConnection();
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      try (ResultSet rows =
          statement.executeQuery(
              "SELECT * FROM usage_rollup WHERE organization = 'held' FOR UPDATE")) {
        assertThat(rows.next()).isTrue();
      }
      for (int i = 0; i < 5; i++) {
        tracker.record(event("held"));
      }
      Health health = tracker.health().get(0);
      while (health.retries() < FAILURES) { // each time one that shows that the store works
        if (health.written() == 1 + free) {
          tracker.record(event("free"));
          free++;
        }
        LockSupport.parkNanos(1_000_000);
        assertThat(Thread.currentThread().isInterrupted()).as("took too long").isFalse();
        health = tracker.health().get(0);
      }
      assertThat(health.dropped()).isEmpty();
      assertThat(free).isGreaterThan(3);
      assertThat(calls(store, "held")).isEqualTo(1);
      other.rollback();
    }
    assertThat(tracker.flush(Duration.ofSeconds(60))).isTrue();
    tracker.close();
    assertThat(calls(store, "held")).isEqualTo(6);
    assertThat(calls(store, "free")).isEqualTo(free);
  }
}
