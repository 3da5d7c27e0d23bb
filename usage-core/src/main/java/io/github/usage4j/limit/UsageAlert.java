package io.github.usage4j.limit;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Something that people should know of a limit. There is at most one for each type, threshold and
 * counter, over all instances; the next period has a counter of its own. It is delivered at least
 * once: whoever must not act on it twice remembers the id. Immutable.
 *
 * @param id tells this alert from every other
 * @param type what happened
 * @param key of which counter
 * @param threshold the percentage that was reached, or will be; 0 for {@link Type#ANOMALY}
 * @param used what was used when it was raised, or is expected for {@link Type#PROJECTED}
 * @param allowance what was allowed then, add-ons included
 * @param raisedAt when it was stored
 * @param acknowledgedAt when somebody said that they know; null if nobody did
 * @param acknowledgedBy who; null if nobody did
 */
public record UsageAlert(
    UUID id,
    Type type,
    LimitKey key,
    int threshold,
    BigDecimal used,
    BigDecimal allowance,
    Instant raisedAt,
    @Nullable Instant acknowledgedAt,
    @Nullable String acknowledgedBy) {

  /** What happened. */
  public enum Type {
    /** A threshold below the limit was reached. */
    WARNING,
    /** The limit was reached. */
    REACHED,
    /** If the period goes on as it began, the limit will be exceeded before it ends. */
    PROJECTED,
    /** The last whole day used far more than the days before it. */
    ANOMALY
  }

  /** Checks that nothing is missing. */
  public UsageAlert {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(type, "type");
    Objects.requireNonNull(key, "key");
    Objects.requireNonNull(raisedAt, "raisedAt");
  }

  /** A threshold was reached just now. */
  public static UsageAlert reached(
      LimitKey key, int threshold, BigDecimal used, BigDecimal allowance, Instant now) {
    Type type = threshold < 100 ? Type.WARNING : Type.REACHED;
    return new UsageAlert(
        UUID.randomUUID(), type, key, threshold, used, allowance, now, null, null);
  }

  /** The same, known to somebody. */
  public UsageAlert acknowledged(String by, Instant at) {
    return new UsageAlert(id, type, key, threshold, used, allowance, raisedAt, at, by);
  }

  /** In a sentence, for people: whose limit, how far, of how much. */
  public String message() {
    String unit =
        key.currency() == null
            ? key.measure().name().toLowerCase(Locale.ROOT)
            : key.currency().getCurrencyCode();
    String amounts = used.toPlainString() + " of " + allowance.toPlainString() + " " + unit;
    String limit = "Limit '" + key.limit() + "' of " + Words.of(key.scope());
    return switch (type) {
      case WARNING, REACHED -> limit + " has reached " + threshold + " %: " + amounts + " are used";
      case PROJECTED -> limit + " will probably be exceeded: " + amounts + " are expected";
      case ANOMALY -> limit + " is used much more than on the days before: " + amounts;
    };
  }
}
