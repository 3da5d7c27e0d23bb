package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.EventQuery;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageSummary;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** PostgreSQL keeps organizations apart, on a pool of one connection that all take in turns. */
class RowSecurityTest {

  private static final UsageFilter ALL = UsageFilter.allOrganizations();
  private static final BillingPeriod EVER = BillingPeriod.lifetime();

  /** All that is not for members; every other table must show nothing of others to anybody. */
  private static final List<String> FOR_EVERYBODY = List.of("usage_schema");

  /** What an organization sees, and no single user of it. */
  private static final List<String> FOR_THE_ORGANIZATION =
      List.of(
          "usage_billing_period",
          "usage_credit",
          "usage_credit_account",
          "usage_credit_lot",
          "usage_organization_rollup",
          "usage_repricing_sum");

  private static final List<String> FOR_NOBODY =
      List.of(
          "usage_import",
          "usage_job_lock",
          "usage_limit_change",
          "usage_limit_holder",
          "usage_limit_lease",
          "usage_repricing");

  private static final String OWNED =
      " FROM (VALUES ('acme', 'ada'), ('acme', 'bob'), ('evil', 'eve')) AS o (o, u)";

  private DataSource superuser;
  private JdbcUsageStore store;
  private HikariDataSource pool;

  @BeforeEach
  void open() throws Exception {
    superuser = Databases.postgres();
    String owner = role("");
    Databases.execute(
        superuser, "ALTER ROLE " + owner + " CREATEROLE", "GRANT ALL ON SCHEMA public TO " + owner);
    DataSource owners = as(owner);
    prepare(owners);
    var first = JdbcUsageStore.open(owners);
    first.write(events());
    RowSecurity.apply(first.jobs().transactions(), first.jobs().dialect(), first.jobs().tables());
    RowSecurity.apply(first.jobs().transactions(), first.jobs().dialect(), first.jobs().tables());
    Databases.execute(
        superuser,
        "INSERT INTO usage_limit SELECT gen_random_uuid(), 'l', 'USER', o, u, '', '', '{}', now()"
            + OWNED,
        "INSERT INTO usage_limit_change VALUES (1, 'l', 'acme', '', NULL, NULL, 'root', now())",
        "INSERT INTO usage_limit_state SELECT gen_random_uuid(), gen_random_uuid(), 'l', 'TOKENS',"
            + " '', 'USER', o, u, '', '', now(), now(), 0, 1, '', 0, 0, 0, 0, now()"
            + OWNED,
        "INSERT INTO usage_limit_holder VALUES ('h', 1)",
        "INSERT INTO usage_limit_lease SELECT 'h', state_hash, 1 FROM usage_limit_state",
        "INSERT INTO usage_limit_grant SELECT gen_random_uuid(), gen_random_uuid(), 'l', 'TOKENS',"
            + " '', 'USER', o, u, '', '', now(), now(), 0, 'r', 1, now()"
            + OWNED,
        "INSERT INTO usage_alert SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),"
            + " 'WARNING', 75, 'l', 'TOKENS', '', 'USER', o, u, '', '', now(), now(), 0, 1, 1,"
            + " now()"
            + OWNED,
        "INSERT INTO usage_billing_period VALUES ('acme', 'x', now()), ('evil', 'x', now())",
        "INSERT INTO usage_credit SELECT gen_random_uuid(), o, 'GRANT', 1, gen_random_uuid(), 1,"
            + " now(), 'r', now() FROM (VALUES ('acme'), ('evil')) AS o (o)",
        "INSERT INTO usage_credit_account VALUES ('acme', 1), ('evil', 1)",
        "INSERT INTO usage_credit_lot SELECT entry_id, account, 1 FROM usage_credit",
        "INSERT INTO usage_import VALUES ('s', 'i', '', 0, 0, 0, 0, 0, 0, true, now())",
        "INSERT INTO usage_job_lock VALUES ('j', 'o', now(), now())",
        "INSERT INTO usage_horizon VALUES ('O', 'acme', '2020-01-01Z'), ('O', 'evil', '2020-01-01Z')"
            + " ON CONFLICT DO NOTHING",
        "INSERT INTO usage_month_close SELECT g, '2020-01-01', '2020-02-01', o, CASE g WHEN 'O' THEN"
            + " '' ELSE u END, 1, 1, 1, 1, 1, 1, NULL, now() FROM (VALUES ('O'), ('U')) AS g (g),"
            + " (VALUES ('acme', 'ada'), ('evil', 'eve')) AS o (o, u)",
        "INSERT INTO usage_repricing (id, who, why, starts_at, ends_at, only_unpriced, begun_at,"
            + " saved_at, at_organization, looked_at, changed, unpriced_before, unpriced_after,"
            + " undecided) VALUES (gen_random_uuid(), 'w', 'y', now(), now(), true, now(), now(),"
            + " '', 0, 0, 0, 0, 0)",
        "INSERT INTO usage_repricing_sum SELECT id, o, 'p', 'm', 'USD', 1, 0, 1 FROM"
            + " usage_repricing, (VALUES ('acme'), ('evil'), ('')) AS o (o)",
        "INSERT INTO usage_repricing_event (event_id, run_id, repriced_at, new_reference)"
            + " SELECT e.id, r.id, now(), 'of ' || COALESCE(user_id, 'null') FROM usage_event e,"
            + " usage_repricing r");
    if (rows("SELECT COUNT(*) FROM usage_event_tag").equals(List.of("0"))) {
      Databases.execute(
          superuser,
          "INSERT INTO usage_event_tag SELECT id, 'k', 't-' || COALESCE(user_id, 'null') FROM usage_event");
    }
    if (rows("SELECT COUNT(*) FROM usage_rollup").equals(List.of("0"))) {
      Databases.execute(
          superuser,
          "INSERT INTO usage_rollup SELECT 'D', utc_day, id, coalesce(organization, ''),"
              + " coalesce(user_id, ''), '', '', provider, model, 'XXX', 1, 1, 0, 1, 0, 0, 0, 10, 5,"
              + " null, null, null, null, null, null, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15, 1,"
              + " occurred_at FROM usage_event");
    }
    pool = poolOf(role("IN ROLE usage_writer"));
    store = JdbcUsageStore.builder(pool).validateOnly().open();
  }

