package io.github.usage4j.jdbc;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.sink.DeadLetters;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.sink.UsageEvents;
import io.github.usage4j.sink.UsageSink;
import io.github.usage4j.track.UsageTracker;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * After an erasure the names and labels of who was erased occur as bytes in no dump of the
 * database, archive, spool or dead letter.
 */
@Timeout(120)
abstract class ErasedFilesContract {

  private static final Instant NOW = Instant.parse("2027-04-15T12:00:00Z");
  private static final Instant DECEMBER = Instant.parse("2026-12-01T00:00:00Z");
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final BillingPeriod EVER = BillingPeriod.lifetime();
  private static final UsageFilter ACME = UsageFilter.organization("acme");

  private static final String USER = "gehe\u00efm-\u00dcser-\uD83E\uDD8A";
  private static final String USER_LABEL =
      "J\u00f6rg \uD83D\uDC69\u200D\uD83D\uDD2C \"Q\" \\ Geheim";
  private static final String CUSTOMER = "kunde-\u00df-\uD83D\uDE00";
  private static final String CUSTOMER_LABEL = "K\u00fcnde G\u00f6heim \uD83D\uDE01";
  private static final String SESSION = "sitz\u00fcng-\uD83D\uDE02";
  private static final List<String> USER_SECRETS =
      List.of(
          USER, USER_LABEL, SESSION, "tag-geheim", "meta-geheim", "fehler-geheim", "key-geheim");
  private static final List<String> CUSTOMER_SECRETS = List.of(CUSTOMER, CUSTOMER_LABEL);

  /** In JSON and in H2's scripts. */
  private static final Pattern ESCAPED =
      Pattern.compile("\\\\(?:([\"\\\\])|u[0-9a-fA-F]{4}|[+][0-9a-fA-F]{6}|[0-9a-fA-F]{4})");

  @TempDir Path temp;

  private final AtomicBoolean refuse = new AtomicBoolean();
  private final AtomicBoolean away = new AtomicBoolean();
  private FaultyDataSource dataSource;
  private JdbcUsageStore store;
  private UsageTracker tracker;

  abstract DataSource newDatabase() throws Exception;

  @BeforeEach
  void open() throws Exception {
    dataSource = new FaultyDataSource(newDatabase());
    store =
        JdbcUsageStore.builder(dataSource)
            .clock(() -> NOW)
            .archives(archives())
            .deadLetters(letters())
            .open();
    tracker =
        UsageTracker.builder(sink())
            .buffer(UsageBuffer.spool(spool()).maxDelay(Duration.ZERO))
            .build();
  }

  @AfterEach
  void close() {
    away.set(false);
    tracker.close();
  }

  /** The store, which refuses what is marked, or is away. */
  private UsageSink sink() {
    return new UsageSink() {
      @Override
      public void write(List<UsageEvent> events) throws Exception {
        write(events, Report.NONE);
      }

      @Override
      public void write(List<UsageEvent> events, Report report) throws Exception {
        if (away.get()) {
          throw new SQLException("away", "08001");
        }
        for (UsageEvent event : events) {
          if (refuse.get() && "refused".equals(event.finishReason())) {
            throw new RejectedException(
                "refused, of " + event.attribution(), new IllegalArgumentException());
          }
        }
        store.write(events, report);
      }
    };
  }

  private Path archives() {
    return temp.resolve("archives");
  }

  private Path spool() {
    return temp.resolve("spool");
  }

  private Path letters() {
    return spool().resolve(DeadLetters.FILE_NAME);
  }

  private static UsageEvent secret(String at) {
    return UsageEvents.chatAt(Instant.parse(at))
        .attribution(
            Attribution.organization("acme")
                .user(USER, USER_LABEL)
                .customer(CUSTOMER, CUSTOMER_LABEL)
                .session(SESSION)
                .tag("t", "tag-geheim"))
        .metadata("{\"x\":\"meta-geheim\"}")
        .errorMessage("fehler-geheim")
        .credentialId("key-geheim")
        .build();
  }

  private static UsageEvent refused(Attribution who) {
    return UsageEvents.chatAt(Instant.parse("2027-03-03T03:03:03Z"))
        .attribution(who)
        .finishReason("refused")
        .build();
  }

  /** Something of the secret in every place; what is refused is a letter. */
  private void fill() throws Exception {
    for (UsageEvent event : UsageEvents.random(11, 300)) {
      tracker.record(event);
    }
    for (String at : List.of("2026-10-30T10:00:00Z", "2026-12-05T10:00:00Z")) {
      tracker.record(secret(at));
    }
    UsageEvent known = secret("2027-04-02T00:00:00Z");
    tracker.record(known);
    assertThat(tracker.flush(LONG)).isTrue();
    store.maintenance().deleteEventsBefore(DECEMBER);
    refuse.set(true);
    tracker.record(known.toBuilder().tokens(TokenCounts.of(999, 1)).build()); // a conflict
    tracker.record(secret("2027-04-03T00:00:00Z").toBuilder().finishReason("refused").build());
    tracker.record(refused(Attribution.organization("acme").user("bob", "Bob").session(SESSION)));
    tracker.record(refused(Attribution.organization("other").user(USER + "-2")));
    tracker.flush(LONG);
    tracker.record(secret("2027-04-04T00:00:00Z"));
  }

