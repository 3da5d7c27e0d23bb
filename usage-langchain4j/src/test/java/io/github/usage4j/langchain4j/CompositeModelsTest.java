package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.chat;
import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static io.github.usage4j.langchain4j.Fakes.tools;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.embedding.response.EmbeddingResponseMetadata;
import dev.langchain4j.model.googleai.GoogleAiGeminiChatModel;
import dev.langchain4j.model.output.TokenUsage;
import dev.langchain4j.service.AiServices;
import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.EndedOperation;
import io.github.usage4j.track.UsageScope;
import io.github.usage4j.track.UsageTracker;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Decorators of the host's that are tracked, with tracked models inside: blocking calls. */
@Timeout(60)
class CompositeModelsTest {

  private final Ledger ledger = new Ledger();
  private final TrackedModels outside = ledger.models.provider("outside").category("outer");
  private final TrackedModels a = ledger.models.provider("a");
  private final TrackedModels b = ledger.models.provider("b");

  @AfterEach
  void nothingElse() {
    assertThat(ledger.anomalies).hasValue(0);
  }

  private static RuntimeException refused() {
    return new IllegalStateException("refused");
  }

  private static ChatModel fallback(ChatModel first, ChatModel second) {
    return chat(
        request -> {
          try {
            return first.chat(request);
          } catch (RuntimeException e) {
            return second.chat(request);
          }
        });
  }

  /** What is recorded, with who served it and as which step. */
  private List<String> calls() {
    return ledger.calls();
  }

  private static ChatResponse copy(ChatResponse answer, TokenUsage usage) {
    return ChatResponse.builder().aiMessage(answer.aiMessage()).tokenUsage(usage).build();
  }

  @Test
  void fallback_isEachCallOfAProvider() {
    ChatModel first = a.wrap(chat(refused()));
    ChatModel second = b.wrap(chat(text(tokens(20, 2))));
    outside.wrap(fallback(first, second)).chat("hi");

    assertThat(calls()).containsExactly("1 a null/null ERROR", "2 b 20/2");
    assertThat(ledger.operations()).isEqualTo(1);
    assertThat(ledger.events())
        .extracting(event -> event.attribution().category())
        .containsOnly("outer");
    assertThat(ledger.events()).extracting(UsageEvent::opensOperation).containsExactly(true, false);
  }

  @Test
  void fallback_ofWhichBothFail_isTwoErrors_whateverIsThrownInTheEnd() {
    ChatModel both = fallback(a.wrap(chat(refused())), b.wrap(chat(refused())));
    assertThatThrownBy(() -> outside.wrap(both).chat("hi")).hasMessage("refused");
    assertThat(calls()).containsExactly("1 a null/null ERROR", "2 b null/null ERROR");

    ChatModel own =
        chat(
            request -> {
              try {
                return a.wrap(chat(refused())).chat(request);
              } catch (RuntimeException e) {
                throw new UnsupportedOperationException("none of them");
              }
            });
    assertThatThrownBy(() -> outside.wrap(own).chat("hi")).hasMessage("none of them");
    assertThat(calls()).hasSize(3).endsWith("1 a null/null ERROR");
  }

  @Test
  void fallback_inAScope_isPartOfIt() {
    UsageScope scope = ledger.acme();
    scope.run(
        () ->
            outside
                .wrap(fallback(a.wrap(chat(refused())), b.wrap(chat(text(tokens(20, 2))))))
                .chat("hi"));

    assertThat(scope.totalUsage().calls()).isEqualTo(2);
    assertThat(scope.totalUsage().tokens().input()).isEqualTo(20);
    assertThat(ledger.events())
        .extracting(UsageEvent::operationId)
        .containsOnly(scope.operationId());
  }

  @Test
  void scopeOfTheDecorator_claimsTheCallsInIt() {
    ChatModel inner = a.wrap(chat(text(tokens(10, 1))));
    ChatModel scoped =
        chat(
            request -> {
              try (UsageScope scope = ledger.tracker.scope(Attribution.organization("other"))) {
                return inner.chat(request);
              }
            });
    ledger.acme().run(() -> outside.wrap(scoped).chat("hi"));

    assertThat(calls()).containsExactly("1 a 10/1");
    assertThat(ledger.only().attribution().organization()).isEqualTo("other");
  }

