package io.github.usage4j.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A store that hangs holds up no caller, and what it says too late counts for nothing. */
@Timeout(120)
class PatienceTest {

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Patience patience = new Patience(threads, Duration.ofSeconds(20));
  private final Patience impatient = new Patience(threads, Duration.ofSeconds(2));
  private final CountDownLatch answer = new CountDownLatch(1);

  @AfterEach
  void end() throws InterruptedException {
    answer.countDown();
    threads.shutdown();
    assertThat(threads.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
  }

  private String hang() {
    try {
      answer.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    return "late";
  }

  @Test
  void ask_answerInTime_isReturned_andAFailureThrown() throws Exception {
    assertThat(patience.ask("a", () -> "yes")).isEqualTo("yes");
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                patience.ask(
                    "a",
                    () -> {
                      throw new IllegalStateException("no");
                    }));
    assertThat(patience.ask("a", () -> "again")).isEqualTo("again");
  }

  @Test
  void ask_sameWhileTheOneBeforeGoesOn_isNotAsked() throws Exception {
    var asked = new AtomicInteger();
    assertThatExceptionOfType(TimeoutException.class)
        .isThrownBy(() -> impatient.ask("a", this::hang));
    assertThatExceptionOfType(TimeoutException.class)
        .isThrownBy(() -> impatient.ask("a", asked::incrementAndGet));
    assertThat(asked).hasValue(0);
    assertThat(asks(impatient, "something else")).isTrue();
  }

  /** In the end, on a machine that lets the asking thread wait for longer than its patience. */
  private static boolean asks(Patience patience, String about) {
    for (int i = 0; ; i++) {
      try {
        return patience.ask(about + i, () -> true);
      } catch (TimeoutException e) {
        // starved: asked again, about something else
      }
    }
  }

  @Test
  void ask_byAnInterruptedThread_waitsAndKeepsTheInterrupt() throws Exception {
    Thread.currentThread().interrupt();
    String got = patience.ask("a", () -> "yes");
    assertThat(Thread.interrupted()).isTrue();
    assertThat(got).isEqualTo("yes");
  }

  /** With real threads: one limiter, whose store hangs when it is asked for a lease. */
  @Test
  void storeThatHangs_callsAreDecidedAsIfItWereAway_andGoOnAfterwards() throws Exception {
    var world = new LimiterFixture();
    var hangs = new AtomicBoolean();
    LimitStore store =
        world.intercepted(
            method -> {
              if (hangs.get() && method.equals("lease")) {
                hang();
              }
            });
    UsageLimit limit = UsageLimit.forEachOrganization().tokens(100).perMonth().named("team");
    UsageLimiter limiter =
        UsageLimiter.builder(store)
            .clock(world.time::get)
            .metrics(world.metrics)
            .limits(limit)
            .build();
    try {
      hangs.set(true);
      assertThatExceptionOfType(UsageLimitExceededException.class)
          .isThrownBy(() -> limiter.admit(new Probe(LimiterFixture.ADA, world.time.get())))
          .matches(e -> e.reason() == UsageLimitExceededException.Reason.STORE_AWAY);
      hangs.set(false);
      answer.countDown();
      UsageLimiter.Hold hold = null;
      while (hold == null) {
        try {
          hold = limiter.admit(new Probe(LimiterFixture.ADA, world.time.get()));
        } catch (UsageLimitExceededException e) {
          LockSupport.parkNanos(50_000_000); // the store is left alone for a second
        }
      }
      hold.release();
    } finally {
      limiter.close();
    }
  }
}
