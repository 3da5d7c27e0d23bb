package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.Fakes.chat;
import static io.github.usage4j.langchain4j.Fakes.script;
import static io.github.usage4j.langchain4j.Fakes.streaming;
import static io.github.usage4j.langchain4j.Fakes.text;
import static io.github.usage4j.langchain4j.Fakes.tokens;
import static io.github.usage4j.langchain4j.Fakes.tools;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.guardrail.OutputGuardrail;
import dev.langchain4j.guardrail.OutputGuardrailResult;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.rag.DefaultRetrievalAugmentor;
import dev.langchain4j.rag.content.Content;
import dev.langchain4j.rag.query.transformer.CompressingQueryTransformer;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.Result;
import dev.langchain4j.service.TokenStream;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.track.UsageScope;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What LangChain4j calls beside the loop and leaves out of its sums. */
class BesideTheLoopTest {

  interface Assistant {
    Result<String> chat(String message);
  }

  interface Streamer {
    TokenStream chat(String message);
  }

  private final Ledger ledger = new Ledger();

  private static AiServices<Assistant> assistant(ChatModel model, Object tools) {
    return AiServices.builder(Assistant.class).chatModel(model).tools(tools);
  }

  private static void assertTotal(UsageSummary total, long input, long output, long calls) {
    assertThat(total.tokens().input()).isEqualTo(input);
    assertThat(total.tokens().output()).isEqualTo(output);
    assertThat(total.calls()).isEqualTo(calls);
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

  /** Refuses the first answer. */
  static final class Strict implements OutputGuardrail {
    private boolean asked;

    @Override
    public OutputGuardrailResult validate(AiMessage answer) {
      if (asked) {
        return success();
      }
      asked = true;
      return reprompt("no", "try again");
    }
  }

  private static Object[] reprompted() {
    return new Object[] {
      tools(tokens(10, 1), "a"), text(tokens(20, 2)), tools(tokens(40, 4), "a"), text(tokens(50, 5))
    };
  }

  @Test
  void guardrailReprompt_inAScope_countsWhatLangChain4jLeavesOut() {
    var service =
        assistant(ledger.models.wrap(chat(reprompted())), new Fakes.Tools())
            .outputGuardrails(new Strict())
            .build();
    try (UsageScope scope = ledger.acme()) {
      Result<String> result = service.chat("hi");

      assertTotal(scope.totalUsage(), 120, 12, 4);
      assertThat(result.tokenUsage().inputTokenCount()).isEqualTo(30);
    }
  }

  @Test
  void guardrailReprompt_streaming_inAScope_countsWhatLangChain4jLeavesOut() throws Exception {
    var model = ledger.models.wrap(streaming(Runnable::run, script(reprompted())));
    var service =
        AiServices.builder(Streamer.class)
            .streamingChatModel(model)
            .tools(new Fakes.Tools())
            .outputGuardrails(new Strict())
            .build();
    try (UsageScope scope = ledger.acme()) {
      assertThat(finish(service.chat("hi"))).isEqualTo("30/3");

      assertTotal(scope.totalUsage(), 120, 12, 4);
    }
  }

  @Test
  void guardrailReprompt_streaming_withoutAScope_joinsByTheCallbackItHappensIn() throws Exception {
    var model = ledger.models.wrap(streaming(Runnable::run, script(reprompted())));
    var service =
        AiServices.builder(Streamer.class)
            .streamingChatModel(model)
            .tools(new Fakes.Tools())
            .outputGuardrails(new Strict())
            .build();

    finish(service.chat("hi"));

    assertThat(ledger.figures()).containsExactly("10/1", "20/2", "40/4", "50/5");
    assertThat(ledger.operations()).isEqualTo(1);
  }

  @Test
  void queryTransformer_inAScope_isPartOfTheOperation() {
    ChatModel model = ledger.models.wrap(chat(text(tokens(5, 1)), text(tokens(10, 2))));
    var augmentor =
        DefaultRetrievalAugmentor.builder()
            .queryTransformer(new CompressingQueryTransformer(model))
            .contentRetriever(query -> List.of(Content.from("fact")))
            .build();
    var memory = dev.langchain4j.memory.chat.MessageWindowChatMemory.withMaxMessages(10);
    memory.add(dev.langchain4j.data.message.UserMessage.from("before"));
    memory.add(AiMessage.from("answer"));
    var service =
        AiServices.builder(Assistant.class)
            .chatModel(model)
            .chatMemory(memory)
            .retrievalAugmentor(augmentor)
            .build();
    try (UsageScope scope = ledger.acme()) {
      service.chat("hi");

      assertTotal(scope.totalUsage(), 15, 3, 2);
    }
  }

  interface Moderated {
    @dev.langchain4j.service.Moderate
    String chat(String message);
  }

  @Test
  void flaggedModeration_keepsTheChatThatWasPaidFor_andIsACallOfItsOwn() {
    dev.langchain4j.model.moderation.ModerationModel strict =
        new dev.langchain4j.model.moderation.ModerationModel() {
          @Override
          public dev.langchain4j.model.output.Response<dev.langchain4j.model.moderation.Moderation>
              moderate(String text) {
            return dev.langchain4j.model.output.Response.from(
                dev.langchain4j.model.moderation.Moderation.flagged(text));
          }

          @Override
          public dev.langchain4j.model.output.Response<dev.langchain4j.model.moderation.Moderation>
              moderate(List<dev.langchain4j.data.message.ChatMessage> messages) {
            return moderate("hi");
          }
        };
    Moderated service =
        AiServices.builder(Moderated.class)
            .chatModel(ledger.models.wrap(chat(text(tokens(5, 1)))))
            .moderationModel(ledger.models.wrap(strict))
            .build();

    org.assertj.core.api.Assertions.assertThatThrownBy(() -> service.chat("hi"))
        .isInstanceOf(dev.langchain4j.service.ModerationException.class);

    assertThat(ledger.figures()).containsExactlyInAnyOrder("5/1", "null/null");
    assertThat(ledger.events())
        .extracting(event -> event.kind().name())
        .containsExactlyInAnyOrder("CHAT", "MODERATION");
  }
}
