package io.github.usage4j.sink;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEventBuilder;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Currency;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;

/** Events for tests. */
public final class UsageEvents {

  /** When events occur that do not say otherwise. */
  public static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  private UsageEvents() {}

  /** A successful chat of 10 input and 5 output tokens, unattributed and unpriced. */
  public static UsageEventBuilder chat() {
    return chatAt(NOON);
  }

  /** The same at another time. */
  public static UsageEventBuilder chatAt(Instant at) {
    return chat(UsageEvent.newId(at), at);
  }

  /** The same with an id of its own. */
  public static UsageEventBuilder chat(UUID id, Instant at) {
    return UsageEvent.builder(id, Kind.CHAT, "openai", "gpt-4o")
        .startedAt(at)
        .duration(Duration.ofMillis(800))
        .tokens(TokenCounts.of(10, 5));
  }

  /** So many different events of one instant. */
  public static List<UsageEvent> chats(int count) {
    var events = new ArrayList<UsageEvent>();
    for (int i = 0; i < count; i++) {
      events.add(chat().attribution(Attribution.organization("acme").user("u" + i % 50)).build());
    }
    return events;
  }

  /** An event of which every component is set, and contradictory figures are kept as stated. */
  public static UsageEvent complete() {
    var usd = Currency.getInstance("USD");
    return UsageEvent.builder(UsageEvent.newId(NOON), Kind.COMPLETION, "anthropic", "claude")
        .streaming(true)
        .responseModel("claude-4")
        .responseId("msg_1")
        .serviceTier("flex")
        .credentialId("key-hash")
        .startedAt(NOON.plusNanos(123_456_000))
        .duration(Duration.ofNanos(1_234_567_000))
        .timeToFirstToken(Duration.ofNanos(234_567_000))
        .operation("op-1", 3)
        .parentOperation("op-0")
        .opensOperation(true)
        .attempts(2)
        .attribution(
            new Attribution(
                "acme",
                "ada",
                "Ada L.",
                "c7",
                "Customer 7",
                "s1",
                "support",
                true,
                Map.of("team", "blue", "quote\"d", "it's \\ \uD83D\uDE00")))
        .tokens(
            new TokenCounts(1_000L, 200L, 1_500L, 400L, 300L, 250L, 7L, 3L, 9L), Quality.REPORTED)
        .source(UsageEvent.Source.WIRE)
        .unit("searches", BigDecimal.valueOf(3))
        .unit("seconds", new BigDecimal("0.000001250"))
        .condition("speed", "fast")
        .condition("quote\"d", "it's \\ \uD83D\uDE00")
        .cost(
            new Cost(
                new BigDecimal("0.000000000000000001"),
                new BigDecimal("12345678901234567890.123456789012345678"),
                new BigDecimal("0.1"),
                BigDecimal.ONE,
                usd,
                "list:claude-4:2026"))
        .statedCost(
            new Cost(
                BigDecimal.ONE, BigDecimal.TEN, BigDecimal.ZERO, BigDecimal.ZERO, usd, "stated"))
        .outcome(Outcome.ERROR)
        .errorType("java.io.IOException")
        .errorMessage("reset by 'peer'; DROP TABLE usage_event; --")
        .finishReason("length")
        .toolCalls(2)
        .metadata("{\n  \"a\" : [1, 2.50, \"\uD83D\uDE00\"]\n}")
        .instance("node-1")
        .build();
  }

  /** Events of all kinds in a few months, organizations, currencies; the same for the same seed. */
  public static List<UsageEvent> random(long seed, int count) {
    var random = new Random(seed);
    var events = new ArrayList<UsageEvent>();
    for (int i = 0; i < count; i++) {
      events.add(random(random, i));
    }
    return events;
  }

