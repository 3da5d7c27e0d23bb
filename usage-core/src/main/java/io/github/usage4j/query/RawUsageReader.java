package io.github.usage4j.query;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.EventQuery;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.UsageReader;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The read SPI of what only single calls can tell. A store that answers just the two questions of
 * {@link UsageReader} serves {@code UsageQueries} and the reports that are made of sums; those that
 * need more say so. Safe for use by several threads, but for what {@link #snapshot} hands out.
 *
 * <p>Every answer obeys the filter: of another organization it holds no call, id or label.
 */
public interface RawUsageReader extends UsageReader {

  /**
   * Asks several questions of one state of the store, on one connection where there are any.
   *
   * @param questions given a reader that is valid until it returns, on this thread only
   * @throws UsageException if the store cannot answer
   */
  <T> T snapshot(Function<? super RawUsageReader, T> questions);

  /**
   * The raw horizon: from when on single calls are kept. Of several organizations the latest.
   *
   * @return {@link Instant#EPOCH} if no call was ever deleted
   * @throws UsageException if the store cannot answer
   */
  default Instant rowsSince(UsageFilter who) {
    return Instant.EPOCH;
  }

  /**
   * Operations whose opening call the query asks for, newest opening call first: see {@link
   * OperationUsage#of}. Summed are all calls of the same operation and organization, and of the
   * filter's user and customer.
   *
   * @param query without an operation id and an id
   * @throws UsageException if the store cannot answer
   */
  List<OperationUsage> operations(EventQuery query);

  /**
   * The sessions of the calls asked for, the one with the newest call first; a session belongs to
   * an organization. Its position is that of its newest call among them, and summed is what the
   * filter and the period let through.
   *
   * @param query without an operation id and an id
   * @throws UsageException if the store cannot answer
   */
  List<SessionUsage> sessions(EventQuery query);

  /**
   * Percentiles for each combination of keys among calls that succeeded, in any order; none where
   * there is no such call.
   *
   * @throws UsageException if the store cannot answer
   */
  List<CallLatency> latency(UsageQuery query);

  /**
   * How many different users, customers and sessions there are for each combination of keys, in any
   * order; one that has none of them may be left out.
   *
   * @throws UsageException if the store cannot answer
   */
  List<UniqueCounts> uniques(UsageQuery query);

  /**
   * The sums by the value of one tag, in any order.
   *
   * @param key of the tag
   * @throws UsageException if the store cannot answer
   */
  List<TagUsage> byTag(UsageFilter who, BillingPeriod when, String key);

  /**
   * Every label of the filter's organization, in any order, each once.
   *
   * @param who has an organization or everywhere, and at most a user or customer beside it
   * @param kind {@link Dimension#USER} or {@link Dimension#CUSTOMER}
   * @param each takes one label after the other: there may be many
   * @throws UsageException if the store cannot answer
   */
  void labels(UsageFilter who, Dimension kind, Consumer<Label> each);
}
