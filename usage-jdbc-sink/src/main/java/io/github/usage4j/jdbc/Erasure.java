package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.limit.LimitKey.Subject;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Puts random pseudonyms in the place of ids of one organization, everywhere at once.
 *
 * <p>The changed archives are written first, beside the old ones; then one transaction changes the
 * database and notes that it did; then the archives are put in place and the note is removed.
 * {@link #settle} does the rest of it when a process died in between.
 */
final class Erasure {

  /** What pseudonyms begin with. */
  static final String PREFIX = "erased-";

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final String NOTE = "erasure ";

  private final Jobs jobs;
  private final Archives archives;
  private final JobLock.Held lock;
  private final String organization;

  /**
   * @param organization "" is unattributed
   */
  Erasure(Jobs jobs, Archives archives, JobLock.Held lock, String organization) {
    this.jobs = jobs;
    this.archives = archives;
    this.lock = lock;
    this.organization = organization;
  }

  /** A fresh one each time: nobody can compute it from what it stands for. */
  private static String pseudonym() {
    var bytes = new byte[16];
    RANDOM.nextBytes(bytes);
    return PREFIX + HexFormat.of().formatHex(bytes);
  }

  /** Ends what a killed process began. */
  static void settle(Jobs jobs, Archives archives, JobLock.Held lock) throws Exception {
    for (String token : archives.pending()) {
      boolean happened =
          lock.step(
              connection ->
                  !texts(
                          connection,
                          jobs,
                          "SELECT name FROM " + jobs.tables().jobLock() + " WHERE name = ?",
                          NOTE + token)
                      .isEmpty());
      archives.settle(token, happened);
    }
    lock.step(
        connection ->
            jobs.update(
                connection,
                "DELETE FROM " + jobs.tables().jobLock() + " WHERE name >= ? AND name < ?",
                NOTE,
                NOTE + "g")); // tokens are hexadecimal
  }

  void user(String user) throws Exception {
    String fresh = pseudonym();
    Map<String, String> sessions = new HashMap<>();
    List<Path> files = archives.of(organization);
    for (Path file : files) {
      Archives.forEach(
          file,
          entry -> {
            Attribution who = entry.event().attribution();
            if (user.equals(who.user()) && who.session() != null) {
              sessions.computeIfAbsent(who.session(), s -> pseudonym());
            }
          });
    }
    String sql =
        "SELECT DISTINCT session_id FROM "
            + jobs.tables().event()
            + " e WHERE "
            + isOrganization()
            + " AND user_id = ? AND session_id IS NOT NULL";
    lock.step(connection -> texts(connection, jobs, sql, and(user)))
        .forEach(session -> sessions.computeIfAbsent(session, s -> pseudonym()));
    change(
        files,
        organization,
        event -> {
          Attribution who = event.attribution();
          UsageEvent changed = user.equals(who.user()) ? cleared(event, who.user(fresh)) : event;
          String session = sessions.get(Objects.requireNonNullElse(who.session(), ""));
          return session == null
              ? changed
              : changed.toBuilder().attribution(changed.attribution().session(session)).build();
        },
        connection -> {
          // Those that began since then; nobody writes any more.
          texts(connection, jobs, sql, and(user))
              .forEach(session -> sessions.computeIfAbsent(session, s -> pseudonym()));
          rename(connection, "user_id", LabelKey.USER, user, fresh);
          renameSessions(connection, sessions);
          return true;
        });
  }

  void customer(String customer) throws Exception {
    String fresh = pseudonym();
    change(
        archives.of(organization),
        organization,
        event -> {
          Attribution who = event.attribution();
          return customer.equals(who.customer()) ? cleared(event, who.customer(fresh)) : event;
        },
        connection -> {
          rename(connection, "customer_id", LabelKey.CUSTOMER, customer, fresh);
          return true;
        });
  }

  /** First everybody in it, then its name: each step ends by itself. */
  void organization() throws Exception {
    for (String user : named("user_id", Attribution::user)) {
      user(user);
    }
    for (String customer : named("customer_id", Attribution::customer)) {
      customer(customer);
    }
    String fresh = pseudonym();
    Map<String, String> sessions = new HashMap<>();
    for (String session : named("session_id", Attribution::session)) {
      sessions.put(session, pseudonym());
    }
    change(
        archives.of(organization),
        fresh,
        event -> {
          Attribution who = event.attribution();
          String session = Objects.requireNonNullElse(who.session(), "");
          Attribution changed =
              new Attribution(
                  fresh,
                  who.user(),
                  null,
                  who.customer(),
                  null,
                  sessions.getOrDefault(session, who.session()),
                  who.category(),
                  who.impersonated(),
                  Map.of());
          return cleared(event, changed);
        },
        connection -> {
          renameSessions(connection, sessions);
          clear(connection, "organization", organization, "", fresh);
          for (String table : List.of(jobs.tables().horizon(), jobs.tables().monthClose())) {
            jobs.update(
                connection,
                "UPDATE " + table + " SET organization = ? WHERE organization = ?",
                fresh,
                organization);
          }
          rehash(connection, "organization", organization, fresh);
          new ErasedLimits(jobs, connection).renameOrganization(organization, fresh);
          jobs.update(
              connection,
              "DELETE FROM " + jobs.tables().label() + " WHERE organization = ?",
              organization);
          return true;
        });
  }

  /** Those in rows and archives that are no pseudonyms. */
  private Set<String> named(
      String column, java.util.function.Function<Attribution, @Nullable String> id)
      throws Exception {
    var names = new TreeSet<String>();
    names.addAll(
        lock.step(
            connection ->
                texts(
                    connection,
                    jobs,
                    "SELECT DISTINCT "
                        + column
                        + " FROM "
                        + jobs.tables().event()
                        + " e WHERE "
                        + isOrganization()
                        + " AND "
                        + column
                        + " IS NOT NULL",
                    and())));
    if (!column.equals("session_id")) {
      Subject subject = column.equals("user_id") ? Subject.USER : Subject.CUSTOMER;
      names.addAll(
          lock.step(connection -> new ErasedLimits(jobs, connection).named(subject, organization)));
      names.addAll(
          lock.step(
              connection ->
                  texts(
                      connection,
                      jobs,
                      "SELECT DISTINCT "
                          + column
                          + " FROM "
                          + jobs.tables().rollup()
                          + " WHERE organization = ? AND "
                          + column
                          + " <> "
                          + jobs.dialect().emptyText(),
                      organization)));
    }
    for (Path file : archives.of(organization)) {
      Archives.forEach(
          file,
          entry -> {
            String name = id.apply(entry.event().attribution());
            if (name != null) {
              names.add(name);
            }
          });
    }
    return names.stream().filter(name -> !name.startsWith(PREFIX)).collect(Collectors.toSet());
  }

  private void change(
      List<Path> files,
      String afterwards,
      UnaryOperator<UsageEvent> inArchives,
      Transactions.Work<Boolean> inDatabase)
      throws Exception {
    var bytes = new byte[8];
    RANDOM.nextBytes(bytes);
    String token = HexFormat.of().formatHex(bytes);
    archives.prepareChange(token, files, afterwards.isEmpty() ? null : afterwards, inArchives);
    lock.step(
        connection -> {
          jobs.dialect().lockForMaintenance(connection, jobs.tables());
          inDatabase.run(connection);
          return jobs.update(
              connection,
              "INSERT INTO "
                  + jobs.tables().jobLock()
                  + " (name, owner, taken_at, expires_at) VALUES (?, ?, ?, ?)",
              NOTE + token,
              "done",
              jobs.now(),
              jobs.now());
        });
    archives.settle(token, true);
    settle(jobs, archives, lock);
  }

  /** Whatever the host may have written about a person. */
  private static UsageEvent cleared(UsageEvent event, Attribution who) {
    var untagged =
        new Attribution(
            who.organization(),
            who.user(),
            null,
            who.customer(),
            null,
            who.session(),
            who.category(),
            who.impersonated(),
            Map.of());
    return event.toBuilder()
        .attribution(untagged)
        .metadata(null)
        .errorType(null)
        .errorMessage(null)
        .credentialId(null)
        .build();
  }

  private void rename(Connection connection, String column, String kind, String id, String fresh)
      throws SQLException {
    clear(connection, column, id, " AND " + isOrganization(), fresh);
    rehash(connection, column, id, fresh);
    new ErasedLimits(jobs, connection).rename(Subject.valueOf(kind), organization, id, fresh);
    if (column.equals("user_id")) {
      jobs.update(
          connection,
          "UPDATE "
              + jobs.tables().monthClose()
              + " SET user_id = ? WHERE organization = ? AND user_id = ?",
          fresh,
          organization,
          id);
    }
    jobs.update(
        connection,
        "DELETE FROM " + jobs.tables().label() + " WHERE organization = ? AND kind = ? AND id = ?",
        organization,
        kind,
        id);
  }

  private void clear(
      Connection connection, String column, String id, String andOrganization, String fresh)
      throws SQLException {
    List<Object> values = new ArrayList<>();
    values.add(id);
    if (!andOrganization.isEmpty() && !organization.isEmpty()) {
      values.add(organization);
    }
    String rows = " WHERE " + column + " = ?" + andOrganization;
    jobs.update(
        connection,
        "DELETE FROM "
            + jobs.tables().eventTag()
            + " WHERE event_id IN (SELECT id FROM "
            + jobs.tables().event()
            + rows
            + ")",
        values.toArray());
    values.add(0, fresh);
    jobs.update(
        connection,
        "UPDATE "
            + jobs.tables().event()
            + " SET "
            + column
            + " = ?, tags = NULL, metadata = NULL, error_type = NULL, error_message = NULL,"
            + " credential_id = NULL"
            + rows,
        values.toArray());
  }

  private void renameSessions(Connection connection, Map<String, String> sessions)
      throws SQLException {
    for (Map.Entry<String, String> session : sessions.entrySet()) {
      List<Object> values = new ArrayList<>();
      values.add(session.getValue());
      values.addAll(List.of(and(session.getKey())));
      jobs.update(
          connection,
          "UPDATE "
              + jobs.tables().event()
              + " SET session_id = ? WHERE "
              + isOrganization()
              + " AND session_id = ?",
          values.toArray());
    }
  }

  /** The key of a rollup row has the name in it; that of a fresh pseudonym is nobody else's. */
  private void rehash(Connection connection, String column, String id, String fresh)
      throws SQLException {
    List<String> key =
        RollupKey.COLUMNS.stream()
            .map(name -> name.equals(column) ? jobs.dialect().text(fresh) : name)
            .toList();
    String sql =
        "UPDATE "
            + jobs.tables().rollup()
            + " SET key_hash = "
            + jobs.dialect().keyHash(key)
            + ", "
            + column
            + " = ? WHERE organization = ? AND "
            + column
            + " = ?";
    jobs.update(connection, sql, fresh, organization, id);
  }

  private String isOrganization() {
    return organization.isEmpty() ? "organization IS NULL" : "organization = ?";
  }

  /** The parameters of {@link #isOrganization}, then these. */
  private Object[] and(String... more) {
    var values = new ArrayList<Object>();
    if (!organization.isEmpty()) {
      values.add(organization);
    }
    values.addAll(List.of(more));
    return values.toArray();
  }

  private static List<String> texts(Connection connection, Jobs jobs, String sql, Object... values)
      throws SQLException {
    var texts = new ArrayList<String>();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      jobs.bind(statement, values);
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          texts.add(row.getString(1));
        }
      }
    }
    return texts;
  }
}
