package io.github.usage4j.jdbc;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.UsageIds;
import io.github.usage4j.jdbc.EventColumns.UnstorableException;
import io.github.usage4j.sink.UsageSink.RejectedException;
import io.github.usage4j.sink.UsageSink.Report;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores a batch in one transaction: new ids are inserted and added to the rollups, known ids are
 * compared with what is stored and reported after the commit. It never changes a stored row.
 */
final class EventWriter {

  private static final Logger LOG = LoggerFactory.getLogger(JdbcUsageStore.class);

  private static final int IDS_AT_ONCE = 5_000;

  private final Transactions transactions;
  private final Dialect dialect;
  private final Tables tables;
  private final InstantSource clock;
  private final Horizon horizon;
  private final Partitions partitions;
  private final LimitCounts limits;

  EventWriter(Jobs jobs, Partitions partitions, LimitCounts limits) {
    this.partitions = partitions;
    this.transactions = jobs.transactions();
    this.dialect = jobs.dialect();
    this.tables = jobs.tables();
    this.clock = jobs.clock();
    this.limits = limits;
    this.horizon = new Horizon(dialect, tables);
  }

  void write(List<UsageEvent> batch, Report report) throws SQLException, RejectedException {
    if (batch.isEmpty()) {
      return;
    }
    // Of several events with one id the first is the one to store.
    var firsts = new LinkedHashMap<UUID, UsageEvent>();
    batch.forEach(event -> firsts.putIfAbsent(event.id(), event));
    partitions.prepare(firsts.values());
    Outcome outcome;
    try {
      outcome = transactions.write(connection -> store(connection, firsts.values()));
    } catch (UnstorableException e) {
      throw new RejectedException("cannot be stored: " + e.getMessage(), e);
    } catch (SQLException e) {
      if (SqlStates.saysContent(e)) {
        throw new RejectedException(
            "the database refuses what is in a batch of " + batch.size() + ": " + e.getMessage(),
            e);
      }
      // Drivers say so in many types; whoever delivers looks for events that are to blame.
      throw SqlStates.saysAway(e)
          ? new SQLTransientException(e.getMessage(), SqlStates.of(e), e.getErrorCode(), e)
          : e;
    }
    if (outcome.counted != null) {
      outcome.counted.tellHolders();
    }
    report(batch, firsts, outcome, report);
  }

  /**
   * What became of the first event of each id.
   *
   * @param inserted ids that were new
   * @param stored what known ids have in the database; empty if that cannot be read back
   * @param behind ids of calls from before the raw horizon
   * @param counted what limits made of it; null if there are none
   */
  private record Outcome(
      Set<UUID> inserted,
      Map<UUID, Optional<UsageEvent>> stored,
      Set<UUID> behind,
      LimitCounts.@Nullable Counted counted) {}

  private Outcome store(Connection connection, Collection<UsageEvent> batch) throws SQLException {
    dialect.lockForWriting(connection, tables);
    Horizon.Before before = horizon.before(connection, batch);
    Set<UUID> behind = before.behind();
    List<UsageEvent> events = batch.stream().filter(e -> !behind.contains(e.id())).toList();
    if (events.isEmpty()) {
      return new Outcome(Set.of(), Map.of(), behind, null);
    }
    List<UsageEvent> sorted =
        events.stream().sorted(Comparator.comparing(UsageEvent::id, UsageIds.ORDER)).toList();
    Set<UUID> inserted =
        dialect.insert(connection, tables, EventColumns.writtenAt(clock.instant()), sorted);
    List<UsageEvent> news = events.stream().filter(e -> inserted.contains(e.id())).toList();
    List<EventTag> tags = EventTag.of(news);
    if (!tags.isEmpty()) {
      dialect.insertTags(connection, tables, tags);
    }
    Map<LabelKey, Label> labels = LabelKey.of(news);
    if (!labels.isEmpty()) {
      dialect.upsertLabels(connection, tables, labels);
    }
    if (!news.isEmpty()) {
      addToRollups(connection, news);
    }
    LimitCounts.Counted counted =
        before.limited() ? limits.count(connection, events, inserted) : null;
    Set<UUID> known =
        events.stream()
            .map(UsageEvent::id)
            .filter(id -> !inserted.contains(id))
            .collect(Collectors.toSet());
    if (known.isEmpty()) {
      return new Outcome(inserted, Map.of(), behind, counted);
    }
    Map<UUID, Optional<UsageEvent>> stored = read(connection, known);
    FormerCosts.restore(connection, dialect, tables, events, stored);
    return new Outcome(inserted, stored, behind, counted);
  }

  private void addToRollups(Connection connection, List<UsageEvent> news) throws SQLException {
    List<RollupRow> rows = RollupRow.of(news);
    try {
      dialect.addToRollups(connection, tables, rows);
    } catch (SQLException e) {
      if (SqlStates.saysTooLarge(e)) {
        throw new SQLException(
            "a sum in "
                + tables.rollup()
                + " or "
                + tables.organizationRollup()
                + " would be more than its column holds: "
                + e.getMessage(),
            SqlStates.of(e),
            e);
      }
      throw e;
    }
  }

  /** A row that breaks a rule does so for ever: to throw here would hold up every later event. */
  private Map<UUID, Optional<UsageEvent>> read(Connection connection, Set<UUID> ids)
      throws SQLException {
    var stored = new HashMap<UUID, Optional<UsageEvent>>();
    for (List<UUID> part : Sql.parts(ids, IDS_AT_ONCE)) {
      new Sql(dialect, "SELECT e.*, NULL AS ")
          .add(EventMapper.USER_LABEL)
          .add(", NULL AS ")
          .add(EventMapper.CUSTOMER_LABEL)
          .add(" FROM ")
          .add(tables.event())
          .add(" e WHERE ")
          .in("e.id", part.stream())
          .forEach(
              connection,
              row -> {
                UUID id = row.getObject("id", UUID.class);
                try {
                  stored.put(id, Optional.of(EventMapper.read(row, dialect)));
                } catch (IllegalArgumentException e) {
                  LOG.warn("A repeated delivery of {} is taken for a conflict", id, e);
                  stored.put(id, Optional.empty());
                }
              });
    }
    if (stored.size() != ids.size()) {
      throw new SQLTransientException(
          "events were deleted while a repeated delivery of them was compared");
    }
    return stored;
  }

  private static void report(
      List<UsageEvent> batch, Map<UUID, UsageEvent> firsts, Outcome outcome, Report report) {
    var unseen = new HashSet<>(outcome.inserted);
    for (UsageEvent event : batch) {
      if (unseen.remove(event.id())) {
        continue; // this is the one that was inserted
      }
      if (outcome.behind.contains(event.id())) {
        report.behindHorizon(event);
        continue;
      }
      Optional<UsageEvent> stored =
          outcome.stored.getOrDefault(event.id(), Optional.ofNullable(firsts.get(event.id())));
      if (stored.isPresent() && stored.get().billsLike(event)) {
        report.duplicate(event);
      } else {
        report.conflict(event, stored.orElse(null));
      }
    }
  }
}
