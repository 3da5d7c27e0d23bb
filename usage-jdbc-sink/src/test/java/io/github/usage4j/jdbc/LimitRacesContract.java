package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.chatAt;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import io.github.usage4j.limit.LimitState;
import io.github.usage4j.limit.LimitStore.Ask;
import io.github.usage4j.limit.LimitStore.Terms;
import io.github.usage4j.limit.UsageAlert;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Many at once on few rows. */
abstract class LimitRacesContract extends LimitDatabase {

  /** Everything at once on few rows: no deadlock reaches a caller, and every sum is right. */
  @Test
  void allAtOnce_sumsAreRight() throws Exception {
    List<Scope> scopes = new ArrayList<>(List.of(ACME));
    for (int i = 0; i < 6; i++) {
      scopes.add(new Scope(Subject.USER, "acme", "u" + i, null, null));
    }
    List<LimitKey> keys = scopes.stream().map(s -> key(UsageMeasure.TOKENS, s, NOVEMBER)).toList();
    var terms = new Terms(number(1_000_000), List.of(1, 2, 3, 50));
    ExecutorService pool = Executors.newFixedThreadPool(8);
    try {
      var tasks = new ArrayList<Callable<Void>>();
      for (int thread = 0; thread < 8; thread++) {
        int seed = thread;
        tasks.add(
            () -> {
              mix(new Random(seed), keys, terms, seed % 2 == 0);
              return null;
            });
      }
      for (Future<Void> task : pool.invokeAll(tasks)) {
        task.get();
      }
    } finally {
      pool.shutdownNow();
    }
    for (LimitKey key : keys) {
      LimitState state = store.limits().open(key, terms);
      BigDecimal[] sum = {BigDecimal.ZERO};
      store
          .jobs()
          .transactions()
          .run(
              connection -> {
                new Sql(store.dialect(), "SELECT COALESCE(SUM(amount), 0) FROM usage_limit_lease")
                    .add(" WHERE state_hash = ")
                    .mark(store.dialect().hash(LimitKeys.hash(key)))
                    .forEach(connection, row -> sum[0] = row.getBigDecimal(1));
                return true;
              });
      assertThat(state.leased()).isEqualByComparingTo(sum[0]);
    }
    BigDecimal all = new BigDecimal(texts("SELECT SUM(total_tokens) FROM usage_event").get(0));
    assertThat(store.limits().open(keys.get(0), terms).used()).isEqualByComparingTo(all);
    assertThat(store.maintenance().verify(NOVEMBER)).isEmpty();
    assertThat(store.limits().alerts(ACME, 10)).doesNotHaveDuplicates();
  }

  private void mix(Random random, List<LimitKey> keys, Terms terms, boolean writes)
      throws Exception {
    var mine = writes ? store : JdbcUsageStore.open(dataSource.delegate());
    var holder = new Covering();
    mine.limits().join(holder);
    for (int i = 0; i < 40; i++) {
      if (writes || i % 4 == 0) {
        var batch = new ArrayList<UsageEvent>();
        for (int n = 0; n < 10; n++) {
          String user = "u" + random.nextInt(6);
          UsageEvent event =
              tokens(Attribution.organization("acme").user(user), random.nextInt(300));
          if (random.nextBoolean()) {
            holder.covered.put(event.id(), true);
          }
          batch.add(event);
        }
        mine.write(batch);
      }
      LimitKey key = keys.get(random.nextInt(keys.size()));
      mine.limits()
          .lease(holder.id(), key, new Ask(terms, number(1_000_000), number(100), number(500)));
      if (i % 10 == 9) {
        long beat = mine.limits().beat(holder.id()).get(holder.id());
        if (random.nextBoolean()) {
          mine.limits().reclaim(holder.id(), beat);
        } else {
          mine.limits().leave(holder, true);
        }
        holder = new Covering();
        mine.limits().join(holder);
      }
      if (i % 13 == 0) {
        mine.limits().grant(key, number(1), UUID.randomUUID().toString());
      }
    }
  }

  @Test
  void crossings_200AtOnceOverTwoInstances_raiseEachAlertOnce() throws Exception {
    var other = JdbcUsageStore.open(dataSource.delegate());
    var terms = new Terms(number(200), List.of(75, 90, 100));
    for (BillingPeriod month : List.of(NOVEMBER, BillingPeriod.month(2026, 12))) {
      LimitKey key = key(UsageMeasure.TOKENS, ACME, month);
      store.limits().open(key, terms);
      ExecutorService pool = Executors.newFixedThreadPool(20);
      try {
        var tasks = new ArrayList<Callable<Void>>();
        for (int i = 0; i < 200; i++) {
          JdbcUsageStore instance = i % 2 == 0 ? store : other;
          tasks.add(
              () -> {
                instance.write(
                    List.of(
                        chatAt(month.start().plusSeconds(60))
                            .attribution(ADA)
                            .tokens(TokenCounts.of(1, 0))
                            .build()));
                return null;
              });
        }
        for (Future<Void> task : pool.invokeAll(tasks)) {
          task.get();
        }
      } finally {
        pool.shutdownNow();
      }
    }
    List<UsageAlert> alerts = store.limits().alerts(ACME, 100);
    assertThat(alerts)
        .extracting(UsageAlert::threshold)
        .containsExactlyInAnyOrder(100, 90, 75, 100, 90, 75);
    UUID first = alerts.get(0).id();
    assertThat(store.limits().acknowledge(first, "ada")).isTrue();
    var restarted = JdbcUsageStore.open(dataSource.delegate());
    assertThat(restarted.limits().acknowledge(first, "bob")).isFalse();
    assertThat(restarted.limits().alerts(ACME, 1).get(0).acknowledgedBy()).isEqualTo("ada");
  }
}
