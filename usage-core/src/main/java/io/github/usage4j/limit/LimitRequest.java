package io.github.usage4j.limit;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A call that wants to be made. What it may use is only asked if a limit needs to know, on the
 * caller's thread.
 */
public interface LimitRequest {

  /** The id of the event that the call will be. */
  UUID eventId();

  /** Who makes it. */
  Attribution who();

  /** The model asked for; empty if unknown. */
  String model();

  /** When it starts: which periods it belongs to. */
  Instant occurredAt();

  /** True if no call of its operation was let through before. */
  boolean beginsOperation();

  /**
   * How many tokens it will probably use.
   *
   * @param assumedOutput how many of output if nothing is known of that
   */
  long expectedTokens(long assumedOutput);

  /** How many tokens it can use at most, as far as that can be told. */
  long worstTokens(long assumedOutput);

  /** What it will probably cost; null if that is not known. */
  @Nullable Cost expectedCost(long assumedOutput);

  /** What it can cost at most; null if that is not known. */
  @Nullable Cost worstCost(long assumedOutput);
}
