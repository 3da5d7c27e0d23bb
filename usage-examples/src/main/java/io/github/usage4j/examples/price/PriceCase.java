package io.github.usage4j.examples.price;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.pricing.CostExplanation;
import io.github.usage4j.pricing.ModelPrice;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One call and what it should cost.
 *
 * @param serviceTier null if it is not said
 * @param rowFrom the day from which the price's row should apply; null if it is not said
 * @param tierApplied whether the prices above a threshold should apply; null if it is not said
 */
record PriceCase(
    String name,
    String provider,
    String model,
    Instant at,
    TokenCounts tokens,
    @Nullable String serviceTier,
    Map<String, String> conditions,
    Map<String, BigDecimal> units,
    Expected expected,
    @Nullable LocalDate rowFrom,
    @Nullable Boolean tierApplied) {

  PriceCase {
    conditions = Map.copyOf(conditions);
    units = Map.copyOf(units);
  }

  /**
   * The call.
   *
   * @throws IllegalArgumentException if such a call cannot be recorded
   */
  UsageEvent event() {
    return UsageEvent.builder(UsageEvent.idFrom("price-case", name, at), Kind.CHAT, provider, model)
        .startedAt(at)
        .tokens(tokens)
        .serviceTier(serviceTier)
        .conditions(conditions)
        .units(units)
        .source(Source.HOST)
        .build();
  }

  /** What is not as the case says, beside the amount, and an explanation of another amount. */
  List<String> differences(
      @Nullable ModelPrice price, @Nullable Cost cost, @Nullable CostExplanation why) {
    var differences = new ArrayList<String>();
    if (!amount(cost).equals(amount(why == null ? null : why.toCost()))) {
      differences.add("it costs " + cost + ", but is explained as " + why);
    }
    String currency = expected.currency();
    if (cost != null && currency != null && !cost.currency().getCurrencyCode().equals(currency)) {
      differences.add("currency is " + cost.currency() + ", not " + currency);
    }
    if (price == null || why == null) {
      return differences;
    }
    if (rowFrom != null
        && !price.validFrom().equals(rowFrom.atStartOfDay(ZoneOffset.UTC).toInstant())) {
      differences.add("the row is " + price.reference() + ", not that from " + rowFrom);
    }
    boolean tier = !why.priceReference().equals(price.reference());
    if (tierApplied != null && tier != tierApplied) {
      differences.add("the price is " + why.priceReference() + ", tier_applied is " + tierApplied);
    }
    return differences;
  }

  private static String amount(@Nullable Cost cost) {
    return cost == null
        ? Expected.UNPRICED
        : Expected.plain(cost.total()) + " " + cost.currency().getCurrencyCode();
  }
}
