package io.github.usage4j.langchain4j;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import dev.langchain4j.model.scoring.ScoringModel;
import dev.langchain4j.model.scoring.request.ScoringRequest;
import dev.langchain4j.model.scoring.request.ScoringRequestParameters;
import dev.langchain4j.model.scoring.response.ScoringResponse;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageMetrics.Anomaly;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A scoring model whose calls are recorded. Cohere charges searches, and its client passes their
 * number off as input tokens: they are recorded as what they are.
 */
final class TrackedScoringModel implements ScoringModel, Tracked {

  private static final String COHERE = "cohere";

  private final ScoringModel delegate;
  private final Settings settings;
  private final KindCalls<ScoringModel> calls;

  TrackedScoringModel(ScoringModel delegate, Settings settings) {
    this.delegate = delegate;
    this.settings = settings;
    calls = new KindCalls<>(settings, Kind.RERANK, ScoringModel.class, delegate, null);
  }

  @Override
  public Response<Double> score(String text, String query) {
    return calls.make(modelOf(null), () -> delegate.score(text, query), this::answer);
  }

  @Override
  public Response<Double> score(TextSegment segment, String query) {
    return calls.make(modelOf(null), () -> delegate.score(segment, query), this::answer);
  }

  @Override
  public Response<List<Double>> scoreAll(List<TextSegment> segments, String query) {
    return calls.make(modelOf(null), () -> delegate.scoreAll(segments, query), this::answer);
  }

  @Override
  public CompletableFuture<ScoringResponse> scoreAsync(ScoringRequest request) {
    return calls.makeAsync(modelOf(request), () -> delegate.scoreAsync(request), this::answer);
  }

  private @Nullable String modelOf(@Nullable ScoringRequest request) {
    return settings.quietly(
        () -> {
          if (request != null && request.modelName() != null) {
            return request.modelName();
          }
          ScoringRequestParameters defaults = delegate.defaultRequestParameters();
          return defaults == null ? null : defaults.modelName();
        });
  }

  private Answer answer(ModelCall call, @Nullable Response<?> response) {
    return response == null ? Answer.NONE : answer(call, response.tokenUsage(), null);
  }

  private Answer answer(ModelCall call, @Nullable ScoringResponse response) {
    return response == null || response.metadata() == null
        ? Answer.NONE
        : answer(call, response.metadata().tokenUsage(), response.metadata().modelName());
  }

  private Answer answer(ModelCall call, @Nullable TokenUsage usage, @Nullable String model) {
    return COHERE.equals(calls.provider()) && settings.mapper() == null
        ? searches(call, usage, model)
        : Answer.of(usage, model, settings);
  }

  private Answer searches(ModelCall call, @Nullable TokenUsage usage, @Nullable String model) {
    Integer searches = usage == null ? null : usage.inputTokenCount();
    if (searches != null && searches >= 0) {
      call.unit(KindCalls.SEARCHES, searches);
    } else if (searches != null) {
      settings
          .tracker()
          .report(Anomaly.CONTRADICTORY_FIGURES, "a number of searches is " + searches, null);
    }
    return Answer.of(null, model, settings);
  }

  // Not recorded: see TrackedChatModel.

  @Override
  public CompletableFuture<ScoringResponse> doScoreAsync(ScoringRequest request) {
    return delegate.doScoreAsync(request);
  }

  @Override
  public ScoringRequestParameters defaultRequestParameters() {
    return delegate.defaultRequestParameters();
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
