package io.github.usage4j.jdbc;

import io.github.usage4j.Cost;
import io.github.usage4j.pricing.RepricedCall;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Adds up what a repricing changes. Not safe for use by several threads. */
final class RepricingTally {

  private static final Comparator<Key> ORDER =
      Comparator.comparing(Key::organization)
          .thenComparing(Key::provider)
          .thenComparing(Key::model)
          .thenComparing(Key::currency);

  long lookedAt;
  long changed;
  long unpricedBefore;
  long unpricedAfter;
  long undecided;

  /** By UTF-16 code units, so that every database gives the same order. */
  final TreeMap<Key, Sum> sums = new TreeMap<>(ORDER);

  /**
   * What a sum is of.
   *
   * @param organization "" is unattributed
   */
  record Key(String organization, String provider, String model, String currency) {}

  /** The changed calls of a key. */
  record Sum(long calls, BigDecimal before, BigDecimal after) {

    Sum plus(Sum more) {
      return new Sum(calls + more.calls, before.add(more.before), after.add(more.after));
    }
  }

  void add(RepricedCall repriced) {
    lookedAt++;
    unpricedBefore += repriced.call().unpriced() ? 1 : 0;
    unpricedAfter += repriced.after().unpriced() ? 1 : 0;
    undecided += repriced.undecided() ? 1 : 0;
    if (!repriced.changed()) {
      return;
    }
    changed++;
    Cost before = repriced.call().cost();
    Cost after = repriced.cost();
    if (before != null && after != null && before.currency().equals(after.currency())) {
      add(repriced, before, before.total(), after.total());
    } else {
      add(repriced, before, before == null ? BigDecimal.ZERO : before.total(), BigDecimal.ZERO);
      add(repriced, after, BigDecimal.ZERO, after == null ? BigDecimal.ZERO : after.total());
    }
  }

  private void add(
      RepricedCall repriced, @Nullable Cost cost, BigDecimal before, BigDecimal after) {
    if (cost == null) {
      return;
    }
    String organization = repriced.call().attribution().organization();
    add(
        new Key(
            organization == null ? "" : organization,
            repriced.call().provider(),
            repriced.call().model(),
            cost.currency().getCurrencyCode()),
        new Sum(1, before, after));
  }

  void add(Key key, Sum sum) {
    sums.merge(key, sum, Sum::plus);
  }

  RepricingReport report() {
    List<RepricingReport.Line> lines = new ArrayList<>();
    sums.forEach(
        (key, sum) ->
            lines.add(
                new RepricingReport.Line(
                    key.organization(),
                    key.provider(),
                    key.model(),
                    Cost.currencyOf(key.currency()),
                    sum.calls(),
                    sum.before(),
                    sum.after())));
    return new RepricingReport(lookedAt, changed, unpricedBefore, unpricedAfter, undecided, lines);
  }
}
