package io.github.usage4j.query;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageSummary;
import java.time.Instant;
import java.util.Objects;

/**
 * What one conversation used within a period.
 *
 * @param latest its newest call; its {@code occurredAt} and id are the position of the session in a
 *     list
 * @param usage the sum of its calls, whose averages tell their latency and whose {@code operations}
 *     how many requests it had
 * @param firstActivity when the first of these calls started
 */
public record SessionUsage(UsageEvent latest, UsageSummary usage, Instant firstActivity) {

  /** Which conversation it is, within its organization. */
  public String session() {
    return Objects.requireNonNull(latest.attribution().session(), "session");
  }

  /** Who was heard last in it. */
  public Attribution attribution() {
    return latest.attribution();
  }

  /** How its newest call ended. */
  public Outcome status() {
    return latest.outcome();
  }

  /** When its newest call started. */
  public Instant lastActivity() {
    return latest.occurredAt();
  }
}
