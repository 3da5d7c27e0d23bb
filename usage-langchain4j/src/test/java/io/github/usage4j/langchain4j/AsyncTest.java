package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Flow.Publisher;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import org.junit.jupiter.api.Test;

/** Calls that answer later. */
class AsyncTest {

  private final Ledger ledger = new Ledger();
  private final CompletableFuture<ChatResponse> source = new CompletableFuture<>();

  private final ChatModel chat =
      ledger.models.wrap(
          new ChatModel() {
            @Override
            public CompletableFuture<ChatResponse> doChatAsync(ChatRequest request) {
              return source;
            }
          });

  @Test
  void future_completedElsewhere_isRecordedBeforeWhoWaitsForIt() throws Exception {
    var seen = new ArrayList<String>();
    CompletableFuture<String> result;
    try (var scope = ledger.acme()) {
      result = chat.chatAsync("hi");
    }
    var dependent = result.thenAccept(text -> seen.addAll(ledger.figures()));
    assertThat(ledger.events()).isEmpty();

    var thread = new Thread(() -> source.complete(text(tokens(10, 1))));
    thread.start();
    thread.join();

    assertThat(dependent).isCompleted();
    assertThat(result).isCompletedWithValue("done");
    assertThat(seen).containsExactly("10/1");
    assertThat(ledger.only().attribution().organization()).isEqualTo("acme");
  }

