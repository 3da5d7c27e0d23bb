package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.NOON;
import static io.github.usage4j.sink.UsageEvents.chat;
import static io.github.usage4j.sink.UsageEvents.chatAt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageException;
import io.github.usage4j.sink.UsageEvents;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** What the tables are called, where they are, and what tags and operations look like in them. */
abstract class JdbcSchemaContract extends JdbcUsageStoreContract {

  private static long calls(JdbcUsageStore store) {
    return store.queries().total(ALL, BillingPeriod.lifetime()).calls();
  }

  private String newSchema() {
    String name = "s_" + Databases.newName();
    Databases.execute(dataSource(), "CREATE SCHEMA " + name);
    return name;
  }

  private static String current(Connection connection) throws SQLException {
    return connection.getCatalog() + "/" + connection.getSchema();
  }

  @Test
  void schema_withPrefix_keepsStoresApart() throws Exception {
    String name = newSchema();
    var before = new ArrayList<String>();
    dataSource().lend = connection -> before.add(current(connection));
    dataSource().takeBack =
        connection -> assertThat(current(connection)).isEqualTo(before.remove(0));

    var there = JdbcUsageStore.builder(dataSource()).schema(name).open();
    var other = JdbcUsageStore.builder(dataSource()).tablePrefix("x_").schema(name).open();
    UsageEvent event = UsageEvents.complete();
    there.write(List.of(event, chat().build()));
    there.write(List.of(event));
    other.write(List.of(event));

    assertThat(calls(there)).isEqualTo(2);
    assertThat(calls(other)).isEqualTo(1);
    assertThat(calls()).isZero();
    assertThat(there.queries().event(ALL, event.id())).contains(event);
    assertThat(other.queries().event(ALL, event.id())).contains(event);
    assertThat(other.toString()).contains(", " + name + ".x_*");
    assertThat(calls(JdbcUsageStore.builder(dataSource()).schema(name).validateOnly().open()))
        .isEqualTo(2);
  }

  @Test
  void schema_missing_isRefusedAndNotCreated() {
    for (var builder :
        List.of(
            JdbcUsageStore.builder(dataSource()).schema("nowhere"),
            JdbcUsageStore.builder(dataSource()).schema("nowhere").validateOnly())) {
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(builder::open)
          .withMessageStartingWith("schema nowhere must exist, but does not");
    }
  }

  @Test
  void schema_eightAtOnce_allSucceed() throws Exception {
    String name = newSchema();
    var start = new CyclicBarrier(8);
    var pool = Executors.newFixedThreadPool(8);
    try {
      var openers = new ArrayList<Callable<Void>>();
      for (int i = 0; i < 8; i++) {
        // Two prefixes: they must not lock each other out, nor disturb each other.
        String prefix = i % 2 == 0 ? "usage_" : "x_";
        openers.add(
            () -> {
              start.await();
              var store =
                  JdbcUsageStore.builder(dataSource()).schema(name).tablePrefix(prefix).open();
              store.write(List.of(UsageEvents.complete()));
              return null;
            });
      }
      for (Future<Void> opener : pool.invokeAll(openers)) {
        opener.get();
      }
    } finally {
      pool.shutdownNow();
    }

    for (String prefix : List.of("usage_", "x_")) {
      assertThat(
              calls(
                  JdbcUsageStore.builder(dataSource())
                      .schema(name)
                      .tablePrefix(prefix)
                      .validateOnly()
                      .open()))
          .isEqualTo(4);
    }
  }

