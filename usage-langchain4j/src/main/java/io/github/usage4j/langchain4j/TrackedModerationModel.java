package io.github.usage4j.langchain4j;

import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.input.Prompt;
import dev.langchain4j.model.moderation.Moderation;
import dev.langchain4j.model.moderation.ModerationModel;
import dev.langchain4j.model.moderation.ModerationRequest;
import dev.langchain4j.model.moderation.ModerationResponse;
import dev.langchain4j.model.moderation.listener.ModerationModelListener;
import dev.langchain4j.model.output.Response;
import io.github.usage4j.UsageEvent.Kind;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A moderation model whose calls are recorded. Clients state no usage: its tokens are unknown. */
final class TrackedModerationModel implements ModerationModel, Tracked {

  private final ModerationModel delegate;
  private final Settings settings;
  private final KindCalls<ModerationModel> calls;

  TrackedModerationModel(ModerationModel delegate, Settings settings) {
    this.delegate = delegate;
    this.settings = settings;
    calls =
        new KindCalls<>(
            settings, Kind.MODERATION, ModerationModel.class, delegate, delegate::provider);
  }

  @Override
  public ModerationResponse moderate(ModerationRequest request) {
    return calls.make(
        settings.quietly(() -> modelOf(request)),
        () -> delegate.moderate(request),
        (call, response) -> Answer.NONE);
  }

  @Override
  public Response<Moderation> moderate(String text) {
    return recorded(() -> delegate.moderate(text));
  }

  @Override
  public Response<Moderation> moderate(Prompt prompt) {
    return recorded(() -> delegate.moderate(prompt));
  }

  @Override
  public Response<Moderation> moderate(ChatMessage message) {
    return recorded(() -> delegate.moderate(message));
  }

  @Override
  public Response<Moderation> moderate(List<ChatMessage> messages) {
    return recorded(() -> delegate.moderate(messages));
  }

  @Override
  public Response<Moderation> moderate(TextSegment textSegment) {
    return recorded(() -> delegate.moderate(textSegment));
  }

  private Response<Moderation> recorded(Supplier<Response<Moderation>> model) {
    return calls.make(
        settings.quietly(delegate::modelName),
        model,
        (call, response) -> Answer.of(response, settings));
  }

  private @Nullable String modelOf(@Nullable ModerationRequest request) {
    return request != null && request.modelName() != null
        ? request.modelName()
        : delegate.modelName();
  }

  // Not recorded: see TrackedChatModel.

  @Override
  public ModerationResponse doModerate(ModerationRequest request) {
    return delegate.doModerate(request);
  }

  @Override
  public List<ModerationModelListener> listeners() {
    return delegate.listeners();
  }

  @Override
  public ModelProvider provider() {
    return delegate.provider();
  }

  @Override
  public String modelName() {
    return delegate.modelName();
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
