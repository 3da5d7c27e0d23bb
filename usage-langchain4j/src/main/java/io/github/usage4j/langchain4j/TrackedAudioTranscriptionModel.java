package io.github.usage4j.langchain4j;

import dev.langchain4j.data.audio.Audio;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.audio.AudioTranscriptionModel;
import dev.langchain4j.model.audio.AudioTranscriptionRequest;
import dev.langchain4j.model.audio.AudioTranscriptionResponse;
import io.github.usage4j.UsageEvent.Kind;
import org.jspecify.annotations.Nullable;

/**
 * A transcription model whose calls are recorded. Clients return the text and nothing else; how
 * long the audio is, is recorded where its own header says so.
 */
final class TrackedAudioTranscriptionModel implements AudioTranscriptionModel, Tracked {

  private final AudioTranscriptionModel delegate;
  private final Settings settings;
  private final KindCalls<AudioTranscriptionModel> calls;

  TrackedAudioTranscriptionModel(AudioTranscriptionModel delegate, Settings settings) {
    this.delegate = delegate;
    this.settings = settings;
    calls =
        new KindCalls<>(
            settings,
            Kind.TRANSCRIPTION,
            AudioTranscriptionModel.class,
            delegate,
            delegate::provider);
  }

  @Override
  public AudioTranscriptionResponse transcribe(AudioTranscriptionRequest request) {
    return calls.make(
        null,
        () -> delegate.transcribe(request),
        (call, response) -> answer(call, request == null ? null : request.audio()));
  }

  @Override
  public String transcribeToText(Audio audio) {
    return calls.make(
        null, () -> delegate.transcribeToText(audio), (call, text) -> answer(call, audio));
  }

  private static Answer answer(ModelCall call, @Nullable Audio audio) {
    WavHeader.seconds(audio == null ? null : audio.binaryData())
        .ifPresent(seconds -> call.unit(KindCalls.SECONDS, seconds));
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
