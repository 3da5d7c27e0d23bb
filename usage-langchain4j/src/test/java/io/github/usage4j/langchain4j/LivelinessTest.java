package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatModelStreamingEvent;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteResponse;
import dev.langchain4j.model.chat.response.RawStreamingEvent;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import io.github.usage4j.LongestGap;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.EndedOperation;
import io.github.usage4j.track.UsageTracker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow.Publisher;
import java.util.concurrent.Flow.Subscriber;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which calls are given up because nothing is heard of them, and which are only slow. */
@Timeout(120)
class LivelinessTest {

  private static final ChatRequest REQUEST =
      ChatRequest.builder().messages(UserMessage.from("hi")).build();

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final LinkedBlockingQueue<EndedOperation> ended = new LinkedBlockingQueue<>();
  private final AtomicInteger endedTwice = new AtomicInteger();
  private UsageTracker tracker;

  private TrackedModels models(Duration idle) {
    tracker =
        UsageTracker.builder(store)
            .buffer(UsageBuffer.none())
            .streamIdle(idle)
            .onOperation(ended::add)
            .metrics(
                new io.github.usage4j.UsageMetrics() {
                  @Override
                  public void anomaly(Anomaly what) {
                    if (what == Anomaly.ENDED_TWICE) {
                      endedTwice.incrementAndGet();
                    }
                  }
                })
            .build();
    return TrackedModels.with(tracker);
  }

  /** Streams nothing by itself. */
  private static final class Silent implements StreamingChatModel {
    StreamingChatResponseHandler handler;
    Subscriber<? super ChatModelStreamingEvent> subscriber;
    WireExchange exchange;

    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler to) {
      handler = to;
      exchange = WireCapture.begin(Reentry.capture());
      exchange.opened();
    }

    @Override
    public Publisher<ChatModelStreamingEvent> doChat(ChatRequest request) {
      return to -> {
        subscriber = to;
        to.onSubscribe(
            new Subscription() {
              @Override
              public void request(long n) {}

              @Override
              public void cancel() {}
            });
      };
    }
  }

  private static final StreamingChatResponseHandler DEAF =
      new StreamingChatResponseHandler() {
        @Override
        public void onCompleteResponse(ChatResponse response) {}

        @Override
        public void onError(Throwable error) {}
      };

  /** Asks for everything. */
  private static final class Greedy implements Subscriber<ChatModelStreamingEvent> {
    Subscription subscription;

    @Override
    public void onSubscribe(Subscription given) {
      subscription = given;
    }

    @Override
    public void onNext(ChatModelStreamingEvent event) {}

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onComplete() {}
  }

  @Test
  void streamThatGivesASignOfLife_isNotGivenUp_andHasNoFirstToken() throws Exception {
    while (!signsOfLife(Duration.ofSeconds(1))) {
      tracker.close();
      ended.clear();
      store.clear();
      endedTwice.set(0);
    }
  }

  /** False if the machine let this thread wait, and so the streams, for too long. */
  private boolean signsOfLife(Duration idle) {
    TrackedModels models = models(idle);
    var silence = new LongestGap();
    var onTheWire = new Silent();
    var raw = new Silent();
    var published = new Silent();
    var read = new Silent();
    var reader = new Greedy();
    models.wrap(onTheWire).chat(REQUEST, DEAF);
    models.wrap(raw).chat(REQUEST, DEAF);
    models.wrap(published).chat(REQUEST).subscribe(new Greedy());
    models.wrap(read).chat(REQUEST).subscribe(reader);
    models.wrap(new Silent()).chat(REQUEST, DEAF);

    EndedOperation silent = ended.poll();
    while (silent == null) {
      onTheWire.exchange.event("{\"type\":\"ping\"}");
      raw.handler.onUnmappedRawEvent("ping");
      published.subscriber.onNext(RawStreamingEvent.of("ping"));
      reader.subscription.request(1);
      silence.mark();
      silent = ended.poll();
    }
    List<UsageEvent> givenUp = store.events();
    store.clear();
    onTheWire.handler.onCompleteResponse(text(tokens(150, 20)));
    raw.handler.onCompleteResponse(text(tokens(150, 20)));
    published.subscriber.onNext(new CompleteResponse(text(tokens(150, 20))));
    read.subscriber.onNext(new CompleteResponse(text(tokens(150, 20))));
    silence.mark();
    if (!silence.isBelow(idle.dividedBy(2))) {
      return false;
    }

    assertThat(givenUp)
        .extracting(UsageEvent::errorType)
        .containsExactly("java.util.concurrent.TimeoutException");
    assertThat(store.events())
        .extracting(Ledger::figures)
        .containsExactly("150/20", "150/20", "150/20", "150/20");
    assertThat(store.events())
        .extracting(UsageEvent::timeToFirstToken)
        .containsOnly((Duration) null);
    assertThat(endedTwice).hasValue(0);
    return true;
  }

  private static ChatModel answering(CompletableFuture<ChatResponse> source) {
    return new ChatModel() {
      @Override
      public CompletableFuture<ChatResponse> doChatAsync(ChatRequest request) {
        return source;
      }
    };
  }

  @Test
  void futureThatNeverCompletes_isGivenUp_andMayStillAnswerTheHost() throws Exception {
    var source = new CompletableFuture<ChatResponse>();
    CompletableFuture<ChatResponse> result =
        models(Duration.ofMillis(50)).wrap(answering(source)).chatAsync(REQUEST);

    assertThat(ended.poll(60, TimeUnit.SECONDS)).isNotNull();
    assertThat(store.events()).hasSize(1);
    assertThat(store.events().get(0).outcome()).isEqualTo(Outcome.ERROR);
    assertThat(store.events().get(0).errorType())
        .isEqualTo("java.util.concurrent.TimeoutException");
    assertThat(result).isNotDone();
    assertThat(source).isNotDone();

    ChatResponse late = text(tokens(150, 20));
    source.complete(late);

    assertThat(result).isCompletedWithValue(late);
    assertThat(store.events()).hasSize(1);
    assertThat(endedTwice).hasValue(1);
  }

  @Test
  void futureThatIsOpenWhenTheTrackerCloses_isAnEvent() {
    TrackedModels models = models(Duration.ofMinutes(10));
    var result = models.wrap(answering(new CompletableFuture<>())).chatAsync(REQUEST);
    var done = models.wrap(answering(CompletableFuture.completedFuture(text(tokens(1, 1)))));
    assertThat(done.chatAsync(REQUEST)).isCompleted();

    tracker(models).close();

    assertThat(store.events()).extracting(Ledger::figures).contains("1/1").hasSize(2);
    assertThat(result).isNotDone();
  }

  private static UsageTracker tracker(TrackedModels models) {
    return ((Tracked) models.wrap(answering(new CompletableFuture<>()))).settings().tracker();
  }
}
