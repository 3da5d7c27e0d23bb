package io.github.usage4j.jdbc;

import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import io.github.usage4j.limit.LimitTarget;
import io.github.usage4j.limit.UsageLimit;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The part of an erasure that is about limits, alerts and credits: a pseudonym takes the place of
 * an id, and what was used, granted and raised stays. In the transaction of the erasure, in which
 * nobody writes. Leases of the counters are dropped: nobody asks for a pseudonym.
 */
final class ErasedLimits {

  private final Jobs jobs;
  private final LimitStates states;
  private final Connection connection;

  ErasedLimits(Jobs jobs, Connection connection) {
    this.jobs = jobs;
    this.states = new LimitStates(jobs, new LimitAlerts(jobs));
    this.connection = connection;
  }

  /**
   * Ids of an organization ("" for none) that limits know; calls of them may never have ended, and
   * who only changed limits or acknowledged alerts never made one.
   */
  Set<String> named(Subject subject, String organization) throws SQLException {
    var names = new HashSet<String>();
    for (String table :
        List.of(
            jobs.tables().limitState(),
            jobs.tables().limitGrant(),
            jobs.tables().alert(),
            jobs.tables().limit())) {
      new Sql(jobs.dialect(), "SELECT DISTINCT subject_id FROM " + table + " WHERE organization = ")
          .bind(organization)
          .add(" AND subject = ")
          .bind(subject.name())
          .forEach(connection, row -> names.add(row.getString(1)));
    }
    if (subject == Subject.USER) {
      for (Act act : acts()) {
        new Sql(jobs.dialect(), "SELECT DISTINCT " + act.by + " FROM " + act.table)
            .add(" WHERE " + act.by + " IS NOT NULL AND organization = ")
            .bind(organization)
            .forEach(connection, row -> names.add(row.getString(1)));
      }
    }
    names.remove("");
    return names;
  }

  /** One user or customer of an organization; "" for none. */
  void rename(Subject subject, String organization, String id, String fresh) throws SQLException {
    String where = " WHERE organization = ? AND subject = ? AND subject_id = ?";
    Object[] values = {organization, subject.name(), id};
    UnaryOperator<Scope> renamed =
        scope -> new Scope(subject, scope.organization(), fresh, scope.category(), scope.model());
    rename(where, values, renamed);
    definitions(
        " WHERE organization = ? AND subject_id = ?",
        new Object[] {organization, id},
        target ->
            target.subject() == subject && id.equals(target.id())
                ? new LimitTarget(
                    subject, target.organization(), fresh, target.category(), target.model())
                : target);
    if (subject == Subject.USER) {
      renameActs(organization, id, fresh);
    }
  }

  /** A column that says who did something. */
  private record Act(String table, String by) {}

  private List<Act> acts() {
    return List.of(
        new Act(jobs.tables().alert(), "acknowledged_by"),
        new Act(jobs.tables().limitChange(), "changed_by"));
  }

  /**
   * What the user did to alerts and limits of the organization. To those of the whole application,
   * whose organization is "", people of any organization may have done something under one id: they
   * are for the erasure of a user without an organization.
   */
  private void renameActs(String organization, String id, String fresh) throws SQLException {
    for (Act act : acts()) {
      jobs.update(
          connection,
          "UPDATE "
              + act.table
              + " SET "
              + act.by
              + " = ? WHERE organization = ? AND "
              + act.by
              + " = ?",
          fresh,
          organization,
          id);
    }
  }

  /** An organization, wherever it is named, its billing periods, and the account of its name. */
  void renameOrganization(String organization, String fresh) throws SQLException {
    rename(
        " WHERE organization = ?",
        new Object[] {organization},
        scope -> new Scope(scope.subject(), fresh, scope.id(), scope.category(), scope.model()));
    definitions(
        " WHERE organization = ?",
        new Object[] {organization},
        target ->
            new LimitTarget(
                target.subject(), fresh, target.id(), target.category(), target.model()));
    jobs.update(
        connection,
        "UPDATE " + jobs.tables().billingPeriod() + " SET organization = ? WHERE organization = ?",
        fresh,
        organization);
    for (String table :
        List.of(jobs.tables().creditAccount(), jobs.tables().creditLot(), jobs.tables().credit())) {
      jobs.update(
          connection,
          "UPDATE " + table + " SET account = ? WHERE account = ?",
          fresh,
          organization);
    }
  }

  /** Keys have the names in them, and hashes the keys. */
  private void rename(String where, Object[] values, UnaryOperator<Scope> renamed)
      throws SQLException {
    List<UUID> hashes = new ArrayList<>();
    select(
        "SELECT state_hash FROM " + jobs.tables().limitState() + where + " ORDER BY state_hash",
        values,
        row -> hashes.add(jobs.dialect().hash(row, "state_hash")));
    for (LimitRow row : states.lock(connection, hashes)) {
      jobs.update(
          connection,
          "DELETE FROM " + jobs.tables().limitLease() + " WHERE state_hash = ?",
          jobs.dialect().hash(row.hash()));
      move(jobs.tables().limitState(), "leased = 0, ", row.hash(), row.key(), renamed, true);
    }
    for (LimitKey key : keys(jobs.tables().alert(), where, values)) {
      move(jobs.tables().alert(), "", LimitKeys.hash(key), key, renamed, true);
    }
    grants(where, values, renamed);
  }

  private Set<LimitKey> keys(String table, String where, Object[] values) throws SQLException {
    var keys = new HashSet<LimitKey>();
    select(
        "SELECT DISTINCT " + LimitKeys.COLUMNS + " FROM " + table + where,
        values,
        row -> keys.add(LimitKeys.read(row, jobs.dialect())));
    return keys;
  }