  /** Makes the tables, if they are to be other than usual. */
  void prepare(DataSource empty) {}

  @AfterEach
  void close() {
    pool.close();
  }

  private static List<UsageEvent> events() {
    var events = new ArrayList<UsageEvent>();
    for (String[] who :
        new String[][] {{"acme", "ada"}, {"acme", "bob"}, {"evil", "eve"}, {null, null}}) {
      Attribution attribution =
          Attribution.organization(who[0])
              .user(who[1], "Label of " + who[1])
              .customer("c-" + who[1], "Customer of " + who[1])
              .session("s-" + who[1])
              .tag("k", "t-" + who[1]);
      events.add(chat().attribution(attribution).build());
    }
    return events;
  }

  private String role(String options) {
    String name = Databases.newName() + "role";
    Databases.execute(superuser, "CREATE ROLE " + name + " LOGIN " + options);
    return name;
  }

  final String ownerOfTables() throws SQLException {
    return rows("SELECT tableowner FROM pg_tables WHERE tablename = 'usage_event'").get(0);
  }

  /** What the owner sees as the administrator. */
  final List<String> rowsAsOwner(String sql) throws SQLException {
    try (Connection connection =
        new IdentityDataSource(as(ownerOfTables()), new PostgresDialect(), RowIdentity.ADMIN)
            .getConnection()) {
      return rows(connection, sql);
    }
  }

  final DataSource as(String role) throws SQLException {
    var dataSource = new PGSimpleDataSource();
    try (Connection connection = superuser.getConnection()) {
      dataSource.setUrl(connection.getMetaData().getURL());
    }
    dataSource.setUser(role);
    return dataSource;
  }

