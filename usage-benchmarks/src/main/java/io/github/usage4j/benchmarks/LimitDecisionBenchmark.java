package io.github.usage4j.benchmarks;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.limit.LimitRequest;
import io.github.usage4j.limit.LimitTarget;
import io.github.usage4j.limit.UsageLimit;
import io.github.usage4j.limit.UsageLimiter;
import io.github.usage4j.sink.InMemoryUsageStore;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/** What a decision costs that is made by leases in memory: to be let through, and to let go. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Benchmark)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LimitDecisionBenchmark {

  private static final long PLENTY = UsageLimit.MAX_COUNT;

  /** How many limits apply to each call. */
  @Param({"1", "10"})
  public int limits;

  private UsageLimiter limiter;
  private LimitRequest request;

  @Setup
  public void open() {
    var all = new UsageLimit[limits];
    LimitTarget[] targets = {
      UsageLimit.forOrganization("acme"),
      UsageLimit.forEachOrganization(),
      UsageLimit.forEachUser(),
      UsageLimit.forApplication(),
      UsageLimit.forEachCustomer(),
    };
    for (int i = 0; i < limits; i++) {
      LimitTarget target = targets[i % targets.length];
      UsageLimit limit =
          i < targets.length ? target.tokens(PLENTY).perMonth() : target.calls(PLENTY).perDay();
      all[i] = limit.named("limit-" + i);
    }
    limiter = UsageLimiter.builder(new InMemoryUsageStore().limits()).limits(all).build();
    Attribution who = Attribution.organization("acme").user("ada").customer("c1").category("chat");
    request = new Call(UUID.randomUUID(), who, "gpt-4o", Instant.now());
    limiter.admit(request).release();
  }

  @TearDown
  public void close() {
    limiter.close();
  }

  /** One thread. */
  @Benchmark
  public UsageLimiter.Hold decide() {
    UsageLimiter.Hold hold = limiter.admit(request);
    hold.release();
    return hold;
  }

  /** Eight threads of one caller, which all take from the same counters. */
  @Benchmark
  @Threads(8)
  public UsageLimiter.Hold decideByEight() {
    UsageLimiter.Hold hold = limiter.admit(request);
    hold.release();
    return hold;
  }

  private record Call(UUID eventId, Attribution who, String model, Instant occurredAt)
      implements LimitRequest {

    @Override
    public boolean beginsOperation() {
      return true;
    }

    @Override
    public long expectedTokens(long assumedOutput) {
      return 100 + assumedOutput;
    }

    @Override
    public long worstTokens(long assumedOutput) {
      return 1000 + assumedOutput;
    }

    @Override
    public Cost expectedCost(long assumedOutput) {
      return Cost.total(BigDecimal.ONE, "USD");
    }

    @Override
    public Cost worstCost(long assumedOutput) {
      return expectedCost(assumedOutput);
    }
  }
}
