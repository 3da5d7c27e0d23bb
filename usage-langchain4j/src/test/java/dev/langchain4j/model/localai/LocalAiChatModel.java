package dev.langchain4j.model.localai;

import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.function.Supplier;

/** Stands in for LangChain4j's models of that package, which do not say who serves them. */
public final class LocalAiChatModel implements ChatModel {

  private final Supplier<ChatResponse> answer;

  public LocalAiChatModel(Supplier<ChatResponse> answer) {
    this.answer = answer;
  }

  @Override
  public ChatResponse doChat(ChatRequest request) {
    return answer.get();
  }

  /** The same as a stream. */
  public StreamingChatModel streaming() {
    return new Streaming(answer);
  }

  private record Streaming(Supplier<ChatResponse> answer) implements StreamingChatModel {
    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
      handler.onCompleteResponse(answer.get());
    }

    @Override
    public ModelProvider provider() {
      return ModelProvider.OTHER;
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
      return ChatRequestParameters.builder().build();
    }
  }
}
