package io.github.usage4j.pricing;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.pricing.Rates.Tier;
import io.github.usage4j.pricing.TokenAmounts.Kind;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a call will probably cost and what it can cost at most, before it is made. Immutable.
 *
 * @param expected what will probably be used
 * @param expectedCost what that costs
 * @param worst the most that can be used
 * @param worstCost what nothing within that can exceed
 */
public record CostEstimate(
    TokenCounts expected, Cost expectedCost, TokenCounts worst, Cost worstCost) {

  /**
   * An estimate at a price. In the worst case, tokens are of the dearest kind that {@code worst}
   * leaves open: an unknown {@link TokenCounts#cacheWrite} may be all of the input, one that is 0
   * is believed, and one in between is the most: fewer may be written. So cached tokens that are
   * only hoped for make no worst case cheaper. Everything between nothing and {@code worst} is
   * thought of, because prices may be lower above a threshold. What a price leaves unknown, such as
   * cache writes for one hour without a price of their own, has no part in it: a call that used
   * such is unpriced.
   *
   * @param expected with input and output, as far as they can be told
   * @param worst at least the expected tokens
   * @throws IllegalArgumentException if {@code worst} is less than {@code expected}, or the price
   *     does not cover either
   */
  public static CostEstimate of(ModelPrice price, TokenCounts expected, TokenCounts worst) {
    TokenCounts most = worst.consistent();
    requireAtMost(
        "input", TokenAmounts.orZero(expected.input()), TokenAmounts.orZero(most.input()));
    requireAtMost(
        "output", TokenAmounts.orZero(expected.output()), TokenAmounts.orZero(most.output()));
    Cost expectedCost = price.costOf(expected);
    Cost highest = expectedCost;
    for (TokenCounts tokens : upTo(price, most)) {
      Cost cost = atMost(price, tokens);
      highest = cost.total().compareTo(highest.total()) > 0 ? cost : highest;
    }
    return new CostEstimate(expected, expectedCost, worst, highest);
  }

  private static void requireAtMost(String what, long expected, long worst) {
    if (expected > worst) {
      throw new IllegalArgumentException(
          what
              + " in the worst case must be at least what is expected, "
              + expected
              + ", but was "
              + worst);
    }
  }

  /** The tokens themselves, and as many as just stay below each threshold that they exceed. */
  private static List<TokenCounts> upTo(ModelPrice price, TokenCounts most) {
    var candidates = new ArrayList<TokenCounts>();
    candidates.add(most);
    for (Tier tier : price.rates().tiers()) {
      if (tier.above() < TokenAmounts.orZero(most.input())) {
        candidates.add(withInput(most, tier.above()).consistent());
      }
    }
    return candidates;
  }

  private static TokenCounts withInput(TokenCounts tokens, long input) {
    return new TokenCounts(
        input,
        tokens.output(),
        tokens.cacheRead(),
        tokens.cacheWrite(),
        tokens.cacheWriteOneHour(),
        tokens.reasoning(),
        tokens.inputAudio(),
        tokens.outputAudio(),
        tokens.cacheReadAudio());
  }

  /** What these tokens cost at most, each of the dearest kind that it can be of. */
  private static Cost atMost(ModelPrice price, TokenCounts tokens) {
    Long write = tokens.cacheWrite();
    Long oneHour = tokens.cacheWriteOneHour();
    Long others = write == null || oneHour == null ? write : Long.valueOf(write - oneHour);
    var inputs =
        List.of(
            new Kind(Rate.CACHE_READ, tokens.cacheRead()),
            new Kind(Rate.CACHE_READ_AUDIO, mostReadAudio(tokens)),
            new Kind(Rate.CACHE_WRITE, oneHour == null && write != null ? Long.valueOf(0) : others),
            new Kind(Rate.CACHE_WRITE_ONE_HOUR, oneHour == null ? write : oneHour),
            new Kind(Rate.INPUT_AUDIO, tokens.inputAudio()));
    var outputs =
        List.of(
            new Kind(Rate.REASONING, tokens.reasoning()),
            new Kind(Rate.OUTPUT_AUDIO, tokens.outputAudio()));
    Cost asTheyAre = price.costOf(tokens);
    TokenAmounts amounts = price.rates().at(price.rates().tierFor(tokens));
    return new Cost(
        amounts.atMost(Rate.INPUT, TokenAmounts.orZero(tokens.input()), inputs),
        amounts.atMost(Rate.OUTPUT, TokenAmounts.orZero(tokens.output()), outputs),
        BigDecimal.ZERO,
        asTheyAre.other(),
        price.currency(),
        asTheyAre.priceReference());
  }

  /**
   * What is read from a cache and audio is no more than either. How much of it is thought to be
   * both says nothing: where an answer does not state it, it is reckoned from the other two.
   */
  private static @Nullable Long mostReadAudio(TokenCounts tokens) {
    Long read = tokens.cacheRead();
    Long audio = tokens.inputAudio();
    return read == null || (audio != null && audio < read) ? audio : read;
  }
}
