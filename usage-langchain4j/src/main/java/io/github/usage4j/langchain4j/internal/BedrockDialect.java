package io.github.usage4j.langchain4j.internal;

import dev.langchain4j.model.bedrock.BedrockTokenUsage;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.provider.Figures;

/** Bedrock's client: cache reads and writes are stated apart from input. */
final class BedrockDialect implements Dialect {

  @Override
  public void read(TokenUsage usage, Figures to) {
    var bedrock = (BedrockTokenUsage) usage;
    to.cacheRead(bedrock.cacheReadInputTokens())
        .cacheWrite(bedrock.cacheWriteInputTokens())
        .inputWithoutCache(bedrock.inputTokenCount())
        .output(bedrock.outputTokenCount());
  }
}
