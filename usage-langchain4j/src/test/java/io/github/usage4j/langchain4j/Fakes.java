package io.github.usage4j.langchain4j;

import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.function.Function;

/** Models that answer what a test says, and tools for them. */
final class Fakes {

  private Fakes() {}

  static final class Tools {
    @Tool("a tool")
    String a(@P(name = "x", value = "x") String x) {
      return "r-" + x;
    }

    @Tool("another tool")
    String b(@P(name = "x", value = "x") String x) {
      return "s-" + x;
    }
  }

  static TokenUsage tokens(int input, int output) {
    return new TokenUsage(input, output);
  }

  static ChatResponse text(TokenUsage usage) {
    return ChatResponse.builder()
        .aiMessage(AiMessage.from("done"))
        .tokenUsage(usage)
        .modelName("fake-1")
        .finishReason(FinishReason.STOP)
        .build();
  }

  static ToolExecutionRequest call(String id, String tool) {
    return ToolExecutionRequest.builder().id(id).name(tool).arguments("{\"x\":\"1\"}").build();
  }

  static ChatResponse tools(TokenUsage usage, String... names) {
    return ChatResponse.builder()
        .aiMessage(AiMessage.from(Arrays.stream(names).map(name -> call("call_0", name)).toList()))
        .tokenUsage(usage)
        .finishReason(FinishReason.TOOL_EXECUTION)
        .build();
  }

  /** Gives scripted answers, or throws scripted errors, one after another. */
  static Function<ChatRequest, ChatResponse> script(Object... answers) {
    Queue<Object> left = new ArrayDeque<>(Arrays.asList(answers));
    return request -> {
      Object next;
      synchronized (left) {
        next = left.remove();
      }
      if (next instanceof RuntimeException error) {
        throw error;
      }
      if (next instanceof Error error) {
        throw error;
      }
      return (ChatResponse) next;
    };
  }

  static ChatModel chat(Object... answers) {
    return chat(script(answers));
  }

  static ChatModel chat(Function<ChatRequest, ChatResponse> answers) {
    return new ChatModel() {
      @Override
      public ChatResponse doChat(ChatRequest request) {
        return answers.apply(request);
      }
    };
  }

  /** Streams each answer as one piece, its tool calls and the whole, on this executor. */
  static StreamingChatModel streaming(Executor on, Function<ChatRequest, ChatResponse> answers) {
    return new StreamingChatModel() {
      @Override
      public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        on.execute(
            () -> {
              ChatResponse response;
              try {
                response = answers.apply(request);
              } catch (RuntimeException e) {
                handler.onError(e);
                return;
              }
              if (response.aiMessage().text() != null) {
                handler.onPartialResponse(response.aiMessage().text());
              }
              int index = 0;
              for (var call : response.aiMessage().toolExecutionRequests()) {
                handler.onCompleteToolCall(
                    new dev.langchain4j.model.chat.response.CompleteToolCall(index++, call));
              }
              try {
                handler.onCompleteResponse(response);
              } catch (RuntimeException e) {
                handler.onError(e);
              }
            });
      }
    };
  }
}
