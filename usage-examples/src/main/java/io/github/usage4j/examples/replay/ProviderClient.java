package io.github.usage4j.examples.replay;

import dev.langchain4j.http.client.HttpClientBuilder;
import dev.langchain4j.http.client.HttpClientBuilderLoader;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.language.StreamingLanguageModel;
import dev.langchain4j.model.scoring.ScoringModel;
import io.github.usage4j.langchain4j.UsageHttpClient;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * What this program does with one API of a provider: a LangChain4j client plays it, or it is
 * skipped and why.
 */
sealed interface ProviderClient {

  /** A client with chat models, blocking and streaming. */
  interface Chat extends ProviderClient.Playable {
    ChatModel blocking(Target target);

    StreamingChatModel streaming(Target target);
  }

  /** A client with an embedding model. */
  interface Embeddings extends ProviderClient.Playable {
    EmbeddingModel model(Target target);

    /**
     * The provider's usage field that this client never passes on, and the class that drops it;
     * null when none is dropped.
     */
    default @Nullable String droppedUsage() {
      return null;
    }
  }

  /** A client with models for text completion, blocking and streaming. */
  interface Completions extends ProviderClient.Playable {
    LanguageModel blocking(Target target);

    StreamingLanguageModel streaming(Target target);
  }

  /** A client with a scoring model. */
  interface Rerank extends ProviderClient.Playable {
    ScoringModel model(Target target);
  }

  /** Played through a LangChain4j client. */
  non-sealed interface Playable extends ProviderClient {

    /** Under this name the provider's answers state their usage. */
    default String usageField() {
      return "usage";
    }
  }

  /** Not played, for a reason of the closed list. */
  record Skipped(SkipReason reason, String detail) implements ProviderClient {}

  /**
   * Not played because this program does not know the API: that is no excuse, it counts as
   * different.
   */
  record Unknown(String detail) implements ProviderClient {}

  /**
   * Where a client finds its provider, which model it asks for, and what must be closed when it is
   * no longer needed.
   */
  final class Target implements AutoCloseable {
    private final String baseUrl;
    private final String model;
    private final Capture capture;
    private final Deque<AutoCloseable> resources = new ArrayDeque<>();

    Target(String baseUrl, String model, Capture capture) {
      this.baseUrl = baseUrl;
      this.model = model;
      this.capture = capture;
    }

    String baseUrl() {
      return baseUrl;
    }

    String model() {
      return model;
    }

    Capture capture() {
      return capture;
    }

    /** LangChain4j's HTTP client, for a model of its own. */
    HttpClientBuilder http() {
      return capture == Capture.WIRE
          ? UsageHttpClient.builder()
          : HttpClientBuilderLoader.loadHttpClientBuilder();
    }

    <T extends AutoCloseable> T closing(T resource) {
      resources.push(resource);
      return resource;
    }

    @Override
    public void close() {
      for (AutoCloseable resource : resources) {
        try {
          resource.close();
        } catch (Exception e) {
          throw new IllegalStateException("cannot close " + resource, e);
        }
      }
    }
  }
}
