package io.github.usage4j.limit;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.CountingMetrics;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.TrackedCall;
import io.github.usage4j.track.UsageTracker;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** A store, clocks that a test turns, and instances of an application that share them. */
final class LimiterFixture {

  static final Attribution ADA = Attribution.organization("acme").user("ada");

  final AtomicReference<Instant> time =
      new AtomicReference<>(Instant.parse("2026-11-21T12:00:00Z"));
  final AtomicLong nanos = new AtomicLong(1_000_000_000_000L);
  final InMemoryUsageStore store = new InMemoryUsageStore(time::get);
  final CountingMetrics metrics = new CountingMetrics();

  /** One instance of the application. */
  record Instance(UsageLimiter limiter, UsageTracker tracker) {

    /** Makes a call that uses what it was expected to. */
    UsageEvent call(Attribution who, long input, long output) {
      return call(who, input, output, input, output);
    }

    /** Makes a call that uses something else than was expected. */
    UsageEvent call(Attribution who, long input, long output, long usedInput, long usedOutput) {
      return tracker
          .scope(who)
          .call(
              () -> {
                TrackedCall call = start(input, output);
                return call.succeeded(TokenCounts.of(usedInput, usedOutput));
              });
    }

    TrackedCall start(long input, long output) {
      return tracker.start(Kind.CHAT, "acme-llm", "large", TokenCounts.of(input, output));
    }

    boolean calls(Attribution who, long tokens) {
      try {
        call(who, tokens, 0);
        return true;
      } catch (UsageLimitExceededException e) {
        return false;
      }
    }
  }

  Instance instance(UsageLimit... limits) {
    return instance(builder -> builder.limits(limits));
  }

  Instance instance(UnaryOperator<UsageLimiterBuilder> settings) {
    return instance(store.limits(), settings);
  }

  Instance instance(LimitStore limits, UnaryOperator<UsageLimiterBuilder> settings) {
    UsageLimiter limiter =
        settings
            .apply(
                UsageLimiter.builder(limits).byHand(nanos::get).clock(time::get).metrics(metrics))
            .build();
    UsageTracker tracker =
        UsageTracker.builder(store)
            .buffer(UsageBuffer.none())
            .clock(time::get)
            .prices(
                PriceCatalog.of(
                    ModelPrice.perMillion("acme-llm", "large", "USD").input("1").output("2")))
            .limits(limiter)
            .build();
    return new Instance(limiter, tracker);
  }

  /** The store's limits; something is told of each method that is called, before it is. */
  LimitStore intercepted(Consumer<String> before) {
    LimitStore real = store.limits();
    return (LimitStore)
        Proxy.newProxyInstance(
            LimitStore.class.getClassLoader(),
            new Class<?>[] {LimitStore.class},
            (proxy, method, arguments) -> {
              before.accept(method.getName());
              try {
                return method.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  void pass(Duration duration) {
    nanos.addAndGet(duration.toNanos());
    time.updateAndGet(now -> now.plus(duration));
  }

  BigDecimal usedTokens() {
    return store.events().stream()
        .map(event -> event.tokens().total())
        .map(tokens -> tokens == null ? BigDecimal.ZERO : BigDecimal.valueOf(tokens))
        .reduce(BigDecimal.ZERO, BigDecimal::add);
  }
}
