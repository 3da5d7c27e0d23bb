package io.github.usage4j.pricing;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A price and what calls cost by it, reckoned kind by kind from what docs/pricing.md says. Nothing
 * here uses the library's arithmetic: it is what that is compared with.
 */
final class ReckonedPrices {

  static final long STEP = 1_000;

  private static final List<String> KINDS =
      List.of(
          "cacheRead",
          "cacheReadAudio",
          "cacheWrite",
          "cacheWriteOneHour",
          "reasoning",
          "inputAudio",
          "outputAudio");

  /** What one place states: amounts, and perhaps others for more than {@link #STEP} tokens. */
  record Stated(Map<String, BigDecimal> amounts, @Nullable Map<String, BigDecimal> above) {

    boolean has(String kind) {
      return amounts.containsKey(kind) || (above != null && above.containsKey(kind));
    }

    ModelPrice on(ModelPrice empty) {
      ModelPrice price = set(empty, amounts);
      return above == null ? price : price.aboveInput(STEP, set(empty, above));
    }
  }

  private final Stated list;
  private final @Nullable Stated batch;
  private final Map<String, BigDecimal> factors = new LinkedHashMap<>();
  private final @Nullable Stated turbo;

  ReckonedPrices(Random random) {
    list = stated(random, 0.9);
    batch = random.nextBoolean() ? stated(random, 0.7) : null;
    factors.put("geo=us", new BigDecimal("1.1"));
    factors.put("geo=global", BigDecimal.ONE);
    factors.put("speed=fast", new BigDecimal(1 + random.nextInt(6)));
    Stated own = random.nextInt(4) == 0 ? null : stated(random, 0.8);
    turbo = own != null && own.amounts.isEmpty() && own.above == null ? null : own;
  }

  private static Stated stated(Random random, double likely) {
    var amounts = amounts(random, likely);
    if (random.nextInt(8) == 0) { // a fee for each call alone
      amounts.keySet().removeIf(kind -> !kind.equals("perCall"));
      amounts.put("perCall", BigDecimal.valueOf(random.nextInt(100), 3));
      return new Stated(amounts, null);
    }
    Map<String, BigDecimal> above = random.nextInt(3) == 0 ? amounts(random, likely / 2) : null;
    return new Stated(amounts, above == null || above.isEmpty() ? null : above);
  }

  private static Map<String, BigDecimal> amounts(Random random, double likely) {
    var amounts = new TreeMap<String, BigDecimal>();
    for (String kind : List.of("input", "output")) {
      if (random.nextDouble() < likely) {
        amounts.put(kind, BigDecimal.valueOf(random.nextInt(10_000), 3));
      }
    }
    for (String kind : KINDS) {
      if (random.nextDouble() < likely / 2) {
        amounts.put(kind, BigDecimal.valueOf(random.nextInt(10_000), 3));
      }
    }
    if (random.nextInt(4) == 0) {
      amounts.put("perCall", BigDecimal.valueOf(random.nextInt(100), 3));
    }
    return amounts;
  }

  ModelPrice price() {
    ModelPrice empty = ModelPrice.perMillion("acme", "m", "USD");
    ModelPrice price = list.on(empty);
    if (batch != null) {
      price = price.serviceTier("batch", batch.on(empty));
    }
    if (turbo != null) {
      price = price.condition("mode", "turbo", turbo.on(empty));
    }
    for (Map.Entry<String, BigDecimal> factor : factors.entrySet()) {
      String[] condition = factor.getKey().split("=");
      price = price.condition(condition[0], condition[1], factor.getValue().toString());
    }
    return price;
  }

  private static ModelPrice set(ModelPrice price, Map<String, BigDecimal> amounts) {
    ModelPrice priced = price;
    for (Map.Entry<String, BigDecimal> amount : amounts.entrySet()) {
      String text = amount.getValue().toString();
      priced =
          switch (amount.getKey()) {
            case "input" -> priced.input(text);
            case "output" -> priced.output(text);
            case "cacheRead" -> priced.cacheRead(text);
            case "cacheReadAudio" -> priced.cacheReadAudio(text);
            case "cacheWrite" -> priced.cacheWrite(text);
            case "cacheWriteOneHour" -> priced.cacheWriteOneHour(text);
            case "reasoning" -> priced.reasoning(text);
            case "inputAudio" -> priced.inputAudio(text);
            case "outputAudio" -> priced.outputAudio(text);
            default -> priced.perCall(text);
          };
    }
    return priced;
  }

