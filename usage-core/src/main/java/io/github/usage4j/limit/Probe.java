package io.github.usage4j.limit;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The smallest call there can be, to see whether any would be let through. */
record Probe(Attribution who, Instant occurredAt) implements LimitRequest {

  private static final UUID NOBODY = new UUID(0, 0);

  @Override
  public UUID eventId() {
    return NOBODY;
  }

  @Override
  public String model() {
    return "";
  }

  @Override
  public boolean beginsOperation() {
    return true;
  }

  @Override
  public long expectedTokens(long assumedOutput) {
    return 1;
  }

  @Override
  public long worstTokens(long assumedOutput) {
    return 1;
  }

  /** Not known, and {@link Applied} does not take it for a call without a price. */
  @Override
  public @Nullable Cost expectedCost(long assumedOutput) {
    return null;
  }

  @Override
  public @Nullable Cost worstCost(long assumedOutput) {
    return null;
  }
}
