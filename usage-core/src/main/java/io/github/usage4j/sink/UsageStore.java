package io.github.usage4j.sink;

import io.github.usage4j.UsageQueries;
import io.github.usage4j.credit.CreditStore;
import io.github.usage4j.limit.LimitStore;
import io.github.usage4j.query.UsageReports;

/** A sink that also answers questions: a database, or memory for tests. */
public interface UsageStore extends UsageSink {

  /** What was used, by anyone, at any time. Stays usable after {@link #close}. */
  UsageQueries queries();

  /** Wider questions about the same: operations, latency, comparison, a dashboard. */
  default UsageReports reports() {
    return new UsageReports(queries());
  }

  /**
   * What limits need that hold for all instances which share this store.
   *
   * @throws UnsupportedOperationException if it keeps none
   */
  default LimitStore limits() {
    throw new UnsupportedOperationException(getClass().getName() + " keeps no limits");
  }

  /**
   * The ledgers of credits.
   *
   * @throws UnsupportedOperationException if it keeps none
   */
  default CreditStore credits() {
    throw new UnsupportedOperationException(getClass().getName() + " keeps no credits");
  }
}
