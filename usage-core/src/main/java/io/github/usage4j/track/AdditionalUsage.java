package io.github.usage4j.track;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEventBuilder;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a provider charges for a call beside what the call's own event says, such as the tokens of
 * another model that it asked for advice: an event of its own.
 *
 * @param model the model that used it, whose price applies; null for the one that was called
 * @param requests what each request to that model used, if it took several: as in {@link
 *     TrackedCall#exchanges}; else empty
 * @param used adds what is known of it: tokens, quality, service tier, conditions, units. What the
 *     event has in common with that of the call cannot be changed: time, operation, attribution,
 *     outcome
 * @since 0.1.0
 */
public record AdditionalUsage(
    @Nullable String model, List<TokenCounts> requests, Consumer<UsageEventBuilder> used) {

  /** Copies the list. */
  public AdditionalUsage {
    requests = List.copyOf(requests);
    Objects.requireNonNull(used, "used");
  }
}
