package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static io.github.usage4j.langchain4j.LoopbackOpenAi.USAGE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.TokenCountEstimator;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageTracker;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ends of calls that are not as they should be. */
@Timeout(60)
class ModelCallEndTest {

  private final Ledger ledger = new Ledger();

  /** Whose text cannot be read: a deep structure of the host's, say. */
  private static final class Endless extends AiMessage {
    Endless() {
      super("done");
    }

    @Override
    public String text() {
      throw new StackOverflowError("thrown by the test");
    }
  }

  /** The same in a request. */
  private static final class EndlessPrompt extends SystemMessage {
    EndlessPrompt() {
      super("prompt");
    }

    @Override
    public String text() {
      throw new StackOverflowError("thrown by the test");
    }
  }

  private static final TokenCountEstimator ONE =
      new TokenCountEstimator() {
        @Override
        public int estimateTokenCountInText(String text) {
          return 1;
        }

        @Override
        public int estimateTokenCountInMessage(ChatMessage message) {
          return 1;
        }

        @Override
        public int estimateTokenCountInMessages(Iterable<ChatMessage> messages) {
          return 1;
        }
      };

  /** Says a piece, which the host's handler cancels if it is asked to. */
  private static StreamingChatModel saying(
      Runnable before, String piece, Consumer<StreamingChatResponseHandler> then) {
    return new StreamingChatModel() {
      @Override
      public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        before.run();
        handler.onPartialResponse(
            new PartialResponse(piece), new PartialResponseContext(new Handle()));
        then.accept(handler);
      }
    };
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

  private static class Deaf implements StreamingChatResponseHandler {
    @Override
    public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {}

    @Override
    public void onCompleteResponse(ChatResponse response) {}

    @Override
    public void onError(Throwable error) {}
  }