  @Test
  void threeLayers_areOneCall_ofTheInnermost() {
    ChatModel inner = a.wrap(chat(text(tokens(10, 1))));
    ChatModel middle = b.wrap(chat(inner::chat));
    outside.wrap(chat(middle::chat)).chat("hi");

    assertThat(calls()).containsExactly("1 a 10/1");
  }

  @Test
  void twoTrackers_oneBetweenTheOther_recordEachCallOnce() {
    var other = new Ledger();
    ChatModel inner = a.wrap(chat(refused(), text(tokens(10, 1))));
    ChatModel between = other.models.wrap(chat(inner::chat));
    outside.wrap(fallback(between, between)).chat("hi");

    assertThat(calls()).containsExactly("1 a null/null ERROR", "2 a 10/1");
    assertThat(other.figures()).containsExactly("null/null ERROR", "10/1");
  }

  @Test
  void answerOfACache_isACall_ofTheDecorator() {
    ChatModel inner = a.wrap(chat(text(tokens(10, 1))));
    var kept = new AtomicReference<ChatResponse>();
    ChatModel cache =
        outside.wrap(
            chat(
                request -> {
                  if (kept.get() == null) {
                    kept.set(inner.chat(request));
                  }
                  return kept.get();
                }));
    cache.chat("hi");
    cache.chat("hi");

    assertThat(calls()).containsExactly("1 a 10/1", "1 outside 10/1");
  }

  @Test
  void decoratorThatAsksTwice_isTwoCalls_howeverItAddsThemUp() {
    ChatModel inner =
        a.wrap(
            chat(
                text(tokens(10, 1)),
                text(tokens(20, 2)),
                text(tokens(30, 3)),
                text(tokens(40, 4)),
                text(tokens(50, 5)),
                text(tokens(60, 6))));
    outside
        .wrap(
            chat(
                request -> {
                  inner.chat(request);
                  return inner.chat(request);
                }))
        .chat("the last one counts");
    outside
        .wrap(
            chat(
                request -> {
                  ChatResponse one = inner.chat(request);
                  ChatResponse two = inner.chat(request);
                  return copy(two, TokenUsage.sum(one.tokenUsage(), two.tokenUsage()));
                }))
        .chat("both count");
    outside
        .wrap(
            chat(
                request -> {
                  ChatResponse one = inner.chat(request);
                  return copy(inner.chat(request), tokens(one.tokenUsage().inputTokenCount(), 7));
                }))
        .chat("neither");

    assertThat(calls())
        .startsWith("1 a 10/1", "2 a 20/2", "1 a 30/3", "2 a 40/4", "1 a 50/5", "2 a 60/6")
        .hasSize(7)
        .endsWith("3 outside 50/7"); // figures that nobody inside stated were stated by another
  }

  @Test
  void decoratorThatRewritesTheRequest_isTheCallInside() {
    ChatModel inner = a.wrap(chat(text(tokens(10, 1))));
    outside.wrap(chat(request -> inner.chat(List.of(UserMessage.from("better"))))).chat("hi");

    assertThat(calls()).containsExactly("1 a 10/1");
  }

  @Test
  void loopInsideADecorator_isEachOfItsSteps() {
    ChatModel inner = a.wrap(chat(tools(tokens(10, 1), "t"), text(tokens(20, 2))));
    ChatModel loop =
        chat(
            request -> {
              AiMessage asked = inner.chat(request).aiMessage();
              var result =
                  ToolExecutionResultMessage.from(asked.toolExecutionRequests().get(0), "r");
              return inner.chat(List.of(request.messages().get(0), asked, result));
            });
    outside.wrap(loop).chat("hi");

    assertThat(calls()).containsExactly("1 a 10/1", "2 a 20/2");
    assertThat(ledger.operations()).isEqualTo(1);
  }

