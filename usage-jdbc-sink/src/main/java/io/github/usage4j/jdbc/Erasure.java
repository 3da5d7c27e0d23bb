package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.internal.LetterFile;
import io.github.usage4j.limit.LimitKey.Subject;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Puts random pseudonyms in the place of ids of one organization, everywhere at once.
 *
 * <p>The changed archives and dead letters are written first, beside the old ones; then one
 * transaction changes the database and notes that it did; then the files are put in place and the
 * note is removed. {@link #settle} does the rest of it when a process died in between.
 *
 * <p>Archives are everybody's, dead letters each instance's own, and only the note tells that
 * instance that its prepared letters are to be taken. So nobody else removes the note, however late
 * it comes; the note of an instance without letters stays for good, and says nothing of anybody.
 */
final class Erasure {

  /** What pseudonyms begin with. */
  static final String PREFIX = "erased-";

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final String NOTE = "erasure ";
  private static final int PSEUDONYM_BYTES = 16;

  /** Ids are the host's to choose: one that only begins like a pseudonym is a name. */
  private static final Pattern PSEUDONYM =
      Pattern.compile(PREFIX + "[0-9a-f]{" + 2 * PSEUDONYM_BYTES + "}");

  private final Jobs jobs;
  private final Archives archives;
  private final Letters letters;
  private final JobLock.Held lock;
  private final String organization;
  private final ErasedRows rows;

  /**
   * @param organization "" is unattributed
   */
  Erasure(Jobs jobs, Archives archives, Letters letters, JobLock.Held lock, String organization) {
    this.jobs = jobs;
    this.archives = archives;
    this.letters = letters;
    this.lock = lock;
    this.organization = organization;
    rows = new ErasedRows(jobs, organization);
  }

  /** A fresh one each time: nobody can compute it from what it stands for. */
  private static String pseudonym() {
    return PREFIX + random(PSEUDONYM_BYTES);
  }

  private static String random(int length) {
    var bytes = new byte[length];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /** Ends what killed processes began, in the archives and in the letters of this instance. */
  static void settle(Jobs jobs, Archives archives, Letters letters, JobLock.Held lock)
      throws Exception {
    archives.deleteParts();
    var ofLetters = Set.copyOf(letters.pending());
    var tokens = new TreeSet<>(archives.pending());
    tokens.addAll(ofLetters);
    for (String token : tokens) {
      boolean happened = lock.step(connection -> jobs.lock(NOTE + token).exists(connection));
      archives.settle(token, happened, lock);
      letters.settle(token, happened, null);
      if (happened && ofLetters.contains(token)) {
        forget(token, jobs, lock);
      }
    }
  }

  private static void forget(String token, Jobs jobs, JobLock.Held lock) throws Exception {
    lock.step(
        connection ->
            jobs.update(
                connection,
                "DELETE FROM " + jobs.tables().jobLock() + " WHERE name = ?",
                NOTE + token));
  }

  void user(String user) throws Exception {
    String fresh = pseudonym();
    Map<String, String> sessions = new HashMap<>();
    List<Path> files = archives.of(organization);
    forEachOutside(
        files,
        event -> {
          Attribution who = event.attribution();
          if (user.equals(who.user()) && who.session() != null) {
            sessions.computeIfAbsent(who.session(), s -> pseudonym());
          }
        });
    lock.step(connection -> rows.sessions(connection, user))
        .forEach(session -> sessions.computeIfAbsent(session, s -> pseudonym()));
    change(
        files,
        organization,
        user,
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
          rows.sessions(connection, user)
              .forEach(session -> sessions.computeIfAbsent(session, s -> pseudonym()));
          rows.rename(connection, "user_id", LabelKey.USER, user, fresh);
          rows.renameSessions(connection, sessions);
          return true;
        });
  }

  void customer(String customer) throws Exception {
    String fresh = pseudonym();
    change(
        archives.of(organization),
        organization,
        customer,
        event -> {
          Attribution who = event.attribution();
          return customer.equals(who.customer()) ? cleared(event, who.customer(fresh)) : event;
        },
        connection -> {
          rows.rename(connection, "customer_id", LabelKey.CUSTOMER, customer, fresh);
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
        organization,
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
          rows.renameSessions(connection, sessions);
          rows.renameOrganization(connection, fresh);
          return true;
        });
  }

  private interface Reader {
    void read(UsageEvent event);
  }

  /** The events of the organization in archives and dead letters. */
  private void forEachOutside(List<Path> files, Reader reader) throws Exception {
    for (Path file : files) {
      Archives.forEach(file, entry -> reader.read(entry.event()));
      lock.renew();
    }
    letters.forEach(organization, reader::read);
  }

  /** Those in rows, archives and dead letters that are no pseudonyms. */
  private Set<String> named(String column, Function<Attribution, @Nullable String> id)
      throws Exception {
    var names = new TreeSet<String>();
    names.addAll(lock.step(connection -> rows.inCalls(connection, column)));
    if (!column.equals("session_id")) {
      names.addAll(lock.step(connection -> rows.inRollups(connection, column)));
      Subject subject = column.equals("user_id") ? Subject.USER : Subject.CUSTOMER;
      names.addAll(
          lock.step(connection -> new ErasedLimits(jobs, connection).named(subject, organization)));
    }
    forEachOutside(
        archives.of(organization),
        event -> {
          String name = id.apply(event.attribution());
          if (name != null) {
            names.add(name);
          }
        });
    return names.stream()
        .filter(name -> !PSEUDONYM.matcher(name).matches())
        .collect(Collectors.toSet());
  }

  /**
   * @param afterwards what the organization is called then
   * @param name what an unreadable letter is removed for
   * @param ofEvent changes an event of the organization; returns the same object if it need not
   */
  private void change(
      List<Path> files,
      String afterwards,
      String name,
      UnaryOperator<UsageEvent> ofEvent,
      Transactions.Work<Boolean> inDatabase)
      throws Exception {
    String token = random(8);
    var ofLetter = new LetterFile.Change(organization, name, ofEvent);
    letters.hold();
    try {
      archives.prepareChange(token, files, afterwards.isEmpty() ? null : afterwards, ofEvent, lock);
      letters.prepare(token, ofLetter);
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
      archives.settle(token, true, lock);
      letters.settle(token, true, ofLetter);
    } finally {
      letters.release();
    }
    forget(token, jobs, lock);
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
}