  @Test
  void validateOnly_schemaWithoutTables_namesWhere() {
    String name = newSchema();

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.builder(dataSource()).schema(name).validateOnly().open())
        .withMessageContaining("table " + name + ".usage_schema is missing");
  }

  @Test
  void validateOnly_missingTableAndView_areNamed() {
    Databases.execute(
        dataSource(), "DROP VIEW usage_operation", "ALTER TABLE usage_event_tag RENAME TO gone");

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.builder(dataSource()).validateOnly().open())
        .withMessageContaining("missing")
        .withMessageContaining(": usage_event_tag, usage_operation");
  }

  @Test
  void validateOnly_missingColumn_isNamed() {
    Databases.execute(dataSource(), "ALTER TABLE usage_event DROP COLUMN instance");

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.builder(dataSource()).validateOnly().open())
        .withMessageEndingWith(": usage_event.instance");
  }

  @Test
  void validateOnly_missingIndex_isNamed() {
    boolean ofTables =
        store().toString().contains("MariaDB"); // elsewhere an index belongs to the schema
    Databases.execute(
        dataSource(),
        "DROP INDEX usage_event_by_recorded_at" + (ofTables ? " ON usage_event" : ""),
        "DROP INDEX usage_rollup_by_organization" + (ofTables ? " ON usage_rollup" : ""));

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> JdbcUsageStore.builder(dataSource()).validateOnly().open())
        .withMessageEndingWith(": usage_event_by_recorded_at, usage_rollup_by_organization");
  }

  private <T> List<T> query(DataSource database, String sql, Function<ResultSet, T> mapper)
      throws SQLException {
    var rows = new ArrayList<T>();
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      while (row.next()) {
        rows.add(mapper.apply(row));
      }
    }
    return rows;
  }

  /** What {@code ResultSet} throws is a failure of the test. */
  private interface Getter<T> {
    T get() throws SQLException;
  }

  private static <T> T get(Getter<T> getter) {
    try {
      return getter.get();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  /** The tag table by id. */
  private Map<UUID, Map<String, String>> tags() throws SQLException {
    var tags = new HashMap<UUID, Map<String, String>>();
    query(
        dataSource(),
        "SELECT t.event_id, t.tag_key, t.tag_value FROM usage_event_tag t"
            + " JOIN usage_event e ON e.id = t.event_id AND e.occurred_at = t.occurred_at",
        row ->
            get(
                () ->
                    tags.computeIfAbsent(row.getObject(1, UUID.class), id -> new TreeMap<>())
                        .put(row.getString(2), row.getString(3))));
    return tags;
  }

  private static Map<UUID, Map<String, String>> tagsOf(Collection<UsageEvent> events) {
    var tags = new HashMap<UUID, Map<String, String>>();
    for (UsageEvent event : events) {
      if (!event.attribution().tags().isEmpty()) {
        tags.put(event.id(), event.attribution().tags());
      }
    }
    return tags;
  }

  /** Tags that are hard to quote, at their greatest length and number. */
  private static List<UsageEvent> tagged() {
    var many = new HashMap<String, String>();
    for (int i = 0; i < Attribution.MAX_TAGS; i++) {
      many.put("key " + i, "\":\"".repeat(40) + i);
    }
    String longest = "\uD83D\uDE00".repeat(Attribution.MAX_ID);
    var events = new ArrayList<UsageEvent>();
    for (Map<String, String> tags :
        List.of(
            many,
            Map.of("a", "b"),
            Map.of("\\", "\"", "\"", "\\", "\\\"", "\\\\\"\"", "\\\\", "}{"),
            Map.of("$.*", "$[0]", "a.b", "null", "k", "K", "K", "k", "\u00e9", "e\u0301"),
            Map.of(longest, longest, "'; DROP TABLE x; --", ".\u2028\u00a0."),
            Map.<String, String>of())) {
      events.add(
          chatAt(NOON.plusNanos(123_456_000))
              .attribution(new Attribution("o", null, null, null, null, null, null, false, tags))
              .build());
    }
    events.add(UsageEvents.complete());
    return events;
  }

  @Test
  void write_tags_areRowsOfNewEventsOnly() throws Exception {
    List<UsageEvent> events = tagged();
    store().write(events);
    UsageEvent retagged =
        events.get(1).toBuilder()
            .attribution(Attribution.organization("o").tag("other", "value"))
            .build();

    store().write(List.of(retagged, events.get(0), chat().build()));

    assertThat(tags()).isEqualTo(tagsOf(events));
  }

  @Test
  void write_failsAfterItsTags_leavesNoTag() throws Exception {
    dataSource().fault =
        (connection, method, arguments) -> {
          if (method.equals("commit")) {
            throw new SQLException("no", "08006");
          }
        };
    assertThatThrownBy(() -> store().write(tagged())).hasMessage("no");

    dataSource().fault = FaultyDataSource.NONE;
    assertThat(
            query(
                dataSource(), "SELECT COUNT(*) FROM usage_event_tag", r -> get(() -> r.getInt(1))))
        .containsExactly(0);
  }

  @Test
  void open_versionOneWithRows_getsTheirTagsOnce() throws Exception {
    List<UsageEvent> events = new ArrayList<>(tagged());
    events.addAll(UsageEvents.chats(500));
    store().write(events);
    for (int i = 0; i < 2; i++) {
      Databases.execute(dataSource(), "DROP VIEW usage_operation");
      if (i == 0) {
        for (String table :
            List.of(
                "event_tag",
                "rollup",
                "horizon",
                "import",
                "job_lock",
                "month_close",
                "repricing",
                "repricing_sum",
                "repricing_event",
                "limit",
                "limit_change",
                "limit_state",
                "limit_holder",
                "limit_lease",
                "limit_grant",
                "alert",
                "billing_period",
                "credit",
                "credit_account",
                "credit_lot",
                "organization_rollup")) {
          Databases.execute(dataSource(), "DROP TABLE usage_" + table);
        }
        Databases.execute(dataSource(), "DELETE FROM usage_schema WHERE version > 1");
      } else {
        Databases.execute(
            dataSource(),
            "DELETE FROM usage_event_tag WHERE tag_key = 'a'",
            "DELETE FROM usage_schema WHERE version > 2");
      }
      if (i == 1 && transactionalDdl()) {
        return; // a script is applied completely or not at all
      }

      JdbcUsageStore.builder(dataSource()).open();

      assertThat(tags()).isEqualTo(tagsOf(events));
      JdbcUsageStore.builder(dataSource()).validateOnly().open();
    }
  }

  boolean transactionalDdl() {
    return false;
  }

  private Map<String, Object> operation(String id) throws SQLException {
    var rows =
        query(
            dataSource(),
            "SELECT * FROM usage_operation WHERE operation_id = '" + id + "'",
            row ->
                get(
                    () -> {
                      var values = new HashMap<String, Object>();
                      var columns = row.getMetaData();
                      for (int i = 1; i <= columns.getColumnCount(); i++) {
                        Object value = row.getObject(i);
                        values.put(
                            columns.getColumnLabel(i).toLowerCase(Locale.ROOT),
                            value instanceof Number
                                ? new BigDecimal(value.toString()).stripTrailingZeros()
                                : value);
                      }
                      return values;
                    }));
    assertThat(rows).hasSize(1);
    return rows.get(0);
  }

  private static BigDecimal number(String value) {
    return new BigDecimal(value).stripTrailingZeros();
  }

  @Test
  void operation_severalCalls_isTheirSum() throws Exception {
    Attribution who = Attribution.organization("acme").user("ada").session("s").category("c");
    write(
        chatAt(NOON)
            .operation("op", 1)
            .parentOperation("up")
            .attribution(who)
            .duration(Duration.ofSeconds(9))
            .tokens(TokenCounts.of(100, 10).cacheRead(7).audio(9, 2).cacheReadAudio(5))
            .toolCalls(2)
            .cost(Cost.total(new BigDecimal("0.000000000000000001"), "USD"))
            .build(),
        chatAt(NOON.plusSeconds(2))
            .operation("op", 2)
            .attribution(who)
            .outcome(Outcome.ERROR)
            .tokens(TokenCounts.UNKNOWN)
            .build(),
        chatAt(NOON.plusSeconds(3))
            .operation("op", 3)
            .attribution(who)
            .duration(Duration.ofNanos(1_000))
            .tokens(TokenCounts.of(1, 2))
            .cost(Cost.total(BigDecimal.ONE, "USD"))
            .build(),
        chatAt(NOON.plusSeconds(2))
            .operation("op", 4)
            .attribution(who)
            .outcome(Outcome.REFUSED)
            .tokens(TokenCounts.UNKNOWN)
            .build());

    assertThat(operation("op"))
        .containsEntry("organization", "acme")
        .containsEntry("user_id", "ada")
        .containsEntry("session_id", "s")
        .containsEntry("category", "c")
        .containsEntry("customer_id", null)
        .containsEntry("parent_operation_id", "up")
        .containsEntry("status", "SUCCESS")
        .containsEntry("latency_us", number("9000000"))
        .containsEntry("calls", number("3"))
        .containsEntry("tool_turns", number("1"))
        .containsEntry("errors", number("1"))
        .containsEntry("refused", number("1"))
        .containsEntry("input_tokens", number("101"))
        .containsEntry("output_tokens", number("12"))
        .containsEntry("total_tokens", number("113"))
        .containsEntry("cache_read_tokens", number("7"))
        .containsEntry("reasoning_tokens", null)
        .containsEntry("input_audio_tokens", number("9"))
        .containsEntry("cache_read_audio_tokens", number("5"))
        .containsEntry("unpriced", number("0"))
        .containsEntry("currencies", number("1"))
        .containsEntry("currency", "USD")
        .containsEntry("cost_total", number("1.000000000000000001"));
  }

  @Test
  void operation_audioOfCacheReadsAlone_isUnpriced() throws Exception {
    write(chat().operation("op", 1).tokens(TokenCounts.UNKNOWN.cacheReadAudio(3)).build());

    assertThat(operation("op"))
        .containsEntry("cache_read_audio_tokens", number("3"))
        .containsEntry("total_tokens", null)
        .containsEntry("unpriced", number("1"));
  }

  @Test
  void operation_severalCurrenciesAndUsers_namesNone() throws Exception {
    write(
        chat()
            .operation("op", 1)
            .attribution(Attribution.NONE.user("a"))
            .cost(Cost.total(BigDecimal.ONE, "USD"))
            .build(),
        chat()
            .operation("op", 2)
            .attribution(Attribution.NONE.user("A"))
            .cost(Cost.total(BigDecimal.ONE, "EUR"))
            .build(),
        chat().operation("op", 3).attribution(Attribution.NONE).build());

    assertThat(operation("op"))
        .containsEntry("user_id", null)
        .containsEntry("currencies", number("2"))
        .containsEntry("currency", null)
        .containsEntry("cost_total", null)
        .containsEntry("unpriced", number("1"));
  }

  @Test
  void operation_randomCalls_areWhatJavaSums() throws Exception {
    List<UsageEvent> events = UsageEvents.random(11, 3_000);
    store().write(events);
    var operations = new HashMap<List<String>, List<UsageEvent>>();
    for (UsageEvent event : events) {
      var key = new ArrayList<String>();
      key.add(event.attribution().organization());
      key.add(event.operationId());
      operations.computeIfAbsent(key, k -> new ArrayList<>()).add(event);
    }
    var expected = new ArrayList<String>();
    operations.forEach((key, calls) -> expected.add(key + " " + summed(calls)));

    List<String> rows =
        query(
            dataSource(),
            "SELECT organization, operation_id, calls, latency_us, status, total_tokens, unpriced,"
                + " currencies FROM usage_operation",
            row ->
                get(
                    () ->
                        "["
                            + row.getString(1)
                            + ", "
                            + row.getString(2)
                            + "] "
                            + row.getLong(3)
                            + " "
                            + row.getLong(4)
                            + " "
                            + row.getString(5)
                            + " "
                            + row.getString(6)
                            + " "
                            + row.getLong(7)
                            + " "
                            + row.getLong(8)));

    assertThat(rows).containsExactlyInAnyOrderElementsOf(expected);
  }

  private static String summed(List<UsageEvent> calls) {
    UsageEvent last =
        calls.stream()
            .max(
                Comparator.comparing(UsageEvent::occurredAt)
                    .thenComparing(UsageEvent::step)
                    .thenComparing(e -> e.id().toString()))
            .orElseThrow();
    var start = calls.stream().map(UsageEvent::occurredAt).min(Comparator.naturalOrder());
    var end =
        calls.stream().map(e -> e.occurredAt().plus(e.duration())).max(Comparator.naturalOrder());
    List<Long> totals =
        calls.stream().map(e -> e.tokens().total()).filter(Objects::nonNull).toList();
    return calls.stream().filter(e -> e.outcome() != Outcome.REFUSED).count()
        + " "
        + Duration.between(start.orElseThrow(), end.orElseThrow()).toNanos() / 1_000
        + " "
        + last.outcome()
        + " "
        + (totals.isEmpty() ? null : totals.stream().mapToLong(Long::longValue).sum())
        + " "
        + calls.stream().filter(UsageEvent::unpriced).count()
        + " "
        + calls.stream()
            .map(UsageEvent::cost)
            .filter(Objects::nonNull)
            .map(Cost::currency)
            .distinct()
            .count();
  }
}
