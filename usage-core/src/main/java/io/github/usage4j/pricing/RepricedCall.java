package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import io.github.usage4j.UsageEvent;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A stored call, and what it costs by a catalog that may be another one than it was priced by.
 * Immutable. What the provider itself says the call costs is not touched.
 *
 * @param call as it is stored
 * @param cost by the catalog, as of the time of the call; null if that has no price for it. If
 *     undecided, the cost that the call has
 * @param undecided true if several exchanges were summed into the call and the catalog charges by
 *     each: above a threshold, or for each call. How they were split up is not stored, so the cost
 *     stays
 */
public record RepricedCall(UsageEvent call, @Nullable Cost cost, boolean undecided) {

  /**
   * Prices a stored call.
   *
   * @throws IllegalArgumentException if the price makes a cost that no call may have
   */
  public static RepricedCall of(UsageEvent call, PriceCatalog prices) {
    boolean undecided =
        call.attempts() > 1
            && prices
                .find(call)
                .flatMap(price -> PricedCall.of(price, call, List.of(call.tokens())))
                .filter(priced -> !priced.addsUp())
                .isPresent();
    return undecided
        ? new RepricedCall(call, call.cost(), true)
        : new RepricedCall(call, prices.costOf(call, List.of()).orElse(null), false);
  }

  /**
   * True if an amount or the currency is another one, or there was no price or is none any more.
   */
  public boolean changed() {
    return cost == null ? call.cost() != null : !cost.amountsEqual(call.cost());
  }

  /** The call with the cost by the catalog; the stored one if nothing changed. */
  public UsageEvent after() {
    return changed() ? call.toBuilder().cost(cost).build() : call;
  }
}
