package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.call;
import static io.github.usage4j.langchain4j.Fakes.chat;
import static io.github.usage4j.langchain4j.Fakes.streaming;
import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static io.github.usage4j.langchain4j.Fakes.tools;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ChatMessageDeserializer;
import dev.langchain4j.data.message.ChatMessageSerializer;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.TokenStream;
import dev.langchain4j.store.memory.chat.ChatMemoryStore;
import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which steps belong together, and to whom. */
class CorrelationTest {

  interface Assistant {
    String chat(String message);
  }

  interface Streamer {
    TokenStream chat(String message);
  }

  private final Ledger ledger = new Ledger();
  private final ExecutorService callers = Executors.newFixedThreadPool(16);
  private final ExecutorService provider = Executors.newFixedThreadPool(8);

  @AfterEach
  void stop() {
    callers.shutdownNow();
    provider.shutdownNow();
  }

  /** Asks for a tool first; answers n tokens where the user's message is the number n. */
  private static Function<ChatRequest, ChatResponse> twoSteps(String toolId) {
    return request -> {
      List<ChatMessage> messages = request.messages();
      int n = Integer.parseInt(((UserMessage) messages.get(0)).singleText());
      return messages.get(messages.size() - 1) instanceof ToolExecutionResultMessage
          ? text(tokens(n, 2))
          : ChatResponse.builder()
              .aiMessage(AiMessage.from(call(toolId, "a")))
              .tokenUsage(tokens(n, 1))
              .build();
    };
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = "call_0")
  void fiftyInvocations_withTheSameToolIds_areFiftyOperations(String toolId) throws Exception {
    var assistant =
        AiServices.builder(Assistant.class)
            .chatModel(ledger.models.wrap(chat(twoSteps(toolId))))
            .tools(new Fakes.Tools())
            .build();
    var tasks = new ArrayList<Callable<String>>();
    for (int i = 0; i < 50; i++) {
      tasks.add(() -> assistant.chat("7")); // all alike
    }
    for (Future<String> done : callers.invokeAll(tasks)) {
      done.get();
    }

    assertThat(ledger.events()).hasSize(100);
    assertThat(byOperation()).hasSize(50).allSatisfy((id, steps) -> assertThat(steps).hasSize(2));
  }

  private Map<String, List<UsageEvent>> byOperation() {
    return ledger.events().stream().collect(Collectors.groupingBy(UsageEvent::operationId));
  }

  @Test
  void thousandOperations_ofFiftyTenants_putEveryTokenWhereItBelongs() throws Exception {
    ChatModel blocking = ledger.models.wrap(chat(twoSteps("call_0")));
    StreamingChatModel streams = ledger.models.wrap(streaming(provider, twoSteps("call_0")));
    var assistant =
        AiServices.builder(Assistant.class).chatModel(blocking).tools(new Fakes.Tools()).build();
    var streamer =
        AiServices.builder(Streamer.class)
            .streamingChatModel(streams)
            .tools(new Fakes.Tools())
            .build();
    var concurrent =
        AiServices.builder(Streamer.class)
            .streamingChatModel(streams)
            .tools(new Fakes.Tools())
            .executeToolsConcurrently()
            .build();
    var tasks = new ArrayList<Callable<Void>>();
    for (int i = 0; i < 1000; i++) {
      int number = i;
      tasks.add(
          () -> {
            String tokens = Integer.toString(1000 + number % 50);
            CompletableFuture<Object> end = new CompletableFuture<>();
            try (var scope =
                ledger.tracker.scope(
                    Attribution.organization("org-" + number % 50).user("user-" + number))) {
              if (number % 3 == 0) {
                end.complete(assistant.chat(tokens));
              } else {
                (number % 3 == 1 ? streamer : concurrent)
                    .chat(tokens)
                    .onPartialResponse(piece -> {})
                    .onCompleteResponse(end::complete)
                    .onError(end::completeExceptionally)
                    .start();
              }
            }
            end.get(60, TimeUnit.SECONDS);
            return null;
          });
    }
    for (Future<Void> done : callers.invokeAll(tasks)) {
      done.get();
    }

    assertThat(ledger.events()).hasSize(2000);
    assertThat(byOperation()).hasSize(1000);
    byOperation()
        .forEach(
            (id, steps) -> {
              assertThat(steps).extracting(UsageEvent::step).containsExactlyInAnyOrder(1, 2);
              assertThat(steps)
                  .extracting(s -> s.attribution().user())
                  .containsOnly(steps.get(0).attribution().user());
            });
    assertThat(ledger.events())
        .allSatisfy(
            e ->
                assertThat(e.attribution().organization())
                    .isEqualTo("org-" + (e.tokens().input() - 1000)));
  }

