package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.chat;
import static io.github.usage4j.langchain4j.Fakes.script;
import static io.github.usage4j.langchain4j.Fakes.streaming;
import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static io.github.usage4j.langchain4j.Fakes.tools;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.invocation.InvocationParameters;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.TokenStream;
import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** AI services whose model is a decorator of the host's, and what is left of them on a thread. */
@Timeout(120)
class AiServiceDecoratorsTest {

  interface Assistant {
    String chat(
        @dev.langchain4j.service.UserMessage String message, InvocationParameters parameters);
  }

  interface Streamer {
    TokenStream chat(
        @dev.langchain4j.service.UserMessage String message, InvocationParameters parameters);
  }

  interface Plain {
    String chat(String message);
  }

  private static final Attribution ADA = Attribution.organization("acme").user("ada");
  private static final InvocationParameters BY_ADA =
      InvocationParameters.from(TrackedModels.ATTRIBUTION, ADA);

  private final Ledger ledger = new Ledger();

  @AfterEach
  void nothingElse() {
    assertThat(ledger.anomalies).hasValue(0);
  }

  private Assistant assistant(ChatModel model, TrackedModels... others) {
    var service = AiServices.builder(Assistant.class).chatModel(model).tools(new Fakes.Tools());
    service.registerListeners(ledger.models.aiServiceListeners());
    for (TrackedModels other : others) {
      service.registerListeners(other.aiServiceListeners());
    }
    return service.build();
  }

  private TokenStream stream(StreamingChatModel model) {
    return AiServices.builder(Streamer.class)
        .streamingChatModel(model)
        .tools(new Fakes.Tools())
        .registerListeners(ledger.models.aiServiceListeners())
        .build()
        .chat("hi", BY_ADA);
  }

  private static String finish(TokenStream stream) throws Exception {
    var end = new CompletableFuture<String>();
    stream
        .onPartialResponse(part -> {})
        .onCompleteResponse(response -> end.complete("done"))
        .onError(end::completeExceptionally)
        .start();
    return end.get(60, TimeUnit.SECONDS);
  }

  private static StreamingChatModel streamDecorator(
      BiConsumer<ChatRequest, StreamingChatResponseHandler> how) {
    return new StreamingChatModel() {
      @Override
      public void chat(ChatRequest request, StreamingChatResponseHandler handler) {
        how.accept(request, handler);
      }
    };
  }

  private static ChatRequest rebuilt(ChatRequest request) {
    return request.toBuilder().temperature(0.5).build();
  }

  private void assertOneOperationOfAda(String... figures) {
    assertThat(ledger.figures()).containsExactly(figures);
    assertThat(ledger.events()).extracting(UsageEvent::attribution).containsOnly(ADA);
    assertThat(ledger.operations()).isEqualTo(1);
  }

  // A decorator between the service and the tracked model

  @Test
  void rebuiltRequest_belongsToTheService() throws Exception {
    ChatModel model = ledger.models.wrap(chat(tools(tokens(10, 1), "a"), text(tokens(20, 2))));
    assistant(chat(request -> model.chat(rebuilt(request)))).chat("hi", BY_ADA);

    assertOneOperationOfAda("10/1", "20/2");
  }

  @Test
  void rebuiltRequest_ofATokenStream_belongsToTheService() throws Exception {
    StreamingChatModel model =
        ledger.models.wrap(
            streaming(Runnable::run, script(tools(tokens(10, 1), "a"), text(tokens(20, 2)))));
    finish(stream(streamDecorator((request, handler) -> model.chat(rebuilt(request), handler))));

    assertOneOperationOfAda("10/1", "20/2");
  }

  @Test
  void otherModelFirst_inATokenStream_leavesTheServiceItsCall() throws Exception {
    ChatModel helper = ledger.models.wrap(chat(text(tokens(1, 1))));
    StreamingChatModel model =
        ledger.models.wrap(streaming(Runnable::run, script(text(tokens(20, 2)))));
    finish(
        stream(
            streamDecorator(
                (request, handler) -> {
                  helper.chat("shorter, please");
                  model.chat(rebuilt(request), handler);
                })));

    assertThat(ledger.figures()).containsExactly("1/1", "20/2");
    assertThat(ledger.events().get(1).attribution()).isEqualTo(ADA);
  }

  @Test
  void trackedDecorator_aroundTrackedModels_belongsToTheService() throws Exception {
    StreamingChatModel inner =
        ledger.models.wrap(streaming(Runnable::run, script(text(tokens(20, 2)))));
    StreamingChatModel outer =
        ledger.models.wrap(
            streamDecorator((request, handler) -> inner.chat(rebuilt(request), handler)));
    finish(stream(outer));

    assertOneOperationOfAda("20/2");
  }

  @Test
  void serviceInsideTheDecorator_leavesTheServiceItsCall() throws Exception {
    Assistant nested = assistant(ledger.models.wrap(chat(text(tokens(1, 1)))));
    Attribution bob = Attribution.organization("bob");
    StreamingChatModel model =
        ledger.models.wrap(streaming(Runnable::run, script(text(tokens(20, 2)))));
    finish(
        stream(
            streamDecorator(
                (request, handler) -> {
                  nested.chat("?", InvocationParameters.from(TrackedModels.ATTRIBUTION, bob));
                  model.chat(rebuilt(request), handler);
                })));

    assertThat(ledger.figures()).containsExactly("1/1", "20/2");
    assertThat(ledger.events()).extracting(UsageEvent::attribution).containsExactly(bob, ADA);
  }

