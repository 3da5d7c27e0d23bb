package io.github.usage4j.langchain4j.internal;

import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.provider.Figures;
import org.jspecify.annotations.Nullable;

/**
 * The client on Google's own SDK: thoughts are stated apart from output, and what tools put into
 * the prompt apart from input. By reflection: not worth a dependency as large as that SDK. Versions
 * that have a plain usage object state both in its total only.
 */
final class GoogleGenAiDialect implements Dialect {

  @Override
  public void read(TokenUsage usage, Figures to) {
    Long input = sum(asLong(usage.inputTokenCount()), count(usage, "toolUsePrompt", to));
    to.reasoning(count(usage, "thoughts", to))
        .outputWithoutReasoning(usage.outputTokenCount())
        .input(input)
        .cacheRead(count(usage, "cachedContent", to))
        .total(usage.totalTokenCount());
  }

  /** A version that states it otherwise still states the rest, and the total. */
  private static @Nullable Long count(TokenUsage usage, String what, Figures to) {
    try {
      return asLong((Number) usage.getClass().getMethod(what + "TokenCount").invoke(usage));
    } catch (ReflectiveOperationException | ClassCastException e) {
      to.drop();
      return null;
    }
  }

  private static @Nullable Long sum(@Nullable Long a, @Nullable Long b) {
    if (a == null) {
      return b;
    }
    return b == null ? a : Long.valueOf(a + b);
  }

  private static @Nullable Long asLong(@Nullable Number count) {
    return count == null ? null : count.longValue();
  }
}
