package io.github.usage4j.jdbc;

import static io.github.usage4j.sink.UsageEvents.NOON;
import static io.github.usage4j.sink.UsageEvents.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMeasure;
import io.github.usage4j.credit.CreditLedger;
import io.github.usage4j.limit.LimitKey;
import io.github.usage4j.limit.LimitKey.Scope;
import io.github.usage4j.limit.LimitKey.Subject;
import io.github.usage4j.limit.LimitState;
import io.github.usage4j.limit.LimitStore.Ask;
import io.github.usage4j.limit.UsageAlert;
import io.github.usage4j.limit.UsageLimit;
import io.github.usage4j.sink.UsageEvents;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** What the tables of limits promise beside what every store of limits does. */
abstract class LimitTablesContract extends LimitDatabase {

  @Test
  void write_withoutLimits_asksNothingMore() throws Exception {
    var statements = new ArrayList<String>();
    dataSource.fault =
        (connection, method, arguments) -> {
          if (method.equals("prepareStatement")) {
            statements.add(arguments[0].toString());
          }
        };
    store.write(List.of(tokens(ADA, 5)));

    assertThat(statements)
        .filteredOn(sql -> sql.contains("usage_limit"))
        .singleElement()
        .asString()
        .contains("usage_horizon");
  }

  /**
   * The sum from which a counter starts is that of the single calls, whoever and whatever counts.
   */
  @Test
  void open_anyScopeAndMeasure_startsWithTheSumOfTheCalls() throws Exception {
    // A refused call uses nothing.
    List<UsageEvent> events =
        UsageEvents.random(5, 2_000).stream().filter(e -> e.outcome() != Outcome.REFUSED).toList();
    store.write(events);
    store.write(
        List.of(
            chat()
                .attribution(ADA)
                .tokens(TokenCounts.UNKNOWN)
                .outcome(Outcome.REFUSED)
                .opensOperation(false)
                .build()));
    UsageEvent one =
        events.stream()
            .filter(e -> e.attribution().customer() != null && e.attribution().category() != null)
            .filter(e -> e.attribution().user() != null && !e.requestModel().isEmpty())
            .findFirst()
            .orElseThrow();
    Attribution who = one.attribution();
    var scopes =
        List.of(
            new Scope(Subject.APPLICATION, null, null, null, null),
            new Scope(Subject.APPLICATION, null, null, who.category(), null),
            new Scope(Subject.APPLICATION, null, null, null, one.requestModel()),
            new Scope(Subject.ORGANIZATION, "acme", null, null, null),
            new Scope(Subject.USER, who.organization(), who.user(), null, null),
            new Scope(Subject.USER, null, "bob", null, null),
            new Scope(Subject.CUSTOMER, who.organization(), who.customer(), null, null));
    var periods =
        List.of(
            NOVEMBER,
            BillingPeriod.lifetime(),
            BillingPeriod.today(NOON),
            BillingPeriod.monthOf(NOON, 15),
            BillingPeriod.of(
                Instant.parse("2026-10-12T13:14:15.000001Z"),
                Instant.parse("2026-12-02T01:00:00Z")));
    var nonZero = 0;
    for (UsageMeasure measure : UsageMeasure.values()) {
      for (Scope scope : scopes) {
        for (BillingPeriod period : periods) {
          LimitKey key = key(measure, scope, period);
          BigDecimal expected =
              events.stream()
                  .filter(key::counts)
                  .map(key::amountOf)
                  .reduce(BigDecimal.ZERO, BigDecimal::add);
          nonZero += expected.signum();
          assertThat(store.limits().open(key, HUNDRED).used())
              .as(key.toString())
              .isEqualByComparingTo(expected);
        }
      }
    }
    assertThat(nonZero).isGreaterThan(80);
  }

  @Test
  void open_ofTheModelThatNobodyNames_isRefused() {
    Scope unnamed = new Scope(Subject.APPLICATION, null, null, null, "");
    assertThatThrownBy(
            () -> store.limits().open(key(UsageMeasure.CALLS, unnamed, NOVEMBER), HUNDRED))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("model of a counter must be null or a name, but was ''");
  }

  @Test
  void write_commitWhoseAnswerIsLost_countsAndLowersOnce() throws Exception {
    LimitKey key = key(UsageMeasure.TOKENS, ACME, NOVEMBER);
    var holder = new Covering();
    store.limits().join(holder);
    store.limits().lease(holder.id(), key, new Ask(HUNDRED, number(0), number(50), number(50)));
    UsageEvent event = tokens(ADA, 20);
    holder.covered.put(event.id(), true);
    dataSource.fault =
        (connection, method, arguments) -> {
          if (method.equals("commit")) {
            connection.commit();
            throw new SQLException("connection reset", "08006");
          }
        };
    assertThatThrownBy(() -> store.write(List.of(event))).hasMessage("connection reset");
    dataSource.fault = FaultyDataSource.NONE;
    store.write(List.of(event));

    LimitState state = store.limits().open(key, HUNDRED);
    assertThat(state.used()).isEqualByComparingTo("20");
    assertThat(state.leased()).isEqualByComparingTo("30");
    assertThat(holder.lowered.get(event.id())).isEqualByComparingTo("20");
  }

