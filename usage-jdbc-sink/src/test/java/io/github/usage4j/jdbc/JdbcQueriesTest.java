package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.NOON;
import static io.github.usage4j.sink.UsageEvents.chat;
import static io.github.usage4j.sink.UsageEvents.chatAt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.query.Dashboard;
import io.github.usage4j.query.UsageReports;
import io.github.usage4j.sink.UsageEvents;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How questions use connections, and the SQL that the documentation gives. */
class JdbcQueriesTest {

  private static final UsageFilter ACME = UsageFilter.organization("acme");
  private static final BillingPeriod NOVEMBER = BillingPeriod.month(2026, 11);

  /** Of one dashboard: the horizon apart, every question once, and labels of three of them. */
  private static final int MOST_STATEMENTS = 16;

  @Nested
  class OnH2 extends Contract {
    @Override
    DataSource newDatabase() {
      return Databases.h2Memory(";DB_CLOSE_DELAY=-1");
    }
  }

  @Nested
  class OnPostgres extends Contract {
    @Override
    DataSource newDatabase() {
      return Databases.postgres();
    }
  }

  @Nested
  @Tag("full")
  class OnMariaDb extends Contract {
    @Override
    DataSource newDatabase() {
      return MariaDbServer.shared().newDatabase();
    }

    @Override
    String monthByHand() throws IOException {
      String text = sample("month h2 postgresql");
      return text.replaceAll("(?m)^   AND occurred_at.*\n", "")
          .replace(" GROUP BY", sample("bounds mariadb") + " GROUP BY");
    }
  }

  abstract static class Contract {

    private DataSource database;
    private FaultyDataSource dataSource;
    private JdbcUsageStore store;

    abstract DataSource newDatabase();

    String monthByHand() throws IOException {
      return sample("month h2 postgresql");
    }

    @BeforeEach
    void open() throws Exception {
      database = newDatabase();
      dataSource = new FaultyDataSource(database);
      store = JdbcUsageStore.open(dataSource);
      store.write(
          List.of(
              chat().attribution(acme()).build(),
              chatAt(NOON.minus(Duration.ofDays(30))).attribution(acme()).build()));
    }

    private static Attribution acme() {
      return Attribution.organization("acme").user("ada", "Ada").customer("c", "C").session("s");
    }

    @Test
    void queries_onACallersConnection_seeItsOwnTransaction() throws Exception {
      try (Connection connection = database.getConnection()) {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
          statement.executeUpdate("DELETE FROM usage_event");
          statement.executeUpdate("DELETE FROM usage_rollup");
          statement.executeUpdate("DELETE FROM usage_organization_rollup");
        }
        var queries = store.queries(connection);
        var reports = new UsageReports(queries);

        assertThat(queries.total(ACME, NOVEMBER)).isEqualTo(UsageSummary.EMPTY);
        assertThat(queries.events(ACME, NOVEMBER, null).events()).isEmpty();
        assertThat(reports.operations(ACME, NOVEMBER, 5, null).rows()).isEmpty();
        assertThat(reports.dashboard(ACME, NOVEMBER, NOON).total().calls()).isZero();
        assertThat(reports.searchUsers(ACME, "ada", 5)).hasSize(1);
        assertThat(store.queries().total(ACME, NOVEMBER).calls()).isEqualTo(1);
        assertThat(connection.isClosed()).isFalse();
        assertThat(connection.getAutoCommit()).isFalse();
        connection.rollback();
        assertThat(queries.total(ACME, NOVEMBER).calls()).isEqualTo(1);
      }
      assertThat(store.queries().total(ACME, NOVEMBER).calls()).isEqualTo(1);
    }

    @Test
    void queries_onACallersConnection_rememberNothing() throws Exception {
      BillingPeriod closed = BillingPeriod.month(2020, 1);
      try (Connection connection = database.getConnection()) {
        var queries = store.queries(connection);
        assertThat(queries.total(ACME, closed).calls()).isZero();
        JdbcUsageStore other = JdbcUsageStore.open(database);
        other.write(List.of(chatAt(closed.start()).attribution(acme()).build()));
        assertThat(queries.total(ACME, closed).calls()).isEqualTo(1);
      }
    }

    @Test
    void dashboard_asksOnOneConnectionAndGivesItBackAsItWas() throws Exception {
      var connections = new AtomicInteger();
      var statements = new AtomicInteger();
      var isolation = new AtomicInteger();
      dataSource.lend =
          connection -> {
            connections.incrementAndGet();
            isolation.set(connection.getTransactionIsolation());
          };
      dataSource.takeBack =
          connection -> {
            assertThat(connection.getAutoCommit()).isTrue();
            assertThat(connection.getTransactionIsolation()).isEqualTo(isolation.get());
          };
      dataSource.fault =
          (connection, method, arguments) -> {
            if (method.equals("prepareStatement")) {
              statements.incrementAndGet();
            }
          };

      Dashboard page = store.reports().fresh().dashboard(ACME, NOVEMBER, NOON);

      assertThat(page.total().calls()).isEqualTo(1);
      assertThat(connections).hasValue(1);
      assertThat(dataSource.lent).hasValue(0);
      assertThat(statements.get()).isLessThanOrEqualTo(MOST_STATEMENTS);
    }