  /**
   * What a call costs; null if it is unpriced.
   *
   * @param used how many tokens of each kind, in disjoint parts: {@code input} and {@code output}
   *     are those of no other kind
   */
  @Nullable BigDecimal cost(
      Map<String, Long> used, boolean inBatch, Map<String, String> conditions) {
    BigDecimal factor = BigDecimal.ONE;
    boolean own = false;
    for (Map.Entry<String, String> condition : conditions.entrySet()) {
      if (condition.toString().equals("mode=turbo") && turbo != null) {
        own = true;
      } else if (factors.containsKey(condition.toString())) {
        factor = factor.multiply(factors.get(condition.toString()));
      } else {
        return null;
      }
    }
    if (inBatch && (own || batch == null)) {
      return null;
    }
    Stated special = own ? turbo : inBatch ? batch : null;
    boolean replaces =
        own && (tokens(special.amounts) || (special.above != null && tokens(special.above)));
    long input = 0;
    long output = 0;
    for (Map.Entry<String, Long> part : used.entrySet()) {
      boolean out = List.of("output", "reasoning", "outputAudio").contains(part.getKey());
      input += out ? 0 : part.getValue();
      output += out ? part.getValue() : 0;
    }
    boolean above = input > STEP;
    if (above && special != null && special.above == null && list.above != null) {
      boolean kept =
          own
              ? !(replaces && tokens(list.above))
                  && !(special.has("perCall") && list.above.containsKey("perCall"))
              : special.amounts.isEmpty();
      if (!kept) {
        return null;
      }
    }
    var layers = new ArrayList<Map<String, BigDecimal>>(); // the most special one first
    var calls = new ArrayList<Map<String, BigDecimal>>();
    if (above && special != null && special.above != null) {
      layers.add(special.above);
      calls.add(special.above);
    }
    if (above && list.above != null) {
      var rest = new TreeMap<>(list.above);
      if (special != null) {
        rest.keySet().removeIf(special::has);
      }
      calls.add(rest);
      if (!replaces) {
        layers.add(rest);
      }
    }
    if (special != null) {
      layers.add(special.amounts);
      calls.add(special.amounts);
    }
    calls.add(list.amounts);
    if (!replaces) {
      layers.add(list.amounts);
    }
    if ((input > 0 && amount(layers, "input") == null)
        || (output > 0 && amount(layers, "output") == null)) {
      return null;
    }
    BigDecimal sum = BigDecimal.ZERO;
    for (Map.Entry<String, Long> part : used.entrySet()) {
      if (part.getValue() > 0) {
        BigDecimal amount = price(layers, part.getKey(), replaces);
        if (amount == null) {
          return null;
        }
        sum = sum.add(amount.multiply(BigDecimal.valueOf(part.getValue())));
      }
    }
    BigDecimal fee = amount(calls, "perCall");
    return sum.multiply(factor)
        .divide(new BigDecimal(1_000_000))
        .add(fee == null ? BigDecimal.ZERO : fee);
  }

  private static boolean tokens(Map<String, BigDecimal> amounts) {
    return amounts.keySet().stream().anyMatch(kind -> !kind.equals("perCall"));
  }

  private static @Nullable BigDecimal amount(List<Map<String, BigDecimal>> layers, String kind) {
    for (Map<String, BigDecimal> layer : layers) {
      if (layer.containsKey(kind)) {
        return layer.get(kind);
      }
      if (kind.equals("cacheWriteOneHour") && layer.containsKey("cacheWrite")) {
        return null;
      }
    }
    return null;
  }

  /** What a token of this kind costs; null if that is not known. */
  private @Nullable BigDecimal price(
      List<Map<String, BigDecimal>> layers, String kind, boolean replaces) {
    BigDecimal amount = amount(layers, kind);
    if (amount != null || kind.equals("input") || kind.equals("output")) {
      return amount;
    }
    if (replaces && list.has(kind)) {
      return null;
    }
    return switch (kind) {
      case "cacheReadAudio" -> {
        BigDecimal read = amount(layers, "cacheRead");
        boolean unknown = replaces && list.has("cacheRead");
        yield read != null ? read : unknown ? null : price(layers, "inputAudio", replaces);
      }
      case "cacheWriteOneHour" ->
          amount(layers, "cacheWrite") != null ? null : price(layers, "cacheWrite", replaces);
      case "reasoning", "outputAudio" -> amount(layers, "output");
      default -> amount(layers, "input");
    };
  }
}
