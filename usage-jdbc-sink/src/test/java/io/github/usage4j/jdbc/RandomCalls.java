package io.github.usage4j.jdbc;

import io.github.usage4j.Attribution;
import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries.Dimension;
import io.github.usage4j.UsageQuery;
import io.github.usage4j.sink.UsageEvents;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Currency;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Calls and questions about them that are likely to be added up wrongly. */
final class RandomCalls {

  private static final List<Instant> EDGES =
      List.of(
          Instant.parse("2023-12-31T23:59:59.999999Z"),
          Instant.parse("2024-01-01T00:00:00Z"),
          Instant.parse("2024-02-28T23:59:59.999999Z"),
          Instant.parse("2024-02-29T00:00:00Z"),
          Instant.parse("2024-02-29T23:59:59.9999999Z"),
          Instant.parse("2024-03-01T00:00:00Z"),
          Instant.parse("2026-10-31T23:59:59.999999Z"),
          Instant.parse("2026-11-01T00:00:00Z"),
          Instant.parse("2026-11-01T00:00:00.000001Z"),
          Instant.parse("2026-11-30T23:59:59.9999996Z"),
          Instant.EPOCH,
          Instant.parse("9999-12-30T23:59:59.999999Z"));

  private static final String[] NAMES = {
    null,
    "acme",
    "Acme",
    "acme\u00a0x",
    "o'neil",
    "\u00e9",
    "e\u0301",
    "\uD83D\uDE00",
    "\uD83D\uDE01",
    "1:a",
    "a1:"
  };

  private RandomCalls() {}

  static List<UsageEvent> of(Random random, int count) {
    var calls = new ArrayList<UsageEvent>();
    for (int i = 0; i < count; i++) {
      calls.add(one(random, i));
    }
    return calls;
  }

  private static Instant instant(Random random) {
    if (random.nextInt(6) == 0) {
      return EDGES.get(random.nextInt(EDGES.size()));
    }
    Instant start =
        random.nextBoolean()
            ? Instant.parse("2023-12-15T00:00:00Z")
            : Instant.parse("2026-10-01T00:00:00Z");
    return start.plusNanos((long) (Duration.ofDays(90).toNanos() * skewed(random)));
  }

  private static UsageEvent one(Random random, int i) {
    Instant at = instant(random);
    var builder =
        UsageEvent.builder(
                UsageEvent.idFrom("rollups", i, at),
                pick(random, Kind.CHAT, Kind.EMBEDDING),
                pick(random, "openai", "OpenAI"),
                pick(random, "m1", "M1", ""))
            .responseModel(pick(random, null, null, "m1-2026"))
            .startedAt(at)
            .duration(Duration.ofNanos(random.nextLong(5_000_000_000L)))
            .operation("op-" + random.nextInt(5_000), 1 + random.nextInt(3))
            .opensOperation(random.nextBoolean())
            .toolCalls(random.nextInt(2))
            .attribution(
                Attribution.organization(NAMES[(int) (NAMES.length * skewed(random))])
                    .user(NAMES[(int) (NAMES.length * skewed(random))])
                    .customer(pick(random, null, "c1", "C1"))
                    .category(pick(random, null, "support"))
                    .session(pick(random, null, "s1")))
            .outcome(
                pick(
                    random,
                    Outcome.SUCCESS,
                    Outcome.SUCCESS,
                    Outcome.ERROR,
                    Outcome.CANCELLED,
                    Outcome.REFUSED));
    switch (random.nextInt(8)) {
      case 0 -> builder.tokens(TokenCounts.UNKNOWN);
      case 1 -> builder.tokens(TokenCounts.input(random.nextLong(UsageEvent.MAX_TOKENS)));
      case 2 -> builder.tokens(TokenCounts.of(random.nextInt(99), 3), Quality.ESTIMATED);
      case 3 -> builder.tokens(new TokenCounts(null, null, 0L, null, null, 7L, null, null, null));
      case 4 -> builder.tokens(TokenCounts.UNKNOWN.cacheReadAudio(random.nextInt(9)));
      case 5 -> builder.tokens(UsageEvents.everyCount(random, 0x7FFF_FFFF, 999));
      default ->
          builder.tokens(
              TokenCounts.of(0x1_0000_0000L + random.nextInt(9_999), random.nextInt(999))
                  .cacheRead(random.nextInt(12_000))
                  .reasoning(random.nextInt(1_200)));
    }
    if (random.nextInt(4) == 0) {
      builder.unit("searches", BigDecimal.valueOf(random.nextInt(5)));
    }
    if (random.nextInt(4) == 0) {
      builder.condition(pick(random, "speed", "Speed"), pick(random, "fast", "\u00e9\""));
    }
    if (random.nextInt(3) > 0) {
      builder.cost(
          new Cost(
              new BigDecimal(random.nextInt(99_999)).movePointLeft(18),
              new BigDecimal(random.nextLong(1L << 60)).movePointLeft(18),
              new BigDecimal(random.nextInt(9)).movePointLeft(2),
              pick(random, BigDecimal.ZERO, new BigDecimal("99999999999999999990")),
              Currency.getInstance(pick(random, "USD", "EUR", "JPY")),
              pick(random, null, "list")));
    }
    return builder.build();
  }

