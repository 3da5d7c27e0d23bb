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
import org.jspecify.annotations.Nullable;

/**
 * One call and what it should cost.
 *
 * @param expected null if there should be no price for it
 * @param currency null if it is not said
 * @param rowFrom the day from which the price's row should apply; null if it is not said
 * @param tierApplied whether the prices above a threshold should apply; null if it is not said
 */
record PriceCase(
    String name,
    String provider,
    String model,
    Instant at,
    TokenCounts tokens,
    @Nullable BigDecimal expected,
    @Nullable String currency,
    @Nullable LocalDate rowFrom,
    @Nullable Boolean tierApplied) {

  /**
   * The call.
   *
   * @throws IllegalArgumentException if such a call cannot be recorded
   */
  UsageEvent event() {
    return UsageEvent.builder(UsageEvent.idFrom("price-case", name, at), Kind.CHAT, provider, model)
        .startedAt(at)
        .tokens(tokens)
        .source(Source.HOST)
        .build();
  }

  boolean isEqual(@Nullable Cost cost) {
    if (cost == null || expected == null) {
      return cost == null && expected == null;
    }
    return cost.total().compareTo(expected) == 0
        && (currency == null || cost.currency().getCurrencyCode().equals(currency));
  }

  /** What is not as the case says, beside the cost. */
  List<String> differences(@Nullable ModelPrice price, @Nullable CostExplanation why) {
    var differences = new ArrayList<String>();
    if (price == null || why == null) {
      return differences;
    }
    if (currency != null && !why.currency().getCurrencyCode().equals(currency)) {
      differences.add("currency is " + why.currency() + ", not " + currency);
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
}
