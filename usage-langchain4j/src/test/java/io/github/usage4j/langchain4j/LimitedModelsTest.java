package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.chat;
import static io.github.usage4j.langchain4j.Fakes.script;
import static io.github.usage4j.langchain4j.Fakes.streaming;
import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static io.github.usage4j.langchain4j.Fakes.tools;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.TokenStream;
import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.limit.UsageLimit;
import io.github.usage4j.limit.UsageLimitExceededException;
import io.github.usage4j.limit.UsageLimiter;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageScope;
import io.github.usage4j.track.UsageTracker;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow.Publisher;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Refusals reach the caller in whatever way it gets errors, and stop a loop in the middle. */
@Timeout(120)
class LimitedModelsTest {

  private static final Attribution ADA = Attribution.organization("acme").user("ada");

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final UsageTracker tracker = tracker(UsageLimit.forEachUser().calls(5).perDay());
  private final TrackedModels models = TrackedModels.with(tracker).provider("fake");
  private final ExecutorService provider = Executors.newSingleThreadExecutor();
  private final AtomicInteger reached = new AtomicInteger();

  interface Assistant {
    String chat(String message);
  }

  interface Streamer {
    TokenStream chat(String message);
  }

  private UsageTracker tracker(UsageLimit... limits) {
    return UsageTracker.builder(store)
        .buffer(UsageBuffer.none())
        .clock(() -> Instant.parse("2026-11-21T12:00:00Z"))
        .limits(UsageLimiter.builder(store.limits()).limits(limits).build())
        .build();
  }

  @AfterEach
  void close() {
    provider.shutdownNow();
    tracker.close();
  }

  /** Twenty steps that ask for a tool, and an answer. */
  private static Object[] twentySteps() {
    var steps = new Object[21];
    Arrays.fill(steps, tools(tokens(10, 1), "a"));
    steps[20] = text(tokens(1, 1));
    return steps;
  }

  private void fiveAreRecorded_thenOneIsRefused() {
    List<UsageEvent> events = store.events();
    assertThat(events).extracting(UsageEvent::step).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(events.subList(0, 5)).allMatch(e -> e.outcome() == Outcome.SUCCESS);
    assertThat(events.get(5).outcome()).isEqualTo(Outcome.REFUSED);
    assertThat(events.get(5).tokens().total()).isNull();
    assertThat(events)
        .extracting(UsageEvent::operationId)
        .containsOnly(events.get(0).operationId());
  }