    /** Written to in the middle, it is still of one state. */
    @Test
    void dashboard_whileEventsAreWritten_isOfOneState() throws Exception {
      JdbcUsageStore other = JdbcUsageStore.open(database);
      var before = store.reports().fresh().dashboard(ACME, NOVEMBER, NOON);
      dataSource.fault =
          (connection, method, arguments) -> {
            if (method.equals("prepareStatement") && arguments[0].toString().contains("model")) {
              write(other, chat().attribution(acme().user("eve", "Eve")).build());
            }
          };

      Dashboard page = store.reports().fresh().dashboard(ACME, NOVEMBER, NOON);

      assertThat(page).isEqualTo(before);
      dataSource.fault = FaultyDataSource.NONE;
      assertThat(store.reports().fresh().dashboard(ACME, NOVEMBER, NOON).uniques().users())
          .isEqualTo(2);
    }

    private static void write(JdbcUsageStore store, UsageEvent event) {
      try {
        store.write(List.of(event));
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }

    @Test
    void dashboard_onAConnectionWithoutAutocommit_isAnswered() {
      dataSource.lend = connection -> connection.setAutoCommit(false);
      dataSource.takeBack =
          connection -> {
            assertThat(connection.getAutoCommit()).isFalse();
            connection.rollback();
          };

      assertThat(store.reports().fresh().dashboard(ACME, NOVEMBER, NOON).total().calls())
          .isEqualTo(1);
      assertThat(dataSource.lent).hasValue(0);
    }

    @Test
    void lateEvent_whoseCommitSeemsToFail_isSeenAtOnce() throws Exception {
      BillingPeriod closed = BillingPeriod.month(2020, 1);
      assertThat(store.queries().total(ACME, closed).calls()).isZero();
      dataSource.fault =
          (connection, method, arguments) -> {
            if (method.equals("commit")) {
              connection.commit();
              throw new SQLException("connection reset", "08006");
            }
          };
      UsageEvent late = chatAt(closed.start()).attribution(acme()).build();
      assertThatThrownBy(() -> store.write(List.of(late))).hasMessage("connection reset");
      dataSource.fault = FaultyDataSource.NONE;

      assertThat(store.queries().total(ACME, closed).calls()).isEqualTo(1);
    }

    @Test
    void monthByHand_givesTheSameAsTotal() throws Exception {
      store.write(UsageEvents.random(5, 2_000));
      store.write(List.of(chat().attribution(acme()).tokens(TokenCounts.UNKNOWN).build()));
      UsageSummary sum = UsageSummary.EMPTY;
      long totalTokens = 0;
      var costs = new ArrayList<String>();
      try (Connection connection = database.getConnection();
          Statement statement = connection.createStatement();
          ResultSet row = statement.executeQuery(monthByHand().replace(";", ""))) {
        while (row.next()) {
          sum = sum.plus(summary(row));
          totalTokens += row.getLong("total_tokens");
          BigDecimal cost = row.getBigDecimal("cost");
          if (cost != null) {
            costs.add(
                Cost.total(cost, row.getString("currency")).total() + row.getString("currency"));
          }
        }
      }

      UsageSummary total = store.queries().total(ACME, NOVEMBER);
      assertThat(total.calls()).isGreaterThan(100);
      assertThat(sum)
          .isEqualTo(
              new UsageSummary(
                  total.keys(),
                  total.labels(),
                  total.calls(),
                  total.operations(),
                  total.toolTurns(),
                  total.errors(),
                  total.cancelled(),
                  total.refused(),
                  new TokenCounts(
                      total.tokens().input(),
                      total.tokens().output(),
                      total.tokens().cacheRead(),
                      null,
                      null,
                      null,
                      null,
                      null,
                      null),
                  total.unmeasured(),
                  total.partial(),
                  total.estimated(),
                  List.of(),
                  total.unpriced(),
                  0,
                  Duration.ZERO,
                  null));
      assertThat(totalTokens).isEqualTo(total.totalTokens());
      assertThat(costs)
          .containsExactlyInAnyOrderElementsOf(
              total.costs().stream()
                  .map(cost -> cost.total() + cost.currency().getCurrencyCode())
                  .toList());
    }

    private static UsageSummary summary(ResultSet row) throws SQLException {
      return new UsageSummary(
          Map.of(),
          Map.of(),
          row.getLong("calls"),
          row.getLong("operations"),
          row.getLong("tool_turns"),
          row.getLong("errors"),
          row.getLong("cancelled"),
          row.getLong("refused"),
          new TokenCounts(
              count(row, "input_tokens"),
              count(row, "output_tokens"),
              count(row, "cache_read_tokens"),
              null,
              null,
              null,
              null,
              null,
              null),
          row.getLong("unmeasured"),
          row.getLong("partial_figures"),
          row.getLong("estimated"),
          List.of(),
          row.getLong("unpriced"),
          0,
          Duration.ZERO,
          null);
    }

    private static @Nullable Long count(ResultSet row, String column) throws SQLException {
      BigDecimal sum = row.getBigDecimal(column);
      return sum == null ? null : Long.valueOf(sum.longValueExact());
    }
  }

  /** A fence of docs/storage.md that has this mark. */
  private static String sample(String mark) throws IOException {
    String page = Files.readString(Path.of("../docs/storage.md"));
    Matcher fence =
        Pattern.compile("<!-- sql: " + mark + " -->\\s*```sql\n(.*?)```", Pattern.DOTALL)
            .matcher(page);
    assertThat(fence.find()).as(mark).isTrue();
    return fence.group(1);
  }
}
