package io.github.usage4j.examples.replay;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.github.usage4j.Cost;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One line of the report: what became of one exchange file.
 *
 * @param mode how it was played
 * @param reason why it is no plain answer: the exception, the recorded status, or a word of the
 *     closed list
 * @param detail the same in a sentence; every difference that was found
 * @param total sum of the recorded figures, without the steps that were skipped
 * @param expected sum of what the provider stated in the whole file
 * @param equal whether nothing differs; null when a step was skipped and the others do not differ
 */
@JsonPropertyOrder({
  "file",
  "mode",
  "status",
  "reason",
  "detail",
  "events",
  "total",
  "expected",
  "equal"
})
record FileResult(
    String file,
    @JsonIgnore String provider,
    Mode mode,
    Status status,
    @Nullable String reason,
    @Nullable String detail,
    List<Event> events,
    Figures total,
    Figures expected,
    @Nullable Boolean equal) {
  FileResult {
    events = List.copyOf(events);
  }

  /** Whether this file counts as different. */
  @JsonIgnore
  boolean differs() {
    return Boolean.FALSE.equals(equal);
  }

  /** How a file was played. */
  enum Mode {
    @JsonProperty("steps")
    STEPS,
    @JsonProperty("loop")
    LOOP
  }

  /** What became of a file. */
  enum Status {
    @JsonProperty("ok")
    OK,
    @JsonProperty("client_exception")
    CLIENT_EXCEPTION,
    @JsonProperty("recorded_error")
    RECORDED_ERROR,
    @JsonProperty("skipped")
    SKIPPED
  }

  /**
   * One recorded model call, or what another model used for it.
   *
   * @param cost in {@code currency}, exact, by the prices of the library
   * @param statedCost in {@code statedCurrency}, by the provider
   */
  record Event(
      int step,
      String provider,
      String model,
      @Nullable Long inputTokens,
      @Nullable Long outputTokens,
      @Nullable Long cachedInputTokens,
      @Nullable Long cacheWriteTokens,
      @Nullable Long reasoningTokens,
      @Nullable Long totalTokens,
      String quality,
      String outcome,
      boolean additional,
      @Nullable String serviceTier,
      @Nullable BigDecimal cost,
      @Nullable String currency,
      @Nullable BigDecimal statedCost,
      @Nullable String statedCurrency,
      Map<String, BigDecimal> units,
      Map<String, String> conditions) {

    static Event of(int step, RecordedEvent event) {
      Figures stated = event.stated();
      RecordedEvent.Charges charges = event.charges();
      return new Event(
          step,
          event.provider(),
          event.model(),
          stated.inputTokens(),
          stated.outputTokens(),
          stated.cachedInputTokens(),
          stated.cacheWriteTokens(),
          stated.reasoningTokens(),
          stated.totalTokens(),
          event.quality(),
          event.outcome(),
          event.additional(),
          charges.serviceTier(),
          amount(charges.cost()),
          currency(charges.cost()),
          amount(charges.statedCost()),
          currency(charges.statedCost()),
          new TreeMap<>(charges.units()),
          new TreeMap<>(charges.conditions()));
    }

    private static @Nullable BigDecimal amount(@Nullable Cost cost) {
      return cost == null ? null : cost.total();
    }

    private static @Nullable String currency(@Nullable Cost cost) {
      return cost == null ? null : cost.currency().getCurrencyCode();
    }
  }
}