  @Test
  void write_failingAfterTheCounter_leavesItAsItWas() throws Exception {
    LimitKey key = key(UsageMeasure.TOKENS, ACME, NOVEMBER);
    store.limits().open(key, HUNDRED);
    dataSource.fault =
        (connection, method, arguments) -> {
          if (method.equals("commit")) {
            throw new SQLException("connection reset", "08006");
          }
        };
    assertThatThrownBy(() -> store.write(List.of(tokens(ADA, 80)))).hasMessage("connection reset");
    dataSource.fault = FaultyDataSource.NONE;

    assertThat(store.limits().open(key, HUNDRED).used()).isEqualByComparingTo("0");
    assertThat(store.limits().alerts(ACME, 10)).isEmpty();
  }

  @Test
  void write_byAnInstanceWithoutLimits_countsAndRaises() throws Exception {
    LimitKey key = key(UsageMeasure.TOKENS, ACME, NOVEMBER);
    store.limits().open(key, HUNDRED);
    JdbcUsageStore.open(dataSource.delegate()).write(List.of(tokens(ADA, 95)));

    assertThat(store.limits().open(key, HUNDRED).used()).isEqualByComparingTo("95");
    assertThat(store.limits().alerts(ACME, 10))
        .extracting(UsageAlert::threshold)
        .containsExactly(90);
  }

