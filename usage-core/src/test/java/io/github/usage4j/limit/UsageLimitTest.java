package io.github.usage4j.limit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.limit.UsageLimit.Admission;
import io.github.usage4j.limit.UsageLimit.Mode;
import io.github.usage4j.limit.UsageLimit.Reservation;
import io.github.usage4j.limit.UsageLimit.Unpriced;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class UsageLimitTest {

  private static final UsageLimit MONTHLY = UsageLimit.forOrganization("acme").tokens(5).perMonth();

  private static void refused(ThrowingCallable code, String... words) {
    assertThatThrownBy(code)
        .isInstanceOf(IllegalArgumentException.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(words));
  }

  @Test
  void badInput_isRefused_namingItTheRuleAndTheValue() {
    refused(() -> UsageLimit.forEachUser().tokens(0).perDay(), "amount", "more than 0", "was 0");
    refused(() -> UsageLimit.forEachUser().calls(-3).perDay(), "amount", "more than 0", "-3");
    refused(() -> UsageLimit.forEachUser().cost("0.00", "USD").perDay(), "amount", "0.00");
    refused(() -> UsageLimit.forEachUser().cost("-2", "USD").perDay(), "amount", "-2");
    refused(() -> UsageLimit.forEachUser().cost("two", "USD"), "amount", "two");
    refused(() -> UsageLimit.forEachUser().cost("2.0000000001", "USD").perDay(), "9 decimals");
    refused(() -> UsageLimit.forEachUser().cost("2", "DOLLAR"), "ISO 4217", "DOLLAR");
    refused(() -> UsageLimit.forEachUser().tokens(Long.MAX_VALUE).perDay(), "at most");
    refused(
        () -> UsageLimit.forEachUser().tokens(5).perMonthFrom(0), "billingDay", "1 and 31", "0");
    refused(() -> UsageLimit.forEachUser().tokens(5).perMonthFrom(32), "billingDay", "32");
    refused(() -> MONTHLY.alertAt(90, 75), "alertAt", "ascending", "[90, 75]");
    refused(() -> MONTHLY.alertAt(75, 75), "alertAt", "ascending");
    refused(() -> MONTHLY.alertAt(0, 75), "alertAt", "[0, 75]");
    refused(() -> MONTHLY.alertAt(75, 101), "alertAt", "101");
    refused(() -> UsageLimit.forEachUser().tokens(5).perRollingDays(7).hard(), "rolling", "HARD");
    refused(() -> UsageLimit.forEachUser().tokens(5).perRollingDays(0), "rolling days", "0");
    refused(() -> UsageLimit.forEachUser().cost("1", "USD").perMinute(), "calls or tokens", "COST");
    refused(() -> UsageLimit.forOrganization(" "), "organization", "null or blank");
    refused(() -> MONTHLY.named(""), "limit name");
    refused(() -> MONTHLY.assumedOutput(-1), "assumedOutput", "-1");
    refused(() -> UsageLimit.fromJson("{"), "JSON");
    refused(() -> UsageLimit.fromJson("{}"), "name");
  }

  @Test
  void defaults_areHard_forEveryCall_alertingAtThreeThresholds() {
    assertThat(MONTHLY.mode()).isEqualTo(Mode.HARD);
    assertThat(MONTHLY.admission()).isEqualTo(Admission.EVERY_CALL);
    assertThat(MONTHLY.reservation()).isEqualTo(Reservation.EXPECTED);
    assertThat(MONTHLY.onUnpriced()).isEqualTo(Unpriced.REFUSE);
    assertThat(MONTHLY.alertAt()).containsExactly(75, 90, 100);
    assertThat(UsageLimit.forEachUser().tokens(5).perRollingDays(7).mode()).isEqualTo(Mode.SOFT);
  }

  @Test
  void toJson_keepsEverything() {
    UsageLimit limit =
        UsageLimit.forUser("acme", "ada")
            .cost("2.50", "EUR")
            .perMonthFrom(31)
            .named("budget")
            .onlyCategory("support")
            .onlyModel("gpt-4o")
            .soft()
            .admission(Admission.WHOLE_OPERATION)
            .reservation(Reservation.WORST_CASE)
            .onUnpriced(Unpriced.ALLOW)
            .alertAt(50)
            .assumedOutput(7);
    assertThat(UsageLimit.fromJson(limit.toJson())).isEqualTo(limit);
    for (LimitWindow.Kind kind : LimitWindow.Kind.values()) {
      if (kind == LimitWindow.Kind.DAY
          || kind == LimitWindow.Kind.BILLING
          || kind == LimitWindow.Kind.LIFETIME) {
        UsageLimit other = UsageLimit.forApplication().calls(1).in(LimitWindow.of(kind));
        assertThat(UsageLimit.fromJson(other.toJson())).isEqualTo(other);
      }
    }
  }

  @Test
  void scopeFor_isThatOfTheCaller_orNone() {
    Attribution ada = Attribution.organization("acme").user("ada").customer("c").category("rag");
    assertThat(UsageLimit.forEachUser().calls(1).perDay().scopeFor(ada, "m"))
        .isEqualTo(new LimitKey.Scope(LimitKey.Subject.USER, "acme", "ada", null, null));
    assertThat(MONTHLY.appliesTo(ada, "m")).isTrue();
    assertThat(MONTHLY.appliesTo(Attribution.NONE, "m")).isFalse();
    assertThat(MONTHLY.appliesTo(Attribution.organization("Acme"), "m")).isFalse();
    assertThat(UsageLimit.forEachUser().calls(1).perDay().appliesTo(Attribution.NONE, ""))
        .isFalse();
    assertThat(UsageLimit.forEachUserOf("acme").calls(1).perDay().appliesTo(ada, "")).isTrue();
    assertThat(UsageLimit.forEachUserOf("globex").calls(1).perDay().appliesTo(ada, "")).isFalse();
    assertThat(UsageLimit.forUser("acme", "bob").calls(1).perDay().appliesTo(ada, "")).isFalse();
    assertThat(UsageLimit.forUser(null, "ada").calls(1).perDay().appliesTo(ada, "")).isFalse();
    assertThat(UsageLimit.forCustomer("acme", "c").calls(1).perDay().appliesTo(ada, "")).isTrue();
    assertThat(UsageLimit.forCategory("rag").calls(1).perDay().appliesTo(ada, "")).isTrue();
    assertThat(UsageLimit.forCategory("chat").calls(1).perDay().appliesTo(ada, "")).isFalse();
    assertThat(UsageLimit.forModel("m").calls(1).perDay().appliesTo(ada, "m")).isTrue();
    assertThat(UsageLimit.forModel("m").calls(1).perDay().appliesTo(ada, "n")).isFalse();
    assertThat(UsageLimit.forApplication().calls(1).perDay().appliesTo(Attribution.NONE, ""))
        .isTrue();
  }

  @Test
  void rateBeyondOneInANanosecond_isRefused_becauseItCouldNotBeKept() {
    LimitTarget target = UsageLimit.forEachUser();
    refused(() -> target.tokens(60_000_000_001L).perMinute(), "minute", "60000000001");
    refused(() -> target.calls(3_600_000_000_001L).perHour(), "hour", "3600000000001");
    assertThat(target.tokens(60_000_000_000L).perMinute().amount()).isPositive();
    assertThat(target.tokens(60_000_000_001L).perDay().amount()).isPositive();
  }

  @Test
  void targetThatNamesWhatItsSubjectHasNot_isRefused() {
    refused(() -> new LimitTarget(LimitKey.Subject.APPLICATION, "acme", null, null, null), "acme");
    refused(() -> new LimitTarget(LimitKey.Subject.APPLICATION, null, "ada", null, null), "ada");
    refused(() -> new LimitTarget(LimitKey.Subject.ORGANIZATION, "acme", "ada", null, null), "ada");
    refused(() -> new LimitTarget(LimitKey.Subject.USER, " acme", "ada", null, null), " acme");
  }
}
