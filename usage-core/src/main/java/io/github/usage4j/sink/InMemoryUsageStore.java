package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.credit.CreditStore;
import io.github.usage4j.limit.LimitStore;
import io.github.usage4j.query.RawUsageReader;
import io.github.usage4j.query.UsageReports;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Keeps every event in memory, for tests and demonstrations: nothing is ever forgotten but by
 * {@link #clear}. Safe for use by several threads.
 */
public final class InMemoryUsageStore implements UsageStore {

  /** A call and when it was recorded, as a database keeps them. */
  record Stored(UsageEvent event, Instant recordedAt) {}

  private final Map<UUID, Stored> rows = new LinkedHashMap<>();
  private final InstantSource clock;
  private final InMemoryUsageReader reader = new InMemoryUsageReader(this::rows);
  private final UsageQueries queries = new UsageQueries(reader);
  private final UsageReports reports = new UsageReports(queries);
  private final InMemoryLimitStore limits;
  private final InMemoryCredits credits = new InMemoryCredits();

  /** An empty store. */
  public InMemoryUsageStore() {
    this(InstantSource.system());
  }

  /** An empty store with the clock that says when events are recorded. */
  public InMemoryUsageStore(InstantSource clock) {
    this.clock = clock;
    limits = new InMemoryLimitStore(this, () -> List.copyOf(rows.values()), clock);
  }

  @Override
  public void write(List<UsageEvent> batch) {
    write(batch, Report.NONE);
  }

  @Override
  public void write(List<UsageEvent> batch, Report report) {
    var told = new ArrayList<InMemoryCounters.Told>();
    add(batch, report, told);
    told.forEach(InMemoryCounters.Told::tell);
    limits.tellOfAlerts();
  }

  private synchronized void add(
      List<UsageEvent> batch, Report report, List<InMemoryCounters.Told> told) {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    for (UsageEvent event : batch) {
      Stored stored = rows.putIfAbsent(event.id(), new Stored(event, now));
      if (stored != null && stored.event.billsLike(event)) {
        report.duplicate(event);
      } else if (stored != null) {
        report.conflict(event, stored.event);
      }
      UsageEvent counted = stored == null ? event : stored.event;
      told.addAll(limits.store(counted, stored == null).told());
    }
  }

  @Override
  public UsageQueries queries() {
    return queries;
  }

  @Override
  public UsageReports reports() {
    return reports;
  }

  @Override
  public LimitStore limits() {
    return limits;
  }

  @Override
  public CreditStore credits() {
    return credits;
  }

  RawUsageReader reader() {
    return reader;
  }

  private synchronized List<Stored> rows() {
    return List.copyOf(rows.values());
  }

  /** Everything stored, as it was given and in the order in which it came. */
  public List<UsageEvent> events() {
    return rows().stream().map(Stored::event).toList();
  }

  /** Forgets everything. */
  public synchronized void clear() {
    rows.clear();
    limits.clear();
  }
}
