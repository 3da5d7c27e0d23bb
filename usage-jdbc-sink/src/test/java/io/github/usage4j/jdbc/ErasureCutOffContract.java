package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.internal.LetterLine;
import io.github.usage4j.sink.DeadLetters;
import io.github.usage4j.sink.UsageEvents;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two instances with one database and one directory of archives, each with its own letters. */
abstract class ErasureCutOffContract {

  private static final Attribution ADA = Attribution.organization("acme").user("ada");
  private static final Instant DECEMBER = Instant.parse("2026-12-01T00:00:00Z");

  @TempDir Path temp;

  private FaultyDataSource dataSource;
  private Instant now = Instant.parse("2027-04-15T12:00:00Z");

  abstract DataSource newDatabase() throws Exception;

  @BeforeEach
  void fill() throws Exception {
    dataSource = new FaultyDataSource(newDatabase());
    store("a")
        .write(
            Stream.of("2026-09-05", "2026-10-05", "2026-11-05", "2027-04-02")
                .map(day -> call(ADA, day))
                .toList());
    store("a").maintenance().deleteEventsBefore(DECEMBER);
    assertThat(archives()).hasSize(3);
    for (String instance : List.of("a", "b")) {
      add(instance, ADA);
    }
  }

  private static UsageEvent call(Attribution who, String day) {
    return UsageEvents.chatAt(Instant.parse(day + "T10:00:00Z")).attribution(who).build();
  }

  private void add(String instance, Attribution who) throws IOException {
    var letter = new LetterLine(call(who, "2027-04-03"), DropReason.REJECTED, now, "");
    Files.createDirectories(letters(instance).getParent());
    Files.write(
        letters(instance), letter.bytes(), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    Files.writeString(letters(instance), "\n", StandardOpenOption.APPEND);
  }

  private JdbcUsageStore store(String instance) {
    return JdbcUsageStore.builder(dataSource)
        .clock(() -> now)
        .archives(temp.resolve("archives"))
        .deadLetters(letters(instance))
        .open();
  }

  private Path letters(String instance) {
    return temp.resolve(instance).resolve(DeadLetters.FILE_NAME);
  }

  private List<Path> archives() throws IOException {
    try (Stream<Path> files = Files.list(temp.resolve("archives"))) {
      return files.sorted().toList();
    }
  }

  private List<String> usersOf(String instance) {
    var users = new ArrayList<String>();
    DeadLetters.in(letters(instance)).forEach(l -> users.add(l.event().attribution().user()));
    return users;
  }

  private List<String> usersOfArchives() throws Exception {
    var users = new ArrayList<String>();
    for (Path file : archives()) {
      Archives.forEach(file, entry -> users.add(entry.event().attribution().user()));
    }
    return users;
  }

  private List<String> notes() throws SQLException {
    var notes = new ArrayList<String>();
    try (Connection connection = dataSource.delegate().getConnection();
        var statement = connection.createStatement();
        var row = statement.executeQuery("SELECT name FROM usage_job_lock")) {
      while (row.next()) {
        notes.add(row.getString(1));
      }
    }
    return notes;
  }

  private interface Harm {
    void to(Connection connection) throws SQLException;
  }

  /** At the commit that changes the rows; what comes after it fails, if the harm throws. */
  private void atTheChange(Harm harm) {
    var changing = new AtomicBoolean();
    var dead = new AtomicBoolean();
    dataSource.fault =
        (connection, method, arguments) -> {
          if (method.equals("prepareStatement")
              && arguments[0].toString().startsWith("UPDATE usage_event SET user_id")) {
            changing.set(true);
          }
          if (method.equals("commit") && dead.get()) {
            throw new SQLException("killed", "08006");
          }
          if (method.equals("commit") && changing.getAndSet(false)) {
            dead.set(true);
            harm.to(connection);
            dead.set(false);
          }
        };
  }

  /** Erases, and dies when the rows are changed and nothing else is. */
  private void eraseAndDie(String instance) {
    atTheChange(
        connection -> {
          connection.commit();
          throw new SQLException("killed", "08006");
        });
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> store(instance).maintenance().eraseUser("acme", "ada"));
    dataSource.fault = FaultyDataSource.NONE;
    now = now.plus(JobLock.TIME).plusSeconds(1);
  }