  private static UsageEvent random(Random random, int i) {
    Instant start = Instant.parse("2026-10-30T00:00:00Z");
    Instant at =
        random.nextInt(20) == 0
            ? Instant.parse("2026-11-30T23:59:59.9999996Z")
            : start.plusNanos(random.nextLong(0, Duration.ofDays(40).toNanos()));
    UUID id = i % 7 == 0 ? UsageEvent.idFrom("random", i) : UsageEvent.idFrom("random", i, at);
    String user = pick(random, null, "ada", "Ada", "bob", "\u00e9", "e\u0301");
    String organization = pick(random, null, "acme", "Acme", "o'neil");
    // One label per key, so that the order of writing does not matter.
    String label = user == null ? null : "Label of " + organization + "/" + user;
    var builder =
        UsageEvent.builder(
                id,
                pick(random, Kind.CHAT, Kind.EMBEDDING, Kind.IMAGE),
                pick(random, "openai", "anthropic"),
                pick(random, "m1", "m2", ""))
            .responseModel(pick(random, null, "m1", "m1-2026"))
            .startedAt(at)
            .duration(Duration.ofNanos(random.nextLong(5_000_000_000L)))
            .operation("op-" + random.nextInt(5_000), 1 + random.nextInt(3))
            .toolCalls(random.nextInt(2))
            .attribution(
                Attribution.organization(organization)
                    .user(user, label)
                    .customer(pick(random, null, "c1", "c2"))
                    .category(pick(random, null, "support", "rag"))
                    .session(pick(random, null, "s1")))
            .outcome(
                pick(
                    random,
                    Outcome.SUCCESS,
                    Outcome.SUCCESS,
                    Outcome.ERROR,
                    Outcome.CANCELLED,
                    Outcome.REFUSED));
    switch (random.nextInt(6)) {
      case 0 -> builder.tokens(TokenCounts.UNKNOWN);
      case 1 -> builder.tokens(TokenCounts.input(random.nextLong(UsageEvent.MAX_TOKENS)));
      case 2 -> builder.tokens(TokenCounts.of(random.nextInt(99), 3), Quality.ESTIMATED);
      case 3 -> builder.tokens(everyCount(random, 9_999, 999));
      default ->
          builder.tokens(
              TokenCounts.of(random.nextInt(9_999), random.nextInt(999))
                  .cacheRead(random.nextInt(12_000))
                  .reasoning(random.nextInt(1_200)));
    }
    if (random.nextInt(4) == 0) {
      builder.unit("searches", BigDecimal.valueOf(random.nextInt(5)));
    }
    if (random.nextInt(4) == 0) {
      builder.conditions(conditions(random));
    }
    if (random.nextInt(3) > 0) {
      builder.cost(
          new Cost(
              new BigDecimal(random.nextInt(99_999)).movePointLeft(18),
              new BigDecimal(random.nextLong(1L << 60)).movePointLeft(18),
              new BigDecimal(random.nextInt(9)).movePointLeft(2),
              BigDecimal.ZERO,
              Currency.getInstance(pick(random, "USD", "EUR", "JPY")),
              pick(random, null, "list")));
    }
    return builder.build();
  }

  /** Of each count one, or none; the parts of one that is small often contradict it. */
  public static TokenCounts everyCount(Random random, int mostInput, int mostOutput) {
    var counts = new Long[9];
    for (int i = 0; i < counts.length; i++) {
      boolean ofOutput = i == 1 || i == 5 || i == 7;
      long most = ofOutput ? mostOutput : mostInput;
      counts[i] = random.nextInt(5) == 0 ? null : Long.valueOf(random.nextLong(most + most / 8));
    }
    return new TokenCounts(
        counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], counts[6], counts[7],
        counts[8]);
  }

  private static Map<String, String> conditions(Random random) {
    var conditions = new HashMap<String, String>();
    for (int i = random.nextInt(UsageEvent.MAX_CONDITIONS); i >= 0; i--) {
      conditions.put(
          pick(random, "speed", "Speed", "inference_geo", "a.b", "\u00e9") + random.nextInt(3),
          pick(random, "fast", "Fast", "us", "it's \"\\", "\uD83D\uDE00"));
    }
    return conditions;
  }

  @SafeVarargs
  private static <T> T pick(Random random, T... values) {
    return values[random.nextInt(values.length)];
  }
}