  private HikariDataSource poolOf(String role) throws SQLException {
    var config = new HikariConfig();
    config.setDataSource(as(role));
    config.setMaximumPoolSize(1);
    config.setConnectionTimeout(5_000);
    return new HikariDataSource(config);
  }

  /** What a superuser sees. */
  private List<String> rows(String sql) throws SQLException {
    try (Connection connection = superuser.getConnection()) {
      return rows(connection, sql);
    }
  }

  private static List<String> rows(Connection connection, String sql) throws SQLException {
    var rows = new ArrayList<String>();
    try (var statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      while (row.next()) {
        rows.add(row.getString(1));
      }
    }
    return rows;
  }

  private List<String> rowsAs(@Nullable RowIdentity identity, String sql) throws SQLException {
    try (Connection connection =
        identity == null
            ? pool.getConnection()
            : new IdentityDataSource(pool, store.dialect(), identity).getConnection()) {
      return rows(connection, sql);
    }
  }

  /** A table or view that comes later and is forgotten in the script makes this fail. */
  @Test
  void everyTableAndView_hasItsPolicy() throws Exception {
    assertThat(
            rows(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND"
                    + " relkind IN ('r', 'p', 'f', 'm') AND NOT (relrowsecurity AND"
                    + " relforcerowsecurity AND (relispartition OR EXISTS (SELECT 1 FROM pg_policy"
                    + " WHERE polrelid = pg_class.oid)))"))
        .isEmpty();
    assertThat(
            rows(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND"
                    + " relkind = 'v' AND NOT 'security_invoker=true' = ANY (COALESCE(reloptions,"
                    + " '{}'))"))
        .isEmpty();
    assertThat(relations()).contains("usage_event", "usage_rollup", "usage_operation");
  }

  /** A view that is replaced loses its setting, if the script does not give it back. */
  @Test
  void upgradeFromVersionSeven_keepsTheViewApart_andWhoMayReadIt() throws Exception {
    Databases.execute(superuser, "DELETE FROM usage_schema WHERE version > 7");
    JdbcUsageStore.open(as(ownerOfTables()));

    everyTableAndView_hasItsPolicy();
    member_seesItsOwnOnly_inEveryTableAndView();
    assertThat(rows("SELECT MAX(version) FROM usage_schema"))
        .containsExactly(String.valueOf(Schema.VERSION));
  }

