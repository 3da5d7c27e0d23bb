package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.credit.CreditEntry;
import io.github.usage4j.credit.CreditEntry.Type;
import io.github.usage4j.credit.CreditLedger;
import io.github.usage4j.credit.CreditStore;
import io.github.usage4j.credit.CreditStore.Account;
import io.github.usage4j.credit.CreditStore.Lot;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Ledgers of credits on each database. */
class CreditStoreTest {

  private static final Instant AT = Instant.parse("2026-11-21T12:00:00.123456Z");

  @Nested
  class OnH2 extends Contract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(";DB_CLOSE_DELAY=-1");
    }
  }

  @Nested
  class OnPostgres extends Contract {
    @Override
    DataSource newDatabase() {
      return Databases.postgres();
    }
  }

  @Nested
  @Tag("full")
  class OnMariaDb extends Contract {
    @Override
    DataSource newDatabase() {
      return MariaDbServer.shared().newDatabase();
    }
  }

  abstract static class Contract {

    abstract DataSource newDatabase();

    private static CreditEntry bringing(
        String account, String amount, Instant expires, String ref) {
      UUID id = UsageEvent.newId(AT);
      return new CreditEntry(
          id, account, Type.PURCHASE, new BigDecimal(amount), id, 5, expires, ref, AT);
    }

    private static CreditEntry taking(String account, BigDecimal amount, UUID lot, String ref) {
      return new CreditEntry(
          UsageEvent.newId(AT), account, Type.CONSUMPTION, amount.negate(), lot, 0, null, ref, AT);
    }

    @Test
    void entries_comeBackAsTheyWere() {
      CreditStore credits = JdbcUsageStore.open(newDatabase()).credits();
      CreditEntry bought = bringing("acme", "10.000000000000000001", AT.plusSeconds(9), "i-1");
      CreditEntry spent = taking("acme", new BigDecimal("0.5"), bought.id(), "e-1");

      assertThat(credits.balance("acme")).isEqualByComparingTo("0");
      credits.add("acme", "i-1", account -> List.of(bought));
      var seen = new ArrayList<Account>();
      credits.add(
          "acme",
          "i-1",
          account -> {
            seen.add(account);
            return List.of(spent);
          });

      assertThat(seen.get(0).known()).containsExactly(bought);
      assertThat(seen.get(0).lots()).containsExactly(new Lot(bought, bought.amount()));
      assertThat(seen.get(0).balance()).isEqualByComparingTo("10.000000000000000001");
      assertThat(credits.entries("acme")).containsExactlyInAnyOrder(bought, spent);
      assertThat(credits.balance("acme")).isEqualByComparingTo("9.500000000000000001");
      assertThat(credits.entries("globex")).isEmpty();
    }

    @Test
    void functionThatThrows_leavesNothing_andIsHeardUnchanged() {
      CreditStore credits = JdbcUsageStore.open(newDatabase()).credits();
      var thrown = new IllegalStateException("no");
      var calls = new AtomicInteger();

      assertThatThrownBy(
              () ->
                  credits.add(
                      "acme",
                      null,
                      account -> {
                        calls.incrementAndGet();
                        throw thrown;
                      }))
          .isSameAs(thrown);
      CreditEntry bought = bringing("acme", "1", null, "i-1");
      credits.add("acme", null, account -> List.of(bought));
      CreditEntry tooMuch = taking("acme", new BigDecimal("1.01"), bought.id(), "e-1");
      assertThatThrownBy(() -> credits.add("acme", null, account -> List.of(tooMuch)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("must not be negative, but would be -0.01");

      assertThat(calls).hasValue(1);
      assertThat(credits.entries("acme")).containsExactly(bought);
      assertThat(credits.balance("acme")).isEqualByComparingTo("1");
    }

    /**
     * Replays the entries by other means than the store, and finds the same to the last decimal.
     */
    @Test
    void sixteenSpenders_equalAReplayOfTheEntries() throws Exception {
      var store = JdbcUsageStore.open(newDatabase());
      var calls = new AtomicInteger();
      ExecutorService pool = Executors.newFixedThreadPool(16);
      try {
        var tasks = new ArrayList<Callable<Void>>();
        for (int spender = 0; spender < 16; spender++) {
          int number = spender;
          tasks.add(
              () -> {
                spend(store.credits(), number, calls);
                return null;
              });
        }
        for (Future<Void> task : pool.invokeAll(tasks)) {
          task.get();
        }
      } finally {
        pool.shutdownNow();
      }
      assertThat(calls).hasValue(16 * 25);
      BigDecimal balance = BigDecimal.ZERO;
      Map<UUID, BigDecimal> left = new HashMap<>();
      for (CreditEntry entry : store.credits().entries("acme")) {
        balance = balance.add(entry.amount());
        left.merge(entry.lot(), entry.amount(), BigDecimal::add);
      }
      left.values().removeIf(amount -> amount.signum() == 0);
      assertThat(left.values()).allMatch(amount -> amount.signum() > 0);
      assertThat(store.credits().balance("acme")).isEqualByComparingTo(balance);
      Map<UUID, BigDecimal> lots = new HashMap<>();
      store
          .credits()
          .add(
              "acme",
              null,
              account -> {
                account.lots().forEach(lot -> lots.put(lot.entry().id(), lot.left()));
                return List.of();
              });
      assertThat(lots).isNotEmpty().hasSameSizeAs(left);
      lots.forEach((id, amount) -> assertThat(amount).isEqualByComparingTo(left.get(id)));
    }

    /** Sixteen threads spend by the rules of a ledger, from grants that expire meanwhile. */
    @Test
    void ledger_sixteenSpendersAndExpiringGrants_equalsAReplay() throws Exception {
      var time = new AtomicReference<>(AT);
      CreditStore credits = JdbcUsageStore.open(newDatabase()).credits();
      CreditLedger ledger = CreditLedger.of(credits, time::get);
      ledger.purchase("acme", new BigDecimal("60"), "bought");
      ExecutorService pool = Executors.newFixedThreadPool(16);
      BigDecimal spent = BigDecimal.ZERO;
      try {
        var tasks = new ArrayList<Callable<BigDecimal>>();
        for (int spender = 0; spender < 16; spender++) {
          int number = spender;
          tasks.add(() -> spend(ledger, number, time));
        }
        for (Future<BigDecimal> task : pool.invokeAll(tasks)) {
          spent = spent.add(task.get());
        }
      } finally {
        pool.shutdownNow();
      }
      time.set(AT.plusSeconds(86_400));
      BigDecimal balance = ledger.balance("acme");
      Map<Type, BigDecimal> sums = new EnumMap<>(Type.class);
      credits.entries("acme").forEach(e -> sums.merge(e.type(), e.amount(), BigDecimal::add));
      assertThat(sums.get(Type.CONSUMPTION)).isEqualByComparingTo(spent.negate());
      assertThat(sums.get(Type.EXPIRY)).isNegative();
      assertThat(sums.values().stream().reduce(BigDecimal.ZERO, BigDecimal::add))
          .isEqualByComparingTo(balance)
          .isNotNegative();
    }

    private static BigDecimal spend(
        CreditLedger ledger, int spender, AtomicReference<Instant> time) {
      var random = new Random(spender);
      BigDecimal spent = BigDecimal.ZERO;
      for (int i = 0; i < 12; i++) {
        String reference = spender + "-" + i;
        time.updateAndGet(now -> now.plusMillis(10));
        if (i % 4 == 0) {
          Instant end = AT.plusMillis(500 + random.nextInt(2_000));
          ledger.grant("acme", new BigDecimal("7.1"), random.nextInt(200), end, reference);
        }
        BigDecimal amount = BigDecimal.valueOf(1 + random.nextLong(4_999_999_999L), 9);
        if (ledger.spend("acme", amount, reference)) {
          spent = spent.add(amount);
        }
      }
      return spent;
    }

    private static void spend(CreditStore credits, int spender, AtomicInteger calls) {
      var random = new Random(spender);
      for (int i = 0; i < 25; i++) {
        String reference = spender + "-" + i;
        boolean brings = i % 5 == 0;
        credits.add(
            "acme",
            reference,
            account -> {
              calls.incrementAndGet();
              assertThat(account.known()).isEmpty();
              return brings
                  ? List.of(bringing("acme", "7.1", null, reference))
                  : taken(
                      account, BigDecimal.valueOf(random.nextLong(3_000_000_000L), 9), reference);
            });
      }
    }

    /** From one lot after the other, as far as there is something. */
    private static List<CreditEntry> taken(Account account, BigDecimal amount, String reference) {
      var taken = new ArrayList<CreditEntry>();
      BigDecimal rest = amount;
      for (Lot lot : account.lots()) {
        BigDecimal part = lot.left().min(rest);
        if (part.signum() > 0) {
          taken.add(taking("acme", part, lot.entry().id(), reference));
          rest = rest.subtract(part);
        }
      }
      return taken;
    }
  }
}
