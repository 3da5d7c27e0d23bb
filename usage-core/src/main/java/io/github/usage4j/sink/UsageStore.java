package io.github.usage4j.sink;

import io.github.usage4j.UsageQueries;
import io.github.usage4j.query.UsageReports;

/** A sink that also answers questions: a database, or memory for tests. */
public interface UsageStore extends UsageSink {

  /** What was used, by anyone, at any time. Stays usable after {@link #close}. */
  UsageQueries queries();

  /** Wider questions about the same: operations, latency, comparison, a dashboard. */
  default UsageReports reports() {
    return new UsageReports(queries());
  }
}
