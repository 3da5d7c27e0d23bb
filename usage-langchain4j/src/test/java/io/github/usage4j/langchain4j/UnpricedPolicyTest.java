package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.chat;
import static io.github.usage4j.langchain4j.Fakes.streaming;
import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.audio.Audio;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.image.Image;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.StreamingResponseHandler;
import dev.langchain4j.model.audio.AudioTranscriptionModel;
import dev.langchain4j.model.audio.AudioTranscriptionResponse;
import dev.langchain4j.model.audio.TextToSpeechModel;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.image.ImageModel;
import dev.langchain4j.model.language.StreamingLanguageModel;
import dev.langchain4j.model.moderation.Moderation;
import dev.langchain4j.model.moderation.ModerationModel;
import dev.langchain4j.model.moderation.ModerationRequest;
import dev.langchain4j.model.moderation.ModerationResponse;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.scoring.ScoringModel;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.pricing.UnpricedModelException;
import io.github.usage4j.pricing.UnpricedPolicy;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageTracker;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow.Publisher;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Calls of models without a price never reach them, and each way of calling is told so its way. */
class UnpricedPolicyTest {

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final AtomicInteger asked = new AtomicInteger();
  private final UsageTracker tracker =
      UsageTracker.builder(store)
          .buffer(UsageBuffer.none())
          .prices(
              PriceCatalog.of(ModelPrice.perMillion("fake", "known", "USD").input("1").output("1")))
          .onUnpriced(UnpricedPolicy.REFUSE)
          .build();
  private final TrackedModels models =
      TrackedModels.with(tracker).provider("fake").category("support");

  private ChatResponse answer(ChatRequest request) {
    asked.incrementAndGet();
    return text(tokens(10, 1));
  }

  private static ChatRequest request(String model) {
    return ChatRequest.builder().messages(UserMessage.from("hi")).modelName(model).build();
  }

  private UsageEvent refused() {
    assertThat(asked).hasValue(0);
    assertThat(store.events()).hasSize(1);
    UsageEvent event = store.events().get(0);
    assertThat(event.outcome()).isEqualTo(Outcome.REFUSED);
    assertThat(event.tokens().isUnknown()).isTrue();
    assertThat(event.attribution().category()).isEqualTo("support");
    return event;
  }

  @Test
  void blocking_isThrown() {
    ChatModel model = models.wrap(chat(this::answer));

    assertThatExceptionOfType(UnpricedModelException.class)
        .isThrownBy(() -> model.chat(request("new")));

    assertThat(refused().requestModel()).isEqualTo("new");
    model.chat(request("known"));
    assertThat(asked).hasValue(1);
    assertThat(store.events().get(1).outcome()).isEqualTo(Outcome.SUCCESS);
  }

  @Test
  void blocking_nameGivenToTheWrapper_counts() {
    models.model("known").wrap(chat(this::answer)).chat("hi");

    assertThat(asked).hasValue(1);
    assertThat(store.events().get(0).requestModel()).isEqualTo("known");
  }

  @Test
  void async_failsTheFuture() {
    ChatModel model =
        models.wrap(
            new ChatModel() {
              @Override
              public CompletableFuture<ChatResponse> doChatAsync(ChatRequest request) {
                return CompletableFuture.completedFuture(answer(request));
              }
            });

    CompletableFuture<ChatResponse> future = model.chatAsync(request("new"));

    assertThat(future).isCompletedExceptionally();
    assertThatThrownBy(future::join).hasCauseInstanceOf(UnpricedModelException.class);
    refused();
  }

