package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.chat;
import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.HttpException;
import dev.langchain4j.model.TokenCountEstimator;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import io.github.usage4j.LongestGap;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageTracker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is recorded where a provider states nothing, and streams that never end. */
@Timeout(120)
class EstimateTest {

  private final Ledger ledger = new Ledger();

  /** Counts words. */
  private static final class Words implements TokenCountEstimator {
    private final boolean broken;

    Words(boolean broken) {
      this.broken = broken;
    }

    @Override
    public int estimateTokenCountInText(String text) {
      if (broken) {
        throw new IllegalStateException("estimator");
      }
      return text.split(" ", -1).length;
    }

    @Override
    public int estimateTokenCountInMessage(ChatMessage message) {
      return estimateTokenCountInText(message.toString());
    }

    @Override
    public int estimateTokenCountInMessages(Iterable<ChatMessage> messages) {
      return broken ? -1 : 42;
    }
  }

  /** Says some pieces and then what it is told to. */
  private static StreamingChatModel saying(Runnable then, String... pieces) {
    return new StreamingChatModel() {
      @Override
      public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        for (String piece : pieces) {
          handler.onPartialResponse(piece);
        }
        then.run();
      }
    };
  }

  private static final StreamingChatResponseHandler DEAF =
      new StreamingChatResponseHandler() {
        @Override
        public void onCompleteResponse(ChatResponse response) {}

        @Override
        public void onError(Throwable error) {}
      };

  @Test
  void silentAnswer_isMissing_unlessThereIsAnEstimator() {
    ledger.models.wrap(chat(text(null))).chat("one two three");
    ledger.models.estimator(new Words(false)).wrap(chat(text(null))).chat("one two three");
    ledger.models.estimator(new Words(false)).wrap(chat(text(tokens(5, 6)))).chat("one");

    assertThat(ledger.events())
        .extracting(event -> event.quality())
        .containsExactly(Quality.MISSING, Quality.ESTIMATED, Quality.REPORTED);
    assertThat(ledger.events().get(1).tokens().input()).isEqualTo(42);
    assertThat(ledger.events().get(1).tokens().output()).isPositive();
    assertThat(ledger.figures().get(2)).isEqualTo("5/6");
  }

  @Test
  void failingEstimator_isCounted_andTheRuleOfThumbIsUsed() {
    var response = ledger.models.estimator(new Words(true)).wrap(chat(text(null))).chat("12345678");

    assertThat(response).isNotNull();
    assertThat(ledger.only().quality()).isEqualTo(Quality.ESTIMATED);
    assertThat(ledger.only().tokens().input()).isEqualTo(2 + 3);
    assertThat(ledger.anomalies).hasValue(2);
  }

  @Test
  void ruleOfThumb_countsBytesOfUtf8_andEveryMessage() {
    var estimate = new Estimate(Settings.of(ledger.tracker));
    assertThat(estimate.input(List.of(UserMessage.from("abcd"), SystemMessage.from("abcde"))))
        .isEqualTo(1 + 3 + 2 + 3);
    assertThat(estimate.input(List.of(AiMessage.from("\uD83D\uDE00\u00E9\u20AC")))) // 4 + 2 + 3
        .isEqualTo(3 + 3);
    estimate.arrived("abcdefghi");
    assertThat(estimate.completed(TokenCounts.of(175, 1).cacheRead(50), List.of()))
        .isEqualTo(TokenCounts.of(175, 3).cacheRead(50));
    assertThat(estimate.completed(TokenCounts.of(175, 90), List.of()).output()).isEqualTo(90);
  }

  @Test
  void streamOfWhichNothingIsHeard_isGivenUp_withWhatHadArrived() throws Exception {
    Duration idle = Duration.ofMillis(100);
    while (!givenUp(idle)) {
      idle = idle.multipliedBy(2);
    }
  }

  /** False if the machine let this thread wait for too long before all had arrived. */
  private static boolean givenUp(Duration idle) throws Exception {
    var ended = new LinkedBlockingQueue<Object>();
    var store = new InMemoryUsageStore();
    UsageTracker impatient =
        UsageTracker.builder(store)
            .buffer(UsageBuffer.none())
            .streamIdle(idle)
            .onOperation(ended::add)
            .build();
    TrackedModels models = TrackedModels.with(impatient);
    var silence = new LongestGap();
    models.wrap(saying(() -> {}, "abcd", "efgh")).chat("hi", DEAF);
    silence.mark();
    if (!silence.isBelow(idle.dividedBy(2))) {
      return false;
    }

    assertThat(ended.poll(60, TimeUnit.SECONDS)).isNotNull();
    assertThat(store.events()).hasSize(1);
    assertThat(store.events().get(0).outcome()).isEqualTo(Outcome.ERROR);
    assertThat(store.events().get(0).errorType())
        .isEqualTo("java.util.concurrent.TimeoutException");
    assertThat(store.events().get(0).tokens()).isEqualTo(TokenCounts.of(4, 2));
    assertThat(store.events().get(0).quality()).isEqualTo(Quality.ESTIMATED);
    return true;
  }

  @Test
  void streamThatIsOpenWhenTheTrackerCloses_isAnEvent() {
    ledger.models.wrap(saying(() -> {}, "abcd")).chat("hi", DEAF);
    assertThat(ledger.events()).isEmpty();

    ledger.tracker.close();

    assertThat(ledger.figures()).containsExactly("4/1 ERROR");
  }

  @Test
  void errorOfARequestThatTheHandlerMade_doesNotEndTheCall() {
    StreamingChatModel model =
        new StreamingChatModel() {
          @Override
          public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
            handler.onPartialResponse("x");
            handler.onError(new RuntimeException("host", new HttpException(500, "my crm")));
            handler.onError(null);
            handler.onCompleteResponse(text(tokens(150, 20)));
          }
        };
    ledger.models.wrap(model).chat("hi", DEAF);

    assertThat(ledger.figures()).containsExactly("150/20");
  }

  @Test
  void answerAfterACancel_isCountedAsTooLate() {
    StreamingChatModel model =
        new StreamingChatModel() {
          @Override
          public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
            var handle = new Handle();
            handler.onPartialResponse(new PartialResponse("x"), new PartialResponseContext(handle));
            handler.onCompleteResponse(text(tokens(150, 20)));
          }
        };
    ledger
        .models
        .wrap(model)
        .chat(
            "hi",
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(PartialResponse part, PartialResponseContext context) {
                context.streamingHandle().cancel();
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {}

              @Override
              public void onError(Throwable error) {}
            });

    assertThat(ledger.figures()).containsExactly("4/1 CANCELLED");
    assertThat(ledger.anomalies).hasValue(1);
  }

  private static final class Handle implements StreamingHandle {
    private boolean cancelled;

    @Override
    public void cancel() {
      cancelled = true;
    }

    @Override
    public boolean isCancelled() {
      return cancelled;
    }
  }

  @Test
  void streamThatBreaksOff_isEstimated() {
    StreamingChatModel breaking =
        ledger.models.wrap(
            saying(
                () -> {
                  throw new IllegalStateException("connection reset");
                },
                "abcdefgh"));
    assertThatThrownBy(() -> breaking.chat("hi", DEAF)).hasMessage("connection reset");

    assertThat(ledger.figures()).containsExactly("4/2 ERROR");
    assertThat(ledger.only().quality()).isEqualTo(Quality.ESTIMATED);
  }
}