  /** Keeps messages as JSON: what comes back is equal, not the same. */
  private static final class SerialisingStore implements ChatMemoryStore {
    private String json = "[]";

    @Override
    public List<ChatMessage> getMessages(Object id) {
      return ChatMessageDeserializer.messagesFromJson(json);
    }

    @Override
    public void updateMessages(Object id, List<ChatMessage> messages) {
      json = ChatMessageSerializer.messagesToJson(messages);
    }

    @Override
    public void deleteMessages(Object id) {
      json = "[]";
    }
  }

  @Test
  void serialisingMemory_joinsByAnEqualAnswer() {
    var assistant =
        AiServices.builder(Assistant.class)
            .chatModel(ledger.models.wrap(chat(twoSteps("call_0"))))
            .tools(new Fakes.Tools())
            .chatMemory(
                MessageWindowChatMemory.builder()
                    .maxMessages(10)
                    .chatMemoryStore(new SerialisingStore())
                    .build())
            .build();

    assistant.chat("7");

    assertThat(ledger.events()).hasSize(2);
    assertThat(ledger.operations()).isEqualTo(1);
  }

  private static ChatRequest resultsFor(AiMessage asked) {
    return ChatRequest.builder()
        .messages(
            UserMessage.from("7"),
            asked,
            ToolExecutionResultMessage.from(asked.toolExecutionRequests().get(0), "r"))
        .build();
  }

  private static AiMessage copy(AiMessage message) {
    return AiMessage.from(List.copyOf(message.toolExecutionRequests()));
  }

  private AiMessage ask(ChatModel model, String organization) {
    return ledger
        .tracker
        .scope(Attribution.organization(organization))
        .call(() -> model.chat(UserMessage.from("7")).aiMessage());
  }

  @Test
  void stepAfterOneThatWasOnlyTriedOut_isRecorded() {
    ChatModel model = ledger.models.wrap(chat(twoSteps("call_0")));
    AiMessage asked =
        ledger.tracker.suspended().call(() -> model.chat(UserMessage.from("7")).aiMessage());

    model.chat(resultsFor(asked));

    assertThat(ledger.events()).hasSize(1);
  }

  @Test
  void equalAnswer_ofSomebodyElse_isNotJoined() {
    ChatModel model = ledger.models.wrap(chat(twoSteps("call_0")));
    AiMessage asked = ask(model, "acme");

    model.chat(resultsFor(copy(asked))); // nobody is known here

    assertThat(ledger.operations()).isEqualTo(2);
    assertThat(ledger.events().get(1).attribution()).isEqualTo(Attribution.NONE);
  }

  @Test
  void equalAnswers_ofTwoCalls_areNotJoined() {
    ChatModel model = ledger.models.wrap(chat(twoSteps("call_0")));
    AiMessage first = model.chat(UserMessage.from("7")).aiMessage();
    model.chat(UserMessage.from("7"));

    model.chat(resultsFor(copy(first)));

    assertThat(ledger.operations()).isEqualTo(3);
  }

