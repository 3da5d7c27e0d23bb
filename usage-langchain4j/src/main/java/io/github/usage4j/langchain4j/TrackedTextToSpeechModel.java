package io.github.usage4j.langchain4j;

import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.audio.TextToSpeechModel;
import dev.langchain4j.model.audio.TextToSpeechRequest;
import dev.langchain4j.model.audio.TextToSpeechResponse;
import io.github.usage4j.UsageEvent.Kind;
import org.jspecify.annotations.Nullable;

/** A speech model whose calls are recorded, with the characters of the text that was spoken. */
final class TrackedTextToSpeechModel implements TextToSpeechModel, Tracked {

  private final TextToSpeechModel delegate;
  private final Settings settings;
  private final KindCalls<TextToSpeechModel> calls;

  TrackedTextToSpeechModel(TextToSpeechModel delegate, Settings settings) {
    this.delegate = delegate;
    this.settings = settings;
    calls =
        new KindCalls<>(
            settings, Kind.SPEECH, TextToSpeechModel.class, delegate, delegate::provider);
  }

  @Override
  public TextToSpeechResponse synthesize(String text) {
    return calls.make(
        null, () -> delegate.synthesize(text), (call, response) -> answer(call, text));
  }

  @Override
  public TextToSpeechResponse synthesize(TextToSpeechRequest request) {
    return calls.make(
        null,
        () -> delegate.synthesize(request),
        (call, response) -> answer(call, request == null ? null : request.text()));
  }

  private static Answer answer(ModelCall call, @Nullable String text) {
    if (text != null) {
      call.unit(KindCalls.CHARACTERS, text.codePointCount(0, text.length()));
    }
    return Answer.NONE;
  }

  @Override
  public ModelProvider provider() {
    return delegate.provider();
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
