package io.github.usage4j.pricing;

import static java.time.DayOfWeek.FRIDAY;
import static java.time.DayOfWeek.MONDAY;
import static java.time.DayOfWeek.SATURDAY;
import static java.time.DayOfWeek.SUNDAY;
import static java.time.DayOfWeek.THURSDAY;
import static java.time.DayOfWeek.TUESDAY;
import static java.time.DayOfWeek.WEDNESDAY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.usage4j.TokenCounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Prices for times of day and days of the week. */
class PriceWindowTest {

  private static final Set<DayOfWeek> WORKDAYS =
      EnumSet.of(MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY);
  private static final Duration MICRO = Duration.ofNanos(1_000);

  @TempDir private Path folder;

  private static ModelPrice price(String input) {
    return ModelPrice.perMillion("acme", "m", "USD").input(input).output("0").reference(input);
  }

  private static LocalTime time(String text) {
    return LocalTime.parse(text);
  }

  private static String at(PriceCatalog catalog, String instant) {
    return at(catalog, Instant.parse(instant));
  }

  private static String at(PriceCatalog catalog, Instant instant) {
    return catalog.find("acme", "m", instant).map(ModelPrice::reference).orElse("none");
  }

  /** 2026-11-20 was a Friday. */
  @Test
  void peaksOnWorkingDays_areExactAtTheirEdges() {
    PriceCatalog catalog =
        PriceCatalog.of(
            price("0.66"),
            price("1.32").daily(time("01:00"), time("04:00"), WORKDAYS),
            price("1.32").daily(time("06:00"), time("10:00"), WORKDAYS));
    assertThat(at(catalog, "2026-11-20T02:00:00Z")).isEqualTo("1.32");
    assertThat(at(catalog, "2026-11-20T12:00:00Z")).isEqualTo("0.66");
    assertThat(at(catalog, "2026-11-21T02:00:00Z")).isEqualTo("0.66");
    assertThat(at(catalog, "2026-11-22T09:59:59.999999Z")).isEqualTo("0.66");
    assertThat(at(catalog, "2026-11-23T00:59:59.999999Z")).isEqualTo("0.66");
    assertThat(at(catalog, "2026-11-23T01:00:00Z")).isEqualTo("1.32");
    assertThat(at(catalog, "2026-11-23T03:59:59.999999Z")).isEqualTo("1.32");
    assertThat(at(catalog, "2026-11-23T04:00:00Z")).isEqualTo("0.66");
    assertThat(at(catalog, "1969-12-29T01:00:00Z")).as("a Monday").isEqualTo("1.32");
    assertThat(at(catalog, "1969-12-28T01:00:00Z")).as("a Sunday").isEqualTo("0.66");
  }

  @Test
  void weekly_isFromMidnightToMidnight() {
    PriceCatalog catalog =
        PriceCatalog.of(price("2"), price("1").weekly(EnumSet.of(SATURDAY, SUNDAY)));
    assertThat(at(catalog, "2026-11-20T23:59:59.999999Z")).isEqualTo("2");
    assertThat(at(catalog, "2026-11-21T00:00:00Z")).isEqualTo("1");
    assertThat(at(catalog, "2026-11-22T23:59:59.999999Z")).isEqualTo("1");
    assertThat(at(catalog, "2026-11-23T00:00:00Z")).isEqualTo("2");
  }

  @Test
  void overnight_belongsToTheDayOnWhichItBegins() {
    PriceCatalog catalog =
        PriceCatalog.of(
            price("2"), price("1").daily(time("22:00"), time("06:00"), EnumSet.of(SUNDAY)));
    assertThat(at(catalog, "2026-11-22T00:00:00Z")).as("began on Saturday").isEqualTo("2");
    assertThat(at(catalog, "2026-11-22T05:59:59.999999Z")).isEqualTo("2");
    assertThat(at(catalog, "2026-11-22T21:59:59.999999Z")).isEqualTo("2");
    assertThat(at(catalog, "2026-11-22T22:00:00Z")).isEqualTo("1");
    assertThat(at(catalog, "2026-11-22T23:59:59.999999Z")).isEqualTo("1");
    assertThat(at(catalog, "2026-11-23T00:00:00Z")).as("Monday").isEqualTo("1");
    assertThat(at(catalog, "2026-11-23T05:59:59.999999Z")).isEqualTo("1");
    assertThat(at(catalog, "2026-11-23T06:00:00Z")).isEqualTo("2");
    assertThat(at(catalog, "2026-11-23T22:00:00Z")).as("Monday night").isEqualTo("2");
  }

