package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitState;
import io.github.usage4j.limit.LimitStore;
import io.github.usage4j.limit.LimitTarget;
import io.github.usage4j.limit.UsageAlert;
import io.github.usage4j.limit.UsageLimit;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Limits in tables: each method is one transaction, and says what failed. */
final class JdbcLimitStore implements LimitStore {

  /** A counter that was just opened may be forgotten, or given a pseudonym, before it is locked. */
  private static final int ATTEMPTS = 5;

  private final Jobs jobs;
  private final LimitAlerts alerts;
  private final LimitStates states;
  private final LimitLeases leases;
  private final LimitCounts counts;
  private final LimitSums sums;
  private final LimitGrants grants;
  private final LimitDefinitions definitions;

  JdbcLimitStore(Jobs jobs) {
    this.jobs = jobs;
    alerts = new LimitAlerts(jobs);
    states = new LimitStates(jobs, alerts);
    leases = new LimitLeases(jobs, states);
    counts = new LimitCounts(states, leases);
    sums = new LimitSums(jobs);
    grants = new LimitGrants(jobs, states);
    definitions = new LimitDefinitions(jobs);
  }

  /** What adds calls to counters. */
  LimitCounts counts() {
    return counts;
  }

  @Override
  public LimitState open(LimitKey key, Terms terms) {
    return open(Map.of(key, terms)).get(0);
  }

  /** Reads first, without locks: most counters are open and have these terms. */
  @Override
  public List<LimitState> open(Map<LimitKey, Terms> keys) {
    return Jobs.asked(
        "open the counter of a limit",
        () -> {
          Map<LimitKey, LimitRow> rows = new HashMap<>();
          List<UUID> hashes = keys.keySet().stream().map(LimitKeys::hash).toList();
          jobs.transactions()
              .run(connection -> states.read(connection, hashes))
              .forEach(row -> rows.put(row.key(), row));
          var opened = new ArrayList<LimitState>();
          for (Map.Entry<LimitKey, Terms> entry : keys.entrySet()) {
            LimitRow row = rows.get(entry.getKey());
            if (row == null || !row.has(entry.getValue())) {
              row = open(LimitKeys.hash(entry.getKey()), entry.getKey(), entry.getValue());
            }
            opened.add(row.state());
          }
          return opened;
        });
  }

  private LimitRow open(UUID hash, LimitKey key, Terms terms) throws SQLException {
    Optional<LimitRow> there =
        jobs.transactions().write(connection -> changed(connection, hash, terms));
    return there.isPresent()
        ? there.get()
        : jobs.transactions().write(connection -> opened(connection, hash, key, terms));
  }

  /** The row with these terms; empty if there is none. */
  private Optional<LimitRow> changed(Connection connection, UUID hash, Terms terms)
      throws SQLException {
    var rows = new ArrayList<LimitRow>();
    for (LimitRow row : states.lock(connection, List.of(hash))) {
      rows.add(states.alert(connection, row.terms(terms)));
    }
    states.update(connection, rows);
    return rows.stream().findFirst();
  }

  /** While nobody writes: what is added up here, and what is stored later, is all there is. */
  private LimitRow opened(Connection connection, UUID hash, LimitKey key, Terms terms)
      throws SQLException {
    jobs.dialect().lockForMaintenance(connection, jobs.tables());
    Optional<LimitRow> there = changed(connection, hash, terms);
    if (there.isPresent()) {
      return there.get();
    }
    BigDecimal granted =
        grants.of(connection, key).stream()
            .map(Grant::amount)
            .reduce(BigDecimal.ZERO, BigDecimal::add);
    LimitRow row =
        new LimitRow(
            hash,
            key,
            terms,
            granted,
            sums.of(connection, key),
            BigDecimal.ZERO,
            alerts.highest(connection, key));
    row = states.alert(connection, row);
    states.insert(connection, row);
    return row;
  }

  @Override
  public void join(Holder holder) {
    write(
        "join as " + holder.id(),
        connection -> {
          leases.join(connection, holder.id());
          return true;
        });
    counts.join(holder);
  }

