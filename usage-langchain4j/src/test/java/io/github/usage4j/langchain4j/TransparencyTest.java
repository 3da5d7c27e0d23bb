package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.chat;
import static io.github.usage4j.langchain4j.Fakes.script;
import static io.github.usage4j.langchain4j.Fakes.streaming;
import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.embedding.EmbeddingModel;
import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageTracker;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A wrapped model behaves like the model, whatever goes wrong on our side. */
class TransparencyTest {

  private final Ledger ledger = new Ledger();

  @Test
  void wrap_refusesNull() {
    assertThatThrownBy(() -> ledger.models.wrap((ChatModel) null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ChatModel");
  }

  @Test
  void wrap_ofAModelTrackedAlike_givesItBack() {
    ChatModel model = ledger.models.wrap(chat(text(tokens(10, 1))));

    assertThat(ledger.models.wrap(model)).isSameAs(model);
    assertThat(TrackedModels.with(ledger.tracker).provider("fake").wrap(model)).isSameAs(model);
  }

  @Test
  void wrap_ofAModelTrackedOtherwise_recordsOnceByTheNewSettings() {
    ChatModel inner = chat(text(tokens(10, 1)));
    ChatModel model = ledger.models.category("rag").wrap(ledger.models.wrap(inner));

    model.chat("hi");

    assertThat(ledger.only().attribution().category()).isEqualTo("rag");
    assertThat(TrackedModels.unwrap(model)).isSameAs(inner);
    assertThat(TrackedModels.unwrap(inner)).isSameAs(inner);
  }

  @Test
  void trackedModel_insideADecoratorInsideATracked_isRecordedOnce() {
    ChatModel inner = ledger.models.wrap(chat(text(tokens(10, 1)), text(tokens(20, 2))));
    ChatModel decorator =
        new ChatModel() {
          @Override
          public ChatResponse chat(ChatRequest request) {
            return inner.chat(request.toBuilder().temperature(0.5).build());
          }
        };

    ledger.models.wrap(decorator).chat("hi");
    assertThat(ledger.figures()).containsExactly("10/1");

    inner.chat("hi");
    assertThat(ledger.figures()).containsExactly("10/1", "20/2");
  }

  @Test
  void category_fillsOnlyAnEmptyOne() {
    ChatModel model =
        ledger.models.category("rag").wrap(chat(text(tokens(1, 1)), text(tokens(2, 1))));
    ledger
        .tracker
        .scope(Attribution.organization("acme").category("support"))
        .run(() -> model.chat("hi"));
    model.chat("hi");

    assertThat(ledger.events())
        .extracting(e -> e.attribution().category())
        .containsExactly("support", "rag");
  }

  @Test
  void legacyModel_thatImplementsOneOverload_works() {
    ChatModel legacy =
        new ChatModel() {
          @Override
          public ChatResponse chat(ChatRequest request) {
            return text(tokens(10, 1));
          }
        };
    assertThat(ledger.models.wrap(legacy).chat("hi")).isEqualTo("done");
    assertThat(ledger.figures()).containsExactly("10/1");
  }

  @Test
  void error_ofTheModel_isRecordedAndThrownAsItIs() {
    var error = new NoClassDefFoundError("x");
    ChatModel model = ledger.models.wrap(chat(error));

    assertThatThrownBy(() -> model.chat("hi")).isSameAs(error);
    assertThat(ledger.only().outcome()).isEqualTo(Outcome.ERROR);
  }

  @Test
  void providerAndModel_areThoseOfTheModel() {
    ChatModel model =
        new ChatModel() {
          @Override
          public ChatResponse doChat(ChatRequest request) {
            return ChatResponse.builder().aiMessage(text(null).aiMessage()).build();
          }

          @Override
          public ModelProvider provider() {
            return ModelProvider.AMAZON_BEDROCK;
          }

          @Override
          public ChatRequestParameters defaultRequestParameters() {
            return ChatRequestParameters.builder().modelName("default").build();
          }
        };
    ChatModel tracked = TrackedModels.with(ledger.tracker).wrap(model);
    tracked.chat("hi");
    tracked.chat(ChatRequest.builder().messages(UserMessage.from("hi")).modelName("asked").build());

    assertThat(ledger.events()).extracting(UsageEvent::provider).containsOnly("aws.bedrock");
    assertThat(ledger.events())
        .extracting(UsageEvent::requestModel)
        .containsExactly("default", "asked");
  }

  @Test
  void mapper_isAskedFirst_andMayLeaveIt() {
    TokenCountsMapper mapper =
        usage ->
            usage.inputTokenCount() == 10 ? Optional.of(TokenCounts.of(100, 10)) : Optional.empty();
    ChatModel model =
        ledger
            .models
            .tokens(mapper)
            .wrap(chat(text(tokens(10, 1)), text(tokens(20, 2)), text(null)));
    model.chat("1");
    model.chat("2");
    model.chat("3");

    assertThat(ledger.figures()).containsExactly("100/10", "20/2", "null/null");
    assertThat(ledger.events())
        .extracting(UsageEvent::source)
        .containsExactly(Source.HOST, Source.CLIENT, null);
  }

  @Test
  void mapper_thatThrows_leavesTheTokensUnknown() {
    TokenCountsMapper mapper =
        usage -> {
          throw new IllegalStateException("mapper");
        };
    ChatModel model = ledger.models.tokens(mapper).wrap(chat(text(tokens(10, 1))));

    assertThat(model.chat("hi")).isEqualTo("done");
    assertThat(ledger.only().quality()).isEqualTo(Quality.MISSING);
    assertThat(ledger.anomalies).hasValue(1);
  }

  /** Everything of the host that can throw, throws. */
  private static UsageTracker broken() {
    return UsageTracker.builder(
            events -> {
              throw new IllegalStateException("sink");
            })
        .buffer(UsageBuffer.none())
        .clock(
            () -> {
              throw new IllegalStateException("clock");
            })
        .attribution(
            () -> {
              throw new IllegalStateException("resolver");
            })
        .prices(
            who -> {
              throw new IllegalStateException("prices");
            })
        .metrics(
            new UsageMetrics() {
              @Override
              public void recorded(UsageEvent event) {
                throw new IllegalStateException("metrics");
              }

              @Override
              public void anomaly(Anomaly what) {
                throw new IllegalStateException("metrics");
              }
            })
        .build();
  }

  private static UsageTracker brokenButForTheClock(List<String> told) {
    return UsageTracker.builder(
            events -> {
              told.add("sink");
              throw new IllegalStateException("sink");
            })
        .buffer(UsageBuffer.none())
        .metrics(
            new UsageMetrics() {
              @Override
              public void recorded(UsageEvent event) {
                throw new IllegalStateException("metrics");
              }
            })
        .build();
  }

  @Test
  void everythingBroken_changesNothingForTheCaller() {
    var told = new ArrayList<String>();
    for (UsageTracker tracker : List.of(broken(), brokenButForTheClock(told))) {
      TrackedModels models = TrackedModels.with(tracker);
      assertThat(models.wrap(chat(text(tokens(10, 1)))).chat("hi")).isEqualTo("done");

      var streamed = new ArrayList<String>();
      StreamingChatModel stream =
          models.wrap(streaming(Runnable::run, script(text(tokens(10, 1)))));
      stream.chat("hi", noting(streamed));
      assertThat(streamed).containsExactly("piece", "complete");

      var failure = new IllegalStateException("model");
      assertThatThrownBy(() -> models.wrap(chat(failure)).chat("hi")).isSameAs(failure);
      tracker.close();
    }
    assertThat(told).containsExactly("sink", "sink", "sink");
  }

  @Test
  void listenerOfAScope_thatThrows_changesNothing() {
    try (var scope = ledger.acme()) {
      scope.onUsage(
          total -> {
            throw new IllegalStateException("listener");
          });
      assertThat(ledger.models.wrap(chat(text(tokens(10, 1)))).chat("hi")).isEqualTo("done");
      var streamed = new ArrayList<String>();
      ledger
          .models
          .wrap(streaming(Runnable::run, script(text(tokens(20, 2)))))
          .chat("hi", noting(streamed));
      assertThat(streamed).containsExactly("piece", "complete");
    }
    assertThat(ledger.figures()).containsExactly("10/1", "20/2");
  }

  private static StreamingChatResponseHandler noting(List<String> told) {
    return new StreamingChatResponseHandler() {
      @Override
      public void onPartialResponse(String piece) {
        told.add("piece");
      }

      @Override
      public void onCompleteResponse(ChatResponse response) {
        told.add("complete");
      }

      @Override
      public void onError(Throwable error) {
        told.add("error " + error);
      }
    };
  }

  @Test
  void nullAnswer_ofAMock_isNotOurProblem() {
    assertThat(ledger.models.wrap(chat(request -> null)).chat(List.of(UserMessage.from("hi"))))
        .isNull();
    assertThat(ledger.only().quality()).isEqualTo(Quality.MISSING);
  }

  @Test
  void embeddingModel_isWrappedOnceToo() {
    EmbeddingModel model = ledger.models.wrap(new EmbeddingModelTest.Fake());
    assertThat(ledger.models.wrap(model)).isSameAs(model);
  }
}
