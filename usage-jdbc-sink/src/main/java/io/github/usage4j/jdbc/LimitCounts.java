package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import io.github.usage4j.limit.LimitStore.Holder;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Adds calls to the counters that are open, in the transaction that stores them. Safe for use by
 * several threads.
 *
 * <p>Called under {@link Dialect#lockForWriting} and after the rollups. Whoever opens a counter
 * does so under {@link Dialect#lockForMaintenance}, so no call is stored by somebody who does not
 * see a counter that was opened before.
 */
final class LimitCounts {

  private final LimitStates states;
  private final LimitLeases leases;
  private final Map<String, Holder> holders = new ConcurrentHashMap<>();

  LimitCounts(LimitStates states, LimitLeases leases) {
    this.states = states;
    this.leases = leases;
  }

  void join(Holder holder) {
    holders.put(holder.id(), holder);
  }

  void leave(Holder holder) {
    holders.remove(holder.id(), holder);
  }

  /** What holders are to be told after the commit. */
  final class Counted {

    private final List<Covered> covered;
    private final boolean alertsRaised;

    private Counted(List<Covered> covered, boolean alertsRaised) {
      this.covered = covered;
      this.alertsRaised = alertsRaised;
    }

    void tellHolders() {
      for (Covered call : covered) {
        call.holder.stored(call.id, call.row.key(), call.used, call.lowered);
      }
      if (alertsRaised) {
        holders.values().forEach(Holder::alertsRaised);
      }
    }
  }

  /** A call of which a lease of this holder was to be lowered. */
  private static final class Covered {

    private final Holder holder;
    private final UUID id;
    private final LimitRow row;
    private final BigDecimal used;
    private final boolean isNew;
    private BigDecimal lowered;

    Covered(Holder holder, UUID id, LimitRow row, BigDecimal used, boolean isNew) {
      this.holder = holder;
      this.id = id;
      this.row = row;
      this.used = used;
      this.isNew = isNew;
      // Of one that was stored before the holder is told the most, which the next lease puts right.
      this.lowered = isNew ? BigDecimal.ZERO : used;
    }
  }

  /**
   * Counts the calls of a batch that are new, and finds out who waits for which of all of them.
   *
   * @param events of different ids
   * @param inserted the ids that are new
   */
  Counted count(Connection connection, Collection<UsageEvent> events, Set<UUID> inserted)
      throws SQLException {
    List<UsageEvent> concerned =
        holders.isEmpty()
            ? events.stream().filter(event -> inserted.contains(event.id())).toList()
            : List.copyOf(events);
    Map<Whose, List<LimitRow>> open = open(connection, concerned);
    var sums = new HashMap<UUID, BigDecimal>();
    var covered = new ArrayList<Covered>();
    for (UsageEvent event : open.isEmpty() ? List.<UsageEvent>of() : concerned) {
      boolean isNew = inserted.contains(event.id());
      for (LimitRow row : of(event, open)) {
        BigDecimal amount = row.key().amountOf(event);
        if (isNew && amount.signum() > 0) {
          sums.merge(row.hash(), amount, BigDecimal::add);
        }
        Holder holder = holderOf(event.id(), row.key());
        if (holder != null) {
          covered.add(new Covered(holder, event.id(), row, amount, isNew));
        }
      }
    }
    return new Counted(covered, add(connection, sums, covered));
  }

  private @Nullable Holder holderOf(UUID event, LimitKey key) {
    for (Holder holder : holders.values()) {
      if (holder.covers(event, key)) {
        return holder;
      }
    }
    return null;
  }

  /** Whose calls a counter counts, whatever their category and model. */
  private record Whose(Subject subject, @Nullable String organization, @Nullable String id) {

    static final Whose EVERYBODY = new Whose(Subject.APPLICATION, null, null);

    static Whose of(Scope scope) {
      return new Whose(scope.subject(), scope.organization(), scope.id());
    }

    /** All that a call may count for. */
    static List<Whose> of(Attribution who) {
      var all = new ArrayList<Whose>();
      all.add(EVERYBODY);
      if (who.organization() != null) {
        all.add(new Whose(Subject.ORGANIZATION, who.organization(), null));
      }
      if (who.user() != null) {
        all.add(new Whose(Subject.USER, who.organization(), who.user()));
      }
      if (who.customer() != null) {
        all.add(new Whose(Subject.CUSTOMER, who.organization(), who.customer()));
      }
      return all;
    }

    UUID hash() {
      return LimitKeys.scopeHash(subject, organization, id);
    }
  }

  /** The counters that may count one of these calls. */
  private Map<Whose, List<LimitRow>> open(Connection connection, Collection<UsageEvent> events)
      throws SQLException {
    if (events.isEmpty()) {
      return Map.of();
    }
    Instant first = Instant.MAX;
    Instant last = Instant.MIN;
    var whose = new HashSet<Whose>();
    for (UsageEvent event : events) {
      Instant at = event.occurredAt();
      first = at.isBefore(first) ? at : first;
      last = at.isAfter(last) ? at : last;
      whose.addAll(Whose.of(event.attribution()));
    }
    List<UUID> hashes = whose.stream().map(Whose::hash).toList();
    Map<Whose, List<LimitRow>> open = new HashMap<>();
    for (LimitRow row : states.between(connection, hashes, first, last)) {
      open.computeIfAbsent(Whose.of(row.key().scope()), w -> new ArrayList<>()).add(row);
    }
    return open;
  }

  private static List<LimitRow> of(UsageEvent event, Map<Whose, List<LimitRow>> open) {
    var rows = new ArrayList<LimitRow>();
    for (Whose whose : Whose.of(event.attribution())) {
      for (LimitRow row : open.getOrDefault(whose, List.of())) {
        if (row.key().counts(event)) {
          rows.add(row);
        }
      }
    }
    return rows;
  }

  /** Locks the counters and adds; says whether alerts were raised. */
  private boolean add(Connection connection, Map<UUID, BigDecimal> sums, List<Covered> covered)
      throws SQLException {
    if (sums.isEmpty()) {
      return false;
    }
    Map<UUID, LimitRow> rows = new HashMap<>();
    states.lock(connection, sums.keySet()).forEach(row -> rows.put(row.hash(), row));
    lower(connection, rows, covered);
    boolean raised = false;
    var changed = new ArrayList<LimitRow>();
    for (LimitRow row : rows.values()) {
      LimitRow used = row.use(sums.getOrDefault(row.hash(), BigDecimal.ZERO));
      LimitRow after = states.alert(connection, used);
      raised |= after.alerted() != row.alerted();
      changed.add(after);
    }
    states.update(connection, changed);
    return raised;
  }

  private void lower(Connection connection, Map<UUID, LimitRow> rows, List<Covered> covered)
      throws SQLException {
    Map<Holder, List<Covered>> byHolder = new HashMap<>();
    for (Covered call : covered) {
      if (call.isNew && call.used.signum() > 0 && rows.containsKey(call.row.hash())) {
        byHolder.computeIfAbsent(call.holder, h -> new ArrayList<>()).add(call);
      }
    }
    for (Map.Entry<Holder, List<Covered>> entry : byHolder.entrySet()) {
      String holder = entry.getKey().id();
      var hashes = new HashSet<UUID>();
      entry.getValue().forEach(call -> hashes.add(call.row.hash()));
      Map<UUID, BigDecimal> left = leases.amounts(connection, holder, hashes);
      for (Covered call : entry.getValue()) {
        UUID hash = call.row.hash();
        BigDecimal has = left.getOrDefault(hash, BigDecimal.ZERO);
        call.lowered = has.min(call.used);
        if (call.lowered.signum() > 0) {
          left.put(hash, has.subtract(call.lowered));
          rows.computeIfPresent(hash, (h, row) -> row.lease(call.lowered.negate()));
        }
      }
      leases.lower(connection, holder, left);
    }
  }
}
