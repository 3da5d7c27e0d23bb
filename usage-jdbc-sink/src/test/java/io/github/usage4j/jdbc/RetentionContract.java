package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.backfill.ImportSource;
import io.github.usage4j.backfill.UsageImport;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageArchive;
import io.github.usage4j.sink.UsageEvents;
import io.github.usage4j.sink.UsageSink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Deleting, archiving, bringing back and erasing, on every database. */
abstract class RetentionContract {

  private static final UsageFilter ALL = UsageFilter.allOrganizations();
  private static final BillingPeriod EVER = BillingPeriod.lifetime();

  /** The events lie in October, November and early December 2026. */
  private static final Instant NOW = Instant.parse("2027-04-15T12:00:00Z");

  private static final Instant DECEMBER = Instant.parse("2026-12-01T00:00:00Z");
  private static final Instant JANUARY = Instant.parse("2027-01-01T00:00:00Z");

  @TempDir Path directory;

  private FaultyDataSource dataSource;
  private JdbcUsageStore store;
  private List<UsageEvent> events;

  abstract DataSource newDatabase() throws Exception;

  @BeforeEach
  void open() throws Exception {
    dataSource = new FaultyDataSource(newDatabase());
    store = JdbcUsageStore.builder(dataSource).clock(() -> NOW).archives(directory).open();
    events =
        UsageEvents.random(11, 3_000).stream()
            .map(
                event ->
                    event.toBuilder()
                        .attribution(
                            event.attribution().tag("who", "tag of " + event.attribution().user()))
                        .metadata("{\"of\":\"" + event.attribution().user() + "\"}")
                        .build())
            .toList();
    store.write(events);
  }

  private UsageMaintenance maintenance() {
    return store.maintenance();
  }

  private Map<Dimension, List<UsageSummary>> totals() {
    var totals = new TreeMap<Dimension, List<UsageSummary>>();
    for (Dimension dimension : Dimension.values()) {
      // Labels are shown as long as they are known; they are no part of the totals.
      totals.put(
          dimension,
          store.queries().by(ALL, EVER, dimension).stream()
              .map(row -> row.forRow(row.keys(), Map.of()))
              .toList());
    }
    return totals;
  }

  private long rows(String table) throws SQLException {
    return Long.parseLong(texts("SELECT COUNT(*) FROM usage_" + table).get(0));
  }

  private List<String> texts(String sql) throws SQLException {
    var texts = new ArrayList<String>();
    try (Connection connection = dataSource.getConnection();
        var statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      while (row.next()) {
        texts.add(row.getString(1));
      }
    }
    return texts;
  }

  private long before(Instant end) {
    return events.stream().filter(e -> e.occurredAt().isBefore(end)).count();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  @Test
  void deleteEventsBefore_totalsStay_andArchivesHaveTheRest() throws Exception {
    Map<Dimension, List<UsageSummary>> totals = totals();

    long deleted = maintenance().deleteEventsBefore(DECEMBER.plusSeconds(1));

    assertThat(deleted).isEqualTo(before(DECEMBER));
    assertThat(rows("event")).isEqualTo(events.size() - deleted);
    assertThat(totals()).isEqualTo(totals);
    assertThat(maintenance().verify(EVER)).isEmpty();
    assertThat(maintenance().deleteEventsBefore(DECEMBER)).isZero();
    var memory = new InMemoryUsageStore();
    for (Path file : files()) {
      UsageArchive.open(file).restore(memory);
    }
    assertThat(memory.queries().total(ALL, EVER).calls())
        .isEqualTo(store.queries().total(ALL, BillingPeriod.of(Instant.EPOCH, DECEMBER)).calls());
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> maintenance().rebuild(BillingPeriod.month(2026, 11)))
        .withMessageContaining("raw horizon");
    assertThat(rows("job_lock")).isZero();
  }

