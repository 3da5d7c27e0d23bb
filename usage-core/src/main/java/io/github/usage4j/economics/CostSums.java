package io.github.usage4j.economics;

import io.github.usage4j.Cost;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Adds costs up, each currency by itself. Not safe for use by several threads. */
final class CostSums {

  private final TreeMap<String, Cost> sums = new TreeMap<>();

  /** Null adds nothing. */
  void add(@Nullable Cost cost) {
    if (cost != null) {
      var plain =
          new Cost(cost.input(), cost.output(), cost.cache(), cost.other(), cost.currency(), null);
      sums.merge(cost.currency().getCurrencyCode(), plain, Cost::plus);
    }
  }

  /** Ordered by the code of the currency. */
  List<Cost> list() {
    return List.copyOf(sums.values());
  }
}
