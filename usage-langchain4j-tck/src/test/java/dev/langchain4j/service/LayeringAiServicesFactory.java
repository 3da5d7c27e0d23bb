package dev.langchain4j.service;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.spi.services.AiServicesFactory;
import io.github.usage4j.langchain4j.tck.Layer;

/**
 * Puts the chosen layer over every model that an AI service is given. In this package because
 * LangChain4j's own AI services are visible only here.
 */
public final class LayeringAiServicesFactory implements AiServicesFactory {

  @Override
  public <T> AiServices<T> create(AiServiceContext context) {
    Layer layer = Layer.chosen();
    return new DefaultAiServices<T>(context) {
      @Override
      public AiServices<T> chatModel(ChatModel model) {
        return super.chatModel(model == null ? null : layer.over(model));
      }

      @Override
      public AiServices<T> streamingChatModel(StreamingChatModel model) {
        return super.streamingChatModel(model == null ? null : layer.over(model));
      }
    };
  }
}
