package io.github.usage4j.provider;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.internal.UsualTiers;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Adds up what the exchanges of one call state, such as those of a client that asked again. What is
 * not priced alike is not added up: it is among the others of the sum.
 */
final class ExchangeSum {

  private ExchangeSum() {}

  /** See {@link StatedUsage#sum}. */
  static StatedUsage of(List<StatedUsage> exchanges, @Nullable String answeredBy) {
    if (exchanges.size() < 2) {
      return exchanges.isEmpty() ? StatedUsage.NONE : exchanges.get(0);
    }
    List<StatedUsage> measured =
        exchanges.stream().filter(exchange -> !exchange.tokens().isUnknown()).toList();
    List<List<StatedUsage>> groups = groups(measured.isEmpty() ? exchanges : measured);
    for (int i = 1; i < groups.size(); i++) {
      if (isOf(answeredBy, groups.get(i)) && !isOf(answeredBy, groups.get(0))) {
        Collections.swap(groups, 0, i);
      }
    }
    StatedUsage.Parts sum = add(groups.get(0));
    var others = new ArrayList<StatedUsage>();
    exchanges.forEach(exchange -> others.addAll(exchange.others()));
    groups.subList(1, groups.size()).forEach(group -> others.add(add(group).build()));
    sum.others = others;
    if (!measured.isEmpty()) {
      var units = new HashMap<>(sum.units);
      exchanges.stream()
          .filter(exchange -> exchange.tokens().isUnknown())
          .forEach(exchange -> add(exchange.units(), units));
      sum.units = units;
    }
    return sum.build();
  }

  /** The groups of exchanges that are priced alike; that of the last exchange is the first. */
  private static List<List<StatedUsage>> groups(List<StatedUsage> exchanges) {
    var groups = new ArrayList<List<StatedUsage>>();
    for (int i = exchanges.size() - 1; i >= 0; i--) {
      StatedUsage exchange = exchanges.get(i);
      List<StatedUsage> found = null;
      for (List<StatedUsage> group : groups) {
        found = found == null && alike(exchange, group.get(0)) ? group : found;
      }
      if (found == null) {
        found = new ArrayList<>();
        groups.add(found);
      }
      found.add(0, exchange);
    }
    return groups;
  }

  /** A model that is not named is taken for the one that is. */
  private static boolean alike(StatedUsage a, StatedUsage b) {
    boolean sameModel = a.model() == null || b.model() == null || a.model().equals(b.model());
    return sameModel
        && a.conditions().equals(b.conditions())
        && tier(a.serviceTier()).equals(tier(b.serviceTier()));
  }

  private static boolean isOf(@Nullable String model, List<StatedUsage> group) {
    return model != null && group.stream().anyMatch(one -> model.equals(one.model()));
  }

  private static String tier(@Nullable String stated) {
    return stated == null || UsualTiers.isUsual(stated) ? "" : stated;
  }

  private static StatedUsage.Parts add(List<StatedUsage> group) {
    StatedUsage last = group.get(group.size() - 1);
    var sum = new StatedUsage.Parts(last);
    if (group.size() == 1) {
      return sum;
    }
    var requests = new ArrayList<TokenCounts>();
    var units = new HashMap<String, BigDecimal>();
    sum.tokens = TokenCounts.UNKNOWN;
    sum.unexplained = 0;
    for (StatedUsage exchange : group) {
      // A contradiction in one exchange must not hide in the figures of another.
      TokenCounts sound = exchange.tokens().consistent();
      boolean asTheRest = sound.equals(exchange.tokens()) && sameKnown(sound, last.tokens());
      sum.interim |= exchange.interim() || !asTheRest;
      sum.dropped |= exchange.dropped();
      sum.unexplained += exchange.unexplained();
      sum.tokens = sum.tokens.plus(sound);
      sum.model = exchange.model() != null ? exchange.model() : sum.model;
      sum.serviceTier = exchange.serviceTier() != null ? exchange.serviceTier() : sum.serviceTier;
      requests.addAll(exchange.requests().isEmpty() ? List.of(sound) : exchange.requests());
      add(exchange.units(), units);
    }
    sum.requests = requests;
    sum.units = units;
    sum.cost = cost(group);
    return sum;
  }

  private static void add(Map<String, BigDecimal> units, Map<String, BigDecimal> to) {
    units.forEach((unit, amount) -> to.merge(unit, amount, BigDecimal::add));
  }

  /** Null if one of them states none, or in another currency. */
  private static @Nullable Cost cost(List<StatedUsage> group) {
    Cost sum = null;
    for (StatedUsage exchange : group) {
      Cost cost = exchange.cost();
      if (cost == null || (sum != null && !sum.currency().equals(cost.currency()))) {
        return null;
      }
      sum = sum == null ? cost : sum.plus(cost);
    }
    return sum;
  }

  /** Whether both know input, or neither, and the same of output. */
  private static boolean sameKnown(TokenCounts a, TokenCounts b) {
    return (a.input() == null) == (b.input() == null)
        && (a.output() == null) == (b.output() == null);
  }
}
