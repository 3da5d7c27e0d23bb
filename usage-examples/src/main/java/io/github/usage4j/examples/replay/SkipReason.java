package io.github.usage4j.examples.replay;

/** The closed list of reasons for which an exchange may count neither as equal nor as different. */
enum SkipReason {
  /** LangChain4j has no client for the recorded API. */
  NO_CLIENT("no-client"),
  /** An AI service does not get through the recorded loop. */
  LOOP_NOT_DRIVABLE("loop-not-drivable"),
  /** A kind of model whose answers state no figures that are compared here. */
  NOT_CHAT("not-chat"),
  /** The provider stated figures, and LangChain4j's client does not pass them on. */
  USAGE_NOT_EXPOSED("usage-not-exposed");

  private final String code;

  SkipReason(String code) {
    this.code = code;
  }

  /** The word for it in reports. */
  String code() {
    return code;
  }
}