  private void move(
      String table,
      String also,
      UUID hash,
      LimitKey key,
      UnaryOperator<Scope> renamed,
      boolean scoped)
      throws SQLException {
    LimitKey after = renamed(key, renamed);
    List<Object> values = new ArrayList<>();
    values.add(jobs.dialect().hash(LimitKeys.hash(after)));
    if (scoped) {
      values.add(jobs.dialect().hash(LimitKeys.scopeHash(after.scope())));
    }
    values.add(LimitKeys.orEmpty(after.scope().organization()));
    values.add(LimitKeys.orEmpty(after.scope().id()));
    values.add(jobs.dialect().hash(hash));
    jobs.update(
        connection,
        "UPDATE "
            + table
            + " SET "
            + also
            + "state_hash = ?, "
            + (scoped ? "scope_hash = ?, " : "")
            + "organization = ?, subject_id = ? WHERE state_hash = ?",
        values.toArray());
  }

  private static LimitKey renamed(LimitKey key, UnaryOperator<Scope> renamed) {
    return new LimitKey(
        key.limit(), key.measure(), key.currency(), renamed.apply(key.scope()), key.period());
  }

  /** The hash of a grant has its reference in it, too. */
  private void grants(String where, Object[] values, UnaryOperator<Scope> renamed)
      throws SQLException {
    String table = jobs.tables().limitGrant();
    var hashes = new ArrayList<Object[]>();
    select(
        "SELECT grant_hash, reference, " + LimitKeys.COLUMNS + " FROM " + table + where,
        values,
        row ->
            hashes.add(
                new Object[] {
                  jobs.dialect()
                      .hash(
                          LimitKeys.grantHash(
                              renamed(LimitKeys.read(row, jobs.dialect()), renamed),
                              row.getString("reference"))),
                  jobs.dialect().hash(jobs.dialect().hash(row, "grant_hash"))
                }));
    Set<LimitKey> keys = keys(table, where, values);
    for (Object[] hash : hashes) {
      jobs.update(connection, "UPDATE " + table + " SET grant_hash = ? WHERE grant_hash = ?", hash);
    }
    for (LimitKey key : keys) {
      move(table, "", LimitKeys.hash(key), key, renamed, false);
    }
  }

  private void definitions(String where, Object[] values, UnaryOperator<LimitTarget> renamed)
      throws SQLException {
    var limits = new ArrayList<UsageLimit>();
    select(
        "SELECT limit_name, definition FROM " + jobs.tables().limit() + where,
        values,
        row ->
            limits.add(
                LimitDefinitions.read(row.getString("limit_name"), row.getString("definition"))));
    for (UsageLimit limit : limits) {
      LimitTarget target = renamed.apply(limit.target());
      jobs.update(
          connection,
          "UPDATE "
              + jobs.tables().limit()
              + " SET limit_hash = ?, organization = ?, subject_id = ?, definition = ?"
              + " WHERE limit_hash = ?",
          jobs.dialect().hash(LimitDefinitions.hash(limit.name(), target)),
          LimitKeys.orEmpty(target.organization()),
          LimitKeys.orEmpty(target.id()),
          with(limit, target).toJson(),
          jobs.dialect().hash(LimitDefinitions.hash(limit.name(), limit.target())));
    }
    audit(where, values, renamed);
  }

  private void audit(String where, Object[] values, UnaryOperator<LimitTarget> renamed)
      throws SQLException {
    String table = jobs.tables().limitChange();
    List<Changed> changes = new ArrayList<>();
    select(
        "SELECT change_no, limit_name, before_definition, after_definition FROM " + table + where,
        values,
        row ->
            changes.add(
                new Changed(
                    row.getLong("change_no"),
                    renamed(row.getString("limit_name"), row.getString(3), renamed),
                    renamed(row.getString("limit_name"), row.getString(4), renamed))));
    String sql =
        "UPDATE "
            + table
            + " SET before_definition = ?, after_definition = ?, organization = ?, subject_id = ?"
            + " WHERE change_no = ?";
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (Changed change : changes) {
        LimitTarget target =
            Stream.of(change.before, change.after)
                .filter(Objects::nonNull)
                .map(UsageLimit::target)
                .findFirst()
                .orElseThrow();
        jobs.bindAt(statement, 1, json(change.before), Column.Type.TEXT);
        jobs.bindAt(statement, 2, json(change.after), Column.Type.TEXT);
        statement.setString(3, LimitKeys.orEmpty(target.organization()));
        statement.setString(4, LimitKeys.orEmpty(target.id()));
        statement.setLong(5, change.number);
        statement.executeUpdate();
      }
    }
  }

  private record Changed(long number, @Nullable UsageLimit before, @Nullable UsageLimit after) {}

  private static @Nullable UsageLimit renamed(
      String name, @Nullable String definition, UnaryOperator<LimitTarget> renamed) {
    if (definition == null) {
      return null;
    }
    UsageLimit limit = LimitDefinitions.read(name, definition);
    return with(limit, renamed.apply(limit.target()));
  }

  private static @Nullable String json(@Nullable UsageLimit limit) {
    return limit == null ? null : limit.toJson();
  }

  private static UsageLimit with(UsageLimit limit, LimitTarget target) {
    return new UsageLimit(
        limit.name(),
        target,
        limit.measure(),
        limit.amount(),
        limit.currency(),
        limit.window(),
        limit.mode(),
        limit.admission(),
        limit.reservation(),
        limit.onUnpriced(),
        limit.alertAt(),
        limit.assumedOutput());
  }

  private void select(String sql, Object[] values, Sql.RowReader reader) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      jobs.bind(statement, values);
      try (var row = statement.executeQuery()) {
        while (row.next()) {
          reader.read(row);
        }
      }
    }
  }
}
