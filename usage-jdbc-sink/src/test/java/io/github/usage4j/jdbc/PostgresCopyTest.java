package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.sink.UsageEvents;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** Both ways of writing a batch to PostgreSQL give the same rows. */
class PostgresCopyTest {

  private static final Tables TABLES = new Tables(Tables.DEFAULT_PREFIX);

  private DataSource database;
  private JdbcUsageStore store;

  @BeforeEach
  void open() {
    database = Databases.postgres();
    store = JdbcUsageStore.open(database);
  }

  private Set<UUID> copy(DataSource from, List<UsageEvent> events) throws SQLException {
    try (Connection connection = from.getConnection()) {
      connection.setAutoCommit(false);
      var inserted =
          PostgresCopy.ifDriverPresent()
              .insert(connection, TABLES, EventColumns.writtenAt(Instant.EPOCH), events);
      connection.commit();
      return inserted;
    }
  }

  private UsageEvent stored(UUID id) {
    return store.queries().event(UsageFilter.allOrganizations(), id).orElseThrow();
  }

  @Test
  void insert_hardText_isTheSameAsByArrays() throws Exception {
    var events = new ArrayList<UsageEvent>();
    for (String text :
        List.of("\\N", "\\", "\\.", "a\\tb", "{\"a\",NULL}", "\u2028\uD83D\uDE00'\"")) {
      events.add(
          chat().finishReason(text).metadata("{\n\t\"a\":\r\n \"" + "\\\\\\" + "\"}").build());
    }
    events.add(
        UsageEvent.builder(UUID.randomUUID(), UsageEvent.Kind.CHAT, "p", "")
            .startedAt(UsageEvents.NOON)
            .build());
    events.addAll(UsageEvents.random(5, 500));
    UsageEvent full = UsageEvents.complete();

    assertThat(copy(database, events)).hasSize(events.size());

    for (UsageEvent event : events) {
      UsageEvent read = stored(event.id());
      assertThat(read.billsLike(event)).isTrue();
      assertThat(read.finishReason()).isEqualTo(event.finishReason());
      assertThat(read.metadata()).isEqualTo(event.metadata());
      assertThat(read.requestModel()).isEqualTo(event.requestModel());
    }
    // The whole row of one event, written both ways under two ids.
    store.write(List.of(full));
    Databases.execute(
        database,
        "CREATE TABLE expected AS SELECT * FROM usage_event WHERE id = '" + full.id() + "'",
        "DELETE FROM usage_event WHERE id = '" + full.id() + "'");
    copy(database, List.of(full));
    Databases.execute(
        database,
        "UPDATE expected SET recorded_at = TIMESTAMPTZ '1970-01-01 00:00:00+00'",
        "DO $$ BEGIN IF (SELECT COUNT(*) FROM (SELECT * FROM expected INTERSECT SELECT * FROM"
            + " usage_event) same) <> 1 THEN RAISE 'rows differ'; END IF; END $$");
  }

  @Test
  void write_largeBatchWithKnownEvents_storesTheNewOnes() throws Exception {
    List<UsageEvent> events = UsageEvents.chats(6_000);
    store.write(events.subList(0, 100));
    var statements = new ArrayList<String>();
    var watched = new FaultyDataSource(database);
    watched.fault =
        (connection, method, arguments) -> {
          if (method.equals("prepareStatement")) {
            statements.add(arguments[0].toString());
          }
        };

    JdbcUsageStore.open(watched).write(events);

    assertThat(statements).anyMatch(sql -> sql.contains("staging"));
    assertThat(
            store.queries().total(UsageFilter.allOrganizations(), BillingPeriod.lifetime()).calls())
        .isEqualTo(6_000);
  }

  @Test
  void insert_knownIds_areLeftOut() throws Exception {
    List<UsageEvent> events = UsageEvents.chats(10);
    copy(database, events.subList(0, 4));

    assertThat(copy(database, events))
        .isEqualTo(events.subList(4, 10).stream().map(UsageEvent::id).collect(Collectors.toSet()));
  }

  @Test
  void insert_textThatPostgresRefuses_isRefusedAndLeavesTheConnectionUsable() throws Exception {
    var columns = new ArrayList<>(EventColumns.writtenAt(Instant.EPOCH));
    columns.removeIf(column -> column.name().equals("instance"));
    columns.add(new Column("instance", Column.Type.TEXT, event -> "a\0b"));
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      assertThatThrownBy(
              () ->
                  PostgresCopy.ifDriverPresent()
                      .insert(connection, TABLES, columns, List.of(chat().build())))
          .isInstanceOf(SQLException.class)
          .matches(e -> SqlStates.saysContent((SQLException) e));
      connection.rollback();
      assertThat(Dialect.isTrue(connection, "SELECT COUNT(*) = 0 FROM usage_event")).isTrue();
      connection.rollback();
    }
  }

  @Test
  void insert_valueThatCannotBeComputed_leavesTheConnectionUsable() throws Exception {
    var columns = new ArrayList<>(EventColumns.writtenAt(Instant.EPOCH));
    columns.removeIf(column -> column.name().equals("instance"));
    columns.add(
        new Column(
            "instance",
            Column.Type.TEXT,
            event -> {
              throw new EventColumns.UnstorableException("no");
            }));
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      assertThatThrownBy(
              () ->
                  PostgresCopy.ifDriverPresent()
                      .insert(connection, TABLES, columns, List.of(chat().build())))
          .isInstanceOf(EventColumns.UnstorableException.class);
      connection.rollback();
      assertThat(Dialect.isTrue(connection, "SELECT COUNT(*) = 0 FROM usage_event")).isTrue();
      connection.rollback();
    }
  }

  @Test
  void write_rowLevelSecurity_holdsForCopiedRows() throws Exception {
    String role = Databases.newName();
    var limited = new PGSimpleDataSource();
    try (Connection connection = database.getConnection()) {
      limited.setUrl(connection.getMetaData().getURL());
    }
    limited.setUser(role);
    Databases.execute(
        database,
        "CREATE ROLE " + role + " LOGIN",
        "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO " + role,
        "ALTER TABLE usage_event ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON usage_event USING (true) WITH CHECK (organization = 'acme')");
    List<UsageEvent> events = new ArrayList<>(UsageEvents.chats(2_500));

    assertThat(copy(limited, events)).hasSize(2_500);
    events.add(chat().attribution(Attribution.organization("other")).build());
    assertThatThrownBy(() -> copy(limited, events))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("row-level security");
    JdbcUsageStore.builder(limited).validateOnly().open().write(events.subList(0, 2_500));
  }

  @Test
  void write_roleWithoutTemporaryTables_fallsBack() throws Exception {
    String role = Databases.newName();
    String name;
    var limited = new PGSimpleDataSource();
    try (Connection connection = database.getConnection()) {
      limited.setUrl(connection.getMetaData().getURL());
      name = connection.getCatalog();
    }
    limited.setUser(role);
    Databases.execute(
        database,
        "CREATE ROLE " + role + " LOGIN",
        "REVOKE TEMPORARY ON DATABASE " + name + " FROM PUBLIC",
        "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO " + role);

    var other = JdbcUsageStore.builder(limited).validateOnly().open();
    other.write(UsageEvents.chats(6_000));
    other.write(UsageEvents.chats(6_000));

    assertThat(
            store.queries().total(UsageFilter.allOrganizations(), BillingPeriod.lifetime()).calls())
        .isEqualTo(12_000);
  }
}
