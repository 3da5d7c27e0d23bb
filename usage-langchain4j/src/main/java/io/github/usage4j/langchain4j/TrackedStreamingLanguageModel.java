package io.github.usage4j.langchain4j;

import dev.langchain4j.model.StreamingResponseHandler;
import dev.langchain4j.model.input.Prompt;
import dev.langchain4j.model.language.StreamingLanguageModel;
import dev.langchain4j.model.output.Response;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.limit.UsageLimitExceededException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A streaming language model whose calls are recorded; see {@link TrackedStreamingChatModel}. */
final class TrackedStreamingLanguageModel implements StreamingLanguageModel, Tracked {

  private final StreamingLanguageModel delegate;
  private final Settings settings;
  private final KindCalls<StreamingLanguageModel> calls;

  TrackedStreamingLanguageModel(StreamingLanguageModel delegate, Settings settings) {
    this.delegate = delegate;
    this.settings = settings;
    calls =
        new KindCalls<>(settings, Kind.COMPLETION, StreamingLanguageModel.class, delegate, null);
  }

  @Override
  public void generate(String prompt, StreamingResponseHandler<String> handler) {
    recorded(handler, tracked -> delegate.generate(prompt, tracked));
  }

  @Override
  public void generate(Prompt prompt, StreamingResponseHandler<String> handler) {
    recorded(handler, tracked -> delegate.generate(prompt, tracked));
  }

  private void recorded(
      @Nullable StreamingResponseHandler<String> handler,
      Consumer<@Nullable StreamingResponseHandler<String>> model) {
    if (handler == null) {
      model.accept(handler); // no handler, no answer: the model says so
      return;
    }
    ModelCall call = calls.start(null, true);
    UsageLimitExceededException refused = call.refusal();
    if (refused != null) {
      call.within(() -> handler.onError(refused));
      return;
    }
    var stream = new StreamEnd(call);
    try {
      calls.handOn(call, () -> model.accept(new TrackedTextHandler(handler, stream, settings)));
    } catch (Throwable e) {
      stream.failedAtOnce(e);
      throw e;
    }
  }

  /** See {@link TrackedHandler}. */
  record TrackedTextHandler(
      StreamingResponseHandler<String> handler, StreamEnd stream, Settings settings)
      implements StreamingResponseHandler<String> {

    @Override
    public void onNext(String token) {
      stream.piece(token, () -> handler.onNext(token));
    }

    @Override
    public void onComplete(Response<String> response) {
      Answer answer = settings.quietly(() -> Answer.of(response, settings));
      stream.answered(answer == null ? Answer.NONE : answer);
      stream.within(() -> handler.onComplete(response));
    }

    @Override
    public void onError(Throwable error) {
      stream.failed(error);
      stream.within(() -> handler.onError(error));
    }
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
