package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.pricing.ModelCapabilities.Feature;
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
 * What the same tokens cost on several models. Immutable; each method returns a changed copy. Other
 * models count tokens differently, so that the result is a comparison of prices, not a forecast.
 */
public final class ModelComparison {

  private final PriceCatalog prices;
  private final List<Candidate> candidates;
  private final Set<Feature> required;

  private record Candidate(String provider, String model) {}

  /**
   * One candidate.
   *
   * @param cost null if it is left out
   * @param leftOut why it is not to be compared: no price, or something that it cannot do or that
   *     the catalog does not say it can; null if it is
   */
  public record Row(String provider, String model, @Nullable Cost cost, @Nullable String leftOut) {}

  private ModelComparison(PriceCatalog prices, List<Candidate> candidates, Set<Feature> required) {
    this.prices = Objects.requireNonNull(prices, "prices");
    this.candidates = List.copyOf(candidates);
    this.required = Set.copyOf(required);
  }

  /** A comparison by the prices of this catalog, without candidates yet. */
  public static ModelComparison by(PriceCatalog prices) {
    return new ModelComparison(prices, List.of(), Set.of());
  }

  /** One model more. */
  public ModelComparison candidate(String provider, String model) {
    var more = new ArrayList<>(candidates);
    more.add(new Candidate(provider, model));
    return new ModelComparison(prices, more, required);
  }

  /** Leaves out models that the catalog does not know to support all of these. */
  public ModelComparison requires(Feature... features) {
    return new ModelComparison(prices, candidates, Set.copyOf(Arrays.asList(features)));
  }

  /**
   * The candidates, cheapest first; in each currency by itself, because amounts of two cannot be
   * compared; those that are left out last.
   *
   * @param tokens of one call
   * @param at when it is made
   */
  public List<Row> of(TokenCounts tokens, Instant at) {
    return candidates.stream()
        .map(candidate -> row(candidate, tokens, at))
        .sorted(CHEAPEST_FIRST)
        .toList();
  }

  private static final Comparator<Row> CHEAPEST_FIRST =
      Comparator.comparing(
          Row::cost,
          Comparator.nullsLast(
              Comparator.comparing((Cost cost) -> cost.currency().getCurrencyCode())
                  .thenComparing((Cost cost) -> cost.total())));

  private Row row(Candidate candidate, TokenCounts tokens, Instant at) {
    String provider = candidate.provider();
    String model = candidate.model();
    Optional<ModelPrice> price =
        prices.find(provider, model, at).filter(found -> found.covers(tokens));
    if (price.isEmpty()) {
      return new Row(provider, model, null, "no price");
    }
    String unable = unable(prices.capabilities(provider, model), tokens);
    return unable == null
        ? new Row(provider, model, price.get().costOf(tokens), null)
        : new Row(provider, model, null, unable);
  }

  private @Nullable String unable(Optional<ModelCapabilities> capabilities, TokenCounts tokens) {
    if (capabilities.isEmpty()) {
      return required.isEmpty() ? null : "its capabilities are not known";
    }
    ModelCapabilities can = capabilities.get();
    Set<Feature> missing = can.missing(required);
    if (!missing.isEmpty()) {
      return "not known to support " + missing;
    }
    if (exceeds(tokens.input(), can.maxInput())) {
      return "at most " + can.maxInput() + " input tokens";
    }
    if (exceeds(tokens.output(), can.maxOutput())) {
      return "at most " + can.maxOutput() + " output tokens";
    }
    return exceeds(tokens.total(), can.context()) ? "at most " + can.context() + " tokens" : null;
  }

  private static boolean exceeds(@Nullable Long tokens, @Nullable Long most) {
    return tokens != null && most != null && tokens > most;
  }
}
