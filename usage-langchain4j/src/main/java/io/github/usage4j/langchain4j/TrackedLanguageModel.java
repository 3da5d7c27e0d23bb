package io.github.usage4j.langchain4j;

import dev.langchain4j.model.input.Prompt;
import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.output.Response;
import io.github.usage4j.UsageEvent.Kind;

/** A language model, text in and text out, whose calls are recorded. */
final class TrackedLanguageModel implements LanguageModel, Tracked {

  private final LanguageModel delegate;
  private final Settings settings;
  private final KindCalls<LanguageModel> calls;

  TrackedLanguageModel(LanguageModel delegate, Settings settings) {
    this.delegate = delegate;
    this.settings = settings;
    calls = new KindCalls<>(settings, Kind.COMPLETION, LanguageModel.class, delegate, null);
  }

  @Override
  public Response<String> generate(String prompt) {
    return calls.make(
        null, () -> delegate.generate(prompt), (call, response) -> Answer.of(response, settings));
  }

  @Override
  public Response<String> generate(Prompt prompt) {
    return calls.make(
        null, () -> delegate.generate(prompt), (call, response) -> Answer.of(response, settings));
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
