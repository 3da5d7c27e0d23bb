package io.github.usage4j.provider;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.TokenCounts;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Anthropic's {@code usage.iterations}: the requests to models that one answer took. What the top
 * of the usage block states is the sum of those that wrote the answer, and not all that is charged:
 *
 * <ul>
 *   <li>{@code message}: part of that sum
 *   <li>{@code fallback_message}: the model that answered after another one declined; then the sum
 *       is of these only, and a {@code message} is an attempt that was declined. Declined before it
 *       wrote anything it is not charged; after that it is, at the prices of its own model
 *   <li>{@code compaction}: summed up what came before, by the same model; charged beside the sum
 *   <li>{@code advisor_message}: another model was asked; charged beside the sum
 *   <li>any other type: charged or not, nobody knows, unless it is part of the sum
 * </ul>
 *
 * @see <a href="https://platform.claude.com/docs/en/build-with-claude/compaction">compaction</a>
 * @see <a href="https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool">advisor
 *     </a>
 * @see <a href="https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback">how
 *     refusals are billed</a>
 */
final class Iterations {

  private static final String FIELD = "iterations";

  /** More events of one call are no usage that somebody had. */
  private static final int MOST_OTHERS = 64;

  /** What an iteration is. */
  private enum Type {
    MESSAGE,
    FALLBACK,
    COMPACTION,
    ADVISOR,
    UNKNOWN;

    static Type of(JsonNode iteration) {
      return switch (iteration.path("type").asText()) {
        case "message" -> MESSAGE;
        case "fallback_message" -> FALLBACK;
        case "compaction" -> COMPACTION;
        case "advisor_message" -> ADVISOR;
        default -> UNKNOWN;
      };
    }
  }

  /** Of a service that does add compactions up. */
  private static final Type[] ADDED_UP = {Type.MESSAGE, Type.FALLBACK, Type.COMPACTION};

  /** One request to a model. */
  private record Iteration(ObjectNode node, TokenCounts tokens) {

    @Nullable String model() {
      String model = node.path("model").asText("");
      return model.isBlank() || node.path("model").isNull() ? null : model;
    }

    boolean wroteNothing() {
      return tokens.output() == null || tokens.output() == 0;
    }

    boolean usedNothing() {
      return sameAmounts(tokens, TokenCounts.of(0, 0));
    }
  }

  private final Map<Type, List<Iteration>> byType = new EnumMap<>(Type.class);
  private final TokenCounts top;
  private boolean dropped;

  private Iterations(ObjectNode usage, TokenCounts top) {
    this.top = top;
    for (JsonNode one : usage.path(FIELD)) {
      if (one instanceof ObjectNode node) {
        byType
            .computeIfAbsent(Type.of(node), type -> new ArrayList<>())
            .add(new Iteration(node, read(node)));
      }
    }
  }

  private TokenCounts read(ObjectNode node) {
    var figures = new Figures();
    UsageShape.MESSAGES.read(new UsageShape.Usage(node, figures), figures);
    dropped |= figures.anyDropped();
    return figures.counts();
  }

  private static boolean areIn(ObjectNode usage) {
    return usage.path(FIELD).isArray() && !usage.path(FIELD).isEmpty();
  }

  /** Whether there are some in a block that add up to what its top states. */
  static boolean explain(ObjectNode usage) {
    if (!areIn(usage)) {
      return false;
    }
    var figures = new Figures();
    UsageShape.MESSAGES.read(new UsageShape.Usage(usage, figures), figures);
    return new Iterations(usage, figures.counts()).summed() != null;
  }

  /**
   * Takes what they say into what an answer states, which has what the top of its block states.
   *
   * @param shape of the block; they are understood in Anthropic's own only
   */
  static void take(ObjectNode usage, UsageShape shape, StatedUsage.Parts to) {
    if (!areIn(usage)) {
      return;
    }
    var iterations = new Iterations(usage, to.tokens);
    if (shape == UsageShape.MESSAGES) {
      iterations.take(to);
    } else {
      List<Iteration> all = iterations.of(Type.values());
      to.dropped |= !sameAmounts(sum(all), to.tokens);
    }
  }

  private List<Iteration> of(Type... types) {
    var all = new ArrayList<Iteration>();
    for (Type type : types) {
      all.addAll(byType.getOrDefault(type, List.of()));
    }
    return all;
  }

  /** The types whose sum the top states; null if it is of none that is known. */
  private Type @Nullable [] summed() {
    Type[][] candidates = {
      {Type.MESSAGE, Type.FALLBACK},
      {Type.FALLBACK},
      {Type.MESSAGE, Type.FALLBACK, Type.UNKNOWN},
      ADDED_UP,
      {Type.MESSAGE, Type.FALLBACK, Type.COMPACTION, Type.ADVISOR, Type.UNKNOWN},
    };
    boolean answered = !of(Type.MESSAGE, Type.FALLBACK).isEmpty();
    for (Type[] types : candidates) {
      boolean whole = answered || types == ADDED_UP; // nothing but a compaction, and it stopped
      List<Iteration> those = of(types);
      if (whole && !those.isEmpty() && sameAmounts(sum(those), top)) {
        return types;
      }
    }
    return null;
  }

