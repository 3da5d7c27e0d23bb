package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.LoopbackOpenAi.answer;
import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.langchain4j.LoopbackOpenAi.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What providers state beside input and output, read with real clients from this machine. */
@Timeout(60)
class WireFiguresTest {

  private final Ledger ledger = new Ledger();
  private final TrackedModels models = TrackedModels.with(ledger.tracker);
  private LoopbackOpenAi server;

  @AfterEach
  void stopServer() {
    server.close();
    assertThat(ledger.anomalies).hasValue(0);
  }

  private String serve(Reply... replies) {
    server = new LoopbackOpenAi(replies);
    return server.url();
  }

  private static ChatModel openAi(String url, boolean wire) {
    var builder =
        OpenAiChatModel.builder().baseUrl(url).apiKey("none").modelName("m").maxRetries(0);
    return (wire ? builder.httpClientBuilder(UsageHttpClient.builder()) : builder).build();
  }

  /** A host's decorator that asks twice for one answer. */
  private static ChatModel twice(ChatModel model) {
    return Fakes.chat(
        request -> {
          model.chat(request);
          return model.chat(request);
        });
  }

  // The total says more than the parts.

  private static final String THOUGHTS_LEFT_OUT =
      "\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":198,\"total_tokens\":623}";

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void totalThatNothingExplains_isPartial(boolean wire) {
    models.wrap(openAi(serve(answer(THOUGHTS_LEFT_OUT)), wire)).chat("hi");

    assertThat(ledger.figures()).containsExactly("20/198");
    assertThat(ledger.only().quality()).isEqualTo(Quality.PARTIAL);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void totalOfGoogle_inOpenAisFormat_hasTheThoughts(boolean wire) {
    models.provider("gcp.gemini").wrap(openAi(serve(answer(THOUGHTS_LEFT_OUT)), wire)).chat("hi");

    assertThat(ledger.only().tokens()).isEqualTo(TokenCounts.of(20, 603));
    assertThat(ledger.only().quality()).isEqualTo(Quality.REPORTED);
  }

  @Test
  void totalOfGoogle_inSeveralExchanges_isAddedToEach() {
    ChatModel twice = twice(openAi(serve(answer(THOUGHTS_LEFT_OUT)), true));
    models.provider("gcp.gemini").wrap(twice).chat("hi");

    assertThat(ledger.only().tokens()).isEqualTo(TokenCounts.of(40, 1206));
    assertThat(ledger.only().attempts()).isEqualTo(2);
    assertThat(ledger.only().quality()).isEqualTo(Quality.REPORTED);
  }
}
