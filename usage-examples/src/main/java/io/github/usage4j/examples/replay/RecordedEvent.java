package io.github.usage4j.examples.replay;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/**
 * What the library recorded about one model call, as far as it is compared here: the figures as the
 * provider stated them, even where the library counts contradicting ones otherwise.
 *
 * @param searches how many searches are charged, where that is what is charged
 */
record RecordedEvent(
    String provider,
    String model,
    Figures stated,
    String quality,
    String outcome,
    @Nullable BigDecimal searches) {
  /** The quality of figures that nobody stated. */
  static final String ESTIMATED = "ESTIMATED";

  /** The outcome of a call that was answered. */
  static final String SUCCESS = "SUCCESS";

  /** The outcome of a call that failed. */
  static final String ERROR = "ERROR";
}
