package io.github.usage4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.audio.Audio;
import dev.langchain4j.data.image.Image;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.StreamingResponseHandler;
import dev.langchain4j.model.audio.AudioTranscriptionModel;
import dev.langchain4j.model.audio.AudioTranscriptionRequest;
import dev.langchain4j.model.audio.AudioTranscriptionResponse;
import dev.langchain4j.model.audio.TextToSpeechModel;
import dev.langchain4j.model.audio.TextToSpeechRequest;
import dev.langchain4j.model.audio.TextToSpeechResponse;
import dev.langchain4j.model.image.ImageModel;
import dev.langchain4j.model.input.Prompt;
import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.language.StreamingLanguageModel;
import dev.langchain4j.model.moderation.Moderation;
import dev.langchain4j.model.moderation.ModerationModel;
import dev.langchain4j.model.moderation.ModerationRequest;
import dev.langchain4j.model.moderation.ModerationResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import dev.langchain4j.model.scoring.ScoringModel;
import dev.langchain4j.model.scoring.request.ScoringRequest;
import dev.langchain4j.model.scoring.request.ScoringRequestParameters;
import dev.langchain4j.model.scoring.response.ScoringResponse;
import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Scoring, moderation, image, language, transcription and speech models that are made up. */
class OtherKindsTest {

  private static final TextSegment SEGMENT = TextSegment.from("text");
  private static final Image IMAGE = Image.builder().url("http://127.0.0.1/a.png").build();

  private final Ledger ledger = new Ledger();

  private Map<String, BigDecimal> units() {
    return ledger.only().units();
  }

  /** Answers with this usage; the async way is completed by the test. */
  private static final class Scores implements ScoringModel {
    final TokenUsage usage;
    final CompletableFuture<ScoringResponse> later = new CompletableFuture<>();

    Scores(TokenUsage usage) {
      this.usage = usage;
    }

    @Override
    public Response<List<Double>> scoreAll(List<TextSegment> segments, String query) {
      return Response.from(Collections.nCopies(segments.size(), 0.5), usage);
    }

    @Override
    public CompletableFuture<ScoringResponse> doScoreAsync(ScoringRequest request) {
      return later;
    }

    @Override
    public ScoringRequestParameters defaultRequestParameters() {
      return ScoringRequestParameters.builder().modelName("rerank-1").build();
    }
  }

  private static ScoringRequest request() {
    return ScoringRequest.builder().documents(List.of("text")).query("query").build();
  }

  @Test
  void scoring_eachOverloadIsOneEvent() {
    var scores = new Scores(new TokenUsage(7));
    ScoringModel model = ledger.models.wrap((ScoringModel) scores);
    model.score("text", "query");
    model.score(SEGMENT, "query");
    model.scoreAll(List.of(SEGMENT, SEGMENT), "query");
    CompletableFuture<ScoringResponse> later = model.scoreAsync(request());
    scores.later.complete(
        ScoringResponse.builder()
            .scores(List.of(0.5))
            .modelName("rerank-1.1")
            .tokenUsage(new TokenUsage(9))
            .build());

    assertThat(later.join().scores()).containsExactly(0.5);
    assertThat(ledger.figures()).containsExactly("7/null", "7/null", "7/null", "9/null");
    assertThat(ledger.events()).allMatch(e -> e.kind() == Kind.RERANK);
    assertThat(ledger.events()).allMatch(e -> e.quality() == Quality.REPORTED);
    assertThat(ledger.events()).extracting(UsageEvent::requestModel).containsOnly("rerank-1");
    assertThat(ledger.events().get(3).responseModel()).isEqualTo("rerank-1.1");
    assertThat(ledger.events()).allMatch(e -> e.units().isEmpty());
  }