  @Test
  void withDays_beatsWithout_andATimeOfDayBeatsAllDay() {
    PriceCatalog catalog =
        PriceCatalog.of(
            price("1"),
            price("2").daily(time("08:00"), time("12:00")),
            price("3").weekly(EnumSet.of(SATURDAY)),
            price("4").daily(time("10:00"), time("14:00"), EnumSet.of(SATURDAY)));
    assertThat(at(catalog, "2026-11-20T07:00:00Z")).isEqualTo("1");
    assertThat(at(catalog, "2026-11-20T09:00:00Z")).isEqualTo("2");
    assertThat(at(catalog, "2026-11-21T09:59:59.999999Z")).isEqualTo("3");
    assertThat(at(catalog, "2026-11-21T10:00:00Z")).isEqualTo("4");
    assertThat(at(catalog, "2026-11-21T14:00:00Z")).isEqualTo("3");
    assertThat(at(catalog, "2026-11-22T08:00:00Z")).isEqualTo("2");
  }

  @Test
  void aLaterPrice_endsEarlierOnesTogetherWithTheirDays() {
    Instant later = Instant.parse("2026-12-01T00:00:00Z");
    PriceCatalog catalog =
        PriceCatalog.of(
            price("1"), price("2").weekly(EnumSet.of(TUESDAY)), price("3").validFrom(later));
    assertThat(at(catalog, later.minus(Duration.ofDays(7)))).as("a Tuesday").isEqualTo("2");
    assertThat(at(catalog, later)).as("a Tuesday").isEqualTo("3");
  }