  @Test
  void eraseUser_cutOff_isEndedAlsoAfterAnotherInstanceWasThere() throws Exception {
    eraseAndDie("a");
    assertThat(usersOf("a")).containsExactly("ada");

    store("b").maintenance().eraseUser("acme", "nobody");
    assertThat(usersOfArchives()).hasSize(3).noneMatch("ada"::equals);
    store("b").maintenance().deleteEventsBefore(DECEMBER);
    now = now.plusSeconds(400L * 86_400);
    store("a").maintenance().eraseCustomer("acme", "nobody");

    assertThat(usersOf("a"))
        .singleElement()
        .isEqualTo(usersOfArchives().get(0))
        .satisfies(user -> assertThat(user).startsWith(Erasure.PREFIX));
    assertThat(usersOf("b")).containsExactly("ada"); // it never erased
    assertThat(notes()).isEmpty();
  }

  /** What a letter added after the cut is about is known to nobody: it is a late call. */
  @Test
  void eraseUser_cutOff_laterLettersAreErasedWhenItIsCalledAgain() throws Exception {
    eraseAndDie("a");
    add("a", ADA);
    add("a", ADA.user("bob"));

    store("a").maintenance().eraseUser("acme", "ada");

    assertThat(usersOf("a")).hasSize(3).contains("bob").noneMatch("ada"::equals);
    assertThat(notes()).isEmpty();
  }

  /** The lock is renewed while files are put in place, so that nobody else does it meanwhile. */
  @Test
  void eraseUser_overtakenBeforeTheFilesAreInPlace_leavesThemToTheOther() throws Exception {
    atTheChange(
        connection -> {
          connection.commit();
          dataSource.fault = FaultyDataSource.NONE;
          now = now.plus(JobLock.TIME).plusSeconds(1);
          store("b").jobs().lock("maintenance").take();
        });

    assertThatThrownBy(() -> store("a").maintenance().eraseUser("acme", "ada"))
        .hasMessageContaining("taken over");

    assertThat(archives()).filteredOn(file -> file.toString().contains(".erased-")).hasSize(3);
    now = now.plus(JobLock.TIME).plusSeconds(1);
    store("b").maintenance().eraseUser("acme", "ada");
    store("a").maintenance().eraseCustomer("acme", "nobody");
    assertThat(usersOfArchives()).hasSize(3).noneMatch("ada"::equals);
    assertThat(usersOf("a")).noneMatch("ada"::equals);
    assertThat(usersOf("b")).noneMatch("ada"::equals);
    assertThat(notes()).isEmpty();
  }

  @Test
  void eraseUser_manyArchives_renewsTheLockForEach() {
    var renewed = new AtomicInteger();
    var before = new AtomicInteger();
    dataSource.fault =
        (connection, method, arguments) -> {
          if (method.equals("prepareStatement")) {
            String sql = arguments[0].toString();
            if (sql.startsWith("UPDATE usage_event SET user_id")) {
              before.set(renewed.getAndSet(0));
            } else if (sql.startsWith("UPDATE usage_job_lock SET expires_at")) {
              renewed.incrementAndGet();
            }
          }
        };

    store("a").maintenance().eraseUser("acme", "ada");

    assertThat(before.get()).isGreaterThan(3);
    assertThat(renewed.get()).isGreaterThanOrEqualTo(3);
  }

  @Test
  void eraseUser_partsOfKilledProcesses_areGone() throws Exception {
    Path whole = archives().get(0);
    Path notOurs = Files.writeString(temp.resolve("archives").resolve("notes.part"), "ada");
    for (String suffix : List.of(".part", ".erased-0123456789abcdef.part")) {
      Files.writeString(whole.resolveSibling(whole.getFileName() + suffix), "ada");
    }

    store("b").maintenance().eraseCustomer("acme", "nobody");

    assertThat(archives()).hasSize(4).contains(whole, notOurs);
  }
}