  /** Questions of every kind. */
  static List<UsageQuery> questions(Random random) {
    var questions = new ArrayList<UsageQuery>();
    for (BillingPeriod when : periods(random)) {
      for (Dimension dimension : Dimension.values()) {
        if (dimension != Dimension.MONTH) {
          questions.add(new UsageQuery(filter(random), when, Set.of(dimension)));
        }
      }
      Set<Dimension> all = EnumSet.complementOf(EnumSet.of(Dimension.MONTH));
      questions.add(new UsageQuery(UsageFilter.allOrganizations(), when, Set.of()));
      questions.add(new UsageQuery(UsageFilter.organization("acme"), when, Set.of()));
      questions.add(new UsageQuery(filter(random), when, all));
      questions.add(
          new UsageQuery(filter(random), when, Set.of(Dimension.ORGANIZATION, Dimension.USER)));
    }
    return questions;
  }

  private static UsageFilter filter(Random random) {
    UsageFilter all = UsageFilter.allOrganizations();
    return pick(
        random,
        all,
        all,
        UsageFilter.organization("acme"),
        UsageFilter.organization("Acme").category("support"),
        UsageFilter.organization("\uD83D\uDE00").user("\u00e9"),
        all.user("e\u0301"),
        all.customer("C1"),
        all.provider("OpenAI"),
        all.model(""),
        all.model("m1").session("s1"),
        all.outcome(Outcome.REFUSED),
        all.unpriced());
  }

  private static List<BillingPeriod> periods(Random random) {
    var periods = new ArrayList<BillingPeriod>();
    periods.add(BillingPeriod.lifetime());
    periods.add(BillingPeriod.month(2026, 11));
    periods.add(BillingPeriod.month(2024, 2));
    periods.add(BillingPeriod.monthOf(Instant.parse("2026-11-20T00:00:00Z"), 15));
    periods.add(BillingPeriod.of(EDGES.get(0), EDGES.get(0)));
    periods.add(BillingPeriod.of(EDGES.get(0), EDGES.get(1)));
    periods.add(BillingPeriod.of(EDGES.get(2), EDGES.get(5).plusNanos(1_000)));
    periods.add(BillingPeriod.of(EDGES.get(3), EDGES.get(5)));
    periods.add(BillingPeriod.of(EDGES.get(6), EDGES.get(8)));
    for (int i = 0; i < 4; i++) {
      Instant a = instant(random);
      Instant b = instant(random);
      periods.add(a.isBefore(b) ? BillingPeriod.of(a, b) : BillingPeriod.of(b, a));
    }
    return periods;
  }

  /** Mostly near 0, so that many calls meet in one sum. */
  private static double skewed(Random random) {
    double even = random.nextDouble();
    return even * even * even;
  }

  @SafeVarargs
  private static <T> T pick(Random random, T... values) {
    return values[random.nextInt(values.length)];
  }
}