  // Searching for bytes

  /** Where something may lie. */
  private enum Place {
    DATABASE,
    ARCHIVE,
    SPOOL,
    LETTERS
  }

  private boolean found(String secret) throws Exception {
    for (Place place : Place.values()) {
      if (found(secret, place)) {
        return true;
      }
    }
    return false;
  }

  /** As it is in UTF-8, or in the way in which JSON or H2 write what is not ASCII. */
  private boolean found(String secret, Place place) throws Exception {
    byte[] bytes = bytes(place);
    return new String(bytes, ISO_8859_1).contains(new String(secret.getBytes(UTF_8), ISO_8859_1))
        || decoded(new String(bytes, UTF_8)).contains(secret);
  }

  private static String decoded(String text) {
    return ESCAPED
        .matcher(text)
        .replaceAll(
            match -> {
              String plain = match.group(1);
              String hex = match.group().replaceAll("^\\\\[u+]?", "");
              return Matcher.quoteReplacement(
                  plain != null ? plain : Character.toString(Integer.parseInt(hex, 16)));
            });
  }

  private byte[] bytes(Place place) throws Exception {
    if (place == Place.DATABASE) {
      return dump().getBytes(UTF_8);
    }
    var all = new ByteArrayOutputStream();
    for (Path file : files()) {
      Place itsPlace =
          file.startsWith(archives())
              ? Place.ARCHIVE
              : file.toString().endsWith(".spool") ? Place.SPOOL : Place.LETTERS;
      if (itsPlace == place) {
        all.write((file.getFileName() + "\n").getBytes(UTF_8));
        if (place == Place.ARCHIVE) {
          try (var in = new GZIPInputStream(Files.newInputStream(file))) {
            in.transferTo(all);
          }
        } else if (!file.endsWith("lock")) {
          all.write(Files.readAllBytes(file));
        }
      }
    }
    return all.toByteArray();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.walk(temp)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  /** Every row of every table, whatever tables there are; on H2 by its own command for it. */
  private String dump() throws SQLException {
    var text = new StringBuilder();
    try (Connection connection = dataSource.delegate().getConnection();
        var statement = connection.createStatement()) {
      if (connection.getMetaData().getDatabaseProductName().equals("H2")) {
        append(text, statement.executeQuery("SCRIPT"));
        return text.toString();
      }
      var tables = new ArrayList<String>();
      try (ResultSet row =
          connection
              .getMetaData()
              .getTables(connection.getCatalog(), null, "usage%", new String[] {"TABLE", "VIEW"})) {
        while (row.next()) {
          tables.add(row.getString("TABLE_NAME"));
        }
      }
      assertThat(tables).contains("usage_event", "usage_label", "usage_month_close");
      for (String table : tables) {
        append(text, statement.executeQuery("SELECT * FROM " + table));
      }
    }
    return text.toString();
  }

  private static void append(StringBuilder text, ResultSet row) throws SQLException {
    while (row.next()) {
      for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
        text.append(row.getString(i)).append('\n');
      }
    }
  }

  private void assertFound(List<String> secrets, boolean expected) throws Exception {
    for (String secret : secrets) {
      assertThat(found(secret)).as(secret).isEqualTo(expected);
    }
  }

  private int users() {
    return store.queries().by(ACME, EVER, Dimension.USER).size();
  }

  private UsageSummary total() {
    return store.queries().total(UsageFilter.allOrganizations(), EVER);
  }

  private List<DeadLetters.Letter> read() {
    var read = new ArrayList<DeadLetters.Letter>();
    DeadLetters.in(letters()).forEach(read::add);
    return read;
  }

  // Tests

