package io.github.usage4j;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageEvents;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** What is remembered, and what ends it. */
class ClosedPeriodsTest {

  private static final UsageFilter ALL = UsageFilter.allOrganizations();
  private static final BillingPeriod OCTOBER = BillingPeriod.month(2026, 10);
  private static final Instant IN_OCTOBER = Instant.parse("2026-10-31T23:59:59.999999Z");

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final AtomicReference<Instant> now =
      new AtomicReference<>(Instant.parse("2026-11-21T12:00:00Z"));
  private final AtomicInteger asked = new AtomicInteger();
  private Runnable afterReading = () -> {};
  private final UsageQueries usage = UsageQueries.caching(new CountingReader(), now::get);

  private final class CountingReader implements UsageReader {
    @Override
    public List<UsageSummary> aggregate(UsageQuery query) {
      asked.incrementAndGet();
      List<UsageSummary> rows = store.queries().reader().aggregate(query);
      afterReading.run();
      return rows;
    }

    @Override
    public List<UsageEvent> events(EventQuery query) {
      return store.queries().reader().events(query);
    }
  }

  private void write(Instant at) {
    store.write(List.of(UsageEvents.chatAt(at).build()));
    usage.changed(at);
  }

  private long calls(BillingPeriod when) {
    return usage.total(ALL, when).calls();
  }

  @Test
  void closedMonth_isAskedForOnce_untilItIsTooOld() {
    write(IN_OCTOBER);
    assertThat(calls(OCTOBER)).isEqualTo(1);
    assertThat(calls(OCTOBER)).isEqualTo(1);
    assertThat(asked).hasValue(1);

    now.updateAndGet(at -> at.plus(ClosedPeriods.KEPT));

    assertThat(calls(OCTOBER)).isEqualTo(1);
    assertThat(asked).hasValue(2);
    assertThat(usage.fresh().total(ALL, OCTOBER).calls()).isEqualTo(1);
    assertThat(asked).hasValue(3);
  }

  @Test
  void openPeriod_isAskedForEveryTime() {
    BillingPeriod november = BillingPeriod.month(2026, 11);
    calls(november);
    write(now.get());
    assertThat(calls(november)).isEqualTo(1);
    now.set(november.end().plus(ClosedPeriods.CLOSED_AFTER).minusNanos(1_000));
    calls(november);
    assertThat(asked).hasValue(3);

    now.set(november.end().plus(ClosedPeriods.CLOSED_AFTER));

    calls(november);
    calls(november);
    assertThat(asked).hasValue(4);
  }

  @Test
  void lateCall_isSeenAtOnce_liveCallsDisturbNothing() {
    assertThat(calls(OCTOBER)).isZero();

    write(now.get());
    assertThat(calls(OCTOBER)).isZero();
    assertThat(asked).hasValue(1);

    write(IN_OCTOBER);
    assertThat(calls(OCTOBER)).isEqualTo(1);
    assertThat(asked).hasValue(2);
  }

  @Test
  void lateCallWhileAnAnswerIsOnItsWay_isNotForgotten() {
    afterReading =
        () -> {
          afterReading = () -> {};
          write(IN_OCTOBER);
        };

    assertThat(calls(OCTOBER)).isZero(); // asked before the call was stored

    assertThat(calls(OCTOBER)).isEqualTo(1);
  }

  @Test
  void otherFiltersAndDimensions_areOtherQuestions() {
    write(IN_OCTOBER);
    calls(OCTOBER);

    assertThat(usage.total(UsageFilter.organization("acme"), OCTOBER).calls()).isZero();
    assertThat(usage.by(ALL, OCTOBER, UsageQueries.Dimension.MODEL)).hasSize(1);
    assertThat(usage.total(ALL, OCTOBER.upTo(OCTOBER.start().plus(Duration.ofDays(1)))).calls())
        .isZero();
  }
}
