package io.github.usage4j.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.limit.Counter.Taken;
import io.github.usage4j.limit.LimitStore.Ask;
import io.github.usage4j.limit.LimitStore.Lease;
import io.github.usage4j.limit.LimitStore.Terms;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** When a soft limit asks the store, and on whose thread. */
class SharedCounterTest {

  private static final LimitKey KEY =
      UsageLimit.forApplication()
          .tokens(10)
          .inTotal()
          .key(
              new LimitKey.Scope(LimitKey.Subject.APPLICATION, null, null, null, null),
              BillingPeriod.lifetime());
  private static final Terms TEN = new Terms(BigDecimal.TEN, List.of());
  private static final long SECOND = 1_000_000_000L;

  private final List<Runnable> tasks = new ArrayList<>();
  private int asked;

  /** A store that is asked later only when the test says so. */
  private final Leasing leasing =
      new Leasing() {
        @Override
        public boolean mayGrant(long now) {
          return true;
        }

        @Override
        public @Nullable Lease lease(LimitKey key, Ask ask) {
          return null;
        }

        @Override
        public LimitState open(LimitKey key, Terms terms) {
          asked++;
          BigDecimal used = BigDecimal.valueOf(100);
          return new LimitState(
              key, terms.allowance(), List.of(), BigDecimal.ZERO, used, BigDecimal.ZERO);
        }

        @Override
        public @Nullable BillingPeriod periodAt(String organization, Instant at) {
          return null;
        }

        @Override
        public void later(Runnable task) {
          tasks.add(task);
        }
      };

  @Test
  void observing_neverWaitsForTheStore() {
    var counter = new SharedCounter(KEY, TEN, false, leasing, 0);
    for (int i = 0; i < 5; i++) {
      assertThat(counter.take(50, false, i * 20 * SECOND)).isEqualTo(Taken.YES);
    }
    assertThat(asked).isZero();
    assertThat(tasks).hasSize(1);
    tasks.remove(0).run();
    assertThat(asked).isEqualTo(1);
    assertThat(counter.used()).isEqualByComparingTo("100");
    assertThat(counter.take(50, false, 200 * SECOND)).isEqualTo(Taken.YES);
    assertThat(tasks).hasSize(1);
  }

  @Test
  void answerThatGetsOld_isAskedForOnce_howeverManyCalls() {
    var counter = new SharedCounter(KEY, TEN, true, leasing, 0);
    assertThat(counter.take(1, false, 0)).isEqualTo(Taken.NO);
    assertThat(asked).isEqualTo(1);
    for (int i = 0; i < 1000; i++) {
      assertThat(counter.take(1, false, 6 * SECOND)).isEqualTo(Taken.NO);
    }
    assertThat(tasks).hasSize(1);
  }
}
