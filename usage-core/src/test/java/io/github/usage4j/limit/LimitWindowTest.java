package io.github.usage4j.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.BillingPeriod;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LimitWindowTest {

  private static final BillingPeriod ALL = BillingPeriod.lifetime();

  private static LimitWindow window(String name) {
    String[] parts = name.split(" ");
    return new LimitWindow(
        LimitWindow.Kind.valueOf(parts[0]), parts.length > 1 ? Integer.parseInt(parts[1]) : 0);
  }

  private static Instant midnight(String date) {
    return LocalDate.parse(date).atStartOfDay(ZoneOffset.UTC).toInstant();
  }

  /** Month ends, leap days, anchors on the last days, week 53. */
  @ParameterizedTest(name = "{0} of {1}: {2} to {3}")
  @CsvSource({
    "DAY, 2026-11-21T00:00:00Z, 2026-11-21, 2026-11-22",
    "DAY, 2026-11-21T23:59:59.999999Z, 2026-11-21, 2026-11-22",
    "DAY, 2026-12-31T23:59:59Z, 2026-12-31, 2027-01-01",
    "DAY, 2024-02-28T12:00:00Z, 2024-02-28, 2024-02-29",
    "DAY, 2024-02-29T12:00:00Z, 2024-02-29, 2024-03-01",
    "DAY, 2023-02-28T12:00:00Z, 2023-02-28, 2023-03-01",
    "DAY, 2100-02-28T12:00:00Z, 2100-02-28, 2100-03-01",
    "DAY, 2000-02-29T12:00:00Z, 2000-02-29, 2000-03-01",
    "WEEK, 2026-11-21T12:00:00Z, 2026-11-16, 2026-11-23",
    "WEEK, 2026-11-22T23:59:59Z, 2026-11-16, 2026-11-23",
    "WEEK, 2026-11-23T00:00:00Z, 2026-11-23, 2026-11-30",
    "WEEK, 2020-12-31T12:00:00Z, 2020-12-28, 2021-01-04",
    "WEEK, 2021-01-03T23:59:59Z, 2020-12-28, 2021-01-04",
    "WEEK, 2021-01-04T00:00:00Z, 2021-01-04, 2021-01-11",
    "WEEK, 2026-12-31T12:00:00Z, 2026-12-28, 2027-01-04",
    "WEEK, 2027-01-01T12:00:00Z, 2026-12-28, 2027-01-04",
    "WEEK, 2024-02-29T12:00:00Z, 2024-02-26, 2024-03-04",
    "WEEK, 2025-12-29T00:00:00Z, 2025-12-29, 2026-01-05",
    "MONTH 1, 2026-11-01T00:00:00Z, 2026-11-01, 2026-12-01",
    "MONTH 1, 2026-11-30T23:59:59Z, 2026-11-01, 2026-12-01",
    "MONTH 1, 2026-12-31T23:59:59Z, 2026-12-01, 2027-01-01",
    "MONTH 1, 2024-02-29T12:00:00Z, 2024-02-01, 2024-03-01",
    "MONTH 1, 2023-02-28T23:59:59Z, 2023-02-01, 2023-03-01",
    "MONTH 15, 2026-11-14T23:59:59Z, 2026-10-15, 2026-11-15",
    "MONTH 15, 2026-11-15T00:00:00Z, 2026-11-15, 2026-12-15",
    "MONTH 15, 2027-01-01T00:00:00Z, 2026-12-15, 2027-01-15",
    "MONTH 28, 2026-02-27T23:59:59Z, 2026-01-28, 2026-02-28",
    "MONTH 28, 2026-02-28T00:00:00Z, 2026-02-28, 2026-03-28",
    "MONTH 28, 2024-02-29T00:00:00Z, 2024-02-28, 2024-03-28",
    "MONTH 29, 2026-02-27T23:59:59Z, 2026-01-29, 2026-02-28",
    "MONTH 29, 2026-02-28T00:00:00Z, 2026-02-28, 2026-03-29",
    "MONTH 29, 2026-03-28T23:59:59Z, 2026-02-28, 2026-03-29",
    "MONTH 29, 2024-02-28T23:59:59Z, 2024-01-29, 2024-02-29",
    "MONTH 29, 2024-02-29T00:00:00Z, 2024-02-29, 2024-03-29",
    "MONTH 29, 2026-11-28T12:00:00Z, 2026-10-29, 2026-11-29",
    "MONTH 30, 2026-02-27T23:59:59Z, 2026-01-30, 2026-02-28",
    "MONTH 30, 2026-02-28T00:00:00Z, 2026-02-28, 2026-03-30",
    "MONTH 30, 2024-02-28T23:59:59Z, 2024-01-30, 2024-02-29",
    "MONTH 30, 2024-02-29T00:00:00Z, 2024-02-29, 2024-03-30",
    "MONTH 30, 2026-03-29T23:59:59Z, 2026-02-28, 2026-03-30",
    "MONTH 30, 2026-04-30T00:00:00Z, 2026-04-30, 2026-05-30",
    "MONTH 30, 2026-12-31T00:00:00Z, 2026-12-30, 2027-01-30",
    "MONTH 31, 2026-01-30T23:59:59Z, 2025-12-31, 2026-01-31",
    "MONTH 31, 2026-01-31T00:00:00Z, 2026-01-31, 2026-02-28",
    "MONTH 31, 2026-02-28T00:00:00Z, 2026-02-28, 2026-03-31",
    "MONTH 31, 2026-03-30T23:59:59Z, 2026-02-28, 2026-03-31",
    "MONTH 31, 2026-03-31T00:00:00Z, 2026-03-31, 2026-04-30",
    "MONTH 31, 2026-04-29T23:59:59Z, 2026-03-31, 2026-04-30",
    "MONTH 31, 2026-04-30T00:00:00Z, 2026-04-30, 2026-05-31",
    "MONTH 31, 2024-02-28T23:59:59Z, 2024-01-31, 2024-02-29",
    "MONTH 31, 2024-02-29T00:00:00Z, 2024-02-29, 2024-03-31",
    "MONTH 31, 2026-12-30T23:59:59Z, 2026-11-30, 2026-12-31",
    "MONTH 31, 2027-01-01T00:00:00Z, 2026-12-31, 2027-01-31",
    "MONTH 31, 2100-02-28T00:00:00Z, 2100-02-28, 2100-03-31",
    "ROLLING_DAYS 1, 2026-11-21T12:00:00Z, 2026-11-21, 2026-11-22",
    "ROLLING_DAYS 7, 2026-11-21T12:00:00Z, 2026-11-15, 2026-11-22",
    "ROLLING_DAYS 30, 2026-03-01T00:00:00Z, 2026-01-31, 2026-03-02",
    "ROLLING_DAYS 30, 2024-03-01T00:00:00Z, 2024-02-01, 2024-03-02",
    "ROLLING_DAYS 366, 2024-12-31T12:00:00Z, 2024-01-01, 2025-01-01",
    "LIFETIME, 2026-11-21T12:00:00Z, 1970-01-01, 9999-12-31",
  })
  void periodAt_ofADate_hasTheseBounds(String window, Instant at, String start, String end) {
    BillingPeriod period = window(window).periodAt(at, ALL);
    assertThat(period.start()).isEqualTo(midnight(start));
    assertThat(period.end()).isEqualTo(midnight(end));
    assertThat(period.contains(at)).isTrue();
  }

  @Test
  void periodAt_tilesTime_withoutGapOrOverlap() {
    var random = new Random(7);
    String[] windows = new String[34];
    windows[0] = "DAY";
    windows[1] = "WEEK";
    windows[2] = "HOUR";
    for (int day = 1; day <= 31; day++) {
      windows[day + 2] = "MONTH " + day;
    }
    for (String name : windows) {
      LimitWindow window = window(name);
      for (int i = 0; i < 300; i++) {
        Instant at =
            Instant.ofEpochSecond(63_072_000L + random.nextLong(4_000_000_000L), i * 1000L);
        BillingPeriod period = window.periodAt(at, ALL);
        assertThat(period.contains(at)).as("%s at %s", name, at).isTrue();
        assertThat(window.periodAt(period.start(), ALL)).as("%s at %s", name, at).isEqualTo(period);
        assertThat(window.periodAt(period.end().minusNanos(1000), ALL)).isEqualTo(period);
        assertThat(window.periodAt(period.end(), ALL).start()).isEqualTo(period.end());
        assertThat(window.periodAt(period.start().minusNanos(1000), ALL).end())
            .isEqualTo(period.start());
      }
    }
  }
}
