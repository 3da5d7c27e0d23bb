package io.github.usage4j.langchain4j;

import dev.langchain4j.model.TokenCountEstimator;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.track.UsageTracker;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * By which settings a model's calls are recorded. Models of equal settings need not be wrapped
 * twice.
 *
 * @param provider in place of what the model says
 * @param category of calls that have none
 * @param mapper asked first what a usage means
 * @param lineage shared by all models of the tracker
 * @param model that is asked for, where the wrapped model does not say
 * @param estimator of what a provider does not state
 */
record Settings(
    UsageTracker tracker,
    @Nullable String provider,
    @Nullable String category,
    @Nullable TokenCountsMapper mapper,
    Lineage lineage,
    @Nullable String model,
    @Nullable TokenCountEstimator estimator) {

  static Settings of(UsageTracker tracker) {
    return new Settings(tracker, null, null, null, Lineage.of(tracker), null, null);
  }

  /** Asks somebody else's code; null if it throws, which is reported. */
  <T> @Nullable T quietly(Supplier<? extends @Nullable T> question) {
    try {
      return question.get();
    } catch (RuntimeException | LinkageError | AssertionError | StackOverflowError e) {
      tracker.report(
          Anomaly.EVENT_REPAIRED, "a call is recorded without what could not be read", e);
      return null;
    }
  }

  /** Something on the wire could not be read; the call goes on with what the client tells. */
  void wireProblem(String message, Throwable cause) {
    tracker.report(Anomaly.EVENT_REPAIRED, message, cause);
  }

  Settings withProvider(String name) {
    return new Settings(tracker, name, category, mapper, lineage, model, estimator);
  }

  Settings withCategory(String name) {
    return new Settings(tracker, provider, name, mapper, lineage, model, estimator);
  }

  Settings withMapper(TokenCountsMapper first) {
    return new Settings(tracker, provider, category, first, lineage, model, estimator);
  }

  Settings withModel(String name) {
    return new Settings(tracker, provider, category, mapper, lineage, name, estimator);
  }

  Settings withEstimator(TokenCountEstimator ofTheHost) {
    return new Settings(tracker, provider, category, mapper, lineage, model, ofTheHost);
  }
}
