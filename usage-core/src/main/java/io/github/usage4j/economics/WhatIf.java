package io.github.usage4j.economics;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.EventQuery;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.UsageReader;
import io.github.usage4j.pricing.ModelCapabilities;
import io.github.usage4j.pricing.ModelCapabilities.Feature;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.query.RawUsageReader;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the calls of a period would have cost on other models, at the same tokens: each call by
 * itself, as of its own time, because thresholds and times of day are about single calls. Other
 * models count tokens differently and answer at other length, so it compares prices and is no
 * forecast. Immutable; each method returns a changed copy.
 */
public final class WhatIf {

  private static final int PAGE = 1_000;

  private final PriceCatalog prices;
  private final List<Candidate> candidates;
  private final Set<Feature> required;
  private final boolean unknownToo;

  private record Candidate(String provider, String model) {}

  /**
   * One candidate. Each call is counted in exactly one of three: {@code priced}, {@code unpriced}
   * and {@code tooLarge}; only priced ones have a part in {@code costs}.
   *
   * @param leftOut why it is no candidate; null if it is one
   * @param priced how many calls it has a price for
   * @param unpriced how many it has none for: at that time, for that service tier, condition or
   *     unit, or because several exchanges were summed into the call that it charges each by itself
   * @param tooLarge how many would not have fitted: more tokens than the catalog says it takes
   * @param costs of the priced calls, one sum for each currency, ordered by its code
   */
  public record Row(
      String provider,
      String model,
      @Nullable String leftOut,
      long priced,
      long unpriced,
      long tooLarge,
      List<Cost> costs) {
    /** Copies the costs. */
    public Row {
      costs = List.copyOf(costs);
    }

    /** True if every call has a price here, so that the costs can be compared with others. */
    public boolean complete() {
      return leftOut == null && unpriced == 0 && tooLarge == 0;
    }
  }

  /**
   * What was, and what would have been.
   *
   * @param calls how many chats and completions used something that is charged
   * @param unpriced how many of them have no price as they are stored
   * @param otherKinds how many calls of other kinds used something; they are compared with nothing
   * @param costs of the calls as they are stored, one sum for each currency, ordered by its code
   * @param rows complete ones first, cheapest first within a currency; those left out last
   */
  public record Result(
      long calls, long unpriced, long otherKinds, List<Cost> costs, List<Row> rows) {
    /** Copies its lists. */
    public Result {
      costs = List.copyOf(costs);
      rows = List.copyOf(rows);
    }
  }

  private WhatIf(
      PriceCatalog prices, List<Candidate> candidates, Set<Feature> required, boolean unknownToo) {
    this.prices = Objects.requireNonNull(prices, "prices");
    this.candidates = List.copyOf(candidates);
    this.required = Set.copyOf(required);
    this.unknownToo = unknownToo;
  }

  /** A comparison by the prices of this catalog, without candidates yet. */
  public static WhatIf by(PriceCatalog prices) {
    return new WhatIf(prices, List.of(), Set.of(), false);
  }

  /**
   * One model more.
   *
   * @throws IllegalArgumentException if it is a candidate already
   */
  public WhatIf candidate(String provider, String model) {
    var one = new Candidate(provider, model);
    if (candidates.contains(one)) {
      throw new IllegalArgumentException(provider + "/" + model + " is a candidate already");
    }
    var more = new ArrayList<>(candidates);
    more.add(one);
    return new WhatIf(prices, more, required, unknownToo);
  }

  /** Leaves out models that the catalog does not know to support all of these. */
  public WhatIf requires(Feature... features) {
    return new WhatIf(prices, candidates, Set.copyOf(Arrays.asList(features)), unknownToo);
  }

  /** Keeps models of which the catalog says nothing at all, whatever is {@link #requires}. */
  public WhatIf orUnknown() {
    return new WhatIf(prices, candidates, required, true);
  }

