package io.github.usage4j.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.jdbc.PeriodParts.Buckets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Every instant of a period is read from exactly one place. */
class PeriodPartsTest {

  private static final UsageFilter ALL = UsageFilter.allOrganizations();

  private static PeriodParts parts(String from, String to, Dimension... dimensions) {
    return parts(BillingPeriod.of(Instant.parse(from), Instant.parse(to)), dimensions);
  }

  private static PeriodParts parts(BillingPeriod when, Dimension... dimensions) {
    return PeriodParts.of(new UsageQuery(ALL, when, Set.of(dimensions)));
  }

  private static Buckets days(String from, String to) {
    return new Buckets(Grain.ORGANIZATION_DAY, LocalDate.parse(from), LocalDate.parse(to));
  }

  private static Buckets months(String from, String to) {
    return new Buckets(Grain.ORGANIZATION_MONTH, LocalDate.parse(from), LocalDate.parse(to));
  }

  private static BillingPeriod calls(String from, String to) {
    return BillingPeriod.of(Instant.parse(from), Instant.parse(to));
  }

  @Test
  void month_isOneBucket_orItsDays() {
    var month = BillingPeriod.month(2026, 11);
    assertThat(parts(month))
        .isEqualTo(new PeriodParts(List.of(), List.of(months("2026-11-01", "2026-12-01"))));
    assertThat(parts(month, Dimension.DAY))
        .isEqualTo(new PeriodParts(List.of(), List.of(days("2026-11-01", "2026-12-01"))));
  }

  @Test
  void monthEdges_takeOneMicrosecondFromTheCalls() {
    assertThat(parts("2026-10-31T23:59:59.999999Z", "2026-12-01T00:00:00.000001Z"))
        .isEqualTo(
            new PeriodParts(
                List.of(
                    calls("2026-10-31T23:59:59.999999Z", "2026-11-01T00:00:00Z"),
                    calls("2026-12-01T00:00:00Z", "2026-12-01T00:00:00.000001Z")),
                List.of(months("2026-11-01", "2026-12-01"))));
    // One microsecond less than a month is no month.
    assertThat(parts("2026-11-01T00:00:00.000001Z", "2026-12-01T00:00:00Z"))
        .isEqualTo(
            new PeriodParts(
                List.of(calls("2026-11-01T00:00:00.000001Z", "2026-11-02T00:00:00Z")),
                List.of(days("2026-11-02", "2026-12-01"))));
  }

  @Test
  void leapDay_isADayOfFebruary() {
    assertThat(parts("2024-02-28T00:00:00Z", "2024-03-01T00:00:00Z"))
        .isEqualTo(new PeriodParts(List.of(), List.of(days("2024-02-28", "2024-03-01"))));
    assertThat(parts("2024-02-29T12:00:00Z", "2024-04-01T00:00:00Z"))
        .isEqualTo(
            new PeriodParts(
                List.of(calls("2024-02-29T12:00:00Z", "2024-03-01T00:00:00Z")),
                List.of(months("2024-03-01", "2024-04-01"))));
  }

  @Test
  void rangeThatStartsInsideADay_hasCallsDaysMonthsDaysCalls() {
    assertThat(parts("2026-01-30T06:00:00Z", "2026-04-02T18:00:00Z"))
        .isEqualTo(
            new PeriodParts(
                List.of(
                    calls("2026-01-30T06:00:00Z", "2026-01-31T00:00:00Z"),
                    calls("2026-04-02T00:00:00Z", "2026-04-02T18:00:00Z")),
                List.of(
                    days("2026-01-31", "2026-02-01"),
                    months("2026-02-01", "2026-04-01"),
                    days("2026-04-01", "2026-04-02"))));
  }

  @Test
  void withinOneDay_orAroundMidnight_isOnlyCalls() {
    BillingPeriod micro = calls("2026-11-21T12:00:00Z", "2026-11-21T12:00:00.000001Z");
    assertThat(parts(micro)).isEqualTo(new PeriodParts(List.of(micro), List.of()));
    BillingPeriod midnight = calls("2026-11-30T23:59:59Z", "2026-12-01T00:00:01Z");
    assertThat(parts(midnight)).isEqualTo(new PeriodParts(List.of(midnight), List.of()));
  }