  private List<String> relations() throws SQLException {
    return rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN"
            + " ('r', 'p', 'v', 'm', 'f') AND NOT relispartition ORDER BY 1");
  }

  @Test
  void nothingSet_showsNoRowOfAnything_alsoAfterAnAdministrator() throws Exception {
    for (String relation : relations()) {
      String sql = "SELECT COUNT(*) FROM " + relation;
      assertThat(rows(sql)).as(relation).noneMatch("0"::equals);
      assertThat(rowsAs(RowIdentity.ADMIN, sql)).as(relation).isEqualTo(rows(sql));
      if (!FOR_EVERYBODY.contains(relation)) {
        assertThat(rowsAs(null, sql)).as(relation).containsExactly("0");
      }
    }
  }

  /** Whatever stands in any column of any row: as a text it names nobody else. */
  @Test
  void member_seesItsOwnOnly_inEveryTableAndView() throws Exception {
    for (String relation : relations()) {
      String sql = "SELECT r::text FROM " + relation + " r";
      rowsAs(RowIdentity.ADMIN, sql); // the last borrower saw everything
      List<String> seen = rowsAs(new RowIdentity(false, "acme", null), sql);
      assertThat(seen).as(relation).noneMatch(row -> row.matches(".*(evil|eve|null).*"));
      boolean forMembers = !FOR_NOBODY.contains(relation);
      assertThat(seen.isEmpty()).as(relation).isEqualTo(!forMembers);

      List<String> own = rowsAs(new RowIdentity(false, "acme", "ada"), sql);
      assertThat(own).as(relation).noneMatch(row -> row.matches(".*(evil|eve|null|bob).*"));
      boolean forUsers = forMembers && !FOR_THE_ORGANIZATION.contains(relation);
      assertThat(own.isEmpty()).as(relation).isEqualTo(!forUsers);

      if (!List.of("usage_schema", "usage_horizon").contains(relation)) {
        // A user without an organization, or of another one, is nobody.
        assertThat(rowsAs(new RowIdentity(false, null, "ada"), sql)).as(relation).isEmpty();
        assertThat(rowsAs(new RowIdentity(false, "evil", "ada"), sql)).as(relation).isEmpty();
      }
    }
  }

  @Test
  void queries_onAConnectionOfOneUser_sumOwnRows_alsoOfTheWholeOrganization() throws Exception {
    try (Connection connection =
        new IdentityDataSource(pool, store.dialect(), new RowIdentity(false, "acme", "ada"))
            .getConnection()) {
      assertThat(store.queries(connection).total(ALL, EVER).calls()).isEqualTo(1);
      assertThat(store.queries(connection).total(UsageFilter.organization("acme"), EVER).calls())
          .isEqualTo(1);
    }
  }

  @Test
  void queriesAs_whateverIsAsked_answersFromOwnRows() {
    UsageQueries acme = store.queriesAs(UsageFilter.organization("acme"));
    UsageQueries ada = store.queriesAs(UsageFilter.organization("acme").user("ada"));
    UsageQueries all = store.queriesAs(ALL);
    for (int i = 0; i < 3; i++) {
      assertThat(all.total(ALL, EVER).calls()).isEqualTo(4);
      assertThat(acme.total(ALL, EVER).calls()).isEqualTo(2);
      assertThat(ada.total(ALL, EVER).calls()).isEqualTo(1);
      assertThat(acme.total(UsageFilter.organization("evil"), EVER).calls()).isZero();
      assertThat(ada.total(UsageFilter.organization("acme").user("bob"), EVER).calls()).isZero();
      assertThat(store.queries().total(UsageFilter.organization("evil"), EVER).calls())
          .isEqualTo(1);
    }
    assertThat(acme.top(ALL, EVER, Dimension.USER, UsageMeasure.CALLS, 25))
        .extracting(row -> row.label(Dimension.USER))
        .containsExactlyInAnyOrder("Label of ada", "Label of bob");
    assertThat(ada.by(ALL, EVER, Dimension.USER))
        .extracting(UsageSummary::labels)
        .allMatch(labels -> labels.toString().contains("Label of ada"))
        .hasSize(1);
  }

  @Test
  void queriesAs_callsOfOthers_cannotBeFoundById() throws Exception {
    UsageFilter evil = UsageFilter.organization("evil");
    var query = new EventQuery(ALL, EVER, null, null, 10, null);
    UsageEvent foreign =
        store.reader().events(new EventQuery(evil, EVER, null, null, 1, null)).get(0);
    UsageQueries acme = store.queriesAs(UsageFilter.organization("acme"));

    assertThat(acme.event(ALL, foreign.id())).isEmpty();
    assertThat(acme.events(ALL, EVER, 10, null).events()).hasSize(2);
    assertThat(store.reader().events(query)).hasSize(4);
  }

  @Test
  void write_byTheWriter_worksAndIsCounted() throws Exception {
    List<UsageEvent> batch = events();
    store.write(batch);
    store.write(batch);

    assertThat(store.queries().total(ALL, EVER).calls()).isEqualTo(8);
    assertThat(store.queriesAs(UsageFilter.organization("acme")).total(ALL, EVER).calls())
        .isEqualTo(4);
  }

  @Test
  void write_byTheOwner_worksToo() throws Exception {
    JdbcUsageStore.open(as(ownerOfTables())).write(events());
    assertThat(store.queries().total(ALL, EVER).calls()).isEqualTo(8);
  }

  @Test
  void reader_cannotWrite() throws Exception {
    try (HikariDataSource readers = poolOf(role("IN ROLE usage_reader"))) {
      var reading = JdbcUsageStore.builder(readers).validateOnly().open();
      assertThat(reading.queries().total(ALL, EVER).calls()).isEqualTo(4);
      assertThat(reading.queriesAs(UsageFilter.organization("acme")).total(ALL, EVER).calls())
          .isEqualTo(2);
      assertThatThrownBy(() -> reading.write(events()))
          .isInstanceOf(SQLException.class)
          .extracting(e -> ((SQLException) e).getSQLState())
          .isEqualTo("42501");
    }
  }

  @Test
  void member_cannotWriteEvenWhereItMayRead() throws Exception {
    for (String sql :
        List.of(
            "UPDATE usage_event SET cost_total = 0",
            "DELETE FROM usage_rollup",
            "UPDATE usage_label SET label = 'x'")) {
      try (Connection connection =
              new IdentityDataSource(pool, store.dialect(), new RowIdentity(false, "acme", null))
                  .getConnection();
          var statement = connection.createStatement()) {
        assertThat(statement.executeUpdate(sql)).as(sql).isZero();
      }
    }
  }

  @Test
  void queriesAs_withoutRowSecurity_isRefused() {
    var plain = JdbcUsageStore.open(superuser); // a superuser is above all policies
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> plain.queriesAs(UsageFilter.organization("acme")))
        .withMessageContaining("needs row-level security");
    var h2 = JdbcUsageStore.open(Databases.h2Memory(""));
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> h2.queriesAs(UsageFilter.organization("acme")));
  }

  /** What a DataSource hands out that joins the caller's transaction. */
  private DataSource joining(Connection host) {
    var joined = new FaultyDataSource(pool);
    joined.join = host;
    return joined;
  }

  @Test
  void queries_inATransactionOfTheCallerThatWrote_areRefusedAndNothingIsLost() throws Exception {
    Databases.execute(
        superuser, "CREATE TABLE host_order (id INTEGER)", "GRANT ALL ON host_order TO PUBLIC");
    try (Connection host = pool.getConnection()) {
      host.setAutoCommit(false);
      var joined = JdbcUsageStore.builder(joining(host)).validateOnly().open();
      assertThat(joined.queries().total(ALL, EVER).calls()).isEqualTo(4); // nothing is written yet
      try (var statement = host.createStatement()) {
        statement.execute("INSERT INTO host_order VALUES (7)");
      }
      for (UsageQueries queries :
          List.of(
              joined.queries().fresh(),
              joined.queriesAs(ALL),
              joined.queriesAs(UsageFilter.organization("acme")))) {
        assertThatExceptionOfType(UsageException.class)
            .isThrownBy(() -> queries.total(ALL, EVER))
            .withMessageContaining("inside a transaction");
        assertThatExceptionOfType(UsageException.class)
            .isThrownBy(() -> queries.events(ALL, EVER, 10, null))
            .withMessageContaining("inside a transaction");
      }
      host.commit();
    }
    assertThat(rows("SELECT id FROM host_order")).containsExactly("7");
  }

  @Test
  void queriesAs_moreThanAnIdentity_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> store.queriesAs(UsageFilter.organization("acme").session("s")))
        .withMessageContaining("who must be");
    assertThatIllegalArgumentException().isThrownBy(() -> store.queriesAs(ALL.user("ada")));
  }

  @Test
  void connection_isGivenBackAsItWas() throws Exception {
    store.queriesAs(ALL).total(ALL, EVER);
    try (Connection connection = pool.getConnection()) {
      assertThat(connection.getAutoCommit()).isTrue();
      assertThat(rows(connection, "SELECT current_setting('usage4j.admin', true)"))
          .containsExactly("");
    }
  }
}
