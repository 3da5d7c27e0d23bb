package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.chatAt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.sink.UsageEvents;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** A partition for each month, and all that PostgreSQL does without them. */
@Timeout(120)
class PostgresPartitionsTest {

  private static final UsageFilter ALL = UsageFilter.allOrganizations();
  private static final BillingPeriod EVER = BillingPeriod.lifetime();
  private static final Instant NOW = Instant.parse("2027-04-15T12:00:00Z");
  private static final Instant JANUARY = Instant.parse("2027-01-01T00:00:00Z");

  @TempDir Path directory;

  private Instant now = NOW;
  private DataSource database;
  private FaultyDataSource dataSource;
  private JdbcUsageStore store;

  private static void makePartitioned(DataSource empty) {
    JdbcUsageStore.builder(empty).partitionedByMonth().open();
  }

  @BeforeEach
  void open() {
    database = Databases.postgres();
    dataSource = new FaultyDataSource(database);
    store = builder(dataSource).partitionedByMonth().open();
  }

  private JdbcUsageStoreBuilder builder(DataSource source) {
    return JdbcUsageStore.builder(source).clock(() -> now).archives(directory);
  }

  private List<String> texts(String sql) throws SQLException {
    var texts = new ArrayList<String>();
    try (Connection connection = database.getConnection();
        var statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      while (row.next()) {
        texts.add(row.getString(1));
      }
    }
    return texts;
  }

  private TreeSet<String> partitions() throws SQLException {
    return new TreeSet<>(
        texts(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
                + " WHERE inhparent = 'usage_event'::regclass"));
  }

  private long rows(String table) throws SQLException {
    return Long.parseLong(texts("SELECT COUNT(*) FROM " + table).get(0));
  }

  private static UsageEvent at(String time) {
    return chatAt(Instant.parse(time))
        .attribution(Attribution.organization("acme").user("ada").tag("t", time))
        .build();
  }

  @Test
  void write_callsGoToTheirMonths_andTheRestToTheRest() throws Exception {
    assertThat(partitions())
        .containsExactly("usage_event_2027_04", "usage_event_2027_05", "usage_event_other");
    UsageEvent noTime =
        UsageEvents.chat(UsageEvent.idFrom("old", 5), Instant.parse("2027-03-01T00:00:00Z"))
            .build();

    store.write(
        List.of(
            at("2027-02-28T23:59:59.999Z"),
            at("2027-03-01T00:00:00Z"),
            at("2027-04-30T23:59:59.999Z"),
            at("1999-01-01T00:00:00Z"),
            at("2031-01-01T00:00:00Z"),
            noTime));

    assertThat(partitions())
        .containsExactly(
            "usage_event_2027_02",
            "usage_event_2027_03",
            "usage_event_2027_04",
            "usage_event_2027_05",
            "usage_event_other");
    assertThat(rows("usage_event_2027_02")).isEqualTo(1);
    assertThat(rows("usage_event_2027_03")).isEqualTo(1);
    assertThat(rows("usage_event_2027_04")).isEqualTo(1);
    assertThat(rows("usage_event_tag_2027_04")).isEqualTo(1);
    assertThat(rows("usage_event_other")).isEqualTo(3);
    assertThat(rows("usage_event_tag_other")).isEqualTo(2);
    assertThat(store.queries().total(ALL, BillingPeriod.month(2027, 3)).calls()).isEqualTo(2);
    assertThat(store.maintenance().verify(EVER)).isEmpty();
  }