  private void take(StatedUsage.Parts to) {
    Type[] types = summed();
    List<Type> inTop = types == null ? List.of() : List.of(types);
    var own = new ArrayList<Iteration>();
    for (Type type : inTop) {
      if (type != Type.ADVISOR) {
        own.addAll(of(type));
      }
    }
    List<Iteration> advice = of(Type.ADVISOR);
    var requests = new ArrayList<TokenCounts>();
    own.forEach(iteration -> requests.add(iteration.tokens()));
    if (inTop.contains(Type.ADVISOR) && !advice.isEmpty()) {
      to.tokens = sum(own);
    }
    if (types == null) {
      requests.add(to.tokens);
      dropped |= exceeds(sum(of(Type.MESSAGE, Type.FALLBACK)), top);
    }
    servedBy(of(Type.FALLBACK), to);
    if (!inTop.contains(Type.COMPACTION)) {
      for (Iteration compaction : of(Type.COMPACTION)) {
        if (ofOtherModel(compaction, to)) {
          other(compaction, to);
        } else {
          to.tokens = to.tokens.plus(compaction.tokens());
          requests.add(compaction.tokens());
        }
      }
    }
    advice.forEach(iteration -> other(iteration, to));
    if (inTop.contains(Type.FALLBACK) && !inTop.contains(Type.MESSAGE)) {
      of(Type.MESSAGE).stream()
          .filter(declined -> !declined.wroteNothing())
          .forEach(declined -> other(declined, to));
    }
    if (!inTop.contains(Type.UNKNOWN)) {
      dropped |= of(Type.UNKNOWN).stream().anyMatch(iteration -> !iteration.usedNothing());
    }
    to.dropped |= dropped;
    to.requests = requests.size() > 1 ? addingUpTo(to.tokens, requests) : List.of();
  }

  /** The model that answered after another one declined; a stream names that one first. */
  private static void servedBy(List<Iteration> fallbacks, StatedUsage.Parts to) {
    for (Iteration fallback : fallbacks) {
      to.model = fallback.model() != null ? fallback.model() : to.model;
    }
  }

  private static boolean ofOtherModel(Iteration iteration, StatedUsage.Parts answer) {
    return iteration.model() != null
        && answer.model != null
        && !iteration.model().equals(answer.model);
  }

  /** An event of its own, under the tier and conditions of the answer if it names none. */
  private void other(Iteration iteration, StatedUsage.Parts answer) {
    if (iteration.usedNothing()) {
      return;
    }
    String model = iteration.model();
    if (model == null || answer.others.size() == MOST_OTHERS) {
      dropped = true;
      return;
    }
    var parts = new StatedUsage.Parts(iteration.tokens(), answer.source);
    parts.model = model;
    parts.interim = answer.interim;
    String tier = iteration.node().path("service_tier").asText("");
    parts.serviceTier = tier.isBlank() ? answer.serviceTier : tier;
    var conditions = new Conditions();
    answer.conditions.forEach(conditions::take);
    conditions.take(iteration.node());
    parts.conditions = conditions.priced();
    var others = new ArrayList<>(answer.others);
    others.add(parts.build());
    answer.others = others;
  }

  private static TokenCounts sum(List<Iteration> iterations) {
    TokenCounts sum = TokenCounts.UNKNOWN;
    for (Iteration iteration : iterations) {
      sum = sum.plus(iteration.tokens());
    }
    return sum;
  }

  /** Whether input, output and what of it was cached are equal; unknown is as good as none. */
  private static boolean sameAmounts(TokenCounts a, TokenCounts b) {
    return orZero(a.input()) == orZero(b.input())
        && orZero(a.output()) == orZero(b.output())
        && orZero(a.cacheRead()) == orZero(b.cacheRead())
        && orZero(a.cacheWrite()) == orZero(b.cacheWrite());
  }

  private static boolean exceeds(TokenCounts a, TokenCounts b) {
    return orZero(a.input()) > orZero(b.input()) || orZero(a.output()) > orZero(b.output());
  }

  /**
   * The requests with what only their sum tells: reasoning, and what is cached for an hour, are
   * stated of the whole as a rule. Empty if they do not add up to it.
   */
  private static List<TokenCounts> addingUpTo(TokenCounts whole, List<TokenCounts> requests) {
    TokenCounts stated = TokenCounts.UNKNOWN;
    for (TokenCounts request : requests) {
      stated = stated.plus(request);
    }
    long reasoning = orZero(whole.reasoning()) - orZero(stated.reasoning());
    long oneHour = orZero(whole.cacheWriteOneHour()) - orZero(stated.cacheWriteOneHour());
    var all = new ArrayList<TokenCounts>();
    TokenCounts sum = TokenCounts.UNKNOWN;
    for (TokenCounts request : requests) {
      long moreReasoning = share(reasoning, request.output(), request.reasoning());
      long moreOneHour = share(oneHour, request.cacheWrite(), request.cacheWriteOneHour());
      reasoning -= moreReasoning;
      oneHour -= moreOneHour;
      TokenCounts complete =
          new TokenCounts(
              as(whole.input(), request.input(), 0),
              as(whole.output(), request.output(), 0),
              as(whole.cacheRead(), request.cacheRead(), 0),
              as(whole.cacheWrite(), request.cacheWrite(), 0),
              as(whole.cacheWriteOneHour(), request.cacheWriteOneHour(), moreOneHour),
              as(whole.reasoning(), request.reasoning(), moreReasoning),
              null,
              null,
              null);
      all.add(complete);
      sum = sum.plus(complete);
    }
    return sum.equals(whole) ? all : List.of();
  }

  private static long share(long left, @Nullable Long whole, @Nullable Long part) {
    return Math.max(0, Math.min(left, orZero(whole) - orZero(part)));
  }

  private static @Nullable Long as(@Nullable Long whole, @Nullable Long part, long more) {
    return whole == null ? null : Long.valueOf(orZero(part) + more);
  }

  private static long orZero(@Nullable Long count) {
    return count == null ? 0 : count;
  }
}
