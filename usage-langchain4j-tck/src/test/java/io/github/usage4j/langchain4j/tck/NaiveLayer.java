package io.github.usage4j.langchain4j.tck;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;

/**
 * The negative control: the decorator that one writes first. It forwards the one method that must
 * be implemented, and so loses the model's defaults, listeners and capabilities.
 */
final class NaiveLayer implements Layer {

  @Override
  public ChatModel over(ChatModel model) {
    return new ChatModel() {
      @Override
      public ChatResponse doChat(ChatRequest request) {
        return model.doChat(request);
      }
    };
  }

  @Override
  public StreamingChatModel over(StreamingChatModel model) {
    return new StreamingChatModel() {
      @Override
      public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        model.doChat(request, handler);
      }
    };
  }
}