  @Test
  void aiServiceInsideADecorator_thatAddsUpItsSteps_isEachOfThem() {
    interface Assistant {
      dev.langchain4j.service.Result<String> chat(String message);
    }
    Assistant assistant =
        AiServices.builder(Assistant.class)
            .chatModel(a.wrap(chat(tools(tokens(10, 1), "a"), text(tokens(20, 2)))))
            .tools(new Fakes.Tools())
            .build();
    ChatModel decorator =
        chat(
            request -> {
              var result = assistant.chat("the same in other words");
              return ChatResponse.builder()
                  .aiMessage(AiMessage.from(result.content()))
                  .tokenUsage(result.tokenUsage())
                  .build();
            });
    outside.wrap(decorator).chat("hi");

    assertThat(ledger.figures()).containsExactly("10/1", "20/2");
  }

  @Test
  void modelThatIsNotTracked_besideOneThatIs_isRecordedByTheDecorator() {
    ChatModel failing = a.wrap(chat(refused()));
    ChatModel bare = chat(text(tokens(20, 2)));
    outside.wrap(fallback(failing, bare)).chat("hi");
    assertThat(calls()).containsExactly("1 a null/null ERROR", "2 outside 20/2");

    ChatModel draft = a.wrap(chat(text(tokens(10, 1))));
    ChatModel editor = chat(text(tokens(30, 3)));
    outside
        .wrap(
            chat(
                request -> {
                  draft.chat(request);
                  return editor.chat(request);
                }))
        .chat("hi");
    assertThat(calls()).hasSize(4).endsWith("1 a 10/1", "2 outside 30/3");
  }

  @Test
  void helperOfAListener_isNoPartOfTheCall() {
    ChatModel helper = a.wrap(chat(text(tokens(20, 2))));
    ChatModel provider =
        chat(
            request -> {
              helper.chat("unrelated");
              throw refused();
            });
    assertThatThrownBy(() -> outside.wrap(provider).chat("hi")).hasMessage("refused");

    assertThat(calls()).containsExactly("1 a 20/2", "1 outside null/null ERROR");
  }

  @Test
  void afterTheOuterCall_theSameRequestIsNew() {
    ChatModel inner = a.wrap(chat(text(tokens(10, 1)), text(tokens(20, 2))));
    ChatModel outer = outside.wrap(chat(inner::chat));
    ChatRequest request = ChatRequest.builder().messages(UserMessage.from("hi")).build();
    outer.chat(request);
    inner.chat(request);

    assertThat(calls()).containsExactly("1 a 10/1", "1 a 20/2");
    assertThat(ledger.operations()).isEqualTo(2);
  }

  @Test
  void operation_isOverOnce_afterTheLastCallInside() {
    var store = new InMemoryUsageStore();
    List<EndedOperation> ended = new CopyOnWriteArrayList<>();
    try (var tracker =
        UsageTracker.builder(store).buffer(UsageBuffer.none()).onOperation(ended::add).build()) {
      TrackedModels models = TrackedModels.with(tracker).provider("fake");
      models
          .wrap(fallback(models.wrap(chat(refused())), models.wrap(chat(text(tokens(20, 2))))))
          .chat("hi");
      assertThat(ended).hasSize(1);
      assertThat(ended.get(0).usage().calls()).isEqualTo(2);
      assertThat(ended.get(0).operationId()).isEqualTo(store.events().get(0).operationId());

      // A scope of the decorator's takes all calls: the operation around them has none.
      ChatModel inner = models.wrap(chat(text(tokens(10, 1))));
      ChatModel elsewhere =
          chat(
              request -> {
                try (UsageScope scope = tracker.scope()) {
                  return inner.chat(request);
                }
              });
      models.wrap(elsewhere).chat("hi");
    }
    assertThat(ended).hasSize(2).allMatch(operation -> operation.usage().calls() > 0);
  }

  @Test
  void suspended_recordsNothingInside() {
    try (UsageScope scope = ledger.tracker.suspended()) {
      outside.wrap(fallback(a.wrap(chat(refused())), b.wrap(chat(text(tokens(20, 2)))))).chat("hi");
    }
    assertThat(ledger.events()).isEmpty();
  }

  // Other kinds