  private static final class Cancelling extends Deaf {
    @Override
    public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
      context.streamingHandle().cancel();
    }
  }

  private static ChatRequest request(ChatMessage... messages) {
    return ChatRequest.builder().messages(messages).build();
  }

  @Test
  void answerThatOverflowsTheStack_isRecordedWithoutItsFigures() {
    ChatResponse answer = ChatResponse.builder().aiMessage(new Endless()).build();
    ChatModel model = ledger.models.estimator(ONE).wrap(Fakes.chat(answer));

    assertThat(model.chat(request(UserMessage.from("hi")))).isSameAs(answer);

    assertThat(ledger.figures()).containsExactly("null/null");
    assertThat(ledger.only().quality()).isEqualTo(Quality.MISSING);
    assertThat(ledger.anomalies).hasValue(1);
  }

  /** An answer of a host's own, whose getters trip over an assertion. */
  private static final class Asserting extends ChatResponse {
    private final boolean withoutMessage;

    Asserting(boolean withoutMessage) {
      super(ChatResponse.builder().aiMessage(AiMessage.from("hi")));
      this.withoutMessage = withoutMessage;
    }

    @Override
    public AiMessage aiMessage() {
      if (withoutMessage) {
        throw new AssertionError("thrown by the test");
      }
      return super.aiMessage();
    }

    @Override
    public ChatResponseMetadata metadata() {
      throw new AssertionError("thrown by the test");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void answerThatCannotBeRead_isHandedOnAllTheSame(boolean withoutMessage) {
    var answer = new Asserting(withoutMessage);
    var got = new AtomicReference<ChatResponse>();
    ledger
        .models
        .wrap(saying(() -> {}, "piece", handler -> handler.onCompleteResponse(answer)))
        .chat(
            request(UserMessage.from("hi")),
            new Deaf() {
              @Override
              public void onCompleteResponse(ChatResponse response) {
                got.set(response);
              }
            });
    assertThat(ledger.models.wrap(Fakes.chat(answer)).chat(request(UserMessage.from("hi"))))
        .isSameAs(answer);

    assertThat(got.get()).isSameAs(answer);
    assertThat(ledger.figures()).containsExactly("null/null", "null/null");
  }

  @Test
  void cancelledCallThatOverflowsTheStack_isRecordedWithoutItsFigures() {
    ledger
        .models
        .wrap(saying(() -> {}, "piece", handler -> {}))
        .chat(request(new EndlessPrompt()), new Cancelling());

    assertThat(ledger.figures()).containsExactly("null/null CANCELLED");
    assertThat(ledger.anomalies).hasValue(1);
  }

  @Test
  void failedCallThatOverflowsTheStack_isRecordedWithoutItsFigures() {
    var failure = new IllegalStateException("connection reset");
    StreamingChatModel model =
        ledger.models.wrap(
            saying(
                () -> {},
                "piece",
                handler -> {
                  throw failure;
                }));

    assertThatThrownBy(() -> model.chat(request(new EndlessPrompt()), new Deaf()))
        .isSameAs(failure);

    assertThat(ledger.figures()).containsExactly("null/null ERROR");
    assertThat(ledger.only().errorType()).isNull();
  }

  @Test
  void cancelledStream_whoseExchangeHadEnded_hasItsReportedFigures() {
    Runnable exchange =
        () -> {
          WireExchange seen = WireCapture.begin(Reentry.capture());
          seen.opened();
          seen.event(LoopbackOpenAi.usage());
          seen.ended();
        };
    ledger.models.wrap(saying(exchange, "a long piece", h -> {})).chat("hi", new Cancelling());

    assertThat(ledger.figures()).containsExactly("150/20 CANCELLED");
    assertThat(ledger.only().quality()).isEqualTo(Quality.REPORTED);
    assertThat(ledger.only().source()).isEqualTo(Source.WIRE);
  }

  @Test
  void cancelledStream_whoseExchangeIsOpen_hasPartialFigures() {
    Runnable exchange =
        () -> {
          WireExchange seen = WireCapture.begin(Reentry.capture());
          seen.opened();
          seen.event(
              "{\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}],"
                  + USAGE
                  + "}");
        };
    ledger.models.wrap(saying(exchange, "a piece", h -> {})).chat("hi", new Cancelling());

    assertThat(ledger.figures()).containsExactly("150/20 CANCELLED");
    assertThat(ledger.only().quality()).isEqualTo(Quality.PARTIAL);
  }

  @Test
  void heldCallOfTwoExchanges_isPricedEachByItself() {
    var store = new InMemoryUsageStore();
    UsageTracker tracker =
        UsageTracker.builder(store)
            .buffer(UsageBuffer.none())
            .prices(
                PriceCatalog.of(
                    ModelPrice.perMillion("fake", "gpt-4o-mini-2024-07-18", "USD")
                        .input("1")
                        .output("0")
                        .aboveInput(200, ModelPrice.perMillion("fake", "m", "USD").input("1000"))))
            .build();
    Runnable twoExchanges =
        () -> {
          for (int i = 0; i < 2; i++) {
            WireExchange seen = WireCapture.begin(Reentry.capture());
            seen.body(
                usage -> usage.read("{\"model\":\"gpt-4o-mini-2024-07-18\"," + USAGE + "}"), true);
          }
        };
    TrackedModels.with(tracker)
        .provider("fake")
        .wrap(saying(twoExchanges, "x", h -> h.onError(new IllegalStateException("unreadable"))))
        .chat("hi", new Deaf());
    tracker.close();

    assertThat(store.events()).hasSize(1);
    assertThat(store.events().get(0).outcome()).isEqualTo(Outcome.ERROR);
    assertThat(store.events().get(0).tokens().input()).isEqualTo(300);
    assertThat(store.events().get(0).cost().total()).isEqualByComparingTo("0.0003");
  }

  @Test
  void answerAfterTheEndOfAHeldCall_isAnsweredToTheHostAllTheSame() {
    StreamingChatModel model =
        ledger.models.wrap(
            saying(
                () -> {},
                "x",
                handler -> {
                  handler.onError(new IllegalStateException("unreadable"));
                  ledger.tracker.close();
                  handler.onCompleteResponse(text(tokens(150, 20)));
                }));
    model.chat("hi", new Deaf());

    assertThat(ledger.figures()).containsExactly("4/1 ERROR");
    assertThat(ledger.anomalies).hasValue(1);
  }
}