  @Test
  void blockingLoop_stopsInTheMiddle() {
    Assistant assistant =
        AiServices.builder(Assistant.class)
            .chatModel(models.wrap(chat(twentySteps())))
            .tools(new Fakes.Tools())
            .build();
    try (UsageScope scope = tracker.scope(ADA)) {
      assertThatThrownBy(() -> assistant.chat("hi"))
          .isInstanceOf(UsageLimitExceededException.class);
      assertThat(scope.totalUsage().calls()).isEqualTo(5);
      assertThat(scope.totalUsage().tokens().input()).isEqualTo(50);
    }
    fiveAreRecorded_thenOneIsRefused();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void streamingLoop_endsInOnError(boolean onAProviderThread) throws Exception {
    StreamingChatModel model =
        onAProviderThread
            ? streaming(provider, script(twentySteps()))
            : streaming(Runnable::run, script(twentySteps()));
    Streamer streamer =
        AiServices.builder(Streamer.class)
            .streamingChatModel(models.wrap(model))
            .tools(new Fakes.Tools())
            .build();
    var end = new CompletableFuture<Throwable>();
    try (UsageScope scope = tracker.scope(ADA)) {
      streamer
          .chat("hi")
          .onPartialResponse(part -> {})
          .onCompleteResponse(response -> end.complete(null))
          .onError(end::complete)
          .start();
      assertThat(end.get(60, TimeUnit.SECONDS)).isInstanceOf(UsageLimitExceededException.class);
      assertThat(scope.totalUsage().calls()).isEqualTo(5);
    }
    fiveAreRecorded_thenOneIsRefused();
  }

  private void useUp() {
    ChatModel model = models.wrap(chat(request -> text(tokens(1, 1))));
    tracker
        .scope(ADA)
        .run(
            () -> {
              for (int i = 0; i < 5; i++) {
                model.chat("hi");
              }
            });
  }

  private final ChatModel unreachable =
      models.wrap(
          new ChatModel() {
            @Override
            public ChatResponse doChat(ChatRequest request) {
              reached.incrementAndGet();
              return text(tokens(1, 1));
            }

            @Override
            public CompletableFuture<ChatResponse> doChatAsync(ChatRequest request) {
              reached.incrementAndGet();
              return CompletableFuture.completedFuture(text(tokens(1, 1)));
            }
          });

  @Test
  void asyncCall_isAFailedFuture_neverThrown() throws Exception {
    useUp();
    try (UsageScope scope = tracker.scope(ADA)) {
      CompletableFuture<ChatResponse> future =
          unreachable.chatAsync(ChatRequest.builder().messages(UserMessage.from("hi")).build());
      assertThatThrownBy(future::get)
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(UsageLimitExceededException.class);
      assertThat(scope.totalUsage().calls()).isZero();
    }
    assertThat(reached).hasValue(0);
    assertThat(store.events()).hasSize(6);
  }

  @Test
  void asyncLoop_stopsInTheMiddle() {
    var steps = new AtomicInteger();
    Throwable end;
    try (UsageScope scope = tracker.scope(ADA)) {
      end = loop(steps).handle((done, error) -> error).join();
      assertThat(scope.totalUsage().calls()).isEqualTo(5);
    }
    assertThat(end).hasRootCauseInstanceOf(UsageLimitExceededException.class);
    assertThat(steps).hasValue(5);
    fiveAreRecorded_thenOneIsRefused();
  }

  private CompletableFuture<Void> loop(AtomicInteger steps) {
    return unreachable
        .chatAsync(ChatRequest.builder().messages(UserMessage.from("hi")).build())
        .thenCompose(
            answer ->
                steps.incrementAndGet() < 20
                    ? loop(steps)
                    : CompletableFuture.completedFuture(null));
  }

  @Test
  void streamingCall_isToldInOnError_neverThrown() {
    useUp();
    var errors = new ArrayList<Throwable>();
    StreamingChatModel model = models.wrap(streaming(Runnable::run, request -> text(tokens(1, 1))));
    tracker
        .scope(ADA)
        .run(
            () ->
                model.chat(
                    "hi",
                    new StreamingChatResponseHandler() {
                      @Override
                      public void onCompleteResponse(ChatResponse response) {
                        reached.incrementAndGet();
                      }

                      @Override
                      public void onError(Throwable error) {
                        errors.add(error);
                      }
                    }));
    assertThat(errors).hasSize(1);
    assertThat(errors.get(0)).isInstanceOf(UsageLimitExceededException.class);
    assertThat(reached).hasValue(0);
  }

  @Test
  void publisher_tellsItsSubscriber_afterASubscription() {
    useUp();
    var told = new ArrayList<String>();
    StreamingChatModel model =
        models.wrap(
            new StreamingChatModel() {
              @Override
              public Publisher<ChatModelStreamingEvent> doChat(ChatRequest request) {
                return subscriber -> reached.incrementAndGet();
              }
            });
    tracker
        .scope(ADA)
        .run(
            () ->
                model
                    .chat(ChatRequest.builder().messages(UserMessage.from("hi")).build())
                    .subscribe(
                        new Subscriber<ChatModelStreamingEvent>() {
                          @Override
                          public void onSubscribe(Subscription subscription) {
                            told.add("subscription");
                            subscription.request(10);
                          }

                          @Override
                          public void onNext(ChatModelStreamingEvent event) {
                            told.add("event");
                          }

                          @Override
                          public void onError(Throwable error) {
                            told.add(error.getClass().getSimpleName());
                          }

                          @Override
                          public void onComplete() {
                            told.add("complete");
                          }
                        }));
    assertThat(told).containsExactly("subscription", "UsageLimitExceededException");
    assertThat(reached).hasValue(0);
    assertThat(store.events()).hasSize(6);
  }

  @Test
  void otherKinds_areLimitedToo() {
    useUp();
    EmbeddingModel model =
        models.wrap(
            new EmbeddingModel() {
              @Override
              public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
                reached.incrementAndGet();
                return Response.from(List.of());
              }
            });
    tracker
        .scope(ADA)
        .run(
            () ->
                assertThatThrownBy(() -> model.embedAll(List.of(TextSegment.from("x"))))
                    .isInstanceOf(UsageLimitExceededException.class));
    assertThat(reached).hasValue(0);
  }

  @Test
  void modelWrappedTwice_underADecorator_isAskedOnceForEachCall() {
    ChatModel inner = models.wrap(chat(request -> text(tokens(1, 1))));
    ChatModel outer =
        models.wrap(
            new ChatModel() {
              @Override
              public ChatResponse chat(ChatRequest request) {
                return inner.chat(request);
              }
            });
    tracker
        .scope(ADA)
        .run(
            () -> {
              for (int i = 0; i < 5; i++) {
                outer.chat("hi");
              }
              assertThatThrownBy(() -> outer.chat("hi"))
                  .isInstanceOf(UsageLimitExceededException.class);
            });
    assertThat(store.events()).hasSize(6);
    assertThat(store.events().get(5).outcome()).isEqualTo(Outcome.REFUSED);
  }

  @Test
  void tokens_areReservedByTheRequest_beforeTheCall() {
    try (UsageTracker limited =
        tracker(UsageLimit.forEachUser().tokens(1000).perDay().assumedOutput(100))) {
      ChatModel model = TrackedModels.with(limited).wrap(chat(request -> text(tokens(400, 100))));
      limited
          .scope(ADA)
          .run(
              () -> {
                model.chat("x".repeat(2000)); // estimated at 503, and 100 of output
                assertThatThrownBy(() -> model.chat("x".repeat(2000)))
                    .isInstanceOf(UsageLimitExceededException.class);
                model.chat("x".repeat(1500)); // 378 and 100: just fits
              });
    }
  }
}