  @Test
  void windowsThatOverlapOnADay_areRefused_andOnOtherDaysTheyAreNot() {
    ModelPrice nights = price("1").daily(time("22:00"), time("06:00"), EnumSet.of(SUNDAY));
    ModelPrice mornings = price("2").daily(time("05:00"), time("07:00"), EnumSet.of(MONDAY));
    ModelPrice sundays = price("2").daily(time("05:00"), time("07:00"), EnumSet.of(SUNDAY));
    assertThat(PriceCatalog.of(nights, sundays)).isNotNull();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PriceCatalog.of(nights, mornings))
        .withMessage(
            "prices of one model must become valid at different times, but two of acme/m do so at"
                + " the beginning, with times of day that overlap: daily 22:00-06:00Z on SU and"
                + " daily 05:00-07:00Z on MO");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                PriceCatalog.of(
                    price("1").weekly(WORKDAYS), price("2").weekly(EnumSet.of(FRIDAY, SATURDAY))))
        .withMessageContaining("with days of the week that overlap: on ");
    assertThat(PriceCatalog.of(nights, price("3").daily(time("22:00"), time("06:00")))).isNotNull();
    assertThat(
            PriceCatalog.of(price("1").weekly(WORKDAYS), price("2").weekly(EnumSet.of(SATURDAY))))
        .isNotNull();
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                PriceCatalog.of(
                    nights.validUntil(Instant.parse("2027-01-01T00:00:00Z")),
                    mornings.validFrom(Instant.parse("2026-01-01T00:00:00Z"))))
        .withMessageContaining("must not overlap");
  }

  @Test
  void noDay_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> price("1").weekly(Set.of()))
        .withMessage("a price must be for at least one day of the week");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> price("1").daily(time("01:00"), time("02:00"), Set.of()))
        .withMessage("a price must be for at least one day of the week");
  }

  /**
   * What holds, hour by hour through eight days, beside a reckoning with the calendar; and every
   * two windows that have an hour in common are refused.
   */
  @Test
  void anyTwoWindows_holdAsTheCalendarSays() {
    var random = new Random(12);
    Instant begin = Instant.parse("2026-12-27T00:00:00Z");
    int refused = 0;
    for (int round = 0; round < 2_000; round++) {
      var one = new Window(random);
      var other = new Window(random);
      var hours = new ArrayList<Instant>();
      for (int hour = 0; hour < 8 * 24; hour++) {
        hours.add(begin.plus(Duration.ofHours(hour)));
      }
      boolean equallyStrong = one.rank() == other.rank();
      boolean common =
          hours.stream().anyMatch(hour -> one.holds(hour) && other.holds(hour)) && equallyStrong;
      PriceCatalog catalog;
      try {
        catalog = PriceCatalog.of(price("0"), one.on(price("1")), other.on(price("2")));
      } catch (IllegalArgumentException e) {
        assertThat(common).as("%s and %s: %s", one, other, e).isTrue();
        refused++;
        continue;
      }
      assertThat(common).as("%s and %s", one, other).isFalse();
      for (Instant hour : hours) {
        String first = one.rank() > other.rank() ? "1" : "2";
        String expected =
            one.holds(hour) && other.holds(hour)
                ? first
                : one.holds(hour) ? "1" : other.holds(hour) ? "2" : "0";
        assertThat(at(catalog, hour)).as("%s, %s at %s", one, other, hour).isEqualTo(expected);
        Instant last = hour.plus(Duration.ofHours(1)).minus(MICRO);
        assertThat(at(catalog, last)).as("%s, %s at %s", one, other, last).isEqualTo(expected);
      }
    }
    assertThat(refused).isBetween(100, 1_900);
  }

  /** A window as a list of hours of the week, the first one on Monday. */
  private static final class Window {
    private final int from;
    private final int to;
    private final Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);

    Window(Random random) {
      for (DayOfWeek day : DayOfWeek.values()) {
        if (random.nextInt(3) == 0) {
          days.add(day);
        }
      }
      from = random.nextInt(24);
      int length = 1 + random.nextInt(23);
      to = days.isEmpty() || random.nextInt(4) > 0 ? (from + length) % 24 : from; // all day
    }

    int rank() {
      return (days.isEmpty() ? 0 : 2) + (from == to ? 0 : 1);
    }

    ModelPrice on(ModelPrice price) {
      if (from == to) {
        return price.weekly(days);
      }
      return days.isEmpty()
          ? price.daily(LocalTime.of(from, 0), LocalTime.of(to, 0))
          : price.daily(LocalTime.of(from, 0), LocalTime.of(to, 0), days);
    }

    /** Goes back to the hour at which it would have begun. */
    boolean holds(Instant hour) {
      OffsetDateTime at = hour.atOffset(ZoneOffset.UTC);
      if (from == to) {
        return days.contains(at.getDayOfWeek());
      }
      int length = Math.floorMod(to - from, 24);
      for (int back = 0; back < length; back++) {
        OffsetDateTime began = at.minusHours(back);
        if (began.getHour() == from) {
          return days.isEmpty() || days.contains(began.getDayOfWeek());
        }
      }
      return false;
    }

    @Override
    public String toString() {
      return from + "-" + to + " " + days;
    }
  }

  private Path file(String daily) throws IOException {
    return Files.writeString(
        folder.resolve("c.json"),
        """
        {"format": 1, "name": "c", "version": "1", "generated": "2026-08-21", "sources": {"s": {}},
         "models": [{"provider": "acme", "model": "m", "prices": [
          {"source": "s", "checked": "2026-08-21", "currency": "USD", "input": "1"},
          {"source": "s", "checked": "2026-08-21", "currency": "USD", "input": "2", "daily": %s}]}]}
        """
            .formatted(daily));
  }

  @Test
  void file_hasDays() throws Exception {
    String peak = "{\"days\": [\"MO\", \"fr\"], \"from\": \"23:30\", \"to\": \"00:30Z\"}";
    PriceCatalog peaks = PriceCatalog.file(file(peak));
    String reference = "c 1: acme/m daily 23:30-00:30Z on MO,FR";
    assertThat(at(peaks, "2026-11-21T00:29:59.999999Z")).isEqualTo(reference);
    assertThat(at(peaks, "2026-11-21T23:30:00Z")).isEqualTo("c 1: acme/m");
    PriceCatalog weekends = PriceCatalog.file(file("{\"days\": [\"SA\", \"SU\"]}"));
    assertThat(at(weekends, "2026-11-21T00:00:00Z")).isEqualTo("c 1: acme/m on SA,SU");
    assertThat(
            weekends
                .find("acme", "m", Instant.parse("2026-11-20T23:59:59.999999Z"))
                .orElseThrow()
                .costOf(TokenCounts.input(1_000_000))
                .total())
        .isEqualByComparingTo("1");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"days\": []} | daily.days: a price must be for at least one day of the week",
        "{\"days\": [\"MON\"]} | daily.days[0]: a day of the week must be one of MO, TU, WE, TH, FR, SA and SU, but was 'MON'",
        "{\"days\": [\"MO\", \"mo\"]} | daily.days[1] is there twice",
        "{\"days\": \"MO\"} | daily.days must be an array",
        "{\"days\": [1]} | daily.days[0] must be text, but is 1",
        "{\"days\": [\"MO\"], \"from\": \"01:00\"} | daily.to must be text, but is absent",
        "{\"days\": [\"MO\"], \"from\": \"01:00\", \"to\": \"01:00\"} | daily: a time of day must begin and end at different times",
        "{\"day\": [\"MO\"]} | daily.day is not known here",
        "{} | daily.from must be text, but is absent",
      })
  void file_withDaysThatCannotBe_isRefusedByPlace(String daily, String says) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PriceCatalog.file(file(daily)))
        .withMessageContaining("models[0].prices[1]." + says);
  }
}