  @Test
  void equalAnswers_ofOneOperation_areJoined() {
    ChatModel model =
        ledger.models.wrap(
            chat(tools(tokens(10, 1), "a"), tools(tokens(20, 1), "a"), text(tokens(30, 1))));
    AiMessage first = model.chat(UserMessage.from("7")).aiMessage();
    AiMessage second = model.chat(resultsFor(copy(first))).aiMessage();
    assertThat(second).isEqualTo(first).isNotSameAs(first);

    model.chat(resultsFor(copy(second)));

    assertThat(ledger.events()).extracting(UsageEvent::step).containsExactly(1, 2, 3);
    assertThat(ledger.operations()).isEqualTo(1);
  }

  @Test
  void sameAnswer_onAThreadThatKnowsNobody_keepsItsAttribution() throws Exception {
    ChatModel model = ledger.models.wrap(chat(twoSteps(null)));
    AiMessage asked = ask(model, "acme");

    callers.submit(() -> model.chat(resultsFor(asked))).get();

    assertThat(ledger.operations()).isEqualTo(1);
    assertThat(ledger.events()).allMatch(e -> "acme".equals(e.attribution().organization()));
  }

  @Test
  void sameAnswer_inTheScopeOfAnother_belongsToThatScope() {
    ChatModel model = ledger.models.wrap(chat(twoSteps(null)));
    AiMessage asked = ask(model, "acme");

    ledger
        .tracker
        .scope(Attribution.organization("other"))
        .run(() -> model.chat(resultsFor(asked)));

    assertThat(ledger.operations()).isEqualTo(2);
    assertThat(ledger.events().get(1).attribution().organization()).isEqualTo("other");
  }

  @Test
  void handWrittenLoop_onAWrappedExecutor_isOneOperation() throws Exception {
    ChatModel model = ledger.models.wrap(chat(twoSteps("call_0")));
    try (var tracker =
        io.github.usage4j.track.UsageTracker.builder(ledger.store)
            .buffer(io.github.usage4j.sink.UsageBuffer.none())
            .attribution(() -> Attribution.organization("acme"))
            .build()) {
      ChatModel mine =
          TrackedModels.with(tracker).provider("fake").wrap(TrackedModels.unwrap(model));
      ExecutorService wrapped = tracker.wrap(callers);
      AiMessage asked = wrapped.submit(() -> mine.chat(UserMessage.from("7")).aiMessage()).get();
      wrapped.submit(() -> mine.chat(resultsFor(asked))).get();
    }
    assertThat(ledger.operations()).isEqualTo(1);
  }

  @Test
  void callInAPiece_joinsTheOperationAndItsAttribution() throws Exception {
    ChatModel translator = ledger.models.wrap(chat(text(tokens(5, 1))));
    StreamingChatModel model =
        ledger.models.wrap(streaming(provider, Fakes.script(text(tokens(10, 1)))));
    var end = new CompletableFuture<Void>();
    try (var scope = ledger.acme()) {
      model.chat(
          "hi",
          new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String piece) {
              translator.chat(piece);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
              end.complete(null);
            }

            @Override
            public void onError(Throwable error) {
              end.completeExceptionally(error);
            }
          });
    }
    end.get(60, TimeUnit.SECONDS);

    assertThat(ledger.figures()).containsExactly("5/1", "10/1");
    assertThat(ledger.operations()).isEqualTo(1);
    assertThat(ledger.events()).allMatch(e -> "acme".equals(e.attribution().organization()));
  }

  @Test
  void otherModelOfTheTracker_joinsTheSameOperation() {
    AiMessage asked =
        ledger.models.wrap(chat(tools(tokens(10, 1), "a"))).chat(UserMessage.from("7")).aiMessage();

    TrackedModels.with(ledger.tracker).wrap(chat(text(tokens(20, 2)))).chat(resultsFor(asked));

    assertThat(ledger.operations()).isEqualTo(1);
  }
}