  /** Also if its handler throws. */
  @Test
  void streaming_tellsTheHandler_andNeverThrows() {
    var errors = new ArrayList<Throwable>();

    models
        .wrap(streaming(Runnable::run, this::answer))
        .chat(
            request("new"),
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String partial) {
                throw new AssertionError(partial);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                throw new AssertionError(response);
              }

              @Override
              public void onError(Throwable error) {
                errors.add(error);
                throw new IllegalStateException("my handler");
              }
            });

    assertThat(errors).singleElement().isInstanceOf(UnpricedModelException.class);
    assertThat(refused().streaming()).isTrue();
  }

  @Test
  void publisher_tellsTheSubscriber() {
    var told = new ArrayList<String>();
    Publisher<ChatModelStreamingEvent> publisher =
        models.wrap(streaming(Runnable::run, this::answer)).chat(request("new"));
    assertThat(store.events()).isEmpty();

    publisher.subscribe(
        new Subscriber<>() {
          @Override
          public void onSubscribe(Subscription subscription) {
            told.add("subscribed");
            subscription.request(1);
            subscription.cancel();
          }

          @Override
          public void onNext(ChatModelStreamingEvent event) {
            told.add(event.toString());
          }

          @Override
          public void onError(Throwable error) {
            told.add(error.getClass().getSimpleName());
          }

          @Override
          public void onComplete() {
            told.add("complete");
          }
        });

    assertThat(told).containsExactly("subscribed", "UnpricedModelException");
    refused();
  }

  @Test
  void embedding_isThrown() {
    EmbeddingModel model =
        models.wrap(
            new EmbeddingModel() {
              @Override
              public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
                asked.incrementAndGet();
                return Response.from(List.of());
              }

              @Override
              public String modelName() {
                return "new";
              }
            });

    assertThatExceptionOfType(UnpricedModelException.class)
        .isThrownBy(() -> model.embedAll(List.of(TextSegment.from("text"))));
    assertThat(refused().kind()).isEqualTo(UsageEvent.Kind.EMBEDDING);
  }

  @Test
  void scoring_isThrown() {
    ScoringModel model =
        models.wrap(
            (ScoringModel)
                (segments, query) -> {
                  asked.incrementAndGet();
                  return Response.from(List.of());
                });

    assertThatExceptionOfType(UnpricedModelException.class)
        .isThrownBy(() -> model.score("text", "query"));
    assertThat(refused().kind()).isEqualTo(UsageEvent.Kind.RERANK);
  }

  @Test
  void image_isThrown() {
    ImageModel model =
        models.wrap(
            (ImageModel)
                prompt -> {
                  asked.incrementAndGet();
                  return Response.from(Image.builder().url("http://localhost/1").build());
                });

    assertThatExceptionOfType(UnpricedModelException.class).isThrownBy(() -> model.generate("a"));
    assertThat(refused().kind()).isEqualTo(UsageEvent.Kind.IMAGE);
  }

  @Test
  void moderation_isThrown() {
    ModerationModel model =
        models.wrap(
            new ModerationModel() {
              @Override
              public ModerationResponse doModerate(ModerationRequest request) {
                asked.incrementAndGet();
                return ModerationResponse.builder().moderation(Moderation.notFlagged()).build();
              }
            });

    assertThatExceptionOfType(UnpricedModelException.class).isThrownBy(() -> model.moderate("a"));
    assertThat(refused().kind()).isEqualTo(UsageEvent.Kind.MODERATION);
  }

  @Test
  void transcription_isThrown() {
    AudioTranscriptionModel model =
        models.wrap(
            (AudioTranscriptionModel)
                request -> {
                  asked.incrementAndGet();
                  return AudioTranscriptionResponse.from("a");
                });
    var audio = Audio.builder().binaryData(new byte[] {1}).mimeType("audio/wav").build();

    assertThatExceptionOfType(UnpricedModelException.class)
        .isThrownBy(() -> model.transcribeToText(audio));
    assertThat(refused().kind()).isEqualTo(UsageEvent.Kind.TRANSCRIPTION);
  }

  @Test
  void speech_isThrown() {
    TextToSpeechModel model =
        models.wrap(
            (TextToSpeechModel)
                request -> {
                  asked.incrementAndGet();
                  throw new AssertionError(request);
                });

    assertThatExceptionOfType(UnpricedModelException.class).isThrownBy(() -> model.synthesize("a"));
    assertThat(refused().kind()).isEqualTo(UsageEvent.Kind.SPEECH);
  }

  @Test
  void streamingLanguage_tellsTheHandler() {
    var errors = new ArrayList<Throwable>();
    StreamingLanguageModel model =
        models.wrap(
            new StreamingLanguageModel() {
              @Override
              public void generate(String prompt, StreamingResponseHandler<String> handler) {
                asked.incrementAndGet();
              }
            });

    model.generate(
        "hi",
        new StreamingResponseHandler<>() {
          @Override
          public void onNext(String token) {}

          @Override
          public void onError(Throwable error) {
            errors.add(error);
          }
        });

    assertThat(errors).singleElement().isInstanceOf(UnpricedModelException.class);
    assertThat(refused().kind()).isEqualTo(UsageEvent.Kind.COMPLETION);
  }

  /** The model inside is refused; the one around it made no call either. */
  @Test
  void insideATrackedDecorator_isOneRefusedCall() {
    ChatModel inner = models.wrap(chat(this::answer));
    ChatModel outer =
        models
            .model("known")
            .wrap(chat(request -> inner.chat(request.toBuilder().modelName("new").build())));

    assertThatExceptionOfType(UnpricedModelException.class).isThrownBy(() -> outer.chat("hi"));

    assertThat(refused().requestModel()).isEqualTo("new");
  }
}
