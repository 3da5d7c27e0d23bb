package io.github.usage4j.langchain4j.internal;

import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.openai.OpenAiChatResponseMetadata;
import dev.langchain4j.model.openai.OpenAiTokenUsage;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.provider.Figures;
import io.github.usage4j.provider.StatedUsage;
import org.jspecify.annotations.Nullable;

/**
 * The client of OpenAI's chat completions: cached tokens are part of input, reasoning of output.
 */
class OpenAiDialect implements Dialect {

  @Override
  public void read(TokenUsage usage, Figures to) {
    Dialect.super.read(usage, to);
    var openAi = (OpenAiTokenUsage) usage;
    if (openAi.inputTokensDetails() != null) {
      to.cacheRead(openAi.inputTokensDetails().cachedTokens());
    }
    if (openAi.outputTokensDetails() != null) {
      to.reasoning(openAi.outputTokensDetails().reasoningTokens());
    }
    to.totalWithReasoning(openAi.totalTokenCount());
  }

  @Override
  public StatedUsage raw(ChatResponseMetadata metadata) {
    var openAi = (OpenAiChatResponseMetadata) metadata;
    return RawAnswer.read(openAi.rawServerSentEvents(), openAi.rawHttpResponse());
  }

  @Override
  public @Nullable String serviceTier(ChatResponseMetadata metadata) {
    return ((OpenAiChatResponseMetadata) metadata).serviceTier();
  }
}
