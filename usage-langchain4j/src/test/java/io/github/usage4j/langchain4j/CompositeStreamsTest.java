package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.script;
import static io.github.usage4j.langchain4j.Fakes.streaming;
import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow.Publisher;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Decorators of the host's that are tracked, with tracked models inside: streams. */
@Timeout(120)
class CompositeStreamsTest {

  private static final RuntimeException REFUSED = new IllegalStateException("refused");

  private final Ledger ledger = new Ledger();
  private final TrackedModels outside = ledger.models.provider("outside");
  private final TrackedModels a = ledger.models.provider("a");
  private final TrackedModels b = ledger.models.provider("b");
  private final ExecutorService pool = Executors.newFixedThreadPool(2);

  @AfterEach
  void nothingElse() {
    pool.shutdownNow();
    assertThat(ledger.anomalies).hasValue(0);
  }

  private List<String> calls() {
    return ledger.calls();
  }

  /** Asks the next model for every error, on the thread that brings it, or on this executor. */
  private static StreamingChatModel retrying(Executor on, StreamingChatModel... models) {
    return new StreamingChatModel() {
      @Override
      public void chat(ChatRequest request, StreamingChatResponseHandler handler) {
        attempt(request, handler, 0);
      }

      private void attempt(ChatRequest request, StreamingChatResponseHandler handler, int nth) {
        models[nth].chat(
            request,
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String piece) {
                handler.onPartialResponse(piece);
              }

              @Override
              public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
                handler.onPartialResponse(piece, context);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                handler.onCompleteResponse(response);
              }

              @Override
              public void onError(Throwable error) {
                if (nth + 1 < models.length) {
                  on.execute(() -> attempt(request, handler, nth + 1));
                } else {
                  handler.onError(error);
                }
              }
            });
      }
    };
  }

  private static String finish(StreamingChatModel model) throws Exception {
    var end = new CompletableFuture<String>();
    model.chat(
        "hi",
        new StreamingChatResponseHandler() {
          @Override
          public void onPartialResponse(String piece) {}

          @Override
          public void onCompleteResponse(ChatResponse response) {
            end.complete("complete");
          }

          @Override
          public void onError(Throwable error) {
            end.complete("error");
          }
        });
    return end.get(60, TimeUnit.SECONDS);
  }

  private StreamingChatModel answering(Object... answers) {
    return streaming(pool, script(answers));
  }

  @Test
  void streamInsideADecorator_isTheModelThatStreams() throws Exception {
    StreamingChatModel inner = a.wrap(answering(text(tokens(10, 1))));
    assertThat(finish(outside.wrap(retrying(Runnable::run, inner)))).isEqualTo("complete");

    assertThat(calls()).containsExactly("1 a 10/1");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void retryFromOnError_isOneEventForEachAttempt(boolean callersThread) throws Exception {
    Executor on = callersThread ? Runnable::run : pool;
    StreamingChatModel first =
        a.wrap(streaming(on, script(REFUSED, new IllegalStateException("again"))));
    StreamingChatModel second = b.wrap(streaming(on, script(text(tokens(20, 2)))));
    String end = finish(outside.wrap(retrying(Runnable::run, first, first, second)));
    ledger.tracker.close(); // errors that an answer may follow are held until then

    assertThat(end).isEqualTo("complete");
    assertThat(calls())
        .containsExactlyInAnyOrder("1 a null/null ERROR", "2 a null/null ERROR", "3 b 20/2");
    assertThat(ledger.operations()).isEqualTo(1);
  }

  @Test
  void retryFromOnError_onAWrappedExecutor_isOneEventForEachAttempt() throws Exception {
    StreamingChatModel first = a.wrap(answering(REFUSED));
    StreamingChatModel second = b.wrap(answering(text(tokens(20, 2))));
    Executor wrapped = ledger.tracker.wrap((Executor) pool);
    String end = finish(outside.wrap(retrying(wrapped, first, second)));
    ledger.tracker.close();

    assertThat(end).isEqualTo("complete");
    assertThat(calls()).containsExactlyInAnyOrder("1 a null/null ERROR", "2 b 20/2");
  }

  @Test
  void attemptsThatAllFail_areErrors_andTheDecoratorIsNone() throws Exception {
    StreamingChatModel first = a.wrap(answering(REFUSED));
    StreamingChatModel second = b.wrap(answering(REFUSED));
    String end = finish(outside.wrap(retrying(Runnable::run, first, second)));
    ledger.tracker.close();

    assertThat(end).isEqualTo("error");
    assertThat(calls()).containsExactlyInAnyOrder("1 a null/null ERROR", "2 b null/null ERROR");
  }

  @Test
  void retryByTheHost_fromOnErrorOfTheOuter_isACallOfItsOwn() throws Exception {
    StreamingChatModel inner = a.wrap(answering(REFUSED, text(tokens(20, 2))));
    StreamingChatModel outer = outside.wrap(retrying(Runnable::run, inner));
    String end = finish(retrying(Runnable::run, outer, outer));
    ledger.tracker.close();

    assertThat(end).isEqualTo("complete");
    assertThat(calls()).containsExactlyInAnyOrder("1 a null/null ERROR", "2 a 20/2");
  }

  @Test
  void errorThenAnswer_isOneSuccessOfTheInner() {
    StreamingChatModel source =
        new StreamingChatModel() {
          @Override
          public void chat(ChatRequest request, StreamingChatResponseHandler handler) {
            handler.onPartialResponse("a");
            handler.onError(REFUSED); // a piece that could not be read
            handler.onPartialResponse("b");
            handler.onCompleteResponse(text(tokens(10, 1)));
          }
        };
    var seen = new java.util.ArrayList<String>();
    outside
        .wrap(retrying(Runnable::run, a.wrap(source)))
        .chat(
            "hi",
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String piece) {
                seen.add(piece);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                seen.add("complete");
              }

              @Override
              public void onError(Throwable error) {
                seen.add("error");
              }
            });

    assertThat(seen).containsExactly("a", "error", "b", "complete");
    assertThat(calls()).containsExactly("1 a 10/1");
  }

  @Test
  void cancelledOutside_isOneCancelledCall_ofTheInner() {
    StreamingChatModel source =
        new StreamingChatModel() {
          @Override
          public void chat(ChatRequest request, StreamingChatResponseHandler handler) {
            var handle =
                new StreamingHandle() {
                  private boolean cancelled;

                  @Override
                  public void cancel() {
                    cancelled = true;
                  }

                  @Override
                  public boolean isCancelled() {
                    return cancelled;
                  }
                };
            handler.onPartialResponse(
                new PartialResponse("four"), new PartialResponseContext(handle));
          }
        };
    outside
        .wrap(retrying(Runnable::run, a.wrap(source)))
        .chat(
            "hi",
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
                context.streamingHandle().cancel();
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {}

              @Override
              public void onError(Throwable error) {}
            });

    assertThat(ledger.only().provider()).isEqualTo("a");
    assertThat(Ledger.figures(ledger.only())).endsWith("/1 CANCELLED");
  }

  @Test
  void streamThatIsNeverHeardOf_isGivenUpOnce() {
    StreamingChatModel silent =
        new StreamingChatModel() {
          @Override
          public void chat(ChatRequest request, StreamingChatResponseHandler handler) {}
        };
    outside
        .wrap(retrying(Runnable::run, a.wrap(silent)))
        .chat(
            "hi",
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String piece) {}

              @Override
              public void onCompleteResponse(ChatResponse response) {}

              @Override
              public void onError(Throwable error) {}
            });
    ledger.tracker.close();

    assertThat(calls()).containsExactly("1 a null/null ERROR");
  }

  // Publishers

  private static StreamingChatModel publishing(Object... answers) {
    Queue<Object> left = new ArrayDeque<>(List.of(answers));
    return new StreamingChatModel() {
      @Override
      public Publisher<ChatModelStreamingEvent> chat(ChatRequest request) {
        return subscriber ->
            subscriber.onSubscribe(
                new Subscription() {
                  @Override
                  public void request(long n) {
                    Object next = left.remove();
                    if (next instanceof Throwable error) {
                      subscriber.onError(error);
                    } else {
                      subscriber.onNext(new CompleteResponse((ChatResponse) next));
                      subscriber.onComplete();
                    }
                  }

                  @Override
                  public void cancel() {}
                });
      }
    };
  }

  /** Subscribes again for an error, as reactive libraries do. */
  private static StreamingChatModel resubscribing(StreamingChatModel model) {
    return new StreamingChatModel() {
      @Override
      public Publisher<ChatModelStreamingEvent> chat(ChatRequest request) {
        Publisher<ChatModelStreamingEvent> source = model.chat(request);
        return subscriber -> source.subscribe(new Again(source, subscriber));
      }
    };
  }

  private record Again(
      Publisher<ChatModelStreamingEvent> source, Subscriber<? super ChatModelStreamingEvent> to)
      implements Subscriber<ChatModelStreamingEvent> {
    @Override
    public void onSubscribe(Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(ChatModelStreamingEvent event) {
      to.onNext(event);
    }

    @Override
    public void onError(Throwable error) {
      source.subscribe(this);
    }

    @Override
    public void onComplete() {
      to.onComplete();
    }
  }

  @Test
  void publisher_subscribedAgainInside_isOneEventForEachSubscription() {
    StreamingChatModel inner = a.wrap(publishing(REFUSED, text(tokens(20, 2))));
    ChatRequest request = ChatRequest.builder().messages(UserMessage.from("hi")).build();
    var seen = new java.util.ArrayList<Object>();
    try (var scope = ledger.acme()) {
      var made = outside.wrap(resubscribing(inner)).chat(request);
      assertThat(ledger.events()).isEmpty();
      collect(made, seen);
    }

    assertThat(seen).hasSize(2).endsWith("complete");
    assertThat(calls()).containsExactly("1 a null/null ERROR", "2 a 20/2");
    assertThat(ledger.events())
        .extracting(event -> event.attribution().organization())
        .containsOnly("acme");
  }

  private static void collect(Publisher<ChatModelStreamingEvent> made, List<Object> seen) {
    made.subscribe(
        new Subscriber<>() {
          @Override
          public void onSubscribe(Subscription subscription) {}

          @Override
          public void onNext(ChatModelStreamingEvent event) {
            seen.add(event);
          }

          @Override
          public void onError(Throwable error) {
            seen.add(error);
          }

          @Override
          public void onComplete() {
            seen.add("complete");
          }
        });
  }
}
