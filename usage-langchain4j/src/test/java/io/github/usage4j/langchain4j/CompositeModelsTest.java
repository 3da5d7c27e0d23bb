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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
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
  private final ExecutorService pool = Executors.newFixedThreadPool(2);

  @AfterEach
  void nothingElse() {
    pool.shutdownNow();
    assertThat(ledger.anomalies).hasValue(0);
  }

  private static RuntimeException refused() {
    return new IllegalStateException("refused");
  }

  private static ChatModel decorator(Function<ChatRequest, ChatResponse> how) {
    return new ChatModel() {
      @Override
      public ChatResponse chat(ChatRequest request) {
        return how.apply(request);
      }
    };
  }

  private static ChatModel fallback(ChatModel first, ChatModel second) {
    return decorator(
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
    return ledger.events().stream()
        .map(e -> e.step() + " " + e.provider() + " " + Ledger.figures(e))
        .toList();
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
        decorator(
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
        decorator(
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
    ChatModel middle = b.wrap(decorator(inner::chat));
    outside.wrap(decorator(middle::chat)).chat("hi");

    assertThat(calls()).containsExactly("1 a 10/1");
  }

  @Test
  void twoTrackers_oneBetweenTheOther_recordEachCallOnce() {
    var other = new Ledger();
    ChatModel inner = a.wrap(chat(refused(), text(tokens(10, 1))));
    ChatModel between = other.models.wrap(decorator(inner::chat));
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
            decorator(
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
            decorator(
                request -> {
                  inner.chat(request);
                  return inner.chat(request);
                }))
        .chat("the last one counts");
    outside
        .wrap(
            decorator(
                request -> {
                  ChatResponse one = inner.chat(request);
                  ChatResponse two = inner.chat(request);
                  return copy(two, TokenUsage.sum(one.tokenUsage(), two.tokenUsage()));
                }))
        .chat("both count");
    outside
        .wrap(
            decorator(
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
    outside.wrap(decorator(request -> inner.chat(List.of(UserMessage.from("better"))))).chat("hi");

    assertThat(calls()).containsExactly("1 a 10/1");
  }

  @Test
  void loopInsideADecorator_isEachOfItsSteps() {
    ChatModel inner = a.wrap(chat(tools(tokens(10, 1), "t"), text(tokens(20, 2))));
    ChatModel loop =
        decorator(
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
        decorator(
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
            decorator(
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
        decorator(
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
    ChatModel outer = outside.wrap(decorator(inner::chat));
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
          decorator(
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

  // Other threads

  private static ChatModel on(Executor executor, ChatModel model) {
    return decorator(
        request -> CompletableFuture.supplyAsync(() -> model.chat(request), executor).join());
  }

  @Test
  void wrappedExecutor_carriesTheCallAround() {
    Executor wrapped = ledger.tracker.wrap((Executor) pool);
    ChatModel first = on(wrapped, a.wrap(chat(refused())));
    ChatModel second = on(wrapped, b.wrap(chat(text(tokens(20, 2)))));
    outside.wrap(fallback(first, second)).chat("hi");

    assertThat(calls()).containsExactly("1 a null/null ERROR", "2 b 20/2");
    assertThat(ledger.operations()).isEqualTo(1);
  }

  @Test
  void wrappedTask_thatRunsAfterTheCall_isACallOfItsOwn() {
    ChatModel inner = a.wrap(chat(text(tokens(10, 1)), text(tokens(20, 2))));
    var later = new AtomicReference<Runnable>();
    outside
        .wrap(
            decorator(
                request -> {
                  later.set(ledger.tracker.wrap(() -> inner.chat(request)));
                  return inner.chat(request);
                }))
        .chat("hi");
    later.get().run();

    assertThat(calls()).containsExactly("1 a 10/1", "1 a 20/2");
  }

  @Test
  void sameRequest_twiceAtOnceThroughTheOuter_isTwoCalls() throws Exception {
    var both = new CountDownLatch(2);
    ChatModel inner =
        a.wrap(
            chat(
                request -> {
                  both.countDown();
                  await(both);
                  return text(tokens(10, 1));
                }));
    for (Executor executor : List.of(pool, ledger.tracker.wrap((Executor) pool))) {
      ChatModel outer = outside.wrap(decorator(inner::chat));
      ChatRequest request = ChatRequest.builder().messages(UserMessage.from("hi")).build();
      var one = CompletableFuture.supplyAsync(() -> outer.chat(request), executor);
      var two = CompletableFuture.supplyAsync(() -> outer.chat(request), executor);
      one.join();
      two.join();
    }
    assertThat(calls()).hasSize(4).containsOnly("1 a 10/1");
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  // chatAsync

  private static ChatModel async(Function<ChatRequest, CompletableFuture<ChatResponse>> how) {
    return new ChatModel() {
      @Override
      public CompletableFuture<ChatResponse> chatAsync(ChatRequest request) {
        return how.apply(request);
      }
    };
  }

  @Test
  void asyncFallback_inACompletion_isEachCallOfAProvider() {
    var first = new CompletableFuture<ChatResponse>();
    var second = new CompletableFuture<ChatResponse>();
    ChatModel one = a.wrap(async(request -> first));
    ChatModel two = b.wrap(async(request -> second));
    ChatModel either =
        outside.wrap(
            async(
                request ->
                    one.chatAsync(request).exceptionallyCompose(e -> two.chatAsync(request))));
    CompletableFuture<String> result = either.chatAsync("hi");
    first.completeExceptionally(refused());
    second.complete(text(tokens(20, 2)));

    assertThat(result).isCompletedWithValue("done");
    assertThat(calls()).containsExactly("1 a null/null ERROR", "2 b 20/2");
    assertThat(ledger.operations()).isEqualTo(1);
  }

  @Test
  void asyncFallback_onAWrappedExecutor_isEachCallOfAProvider() {
    Executor wrapped = ledger.tracker.wrap((Executor) pool);
    var first = new CompletableFuture<ChatResponse>();
    ChatModel one = a.wrap(async(request -> first));
    ChatModel two =
        b.wrap(async(request -> CompletableFuture.completedFuture(text(tokens(20, 2)))));
    ChatModel either =
        outside.wrap(
            async(
                request ->
                    one.chatAsync(request)
                        .exceptionallyComposeAsync(e -> two.chatAsync(request), wrapped)));
    CompletableFuture<String> result = either.chatAsync("hi");
    first.completeExceptionally(refused());

    assertThat(result.join()).isEqualTo("done");
    assertThat(calls()).containsExactly("1 a null/null ERROR", "2 b 20/2");
  }

  @Test
  void asyncCall_cancelledOutside_isOneCancelledCall() {
    var source = new CompletableFuture<ChatResponse>();
    ChatModel inner = a.wrap(async(request -> source));
    CompletableFuture<ChatResponse> result =
        outside
            .wrap(async(inner::chatAsync))
            .chatAsync(ChatRequest.builder().messages(UserMessage.from("hi")).build());
    result.cancel(true);

    assertThat(source).isCancelled();
    assertThat(calls()).containsExactly("1 a null/null CANCELLED");
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
}
