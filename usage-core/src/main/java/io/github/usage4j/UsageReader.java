package io.github.usage4j;

import java.util.List;

/**
 * The read SPI: two questions that a store answers. Users ask {@link UsageQueries}, which is
 * written once over this interface. Safe for use by several threads.
 */
public interface UsageReader {

  /**
   * One sum for each combination of keys that occurs, in any order; with no dimensions one sum, or
   * none if there are no calls. A key is never null: unattributed is "". Labels are given for users
   * and customers where known.
   *
   * @throws UsageException if the store cannot answer
   */
  List<UsageSummary> aggregate(UsageQuery query);

  /**
   * The calls asked for, newest first.
   *
   * @throws UsageException if the store cannot answer
   */
  List<UsageEvent> events(EventQuery query);
}
