package io.github.usage4j.langchain4j;

import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import dev.langchain4j.model.scoring.response.ScoringResponse;
import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent.Outcome;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The tracked calls that were made inside of another one, and whether they account for what that
 * one ends with. If they do, it reached no provider by itself and is not recorded; if not, a model
 * that is not tracked was asked as well. Safe for use by several threads.
 */
final class InnerCalls {

  private static final int MAX_CAUSES = 10;

  /**
   * @param ended null while it is under way
   */
  private record Inner(
      boolean onBehalf,
      boolean sameRequest,
      @Nullable Outcome ended,
      @Nullable TokenUsage used,
      @Nullable Throwable error) {

    boolean answered() {
      return ended == Outcome.SUCCESS;
    }
  }

  private final IdentityHashMap<ModelCall, Inner> calls =
      new IdentityHashMap<>(); // guarded by this
  private @Nullable Attribution who; // guarded by this

  /**
   * @param sameRequest whether it is told by the request, not by the kind of model only
   */
  synchronized void begun(ModelCall call, boolean onBehalf, boolean sameRequest) {
    calls.put(call, new Inner(onBehalf, sameRequest, null, null, null));
  }

  synchronized void answered(ModelCall call, @Nullable TokenUsage used) {
    ended(call, Outcome.SUCCESS, used, null);
  }

  synchronized void failed(ModelCall call, Throwable error) {
    ended(call, Outcome.ERROR, null, error);
  }

  synchronized void cancelled(ModelCall call) {
    ended(call, Outcome.CANCELLED, null, null);
  }

  private void ended(
      ModelCall call, Outcome how, @Nullable TokenUsage used, @Nullable Throwable error) {
    calls.computeIfPresent(
        call, (c, inner) -> new Inner(inner.onBehalf, inner.sameRequest, how, used, error));
  }

  /** Who pays for them. */
  synchronized void paidBy(Attribution attribution) {
    who = attribution;
  }

  synchronized @Nullable Attribution who() {
    return who;
  }

  /** Whether an answer that states this usage is one of theirs, or is made of them. */
  @SuppressWarnings("ReferenceEquality") // this very object, which decorators hand on
  synchronized boolean gave(@Nullable TokenUsage used) {
    if (used != null && any(inner -> inner.used == used)) {
      return true;
    }
    boolean onBehalf = any(inner -> inner.onBehalf && inner.answered());
    if (used == null) {
      return onBehalf;
    }
    List<TokenUsage> all =
        calls.values().stream().map(Inner::used).filter(Objects::nonNull).toList();
    return (onBehalf && all.stream().anyMatch(one -> sameFigures(List.of(one), used)))
        || ((onBehalf || all.size() > 1) && sameFigures(all, used));
  }

  /** Whether an error is one of theirs, or what a decorator made of theirs. */
  synchronized boolean threw(Throwable error) {
    return any(inner -> inner.onBehalf && (inner.sameRequest || !inner.answered()))
        || any(inner -> inner.error != null && isCause(inner.error, error));
  }

  /** Whether what was stopped is one of them. */
  synchronized boolean wereStopped() {
    return any(inner -> inner.onBehalf && inner.ended != Outcome.ERROR)
        || any(inner -> inner.ended == Outcome.CANCELLED);
  }

  private boolean any(Predicate<Inner> such) {
    return calls.values().stream().anyMatch(such);
  }

  private static boolean isCause(Throwable inner, Throwable outer) {
    Throwable cause = outer;
    for (int depth = 0; cause != null && depth < MAX_CAUSES; depth++) {
      if (cause == inner) {
        return true;
      }
      cause = cause.getCause();
    }
    return false;
  }

  /** By input and output only: a decorator may copy no more than these. */
  private static boolean sameFigures(List<TokenUsage> parts, TokenUsage whole) {
    return Objects.equals(sum(parts, TokenUsage::inputTokenCount), asLong(whole.inputTokenCount()))
        && Objects.equals(
            sum(parts, TokenUsage::outputTokenCount), asLong(whole.outputTokenCount()));
  }

  private static @Nullable Long sum(
      List<TokenUsage> parts, Function<TokenUsage, @Nullable Integer> figure) {
    Long sum = null;
    for (TokenUsage part : parts) {
      Long one = asLong(figure.apply(part));
      sum = sum == null ? one : one == null ? sum : Long.valueOf(sum + one);
    }
    return sum;
  }

  private static @Nullable Long asLong(@Nullable Integer figure) {
    return figure == null ? null : figure.longValue();
  }

  /** The client's usage object in an answer, which decorators hand on. May throw. */
  static @Nullable TokenUsage usageIn(@Nullable Object answer) {
    if (answer instanceof ChatResponse chat) {
      return chat.metadata() == null ? null : chat.metadata().tokenUsage();
    }
    if (answer instanceof EmbeddingResponse embedding) {
      return embedding.metadata() == null ? null : embedding.metadata().tokenUsage();
    }
    if (answer instanceof ScoringResponse scoring) {
      return scoring.metadata() == null ? null : scoring.metadata().tokenUsage();
    }
    return answer instanceof Response<?> response ? response.tokenUsage() : null;
  }
}
