package io.github.usage4j.track;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.internal.Guard;
import io.github.usage4j.limit.UsageLimiter;
import io.github.usage4j.sink.UsageEvents;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What goes wrong in limits is counted, and neither refuses a call nor loses its event. */
class AdmissionTest {

  private final List<Anomaly> anomalies = new ArrayList<>();
  private final Guard guard =
      new Guard(
          new UsageMetrics() {
            @Override
            public void anomaly(Anomaly what) {
              anomalies.add(what);
            }
          });
  private final Admission admission = new Admission();

  @Test
  void limitsThatFail_letTheCallThroughAndAreCounted() {
    admission.ask(
        () -> {
          throw new IllegalStateException("broken");
        },
        guard);
    admission.settle(UsageEvents.chat().build(), List.of(), guard);

    assertThat(anomalies).containsExactly(Anomaly.LIMIT_STORE_UNAVAILABLE);
  }

  @Test
  void holdThatFails_isCountedAndThrowsNothing() {
    admission.ask(
        () ->
            new UsageLimiter.Hold() {
              @Override
              public void settle(UsageEvent event, List<UsageEvent> others) {
                throw new ArithmeticException("too much");
              }

              @Override
              public void release() {
                throw new IllegalStateException("broken");
              }
            },
        guard);
    admission.settle(UsageEvents.chat().build(), List.of(), guard);
    admission.release(guard);

    assertThat(anomalies)
        .containsExactly(Anomaly.LIMIT_STORE_UNAVAILABLE, Anomaly.LIMIT_STORE_UNAVAILABLE);
  }
}