  @Test
  void open_whereItCannotBe_isRefusedNamingWhy() {
    DataSource plain = Databases.postgres();
    JdbcUsageStore.open(plain);
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.builder(plain).partitionedByMonth().open())
        .withMessageContaining("table usage_event has no partitions")
        .withMessageContaining("tablePrefix");
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(
            () -> JdbcUsageStore.builder(Databases.h2Memory("")).partitionedByMonth().open())
        .withMessageContaining("needs PostgreSQL, but the database is H2");
    assertThat(JdbcUsageStore.builder(dataSource).validateOnly().partitionedByMonth().open())
        .isNotNull();
  }

  @Test
  void write_newMonthByEightAtOnceThroughPlainStores_losesNothing() throws Exception {
    var stores = new ArrayList<JdbcUsageStore>();
    for (int i = 0; i < 8; i++) {
      stores.add(builder(database).open());
    }
    now = Instant.parse("2027-06-01T00:00:00Z");
    var start = new CyclicBarrier(8);
    var work = new ArrayList<Callable<Void>>();
    for (JdbcUsageStore each : stores) {
      work.add(
          () -> {
            start.await();
            each.write(List.of(at("2027-06-01T00:00:00Z"), at("2027-07-01T00:00:00Z")));
            return null;
          });
    }
    var pool = Executors.newFixedThreadPool(8);
    try {
      for (Future<Void> done : pool.invokeAll(work)) {
        done.get();
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(rows("usage_event_2027_06")).isEqualTo(8);
    assertThat(rows("usage_event_2027_07")).isEqualTo(8);
    assertThat(store.maintenance().verify(EVER)).isEmpty();
  }

  /** The months end, and somebody reads for long: the write does not wait for ever, nor fail. */
  @Test
  void write_partitionCannotBeMadeNow_goesToTheRestAndMovesLater() throws Exception {
    now = Instant.parse("2027-06-01T00:00:00Z");
    try (Connection reader = database.getConnection()) {
      reader.setAutoCommit(false);
      try (var statement = reader.createStatement()) {
        statement.executeQuery("SELECT COUNT(*) FROM usage_event");
      }
      store.write(List.of(at("2027-06-01T00:00:00Z")));
      store.write(List.of(at("2027-06-01T00:00:01Z"))); // does not try again at once
      reader.rollback();
    }
    assertThat(partitions()).doesNotContain("usage_event_2027_06");
    assertThat(rows("usage_event_other")).isEqualTo(2);
    assertThat(store.queries().total(ALL, EVER).calls()).isEqualTo(2);

    now = now.plusSeconds(600);
    store.write(List.of(at("2027-06-01T00:00:02Z")));

    assertThat(rows("usage_event_other")).isZero();
    assertThat(rows("usage_event_2027_06")).isEqualTo(3);
    assertThat(rows("usage_event_tag_2027_06")).isEqualTo(3);
    assertThat(partitions()).contains("usage_event_2027_07");
    assertThat(store.maintenance().verify(EVER)).isEmpty();
  }

  @Test
  void write_roleThatMayNotCreate_writesToTheRest_andAnotherMakesThePartitions() throws Exception {
    String role = Databases.newName() + "role";
    Databases.execute(
        database,
        "CREATE ROLE " + role + " LOGIN",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + role);
    var limited = new PGSimpleDataSource();
    try (Connection connection = database.getConnection()) {
      limited.setUrl(connection.getMetaData().getURL());
    }
    limited.setUser(role);
    now = Instant.parse("2027-06-01T00:00:00Z");

    builder(limited).open().write(List.of(at("2027-06-01T00:00:00Z")));
    builder(limited).validateOnly().open().write(List.of(at("2027-06-02T00:00:00Z")));
    assertThat(rows("usage_event_other")).isEqualTo(2);

    store.maintenance().deleteEventsBefore(JANUARY);
    assertThat(rows("usage_event_2027_06")).isEqualTo(2);
  }

  @Test
  void delete_wholeMonths_areDropped_andComeBack() throws Exception {
    List<UsageEvent> events =
        UsageEvents.random(11, 2_400).stream()
            .filter(event -> event.id().version() == 7) // with a time
            .toList();
    store.write(events);
    store.write(List.of(at("2026-10-10T10:10:10Z"), at("2027-02-02T00:00:00Z")));
    var total = store.queries().total(ALL, EVER);
    long tags = rows("usage_event_tag");
    var deletes = new ArrayList<String>();
    dataSource.fault =
        FaultyDataSource.onStatement(
            "DELETE FROM usage_event WHERE", connection -> deletes.add("row by row"));

    long deleted = store.maintenance().deleteEventsBefore(JANUARY);

    assertThat(deleted).isEqualTo(events.size() + 1);
    assertThat(deletes).isEmpty();
    assertThat(partitions())
        .containsExactly(
            "usage_event_2027_02",
            "usage_event_2027_04",
            "usage_event_2027_05",
            "usage_event_other");
    assertThat(rows("usage_event_tag")).isEqualTo(1);
    assertThat(texts("SELECT to_regclass('usage_event_tag_2026_11')")).containsOnlyNulls();
    assertThat(store.queries().total(ALL, EVER)).isEqualTo(total);
    assertThat(store.maintenance().verify(EVER)).isEmpty();
    dataSource.fault = FaultyDataSource.NONE;

    long restored = 0;
    for (String organization : new String[] {null, "acme", "Acme", "o'neil"}) {
      restored += store.maintenance().restoreEvents(organization, YearMonth.of(2026, 10));
    }
    assertThat(restored).isEqualTo(deleted);
    assertThat(partitions()).contains("usage_event_2026_10", "usage_event_2026_11");
    assertThat(rows("usage_event_other")).isZero();
    assertThat(rows("usage_event_tag")).isEqualTo(tags);
    assertThat(store.queries().total(ALL, EVER)).isEqualTo(total);
    assertThat(store.maintenance().verify(EVER)).isEmpty();
    assertThat(store.maintenance().deleteEventsBefore(JANUARY)).isEqualTo(deleted);
    assertThat(partitions()).doesNotContain("usage_event_2026_11");
  }

  /** An id may say another time than the call: then its partition is not only of its month. */
  @Test
  void delete_idsOfOtherTimes_areDeletedByWhenTheyOccurred() throws Exception {
    Instant october = Instant.parse("2026-10-10T00:00:00Z");
    Instant february = Instant.parse("2027-02-02T00:00:00Z");
    Attribution who = Attribution.organization("acme").tag("a", "b");
    UsageEvent late =
        UsageEvents.chat(UsageEvent.newId(october), february).attribution(who).build();
    UsageEvent early =
        UsageEvents.chat(UsageEvent.newId(february), october).attribution(who).build();
    UsageEvent none =
        UsageEvents.chat(UsageEvent.idFrom("old", 1), october).attribution(who).build();
    store.write(List.of(late, early, none, at("2026-10-11T00:00:00Z"), at("2026-11-11T00:00:00Z")));
    assertThat(rows("usage_event_2026_10")).isEqualTo(2);

    assertThat(store.maintenance().deleteEventsBefore(JANUARY)).isEqualTo(4);

    assertThat(partitions()).contains("usage_event_2026_10").doesNotContain("usage_event_2026_11");
    assertThat(texts("SELECT id FROM usage_event")).containsExactly(late.id().toString());
    assertThat(texts("SELECT event_id FROM usage_event_tag")).containsExactly(late.id().toString());
    assertThat(store.queries().total(ALL, EVER).calls()).isEqualTo(5);
    assertThat(store.maintenance().verify(EVER)).isEmpty();
    assertThat(store.maintenance().restoreEvents("acme", YearMonth.of(2026, 10))).isEqualTo(4);
    assertThat(store.maintenance().verify(EVER)).isEmpty();
  }

  /** A call of a new organization that comes after everything was archived must not be dropped. */
  @Test
  void delete_callThatComesBeforeTheDrop_isArchivedToo() throws Exception {
    store.write(List.of(at("2026-10-10T00:00:00Z")));
    UsageEvent late =
        chatAt(Instant.parse("2026-10-20T00:00:00Z"))
            .attribution(Attribution.organization("new"))
            .build();
    var other = builder(database).open();
    dataSource.fault =
        (connection, method, arguments) -> {
          if (method.equals("createStatement") && arguments == null && locking()) {
            dataSource.fault = FaultyDataSource.NONE;
            try {
              other.write(List.of(late));
            } catch (Exception e) {
              throw new SQLException(e);
            }
          }
        };

    assertThat(store.maintenance().deleteEventsBefore(JANUARY)).isEqualTo(2);

    assertThat(rows("usage_event")).isZero();
    assertThat(store.maintenance().restoreEvents("new", YearMonth.of(2026, 10))).isEqualTo(1);
    assertThat(store.queries().event(ALL, late.id())).isPresent();
    assertThat(store.maintenance().verify(EVER)).isEmpty();
  }

  /** True in the step that drops. */
  private static boolean locking() {
    return StackWalker.getInstance()
        .walk(frames -> frames.anyMatch(frame -> frame.getMethodName().equals("drop")));
  }

  @Test
  void delete_whileSomebodyReadsTheMonth_isDoneRowByRow() throws Exception {
    store.write(List.of(at("2026-10-10T00:00:00Z")));
    try (Connection reader = database.getConnection()) {
      reader.setAutoCommit(false);
      try (var statement = reader.createStatement()) {
        statement.executeQuery("SELECT COUNT(*) FROM usage_event");
      }
      assertThat(store.maintenance().deleteEventsBefore(JANUARY)).isEqualTo(1);
      reader.rollback();
    }
    assertThat(partitions()).contains("usage_event_2026_10");
    assertThat(rows("usage_event")).isZero();
    assertThat(rows("usage_event_tag")).isZero();
    assertThat(store.maintenance().deleteEventsBefore(JANUARY)).isZero();
    assertThat(partitions()).doesNotContain("usage_event_2026_10");
  }

  // What every store does, on partitions

  @Nested
  @Tag("full")
  class Store extends PostgresStoreTest {
    @Override
    void prepare(DataSource empty) {
      makePartitioned(empty);
    }
  }

  @Nested
  @Tag("full")
  class Rollups extends RollupContract {
    @Override
    DataSource newDatabase() {
      return Databases.postgres();
    }

    @Override
    void prepare(DataSource empty) {
      makePartitioned(empty);
    }

    @Override
    boolean isPartitioned() {
      return true;
    }

    /** Once on each database. */
    @Override
    void sums_ofManyRandomCalls_areThoseInMemoryAndOfTheSingleCalls() {}
  }

  @Nested
  @Tag("full")
  class Retaining extends RetentionContract {
    @Override
    DataSource newDatabase() {
      DataSource database = Databases.postgres();
      makePartitioned(database);
      return database;
    }
  }

  @Nested
  @Tag("full")
  class Importing extends JdbcImportContract {
    @Override
    DataSource newDatabase() {
      DataSource database = Databases.postgres();
      makePartitioned(database);
      return database;
    }
  }

  @Nested
  class Isolation extends RowSecurityTest {
    @Override
    void prepare(DataSource empty) {
      makePartitioned(empty);
    }

    /** Also one that is made later, by its owner or whoever was granted too much. */
    @Test
    void partitions_byTheirOwnName_showNothing() throws Exception {
      String owner = ownerOfTables();
      var later =
          JdbcUsageStore.builder(as(owner)).clock(() -> Instant.parse("2040-01-01T00:00:00Z"));
      later.open().write(List.of(at("2040-01-01T00:00:00Z")));
      for (String partition :
          List.of("usage_event_2040_01", "usage_event_other", "usage_event_tag_2040_02")) {
        assertThat(rowsAsOwner("SELECT COUNT(*) FROM " + partition)).containsExactly("0");
      }
      assertThat(rowsAsOwner("SELECT COUNT(*) FROM usage_event")).containsExactly("5");
    }
  }
}
