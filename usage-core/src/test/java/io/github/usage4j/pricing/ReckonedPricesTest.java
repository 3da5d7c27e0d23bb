package io.github.usage4j.pricing;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ReckonedPricesTest {

  private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

  @Test
  void anyCall_costsWhatIsReckonedByHand_orIsUnpriced() {
    var random = new Random(2026);
    int priced = 0;
    int under = 0;
    int unpriced = 0;
    for (int round = 0; round < 4_000; round++) {
      var reckoned = new ReckonedPrices(random);
      ModelPrice price = reckoned.price();
      PriceCatalog catalog = PriceCatalog.of(price);
      for (int i = 0; i < 5; i++) {
        Map<String, Long> used = used(random);
        boolean batch = random.nextInt(3) == 0;
        Map<String, String> conditions = conditions(random);
        UsageEvent event =
            UsageEvent.builder(UUID.randomUUID(), Kind.CHAT, "acme", "m")
                .startedAt(NOW)
                .tokens(counts(used))
                .serviceTier(batch ? "batch" : null)
                .conditions(conditions)
                .build();
        BigDecimal expected = reckoned.cost(used, batch, conditions);
        Optional<Cost> cost = catalog.costOf(event, List.of());
        String what = "%s of %s under %s of %s".formatted(used, batch, conditions, price.rates());
        if (expected == null) {
          assertThat(cost).as(what).isEmpty();
          unpriced++;
        } else {
          assertThat(cost).as(what).isPresent();
          assertThat(cost.get().total()).as(what).isEqualByComparingTo(expected);
          assertThat(catalog.explain(event).orElseThrow().total()).isEqualByComparingTo(expected);
          priced++;
          under += conditions.isEmpty() ? 0 : 1;
        }
      }
    }
    assertThat(priced).isGreaterThan(4_000);
    assertThat(under).isGreaterThan(1_000);
    assertThat(unpriced).isGreaterThan(4_000);
  }

  private static Map<String, String> conditions(Random random) {
    var conditions = new HashMap<String, String>();
    if (random.nextInt(3) == 0) {
      conditions.put("geo", random.nextInt(3) == 0 ? "global" : "us");
    }
    if (random.nextInt(3) == 0) {
      conditions.put("speed", random.nextInt(8) == 0 ? "warp" : "fast");
    }
    if (random.nextInt(3) == 0) {
      conditions.put("mode", "turbo");
    }
    return conditions;
  }

  /** Disjoint parts, few of them in most calls. */
  private static Map<String, Long> used(Random random) {
    var used = new TreeMap<String, Long>();
    used.put("input", random.nextLong(1_200));
    used.put("output", random.nextLong(300));
    for (String kind :
        List.of(
            "cacheRead",
            "cacheReadAudio",
            "cacheWrite",
            "cacheWriteOneHour",
            "reasoning",
            "inputAudio",
            "outputAudio")) {
      used.put(kind, random.nextInt(4) == 0 ? random.nextLong(200) : 0L);
    }
    return used;
  }

  private static TokenCounts counts(Map<String, Long> used) {
    long read = used.get("cacheRead") + used.get("cacheReadAudio");
    long write = used.get("cacheWrite") + used.get("cacheWriteOneHour");
    return new TokenCounts(
        used.get("input") + used.get("inputAudio") + read + write,
        used.get("output") + used.get("reasoning") + used.get("outputAudio"),
        read,
        write,
        used.get("cacheWriteOneHour"),
        used.get("reasoning"),
        used.get("inputAudio") + used.get("cacheReadAudio"),
        used.get("outputAudio"),
        used.get("cacheReadAudio"));
  }
}