  @Test
  void empty_isNothing() {
    assertThat(parts("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z").isEmpty()).isTrue();
    assertThat(parts("2026-11-01T12:00:00Z", "2026-11-01T12:00:00Z").isEmpty()).isTrue();
  }

  @Test
  void lifetime_isMonthsAndTheDaysOfTheLastOne() {
    PeriodParts all = parts(BillingPeriod.lifetime());
    assertThat(all.calls()).isEmpty();
    assertThat(all.rollups())
        .containsExactly(months("1970-01-01", "9999-12-01"), days("9999-12-01", "9999-12-31"));
    assertThat(parts(BillingPeriod.lifetime(), Dimension.DAY).rollups())
        .extracting(Buckets::grain)
        .containsOnly(Grain.ORGANIZATION_DAY);
  }

  @Test
  void usersAndCustomers_areOnlyInRollupsThatTellThemApart() {
    var month = BillingPeriod.month(2026, 11);
    for (UsageQuery query :
        List.of(
            new UsageQuery(ALL.user("ada"), month, Set.of()),
            new UsageQuery(ALL.customer("c"), month, Set.of(Dimension.MODEL)),
            new UsageQuery(ALL, month, Set.of(Dimension.USER)),
            new UsageQuery(ALL, month, Set.of(Dimension.CUSTOMER)))) {
      assertThat(PeriodParts.of(query).rollups())
          .as(query.toString())
          .extracting(Buckets::grain)
          .containsExactly(Grain.MONTH);
    }
    var query = new UsageQuery(ALL.category("c").model("m"), month, Set.of(Dimension.CATEGORY));
    assertThat(PeriodParts.of(query).rollups())
        .extracting(Buckets::grain)
        .containsExactly(Grain.ORGANIZATION_MONTH);
    assertThat(PeriodParts.byCaller(query).rollups())
        .extracting(Buckets::grain)
        .containsExactly(Grain.MONTH);
  }

  @Test
  void whatRollupsDoNotKnow_isReadFromTheCalls() {
    var month = BillingPeriod.month(2026, 11);
    var query = new UsageQuery(ALL.session("s"), month, Set.of());
    assertThat(PeriodParts.of(query)).isEqualTo(new PeriodParts(List.of(month), List.of()));
  }

  /** Laid end to end the parts are the period, whatever it is. */
  @Test
  void randomPeriods_areCoveredOnceFromStartToEnd() {
    var random = new Random(5);
    for (int i = 0; i < 2_000; i++) {
      Instant a = instant(random);
      Instant b = instant(random);
      var when = a.isBefore(b) ? BillingPeriod.of(a, b) : BillingPeriod.of(b, a);
      PeriodParts parts = i % 2 == 0 ? parts(when) : parts(when, Dimension.DAY);
      var pieces = new ArrayList<>(parts.calls());
      for (Buckets buckets : parts.rollups()) {
        assertThat(buckets.from()).isBefore(buckets.to());
        if (buckets.grain() == Grain.MONTH) {
          assertThat(buckets.from().getDayOfMonth()).isEqualTo(1);
          assertThat(buckets.to().getDayOfMonth()).isEqualTo(1);
        }
        pieces.add(
            BillingPeriod.of(PeriodParts.start(buckets.from()), PeriodParts.start(buckets.to())));
      }
      pieces.sort((x, y) -> x.start().compareTo(y.start()));
      Instant reached = when.start();
      for (BillingPeriod piece : pieces) {
        assertThat(piece.start()).as("%s of %s", pieces, when).isEqualTo(reached);
        reached = piece.end();
      }
      assertThat(reached).as("%s of %s", pieces, when).isEqualTo(when.end());
      assertThat(parts.calls()).allMatch(p -> Duration.between(p.start(), p.end()).toDays() < 2);
    }
  }

  /** Often at the edge of a day or month, or a microsecond beside it. */
  private static Instant instant(Random random) {
    LocalDate day = LocalDate.of(2023, 11, 1).plusDays(random.nextInt(500));
    Instant at = PeriodParts.start(random.nextBoolean() ? day.withDayOfMonth(1) : day);
    return switch (random.nextInt(4)) {
      case 0 -> at;
      case 1 -> at.plusNanos(1_000);
      case 2 -> at.minusNanos(1_000);
      default -> at.plusSeconds(random.nextInt(86_400));
    };
  }
}
