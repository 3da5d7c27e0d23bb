package io.github.usage4j.examples.replay;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.TokenStream;
import dev.langchain4j.service.tool.ToolProviderResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Plays a recorded tool loop through a real AI service: one request of the user, and then as many
 * steps as the recorded answers ask for. Every tool that an answer asks for exists and answers at
 * once.
 */
final class LoopPlayer {
  private static final String RESULT = "done";

  private final Recorder recorder;
  private final Capture capture;

  LoopPlayer(Recorder recorder, Capture capture) {
    this.recorder = recorder;
    this.capture = capture;
  }

  Played play(ExchangeFile file, ReplayServer server) {
    ExchangeStep first = file.steps().get(0);
    ProviderClient client = ProviderClients.find(file.provider(), first.api());
    if (!(client instanceof ProviderClient.Chat chat)) {
      Played.Step why =
          client instanceof ProviderClient.Playable
              ? new Played.Failed("a tool loop of no chat model: " + first.api())
              : StepPlayer.notCalled(client);
      return new Played(file.steps().stream().map(step -> why).toList(), 0);
    }
    @Nullable String mixed = mixed(file);
    if (mixed != null) {
      Played.Step why = new Played.NotCalled(SkipReason.LOOP_NOT_DRIVABLE, mixed);
      return new Played(file.steps().stream().map(step -> why).toList(), 0);
    }
    server.load(file.steps());
    @Nullable Throwable error = call(chat, file, server);
    return new Played(steps(file, server.answered(), error), server.unexpected());
  }

  /**
   * An AI service has one model: it cannot change the API, or from blocking to streaming, between
   * two steps.
   */
  private static @Nullable String mixed(ExchangeFile file) {
    ExchangeStep first = file.steps().get(0);
    for (ExchangeStep step : file.steps()) {
      if (!step.api().equals(first.api()) || step.streaming() != first.streaming()) {
        return "one loop over "
            + first.api()
            + " and "
            + step.api()
            + ", but an AI service has one model";
      }
    }
    return null;
  }

  private @Nullable Throwable call(
      ProviderClient.Chat chat, ExchangeFile file, ReplayServer server) {
    ExchangeStep first = file.steps().get(0);
    try (var target =
        new ProviderClient.Target(server.baseUrl(), first.requestedModel(), capture)) {
      if (first.streaming()) {
        StreamingAssistant assistant =
            service(StreamingAssistant.class, file, server)
                .streamingChatModel(recorder.wrap(file.provider(), chat.streaming(target)))
                .build();
        StreamEnd end = new StreamEnd();
        assistant
            .chat(StepPlayer.PROMPT)
            .onPartialResponse(part -> {})
            .onCompleteResponse(response -> end.answered())
            .onError(end::failed)
            .start();
        return withoutEnd(end.await());
      }
      service(Assistant.class, file, server)
          .chatModel(recorder.wrap(file.provider(), chat.blocking(target)))
          .build()
          .chat(StepPlayer.PROMPT);
      return null;
    } catch (RuntimeException e) {
      return withoutEnd(e);
    }
  }

  private static <T> AiServices<T> service(Class<T> type, ExchangeFile file, ReplayServer server) {
    return AiServices.builder(type)
        .toolProvider(request -> tools(file, server))
        .hallucinatedToolNameStrategy(
            request -> ToolExecutionResultMessage.from(request, result(server, request)))
        .toolExecutionErrorHandler(
            (error, context) -> {
              throw error instanceof RuntimeException e ? e : new IllegalStateException(error);
            })
        .maxToolCallingRoundTrips(file.steps().size() + 1);
  }

  private static ToolProviderResult tools(ExchangeFile file, ReplayServer server) {
    ToolProviderResult.Builder tools = ToolProviderResult.builder();
    file.steps().stream()
        .flatMap(step -> step.toolCalls().stream())
        .map(ExchangeStep.ToolCall::name)
        .filter(Objects::nonNull)
        .distinct()
        .forEach(
            name ->
                tools.add(
                    ToolSpecification.builder().name(name).build(),
                    (call, memoryId) -> result(server, call)));
    return tools.build();
  }

  private static String result(ReplayServer server, ToolExecutionRequest request) {
    if (server.exhausted()) {
      throw new EndOfRecording(request.name());
    }
    return RESULT;
  }

  private static @Nullable Throwable withoutEnd(@Nullable Throwable error) {
    for (@Nullable Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof EndOfRecording) {
        return null;
      }
    }
    return error;
  }

  private static List<Played.Step> steps(
      ExchangeFile file, int answered, @Nullable Throwable error) {
    List<Played.Step> steps = new ArrayList<>();
    for (int i = 0; i < file.steps().size(); i++) {
      if (i < answered) {
        steps.add(new Played.Called(i == answered - 1 ? error : null));
      } else if (answered == 0) {
        steps.add(new Played.Failed("no request was made: " + error));
      } else {
        steps.add(notReached(file.steps().get(answered - 1), answered, error));
      }
    }
    return steps;
  }

  private static Played.Step notReached(
      ExchangeStep last, int answered, @Nullable Throwable error) {
    String step = "step " + answered;
    if (error == null) {
      if (!last.toolCalls().isEmpty()) {
        return new Played.Failed(
            "the AI service ended after "
                + step
                + ", though the recorded answer asks for a tool: "
                + last.toolCalls().get(0).name());
      }
      return notDrivable(
          "LangChain4j sees no tool request in the answer of "
              + step
              + ", so the AI service ends there");
    }
    if (!last.answered()) {
      return notDrivable(
          "the provider answered "
              + step
              + " with status "
              + last.response().status()
              + ", which ends an AI service");
    }
    return Refusal.of(last, error)
        .<Played.Step>map(
            refusal ->
                notDrivable(
                    "the client refuses the answer of " + step + ", which ends the AI service"))
        .orElseGet(() -> new Played.Failed(step + " failed: " + error));
  }

  private static Played.Step notDrivable(String why) {
    return new Played.NotCalled(SkipReason.LOOP_NOT_DRIVABLE, why);
  }

  /** The AI service that plays blocking loops. */
  interface Assistant {
    AiMessage chat(String prompt);
  }

  /** The AI service that plays streaming loops. */
  interface StreamingAssistant {
    TokenStream chat(String prompt);
  }

  /** Ends a loop whose last recorded answer asks for a tool: nobody recorded what came of it. */
  private static final class EndOfRecording extends RuntimeException {
    private static final long serialVersionUID = 1L;

    EndOfRecording(String tool) {
      super("the recording ends with the call of " + tool);
    }
  }
}
