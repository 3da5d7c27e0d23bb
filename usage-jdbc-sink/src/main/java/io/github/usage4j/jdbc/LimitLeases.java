package io.github.usage4j.jdbc;

import io.github.usage4j.UsageException;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitStore;
import io.github.usage4j.limit.LimitStore.Ask;
import io.github.usage4j.limit.LimitStore.Lease;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The rows of holders and of what they lease. A row of a lease is written only under the lock of
 * its counter's row, and inserted only while the row of the holder is kept from being deleted, so
 * that taking back finds all there is.
 */
final class LimitLeases {

  private final Jobs jobs;
  private final LimitStates states;

  LimitLeases(Jobs jobs, LimitStates states) {
    this.jobs = jobs;
    this.states = states;
  }

  void join(Connection connection, String holder) throws SQLException {
    if (!isKnown(connection, holder, "")) {
      jobs.update(
          connection,
          "INSERT INTO " + jobs.tables().limitHolder() + " (holder, beat) VALUES (?, ?)",
          holder,
          0L);
    }
  }

  private boolean isKnown(Connection connection, String holder, String lock) throws SQLException {
    return beatOf(connection, holder, lock) != null;
  }

  private @Nullable Long beatOf(Connection connection, String holder, String lock)
      throws SQLException {
    var beats = new ArrayList<Long>();
    new Sql(jobs.dialect(), "SELECT beat FROM ")
        .add(jobs.tables().limitHolder())
        .add(" WHERE holder = ")
        .bind(holder)
        .add(lock)
        .forEach(connection, row -> beats.add(row.getLong(1)));
    return beats.isEmpty() ? null : beats.get(0);
  }

  Map<String, Long> beat(Connection connection, String holder) throws SQLException {
    jobs.update(
        connection,
        "UPDATE " + jobs.tables().limitHolder() + " SET beat = beat + 1 WHERE holder = ?",
        holder);
    var beats = new HashMap<String, Long>();
    new Sql(jobs.dialect(), "SELECT holder, beat FROM ")
        .add(jobs.tables().limitHolder())
        .forEach(connection, row -> beats.put(row.getString(1), row.getLong(2)));
    return beats;
  }

  /** Null if the counter is not open. */
  @Nullable Lease lease(Connection connection, String holder, LimitKey key, Ask ask)
      throws SQLException {
    if (!isKnown(connection, holder, jobs.dialect().keepRows())) {
      throw new UsageException(
          "holder "
              + holder
              + " must have joined to lease, but is not known, or was taken for dead",
          null);
    }
    UUID hash = LimitKeys.hash(key);
    List<LimitRow> locked = states.lock(connection, List.of(hash));
    if (locked.isEmpty()) {
      return null;
    }
    LimitRow before = locked.get(0);
    BigDecimal had = amounts(connection, holder, List.of(hash)).getOrDefault(hash, BigDecimal.ZERO);
    BigDecimal holding = had.min(ask.holding().max(BigDecimal.ZERO));
    LimitRow after = before.terms(ask.terms()).lease(holding.subtract(had));
    BigDecimal added = LimitStore.slice(after.state().room(), ask);
    after = states.alert(connection, after.lease(added));
    write(connection, holder, hash, had, holding.add(added));
    if (!after.equals(before)) {
      states.update(connection, List.of(after));
    }
    return new Lease(after.state(), added);
  }

  private void write(
      Connection connection, String holder, UUID hash, BigDecimal had, BigDecimal has)
      throws SQLException {
    if (has.compareTo(had) == 0) {
      return;
    }
    String table = jobs.tables().limitLease();
    String row = " WHERE holder = ? AND state_hash = ?";
    Object state = jobs.dialect().hash(hash);
    if (has.signum() == 0) {
      jobs.update(connection, "DELETE FROM " + table + row, holder, state);
    } else if (had.signum() > 0) {
      jobs.update(connection, "UPDATE " + table + " SET amount = ?" + row, has, holder, state);
    } else {
      jobs.update(
          connection,
          "INSERT INTO " + table + " (holder, state_hash, amount) VALUES (?, ?, ?)",
          holder,
          state,
          has);
    }
  }

  /** What a holder has of counters that are locked; only of those of which it has something. */
  Map<UUID, BigDecimal> amounts(Connection connection, String holder, Collection<UUID> hashes)
      throws SQLException {
    var amounts = new HashMap<UUID, BigDecimal>();
    for (List<UUID> part : Sql.parts(hashes, LimitStates.AT_ONCE)) {
      new Sql(jobs.dialect(), "SELECT state_hash, amount FROM ")
          .add(jobs.tables().limitLease())
          .add(" WHERE holder = ")
          .bind(holder)
          .add(" AND ")
          .in("state_hash", part.stream().map(jobs.dialect()::hash))
          .forEach(
              connection,
              row ->
                  amounts.put(
                      jobs.dialect().hash(row, "state_hash"), LimitRow.amount(row, "amount")));
    }
    return amounts;
  }

  /** Sets what a holder has of counters that are locked, where it had something before. */
  void lower(Connection connection, String holder, Map<UUID, BigDecimal> amounts)
      throws SQLException {
    String table = jobs.tables().limitLease();
    String row = " WHERE holder = ? AND state_hash = ?";
    try (PreparedStatement update =
            connection.prepareStatement("UPDATE " + table + " SET amount = ?" + row);
        PreparedStatement delete = connection.prepareStatement("DELETE FROM " + table + row)) {
      for (Map.Entry<UUID, BigDecimal> entry : amounts.entrySet()) {
        Object hash = jobs.dialect().hash(entry.getKey());
        if (entry.getValue().signum() == 0) {
          jobs.bind(delete, holder, hash);
          delete.addBatch();
        } else {
          jobs.bind(update, entry.getValue(), holder, hash);
          update.addBatch();
        }
      }
      update.executeBatch();
      delete.executeBatch();
    }
  }

  /**
   * Takes all leases back and forgets the holder.
   *
   * @param beat that it must still have; null for any
   * @return false if it has another one, or is not known
   */
  boolean end(Connection connection, String holder, @Nullable Long beat) throws SQLException {
    Long last = beatOf(connection, holder, " FOR UPDATE");
    if (last == null || (beat != null && !beat.equals(last))) {
      return false;
    }
    var hashes = new ArrayList<UUID>();
    new Sql(jobs.dialect(), "SELECT state_hash FROM ")
        .add(jobs.tables().limitLease())
        .add(" WHERE holder = ")
        .bind(holder)
        .forEach(connection, row -> hashes.add(jobs.dialect().hash(row, "state_hash")));
    List<LimitRow> locked = states.lock(connection, hashes);
    Map<UUID, BigDecimal> amounts =
        amounts(connection, holder, locked.stream().map(LimitRow::hash).toList());
    List<LimitRow> changed =
        locked.stream()
            .filter(row -> amounts.containsKey(row.hash()))
            .map(row -> row.lease(amounts.getOrDefault(row.hash(), BigDecimal.ZERO).negate()))
            .toList();
    states.update(connection, changed);
    for (String table : List.of(jobs.tables().limitLease(), jobs.tables().limitHolder())) {
      jobs.update(connection, "DELETE FROM " + table + " WHERE holder = ?", holder);
    }
    return true;
  }
}
