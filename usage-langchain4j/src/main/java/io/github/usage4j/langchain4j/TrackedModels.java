package io.github.usage4j.langchain4j;

import dev.langchain4j.model.TokenCountEstimator;
import dev.langchain4j.model.audio.AudioTranscriptionModel;
import dev.langchain4j.model.audio.TextToSpeechModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.image.ImageModel;
import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.language.StreamingLanguageModel;
import dev.langchain4j.model.moderation.ModerationModel;
import dev.langchain4j.model.scoring.ScoringModel;
import dev.langchain4j.observability.api.listener.AiServiceListener;
import io.github.usage4j.Attribution;
import io.github.usage4j.internal.Checks;
import io.github.usage4j.track.UsageTracker;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Wraps LangChain4j models so that their calls are accounted for. A wrapped model behaves like the
 * model itself: same answers, exceptions, listeners and capabilities. Wrap the model that talks to
 * the provider, not a router in front of several.
 *
 * <p>Immutable: each setting returns a changed copy, so one instance can be shared.
 */
@SuppressWarnings("overloads") // a lambda could be several kinds of model; nobody passes one
public final class TrackedModels {

  /**
   * The key under which {@code InvocationParameters} of an AI service may carry the {@link
   * Attribution} of one invocation; seen by {@link #aiServiceListeners}.
   */
  public static final String ATTRIBUTION = "io.github.usage4j.attribution";

  private final Settings settings;

  private TrackedModels(Settings settings) {
    this.settings = settings;
  }

  /** Models whose calls this tracker records. */
  public static TrackedModels with(UsageTracker tracker) {
    return new TrackedModels(Settings.of(Objects.requireNonNull(tracker, "tracker")));
  }

  /**
   * The same model, tracked. One that this tracker tracks already is not recorded twice: it comes
   * back as it is, or with these settings in place of its own.
   *
   * @throws IllegalArgumentException if it is null
   */
  public ChatModel wrap(ChatModel model) {
    return wrap(ChatModel.class, model, TrackedChatModel::new);
  }

  /**
   * The same model, tracked. One that this tracker tracks already is not recorded twice: it comes
   * back as it is, or with these settings in place of its own.
   *
   * @throws IllegalArgumentException if it is null
   */
  public StreamingChatModel wrap(StreamingChatModel model) {
    return wrap(StreamingChatModel.class, model, TrackedStreamingChatModel::new);
  }

  /**
   * The same model, tracked. One that this tracker tracks already is not recorded twice: it comes
   * back as it is, or with these settings in place of its own.
   *
   * @throws IllegalArgumentException if it is null
   */
  public EmbeddingModel wrap(EmbeddingModel model) {
    return wrap(EmbeddingModel.class, model, TrackedEmbeddingModel::new);
  }

  /**
   * The same model, tracked. One that this tracker tracks already is not recorded twice: it comes
   * back as it is, or with these settings in place of its own.
   *
   * @throws IllegalArgumentException if it is null
   */
  public ScoringModel wrap(ScoringModel model) {
    return wrap(ScoringModel.class, model, TrackedScoringModel::new);
  }

  /**
   * The same model, tracked. One that this tracker tracks already is not recorded twice: it comes
   * back as it is, or with these settings in place of its own.
   *
   * @throws IllegalArgumentException if it is null
   */
  public ModerationModel wrap(ModerationModel model) {
    return wrap(ModerationModel.class, model, TrackedModerationModel::new);
  }

  /**
   * The same model, tracked. One that this tracker tracks already is not recorded twice: it comes
   * back as it is, or with these settings in place of its own.
   *
   * @throws IllegalArgumentException if it is null
   */
  public ImageModel wrap(ImageModel model) {
    return wrap(ImageModel.class, model, TrackedImageModel::new);
  }

  /**
   * The same model, tracked. One that this tracker tracks already is not recorded twice: it comes
   * back as it is, or with these settings in place of its own.
   *
   * @throws IllegalArgumentException if it is null
   */
  public LanguageModel wrap(LanguageModel model) {
    return wrap(LanguageModel.class, model, TrackedLanguageModel::new);
  }

