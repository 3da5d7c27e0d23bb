package io.github.usage4j.langchain4j.internal;

import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.mistralai.MistralAiChatResponseMetadata;
import io.github.usage4j.provider.StatedUsage;

/** Mistral's client, whose usage object leaves out what was cached. */
final class MistralDialect implements Dialect {

  @Override
  public StatedUsage raw(ChatResponseMetadata metadata) {
    var mistral = (MistralAiChatResponseMetadata) metadata;
    return RawAnswer.read(mistral.rawServerSentEvents(), mistral.rawHttpResponse());
  }
}
