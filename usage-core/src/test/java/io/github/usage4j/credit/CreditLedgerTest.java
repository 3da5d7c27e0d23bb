package io.github.usage4j.credit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.sink.InMemoryUsageStore;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class CreditLedgerTest {

  private static final Instant START = Instant.parse("2026-11-21T12:00:00Z");

  private final AtomicReference<Instant> time = new AtomicReference<>(START);
  private final CreditLedger ledger =
      CreditLedger.of(new InMemoryUsageStore().credits(), time::get);

  private static BigDecimal n(String amount) {
    return new BigDecimal(amount);
  }

  @Test
  void entries_addUpToTheBalance_andEachReferenceCountsOnce() {
    assertThat(ledger.purchase("acme", n("100"), n("10"), "invoice-1")).isTrue();
    assertThat(ledger.purchase("acme", n("100"), n("10"), "invoice-1")).isFalse();
    assertThat(ledger.spend("acme", n("3.000000000000000001"), "event-1")).isTrue();
    assertThat(ledger.spend("acme", n("3.000000000000000001"), "event-1")).isTrue();
    assertThat(ledger.balance("acme")).isEqualByComparingTo("106.999999999999999999");
    assertThat(ledger.refund("acme", "event-1")).isTrue();
    assertThat(ledger.refund("acme", "event-1")).isFalse();
    assertThat(ledger.refund("acme", "event-2")).isFalse();
    assertThat(ledger.balance("acme")).isEqualByComparingTo("110");
    assertThat(ledger.entries("acme"))
        .extracting(CreditEntry::type)
        .containsExactly(
            CreditEntry.Type.PURCHASE,
            CreditEntry.Type.DISCOUNT,
            CreditEntry.Type.CONSUMPTION,
            CreditEntry.Type.REFUND);
    assertThat(ledger.balance("globex")).isEqualByComparingTo("0");
  }

  @Test
  void spend_takesByPriority_thenByExpiry_thenByAge() {
    ledger.purchase("acme", n("10"), "bought");
    ledger.grant("acme", n("10"), 100, START.plus(Duration.ofDays(9)), "late");
    ledger.grant("acme", n("10"), 100, START.plus(Duration.ofDays(2)), "soon");
    ledger.grant("acme", n("10"), 1, null, "first");
    ledger.spend("acme", n("35"), "event");

    Map<UUID, String> lots = new HashMap<>();
    List<String> order = new ArrayList<>();
    for (CreditEntry entry : ledger.entries("acme")) {
      if (entry.type().brings()) {
        lots.put(entry.id(), entry.reference());
      } else {
        order.add(lots.get(entry.lot()) + " " + entry.amount().toPlainString());
      }
    }
    assertThat(order).containsExactly("first -10", "soon -10", "late -10", "bought -5");
  }

  @Test
  void spend_ofMoreThanThereIs_changesNothing() {
    ledger.purchase("acme", n("10"), "bought");
    assertThat(ledger.spend("acme", n("10.01"), "event")).isFalse();
    assertThat(ledger.entries("acme")).hasSize(1);
    assertThat(ledger.spend("acme", n("10"), "event")).isTrue();
    assertThat(ledger.balance("acme")).isEqualByComparingTo("0");
  }

  @Test
  void expiredCredits_areTakenOut_byAnEntry() {
    ledger.grant("acme", n("10"), 1, START.plusSeconds(60), "trial");
    ledger.spend("acme", n("4"), "event-1");
    time.set(START.plusSeconds(60));
    assertThat(ledger.spend("acme", n("1"), "event-2")).isFalse();
    assertThat(ledger.balance("acme")).isEqualByComparingTo("0");
    assertThat(ledger.refund("acme", "event-1")).isTrue();
    assertThat(ledger.balance("acme")).isEqualByComparingTo("0");
    assertThat(ledger.entries("acme"))
        .extracting(entry -> entry.type() + " " + entry.amount().toPlainString())
        .containsExactly("GRANT 10", "CONSUMPTION -4", "EXPIRY -6", "REFUND 4", "EXPIRY -4");
  }

  @Test
  void badInput_isRefused_namingItTheRuleAndTheValue() {
    assertThatThrownBy(() -> ledger.purchase("acme", BigDecimal.ZERO, "a"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("PURCHASE must be more than 0");
    assertThatThrownBy(() -> ledger.spend("acme", n("-1"), "a")).hasMessageContaining("-1");
    assertThatThrownBy(() -> ledger.purchase("acme", n("1"), BigDecimal.ZERO, "a"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("discount");
    assertThat(ledger.entries("acme")).isEmpty();
    assertThatThrownBy(() -> ledger.purchase(" ", n("1"), "a")).hasMessageContaining("account");
    assertThatThrownBy(() -> ledger.purchase("acme", n("1"), "")).hasMessageContaining("reference");
    assertThatThrownBy(() -> ledger.grant("acme", n("1e-19"), 1, null, "a"))
        .hasMessageContaining("18 decimals");
    assertThat(ledger.entries("acme")).isEmpty();
  }

  /** Replays the entries by other means than the ledger, and finds the same to the last decimal. */
  @Test
  void ledger_underSixteenSpenders_equalsAReplayOfItsEntries() throws Exception {
    ledger.purchase("acme", n("500"), "bought");
    ExecutorService pool = Executors.newFixedThreadPool(16);
    var spent = new ArrayList<Future<BigDecimal>>();
    try {
      for (int spender = 0; spender < 16; spender++) {
        int number = spender;
        Callable<BigDecimal> task = () -> spendAtRandom(number);
        spent.add(pool.submit(task));
      }
      BigDecimal net = BigDecimal.ZERO;
      for (Future<BigDecimal> one : spent) {
        net = net.add(one.get());
      }
      time.set(START.plus(Duration.ofDays(1)));
      BigDecimal balance = ledger.balance("acme");
      Replay replay = Replay.of(ledger.entries("acme"), time.get());
      assertThat(balance).isEqualByComparingTo(replay.balance);
      assertThat(replay.consumed).isEqualByComparingTo(net);
      assertThat(replay.brought.subtract(replay.consumed).subtract(replay.expired))
          .isEqualByComparingTo(balance);
      assertThat(replay.expired).isPositive();
      assertThat(balance.signum()).isNotNegative();
    } finally {
      pool.shutdownNow();
    }
  }

  /** What it spent and did not get back. */
  private BigDecimal spendAtRandom(int spender) {
    var random = new Random(spender);
    BigDecimal net = BigDecimal.ZERO;
    for (int i = 0; i < 60; i++) {
      String reference = spender + "-" + i;
      if (i % 10 == 0) {
        Instant end = START.plusMillis(random.nextInt(2000));
        ledger.grant("acme", n("7.1"), random.nextInt(200), end, reference);
      }
      BigDecimal amount = BigDecimal.valueOf(1 + random.nextLong(9_999_999_999L), 9);
      if (ledger.spend("acme", amount, reference)) {
        net = net.add(amount);
        if (random.nextInt(5) == 0 && ledger.refund("acme", reference)) {
          net = net.subtract(amount);
        }
      }
      time.updateAndGet(now -> now.plusMillis(1));
    }
    return net;
  }

  /** Knows nothing of the ledger but its entries: no lot below 0, or spent after its end. */
  private static final class Replay {
    private BigDecimal balance = BigDecimal.ZERO;
    private BigDecimal brought = BigDecimal.ZERO;
    private BigDecimal consumed = BigDecimal.ZERO;
    private BigDecimal expired = BigDecimal.ZERO;

    static Replay of(List<CreditEntry> entries, Instant now) {
      var replay = new Replay();
      Map<UUID, BigDecimal> left = new HashMap<>();
      Map<UUID, Instant> ends = new HashMap<>();
      for (CreditEntry entry : entries) {
        replay.balance = replay.balance.add(entry.amount());
        BigDecimal lot = left.merge(entry.lot(), entry.amount(), BigDecimal::add);
        assertThat(lot.signum()).isNotNegative();
        switch (entry.type()) {
          case PURCHASE, GRANT, DISCOUNT -> {
            replay.brought = replay.brought.add(entry.amount());
            if (entry.expiresAt() != null) {
              ends.put(entry.id(), entry.expiresAt());
            }
          }
          case CONSUMPTION -> {
            Instant end = ends.getOrDefault(entry.lot(), Instant.MAX);
            assertThat(entry.at()).isBefore(end);
            replay.consumed = replay.consumed.subtract(entry.amount());
          }
          case REFUND -> replay.consumed = replay.consumed.subtract(entry.amount());
          case EXPIRY -> replay.expired = replay.expired.subtract(entry.amount());
        }
      }
      ends.forEach(
          (lot, end) -> assertThat(left.get(lot).signum() == 0 || end.isAfter(now)).isTrue());
      return replay;
    }
  }
}
