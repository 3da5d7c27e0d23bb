package io.github.usage4j.pricing;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.pricing.CostExplanation.Part;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The amounts that apply to a call, and the arithmetic with them: the one place where tokens are
 * multiplied.
 *
 * @param amounts for each million, or each call; a rate that is not in the map is not set
 * @param unknown what has a price of its own that is not known, unless it is among the amounts
 */
record TokenAmounts(Map<Rate, BigDecimal> amounts, Set<Rate> unknown) {

  private static final int MILLION_DIGITS = 6;

  /**
   * What some of the tokens may be.
   *
   * @param most how many of them at most; null if all may be
   */
  record Kind(Rate rate, @Nullable Long most) {}

  /** See {@link ModelPrice#covers}; the counts must not contradict each other. */
  boolean cover(TokenCounts tokens) {
    boolean onlyParts = tokens.total() == null && !tokens.isUnknown();
    return !onlyParts
        && (tokens.input() != null || !haveInputParts(tokens))
        && (tokens.output() != null || !haveOutputParts(tokens))
        && (orZero(tokens.input()) == 0 || amounts.containsKey(Rate.INPUT))
        && (orZero(tokens.output()) == 0 || amounts.containsKey(Rate.OUTPUT))
        && (orZero(tokens.cacheWriteOneHour()) == 0 || priceOneHour())
        && (unknown.isEmpty() || unknown.stream().noneMatch(rate -> chargeUnknown(rate, tokens)));
  }

  /** Who charges cache writes apart charges those for an hour apart from others. */
  private boolean priceOneHour() {
    return amounts.containsKey(Rate.CACHE_WRITE_ONE_HOUR) || !amounts.containsKey(Rate.CACHE_WRITE);
  }

  /** True if these tokens are charged at a rate of which the amount is not known. */
  private boolean chargeUnknown(Rate rate, TokenCounts tokens) {
    if (amounts.containsKey(rate)) {
      return false;
    }
    long readAudio = readAudio(tokens);
    return switch (rate) {
      case INPUT, OUTPUT, PER_CALL -> false; // looked at in any price
      case CACHE_READ -> orZero(tokens.cacheRead()) > without(Rate.CACHE_READ_AUDIO, readAudio);
      case CACHE_READ_AUDIO -> readAudio > 0;
      case CACHE_WRITE ->
          orZero(tokens.cacheWrite())
              > without(Rate.CACHE_WRITE_ONE_HOUR, orZero(tokens.cacheWriteOneHour()));
      case CACHE_WRITE_ONE_HOUR -> orZero(tokens.cacheWriteOneHour()) > 0;
      case REASONING -> orZero(tokens.reasoning()) > 0;
      case INPUT_AUDIO ->
          Math.max(orZero(tokens.inputAudio()), readAudio) > (readsHavePrice() ? readAudio : 0);
      case OUTPUT_AUDIO -> orZero(tokens.outputAudio()) > 0;
    };
  }

  /** A part that has a price of its own does not need that of the whole. */
  private long without(Rate rate, long part) {
    return amounts.containsKey(rate) ? part : 0;
  }

  private static boolean haveInputParts(TokenCounts tokens) {
    return orZero(tokens.cacheRead()) > 0
        || orZero(tokens.cacheWrite()) > 0
        || orZero(tokens.cacheWriteOneHour()) > 0
        || orZero(tokens.inputAudio()) > 0
        || orZero(tokens.cacheReadAudio()) > 0;
  }

  private static boolean haveOutputParts(TokenCounts tokens) {
    return orZero(tokens.reasoning()) > 0 || orZero(tokens.outputAudio()) > 0;
  }

  /**
   * What so many tokens cost at most.
   *
   * @param plain what they are if nothing else
   * @param kinds what they may be otherwise
   */
  BigDecimal atMost(Rate plain, long tokens, List<Kind> kinds) {
    BigDecimal open = amounts.getOrDefault(plain, BigDecimal.ZERO);
    for (Kind kind : kinds) {
      open = kind.most() == null ? open.max(highest(kind.rate())) : open;
    }
    BigDecimal all = open.multiply(BigDecimal.valueOf(tokens));
    for (Kind kind : kinds) {
      BigDecimal dearer = highest(kind.rate()).subtract(open);
      if (kind.most() != null && dearer.signum() > 0) {
        all = all.add(dearer.multiply(BigDecimal.valueOf(kind.most())));
      }
    }
    return perMillion(all);
  }

  /** A write for one hour may also be one for less. */
  private BigDecimal highest(Rate rate) {
    BigDecimal price = amounts.getOrDefault(rate, BigDecimal.ZERO);
    return rate == Rate.CACHE_WRITE_ONE_HOUR
        ? price.max(amounts.getOrDefault(Rate.CACHE_WRITE, BigDecimal.ZERO))
        : price;
  }

