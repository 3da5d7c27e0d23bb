package io.github.usage4j.langchain4j.internal;

import dev.langchain4j.model.anthropic.AnthropicChatResponseMetadata;
import dev.langchain4j.model.anthropic.AnthropicTokenUsage;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.provider.Figures;
import io.github.usage4j.provider.StatedUsage;

/** Anthropic's client: cache reads and writes are stated apart from input. */
final class AnthropicDialect implements Dialect {

  @Override
  public void read(TokenUsage usage, Figures to) {
    var anthropic = (AnthropicTokenUsage) usage;
    to.cacheRead(anthropic.cacheReadInputTokens())
        .cacheWrite(anthropic.cacheCreationInputTokens())
        .inputWithoutCache(anthropic.inputTokenCount())
        .output(anthropic.outputTokenCount());
  }

  @Override
  public StatedUsage raw(ChatResponseMetadata metadata) {
    var anthropic = (AnthropicChatResponseMetadata) metadata;
    return RawAnswer.read(anthropic.rawServerSentEvents(), anthropic.rawHttpResponse());
  }
}
