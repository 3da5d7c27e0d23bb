package io.github.usage4j.langchain4j.internal;

import dev.langchain4j.model.googleai.GoogleAiGeminiTokenUsage;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.provider.Figures;

/** Gemini's client: thoughts are stated apart from output, and tool-use input only in the total. */
final class GeminiDialect implements Dialect {

  @Override
  public void read(TokenUsage usage, Figures to) {
    var gemini = (GoogleAiGeminiTokenUsage) usage;
    to.reasoning(gemini.thoughtsTokenCount())
        .outputWithoutReasoning(gemini.outputTokenCount())
        .input(gemini.inputTokenCount())
        .cacheRead(gemini.cachedContentTokenCount())
        .totalWithInput(gemini.totalTokenCount());
  }
}