  @Override
  public void leave(Holder holder, boolean givesBack) {
    counts.leave(holder);
    write(
        "leave as " + holder.id(),
        connection -> {
          boolean ended = givesBack && leases.end(connection, holder.id(), null);
          alerts.leave(connection, holder.id());
          return ended;
        });
  }

  @Override
  public Lease lease(String holder, LimitKey key, Ask ask) {
    return Jobs.asked(
        "lease",
        () -> {
          for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            var lease = new ArrayList<Lease>(1);
            jobs.transactions()
                .write(
                    connection -> {
                      lease.clear();
                      Lease got = leases.lease(connection, holder, key, ask);
                      return got != null && lease.add(got);
                    });
            if (!lease.isEmpty()) {
              return lease.get(0);
            }
            open(LimitKeys.hash(key), key, ask.terms());
          }
          throw new SQLException("the counter is not there, or gone, whenever it was opened");
        });
  }

  @Override
  public Map<String, Long> beat(String holder) {
    return write("beat", connection -> leases.beat(connection, holder));
  }

  @Override
  public boolean reclaim(String holder, long beat) {
    return write(
        "take leases back from " + holder, connection -> leases.end(connection, holder, beat));
  }

  @Override
  public boolean grant(LimitKey key, BigDecimal amount, String reference) {
    String known = id("reference", reference);
    LimitStore.requireGrant(amount);
    return write(
        "store the grant " + known, connection -> grants.grant(connection, key, amount, known));
  }

  @Override
  public List<Grant> grants(LimitKey key) {
    return read("read grants", connection -> grants.of(connection, key));
  }

  @Override
  public boolean openPeriod(String organization, Instant start, String externalId) {
    String whose = id("organization", organization);
    String known = id("externalId", externalId);
    return write(
        "open a billing period", connection -> grants.openPeriod(connection, whose, start, known));
  }

  @Override
  public BillingPeriod periodAt(String organization, Instant at) {
    return read(
        "read billing periods", connection -> grants.periodAt(connection, organization, at));
  }

  @Override
  public List<UsageLimit> limits() {
    return read("read stored limits", definitions::all);
  }

  @Override
  public long limitsVersion() {
    return read("read the version of stored limits", definitions::version);
  }

  @Override
  public void put(UsageLimit limit, String by) {
    String who = id("by", by);
    write(
        "store the limit '" + limit.name() + "'",
        connection -> definitions.change(connection, limit.name(), limit.target(), limit, who));
  }

  @Override
  public boolean remove(String limitName, LimitTarget target, String by) {
    String who = id("by", by);
    return write(
        "remove the limit '" + limitName + "'",
        connection -> definitions.change(connection, limitName, target, null, who));
  }

  @Override
  public List<Change> changes(String limitName) {
    return read(
        "read what was done to limits", connection -> definitions.changes(connection, limitName));
  }

  @Override
  public boolean raise(UsageAlert alert) {
    return write("store an alert", connection -> alerts.insert(connection, alert));
  }

  @Override
  public List<UsageAlert> alerts(LimitKey.Scope scope, int most) {
    return read("read alerts", connection -> alerts.of(connection, scope, most));
  }

  @Override
  public List<UsageAlert> takeAlerts(String holder, int most) {
    return write("take alerts", connection -> alerts.take(connection, holder, most));
  }

  @Override
  public void delivered(UUID alertId) {
    write(
        "note that an alert was delivered",
        connection -> {
          alerts.delivered(connection, alertId);
          return true;
        });
  }

  @Override
  public boolean acknowledge(UUID alertId, String by) {
    String who = id("by", by);
    return write(
        "acknowledge an alert", connection -> alerts.acknowledge(connection, alertId, who));
  }

  private static String id(String name, String value) {
    return Checks.requireIdentifier(name, value, Attribution.MAX_ID);
  }

  private <T> T write(String verb, Transactions.Work<T> work) {
    return Jobs.asked(verb, () -> jobs.transactions().write(work));
  }

  private <T> T read(String verb, Transactions.Work<T> work) {
    return Jobs.asked(verb, () -> jobs.transactions().run(work));
  }
}
