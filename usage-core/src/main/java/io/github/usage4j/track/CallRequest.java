package io.github.usage4j.track;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.limit.LimitRequest;
import io.github.usage4j.pricing.CostEstimate;
import io.github.usage4j.pricing.PriceCatalog;
import java.time.Instant;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A call as limits see it. Asks estimators and prices only when a limit wants to know. */
final class CallRequest implements LimitRequest {

  private final TrackedCall call;
  private final Attribution who;
  private final CallSize size;
  private final Pricing pricing;
  private final boolean begins;

  CallRequest(TrackedCall call, Attribution who, CallSize size, Pricing pricing) {
    this.call = call;
    this.who = who;
    this.size = size;
    this.pricing = pricing;
    begins = !call.operation.wasAdmitted();
  }

  @Override
  public UUID eventId() {
    return call.id();
  }

  @Override
  public Attribution who() {
    return who;
  }

  @Override
  public String model() {
    return call.model;
  }

  @Override
  public Instant occurredAt() {
    return call.occurredAt;
  }

  @Override
  public boolean beginsOperation() {
    return begins;
  }

  @Override
  public long expectedTokens(long assumedOutput) {
    return Math.addExact(size.input(), expectedOutput(assumedOutput));
  }

  @Override
  public long worstTokens(long assumedOutput) {
    return Math.addExact(size.inputAtMost(), worstOutput(assumedOutput));
  }

  private long expectedOutput(long assumed) {
    Long bound = size.outputAtMost();
    return bound == null ? assumed : bound;
  }

  /** What the model can write at most, or the request allows: the lesser of what is known. */
  private long worstOutput(long assumed) {
    Long bound = size.outputAtMost();
    var model = catalog().capabilities(call.provider, call.model);
    Long most = model.isPresent() ? model.get().maxOutput() : null;
    if (most == null) {
      return bound == null ? assumed : bound;
    }
    return bound == null ? most : Math.min(bound, most);
  }

  @Override
  public @Nullable Cost expectedCost(long assumedOutput) {
    return priced(
        () ->
            catalog()
                .find(call.provider, call.model, call.occurredAt)
                .map(price -> price.costOf(expected(assumedOutput)))
                .orElse(null));
  }

  @Override
  public @Nullable Cost worstCost(long assumedOutput) {
    return priced(
        () -> {
          TokenCounts expected = expected(assumedOutput);
          var worst =
              TokenCounts.of(
                  Math.max(1, Math.max(size.inputAtMost(), size.input())),
                  Math.max(worstOutput(assumedOutput), expectedOutput(assumedOutput)));
          return catalog()
              .find(call.provider, call.model, call.occurredAt)
              .map(price -> CostEstimate.of(price, expected, worst).worstCost())
              .orElse(null);
        });
  }

  private TokenCounts expected(long assumedOutput) {
    // Of unknown size is not for nothing: where nothing is left, none is let through.
    return TokenCounts.of(Math.max(1, size.input()), expectedOutput(assumedOutput));
  }

  private PriceCatalog catalog() {
    return pricing.catalog(who);
  }

  private @Nullable Cost priced(Supplier<@Nullable Cost> price) {
    return pricing
        .guard()
        .<@Nullable Cost>get(
            Anomaly.PRICING_FAILED,
            "estimating the cost of " + call.provider + "/" + call.model,
            price,
            () -> null);
  }
}
