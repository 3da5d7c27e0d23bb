package io.github.usage4j.langchain4j.internal;

import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.provider.Figures;
import org.jspecify.annotations.Nullable;

/**
 * The client on OpenAI's own SDK, which states the same as {@link OpenAiDialect}. By reflection:
 * not worth a dependency as large as that SDK.
 */
final class OpenAiOfficialDialect implements Dialect {

  @Override
  public void read(TokenUsage usage, Figures to) {
    Dialect.super.read(usage, to);
    to.cacheRead(detail(usage, "inputTokensDetails", "cachedTokens", to))
        .reasoning(detail(usage, "outputTokensDetails", "reasoningTokens", to))
        .totalWithReasoning(usage.totalTokenCount());
  }

  /** A version that states its details otherwise still states input and output. */
  private static @Nullable Number detail(
      TokenUsage usage, String details, String count, Figures to) {
    try {
      Object inner = usage.getClass().getMethod(details).invoke(usage);
      return inner == null ? null : (Number) inner.getClass().getMethod(count).invoke(inner);
    } catch (ReflectiveOperationException e) {
      to.drop();
      return null;
    }
  }
}
