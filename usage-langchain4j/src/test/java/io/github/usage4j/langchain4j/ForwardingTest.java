package io.github.usage4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.audio.Audio;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.image.Image;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.StreamingResponseHandler;
import dev.langchain4j.model.audio.AudioTranscriptionModel;
import dev.langchain4j.model.audio.AudioTranscriptionRequest;
import dev.langchain4j.model.audio.AudioTranscriptionResponse;
import dev.langchain4j.model.audio.TextToSpeechModel;
import dev.langchain4j.model.audio.TextToSpeechRequest;
import dev.langchain4j.model.audio.TextToSpeechResponse;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.ChatRequestOptions;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialThinkingContext;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.PartialToolCallContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.image.ImageModel;
import dev.langchain4j.model.input.Prompt;
import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.language.StreamingLanguageModel;
import dev.langchain4j.model.moderation.Moderation;
import dev.langchain4j.model.moderation.ModerationModel;
import dev.langchain4j.model.moderation.ModerationRequest;
import dev.langchain4j.model.moderation.ModerationResponse;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.scoring.ScoringModel;
import dev.langchain4j.model.scoring.request.ScoringRequest;
import dev.langchain4j.model.scoring.request.ScoringRequestParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every method, overload to overload; and that the check itself would notice. */
class ForwardingTest {

  /** Their defaults build a request and come back to the overload that takes it. */
  private static final Map<String, String> CHAT_CONVENIENCE =
      Map.of(
          "chat(String)", "chat(ChatRequest)",
          "chat(List)", "chat(ChatRequest)",
          "chat(ChatMessage[])", "chat(ChatRequest)",
          "chatAsync(String)", "chatAsync(ChatRequest)",
          "chatAsync(List)", "chatAsync(ChatRequest)",
          "chatAsync(ChatMessage[])", "chatAsync(ChatRequest)");

  private static final Map<String, String> STREAMING_CONVENIENCE =
      Map.of(
          "chat(String, StreamingChatResponseHandler)",
              "chat(ChatRequest, StreamingChatResponseHandler)",
          "chat(List, StreamingChatResponseHandler)",
              "chat(ChatRequest, StreamingChatResponseHandler)",
          "chat(List)", "chat(ChatRequest)",
          "chat(ChatMessage[])", "chat(ChatRequest)");

  private final Ledger ledger = new Ledger();

  @Test
  void chatModel_isForwardedOverloadToOverload() {
    assertThat(
            Forwarding.problems(
                ChatModel.class, ledger.models::wrap, CHAT_CONVENIENCE, ForwardingTest::sample))
        .isEmpty();
  }

  @Test
  void streamingChatModel_isForwardedOverloadToOverload() {
    List<String> problems =
        Forwarding.problems(
            StreamingChatModel.class,
            ledger.models::wrap,
            STREAMING_CONVENIENCE,
            ForwardingTest::sample);

    // Its default calls chat(ChatRequest) when it is subscribed, which AsyncTest does.
    assertThat(problems)
        .hasSize(1)
        .allMatch(problem -> problem.startsWith("chat(String) reached []"));
  }

  @Test
  void embeddingModel_isForwardedOverloadToOverload() {
    assertThat(
            Forwarding.problems(
                EmbeddingModel.class, ledger.models::wrap, Map.of(), ForwardingTest::sample))
        .isEmpty();
  }

  @ParameterizedTest
  @MethodSource("otherKinds")
  <T> void otherKind_isForwardedOverloadToOverload(Class<T> kind, Function<T, T> wrap) {
    assertThat(Forwarding.problems(kind, wrap, Map.of(), ForwardingTest::sample)).isEmpty();
  }

  static Stream<Arguments> otherKinds() {
    TrackedModels models = new Ledger().models;
    return Stream.of(
        kind(ScoringModel.class, models::wrap),
        kind(ModerationModel.class, models::wrap),
        kind(ImageModel.class, models::wrap),
        kind(LanguageModel.class, models::wrap),
        kind(StreamingLanguageModel.class, models::wrap),
        kind(AudioTranscriptionModel.class, models::wrap),
        kind(TextToSpeechModel.class, models::wrap));
  }

  private static <T> Arguments kind(Class<T> kind, Function<T, T> wrap) {
    return Arguments.of(kind, wrap);
  }

  @Test
  void textHandler_isForwardedOverloadToOverload() {
    assertThat(
            Forwarding.problems(
                StreamingResponseHandler.class,
                handler -> trackedText(handler),
                Map.of(),
                ForwardingTest::sample))
        .isEmpty();
  }

  @SuppressWarnings("unchecked")
  private StreamingResponseHandler<String> trackedText(StreamingResponseHandler<?> handler) {
    var call =
        CallStart.chat(
            Settings.of(ledger.tracker), this, () -> ModelProvider.OTHER, () -> null, null, true);
    return new TrackedStreamingLanguageModel.TrackedTextHandler(
        (StreamingResponseHandler<String>) handler,
        new StreamEnd(call),
        Settings.of(ledger.tracker));
  }

  @Test
  void handler_isForwardedOverloadToOverload() {
    assertThat(
            Forwarding.problems(
                StreamingChatResponseHandler.class,
                this::tracked,
                Map.of(),
                ForwardingTest::sample))
        .isEmpty();
  }

