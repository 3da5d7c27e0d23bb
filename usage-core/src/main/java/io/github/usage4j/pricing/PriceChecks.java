package io.github.usage4j.pricing;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a new price list must be like to take the place of one in force: a file that was cut off, or
 * whose amounts are in another unit by mistake, must not become anybody's bill. Immutable.
 *
 * @param maxVanishedPercent of the models that have a price, how many the new list may lack. Those
 *     keep the price they have; 100 for any number
 * @param maxFactor by how much an amount may rise or fall; one that becomes 0 falls by more. Null
 *     for any change
 * @since 0.1.0
 */
public record PriceChecks(int maxVanishedPercent, @Nullable BigDecimal maxFactor) {

  /** A tenth of the models, and ten times the price or a tenth of it. */
  public static final PriceChecks USUAL = new PriceChecks(10, BigDecimal.TEN);

  /** Enough that a price for each is exact enough to be compared. */
  private static final BigDecimal UNITS = BigDecimal.valueOf(UnitPrice.MOST);

  /** Takes any list that can be read. */
  public static final PriceChecks NONE = new PriceChecks(100, null);

  /**
   * @throws IllegalArgumentException if the percentage is not between 0 and 100, or the factor not
   *     above 1
   */
  public PriceChecks {
    if (maxVanishedPercent < 0 || maxVanishedPercent > 100) {
      throw new IllegalArgumentException(
          "maxVanishedPercent must be between 0 and 100, but was " + maxVanishedPercent);
    }
    if (maxFactor != null && maxFactor.compareTo(BigDecimal.ONE) <= 0) {
      throw new IllegalArgumentException("maxFactor must be above 1, but was " + maxFactor);
    }
  }

  /**
   * Compares two lists.
   *
   * @param at when their prices are compared
   * @return the models that only the first has, by provider and name
   * @throws IllegalArgumentException saying what is wrong with the second
   */
  Map<String, ListedModel> check(PriceIndex inForce, PriceIndex next, Instant at) {
    Map<String, ListedModel> old = priced(inForce);
    Map<String, ListedModel> now = priced(next);
    var vanished = new LinkedHashMap<>(old);
    vanished.keySet().removeAll(now.keySet());
    if (vanished.size() * 100L > (long) old.size() * maxVanishedPercent) {
      throw new IllegalArgumentException(
          vanished.size()
              + " of "
              + old.size()
              + " models are gone, more than "
              + maxVanishedPercent
              + " %");
    }
    if (maxFactor != null) {
      old.forEach(
          (name, model) -> {
            ListedModel other = now.get(name);
            if (other != null) {
              compare(name, model.at(at), other.at(at));
            }
          });
    }
    return vanished;
  }

  private static Map<String, ListedModel> priced(PriceIndex index) {
    var models = new LinkedHashMap<String, ListedModel>();
    for (ListedModel model : index.models()) {
      if (!model.prices().isEmpty()) {
        models.putIfAbsent(model.provider() + "/" + ModelMatch.lower(model.name()), model);
      }
    }
    return models;
  }

  private void compare(String name, Optional<ModelPrice> inForce, Optional<ModelPrice> next) {
    if (inForce.isEmpty() || next.isEmpty()) {
      return;
    }
    if (!inForce.get().currency().equals(next.get().currency())) {
      throw new IllegalArgumentException(
          name + " costs " + next.get().currency() + " after " + inForce.get().currency());
    }
    Map<String, BigDecimal> now = amounts(next.get());
    amounts(inForce.get())
        .forEach(
            (what, old) -> {
              BigDecimal changed = now.get(what);
              if (changed != null && isJump(old, changed)) {
                throw new IllegalArgumentException(
                    what
                        + " of "
                        + name
                        + " costs "
                        + changed.toPlainString()
                        + " after "
                        + old.toPlainString());
              }
            });
  }

  private static Map<String, BigDecimal> amounts(ModelPrice price) {
    var amounts = new HashMap<String, BigDecimal>();
    price.rates().units().forEach((unit, each) -> amounts.put(unit, each.of(UNITS)));
    price.rates().amounts().forEach((rate, amount) -> amounts.put(rate.setter(), amount));
    return amounts;
  }

  /** What was free may cost anything; what costs nothing any more may be missing. */
  private boolean isJump(BigDecimal old, BigDecimal changed) {
    if (maxFactor == null || old.signum() == 0) {
      return false;
    }
    return changed.compareTo(old.multiply(maxFactor)) > 0
        || changed.multiply(maxFactor).compareTo(old) < 0;
  }
}
