package io.github.usage4j.langchain4j;

import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatRequestOptions;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Flow.Publisher;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A streaming chat model whose calls are recorded; see {@link TrackedChatModel}. */
final class TrackedStreamingChatModel implements StreamingChatModel, Tracked {

  private final StreamingChatModel delegate;
  private final Settings settings;

  TrackedStreamingChatModel(StreamingChatModel delegate, Settings settings) {
    this.delegate = delegate;
    this.settings = settings;
  }

  @Override
  public void chat(ChatRequest request, StreamingChatResponseHandler handler) {
    recorded(request, handler, tracked -> delegate.chat(request, tracked));
  }

  @Override
  public void chat(
      ChatRequest request, ChatRequestOptions options, StreamingChatResponseHandler handler) {
    recorded(request, handler, tracked -> delegate.chat(request, options, tracked));
  }

  @Override
  public Publisher<ChatModelStreamingEvent> chat(ChatRequest request) {
    Object identity = Reentry.identity(request);
    Publisher<ChatModelStreamingEvent> source =
        Reentry.handOn(settings.tracker(), identity, null, null, () -> delegate.chat(request));
    return source == null
        ? source
        : new TrackedPublisher(source, settings, identity, () -> start(request));
  }

  private void recorded(
      ChatRequest request,
      @Nullable StreamingChatResponseHandler handler,
      Consumer<@Nullable StreamingChatResponseHandler> model) {
    if (handler == null) {
      model.accept(handler); // no handler, no answer: the model says so
      return;
    }
    ModelCall call = start(request);
    if (call.toldRefusal(handler::onError)) {
      return;
    }
    var stream = new StreamEnd(call);
    try {
      call.handOn(
          Reentry.identity(request),
          () -> {
            model.accept(new TrackedHandler(handler, stream));
            return stream;
          });
    } catch (Throwable e) {
      stream.failedAtOnce(e);
      throw e;
    }
  }

  private ModelCall start(ChatRequest request) {
    return CallStart.chat(
        settings, delegate, delegate::provider, delegate::defaultRequestParameters, request, true);
  }

  // Not recorded: see TrackedChatModel.

  @Override
  public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
    delegate.doChat(request, handler);
  }

  @Override
  public Publisher<ChatModelStreamingEvent> doChat(ChatRequest request) {
    return delegate.doChat(request);
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
