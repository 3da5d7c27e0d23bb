package io.github.usage4j.examples.replay;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.language.StreamingLanguageModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiLanguageModel;
import dev.langchain4j.model.openai.OpenAiResponsesChatModel;
import dev.langchain4j.model.openai.OpenAiResponsesStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingLanguageModel;
import java.time.Duration;

/** The clients of langchain4j-open-ai, for OpenAI and every provider that speaks its APIs. */
final class OpenAiClients {
  /** Every client gives up after this time; recorded answers come at once. */
  static final Duration TIMEOUT = Duration.ofSeconds(20);

  /** Nothing checks it. */
  static final String NO_KEY = "not-needed";

  private OpenAiClients() {}

  /** Chat completions. */
  record ChatCompletions() implements ProviderClient.Chat {
    @Override
    public ChatModel blocking(ProviderClient.Target target) {
      return OpenAiChatModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .maxRetries(0)
          .timeout(TIMEOUT)
          .build();
    }

    @Override
    public StreamingChatModel streaming(ProviderClient.Target target) {
      return OpenAiStreamingChatModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .timeout(TIMEOUT)
          .build();
    }
  }

  /** The Responses API. */
  record Responses() implements ProviderClient.Chat {
    @Override
    public ChatModel blocking(ProviderClient.Target target) {
      return OpenAiResponsesChatModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .build();
    }

    @Override
    public StreamingChatModel streaming(ProviderClient.Target target) {
      return OpenAiResponsesStreamingChatModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .build();
    }
  }

  /** Text completion. */
  record OpenAiCompletions() implements ProviderClient.Completions {
    @Override
    public LanguageModel blocking(ProviderClient.Target target) {
      return OpenAiLanguageModel.builder()
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .maxRetries(0)
          .timeout(TIMEOUT)
          .build();
    }

    @Override
    public StreamingLanguageModel streaming(ProviderClient.Target target) {
      return OpenAiStreamingLanguageModel.builder()
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .timeout(TIMEOUT)
          .build();
    }
  }

  /** Embeddings. */
  record OpenAiEmbeddings() implements ProviderClient.Embeddings {
    @Override
    public EmbeddingModel model(ProviderClient.Target target) {
      return OpenAiEmbeddingModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .maxRetries(0)
          .timeout(TIMEOUT)
          .build();
    }
  }
}
