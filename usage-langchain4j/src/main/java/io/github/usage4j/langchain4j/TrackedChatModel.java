package io.github.usage4j.langchain4j;

import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.ChatRequestOptions;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A chat model whose calls are recorded. Each overload goes to the same overload: some models
 * implement only one of them. Those that take a text or messages are inherited, and come back here
 * with a request.
 */
final class TrackedChatModel implements ChatModel, Tracked {

  private final ChatModel delegate;
  private final Settings settings;

  TrackedChatModel(ChatModel delegate, Settings settings) {
    this.delegate = delegate;
    this.settings = settings;
  }

  @Override
  public ChatResponse chat(ChatRequest request) {
    return recorded(request, () -> delegate.chat(request));
  }

  @Override
  public ChatResponse chat(ChatRequest request, ChatRequestOptions options) {
    return recorded(request, () -> delegate.chat(request, options));
  }

  @Override
  public CompletableFuture<ChatResponse> chatAsync(ChatRequest request) {
    return recordedAsync(request, () -> delegate.chatAsync(request));
  }

  @Override
  public CompletableFuture<ChatResponse> chatAsync(
      ChatRequest request, ChatRequestOptions options) {
    return recordedAsync(request, () -> delegate.chatAsync(request, options));
  }

  private ChatResponse recorded(ChatRequest request, Supplier<ChatResponse> model) {
    return start(request)
        .make(Reentry.identity(request), model, response -> Answer.of(response, settings));
  }

  private CompletableFuture<ChatResponse> recordedAsync(
      ChatRequest request, Supplier<CompletableFuture<ChatResponse>> model) {
    return start(request)
        .makeAsync(Reentry.identity(request), model, response -> Answer.of(response, settings));
  }

  private ModelCall start(ChatRequest request) {
    return CallStart.chat(
        settings, delegate, delegate::provider, delegate::defaultRequestParameters, request, false);
  }

  // Only reached by who calls them directly, past listeners and defaults: not recorded, or a model
  // whose chat() calls them would be recorded twice.

  @Override
  public ChatResponse doChat(ChatRequest request) {
    return delegate.doChat(request);
  }

  @Override
  public CompletableFuture<ChatResponse> doChatAsync(ChatRequest request) {
    return delegate.doChatAsync(request);
  }

  @Override
  public ChatRequestParameters defaultRequestParameters() {
    return delegate.defaultRequestParameters();
  }

  @Override
  public List<ChatModelListener> listeners() {
    return delegate.listeners();
  }

  @Override
  public ModelProvider provider() {
    return delegate.provider();
  }

  @Override
  public Set<Capability> supportedCapabilities() {
    return delegate.supportedCapabilities();
  }

  @Override
  public Object delegate() {
    return delegate;
  }

  @Override
  public Settings settings() {
    return settings;
  }

  @Override
  public String toString() {
    return "Tracked[" + delegate.getClass().getName() + "]";
  }
}