  @Test
  void scoring_ofCohere_isSearchesAndNoTokens() {
    TrackedModels cohere = TrackedModels.with(ledger.tracker).provider("cohere");
    cohere.wrap((ScoringModel) new Scores(new TokenUsage(3))).scoreAll(List.of(SEGMENT), "query");

    assertThat(units()).containsOnly(Map.entry("searches", BigDecimal.valueOf(3)));
    assertThat(ledger.only().tokens()).isEqualTo(TokenCounts.UNKNOWN);
    assertThat(ledger.only().unmeasured()).isFalse();
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void scoring_ofCohereWithAMapper_isWhatTheMapperSays() {
    TrackedModels cohere =
        TrackedModels.with(ledger.tracker)
            .provider("cohere")
            .tokens(usage -> Optional.of(TokenCounts.input(30)));
    cohere.wrap((ScoringModel) new Scores(new TokenUsage(3))).scoreAll(List.of(SEGMENT), "query");

    assertThat(ledger.figures()).containsExactly("30/null");
    assertThat(units()).isEmpty();
  }

  @Test
  void scoring_ofCohereWithoutOrWithAnImpossibleNumber_isUnmeasured() {
    TrackedModels cohere = TrackedModels.with(ledger.tracker).provider("cohere");
    cohere.wrap((ScoringModel) new Scores(null)).scoreAll(List.of(SEGMENT), "query");
    assertThat(ledger.anomalies).hasValue(0);
    cohere.wrap((ScoringModel) new Scores(new TokenUsage(-1))).scoreAll(List.of(SEGMENT), "query");

    assertThat(ledger.anomalies).hasValue(1);
    assertThat(ledger.events()).hasSize(2).allMatch(UsageEvent::unmeasured);
  }

  @Test
  void scoring_ofNothingAndOfNegativeUsage_isRecorded() {
    ledger.models.wrap((ScoringModel) new Scores(null)).scoreAll(List.of(), "query");
    ledger.models.wrap((ScoringModel) new Scores(new TokenUsage(-7))).score(SEGMENT, "query");

    assertThat(ledger.figures()).containsExactly("null/null", "null/null");
    assertThat(ledger.anomalies).hasValue(1);
  }

  @Test
  void scoringAsync_cancelled_isCancelledAndSoIsTheModels() {
    var scores = new Scores(null);
    CompletableFuture<ScoringResponse> later =
        ledger.models.wrap((ScoringModel) scores).scoreAsync(request());
    later.cancel(true);

    assertThat(scores.later).isCancelled();
    assertThat(ledger.only().outcome()).isEqualTo(Outcome.CANCELLED);
    assertThatThrownBy(later::join).isInstanceOf(CancellationException.class);
  }

  @Test
  void scoringAsync_failed_isAnErrorAndTheSameOne() {
    var scores = new Scores(null);
    CompletableFuture<ScoringResponse> later =
        ledger.models.wrap((ScoringModel) scores).scoreAsync(request());
    var boom = new IllegalStateException("boom");
    scores.later.completeExceptionally(boom);

    assertThatThrownBy(later::join).isInstanceOf(CompletionException.class).hasCause(boom);
    assertThat(ledger.only().outcome()).isEqualTo(Outcome.ERROR);
  }

  /** Says what it is asked; blocks nothing. */
  private static class Moderates implements ModerationModel {
    @Override
    public ModerationResponse doModerate(ModerationRequest request) {
      return ModerationResponse.builder().moderation(Moderation.notFlagged()).build();
    }

    @Override
    public ModelProvider provider() {
      return ModelProvider.MISTRAL_AI;
    }
  }

  @Test
  void moderation_eachOverloadIsOneEvent() {
    ModerationModel model =
        TrackedModels.with(ledger.tracker).wrap((ModerationModel) new Moderates());
    model.moderate("text");
    model.moderate(Prompt.from("text"));
    model.moderate(UserMessage.from("text"));
    model.moderate(List.of(UserMessage.from("text")));
    model.moderate(SEGMENT);
    model.moderate(ModerationRequest.builder().texts(List.of("a")).modelName("asked").build());

    assertThat(ledger.events()).hasSize(6).allMatch(e -> e.kind() == Kind.MODERATION);
    assertThat(ledger.events()).allMatch(e -> e.quality() == Quality.MISSING);
    assertThat(ledger.events()).extracting(UsageEvent::provider).containsOnly("mistral_ai");
    assertThat(ledger.events())
        .extracting(UsageEvent::requestModel)
        .containsExactly("", "", "", "", "", "asked");
    assertThat(ledger.anomalies).hasValue(0);
  }

  /** Returns as many images as it is asked for. */
  private static class Paints implements ImageModel {
    @Override
    public Response<Image> generate(String prompt) {
      return Response.from(IMAGE);
    }

    @Override
    public Response<List<Image>> generate(String prompt, int n) {
      return Response.from(Collections.nCopies(n, IMAGE), new TokenUsage(10, 20));
    }

    @Override
    public Response<Image> edit(Image image, String prompt) {
      return generate(prompt);
    }

    @Override
    public Response<Image> edit(Image image, Image mask, String prompt) {
      return Response.from(IMAGE, new TokenUsage(5, -5));
    }

    /** Not of the interface, as with many clients. */
    @SuppressWarnings("unused")
    public String modelName() {
      return "hidden: the class is not public";
    }
  }

  @Test
  void image_countsWhatCame() {
    ImageModel model = ledger.models.model("paint-1").wrap((ImageModel) new Paints());
    model.generate("a cat");
    model.generate("cats", 3);
    model.edit(IMAGE, "a dog");

    assertThat(ledger.events())
        .extracting(e -> e.units().get("images").intValueExact())
        .containsExactly(1, 3, 1);
    assertThat(ledger.figures()).containsExactly("null/null", "10/20", "null/null");
    assertThat(ledger.events()).allMatch(e -> e.kind() == Kind.IMAGE && !e.unmeasured());
    assertThat(ledger.events()).extracting(UsageEvent::requestModel).containsOnly("paint-1");
  }

  @Test
  void image_thatDidNotComeOrStatesNegativeUsage_isKept() {
    ImageModel model = ledger.models.wrap((ImageModel) new Paints());
    ImageModel nothing = ledger.models.wrap((ImageModel) prompt -> null);
    model.edit(IMAGE, IMAGE, "a dog");
    model.generate("none", 0);

    assertThat(nothing.generate("null")).isNull();
    assertThat(ledger.events()).extracting(e -> e.units().size()).containsExactly(1, 0, 0);
    assertThat(ledger.figures()).containsExactly("5/null", "10/20", "null/null");
    assertThat(ledger.events().get(0).quality()).isEqualTo(Quality.PARTIAL);
    assertThat(ledger.anomalies).hasValue(1);
  }

  @Test
  void language_eachOverloadIsOneEvent() {
    LanguageModel completes =
        prompt -> Response.from("text", new TokenUsage(4, 2), FinishReason.LENGTH);
    LanguageModel model = ledger.models.wrap(completes);
    model.generate("prompt");
    model.generate(Prompt.from("prompt"));

    assertThat(ledger.figures()).containsExactly("4/2", "4/2");
    assertThat(ledger.events()).allMatch(e -> e.kind() == Kind.COMPLETION);
    assertThat(ledger.events()).extracting(UsageEvent::finishReason).containsOnly("length");
  }

  @Test
  void language_ofOllamaThatLeavesTheCachedPromptOut_hasNoInput_othersAreUnknown() {
    LanguageModel completes = prompt -> Response.from("text", new TokenUsage(null, 38));
    var outputOnly = new TokenCounts(null, 5L, null, null, null, null, null, null, null);
    TrackedModels models = TrackedModels.with(ledger.tracker);
    models.provider("ollama").wrap(completes).generate("prompt");
    models.provider("fake").wrap(completes).generate("prompt");
    models
        .provider("ollama")
        .tokens(usage -> Optional.of(outputOnly))
        .wrap(completes)
        .generate("prompt");

    assertThat(ledger.figures()).containsExactly("0/38", "null/38", "null/5");
    assertThat(ledger.events())
        .extracting(UsageEvent::quality)
        .containsExactly(Quality.REPORTED, Quality.PARTIAL, Quality.PARTIAL);
  }

  @Test
  void language_nullAnswerAndNullUsage_areRecorded() {
    LanguageModel nothing = prompt -> null;
    LanguageModel silent = prompt -> Response.from("text");

    assertThat(ledger.models.wrap(nothing).generate("a")).isNull();
    assertThat(ledger.models.wrap(silent).generate("").content()).isEqualTo("text");
    assertThat(ledger.events()).hasSize(2).allMatch(e -> e.quality() == Quality.MISSING);
  }

  /** Tells a handler what a test says. */
  private StreamingLanguageModel streaming(
      java.util.function.Consumer<StreamingResponseHandler<String>> script) {
    StreamingLanguageModel model = (prompt, handler) -> script.accept(handler);
    return ledger.models.wrap(model);
  }

  private static StreamingResponseHandler<String> noting(List<String> told, Runnable atEnd) {
    return new StreamingResponseHandler<>() {
      @Override
      public void onNext(String token) {
        told.add(token);
      }

      @Override
      public void onComplete(Response<String> response) {
        told.add("complete");
        atEnd.run();
      }

      @Override
      public void onError(Throwable error) {
        told.add("error");
      }
    };
  }

  @Test
  void streamingLanguage_isOneEvent_beforeTheHostHearsOfTheEnd() {
    var told = new ArrayList<String>();
    var recorded = new ArrayList<Integer>();
    StreamingLanguageModel model =
        streaming(
            handler -> {
              handler.onNext("a");
              handler.onNext("b");
              handler.onComplete(Response.from("ab", new TokenUsage(3, 2), FinishReason.STOP));
            });
    Runnable atEnd = () -> recorded.add(ledger.events().size());
    model.generate("prompt", noting(told, atEnd));
    model.generate(Prompt.from("prompt"), noting(told, atEnd));

    assertThat(told).containsExactly("a", "b", "complete", "a", "b", "complete");
    assertThat(recorded).containsExactly(1, 2);
    assertThat(ledger.figures()).containsExactly("3/2", "3/2");
    assertThat(ledger.events())
        .allMatch(e -> e.streaming() && e.timeToFirstToken() != null)
        .allMatch(e -> "stop".equals(e.finishReason()));
  }

  @Test
  void streamingLanguage_callbacksOnAnotherThread_keepTheOperation() throws Exception {
    LanguageModel next =
        ledger.models.wrap((LanguageModel) p -> Response.from("x", new TokenUsage(1, 1)));
    var thread = new Thread[1];
    StreamingLanguageModel model =
        streaming(
            handler -> {
              thread[0] =
                  new Thread(() -> handler.onComplete(Response.from("a", new TokenUsage(3, 2))));
            });
    try (var scope = ledger.acme()) {
      model.generate("prompt", noting(new ArrayList<>(), () -> next.generate("next")));
    }
    thread[0].start();
    thread[0].join();

    assertThat(ledger.figures()).containsExactly("3/2", "1/1");
    assertThat(ledger.operations()).isEqualTo(1);
    assertThat(ledger.events()).allMatch(e -> "acme".equals(e.attribution().organization()));
  }

  @Test
  void streamingLanguage_errorThenAnswer_isOneSuccess() {
    var told = new ArrayList<String>();
    streaming(
            handler -> {
              handler.onError(new IllegalStateException("a piece"));
              handler.onComplete(Response.from("a", new TokenUsage(3, 2)));
              handler.onError(new IllegalStateException("late"));
            })
        .generate("prompt", noting(told, () -> {}));

    assertThat(told).containsExactly("error", "complete", "error");
    assertThat(ledger.figures()).containsExactly("3/2");
  }

  @Test
  void streamingLanguage_thatThrowsAtOnce_isAnErrorAndTheSameOne() {
    var boom = new AssertionError("boom");
    StreamingLanguageModel model =
        streaming(
            handler -> {
              throw boom;
            });
    assertThatThrownBy(() -> model.generate("prompt", noting(new ArrayList<>(), () -> {})))
        .isSameAs(boom);
    assertThat(ledger.only().outcome()).isEqualTo(Outcome.ERROR);
  }

  /** Mono, 8 000 samples a second of two bytes. */
  private static byte[] wav(int samples, int statedSize) {
    ByteBuffer wav = ByteBuffer.allocate(44 + 2 * samples).order(ByteOrder.LITTLE_ENDIAN);
    wav.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(36 + 2 * samples);
    wav.put("WAVEfmt ".getBytes(StandardCharsets.US_ASCII)).putInt(16);
    wav.putShort((short) 1).putShort((short) 1).putInt(8000).putInt(16_000);
    wav.putShort((short) 2).putShort((short) 16);
    wav.put("data".getBytes(StandardCharsets.US_ASCII)).putInt(statedSize);
    return wav.array();
  }

  private static Audio audio(byte[] bytes) {
    return Audio.builder().binaryData(bytes).build();
  }

  private static final AudioTranscriptionModel HEARS =
      request -> AudioTranscriptionResponse.from("text");

  @Test
  void transcription_statesTheSecondsOfAWavFile() {
    AudioTranscriptionModel model = ledger.models.wrap(HEARS);
    model.transcribeToText(audio(wav(12_000, 24_000)));
    model.transcribe(AudioTranscriptionRequest.builder(audio(wav(8001, 16_002))).build());

    assertThat(ledger.events())
        .extracting(e -> e.units().get("seconds"))
        .containsExactly(new BigDecimal("1.5"), new BigDecimal("1"));
    assertThat(ledger.events()).allMatch(e -> e.kind() == Kind.TRANSCRIPTION);
  }

  @Test
  void transcription_ofOtherAudio_statesNoSeconds() {
    AudioTranscriptionModel model = ledger.models.wrap(HEARS);
    byte[] compressed = wav(100, 200);
    compressed[20] = 85; // MP3 inside of WAV
    byte[] endless = wav(100, -1);
    byte[] lying = wav(100, 200);
    lying[28] = 1;
    byte[] cutOff = java.util.Arrays.copyOf(wav(100, 200), 30);
    for (byte[] bytes : List.of(compressed, endless, lying, cutOff, new byte[0], new byte[4000])) {
      assertThat(model.transcribeToText(audio(bytes))).isEqualTo("text");
    }
    model.transcribeToText(Audio.builder().url("http://127.0.0.1/a.wav").build());

    assertThat(ledger.events()).hasSize(7).allMatch(e -> e.units().isEmpty());
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void speech_statesTheCharacters_notTheirHalves() {
    TextToSpeechModel speaks = request -> TextToSpeechResponse.from(audio(new byte[] {1}));
    TextToSpeechModel model = ledger.models.wrap(speaks);
    model.synthesize("Grüße \uD83D\uDE00");
    model.synthesize(TextToSpeechRequest.builder("abc").build());

    assertThat(ledger.events())
        .extracting(e -> e.units().get("characters").intValueExact())
        .containsExactly(7, 3);
    assertThat(ledger.events()).allMatch(e -> e.kind() == Kind.SPEECH);
  }

  /** Each kind, failing with this. */
  static Stream<Arguments> failing() {
    return Stream.of(new IllegalStateException("boom"), new StackOverflowError("boom"))
        .flatMap(
            error -> {
              var models = new Ledger();
              Supplier<Object> fails =
                  () -> {
                    OtherKindsTest.<RuntimeException>sneak(error);
                    return null;
                  };
              ScoringModel scores = (segments, query) -> cast(fails.get());
              ModerationModel moderates =
                  new ModerationModel() {
                    @Override
                    public ModerationResponse doModerate(ModerationRequest request) {
                      return cast(fails.get());
                    }
                  };
              ImageModel paints = prompt -> cast(fails.get());
              LanguageModel completes = prompt -> cast(fails.get());
              AudioTranscriptionModel hears = request -> cast(fails.get());
              TextToSpeechModel speaks = request -> cast(fails.get());
              TrackedModels m = models.models;
              return Stream.<Runnable>of(
                      () -> m.wrap(scores).score("a", "b"),
                      () -> m.wrap(moderates).moderate("a"),
                      () -> m.wrap(paints).generate("a"),
                      () -> m.wrap(paints).generate("a", 2),
                      () -> m.wrap(completes).generate(Prompt.from("a")),
                      () -> m.wrap(hears).transcribeToText(audio(wav(100, 200))),
                      () -> m.wrap(speaks).synthesize("a"))
                  .map(call -> Arguments.of(models, error, call));
            });
  }

  @SuppressWarnings("unchecked")
  private static <T> T cast(Object value) {
    return (T) value;
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> void sneak(Throwable error) throws E {
    throw (E) error;
  }

  @ParameterizedTest
  @MethodSource("failing")
  void failure_isOneErrorWithoutUnits_andTheSameOne(Ledger models, Throwable error, Runnable call) {
    int before = models.events().size();
    assertThatThrownBy(call::run)
        .satisfiesAnyOf(
            thrown -> assertThat(thrown).isSameAs(error),
            thrown -> assertThat(thrown).hasMessage("Operation is not supported"));

    assertThat(models.events()).hasSize(before + 1);
    UsageEvent event = models.events().get(before);
    assertThat(event.outcome()).isEqualTo(Outcome.ERROR);
    assertThat(event.units()).isEmpty();
  }

  @Test
  void wrappedTwice_isRecordedOnceByTheLaterSettings() {
    LanguageModel inner = prompt -> Response.from("text", new TokenUsage(4, 2));
    LanguageModel once = ledger.models.wrap(inner);
    assertThat(ledger.models.wrap(once)).isSameAs(once);

    LanguageModel decorator = prompt -> once.generate(prompt + "!");
    LanguageModel outer = ledger.models.category("rag").wrap(decorator);
    outer.generate("prompt");
    assertThat(ledger.only().attribution().category()).isEqualTo("rag");
    assertThat(TrackedModels.unwrap(once)).isSameAs(inner);
  }

  @Test
  void kinds_joinTheScope() {
    try (var scope = ledger.tracker.scope(Attribution.organization("acme"))) {
      ledger.models.wrap((ScoringModel) new Scores(new TokenUsage(7))).score("a", "b");
      ledger.models.wrap((ModerationModel) new Moderates()).moderate("a");
      assertThat(scope.totalUsage().calls()).isEqualTo(2);
    }
    assertThat(ledger.operations()).isEqualTo(1);
  }
}