  @Test
  void databaseAway_isSaid_notThrownRaw() {
    dataSource.fault =
        (connection, method, arguments) -> {
          throw new SQLException("gone", "08006");
        };
    assertThatThrownBy(() -> store.limits().beat("x"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("cannot beat: gone");
    dataSource.fault = FaultyDataSource.NONE;
  }

  @Test
  void deleteEventsBefore_forgetsOldCounters_whichBeginAgainWhereTheyWere() throws Exception {
    Attribution other = Attribution.organization("globex");
    LimitKey old = key(UsageMeasure.TOKENS, ACME, NOVEMBER);
    LimitKey lasting = key(UsageMeasure.TOKENS, ACME, BillingPeriod.lifetime());
    store.limits().open(old, HUNDRED);
    store.limits().open(lasting, HUNDRED);
    store.limits().grant(old, number(7), "invoice-1");
    assertThatThrownBy(() -> store.limits().grant(old, new BigDecimal("1e-19"), "x"))
        .hasMessageContaining("18 behind the point, but was 0.0000000000000000001");
    store.write(List.of(tokens(ADA, 99), tokens(other, 3)));
    assertThat(store.limits().alerts(ACME, 10)).hasSize(2);

    now = Instant.parse("2027-04-15T12:00:00Z");
    store.maintenance().deleteEventsBefore(Instant.parse("2027-01-01T00:00:00Z"));

    assertThat(texts("SELECT COUNT(*) FROM usage_limit_state")).containsExactly("1");
    assertThat(store.limits().open(lasting, HUNDRED).used()).isEqualByComparingTo("99");
    LimitState again = store.limits().open(old, HUNDRED);
    assertThat(again.used()).isEqualByComparingTo("99");
    assertThat(again.granted()).isEqualByComparingTo("7");
    assertThat(store.limits().alerts(ACME, 10)).hasSize(2);
  }

  @Test
  void deleteEventsBefore_forgetsCountersOfPeriodsThatWereRenewed() throws Exception {
    Instant until = Instant.parse("9999-12-30T00:00:00Z");
    for (Instant start : List.of(NOVEMBER.start(), NOVEMBER.end())) {
      store.limits().openPeriod("acme", start, "of " + start);
      store.limits().open(key(UsageMeasure.TOKENS, ACME, BillingPeriod.of(start, until)), HUNDRED);
    }
    now = Instant.parse("2027-04-15T12:00:00Z");
    store.maintenance().deleteEventsBefore(Instant.parse("2027-01-01T00:00:00Z"));

    assertThat(texts("SELECT period_start FROM usage_limit_state"))
        .singleElement()
        .asString()
        .startsWith("2026-12-01");
  }

  @Test
  void erase_leavesNoName_andEveryFigure() throws Exception {
    LimitKey ofAda = key(UsageMeasure.TOKENS, OF_ADA, NOVEMBER);
    LimitKey ofAcme = key(UsageMeasure.TOKENS, ACME, NOVEMBER);
    LimitKey sameName =
        key(UsageMeasure.TOKENS, new Scope(Subject.USER, "globex", "ada", null, null), NOVEMBER);
    for (LimitKey key : List.of(ofAda, ofAcme, sameName)) {
      store.limits().open(key, HUNDRED);
    }
    var holder = new Covering();
    store.limits().join(holder);
    store.limits().lease(holder.id(), ofAda, new Ask(HUNDRED, number(0), number(5), number(5)));
    store.limits().grant(ofAda, number(7), "invoice-1");
    store.write(
        List.of(tokens(ADA, 95), tokens(Attribution.organization("globex").user("ada"), 4)));
    store.limits().acknowledge(store.limits().alerts(OF_ADA, 1).get(0).id(), "ada");
    // Who never made a call, and an id that looks like a pseudonym.
    store.limits().acknowledge(store.limits().alerts(ACME, 1).get(0).id(), "chief");
    store.write(List.of(tokens(Attribution.organization("acme").user("erased-bob"), 0)));
    store.limits().put(UsageLimit.forApplication().calls(9).perDay().named("all"), "root");
    store.limits().put(UsageLimit.forUser("acme", "ada").tokens(5).perDay().named("own"), "root");
    store.limits().put(UsageLimit.forOrganization("acme").calls(5).perDay().named("org"), "ada");
    store.limits().remove("own", UsageLimit.forUser("acme", "ada").tokens(5).target(), "root");
    store.limits().put(UsageLimit.forUser("acme", "ada").tokens(6).perDay().named("own"), "root");
    store.limits().openPeriod("acme", NOON, "sub-1");
    CreditLedger ledger = CreditLedger.of(store.credits());
    ledger.purchase("acme", number(12), "invoice-1");

    store.maintenance().eraseUser("acme", "ada");

    List<String> tables =
        List.of("limit", "limit_change", "limit_state", "limit_grant", "alert", "limit_lease");
    for (String table : tables) {
      assertThat(texts("SELECT * FROM usage_" + table + " WHERE 1 = 1"))
          .as(table)
          .filteredOn(text -> text != null && !text.equals("globex"))
          .noneMatch(text -> text.contains("\"ada\""));
    }
    assertThat(texts("SELECT subject_id FROM usage_limit_state WHERE organization = 'acme'"))
        .noneMatch("ada"::equals)
        .anyMatch(id -> id.startsWith(Erasure.PREFIX));
    assertThat(texts("SELECT acknowledged_by FROM usage_alert WHERE subject = 'USER'"))
        .anyMatch(by -> by != null && by.startsWith(Erasure.PREFIX))
        .noneMatch("ada"::equals);
    assertThat(texts("SELECT changed_by FROM usage_limit_change")).noneMatch("ada"::equals);
    assertThat(texts("SELECT SUM(used) FROM usage_limit_state"))
        .singleElement()
        .satisfies(sum -> assertThat(new BigDecimal(sum)).isEqualByComparingTo("194"));
    assertThat(store.limits().open(sameName, HUNDRED).used()).isEqualByComparingTo("4");
    assertThat(store.limits().open(ofAcme, HUNDRED).used()).isEqualByComparingTo("95");
    String fresh =
        texts("SELECT subject_id FROM usage_limit_state WHERE organization = 'acme'").stream()
            .filter(id -> id.startsWith(Erasure.PREFIX))
            .findFirst()
            .orElseThrow();
    LimitKey renamed =
        key(UsageMeasure.TOKENS, new Scope(Subject.USER, "acme", fresh, null, null), NOVEMBER);
    LimitState state = store.limits().open(renamed, HUNDRED);
    assertThat(state.used()).isEqualByComparingTo("95");
    assertThat(state.granted()).isEqualByComparingTo("7");
    assertThat(state.leased()).isEqualByComparingTo("0");
    assertThat(store.limits().alerts(renamed.scope(), 10)).hasSize(1);
    assertThat(store.limits().grant(renamed, number(7), "invoice-1")).isFalse();
    // Who comes again is a new person.
    assertThat(store.limits().open(ofAda, HUNDRED).used()).isEqualByComparingTo("0");

    store.maintenance().eraseOrganization("acme");
    assertThat(texts("SELECT changed_by FROM usage_limit_change WHERE limit_name = 'all'"))
        .containsExactly("root"); // of the application: nobody knows whose root that was
    store.maintenance().eraseUser(null, "root");
    for (String table :
        List.of("event", "limit", "limit_change", "limit_state", "limit_grant", "alert")) {
      assertThat(texts("SELECT * FROM usage_" + table))
          .as(table)
          .filteredOn(text -> text != null)
          .noneMatch(text -> text.matches("(?s).*(acme|root|chief|erased-bob).*"));
    }
    assertThat(texts("SELECT organization FROM usage_billing_period"))
        .allMatch(name -> name.startsWith(Erasure.PREFIX));
    assertThat(ledger.balance("acme")).isEqualByComparingTo("0");
    String account = texts("SELECT account FROM usage_credit").get(0);
    assertThat(account).startsWith(Erasure.PREFIX);
    assertThat(ledger.spend(account, number(12), "last")).isTrue();
    assertThat(store.limits().limits()).hasSize(3);
    assertThat(store.limits().changes("own")).hasSize(3);
  }

  @Test
  void upgrade_ofADatabaseWithRows_countsThem() throws Exception {
    DataSource old = newDatabase();
    var events = List.of(tokens(ADA, 30), tokens(ADA, 12));
    OldSchema.fill(old, store.dialect(), 1, events);
    var upgraded = JdbcUsageStore.open(old);

    LimitKey key = key(UsageMeasure.TOKENS, ACME, NOVEMBER);
    assertThat(upgraded.limits().open(key, HUNDRED).used()).isEqualByComparingTo("42");
  }
}