  /**
   * The same model, tracked. One that this tracker tracks already is not recorded twice: it comes
   * back as it is, or with these settings in place of its own.
   *
   * @throws IllegalArgumentException if it is null
   */
  public StreamingLanguageModel wrap(StreamingLanguageModel model) {
    return wrap(StreamingLanguageModel.class, model, TrackedStreamingLanguageModel::new);
  }

  /**
   * The same model, tracked. One that this tracker tracks already is not recorded twice: it comes
   * back as it is, or with these settings in place of its own.
   *
   * @throws IllegalArgumentException if it is null
   */
  public TextToSpeechModel wrap(TextToSpeechModel model) {
    return wrap(TextToSpeechModel.class, model, TrackedTextToSpeechModel::new);
  }

  /**
   * The same model, tracked. One that this tracker tracks already is not recorded twice: it comes
   * back as it is, or with these settings in place of its own.
   *
   * @throws IllegalArgumentException if it is null
   */
  public AudioTranscriptionModel wrap(AudioTranscriptionModel model) {
    return wrap(AudioTranscriptionModel.class, model, TrackedAudioTranscriptionModel::new);
  }

  private <T> T wrap(Class<T> kind, @Nullable T model, BiFunction<T, Settings, T> wrapper) {
    if (model == null) {
      throw new IllegalArgumentException("the " + kind.getSimpleName() + " to track is null");
    }
    if (model instanceof Tracked tracked && tracked.settings().tracker() == settings.tracker()) {
      return tracked.settings().equals(settings)
          ? model
          : wrapper.apply(kind.cast(tracked.delegate()), settings);
    }
    return wrapper.apply(model, settings);
  }

  /**
   * Records this provider in place of what the model says, such as {@code deepseek} for an
   * OpenAI-compatible service.
   *
   * @throws IllegalArgumentException if the name is blank, over-long or has control characters
   */
  public TrackedModels provider(String name) {
    return new TrackedModels(
        settings.withProvider(Checks.requireIdentifier("provider", name, Attribution.MAX_ID)));
  }

  /**
   * The model that is asked for, where the wrapped one does not say: scoring and language models,
   * and many others, have no way to, and a call of an unknown model has no price.
   *
   * @throws IllegalArgumentException if the name is blank, over-long or has control characters
   */
  public TrackedModels model(String name) {
    return new TrackedModels(
        settings.withModel(Checks.requireIdentifier("model", name, Attribution.MAX_ID)));
  }

  /**
   * The category of calls whose scope or resolver gives none, such as {@code rag}.
   *
   * @throws IllegalArgumentException if the name is blank, over-long or has control characters
   */
  public TrackedModels category(String name) {
    return new TrackedModels(
        settings.withCategory(Checks.requireIdentifier("category", name, Attribution.MAX_ID)));
  }

  /**
   * Estimates the tokens of answered calls whose provider states none; they are recorded as
   * ESTIMATED. Default: such a call is recorded as MISSING. A stream that is cut short is always
   * estimated as far as nothing is stated, by a rule of thumb if there is no estimator.
   */
  public TrackedModels estimator(TokenCountEstimator estimator) {
    return new TrackedModels(
        settings.withEstimator(Objects.requireNonNull(estimator, "estimator")));
  }

  /** Asks this mapper first what a model's usage means. */
  public TrackedModels tokens(TokenCountsMapper mapper) {
    return new TrackedModels(settings.withMapper(Objects.requireNonNull(mapper, "mapper")));
  }

  /**
   * Listeners to register with AI services: {@code AiServices.builder(..).registerListeners(..)}.
   * With them every call of one invocation is a step of one operation also outside a scope,
   * guardrail reprompts and retrieval included; an AI service that is called inside a tool is an
   * operation of its own with that one as parent; and an operation is over when its AI service is.
   */
  public List<AiServiceListener<?>> aiServiceListeners() {
    return AiServiceEvents.listeners(settings);
  }

  /** The model inside a tracked one, for what only its own class can do; any other as it is. */
  @SuppressWarnings("unchecked") // a tracked model and what is inside are of one kind
  public static <T> T unwrap(T model) {
    Object inner = model;
    while (inner instanceof Tracked tracked) {
      inner = tracked.delegate();
    }
    return (T) inner;
  }
}
