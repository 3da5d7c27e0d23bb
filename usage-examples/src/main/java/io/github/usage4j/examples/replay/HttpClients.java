package io.github.usage4j.examples.replay;

import static io.github.usage4j.examples.replay.OpenAiClients.NO_KEY;
import static io.github.usage4j.examples.replay.OpenAiClients.TIMEOUT;

import dev.langchain4j.model.anthropic.AnthropicChatModel;
import dev.langchain4j.model.anthropic.AnthropicStreamingChatModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.cohere.CohereScoringModel;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.googleai.GoogleAiEmbeddingModel;
import dev.langchain4j.model.googleai.GoogleAiGeminiChatModel;
import dev.langchain4j.model.googleai.GoogleAiGeminiStreamingChatModel;
import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.language.StreamingLanguageModel;
import dev.langchain4j.model.mistralai.MistralAiChatModel;
import dev.langchain4j.model.mistralai.MistralAiEmbeddingModel;
import dev.langchain4j.model.mistralai.MistralAiStreamingChatModel;
import dev.langchain4j.model.ollama.OllamaChatModel;
import dev.langchain4j.model.ollama.OllamaEmbeddingModel;
import dev.langchain4j.model.ollama.OllamaLanguageModel;
import dev.langchain4j.model.ollama.OllamaStreamingChatModel;
import dev.langchain4j.model.ollama.OllamaStreamingLanguageModel;
import dev.langchain4j.model.scoring.ScoringModel;

/** The clients with an API of their own that go through LangChain4j's HTTP client. */
final class HttpClients {
  private HttpClients() {}

  /** Anthropic's messages. */
  record Anthropic() implements ProviderClient.Chat {
    @Override
    public ChatModel blocking(ProviderClient.Target target) {
      return AnthropicChatModel.builder()
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
      return AnthropicStreamingChatModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .timeout(TIMEOUT)
          .build();
    }
  }

  /** Gemini, of Google AI Studio and, with the same answers, of Vertex. */
  record Gemini() implements ProviderClient.Chat {
    @Override
    public String usageField() {
      return "usageMetadata";
    }

    @Override
    public ChatModel blocking(ProviderClient.Target target) {
      return GoogleAiGeminiChatModel.builder()
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
      return GoogleAiGeminiStreamingChatModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .timeout(TIMEOUT)
          .build();
    }
  }

  /** Gemini's embeddings. */
  record GeminiEmbeddings() implements ProviderClient.Embeddings {
    @Override
    public String usageField() {
      return "usageMetadata";
    }

    @Override
    public EmbeddingModel model(ProviderClient.Target target) {
      return GoogleAiEmbeddingModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .maxRetries(0)
          .timeout(TIMEOUT)
          .build();
    }

    @Override
    public String droppedUsage() {
      return "usageMetadata.promptTokenCount is dropped by "
          + GoogleAiEmbeddingModel.class.getName();
    }
  }

  /** Mistral's chat completions, with its own client. */
  record Mistral() implements ProviderClient.Chat {
    @Override
    public ChatModel blocking(ProviderClient.Target target) {
      return MistralAiChatModel.builder()
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
      return MistralAiStreamingChatModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .timeout(TIMEOUT)
          .build();
    }
  }

  /** Mistral's embeddings. */
  record MistralEmbeddings() implements ProviderClient.Embeddings {
    @Override
    public EmbeddingModel model(ProviderClient.Target target) {
      return MistralAiEmbeddingModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .maxRetries(0)
          .timeout(TIMEOUT)
          .build();
    }
  }

  /** Ollama's own chat API. */
  record Ollama() implements ProviderClient.Chat {
    @Override
    public String usageField() {
      return "prompt_eval_count and eval_count";
    }

    @Override
    public ChatModel blocking(ProviderClient.Target target) {
      return OllamaChatModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .modelName(target.model())
          .maxRetries(0)
          .timeout(TIMEOUT)
          .build();
    }

    @Override
    public StreamingChatModel streaming(ProviderClient.Target target) {
      return OllamaStreamingChatModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .modelName(target.model())
          .timeout(TIMEOUT)
          .build();
    }
  }

  /** Ollama's own text completion. */
  record OllamaCompletions() implements ProviderClient.Completions {
    @Override
    public String usageField() {
      return "prompt_eval_count and eval_count";
    }

    @Override
    public LanguageModel blocking(ProviderClient.Target target) {
      return OllamaLanguageModel.builder()
          .baseUrl(target.baseUrl())
          .modelName(target.model())
          .maxRetries(0)
          .timeout(TIMEOUT)
          .build();
    }

    @Override
    public StreamingLanguageModel streaming(ProviderClient.Target target) {
      return OllamaStreamingLanguageModel.builder()
          .baseUrl(target.baseUrl())
          .modelName(target.model())
          .timeout(TIMEOUT)
          .build();
    }
  }

  /** Cohere's rerank: the client speaks version 1, and both versions answer alike. */
  record CohereRerank() implements ProviderClient.Rerank {
    @Override
    public String usageField() {
      return "meta.billed_units";
    }

    @Override
    public ScoringModel model(ProviderClient.Target target) {
      return CohereScoringModel.builder()
          .baseUrl(target.baseUrl())
          .apiKey(NO_KEY)
          .modelName(target.model())
          .maxRetries(0)
          .timeout(TIMEOUT)
          .build();
    }
  }

  /** Ollama's own embeddings. */
  record OllamaEmbeddings() implements ProviderClient.Embeddings {
    @Override
    public String usageField() {
      return "prompt_eval_count";
    }

    @Override
    public EmbeddingModel model(ProviderClient.Target target) {
      return OllamaEmbeddingModel.builder()
          .httpClientBuilder(target.http())
          .baseUrl(target.baseUrl())
          .modelName(target.model())
          .maxRetries(0)
          .timeout(TIMEOUT)
          .build();
    }
  }
}
