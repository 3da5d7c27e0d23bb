package io.github.usage4j.jdbc;

/**
 * The names of the tables under a prefix.
 *
 * @param prefix in front of every table and index
 */
record Tables(String prefix) {

  static final String DEFAULT_PREFIX = "usage_";

  private static final String PATTERN = "[a-z_][a-z0-9_]{0,20}";

  Tables {
    if (!prefix.matches(PATTERN)) {
      throw new IllegalArgumentException(
          "tablePrefix must match " + PATTERN + ", but was '" + prefix + "'");
    }
  }

  String event() {
    return prefix + "event";
  }

  String label() {
    return prefix + "label";
  }

  String rollup() {
    return prefix + "rollup";
  }

  String horizon() {
    return prefix + "horizon";
  }

  String schema() {
    return prefix + "schema";
  }

  String tag() {
    return prefix + "event_tag";
  }

  /** How far imports have come. */
  String imports() {
    return prefix + "import";
  }

  String jobLock() {
    return prefix + "job_lock";
  }

  String monthClose() {
    return prefix + "month_close";
  }
}
