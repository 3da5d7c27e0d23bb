package io.github.usage4j.examples.replay;

/**
 * What the library recorded about one model call, as far as it is compared here: the figures as the
 * provider stated them, even where the library counts contradicting ones otherwise.
 */
record RecordedEvent(
    String provider, String model, Figures stated, String quality, String outcome) {
  /** The quality of figures that nobody stated. */
  static final String ESTIMATED = "ESTIMATED";

  /** The outcome of a call that was answered. */
  static final String SUCCESS = "SUCCESS";

  /** The outcome of a call that failed. */
  static final String ERROR = "ERROR";
}
