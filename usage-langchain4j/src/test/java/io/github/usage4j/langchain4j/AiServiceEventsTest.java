package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.chat;
import static io.github.usage4j.langchain4j.Fakes.script;
import static io.github.usage4j.langchain4j.Fakes.streaming;
import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static io.github.usage4j.langchain4j.Fakes.tools;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.invocation.InvocationParameters;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.rag.DefaultRetrievalAugmentor;
import dev.langchain4j.rag.content.Content;
import dev.langchain4j.rag.query.transformer.CompressingQueryTransformer;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.TokenStream;
import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.EndedOperation;
import io.github.usage4j.track.UsageScope;
import io.github.usage4j.track.UsageTracker;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** AI services whose listeners are registered: operations and parents outside a scope. */
@Timeout(120)
class AiServiceEventsTest {

  interface Assistant {
    String chat(String message);
  }

  interface Parametrised {
    String chat(@dev.langchain4j.service.UserMessage String message, InvocationParameters more);
  }

  interface Streamer {
    TokenStream chat(String message);
  }

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final List<EndedOperation> ended = new CopyOnWriteArrayList<>();
  private final UsageTracker tracker =
      UsageTracker.builder(store).buffer(UsageBuffer.none()).onOperation(ended::add).build();
  private final TrackedModels models = TrackedModels.with(tracker).provider("fake");
  private final ExecutorService pool = Executors.newFixedThreadPool(4);

  @AfterEach
  void stop() {
    pool.shutdownNow();
    tracker.close();
  }

  private <T> AiServices<T> service(Class<T> type, ChatModel model) {
    return AiServices.builder(type)
        .chatModel(models.wrap(model))
        .registerListeners(models.aiServiceListeners());
  }

  private AiServices<Streamer> streamer(StreamingChatModel model) {
    return AiServices.builder(Streamer.class)
        .streamingChatModel(models.wrap(model))
        .registerListeners(models.aiServiceListeners());
  }

  private static void finish(TokenStream stream) throws Exception {
    var end = new CompletableFuture<String>();
    stream
        .onPartialResponse(part -> {})
        .onCompleteResponse(response -> end.complete("done"))
        .onError(end::completeExceptionally)
        .start();
    end.get(60, TimeUnit.SECONDS);
  }

  private static Object[] reprompted() {
    return new Object[] {
      tools(tokens(10, 1), "a"), text(tokens(20, 2)), tools(tokens(40, 4), "a"), text(tokens(50, 5))
    };
  }

  private UsageSummary onlyOperation() {
    assertThat(store.events().stream().map(UsageEvent::operationId).distinct()).hasSize(1);
    return UsageSummary.of(store.events());
  }

  private static void assertTotal(UsageSummary usage, long input, long output) {
    assertThat(usage.tokens().input()).isEqualTo(input);
    assertThat(usage.tokens().output()).isEqualTo(output);
  }

