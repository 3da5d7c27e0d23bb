package io.github.usage4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BillingPeriodTest {

  private static Instant at(String instant) {
    return Instant.parse(instant);
  }

  @Test
  void month_isHalfOpenInUtc() {
    BillingPeriod november = BillingPeriod.month(2026, 11);
    assertThat(november.contains(at("2026-11-01T00:00:00Z"))).isTrue();
    assertThat(november.contains(at("2026-10-31T23:59:59.999999Z"))).isFalse();
    assertThat(november.contains(at("2026-11-30T23:59:59.999999Z"))).isTrue();
    assertThat(november.contains(at("2026-12-01T00:00:00Z"))).isFalse();
    assertThat(november.previous()).isEqualTo(BillingPeriod.month(2026, 10));
  }

  @ParameterizedTest
  @CsvSource({
    // at, billing day, start, end
    "2026-01-31T00:00:00Z, 31, 2026-01-31, 2026-02-28",
    "2026-02-27T23:59:59Z, 31, 2026-01-31, 2026-02-28",
    "2026-02-28T00:00:00Z, 31, 2026-02-28, 2026-03-31",
    "2028-02-29T12:00:00Z, 31, 2028-02-29, 2028-03-31",
    "2028-02-28T12:00:00Z, 30, 2028-01-30, 2028-02-29",
    "2027-03-01T00:00:00Z, 29, 2027-02-28, 2027-03-29",
    "2026-12-31T23:59:59Z, 15, 2026-12-15, 2027-01-15",
    "2026-04-30T00:00:00Z, 31, 2026-04-30, 2026-05-31",
    "2026-11-01T00:00:00Z, 1, 2026-11-01, 2026-12-01"
  })
  void monthOf_billingDay_clampsToTheMonthsEndAndReturns(
      String at, int billingDay, LocalDate start, LocalDate end) {
    BillingPeriod period = BillingPeriod.monthOf(at(at), billingDay);
    assertThat(period.start()).isEqualTo(start + "T00:00:00Z");
    assertThat(period.end()).isEqualTo(end + "T00:00:00Z");
    assertThat(period.previous().end()).isEqualTo(period.start());
    assertThat(BillingPeriod.monthOf(period.end(), billingDay).previous()).isEqualTo(period);
  }

  @Test
  void monthOf_everyDay_tilesTimeForEveryBillingDay() {
    for (int billingDay = 1; billingDay <= 31; billingDay++) {
      BillingPeriod period = BillingPeriod.monthOf(at("2023-12-31T00:00:00Z"), billingDay);
      while (period.start().isBefore(at("2029-01-01T00:00:00Z"))) {
        BillingPeriod next = BillingPeriod.monthOf(period.end(), billingDay);
        assertThat(next.start()).isEqualTo(period.end());
        assertThat(next.previous()).isEqualTo(period);
        assertThat(BillingPeriod.monthOf(period.end().minusNanos(1), billingDay)).isEqualTo(period);
        period = next;
      }
    }
  }

  @Test
  void upTo_andPreviousUpTo_compareTheSameElapsedPart() {
    BillingPeriod november = BillingPeriod.month(2026, 11);
    Instant now = at("2026-11-21T10:00:00Z");
    assertThat(november.upTo(now)).isEqualTo(BillingPeriod.of(at("2026-11-01T00:00:00Z"), now));
    assertThat(november.previousUpTo(now))
        .isEqualTo(BillingPeriod.of(at("2026-10-01T00:00:00Z"), at("2026-10-21T10:00:00Z")));
    assertThat(BillingPeriod.month(2026, 3).previousUpTo(at("2026-03-31T00:00:00Z")).end())
        .isEqualTo("2026-03-01T00:00:00Z");
  }

  @Test
  void upTo_beforeTheStart_isEmpty() {
    BillingPeriod november = BillingPeriod.month(2026, 11);
    BillingPeriod nothing = november.upTo(at("2026-10-01T00:00:00Z"));
    assertThat(nothing.start()).isEqualTo(nothing.end());
    assertThat(nothing.contains(november.start())).isFalse();
    assertThat(november.upTo(at("2027-01-01T00:00:00Z")).end()).isEqualTo(november.end());
  }

  @Test
  void lastDays_endsWithTheWholeDayOfNow() {
    BillingPeriod week = BillingPeriod.lastDays(7, at("2026-11-21T10:00:00Z"));
    assertThat(week.start()).isEqualTo("2026-11-15T00:00:00Z");
    assertThat(week.end()).isEqualTo("2026-11-22T00:00:00Z");
    assertThat(week.previous().end()).isEqualTo(week.start());
  }

  @Test
  void badPeriods_areRefusedByName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BillingPeriod.of(at("2026-11-02T00:00:00Z"), at("2026-11-01T00:00:00Z")))
        .withMessageContaining("must not end before it starts");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BillingPeriod.monthOf(at("2026-11-02T00:00:00Z"), 32))
        .withMessage("billingDay must be between 1 and 31, but was 32");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BillingPeriod.lastDays(0, at("2026-11-02T00:00:00Z")))
        .withMessage("days must be at least 1, but were 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BillingPeriod.of(Instant.MIN, at("2026-11-01T00:00:00Z")))
        .withMessageContaining("must lie between");
  }

  @Test
  void periodsAroundNow_areUtcAndHalfOpen() {
    Instant firstMicrosecond = Instant.parse("2027-01-01T00:00:00Z"); // a Friday
    Instant lastMicrosecond = firstMicrosecond.minusNanos(1_000);
    assertThat(BillingPeriod.today(lastMicrosecond))
        .isEqualTo(BillingPeriod.day(LocalDate.of(2026, 12, 31)));
    assertThat(BillingPeriod.today(firstMicrosecond))
        .isEqualTo(BillingPeriod.day(LocalDate.of(2027, 1, 1)));
    assertThat(BillingPeriod.yesterday(firstMicrosecond))
        .isEqualTo(BillingPeriod.today(lastMicrosecond));
    for (Instant at : List.of(firstMicrosecond, lastMicrosecond)) {
      assertThat(BillingPeriod.weekOf(at))
          .isEqualTo(
              BillingPeriod.of(
                  Instant.parse("2026-12-28T00:00:00Z"), Instant.parse("2027-01-04T00:00:00Z")));
    }
    Instant monday = Instant.parse("2026-12-28T00:00:00Z");
    assertThat(BillingPeriod.weekOf(monday).start()).isEqualTo(monday);
    assertThat(BillingPeriod.weekOf(monday.minusNanos(1_000)).end()).isEqualTo(monday);
    assertThat(BillingPeriod.lastMonth(firstMicrosecond)).isEqualTo(BillingPeriod.month(2026, 12));
    assertThat(BillingPeriod.lastMonth(lastMicrosecond)).isEqualTo(BillingPeriod.month(2026, 11));
    assertThat(BillingPeriod.lastMonth(firstMicrosecond).previous())
        .isEqualTo(BillingPeriod.month(2026, 11));
    assertThat(BillingPeriod.weekOf(monday).previous().end()).isEqualTo(monday);
  }
}