  /**
   * Compares the calls that a filter lets through. They are read a page at a time, newest first;
   * calls that are stored meanwhile are not looked at.
   *
   * @throws UsageException if the period begins before the raw horizon, which the message names, or
   *     the store cannot answer
   */
  public Result of(UsageQueries queries, UsageFilter who, BillingPeriod when) {
    UsageReader reader = queries.reader();
    if (reader instanceof RawUsageReader raw) {
      requireCalls(raw.rowsSince(who), when);
    }
    List<Tally> tallies = candidates.stream().map(this::tally).toList();
    var stored = new CostSums();
    long calls = 0;
    long unpriced = 0;
    long others = 0;
    EventQuery.Position after = null;
    List<UsageEvent> page;
    do {
      page = reader.events(new EventQuery(who, when, null, null, PAGE, after));
      for (UsageEvent event : page) {
        after = new EventQuery.Position(event.occurredAt(), event.id());
        if (event.cost() == null && !event.unpriced()) {
          continue; // nothing was used
        }
        if (event.kind() != Kind.CHAT && event.kind() != Kind.COMPLETION) {
          others++;
          continue;
        }
        calls++;
        unpriced += event.unpriced() ? 1 : 0;
        stored.add(event.cost());
        tallies.forEach(tally -> tally.add(event));
      }
    } while (page.size() == PAGE);
    List<Row> rows = tallies.stream().map(Tally::row).sorted(BEST_FIRST).toList();
    return new Result(calls, unpriced, others, stored.list(), rows);
  }

  private static void requireCalls(Instant horizon, BillingPeriod when) {
    if (horizon.isAfter(when.start())) {
      throw new UsageException(
          "single calls are there from the raw horizon on, "
              + horizon
              + ", but these begin at "
              + when.start()
              + "; ask for a period from there on",
          null);
    }
  }

  private static final Comparator<Row> BEST_FIRST =
      Comparator.comparing((Row row) -> row.leftOut() != null)
          .thenComparing((Row row) -> !row.complete())
          .thenComparing(WhatIf::currencies)
          .thenComparing(WhatIf::firstTotal);

  private static String currencies(Row row) {
    return String.join(
        " ", row.costs().stream().map(cost -> cost.currency().getCurrencyCode()).toList());
  }

  private static BigDecimal firstTotal(Row row) {
    return row.costs().isEmpty() ? BigDecimal.ZERO : row.costs().get(0).total();
  }

  private Tally tally(Candidate candidate) {
    Optional<ModelCapabilities> can = prices.capabilities(candidate.provider(), candidate.model());
    return new Tally(candidate, can, leftOut(can));
  }

  private @Nullable String leftOut(Optional<ModelCapabilities> can) {
    if (required.isEmpty() || (can.isEmpty() && unknownToo)) {
      return null;
    }
    if (can.isEmpty()) {
      return "its capabilities are not known";
    }
    Set<Feature> missing = can.get().missing(required);
    return missing.isEmpty() ? null : "not known to support " + missing;
  }

  /** What one candidate makes of the calls. */
  private final class Tally {

    private final Candidate candidate;
    private final Optional<ModelCapabilities> can;
    private final @Nullable String leftOut;
    private final CostSums costs = new CostSums();
    private long priced;
    private long unpriced;
    private long tooLarge;

    Tally(Candidate candidate, Optional<ModelCapabilities> can, @Nullable String leftOut) {
      this.candidate = candidate;
      this.can = can;
      this.leftOut = leftOut;
    }

    void add(UsageEvent event) {
      if (leftOut != null) {
        return;
      }
      if (can.isPresent() && !can.get().fits(event.tokens())) {
        tooLarge++;
        return;
      }
      Cost cost = costOf(event);
      costs.add(cost);
      priced += cost == null ? 0 : 1;
      unpriced += cost == null ? 1 : 0;
    }

    /** Only what the price depends on: nothing is known of an answer that was never given. */
    private @Nullable Cost costOf(UsageEvent event) {
      return HypotheticalCall.of(event, candidate.provider(), candidate.model(), prices);
    }

    Row row() {
      return new Row(
          candidate.provider(),
          candidate.model(),
          leftOut,
          priced,
          unpriced,
          tooLarge,
          costs.list());
    }
  }
}