  @Test
  void guardrailReprompt_withoutAScope_isOneOperation() {
    service(Assistant.class, chat(reprompted()))
        .tools(new Fakes.Tools())
        .outputGuardrails(new BesideTheLoopTest.Strict())
        .build()
        .chat("hi");

    assertTotal(onlyOperation(), 120, 12);
    assertThat(ended).hasSize(1);
    assertTotal(ended.get(0).usage(), 120, 12);
    assertThat(ended.get(0).usage().operations()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void guardrailReprompt_streaming_withoutAScope_isOneOperation(boolean ownThread)
      throws Exception {
    Executor on = ownThread ? pool : Runnable::run;
    finish(
        streamer(streaming(on, script(reprompted())))
            .tools(new Fakes.Tools())
            .outputGuardrails(new BesideTheLoopTest.Strict())
            .build()
            .chat("hi"));

    assertTotal(onlyOperation(), 120, 12);
  }

  @Test
  void retrieval_withoutAScope_isPartOfTheOperation() {
    ChatModel model = models.wrap(chat(text(tokens(5, 1)), text(tokens(10, 2))));
    var memory = MessageWindowChatMemory.withMaxMessages(10);
    memory.add(UserMessage.from("before"));
    memory.add(AiMessage.from("answer"));
    AiServices.builder(Assistant.class)
        .chatModel(model)
        .chatMemory(memory)
        .retrievalAugmentor(
            DefaultRetrievalAugmentor.builder()
                .queryTransformer(new CompressingQueryTransformer(model))
                .contentRetriever(query -> List.of(Content.from("fact")))
                .build())
        .registerListeners(models.aiServiceListeners())
        .build()
        .chat("hi");

    assertTotal(onlyOperation(), 15, 3);
    assertThat(ended).hasSize(1);
  }

  /** Asks other assistants, on whatever thread it is run. */
  static final class Experts {
    private final Assistant first;
    private final Assistant second;

    Experts(Assistant first, Assistant second) {
      this.first = first;
      this.second = second;
    }

    @Tool
    String a() {
      return first.chat("one");
    }

    @Tool
    String b() {
      return second.chat("two");
    }
  }

  private Experts experts() {
    return new Experts(
        service(Assistant.class, chat(text(tokens(100, 1)))).build(),
        service(Assistant.class, chat(text(tokens(200, 2)))).build());
  }

  private void assertTree(String outer) {
    List<UsageEvent> children =
        store.events().stream().filter(event -> event.parentOperationId() != null).toList();
    assertThat(children).extracting(e -> e.tokens().input()).containsExactlyInAnyOrder(100L, 200L);
    assertThat(children).extracting(UsageEvent::parentOperationId).containsOnly(outer);
    assertThat(children.stream().map(UsageEvent::operationId).distinct()).hasSize(2);
    List<UsageEvent> own =
        store.events().stream().filter(event -> event.operationId().equals(outer)).toList();
    assertTotal(UsageSummary.of(own), 30, 3);
    assertTotal(UsageSummary.of(store.events()), 330, 6);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void serviceInsideATool_isAChildOperation(boolean onAPool) {
    var outer =
        service(Assistant.class, chat(tools(tokens(10, 1), "a", "b"), text(tokens(20, 2))))
            .tools(experts());
    if (onAPool) {
      outer.executeToolsConcurrently(tracker.wrap(pool));
    }
    outer.build().chat("hi");

    assertTree(store.events().get(0).operationId());
    assertThat(ended).hasSize(3);
    assertThat(ended.get(2).parentOperationId()).isNull();
  }

  @Test
  void serviceInsideATool_inAScope_isAChildOfTheScope_andTheTreeCountsAll() {
    UsageScope scope = tracker.scope(Attribution.organization("acme"));
    scope.run(
        () ->
            service(Assistant.class, chat(tools(tokens(10, 1), "a", "b"), text(tokens(20, 2))))
                .tools(experts())
                .build()
                .chat("hi"));

    assertTree(scope.operationId());
    assertTotal(scope.totalUsage(), 30, 3);
    assertTotal(scope.totalUsageWithChildren(), 330, 6);
    assertThat(store.events())
        .extracting(event -> event.attribution().organization())
        .containsOnly("acme");
  }

  @Test
  void serviceInsideATool_streaming_isAChildOperation() throws Exception {
    finish(
        streamer(streaming(pool, script(tools(tokens(10, 1), "a", "b"), text(tokens(20, 2)))))
            .tools(experts())
            .build()
            .chat("hi"));

    assertTree(store.events().get(0).operationId());
  }

  @Test
  void failedInvocation_endsItsOperation_withWhatItUsed() {
    var service =
        service(
                Assistant.class,
                chat(tools(tokens(10, 1), "a"), new IllegalStateException("HTTP 500")))
            .tools(new Fakes.Tools())
            .build();

    assertThatThrownBy(() -> service.chat("hi")).hasMessageContaining("HTTP 500");

    assertThat(ended).hasSize(1);
    assertTotal(ended.get(0).usage(), 10, 1);
    assertThat(ended.get(0).usage().errors()).isEqualTo(1);
  }

  @Test
  void invocationThatDiesOfAnError_claimsNothingThatComesLaterOnItsThread() {
    var dying =
        service(
                Assistant.class,
                chat(
                    request -> {
                      throw new NoClassDefFoundError("gone");
                    }))
            .build();
    UsageScope scope = tracker.scope(Attribution.organization("acme"));
    scope.run(() -> assertThatThrownBy(() -> dying.chat("hi")).isInstanceOf(Error.class));

    service(Assistant.class, chat(text(tokens(1, 1)))).build().chat("hi");
    models.wrap(chat(text(tokens(2, 2)))).chat("hi");

    List<UsageEvent> later = store.events().subList(1, 3);
    assertThat(later).extracting(UsageEvent::attribution).containsOnly(Attribution.NONE);
    assertThat(later).extracting(UsageEvent::parentOperationId).containsOnlyNulls();
    assertThat(later.stream().map(UsageEvent::operationId).distinct()).hasSize(2);
    assertThat(later)
        .extracting(UsageEvent::operationId)
        .doesNotContain(store.events().get(0).operationId());
  }

  @Test
  void invocationParameters_sayWhoCalls() {
    var service =
        service(Parametrised.class, chat(tools(tokens(10, 1), "a"), text(tokens(20, 2))))
            .tools(new Fakes.Tools())
            .build();
    Attribution ada = Attribution.organization("acme").user("ada");

    service.chat("hi", InvocationParameters.from(TrackedModels.ATTRIBUTION, ada));

    assertTotal(onlyOperation(), 30, 3);
    assertThat(store.events()).extracting(UsageEvent::attribution).containsOnly(ada);
  }

  @Test
  void manyInvocationsAtOnce_neverMix() throws Exception {
    var service =
        service(
                Parametrised.class,
                chat(
                    request ->
                        request.messages().size() == 1
                            ? tools(tokens(10, 1), "a")
                            : text(tokens(20, 2))))
            .tools(new Fakes.Tools())
            .build();
    var calls =
        java.util.stream.IntStream.range(0, 200)
            .mapToObj(
                i ->
                    CompletableFuture.runAsync(
                        () ->
                            service.chat(
                                "hi",
                                InvocationParameters.from(
                                    TrackedModels.ATTRIBUTION,
                                    Attribution.organization("org" + i % 50))),
                        pool))
            .toList();
    calls.forEach(CompletableFuture::join);

    assertThat(ended).hasSize(200);
    assertThat(ended).allSatisfy(operation -> assertTotal(operation.usage(), 30, 3));
    assertThat(
            ended.stream()
                .collect(
                    Collectors.groupingBy(
                        operation -> operation.attribution().organization(), Collectors.counting()))
                .values())
        .hasSize(50)
        .containsOnly(4L);
  }

  @Test
  void scopeGoesBeforeTheService() throws Exception {
    UsageScope scope = tracker.scope(Attribution.organization("acme"));
    TokenStream stream;
    try (scope) {
      stream =
          streamer(streaming(pool, script(tools(tokens(10, 1), "a"), text(tokens(20, 2)))))
              .tools(new Fakes.Tools())
              .build()
              .chat("hi");
      finish(stream);
    }
    assertTotal(scope.totalUsage(), 30, 3);
    assertThat(store.events())
        .extracting(UsageEvent::operationId)
        .containsOnly(scope.operationId());
    assertThat(ended).extracting(EndedOperation::operationId).containsExactly(scope.operationId());
  }
}
