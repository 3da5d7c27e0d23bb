package io.github.usage4j.examples.replay;

import io.github.usage4j.Cost;
import java.math.BigDecimal;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the library recorded about one model call, as far as it is compared or reported here: the
 * figures as the provider stated them, even where the library counts contradicting ones otherwise.
 *
 * @param charges what it is charged for beside tokens, and what it costs
 * @param additional whether it belongs to the call before it: what another model used for that
 */
record RecordedEvent(
    String provider,
    String model,
    Figures stated,
    String quality,
    String outcome,
    Charges charges,
    boolean additional) {
  /** The quality of figures that nobody stated. */
  static final String ESTIMATED = "ESTIMATED";

  /** The outcome of a call that was answered. */
  static final String SUCCESS = "SUCCESS";

  /** The outcome of a call that failed. */
  static final String ERROR = "ERROR";

  private static final String SEARCHES = "searches";

  /** How many searches are charged, where that is what is charged. */
  @Nullable BigDecimal searches() {
    return charges.units().get(SEARCHES);
  }

  /**
   * What a call costs and under which terms.
   *
   * @param cost by the prices of the library; null if it has none
   * @param statedCost by the provider; null if it states none
   */
  record Charges(
      @Nullable Cost cost,
      @Nullable Cost statedCost,
      @Nullable String serviceTier,
      Map<String, BigDecimal> units,
      Map<String, String> conditions) {

    /** Nothing beside tokens, and no price. */
    static final Charges NONE = new Charges(null, null, null, Map.of(), Map.of());
  }
}
