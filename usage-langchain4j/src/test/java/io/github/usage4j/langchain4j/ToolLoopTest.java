package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.chat;
import static io.github.usage4j.langchain4j.Fakes.script;
import static io.github.usage4j.langchain4j.Fakes.streaming;
import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static io.github.usage4j.langchain4j.Fakes.tools;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ReturnBehavior;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.Result;
import dev.langchain4j.service.TokenStream;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.track.UsageScope;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Loops that LangChain4j drives; the numbers are those of the scenarios in the design. */
class ToolLoopTest {

  interface Assistant {
    Result<String> chat(String message);
  }

  interface Streamer {
    TokenStream chat(String message);
  }

  private final Ledger ledger = new Ledger();
  private final ExecutorService provider = Executors.newSingleThreadExecutor();

  @AfterEach
  void stop() {
    provider.shutdownNow();
    ledger.tracker.close();
  }

  private static AiServices<Assistant> assistant(ChatModel model, Object tools) {
    return AiServices.builder(Assistant.class).chatModel(model).tools(tools);
  }

  private static Object[] threeSteps() {
    return new Object[] {
      tools(tokens(10, 1), "a", "b"), tools(tokens(20, 2), "a"), text(tokens(30, 3))
    };
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void blockingLoop_isOneOperationOfAllSteps(boolean concurrent) {
    var service = assistant(ledger.models.wrap(chat(threeSteps())), new Fakes.Tools());
    if (concurrent) {
      service.executeToolsConcurrently();
    }

    Result<String> result = service.build().chat("hi");

    assertThat(ledger.figures()).containsExactly("10/1", "20/2", "30/3");
    assertThat(ledger.operations()).isEqualTo(1);
    assertThat(ledger.events()).extracting(UsageEvent::step).containsExactly(1, 2, 3);
    assertThat(ledger.events()).extracting(UsageEvent::toolCalls).containsExactly(2, 1, 0);
    assertThat(ledger.events())
        .extracting(UsageEvent::opensOperation)
        .containsExactly(true, false, false);
    assertThat(result.finalResponse().tokenUsage().inputTokenCount()).isEqualTo(30);
  }

  @Test
  void blockingLoop_inAScope_totalsAllSteps() {
    var service = assistant(ledger.models.wrap(chat(threeSteps())), new Fakes.Tools()).build();
    try (UsageScope scope = ledger.acme()) {
      service.chat("hi");

      assertTotal(scope.totalUsage(), 60, 6, 3);
      assertThat(scope.totalUsage().toolTurns()).isEqualTo(2);
    }
  }

  private static void assertTotal(UsageSummary total, long input, long output, long calls) {
    assertThat(total.tokens().input()).isEqualTo(input);
    assertThat(total.tokens().output()).isEqualTo(output);
    assertThat(total.calls()).isEqualTo(calls);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void streamingLoop_onAProviderThread_isOneOperationAndKeepsItsAttribution(boolean concurrent)
      throws Exception {
    var model = ledger.models.wrap(streaming(provider, script(threeSteps())));
    var service =
        AiServices.builder(Streamer.class).streamingChatModel(model).tools(new Fakes.Tools());
    if (concurrent) {
      service.executeToolsConcurrently();
    }
    UsageScope scope = ledger.acme();
    try (scope) {
      assertThat(finish(service.build().chat("hi"))).isEqualTo("60/6");
    }

    assertThat(ledger.figures()).containsExactly("10/1", "20/2", "30/3");
    assertThat(ledger.operations()).isEqualTo(1);
    assertThat(ledger.events()).allMatch(e -> "acme".equals(e.attribution().organization()));
    assertThat(ledger.events()).allMatch(e -> e.streaming() && e.timeToFirstToken() != null);
    assertTotal(scope.totalUsage(), 60, 6, 3);
  }

  @Test
  void streamingLoop_whoseScopeIsClosedBeforeItEnds_keepsItsOperation() throws Exception {
    var start = new CompletableFuture<Void>();
    Executor late = task -> start.thenRunAsync(task, provider);
    var model = ledger.models.wrap(streaming(late, script(threeSteps())));
    var service =
        AiServices.builder(Streamer.class)
            .streamingChatModel(model)
            .tools(new Fakes.Tools())
            .build();
    CompletableFuture<String> end;
    UsageScope scope = ledger.acme();
    try (scope) {
      end = begin(service.chat("hi"));
    }
    try (UsageScope other =
        ledger.tracker.scope(io.github.usage4j.Attribution.organization("other"))) {
      start.complete(null);
      assertThat(end.get(60, TimeUnit.SECONDS)).isEqualTo("60/6");
      assertThat(other.totalUsage().calls()).isZero();
    }
    assertTotal(scope.totalUsage(), 60, 6, 3);
  }

  @Test
  void streamingLoop_onTheCallersThread_isOneOperation() throws Exception {
    var model =
        ledger.models.wrap(
            streaming(Runnable::run, script(tools(tokens(10, 1), "a"), text(tokens(30, 3)))));
    var service =
        AiServices.builder(Streamer.class)
            .streamingChatModel(model)
            .tools(new Fakes.Tools())
            .build();

    finish(service.chat("hi"));

    assertThat(ledger.figures()).containsExactly("10/1", "30/3");
    assertThat(ledger.operations()).isEqualTo(1);
  }

  private static CompletableFuture<String> begin(TokenStream stream) {
    var end = new CompletableFuture<String>();
    stream
        .onPartialResponse(piece -> {})
        .onCompleteResponse(
            r ->
                end.complete(
                    r.tokenUsage().inputTokenCount() + "/" + r.tokenUsage().outputTokenCount()))
        .onError(end::completeExceptionally)
        .start();
    return end;
  }

  private static String finish(TokenStream stream) throws Exception {
    return begin(stream).get(60, TimeUnit.SECONDS);
  }

  @Test
  void tokenStream_startedOnAnotherThread_isOneOperation() throws Exception {
    var model = ledger.models.wrap(streaming(provider, script(threeSteps())));
    var service =
        AiServices.builder(Streamer.class)
            .streamingChatModel(model)
            .tools(new Fakes.Tools())
            .build();
    TokenStream stream = service.chat("hi");

    var end = CompletableFuture.supplyAsync(() -> begin(stream)).thenCompose(e -> e);

    assertThat(end.get(60, TimeUnit.SECONDS)).isEqualTo("60/6");
    assertThat(ledger.operations()).isEqualTo(1);
  }

  @Test
  void step_withoutUsage_isUnmeasuredNotZero() {
    var service =
        assistant(
                ledger.models.wrap(chat(tools(null, "a"), text(tokens(20, 2)))), new Fakes.Tools())
            .build();
    try (UsageScope scope = ledger.acme()) {
      service.chat("hi");

      assertTotal(scope.totalUsage(), 20, 2, 2);
      assertThat(scope.totalUsage().unmeasured()).isEqualTo(1);
      assertThat(ledger.events().get(0).quality()).isEqualTo(Quality.MISSING);
    }
  }

  static final class ImmediateTools {
    @Tool(value = "a tool", returnBehavior = ReturnBehavior.IMMEDIATE)
    String now(@dev.langchain4j.agent.tool.P(name = "x", value = "x") String x) {
      return "r";
    }

    @Tool("a tool")
    String a(@dev.langchain4j.agent.tool.P(name = "x", value = "x") String x) {
      return "r";
    }
  }

  @Test
  void immediateTool_endsWithTheStepsThatThereWere() {
    var service =
        assistant(
                ledger.models.wrap(chat(tools(tokens(10, 1), "a"), tools(tokens(20, 2), "now"))),
                new ImmediateTools())
            .build();
    service.chat("hi");

    assertThat(ledger.figures()).containsExactly("10/1", "20/2");
    assertThat(ledger.operations()).isEqualTo(1);
  }

  @Test
  void errorInStepTwo_leavesStepOne() {
    var failure = new IllegalStateException("HTTP 500");
    var service =
        assistant(ledger.models.wrap(chat(tools(tokens(10, 1), "a"), failure)), new Fakes.Tools())
            .build();

    assertThatThrownBy(() -> service.chat("hi")).isSameAs(failure);

    assertThat(ledger.figures()).containsExactly("10/1", "null/null ERROR");
    assertThat(ledger.operations()).isEqualTo(1);
    assertThat(ledger.events().get(1).errorType()).isEqualTo(IllegalStateException.class.getName());
  }

  @Test
  void tooManyRoundTrips_leaveWhatWasPaid() {
    var service =
        assistant(
                ledger.models.wrap(
                    chat(
                        tools(tokens(10, 1), "a"),
                        tools(tokens(20, 1), "a"),
                        tools(tokens(30, 1), "a"))),
                new Fakes.Tools())
            .maxToolCallingRoundTrips(2)
            .build();
    try (UsageScope scope = ledger.acme()) {
      assertThatThrownBy(() -> service.chat("hi")).isInstanceOf(RuntimeException.class);

      assertTotal(scope.totalUsage(), 60, 3, 3);
    }
  }

  @Test
  void synchronousThrow_ofAStream_isOneFailedCall() {
    var failure = new IllegalStateException("sync");
    dev.langchain4j.model.chat.StreamingChatModel model =
        new dev.langchain4j.model.chat.StreamingChatModel() {
          @Override
          public void doChat(
              dev.langchain4j.model.chat.request.ChatRequest request,
              dev.langchain4j.model.chat.response.StreamingChatResponseHandler handler) {
            throw failure;
          }
        };
    var service =
        AiServices.builder(Streamer.class).streamingChatModel(ledger.models.wrap(model)).build();

    assertThatThrownBy(() -> begin(service.chat("hi"))).isSameAs(failure);
    assertThat(ledger.only().outcome()).isEqualTo(Outcome.ERROR);
  }

  @Test
  void synchronousThrow_inStepTwo_leavesStepOneAsItWas() {
    var failure = new IllegalStateException("sync");
    var steps = script(tools(tokens(10, 1), "a"), failure);
    dev.langchain4j.model.chat.StreamingChatModel model =
        new dev.langchain4j.model.chat.StreamingChatModel() {
          @Override
          public void doChat(
              dev.langchain4j.model.chat.request.ChatRequest request,
              dev.langchain4j.model.chat.response.StreamingChatResponseHandler handler) {
            ChatResponse response = steps.apply(request);
            try {
              handler.onCompleteResponse(response);
            } catch (RuntimeException e) {
              handler.onError(e);
            }
          }
        };
    var service =
        AiServices.builder(Streamer.class)
            .streamingChatModel(ledger.models.wrap(model))
            .tools(new Fakes.Tools())
            .build();

    assertThatThrownBy(() -> finish(service.chat("hi"))).hasCause(failure);
    assertThat(ledger.events()).hasSize(2);
    assertThat(ledger.figures()).containsExactlyInAnyOrder("10/1", "null/null ERROR");
    assertThat(ledger.operations()).isEqualTo(1);
    assertThat(ledger.anomalies).hasValue(0);
  }
}