  /**
   * One product for each kind of token that was used; the counts must not contradict each other. No
   * token is in two products: what has a price of its own is taken out of what it is a part of.
   *
   * @param calls how many calls these tokens are of
   */
  void multiply(TokenCounts tokens, int calls, Products to) {
    long read = orZero(tokens.cacheRead());
    long write = orZero(tokens.cacheWrite());
    long oneHour = orZero(tokens.cacheWriteOneHour());
    long fresh = fresh(tokens);
    long allReadAudio = readAudio(tokens);
    long readAudio = audioOfReads() == null ? 0 : allReadAudio;
    long audioIn = apart(Rate.INPUT_AUDIO, orZero(tokens.inputAudio()) - allReadAudio, fresh);
    long output = orZero(tokens.output());
    long reasoning = apart(Rate.REASONING, orZero(tokens.reasoning()), output);
    long audioOut = apart(Rate.OUTPUT_AUDIO, orZero(tokens.outputAudio()), output - reasoning);

    BigDecimal in = amounts.getOrDefault(Rate.INPUT, BigDecimal.ZERO);
    BigDecimal out = amounts.getOrDefault(Rate.OUTPUT, BigDecimal.ZERO);
    BigDecimal writePrice = amounts.getOrDefault(Rate.CACHE_WRITE, in);
    tokens(to, Part.INPUT, "input", fresh - audioIn, in);
    tokens(to, Part.INPUT, "input, audio", audioIn, amounts.getOrDefault(Rate.INPUT_AUDIO, in));
    tokens(
        to, Part.CACHE, "cache read", read - readAudio, amounts.getOrDefault(Rate.CACHE_READ, in));
    tokens(to, Part.CACHE, "cache read, audio", readAudio, audioOfReads());
    tokens(to, Part.CACHE, "cache write", write - oneHour, writePrice);
    tokens(
        to,
        Part.CACHE,
        "cache write, 1 hour",
        oneHour,
        amounts.getOrDefault(Rate.CACHE_WRITE_ONE_HOUR, writePrice));
    tokens(to, Part.OUTPUT, "output", output - reasoning - audioOut, out);
    tokens(
        to, Part.OUTPUT, "output, reasoning", reasoning, amounts.getOrDefault(Rate.REASONING, out));
    tokens(
        to, Part.OUTPUT, "output, audio", audioOut, amounts.getOrDefault(Rate.OUTPUT_AUDIO, out));
    BigDecimal perCall = amounts.get(Rate.PER_CALL);
    if (perCall != null) {
      BigDecimal number = BigDecimal.valueOf(calls);
      var price = new UnitPrice(perCall, 1);
      to.units("calls", number, price, price.of(number));
    }
  }

  /** How many of a part are priced by themselves: none without a price, never more than there. */
  private long apart(Rate rate, long part, long whole) {
    return amounts.containsKey(rate) ? Math.min(Math.max(0, part), whole) : 0;
  }

  /**
   * How many of the tokens read from a cache are audio. Where that is not stated, audio is what was
   * not cached as far as there is such, and only the rest of it was: so none of it counts less than
   * it may cost.
   */
  private static long readAudio(TokenCounts tokens) {
    long read = orZero(tokens.cacheRead());
    Long stated = tokens.cacheReadAudio();
    long fresh = fresh(tokens);
    return Math.min(
        read, stated != null ? stated : Math.max(0, orZero(tokens.inputAudio()) - fresh));
  }

  /**
   * What audio costs that was read from a cache, if that is not what any cache read does: where
   * cache reads have no price, they cost what they would have otherwise, and audio is dearer.
   */
  private @Nullable BigDecimal audioOfReads() {
    BigDecimal own = amounts.get(Rate.CACHE_READ_AUDIO);
    return own != null || readsHavePrice() ? own : amounts.get(Rate.INPUT_AUDIO);
  }

  private boolean readsHavePrice() {
    return amounts.containsKey(Rate.CACHE_READ) || amounts.containsKey(Rate.CACHE_READ_AUDIO);
  }

  /** Input that was neither read from a cache nor written to one. */
  private static long fresh(TokenCounts tokens) {
    return Math.max(
        0, orZero(tokens.input()) - orZero(tokens.cacheRead()) - orZero(tokens.cacheWrite()));
  }

  private static void tokens(
      Products to, Part part, String what, long count, @Nullable BigDecimal perMillion) {
    if (count > 0 && perMillion != null) {
      BigDecimal quantity = BigDecimal.valueOf(count);
      to.tokens(part, what, quantity, perMillion, perMillion(perMillion.multiply(quantity)));
    }
  }

  private static BigDecimal perMillion(BigDecimal product) {
    return product.movePointLeft(MILLION_DIGITS);
  }

  static long orZero(@Nullable Long count) {
    return count == null ? 0 : count;
  }
}