  @Test
  void listenersOfTwoTrackers_bothKnowTheService() {
    var other = new Ledger();
    ChatModel model = chat(text(tokens(20, 2)));
    assistant(other.models.wrap(chat(ledger.models.wrap(model)::chat)), other.models)
        .chat("hi", BY_ADA);

    assertOneOperationOfAda("20/2");
    assertThat(other.only().attribution()).isEqualTo(ADA);
  }

  // What is left on a pooled thread

  /** A request that is announced but answered without a tracked model. */
  private ChatRequest announceInVain() throws Exception {
    var announced = new AtomicReference<ChatRequest>();
    stream(
            streamDecorator(
                (request, handler) -> {
                  announced.set(request); // and nothing more is heard of it
                }))
        .onPartialResponse(part -> {})
        .ignoreErrors()
        .start();
    return announced.get();
  }

  @Test
  void announcementInVain_claimsNoLaterCall() throws Exception {
    ChatRequest announced = announceInVain();
    ChatModel model =
        ledger.models.wrap(chat(text(tokens(1, 1)), text(tokens(2, 2)), text(tokens(3, 3))));

    model.chat("somebody else's");
    model.chat(rebuilt(announced)); // the same last message, but not from inside of a service
    AiServices.create(Plain.class, model).chat("somebody else's");

    assertThat(ledger.events()).hasSize(3);
    assertThat(ledger.events()).extracting(UsageEvent::attribution).containsOnly(Attribution.NONE);
    assertThat(ledger.operations()).isEqualTo(3);
  }

  @Test
  void announcementInVain_claimsNoCallOfALaterService() throws Exception {
    announceInVain();
    ChatModel model = ledger.models.wrap(chat(text(tokens(1, 1)), text(tokens(2, 2))));
    AiServices.create(Plain.class, model).chat("no listeners");
    assistant(model).chat("no attribution", new InvocationParameters());

    assertThat(ledger.events())
        .extracting(UsageEvent::attribution)
        .containsExactly(Attribution.NONE, Attribution.NONE);
  }

  @Test
  void announcement_thatEndedOnAnotherThread_claimsNothing() throws Exception {
    var announced = new AtomicReference<ChatRequest>();
    var callbacks = new AtomicReference<StreamingChatResponseHandler>();
    var end = new CompletableFuture<String>();
    stream(
            streamDecorator(
                (request, handler) -> {
                  announced.set(request);
                  callbacks.set(handler);
                }))
        .onPartialResponse(part -> {})
        .onCompleteResponse(response -> end.complete("done"))
        .onError(end::completeExceptionally)
        .start();
    var provider = new Thread(() -> callbacks.get().onCompleteResponse(text(tokens(9, 9))));
    provider.start();
    provider.join();
    assertThat(end).isCompleted();

    ledger.models.wrap(chat(text(tokens(1, 1)))).chat(announced.get());

    assertThat(ledger.only().attribution()).isEqualTo(Attribution.NONE);
  }

  @Test
  void tokenStreamThatIsNeverStarted_claimsNoCallOfALaterService() {
    stream(streaming(Runnable::run, script()));
    ChatModel model = ledger.models.wrap(chat(text(tokens(1, 1)), text(tokens(2, 2))));
    AiServices.create(Plain.class, model).chat("hi");
    model.chat("hi");

    assertThat(ledger.events())
        .extracting(UsageEvent::attribution)
        .containsOnly(Attribution.NONE)
        .hasSize(2);
    assertThat(ledger.operations()).isEqualTo(2);
  }

  @Test
  void serviceThatDiedOfAnError_claimsNoCallOfALaterService() {
    ChatModel dying =
        chat(
            request -> {
              throw new NoClassDefFoundError("gone");
            });
    assertThatThrownBy(() -> assistant(ledger.models.wrap(dying)).chat("hi", BY_ADA))
        .isInstanceOf(NoClassDefFoundError.class);

    ChatModel model = ledger.models.wrap(chat(text(tokens(1, 1))));
    AiServices.create(Plain.class, model).chat("hi");

    assertThat(ledger.events())
        .extracting(UsageEvent::attribution)
        .containsExactly(ADA, Attribution.NONE);
  }

  @Test
  void deadService_isNotRevivedFromTheSameLine() {
    ChatModel model = ledger.models.wrap(chat(text(tokens(1, 1))));
    Plain plain = AiServices.create(Plain.class, model);
    List<Runnable> requests =
        List.of(() -> stream(streaming(Runnable::run, script())), () -> plain.chat("hi"));
    requests.forEach(Runnable::run);

    assertThat(ledger.only().attribution()).isEqualTo(Attribution.NONE);
  }

  @Test
  void callsOfRetrieval_beforeATokenStreamStarts_belongToTheService() throws Exception {
    ChatModel helper = ledger.models.wrap(chat(text(tokens(1, 1))));
    StreamingChatModel model =
        ledger.models.wrap(streaming(Runnable::run, script(text(tokens(20, 2)))));
    finish(
        AiServices.builder(Streamer.class)
            .streamingChatModel(model)
            .contentRetriever(
                query -> {
                  helper.chat(UserMessage.from("which?"));
                  return List.of(dev.langchain4j.rag.content.Content.from("fact"));
                })
            .registerListeners(ledger.models.aiServiceListeners())
            .build()
            .chat("hi", BY_ADA));

    assertOneOperationOfAda("1/1", "20/2");
  }
}