  private static EmbeddingModel embedding(Object answer) {
    return new EmbeddingModel() {
      @Override
      public EmbeddingResponse doEmbed(EmbeddingRequest request) {
        if (answer instanceof RuntimeException e) {
          throw e;
        }
        return EmbeddingResponse.builder()
            .embeddings(List.of(Embedding.from(new float[] {1})))
            .metadata(EmbeddingResponseMetadata.builder().tokenUsage((TokenUsage) answer).build())
            .build();
      }

      @Override
      public dev.langchain4j.model.output.Response<List<Embedding>> embedAll(
          List<dev.langchain4j.data.segment.TextSegment> texts) {
        throw new UnsupportedOperationException();
      }
    };
  }

  @Test
  void embeddingFallback_isEachCallOfAProvider() {
    EmbeddingModel first = a.wrap(embedding(refused()));
    EmbeddingModel second = b.wrap(embedding(tokens(20, 0)));
    EmbeddingModel either =
        new EmbeddingModel() {
          @Override
          public EmbeddingResponse embed(EmbeddingRequest request) {
            try {
              return first.embed(request);
            } catch (RuntimeException e) {
              return second.embed(request);
            }
          }

          @Override
          public dev.langchain4j.model.output.Response<List<Embedding>> embedAll(
              List<dev.langchain4j.data.segment.TextSegment> texts) {
            throw new UnsupportedOperationException();
          }
        };
    outside.wrap(either).embed(EmbeddingRequest.builder().input("hi").build());

    assertThat(calls()).containsExactly("1 a null/null ERROR", "2 b 20/0");
  }

  // The wire

  private static final String REFUSED_BY_GEMINI =
      "{\"candidates\":[{\"finishReason\":\"NEVER_HEARD_OF\"}],"
          + "\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":5,"
          + "\"totalTokenCount\":15}}";

  private static ChatModel refusing(LoopbackOpenAi server) {
    return GoogleAiGeminiChatModel.builder()
        .httpClientBuilder(UsageHttpClient.builder())
        .baseUrl(server.url())
        .apiKey("none")
        .modelName("gemini-2.5-flash")
        .maxRetries(0)
        .build();
  }

  @Test
  void figuresOfARefusedAnswer_areOfTheModelThatGaveIt() {
    try (var server = new LoopbackOpenAi(LoopbackOpenAi.json(200, REFUSED_BY_GEMINI))) {
      ChatModel first = a.wrap(refusing(server));
      outside.wrap(fallback(first, b.wrap(chat(text(tokens(20, 2)))))).chat("hi");
    }
    assertThat(calls()).containsExactly("1 a 10/5 ERROR", "2 b 20/2");
  }

  @Test
  void lessOnTheWireThanTheClientTells_doesNotReplaceIt() {
    try (var server = new LoopbackOpenAi(LoopbackOpenAi.json(200, REFUSED_BY_GEMINI))) {
      outside.wrap(fallback(refusing(server), chat(text(tokens(20, 2))))).chat("hi");
    }
    assertThat(calls()).containsExactly("1 outside 20/2");
    assertThat(ledger.only().quality()).isEqualTo(Quality.PARTIAL);
    assertThat(ledger.only().source()).isEqualTo(Source.CLIENT);
    assertThat(ledger.only().outcome()).isEqualTo(Outcome.SUCCESS);
  }

  @Test
  void exchangeOfAModelThatIsNotTracked_isRecordedByTheDecorator_besideTheAnswerOfOneThatIs() {
    try (var server = new LoopbackOpenAi(LoopbackOpenAi.json(200, REFUSED_BY_GEMINI))) {
      outside.wrap(fallback(refusing(server), b.wrap(chat(text(tokens(20, 2)))))).chat("hi");
    }
    assertThat(calls()).containsExactly("1 b 20/2", "2 outside 10/5");
    assertThat(ledger.events().get(1).source()).isEqualTo(Source.WIRE);
  }

  @Test
  void refusalOfAModelThatIsNotTracked_isAnErrorBesideTheAnswerOfOneThatIs() {
    try (var server = new LoopbackOpenAi(LoopbackOpenAi.json(500, "{}"))) {
      outside.wrap(fallback(refusing(server), b.wrap(chat(text(tokens(20, 2)))))).chat("hi");
    }
    assertThat(calls()).containsExactly("1 b 20/2", "2 outside null/null ERROR");
  }
}
