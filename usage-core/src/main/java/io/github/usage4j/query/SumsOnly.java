package io.github.usage4j.query;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.EventQuery;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.UsageReader;
import io.github.usage4j.UsageSummary;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** A reader that answers two questions, and says of the others that it does not. */
final class SumsOnly implements RawUsageReader {

  private final UsageReader reader;

  SumsOnly(UsageReader reader) {
    this.reader = reader;
  }

  static RawUsageReader of(UsageReader reader) {
    return reader instanceof RawUsageReader raw ? raw : new SumsOnly(reader);
  }

  @Override
  public List<UsageSummary> aggregate(UsageQuery query) {
    return reader.aggregate(query);
  }

  @Override
  public List<UsageEvent> events(EventQuery query) {
    return reader.events(query);
  }

  @Override
  public <T> T snapshot(Function<? super RawUsageReader, T> questions) {
    return questions.apply(this);
  }

  @Override
  public List<OperationUsage> operations(EventQuery query) {
    throw cannot("list operations");
  }

  @Override
  public List<SessionUsage> sessions(EventQuery query) {
    throw cannot("list sessions");
  }

  @Override
  public List<CallLatency> latency(UsageQuery query) {
    throw cannot("tell percentiles");
  }

  @Override
  public List<UniqueCounts> uniques(UsageQuery query) {
    throw cannot("count different users");
  }

  @Override
  public List<TagUsage> byTag(UsageFilter who, BillingPeriod when, String key) {
    throw cannot("add up by tag");
  }

  @Override
  public void labels(UsageFilter who, Dimension kind, Consumer<Label> each) {
    throw cannot("list labels");
  }

  private UsageException cannot(String what) {
    return new UsageException(
        "this store cannot "
            + what
            + ": "
            + reader.getClass().getName()
            + " is a UsageReader, but not a RawUsageReader",
        null);
  }
}
