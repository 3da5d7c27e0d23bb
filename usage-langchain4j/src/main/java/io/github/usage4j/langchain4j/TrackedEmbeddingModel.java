package io.github.usage4j.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.ContentType;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.request.EmbeddingParameter;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.request.EmbeddingRequestParameters;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.output.Response;
import io.github.usage4j.UsageEvent.Kind;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An embedding model whose calls are recorded. Each overload goes to the same overload of the
 * model, which may call the others: of itself, not of this, so each call is recorded once.
 */
final class TrackedEmbeddingModel implements EmbeddingModel, Tracked {

  private final EmbeddingModel delegate;
  private final Settings settings;
  private final KindCalls<EmbeddingModel> calls;

  TrackedEmbeddingModel(EmbeddingModel delegate, Settings settings) {
    this.delegate = delegate;
    this.settings = settings;
    calls =
        new KindCalls<>(
            settings, Kind.EMBEDDING, EmbeddingModel.class, delegate, delegate::provider);
  }

  @Override
  public Response<Embedding> embed(String text) {
    return recorded(null, () -> delegate.embed(text), this::answer);
  }

  @Override
  public Response<Embedding> embed(TextSegment textSegment) {
    return recorded(null, () -> delegate.embed(textSegment), this::answer);
  }

  @Override
  public Response<List<Embedding>> embedAll(List<TextSegment> textSegments) {
    return textSegments == null || textSegments.isEmpty()
        ? delegate.embedAll(textSegments) // nothing to embed, no call
        : recorded(null, () -> delegate.embedAll(textSegments), this::answer);
  }

  @Override
  public EmbeddingResponse embed(EmbeddingRequest request) {
    return recorded(request, () -> delegate.embed(request), this::answer);
  }

  @Override
  public CompletableFuture<EmbeddingResponse> embedAsync(EmbeddingRequest request) {
    return calls.makeAsync(modelOf(request), () -> delegate.embedAsync(request), this::answer);
  }

  private <T> T recorded(
      @Nullable EmbeddingRequest request, Supplier<T> model, KindCalls.Reading<T> reading) {
    return calls.make(modelOf(request), model, reading);
  }

  private @Nullable String modelOf(@Nullable EmbeddingRequest request) {
    return settings.quietly(
        () -> {
          EmbeddingRequestParameters asked = request == null ? null : request.parameters();
          if (asked != null && asked.modelName() != null) {
            return asked.modelName();
          }
          EmbeddingRequestParameters defaults = delegate.defaultRequestParameters();
          return defaults != null && defaults.modelName() != null
              ? defaults.modelName()
              : delegate.modelName();
        });
  }

  private Answer answer(ModelCall call, @Nullable Response<?> response) {
    return response == null ? Answer.NONE : Answer.of(response.tokenUsage(), null, settings);
  }

  private Answer answer(ModelCall call, @Nullable EmbeddingResponse response) {
    return response == null || response.metadata() == null
        ? Answer.NONE
        : Answer.of(
            response.metadata().tokenUsage(),
            KindCalls.known(response.metadata().modelName()),
            settings);
  }

  // Not recorded: see TrackedChatModel.

  @Override
  public EmbeddingResponse doEmbed(EmbeddingRequest request) {
    return delegate.doEmbed(request);
  }

  @Override
  public CompletableFuture<EmbeddingResponse> doEmbedAsync(EmbeddingRequest request) {
    return delegate.doEmbedAsync(request);
  }

  /** The inherited one would embed a text of its own and be recorded. */
  @Override
  public int dimension() {
    return delegate.dimension();
  }

  @Override
  public String modelName() {
    return delegate.modelName();
  }

  @Override
  public List<EmbeddingModelListener> listeners() {
    return delegate.listeners();
  }

  @Override
  public ModelProvider provider() {
    return delegate.provider();
  }

  @Override
  public EmbeddingRequestParameters defaultRequestParameters() {
    return delegate.defaultRequestParameters();
  }

  @Override
  public Set<EmbeddingParameter<?>> supportedParameters() {
    return delegate.supportedParameters();
  }

  @Override
  public Set<ContentType> supportedContentTypes() {
    return delegate.supportedContentTypes();
  }

  /** The listener goes inside, where it is told of the model that it would be told of unwrapped. */
  @Override
  public EmbeddingModel addListener(EmbeddingModelListener listener) {
    return tracked(delegate.addListener(listener));
  }

  @Override
  public EmbeddingModel addListeners(List<EmbeddingModelListener> listeners) {
    return tracked(delegate.addListeners(listeners));
  }

  private EmbeddingModel tracked(EmbeddingModel listening) {
    return listening == delegate ? this : new TrackedEmbeddingModel(listening, settings);
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
