package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelRequestContext;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.moderation.Moderation;
import dev.langchain4j.model.moderation.ModerationModel;
import dev.langchain4j.model.moderation.ModerationRequest;
import dev.langchain4j.model.moderation.ModerationResponse;
import dev.langchain4j.model.moderation.listener.ModerationModelListener;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.scoring.ScoringModel;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageTracker;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow.Publisher;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.Future;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Bare calls are reported, tracked ones never. */
@Timeout(120)
class UsageGuardTest {

  private final Queue<Anomaly> anomalies = new ConcurrentLinkedQueue<>();
  private final UsageTracker tracker = tracker();
  private final TrackedModels models = TrackedModels.with(tracker);
  private final UsageGuard guard = UsageGuard.of(tracker);

  private UsageTracker tracker() {
    return UsageTracker.builder(new InMemoryUsageStore())
        .buffer(UsageBuffer.none())
        .metrics(
            new UsageMetrics() {
              @Override
              public void anomaly(Anomaly what) {
                anomalies.add(what);
              }
            })
        .build();
  }

  private void assertUntracked(int times) {
    assertThat(anomalies).hasSize(times).allMatch(what -> what == Anomaly.UNTRACKED_CALL);
  }

  /** Guarded, blocking and asynchronous. */
  private static ChatModel chat(ChatModelListener guard, Executor later) {
    return new ChatModel() {
      @Override
      public ChatResponse doChat(ChatRequest request) {
        return text(tokens(1, 1));
      }

      @Override
      public CompletableFuture<ChatResponse> doChatAsync(ChatRequest request) {
        return CompletableFuture.supplyAsync(() -> text(tokens(1, 1)), later);
      }

      @Override
      public List<ChatModelListener> listeners() {
        return List.of(guard);
      }
    };
  }