  @Test
  void eraseThree_afterAPurge_noByteIsLeftAndFiguresStay() throws Exception {
    fill();
    for (Place place : Place.values()) {
      for (String secret : List.of(USER, SESSION, CUSTOMER)) {
        assertThat(found(secret, place)).as("%s in %s", secret, place).isTrue();
      }
      for (String label : List.of(USER_LABEL, CUSTOMER_LABEL)) {
        assertThat(found(label, place))
            .as("%s in %s", label, place)
            .isEqualTo(place != Place.ARCHIVE);
      }
    }
    assertFound(USER_SECRETS, true);

    assertThat(tracker.purge(LONG)).isTrue();
    int users = users();
    UsageSummary total = total();
    assertThat(read()).hasSize(4);
    store.maintenance().eraseUser("acme", USER);
    assertFound(USER_SECRETS.subList(1, USER_SECRETS.size()), false);
    assertFound(CUSTOMER_SECRETS, true);
    store.maintenance().eraseCustomer("acme", CUSTOMER);
    store.maintenance().eraseUser("other", USER + "-2");

    assertFound(USER_SECRETS, false);
    assertFound(CUSTOMER_SECRETS, false);
    assertThat(users()).isEqualTo(users);
    assertThat(total()).isEqualTo(total);
    assertThat(store.maintenance().verify(EVER)).isEmpty();
    // The letters are of the same person as the rows: delivering them adds nobody.
    List<DeadLetters.Letter> letters = read();
    assertThat(letters).hasSize(4);
    assertThat(letters.get(2).event().attribution().user()).isEqualTo("bob");
    assertThat(letters.get(2).event().attribution().userLabel()).isEqualTo("Bob");
    assertThat(letters.get(2).event().attribution().session())
        .startsWith(Erasure.PREFIX)
        .isEqualTo(letters.get(1).event().attribution().session());
    refuse.set(false);
    assertThat(DeadLetters.in(letters()).replay(sink())).isEqualTo(3); // and one conflict
    assertThat(users()).isEqualTo(users);
    assertThat(total().calls()).isEqualTo(total.calls() + 3);
    assertFound(USER_SECRETS, false);
    assertFound(CUSTOMER_SECRETS, false);
  }

  @Test
  void eraseOrganization_afterAPurge_noByteIsLeftAndNoLetterLost() throws Exception {
    fill();
    tracker.record(
        refused(Attribution.organization("acme").user("only-in-a-letter", "L\u00e4tter")));
    tracker.flush(LONG);
    assertThat(tracker.purge(LONG)).isTrue();
    UsageSummary total = total();
    int before = read().size();

    store.maintenance().eraseOrganization("acme");

    assertFound(
        List.of(USER_LABEL, SESSION, CUSTOMER, CUSTOMER_LABEL, "L\u00e4tter", "only-in-a-letter"),
        false);
    assertFound(List.of("tag-geheim", "meta-geheim", "\"acme\"", "Label of acme/"), false);
    assertThat(total()).isEqualTo(total);
    assertThat(read()).hasSize(before);
    refuse.set(false);
    int organizations =
        store.queries().by(UsageFilter.allOrganizations(), EVER, Dimension.ORGANIZATION).size();
    DeadLetters.in(letters()).replay(sink());
    assertThat(store.queries().by(UsageFilter.allOrganizations(), EVER, Dimension.ORGANIZATION))
        .hasSize(organizations + 1); // that of the letter of the organization "other"
  }

  /** A call under way during the erasure is delivered afterwards, as that of a new person. */
  @Test
  void eraseUser_callThatArrivesLater_isANewPersonAndCanBeErasedAgain() throws Exception {
    fill();
    assertThat(tracker.purge(LONG)).isTrue();
    int users = users();
    away.set(true);
    tracker.record(secret("2027-04-05T00:00:00Z"));
    assertThat(tracker.purge(Duration.ofMillis(1))).isFalse();

    store.maintenance().eraseUser("acme", USER);
    assertThat(users()).isEqualTo(users);
    away.set(false);
    assertThat(tracker.flush(LONG)).isTrue();

    assertThat(users()).isEqualTo(users + 1);
    assertThat(store.queries().total(ACME.user(USER), EVER).calls()).isEqualTo(1);
    assertThat(tracker.purge(LONG)).isTrue();
    store.maintenance().eraseUser("acme", USER);
    store.maintenance().eraseUser("other", USER + "-2");
    assertFound(USER_SECRETS, false);
    assertThat(users()).isEqualTo(users + 1);
    assertThat(store.maintenance().verify(EVER)).isEmpty();
  }

  /** Killed before each commit in turn: letters, archives and rows have the same names after. */
  @Test
  void eraseUser_killedAnywhere_lettersAreOfTheSamePersonAfterTheNextRun() throws Exception {
    fill();
    assertThat(tracker.purge(LONG)).isTrue();
    int users = users();
    int kills = 0;
    for (int kill = 1; ; kill++) {
      var left = new AtomicInteger(kill);
      dataSource.fault =
          (connection, method, arguments) -> {
            if (method.equals("commit") && left.decrementAndGet() <= 0) {
              throw new SQLException("killed", "08006");
            }
          };
      try {
        store.maintenance().eraseUser("acme", USER);
        break;
      } catch (UsageException killed) {
        kills++;
      } finally {
        dataSource.fault = FaultyDataSource.NONE;
        Databases.execute(dataSource, "DELETE FROM usage_job_lock WHERE name = 'maintenance'");
      }
    }
    assertThat(kills).isGreaterThan(2);
    store.maintenance().eraseUser("other", USER + "-2");
    assertFound(USER_SECRETS, false);
    assertThat(files()).noneMatch(file -> file.toString().contains("changed-"));
    refuse.set(false);
    DeadLetters.in(letters()).replay(sink());
    assertThat(users()).isEqualTo(users);
    assertThat(store.maintenance().verify(EVER)).isEmpty();
  }
}
