package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.chatAt;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.sink.InMemoryUsageStore;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Currency;
import java.util.List;
import java.util.Random;
import javax.sql.DataSource;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sums of very many costs are the same on every database, in memory and by hand, to the digit. */
class CostSumsTest {

  private static final UsageFilter ALL = UsageFilter.allOrganizations();
  private static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);
  private static final String[] CURRENCIES = {"USD", "EUR", "JPY"};

  /** Costs of one call of all sizes that there are: the smallest, ordinary ones and the largest. */
  private static Cost cost(Random random) {
    return new Cost(
        amount(random),
        amount(random),
        amount(random),
        random.nextInt(1_000) == 0 ? new BigDecimal("9999999999999999999") : BigDecimal.ZERO,
        Currency.getInstance(CURRENCIES[random.nextInt(3)]),
        null);
  }

  private static BigDecimal amount(Random random) {
    return new BigDecimal(new BigInteger(1 + random.nextInt(70), random), Cost.SCALE);
  }

  private static UsageEvent event(Random random, int i) {
    return chatAt(NOVEMBER.start().plusSeconds(random.nextInt(30 * 86_400)))
        .attribution(Attribution.organization("o" + i % 3).user("u" + i % 17))
        .cost(i % 11 == 0 ? null : cost(random))
        .build();
  }

  abstract static class Contract {

    @TempDir Path directory;

    abstract DataSource newDatabase() throws Exception;

    /** One that holds more than this process. */
    DataSource newLargeDatabase() throws Exception {
      return newDatabase();
    }

    @Test
    void sums_ofFiftyThousand_areEqual() throws Exception {
      compare(newDatabase(), 50_000, true);
    }

    @Test
    @Tag("stress")
    void sums_ofAMillion_areEqual() throws Exception {
      DataSource large = newLargeDatabase();
      try (Connection kept = large.getConnection()) { // or H2 closes the file each time
        compare(large, 1_000_000, false); // in memory they would not fit
      }
    }

    private static void compare(DataSource database, int count, boolean inMemory) throws Exception {
      var store = JdbcUsageStore.open(database);
      var memory = new InMemoryUsageStore();
      var random = new Random(count);
      UsageSummary byHand = UsageSummary.EMPTY;
      BigDecimal dollars = BigDecimal.ZERO;
      for (int from = 0; from < count; from += 5_000) {
        List<UsageEvent> batch = new ArrayList<>();
        for (int i = from; i < from + 5_000; i++) {
          UsageEvent event = event(random, i);
          batch.add(event);
          byHand = byHand.plus(UsageSummary.of(event));
          Cost cost = event.cost();
          if (cost != null && cost.currency().getCurrencyCode().equals("USD")) {
            dollars =
                dollars.add(cost.input()).add(cost.output()).add(cost.cache()).add(cost.other());
          }
        }
        store.write(batch);
        if (inMemory) {
          memory.write(batch);
        }
      }

      UsageSummary stored = store.queries().total(ALL, NOVEMBER);
      assertThat(stored).isEqualTo(byHand);
      assertThat(stored.cost("USD")).isEqualByComparingTo(dollars);
      assertThat(new UsageQueries(store.readerWithoutRollups()).total(ALL, NOVEMBER))
          .isEqualTo(byHand);
      if (inMemory) {
        assertThat(memory.queries().total(ALL, NOVEMBER)).isEqualTo(byHand);
      }
    }
  }

  @Nested
  class OnH2 extends Contract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(";DB_CLOSE_DELAY=-1");
    }

    @Override
    DataSource newLargeDatabase() {
      return Databases.h2("jdbc:h2:" + directory.resolve("large"));
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
}