  private StreamingChatResponseHandler tracked(StreamingChatResponseHandler handler) {
    var call =
        CallStart.chat(
            Settings.of(ledger.tracker), this, () -> ModelProvider.OTHER, () -> null, null, true);
    return new TrackedHandler(handler, new StreamEnd(call));
  }

  /** A later version of the interface. */
  interface LaterChatModel extends ChatModel {
    default String chatInNewWay(ChatRequest request) {
      return "default";
    }
  }

  /** A later version of the interface. */
  interface LaterHandler extends StreamingChatResponseHandler {
    default void onNews(String news) {}
  }

  @Test
  void check_noticesAMethodThatALaterVersionAdds() {
    Function<LaterChatModel, LaterChatModel> decorator =
        model -> later(LaterChatModel.class, ledger.models.wrap((ChatModel) model));
    assertThat(
            Forwarding.problems(
                LaterChatModel.class, decorator, CHAT_CONVENIENCE, ForwardingTest::sample))
        .singleElement()
        .asString()
        .startsWith("chatInNewWay(ChatRequest)");

    Function<LaterHandler, LaterHandler> handlers =
        handler -> later(LaterHandler.class, tracked(handler));
    assertThat(Forwarding.problems(LaterHandler.class, handlers, Map.of(), ForwardingTest::sample))
        .singleElement()
        .asString()
        .startsWith("onNews(String)");
  }

  /** Today's decorator as an implementation of a later interface: what is new is the default. */
  private static <T> T later(Class<T> type, Object today) {
    return type.cast(
        java.lang.reflect.Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              try {
                return method.getDeclaringClass() == type ? null : method.invoke(today, arguments);
              } catch (java.lang.reflect.InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  @Test
  void check_noticesCollapsedOverloads() {
    Function<ChatModel, ChatModel> collapsing =
        model ->
            new ChatModel() {
              @Override
              public ChatResponse chat(ChatRequest request) {
                return model.chat(request, ChatRequestOptions.EMPTY);
              }
            };
    assertThat(
            Forwarding.problems(
                ChatModel.class, collapsing, CHAT_CONVENIENCE, ForwardingTest::sample))
        .anyMatch(problem -> problem.startsWith("chat(ChatRequest)"))
        .anyMatch(problem -> problem.startsWith("supportedCapabilities()"));
  }

  private static Object sample(Class<?> type) {
    StreamingHandle handle =
        new StreamingHandle() {
          @Override
          public void cancel() {}

          @Override
          public boolean isCancelled() {
            return false;
          }
        };
    Map<Class<?>, Object> samples = new java.util.HashMap<>();
    samples.put(ChatRequest.class, ChatRequest.builder().messages(UserMessage.from("hi")).build());
    samples.put(
        ChatResponse.class, ChatResponse.builder().aiMessage(AiMessage.from("answer")).build());
    samples.put(ChatMessage.class, UserMessage.from("hi"));
    samples.put(ChatRequestOptions.class, ChatRequestOptions.EMPTY);
    samples.put(ModelProvider.class, ModelProvider.OPEN_AI);
    samples.put(List.class, new ArrayList<>(List.of(UserMessage.from("hi"))));
    samples.put(Set.class, Set.of());
    samples.put(TextSegment.class, TextSegment.from("text"));
    samples.put(
        EmbeddingRequest.class,
        EmbeddingRequest.builder().textSegment(TextSegment.from("text")).build());
    samples.put(
        EmbeddingResponse.class,
        EmbeddingResponse.builder().embeddings(List.of(Embedding.from(new float[] {1}))).build());
    samples.put(Response.class, Response.from(Embedding.from(new float[] {1})));
    samples.put(Prompt.class, Prompt.from("text"));
    samples.put(Image.class, Image.builder().url("http://127.0.0.1/a.png").build());
    samples.put(Audio.class, Audio.builder().binaryData(new byte[] {1}).build());
    samples.put(
        ScoringRequest.class,
        ScoringRequest.builder().documents(List.of("text")).query("text").build());
    samples.put(ScoringRequestParameters.class, ScoringRequestParameters.EMPTY);
    samples.put(ModerationRequest.class, ModerationRequest.builder().texts(List.of("a")).build());
    samples.put(
        ModerationResponse.class,
        ModerationResponse.builder().moderation(Moderation.notFlagged()).build());
    samples.put(
        AudioTranscriptionRequest.class,
        AudioTranscriptionRequest.builder(Audio.builder().build()).build());
    samples.put(AudioTranscriptionResponse.class, AudioTranscriptionResponse.from("text"));
    samples.put(TextToSpeechRequest.class, TextToSpeechRequest.builder("text").build());
    samples.put(TextToSpeechResponse.class, TextToSpeechResponse.from(Audio.builder().build()));
    samples.put(PartialResponse.class, new PartialResponse("piece"));
    samples.put(PartialThinking.class, new PartialThinking("piece"));
    samples.put(
        PartialToolCall.class,
        PartialToolCall.builder().index(0).id("1").name("a").partialArguments("{").build());
    samples.put(CompleteToolCall.class, new CompleteToolCall(0, Fakes.call("1", "a")));
    samples.put(PartialResponseContext.class, new PartialResponseContext(handle));
    samples.put(PartialThinkingContext.class, new PartialThinkingContext(handle));
    samples.put(PartialToolCallContext.class, new PartialToolCallContext(handle));
    return samples.get(type);
  }
}