  /** Guarded, with a handler and as a publisher. */
  private static StreamingChatModel stream(ChatModelListener guard, Executor later) {
    StreamingChatModel inner = Fakes.streaming(later, request -> text(tokens(1, 1)));
    return new StreamingChatModel() {
      @Override
      public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        inner.doChat(request, handler);
      }

      @Override
      public Publisher<ChatModelStreamingEvent> doChat(ChatRequest request) {
        return subscriber -> {
          var publisher = new SubmissionPublisher<ChatModelStreamingEvent>(later, 8);
          publisher.subscribe(subscriber);
          publisher.submit(new CompleteResponse(text(tokens(1, 1))));
          publisher.close();
        };
      }

      @Override
      public List<ChatModelListener> listeners() {
        return List.of(guard);
      }
    };
  }

  private static ChatRequest request() {
    return ChatRequest.builder().messages(UserMessage.from("hi")).modelName("bare-1").build();
  }

  private static StreamingChatResponseHandler atEnd(Runnable task) {
    return new StreamingChatResponseHandler() {
      @Override
      public void onCompleteResponse(ChatResponse response) {
        task.run();
      }

      @Override
      public void onError(Throwable error) {
        task.run();
      }
    };
  }

  private static void drain(Publisher<ChatModelStreamingEvent> publisher) throws Exception {
    var end = new CountDownLatch(1);
    publisher.subscribe(
        new Subscriber<>() {
          @Override
          public void onSubscribe(Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
          }

          @Override
          public void onNext(ChatModelStreamingEvent event) {}

          @Override
          public void onError(Throwable error) {
            end.countDown();
          }

          @Override
          public void onComplete() {
            end.countDown();
          }
        });
    assertThat(end.await(60, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void bareCalls_areReportedEachTime() throws Exception {
    ChatModel bare = chat(guard, Runnable::run);
    StreamingChatModel stream = stream(guard, Runnable::run);
    assertThat(bare.chat("hi")).isEqualTo("done");
    bare.chatAsync(request()).join();
    stream.chat(request(), atEnd(() -> {}));
    drain(stream.chat(request()));

    assertUntracked(4);
  }

  @Test
  void trackedCalls_areNot() throws Exception {
    ChatModel chat = models.wrap(chat(guard, Runnable::run));
    StreamingChatModel stream = models.wrap(stream(guard, Runnable::run));
    chat.chat("hi");
    chat.chatAsync(request()).join();
    stream.chat(request(), atEnd(() -> {}));
    drain(stream.chat(request()));

    assertUntracked(0);
  }

  @Test
  void trackedCallThroughADecoratorThatChangesTheRequest_isNot() {
    ChatModel bare = chat(guard, Runnable::run);
    ChatModel decorator =
        new ChatModel() {
          @Override
          public ChatResponse chat(ChatRequest request) {
            return bare.chat(List.of(UserMessage.from("something else")));
          }
        };
    models.wrap(decorator).chat("hi");

    assertUntracked(0);
  }

  @Test
  void trackedByTwoTrackers_isNotReportedByEither() {
    UsageTracker other = tracker();
    var both = new ArrayList<ChatModelListener>(List.of(guard, UsageGuard.of(other)));
    ChatModel model =
        TrackedModels.with(other)
            .wrap(
                models.wrap(
                    new ChatModel() {
                      @Override
                      public ChatResponse doChat(ChatRequest request) {
                        return text(tokens(1, 1));
                      }

                      @Override
                      public List<ChatModelListener> listeners() {
                        return both;
                      }
                    }));
    model.chat("hi");

    assertUntracked(0);
  }

  @Test
  void trackedByAnotherTrackerOnly_isReported() {
    TrackedModels.with(tracker()).wrap(chat(guard, Runnable::run)).chat("hi");
    assertUntracked(1);
  }

  @Test
  void bareCallInsideACallback_isReported() {
    ChatModel bare = chat(guard, Runnable::run);
    models
        .wrap(stream(guard, Runnable::run))
        .chat(request(), atEnd(() -> bare.chat("in the callback")));
    assertUntracked(1);
  }

  @Test
  void bareChatInsideATrackedModelOfAnotherKind_isReported() {
    ChatModel bare = chat(guard, Runnable::run);
    ScoringModel judge =
        (segments, query) -> {
          bare.chat("how well does it fit?");
          return Response.from(List.of(0.5));
        };
    models.wrap(judge).score("text", "query");
    assertUntracked(1);
  }

  @Test
  void afterATrackedCall_aBareOneOnTheSameThreadIsReported() {
    ChatModel bare = chat(guard, Runnable::run);
    ChatRequest request = request();
    models.wrap(bare).chat(request);
    assertUntracked(0);
    bare.chat(request);
    assertUntracked(1);
  }

  @Test
  void suspendedCalls_areTracked() {
    tracker.suspended().run(() -> models.wrap(chat(guard, Runnable::run)).chat("hi"));
    assertUntracked(0);
  }

  @Test
  void embeddingsAndModeration_areGuardedToo() {
    EmbeddingModel embeds = new EmbeddingModelTest.Fake().addListener(guard);
    ModerationModel moderates =
        new ModerationModel() {
          @Override
          public ModerationResponse doModerate(ModerationRequest request) {
            return ModerationResponse.builder().moderation(Moderation.notFlagged()).build();
          }

          @Override
          public List<ModerationModelListener> listeners() {
            return List.of(guard);
          }
        };
    models.wrap(embeds).embed("one");
    models.wrap(moderates).moderate("one");
    assertUntracked(0);

    embeds.embed("one");
    moderates.moderate("one");
    assertUntracked(2);
  }

  @Test
  void contextThatCannotBeRead_changesNothing() {
    guard.onRequest(
        new ChatModelRequestContext(request(), null, new java.util.HashMap<>()) {
          @Override
          public ChatRequest chatRequest() {
            throw new IllegalStateException("context");
          }
        });
    assertUntracked(1);
  }

  @Test
  void trackedCallOnAWrappedExecutor_isNot() {
    ChatModel bare = chat(guard, Runnable::run);
    var pool = Executors.newSingleThreadExecutor();
    Executor wrapped = tracker.wrap((Executor) pool);
    ChatModel decorator =
        new ChatModel() {
          @Override
          public ChatResponse chat(ChatRequest request) {
            return CompletableFuture.supplyAsync(() -> bare.chat(request), wrapped).join();
          }
        };
    models.wrap(decorator).chat("hi");
    assertUntracked(0);

    CompletableFuture.supplyAsync(() -> bare.chat("bare"), wrapped).join();
    assertUntracked(1);
    pool.shutdown();
  }

  @Test
  void manyAtOnce_areToldApart() throws Exception {
    var pool = Executors.newFixedThreadPool(8);
    var providers = Executors.newFixedThreadPool(4);
    ChatModel bare = chat(guard, providers);
    ChatModel chat = models.wrap(bare);
    StreamingChatModel stream = models.wrap(stream(guard, providers));
    var running = new ArrayList<Future<?>>();
    for (int i = 0; i < 800; i++) {
      int turn = i;
      running.add(
          pool.submit(
              () -> {
                switch (turn % 4) {
                  case 0 -> chat.chat("hi");
                  case 1 -> chat.chatAsync(request()).thenRun(() -> chat.chat("next")).join();
                  case 2 -> {
                    var end = new CompletableFuture<Void>();
                    stream.chat(
                        request(),
                        atEnd(
                            () -> {
                              chat.chat("in the callback");
                              end.complete(null);
                            }));
                    end.join();
                  }
                  default -> bare.chat("bare");
                }
              }));
    }
    for (Future<?> task : running) {
      task.get(60, TimeUnit.SECONDS);
    }
    pool.shutdown();
    providers.shutdown();

    assertUntracked(200);
  }
}
