package io.github.usage4j.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.internal.EventFile;
import io.github.usage4j.internal.EventFileWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The archives of deleted events: one file for each organization and month, named by the month and
 * a hash, because a name may be personal and need not be a file name. Used under the lock of
 * maintenance only.
 */
final class Archives {

  private static final String SUFFIX = ".jsonl.gz";
  private static final String ERASED = ".erased-";

  /** Files of this name only: the directory may have others of the host. */
  private static final Pattern PART =
      Pattern.compile(
          "\\d{4}-\\d{2}_[0-9a-f]{32}"
              + Pattern.quote(SUFFIX)
              + "(?:"
              + Pattern.quote(ERASED)
              + "[0-9a-f]+)?"
              + Pattern.quote(EventFileWriter.PART));

  /** How many events are written until the lock is renewed; in much less than it lasts. */
  private static final int EVENTS_BETWEEN_RENEWALS = 100_000;

  private final @Nullable Path directory;

  /**
   * @param directory null if there are none, and must be none
   */
  Archives(@Nullable Path directory) {
    this.directory = directory;
  }

  /**
   * Where an archive is.
   *
   * @param organization "" is unattributed
   * @param month its first day
   */
  Path file(String organization, LocalDate month) {
    return required().resolve(month.toString().substring(0, 7) + "_" + hash(organization) + SUFFIX);
  }

  private Path required() {
    if (directory == null) {
      throw new UsageException(
          "the store must know where archives are; set archives(directory) when it is opened",
          null);
    }
    return directory;
  }

  /**
   * Where nothing was ever deleted there is no archive, and none needs to be found.
   *
   * @throws UsageException if they are needed, or may be, and nobody said where they are
   */
  void requireNeeded(String verb, boolean always, Jobs jobs) throws SQLException {
    if (directory != null) {
      return;
    }
    var horizon = new Horizon(jobs.dialect(), jobs.tables());
    boolean needed =
        always
            || jobs.transactions()
                .run(
                    connection -> {
                      Horizon.Positions past = horizon.after(connection, Horizon.NONE);
                      return past.everywhere().isAfter(Horizon.NONE)
                          || !past.organizations().isEmpty();
                    });
    if (needed) {
      throw new UsageException(
          "cannot "
              + verb
              + ": the store must know where archives are; set archives(directory) when it is opened",
          null);
    }
  }

  private static String hash(String organization) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(organization.getBytes(UTF_8));
      return HexFormat.of().formatHex(hash, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  static EventFile.Header header(String organization, LocalDate month) {
    return new EventFile.Header(
        organization.isEmpty() ? null : organization,
        start(month),
        start(Grain.MONTH.end(month)),
        null);
  }

  static Instant start(LocalDate day) {
    return day.atStartOfDay(ZoneOffset.UTC).toInstant();
  }

  /** The archives of one organization. */
  List<Path> of(String organization) {
    return list(name -> name.endsWith("_" + hash(organization) + SUFFIX));
  }

  private List<Path> list(Predicate<String> names) {
    if (directory == null || !Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> names.test(String.valueOf(file.getFileName()))).sorted().toList();
    } catch (IOException e) {
      throw new UsageException("cannot list the archives in " + directory, e);
    }
  }

  /** What is done with each event of an archive. */
  interface Reader {
    void read(EventFile.Entry entry) throws Exception;
  }

  /** Reads an archive that was found to be whole. */
  static void forEach(Path file, Reader reader) throws Exception {
    try (EventFile.Cursor cursor = new EventFile(file).open()) {
      for (EventFile.Entry entry = cursor.next(); entry != null; entry = cursor.next()) {
        reader.read(entry);
      }
    }
  }

  /**
   * Writes the changed form of an organization's archives beside them, to be put in their place by
   * {@link #settle}.
   *
   * @param organization what it is called afterwards; null is unattributed
   * @param lock of maintenance, renewed while files are written
   */
  void prepareChange(
      String token,
      List<Path> files,
      @Nullable String organization,
      UnaryOperator<UsageEvent> change,
      JobLock.Held lock)
      throws Exception {
    var written = new int[1];
    for (Path file : files) {
      EventFile.Header old = new EventFile(file).verify();
      var header = new EventFile.Header(organization, old.from(), old.to(), old.count());
      try (var writer =
          new EventFileWriter(file.resolveSibling(file.getFileName() + ERASED + token), header)) {
        forEach(
            file,
            entry -> {
              writer.write(change.apply(entry.event()), entry.recordedAt());
              if (++written[0] % EVENTS_BETWEEN_RENEWALS == 0) {
                lock.renew();
              }
            });
        lock.renew();
        writer.commit();
      }
    }
  }

  /** The tokens of changes that were prepared and not put in place, by a process that died. */
  List<String> pending() {
    var tokens = new ArrayList<String>();
    for (Path file : list(name -> name.contains(ERASED) && !PART.matcher(name).matches())) {
      String name = String.valueOf(file.getFileName());
      String token = name.substring(name.indexOf(ERASED) + ERASED.length());
      if (!tokens.contains(token)) {
        tokens.add(token);
      }
    }
    return tokens;
  }

  /** Deletes what killed processes were writing, which may be what has to be erased. */
  void deleteParts() throws IOException {
    for (Path part : list(name -> PART.matcher(name).matches())) {
      Files.deleteIfExists(part);
    }
  }

  /**
   * Ends a change.
   *
   * @param happened whether the database was changed; else the files are forgotten
   * @param lock of maintenance, renewed before each file is put in place: reading what is in it may
   *     take long, and whoever took over does the same
   */
  void settle(String token, boolean happened, JobLock.Held lock) throws IOException, SQLException {
    for (Path changed : list(name -> name.endsWith(ERASED + token))) {
      if (!happened) {
        Files.delete(changed);
        continue;
      }
      String name = String.valueOf(changed.getFileName());
      Path old = required().resolve(name.substring(0, name.indexOf(ERASED)));
      EventFile.Header header = new EventFile(changed).verify();
      Path target = file(organization(header.organization()), month(header));
      lock.renew();
      if (!target.equals(old)) {
        Files.deleteIfExists(old); // first: the new one tells that this is not done yet
      }
      Files.move(
          changed, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
    if (directory != null && Files.isDirectory(directory)) {
      EventFileWriter.forceDirectory(directory);
    }
  }

  private static String organization(@Nullable String name) {
    return name == null ? "" : name;
  }

  private static LocalDate month(EventFile.Header header) {
    Instant from = header.from();
    if (from == null) {
      throw new UsageException("an archive must state its month", null);
    }
    return LocalDate.ofInstant(from, ZoneOffset.UTC);
  }
}
