package io.github.usage4j.pricing;

/** What has a price. */
enum Rate {
  INPUT("input"),
  OUTPUT("output"),
  CACHE_READ("cacheRead"),
  CACHE_READ_AUDIO("cacheReadAudio"),
  CACHE_WRITE("cacheWrite"),
  CACHE_WRITE_ONE_HOUR("cacheWriteOneHour"),
  REASONING("reasoning"),
  INPUT_AUDIO("inputAudio"),
  OUTPUT_AUDIO("outputAudio"),
  PER_CALL("perCall");

  private final String setter;

  Rate(String setter) {
    this.setter = setter;
  }

  String setter() {
    return setter;
  }

  /** False for what is charged apart from tokens. */
  boolean ofTokens() {
    return this != PER_CALL;
  }
}
