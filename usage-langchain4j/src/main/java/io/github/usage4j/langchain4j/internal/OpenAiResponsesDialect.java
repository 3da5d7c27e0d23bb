package io.github.usage4j.langchain4j.internal;

import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.openai.OpenAiResponsesChatResponseMetadata;
import io.github.usage4j.provider.StatedUsage;
import org.jspecify.annotations.Nullable;

/** The client of OpenAI's Responses, whose usage object is that of chat completions. */
final class OpenAiResponsesDialect extends OpenAiDialect {

  @Override
  public StatedUsage raw(ChatResponseMetadata metadata) {
    var openAi = (OpenAiResponsesChatResponseMetadata) metadata;
    return RawAnswer.read(openAi.rawServerSentEvents(), openAi.rawHttpResponse());
  }

  @Override
  public @Nullable String serviceTier(ChatResponseMetadata metadata) {
    return ((OpenAiResponsesChatResponseMetadata) metadata).serviceTier();
  }
}