  @Test
  void future_cancelled_cancelsTheModelAndIsOneCancelledCall() {
    CompletableFuture<ChatResponse> result = chat.chatAsync(request());

    result.cancel(true);

    assertThat(source).isCancelled();
    assertThat(result).isCancelled();
    assertThat(ledger.figures()).containsExactly("null/null CANCELLED");
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void future_failed_failsAlike() {
    CompletableFuture<ChatResponse> result = chat.chatAsync(request());
    var failure = new IllegalStateException("boom");

    source.completeExceptionally(failure);

    assertThatThrownBy(result::join).isInstanceOf(CompletionException.class).hasCause(failure);
    assertThat(ledger.only().outcome()).isEqualTo(Outcome.ERROR);
    assertThat(ledger.only().errorType()).isEqualTo(IllegalStateException.class.getName());
  }

  @Test
  void stepInACompletion_joinsTheOperation() {
    var next = new CompletableFuture<ChatResponse>();
    var sources = new java.util.ArrayDeque<>(List.of(source, next));
    ChatModel model =
        ledger.models.wrap(
            new ChatModel() {
              @Override
              public CompletableFuture<ChatResponse> doChatAsync(ChatRequest request) {
                return sources.remove();
              }
            });
    var second = model.chatAsync("one").thenCompose(answer -> model.chatAsync("two"));

    source.complete(text(tokens(10, 1)));
    next.complete(text(tokens(20, 2)));

    assertThat(second).isCompleted();
    assertThat(ledger.figures()).containsExactly("10/1", "20/2");
    assertThat(ledger.operations()).isEqualTo(1);
  }

  private static ChatRequest request() {
    return ChatRequest.builder()
        .messages(dev.langchain4j.data.message.UserMessage.from("hi"))
        .build();
  }

  /** Sends a piece and perhaps the answer, when it is asked for more. */
  private StreamingChatModel publishing(boolean answers) {
    return ledger.models.wrap(
        new StreamingChatModel() {
          @Override
          public Publisher<ChatModelStreamingEvent> doChat(ChatRequest request) {
            return subscriber ->
                subscriber.onSubscribe(
                    new Subscription() {
                      private boolean stopped;
                      private boolean begun;

                      @Override
                      public void request(long n) {
                        if (begun) {
                          return;
                        }
                        begun = true;
                        subscriber.onNext(new PartialResponse("piece"));
                        if (answers && !stopped) {
                          subscriber.onNext(new CompleteResponse(text(tokens(10, 1))));
                          subscriber.onComplete();
                        }
                      }

                      @Override
                      public void cancel() {
                        stopped = true;
                      }
                    });
          }
        });
  }

  private static final class Collecting<T> implements Subscriber<T> {
    final List<Object> got = new ArrayList<>();
    private final boolean cancels;
    private Subscription subscription;

    Collecting(boolean cancels) {
      this.cancels = cancels;
    }

    @Override
    public void onSubscribe(Subscription s) {
      subscription = s;
      s.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(T event) {
      got.add(event.getClass().getSimpleName());
      if (cancels) {
        subscription.cancel();
      }
    }

    @Override
    public void onError(Throwable error) {
      got.add(error);
    }

    @Override
    public void onComplete() {
      got.add("end");
    }
  }

  @Test
  void publisher_isOneCallForEachSubscription() {
    Publisher<ChatModelStreamingEvent> publisher = publishing(true).chat(request());
    assertThat(ledger.events()).isEmpty();

    var first = new Collecting<ChatModelStreamingEvent>(false);
    publisher.subscribe(first);
    assertThat(first.got).containsExactly("PartialResponse", "CompleteResponse", "end");
    assertThat(ledger.figures()).containsExactly("10/1");

    publisher.subscribe(new Collecting<>(false));
    assertThat(ledger.figures()).containsExactly("10/1", "10/1");
    assertThat(ledger.operations()).isEqualTo(2);
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void publisherOfText_isRecordedToo() {
    var subscriber = new Collecting<String>(false);
    publishing(true).chat("hi").subscribe(subscriber);

    assertThat(subscriber.got).containsExactly("String", "end");
    assertThat(ledger.figures()).containsExactly("10/1");
  }

  @Test
  void publisher_cancelled_isOneCancelledCall() {
    publishing(true).chat(request()).subscribe(new Collecting<>(true));

    assertThat(ledger.figures()).containsExactly("4/2 CANCELLED");
    assertThat(ledger.only().quality()).isEqualTo(UsageEvent.Quality.ESTIMATED);
    assertThat(ledger.anomalies).hasValue(0);
  }

  @Test
  void publisher_whoseSubscriberThrows_isHeldAndAnsweredIfItGoesOn() {
    var broken = new IllegalStateException("thrown by the subscriber");
    for (boolean goesOn : List.of(false, true)) {
      var ledger = new Ledger();
      StreamingChatModel model =
          ledger.models.wrap(
              new StreamingChatModel() {
                @Override
                public Publisher<ChatModelStreamingEvent> doChat(ChatRequest request) {
                  return subscriber -> {
                    assertThatThrownBy(() -> subscriber.onNext(new PartialResponse("piece")))
                        .isSameAs(broken);
                    if (goesOn) {
                      assertThatThrownBy(
                              () -> subscriber.onNext(new CompleteResponse(text(tokens(10, 1)))))
                          .isSameAs(broken);
                    }
                  };
                }
              });
      model
          .chat(request())
          .subscribe(
              new Subscriber<>() {
                @Override
                public void onSubscribe(Subscription s) {}

                @Override
                public void onNext(ChatModelStreamingEvent event) {
                  throw broken;
                }

                @Override
                public void onError(Throwable error) {}

                @Override
                public void onComplete() {}
              });
      ledger.tracker.close();
      if (goesOn) {
        assertThat(ledger.figures()).containsExactly("10/1");
      } else {
        assertThat(ledger.figures()).containsExactly("4/2 ERROR");
        assertThat(ledger.only().errorType()).isEqualTo(IllegalStateException.class.getName());
      }
    }
  }

  @Test
  void publisher_subscribedAfterItsScope_belongsToIt() {
    Publisher<ChatModelStreamingEvent> publisher;
    try (var scope = ledger.acme()) {
      publisher = publishing(true).chat(request());
    }
    publisher.subscribe(new Collecting<>(false));

    UsageEvent event = ledger.only();
    assertThat(event.attribution().organization()).isEqualTo("acme");
  }

  @Test
  void publisher_madeByNobody_belongsToWhoSubscribes() {
    Publisher<ChatModelStreamingEvent> publisher = publishing(true).chat(request());
    try (var scope = ledger.acme()) {
      publisher.subscribe(new Collecting<>(false));
    }
    assertThat(ledger.only().attribution().organization()).isEqualTo("acme");
  }

  @Test
  void modelWithoutAsync_failsAsItWouldUnwrapped() {
    ChatModel model = ledger.models.wrap(Fakes.chat(text(tokens(1, 1))));

    assertThat(model.chatAsync("hi")).isCompletedExceptionally();
    assertThat(ledger.figures()).containsExactly("null/null ERROR");
  }
}
