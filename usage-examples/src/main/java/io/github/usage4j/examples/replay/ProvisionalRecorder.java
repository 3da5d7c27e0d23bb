package io.github.usage4j.examples.replay;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.anthropic.AnthropicTokenUsage;
import dev.langchain4j.model.bedrock.BedrockTokenUsage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.googleai.GoogleAiGeminiTokenUsage;
import dev.langchain4j.model.openai.OpenAiTokenUsage;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for the library until it is there: keeps what LangChain4j says, as it says it. To be
 * deleted.
 */
final class ProvisionalRecorder implements Recorder {
  private final List<RecordedEvent> current = new CopyOnWriteArrayList<>();
  private Figures month = Figures.ZERO;

  @Override
  public ChatModel wrap(String provider, ChatModel model) {
    return new ChatModel() {
      @Override
      public ChatResponse chat(ChatRequest request) {
        try {
          ChatResponse response = model.chat(request);
          succeeded(provider, response.metadata());
          return response;
        } catch (RuntimeException e) {
          failed(provider);
          throw e;
        }
      }

      @Override
      public ChatRequestParameters defaultRequestParameters() {
        return model.defaultRequestParameters();
      }

      @Override
      public ModelProvider provider() {
        return model.provider();
      }
    };
  }

  @Override
  public StreamingChatModel wrap(String provider, StreamingChatModel model) {
    return new StreamingChatModel() {
      @Override
      public void chat(ChatRequest request, StreamingChatResponseHandler handler) {
        model.chat(request, new Listening(provider, handler));
      }

      @Override
      public ChatRequestParameters defaultRequestParameters() {
        return model.defaultRequestParameters();
      }

      @Override
      public ModelProvider provider() {
        return model.provider();
      }
    };
  }

  @Override
  public EmbeddingModel wrap(String provider, EmbeddingModel model) {
    return new EmbeddingModel() {
      @Override
      public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
        try {
          Response<List<Embedding>> response = model.embedAll(segments);
          ended(provider, model.modelName(), figures(response.tokenUsage()), RecordedEvent.SUCCESS);
          return response;
        } catch (RuntimeException e) {
          failed(provider);
          throw e;
        }
      }
    };
  }

  @Override
  public List<RecordedEvent> record(String name, IntSupplier play) {
    current.clear();
    int calls = play.getAsInt();
    List<RecordedEvent> events = new ArrayList<>(calls);
    events.addAll(current);
    events.forEach(event -> month = month.plus(event.stated()));
    return events;
  }

  @Override
  public List<String> monthSummary() {
    return List.of(month.toString());
  }

  @Override
  public void close() {}

  private void succeeded(String provider, ChatResponseMetadata metadata) {
    ended(
        provider,
        String.valueOf(metadata.modelName()),
        figures(metadata.tokenUsage()),
        RecordedEvent.SUCCESS);
  }

  private void failed(String provider) {
    ended(provider, "", Figures.NONE, RecordedEvent.ERROR);
  }

  private void ended(String provider, String model, Figures figures, String outcome) {
    current.add(
        new RecordedEvent(
            provider, model, figures, figures.none() ? "MISSING" : "REPORTED", outcome));
  }

  private static Figures figures(@Nullable TokenUsage usage) {
    if (usage == null) {
      return Figures.NONE;
    }
    Long input = count(usage.inputTokenCount());
    Long output = count(usage.outputTokenCount());
    Long cached = null;
    Long written = null;
    Long reasoning = null;
    if (usage instanceof OpenAiTokenUsage openAi) {
      cached =
          openAi.inputTokensDetails() == null
              ? null
              : count(openAi.inputTokensDetails().cachedTokens());
      reasoning =
          openAi.outputTokensDetails() == null
              ? null
              : count(openAi.outputTokensDetails().reasoningTokens());
    } else if (usage instanceof AnthropicTokenUsage anthropic) {
      cached = count(anthropic.cacheReadInputTokens());
      written = count(anthropic.cacheCreationInputTokens());
      input = plus(plus(input, cached), written);
    } else if (usage instanceof BedrockTokenUsage bedrock) {
      cached = count(bedrock.cacheReadInputTokens());
      written = count(bedrock.cacheWriteInputTokens());
      input = plus(plus(input, cached), written);
    } else if (usage instanceof GoogleAiGeminiTokenUsage gemini) {
      cached = count(gemini.cachedContentTokenCount());
      reasoning = count(gemini.thoughtsTokenCount());
      output = plus(output, reasoning);
      Long total = count(usage.totalTokenCount());
      if (total != null && output != null && input != null) {
        input = Math.max(input, total - output);
      }
    }
    return new Figures(input, output, plus(input, output), cached, written, reasoning);
  }

  private static @Nullable Long plus(@Nullable Long one, @Nullable Long other) {
    return one == null ? other : other == null ? one : Long.valueOf(one + other);
  }

  private static @Nullable Long count(@Nullable Integer count) {
    return count == null ? null : count.longValue();
  }

  private final class Listening implements StreamingChatResponseHandler {
    private final String provider;
    private final StreamingChatResponseHandler handler;
    private final AtomicBoolean ended = new AtomicBoolean();

    Listening(String provider, StreamingChatResponseHandler handler) {
      this.provider = provider;
      this.handler = handler;
    }

    @Override
    public void onPartialResponse(String partialResponse) {
      handler.onPartialResponse(partialResponse);
    }

    @Override
    public void onCompleteToolCall(CompleteToolCall completeToolCall) {
      handler.onCompleteToolCall(completeToolCall);
    }

    @Override
    public void onCompleteResponse(ChatResponse completeResponse) {
      if (ended.compareAndSet(false, true)) {
        succeeded(provider, completeResponse.metadata());
      }
      handler.onCompleteResponse(completeResponse);
    }

    @Override
    public void onError(Throwable error) {
      if (ended.compareAndSet(false, true)) {
        failed(provider);
      }
      handler.onError(error);
    }
  }
}