  @Test
  void deleteEventsBefore_redeliveredEvents_changeNothing() throws Exception {
    maintenance().deleteEventsBefore(JANUARY);
    Map<Dimension, List<UsageSummary>> totals = totals();
    var behind = new ArrayList<UsageEvent>();

    store.write(
        events.subList(0, 1_000),
        new UsageSink.Report() {
          @Override
          public void behindHorizon(UsageEvent event) {
            behind.add(event);
          }
        });

    assertThat(behind).hasSize(1_000);
    assertThat(totals()).isEqualTo(totals);
    Path file =
        Files.writeString(
            directory.resolve("old.jsonl"),
            "{\"id\":1,\"provider\":\"p\",\"model\":\"m\",\"organization\":\"acme\",\"time\":\"2026-11-03T00:00:00Z\"}");
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> UsageImport.from("x").run(ImportSource.jsonLines(file), store))
        .withMessageContaining(
            "old.jsonl, line 1: 2026-11-03T00:00:00Z lies before the raw horizon");
  }

  @Test
  void deleteEventsBefore_whatMayStillBeBilled_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> maintenance().deleteEventsBefore(JANUARY.plusNanos(1_000)))
        .withMessageContaining("at most 2027-01-01T00:00:00Z");
    var withoutArchives = JdbcUsageStore.builder(dataSource).clock(() -> NOW).open();
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> withoutArchives.maintenance().deleteEventsBefore(DECEMBER))
        .withMessageContaining("archives(directory)");
  }

  @Test
  void deleteEventsBefore_monthClose_keepsPercentilesAndConversations() throws Exception {
    maintenance().deleteEventsBefore(JANUARY);

    var durations =
        events.stream()
            .filter(e -> "acme".equals(e.attribution().organization()))
            .filter(e -> e.utcDay().getMonthValue() == 11)
            .filter(e -> e.outcome() == UsageEvent.Outcome.SUCCESS)
            .map(e -> e.duration().toNanos() / 1_000)
            .sorted()
            .toList();
    String where =
        " FROM usage_month_close WHERE grain = 'O' AND organization = 'acme' AND starts_on ="
            + " DATE '2026-11-01'";
    int n = durations.size();
    assertThat(texts("SELECT p50_us" + where))
        .containsExactly("" + durations.get((n * 50 + 99) / 100 - 1));
    assertThat(texts("SELECT p95_us" + where))
        .containsExactly("" + durations.get((n * 95 + 99) / 100 - 1));
    assertThat(texts("SELECT succeeded" + where)).containsExactly("" + n);
    assertThat(texts("SELECT conversations" + where)).containsExactly("1");
    assertThat(
            texts(
                "SELECT COUNT(*) FROM usage_month_close WHERE grain = 'U' AND organization ="
                    + " 'acme' AND starts_on = DATE '2026-11-01'"))
        .containsExactly("6");
  }

  /** Killed before each commit in turn, and started again. */
  @Test
  void deleteEventsBefore_killedAnywhere_isExactAfterTheNextRun() throws Exception {
    Map<Dimension, List<UsageSummary>> totals = totals();
    int kills = 0;
    for (int kill = 2; ; kill += 5) {
      var left = new AtomicInteger(kill);
      dataSource.fault =
          (connection, method, arguments) -> {
            if (method.equals("commit") && left.decrementAndGet() <= 0) {
              throw new SQLException("killed", "08006");
            }
          };
      try {
        maintenance().deleteEventsBefore(JANUARY);
        break;
      } catch (UsageException killed) {
        kills++;
      } finally {
        dataSource.fault = FaultyDataSource.NONE;
        Databases.execute(dataSource, "DELETE FROM usage_job_lock"); // as if it had expired
      }
    }
    assertThat(kills).isGreaterThan(3);
    assertThat(rows("event")).isZero();
    assertThat(totals()).isEqualTo(totals);
    long archived = 0;
    for (Path file : files()) {
      archived += UsageArchive.open(file).count();
    }
    assertThat(archived).isEqualTo(events.size());
  }

  @Test
  void restoreEvents_isExact_andLaterDeletedAgain() throws Exception {
    List<String> recorded = texts("SELECT recorded_at FROM usage_event");
    Map<Dimension, List<UsageSummary>> totals = totals();
    Set<String> before = new HashSet<>(stored());
    maintenance().deleteEventsBefore(JANUARY);

    long restored = 0;
    for (String organization : new String[] {null, "acme", "Acme", "o'neil"}) {
      restored += maintenance().restoreEvents(organization, YearMonth.of(2026, 10));
      assertThat(maintenance().restoreEvents(organization, YearMonth.of(2026, 10))).isZero();
    }

    assertThat(restored).isEqualTo(events.size());
    assertThat(new HashSet<>(stored())).isEqualTo(before);
    assertThat(texts("SELECT recorded_at FROM usage_event")).isEqualTo(recorded);
    assertThat(maintenance().verify(EVER)).isEmpty();
    assertThat(totals()).isEqualTo(totals);
    assertThat(rows("month_close")).isZero();
    // Late calls are taken again, and go the same way with the next retention.
    store.write(UsageEvents.random(99, 100));
    assertThat(maintenance().verify(EVER)).isEmpty();
    totals = totals();
    maintenance().deleteEventsBefore(JANUARY);
    assertThat(totals()).isEqualTo(totals);
    long archived = 0;
    for (Path file : files()) {
      archived += UsageArchive.open(file).count();
    }
    assertThat(archived)
        .isEqualTo(
            store.queries().total(ALL, EVER).calls() + store.queries().total(ALL, EVER).refused());
  }

  private List<String> stored() throws SQLException {
    var rows = new ArrayList<String>();
    try (Connection connection = dataSource.getConnection();
        var statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT * FROM usage_event")) {
      while (row.next()) {
        var text = new StringBuilder();
        for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
          text.append(row.getString(i)).append('|');
        }
        rows.add(text.toString());
      }
    }
    return rows;
  }

  /** As many as a page and as a step has, and more; many of one instant, which ids tell apart. */
  @Test
  void deleteAndRestore_moreThanAPageOfOneOrganization_withTags() throws Exception {
    var many = new ArrayList<UsageEvent>();
    Instant at = Instant.parse("2026-10-07T07:07:07.777777Z");
    for (int i = 0; i < 2 * MonthRows.PAGE + 500; i++) {
      many.add(
          UsageEvents.chatAt(i < 1_500 ? at : at.plusNanos(i * 1_000L))
              .attribution(
                  Attribution.organization("many").user("u" + i % 7).tag("k" + i % 3, "v" + i))
              .build());
    }
    store.write(many);
    List<String> tags = tags();
    assertThat(tags).hasSizeGreaterThan(many.size());
    long before = rows("event");

    maintenance().deleteEventsBefore(JANUARY);
    assertThat(rows("event_tag")).isZero();
    for (String organization : new String[] {null, "acme", "Acme", "o'neil", "many"}) {
      maintenance().restoreEvents(organization, YearMonth.of(2026, 10));
    }

    assertThat(rows("event")).isEqualTo(before);
    assertThat(tags()).isEqualTo(tags);
    var byTag = UsageFilter.organization("many").tag("k1", "v1");
    assertThat(store.queries().total(byTag, BillingPeriod.month(2026, 10)).calls()).isEqualTo(1);
    assertThat(maintenance().verify(EVER)).isEmpty();
  }

  private List<String> tags() throws SQLException {
    return texts(
        "SELECT CONCAT(event_id, ' ', tag_key, ' ', tag_value, ' ', occurred_at)"
            + " FROM usage_event_tag ORDER BY event_id, tag_key");
  }

  @Test
  void restoreEvents_archiveMissingOrTorn_isRefused() throws Exception {
    maintenance().deleteEventsBefore(JANUARY);
    Path november = new Archives(directory).file("acme", YearMonth.of(2026, 11).atDay(1));
    byte[] whole = Files.readAllBytes(november);
    Files.write(november, java.util.Arrays.copyOf(whole, whole.length - 20));
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> maintenance().restoreEvents("acme", YearMonth.of(2026, 11)))
        .withMessageContaining("torn");
    Files.delete(november);
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> maintenance().restoreEvents("acme", YearMonth.of(2026, 11)))
        .withMessageContaining("is missing");
    assertThat(maintenance().verify(EVER)).isEmpty();
  }

  /** Every text of every table and archive. */
  private String everything() throws Exception {
    var all = new StringBuilder();
    for (String table :
        List.of(
            "event",
            "event_tag",
            "rollup",
            "organization_rollup",
            "label",
            "month_close",
            "horizon",
            "job_lock",
            "limit",
            "limit_change",
            "limit_state",
            "limit_grant",
            "alert",
            "billing_period",
            "credit",
            "credit_account",
            "credit_lot",
            "import")) {
      try (Connection connection = dataSource.getConnection();
          var statement = connection.createStatement();
          ResultSet row = statement.executeQuery("SELECT * FROM usage_" + table)) {
        while (row.next()) {
          for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
            all.append(row.getString(i)).append('\n');
          }
        }
      }
    }
    for (Path file : files()) {
      all.append(file).append('\n');
      try (var in = new GZIPInputStream(Files.newInputStream(file))) {
        all.append(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    return all.toString();
  }

  private void writeSecret() throws Exception {
    for (String at :
        List.of("2026-10-30T10:00:00Z", "2026-12-05T10:00:00Z", "2027-04-02T00:00:00Z")) {
      store.write(
          List.of(
              UsageEvents.chatAt(Instant.parse(at))
                  .attribution(
                      Attribution.organization("acme")
                          .user("secret-user", "Secret Label")
                          .customer("secret-customer", "Secret Customer")
                          .session("secret-session")
                          .tag("t", "secret-tag"))
                  .metadata("{\"x\":\"secret-meta\"}")
                  .errorMessage("secret-error")
                  .credentialId("secret-key")
                  .build()));
    }
  }

  private record Shape(List<Object> byUser, int users, UsageSummary total) {}

  /** Of what calls have beside figures, what an erasure must not touch: no person is in it. */
  private List<String> conditions() throws SQLException {
    return texts("SELECT conditions FROM usage_event ORDER BY id");
  }

  /** What must not change: figures without names. */
  private Shape shape() {
    List<UsageSummary> users =
        store.queries().by(UsageFilter.organization("acme"), EVER, Dimension.USER);
    List<Object> figures = new ArrayList<>();
    users.forEach(u -> figures.add(List.of(u.calls(), u.tokens(), u.costs())));
    figures.sort(java.util.Comparator.comparing(Object::toString));
    return new Shape(
        figures, users.size(), store.queries().total(UsageFilter.organization("acme"), EVER));
  }

  @Test
  void eraseThree_nothingOfThemIsLeft_andFiguresStay() throws Exception {
    writeSecret();
    maintenance().deleteEventsBefore(DECEMBER);
    Shape before = shape();
    List<String> conditions = conditions();
    assertThat(conditions).anyMatch(text -> text != null && text.contains("\"fast\""));
    assertThat(everything())
        .contains("secret-user", "Secret Label", "secret-session", "secret-meta");

    maintenance().eraseUser("acme", "secret-user");
    maintenance().eraseCustomer("acme", "secret-customer");
    maintenance().eraseUser("acme", "bob");

    assertThat(conditions()).isEqualTo(conditions);

    assertThat(everything())
        .doesNotContainIgnoringCase("secret")
        .doesNotContain("Label of acme/bob");
    assertThat(shape()).isEqualTo(before);
    assertThat(maintenance().verify(EVER)).isEmpty();
    assertThat(maintenance().restoreEvents("acme", YearMonth.of(2026, 10))).isPositive();
    assertThat(maintenance().verify(EVER)).isEmpty();
    assertThat(shape()).isEqualTo(before);
    assertThat(everything()).doesNotContainIgnoringCase("secret");
    // Other organizations keep their bob; a late call is one of a new person.
    assertThat(store.queries().total(UsageFilter.organization("Acme").user("bob"), EVER).calls())
        .isPositive();
    store.write(
        List.of(
            UsageEvents.chatAt(Instant.parse("2027-04-01T00:00:00Z"))
                .attribution(Attribution.organization("acme").user("bob"))
                .build()));
    assertThat(shape().users()).isEqualTo(before.users() + 1);
    assertThat(rows("job_lock")).isZero();
  }

  @Test
  void eraseOrganization_nothingOfItIsLeft_andFiguresStay() throws Exception {
    writeSecret();
    maintenance().deleteEventsBefore(DECEMBER);
    UsageSummary total = store.queries().total(ALL, EVER);
    Shape before = shape();
    int organizations = store.queries().by(ALL, EVER, Dimension.ORGANIZATION).size();

    maintenance().eraseOrganization("acme");

    assertThat(everything())
        .doesNotContainIgnoringCase("secret")
        .doesNotContain("Label of acme/", "acme\n", "\"acme\"");
    assertThat(store.queries().total(ALL, EVER)).isEqualTo(total);
    List<UsageSummary> rows = store.queries().by(ALL, EVER, Dimension.ORGANIZATION);
    assertThat(rows).hasSize(organizations);
    String fresh =
        rows.stream()
            .map(row -> row.key(Dimension.ORGANIZATION))
            .filter(name -> name.startsWith(Erasure.PREFIX))
            .findFirst()
            .orElseThrow();
    assertThat(store.queries().by(UsageFilter.organization(fresh), EVER, Dimension.USER))
        .hasSize(before.users());
    assertThat(maintenance().verify(EVER)).isEmpty();
    maintenance().restoreEvents(fresh, YearMonth.of(2026, 10));
    assertThat(maintenance().verify(EVER)).isEmpty();
    assertThat(store.queries().total(ALL, EVER)).isEqualTo(total);
  }

  /**
   * Killed before each commit in turn: archives and rows have the same names, or the same after.
   */
  @Test
  void eraseUser_killedAnywhere_isWholeAfterTheNextRun() throws Exception {
    writeSecret();
    maintenance().deleteEventsBefore(DECEMBER);
    Shape before = shape();
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
        maintenance().eraseUser("acme", "secret-user");
        break;
      } catch (UsageException killed) {
        kills++;
      } finally {
        dataSource.fault = FaultyDataSource.NONE;
        Databases.execute(dataSource, "DELETE FROM usage_job_lock WHERE name = 'maintenance'");
      }
    }
    maintenance().eraseCustomer("acme", "secret-customer");
    assertThat(kills).isGreaterThan(2);
    assertThat(everything()).doesNotContainIgnoringCase("secret");
    assertThat(files()).allMatch(file -> file.toString().endsWith(".jsonl.gz"));
    maintenance().restoreEvents("acme", YearMonth.of(2026, 10));
    assertThat(maintenance().verify(EVER)).isEmpty();
    assertThat(shape()).isEqualTo(before);
  }
}
