package io.github.usage4j.examples.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.language.StreamingLanguageModel;
import dev.langchain4j.model.scoring.ScoringModel;
import java.util.List;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Real clients and AI services against the replay server; nothing is recorded. */
class PlayersTest {
  private final Recorder nothing = new NothingRecorded();

  @Test
  void play_answersBlockingAndStreaming_eachCalledOnce() {
    Played played = steps(Exchanges.answer(), Exchanges.streamed(), Exchanges.refusedByProvider());
    assertEquals(3, played.calls());
    assertEquals(0, played.unexpectedRequests());
    assertNull(error(played, 0));
    assertNull(error(played, 1));
    assertNotNull(error(played, 2));
  }

  @Test
  void play_apiWithoutClient_isNotCalled() {
    try (ReplayServer server = ReplayServer.start()) {
      ExchangeStep step =
          Exchanges.step("chat-v2", 200, "application/json", "{}", Exchanges.STATED);
      Played played =
          new StepPlayer(nothing, Capture.WIRE)
              .play(Exchanges.file("cohere", ExchangeFile.Kind.SINGLE, step), server);
      var notCalled = assertInstanceOf(Played.NotCalled.class, played.steps().get(0));
      assertEquals(SkipReason.NO_CLIENT, notCalled.reason());
    }
  }

  @Test
  void play_apiNotInTable_isFailed() {
    try (ReplayServer server = ReplayServer.start()) {
      ExchangeStep step = Exchanges.step("new", 200, "application/json", "{}", Exchanges.STATED);
      Played played =
          new StepPlayer(nothing, Capture.WIRE)
              .play(Exchanges.file("openai", ExchangeFile.Kind.SINGLE, step), server);
      assertInstanceOf(Played.Failed.class, played.steps().get(0));
    }
  }

  @Test
  void play_loop_goesThroughAllSteps() {
    Played played = loop(Exchanges.toolCall(), Exchanges.toolCall(), Exchanges.answer());
    assertEquals(3, played.calls());
    assertEquals(0, played.unexpectedRequests());
    assertNull(error(played, 2));
  }

  @Test
  void play_loopWhoseLastAnswerAsksForTool_endsWithTheRecording() {
    Played played = loop(Exchanges.toolCall(), Exchanges.toolCall());
    assertEquals(2, played.calls());
    assertEquals(0, played.unexpectedRequests());
    assertNull(error(played, 1));
  }

  @Test
  void play_loopThatEndsWithAnError_keepsTheStepsBefore() {
    Played played = loop(Exchanges.toolCall(), Exchanges.refusedByProvider());
    assertEquals(2, played.calls());
    assertNull(error(played, 0));
    assertNotNull(error(played, 1));
  }

  @Test
  void play_loopThatAiServiceLeavesEarly_isNotDrivable() {
    assertNotDrivable(loop(Exchanges.answer(), Exchanges.answer()), 1);
    assertNotDrivable(loop(Exchanges.refusedByProvider(), Exchanges.answer()), 1);
    assertNotDrivable(loop(Exchanges.unreadableAnswer(), Exchanges.answer()), 1);
    assertNotDrivable(loop(Exchanges.toolCall(), Exchanges.streamed()), 0);
  }

  @Test
  void play_loopWhoseToolRequestIsLost_isFailed() {
    ExchangeStep asking = Exchanges.askingFor("weather", Exchanges.toolCall());
    Played played = loop(new ToolRequestsLost(), asking, Exchanges.answer());
    assertEquals(1, played.calls());
    assertInstanceOf(Played.Failed.class, played.steps().get(1));
    assertEquals(2, loop(asking, Exchanges.answer()).calls());
  }

  private static void assertNotDrivable(Played played, int calls) {
    assertEquals(calls, played.calls());
    var last = assertInstanceOf(Played.NotCalled.class, played.steps().get(1));
    assertEquals(SkipReason.LOOP_NOT_DRIVABLE, last.reason());
  }

  private Played steps(ExchangeStep... steps) {
    try (ReplayServer server = ReplayServer.start()) {
      return new StepPlayer(nothing, Capture.WIRE)
          .play(Exchanges.file("together", ExchangeFile.Kind.SEQUENCE, steps), server);
    }
  }

  private Played loop(ExchangeStep... steps) {
    return loop(nothing, steps);
  }

  private static Played loop(Recorder recorder, ExchangeStep... steps) {
    try (ReplayServer server = ReplayServer.start()) {
      return new LoopPlayer(recorder, Capture.WIRE)
          .play(Exchanges.file("together", ExchangeFile.Kind.TOOL_LOOP, steps), server);
    }
  }

  private static @Nullable Throwable error(Played played, int step) {
    return assertInstanceOf(Played.Called.class, played.steps().get(step)).error();
  }

  /** A library that breaks what it wraps: it passes answers on without their tool requests. */
  private static final class ToolRequestsLost extends NothingRecorded {
    @Override
    public ChatModel wrap(String provider, ChatModel model) {
      return new ChatModel() {
        @Override
        public ChatResponse chat(ChatRequest request) {
          return model.chat(request).toBuilder().aiMessage(AiMessage.from("lost")).build();
        }
      };
    }
  }

  private static class NothingRecorded implements Recorder {
    @Override
    public ChatModel wrap(String provider, ChatModel model) {
      return model;
    }

    @Override
    public StreamingChatModel wrap(String provider, StreamingChatModel model) {
      return model;
    }

    @Override
    public EmbeddingModel wrap(String provider, EmbeddingModel model) {
      return model;
    }

    @Override
    public LanguageModel wrap(String provider, LanguageModel model) {
      return model;
    }

    @Override
    public StreamingLanguageModel wrap(String provider, StreamingLanguageModel model) {
      return model;
    }

    @Override
    public ScoringModel wrap(String provider, ScoringModel model) {
      return model;
    }

    @Override
    public List<RecordedEvent> record(String name, IntSupplier play) {
      return List.of(
          new RecordedEvent(
              "",
              "",
              Figures.NONE,
              "",
              "calls: " + play.getAsInt(),
              RecordedEvent.Charges.NONE,
              false));
    }

    @Override
    public long recordedCalls() {
      return 0;
    }

    @Override
    public List<String> monthSummary() {
      return List.of();
    }

    @Override
    public void close() {}
  }
}
