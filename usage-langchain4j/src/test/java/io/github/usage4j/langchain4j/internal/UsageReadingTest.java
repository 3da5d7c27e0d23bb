package io.github.usage4j.langchain4j.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.http.client.SuccessfulHttpResponse;
import dev.langchain4j.http.client.sse.ServerSentEvent;
import dev.langchain4j.model.anthropic.AnthropicChatResponseMetadata;
import dev.langchain4j.model.anthropic.AnthropicTokenUsage;
import dev.langchain4j.model.bedrock.BedrockTokenUsage;
import dev.langchain4j.model.chat.response.ChatResponseMetadata;
import dev.langchain4j.model.google.genai.GoogleGenAiTokenUsage;
import dev.langchain4j.model.googleai.GoogleAiGeminiTokenUsage;
import dev.langchain4j.model.mistralai.MistralAiChatResponseMetadata;
import dev.langchain4j.model.openai.OpenAiTokenUsage;
import dev.langchain4j.model.openaiofficial.OpenAiOfficialTokenUsage;
import dev.langchain4j.model.output.TokenUsage;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Source;
import io.github.usage4j.provider.StatedUsage;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What each client's usage object means. */
class UsageReadingTest {

  private static TokenCounts read(TokenUsage usage) {
    StatedUsage stated = UsageReading.of(usage);
    assertThat(stated.source()).isEqualTo(Source.CLIENT);
    assertThat(stated.partial()).isFalse();
    return stated.tokens();
  }

  @Test
  void plain_isAsItIs() {
    assertThat(read(new TokenUsage(10, 2))).isEqualTo(TokenCounts.of(10, 2));
    assertThat(read(new TokenUsage(10, null))).isEqualTo(TokenCounts.input(10));
    assertThat(UsageReading.of(null).tokens()).isEqualTo(TokenCounts.UNKNOWN);
    assertThat(read(new TokenUsage())).isEqualTo(TokenCounts.UNKNOWN);
  }

  @Test
  void openAi_includesCacheAndReasoning() {
    var usage =
        OpenAiTokenUsage.builder()
            .inputTokenCount(150)
            .inputTokensDetails(
                OpenAiTokenUsage.InputTokensDetails.builder().cachedTokens(90).build())
            .outputTokenCount(20)
            .outputTokensDetails(
                OpenAiTokenUsage.OutputTokensDetails.builder().reasoningTokens(7).build())
            .totalTokenCount(170)
            .build();
    assertThat(read(usage)).isEqualTo(TokenCounts.of(150, 20).cacheRead(90).reasoning(7));
    assertThat(read(OpenAiTokenUsage.builder().inputTokenCount(1).build()))
        .isEqualTo(TokenCounts.input(1));
  }

  @Test
  void anthropic_leavesTheCacheOutOfInput() {
    var usage =
        AnthropicTokenUsage.builder()
            .inputTokenCount(100)
            .outputTokenCount(20)
            .cacheReadInputTokens(50)
            .cacheCreationInputTokens(25)
            .build();
    assertThat(read(usage)).isEqualTo(TokenCounts.of(175, 20).cacheRead(50).cacheWrite(25));
    assertThat(
            read(AnthropicTokenUsage.builder().inputTokenCount(100).outputTokenCount(20).build()))
        .isEqualTo(TokenCounts.of(100, 20));
  }

  @Test
  void bedrock_leavesTheCacheOutOfInput() {
    var usage =
        BedrockTokenUsage.builder()
            .inputTokenCount(100)
            .outputTokenCount(20)
            .cacheReadInputTokens(50)
            .cacheWriteInputTokens(25)
            .build();
    assertThat(read(usage)).isEqualTo(TokenCounts.of(175, 20).cacheRead(50).cacheWrite(25));
    assertThat(read(BedrockTokenUsage.builder().build())).isEqualTo(TokenCounts.UNKNOWN);
  }

  private static GoogleAiGeminiTokenUsage.Builder gemini() {
    return new GoogleAiGeminiTokenUsage.Builder();
  }

  @Test
  void gemini_leavesThoughtsOutOfOutputAndToolUseOutOfInput() {
    assertThat(
            read(
                gemini()
                    .inputTokenCount(100)
                    .outputTokenCount(20)
                    .thoughtsTokenCount(30)
                    .cachedContentTokenCount(40)
                    .totalTokenCount(165)
                    .build()))
        .isEqualTo(TokenCounts.of(115, 50).cacheRead(40).reasoning(30));
    assertThat(
            read(gemini().inputTokenCount(100).outputTokenCount(20).totalTokenCount(120).build()))
        .isEqualTo(TokenCounts.of(100, 20));
    assertThat(
            read(gemini().inputTokenCount(100).thoughtsTokenCount(30).totalTokenCount(130).build()))
        .isEqualTo(TokenCounts.of(100, 30).reasoning(30));
  }

  @Test
  void googleGenAi_leavesThoughtsOutOfOutputAndToolUseOutOfInput() {
    assertThat(read(new GoogleGenAiTokenUsage(10, 20, 49, 5, 15, 4)))
        .isEqualTo(TokenCounts.of(14, 35).cacheRead(5).reasoning(15));
    assertThat(read(new GoogleGenAiTokenUsage(10, 20, 30, null, null, null)))
        .isEqualTo(TokenCounts.of(10, 20));
    assertThat(read(new GoogleGenAiTokenUsage(null, null, null, null, null, null)))
        .isEqualTo(TokenCounts.UNKNOWN);
  }

  @Test
  void totalBeyondInputAndOutput_isNotAllThatIsKnown() {
    StatedUsage stated = UsageReading.of(new TokenUsage(20, 198, 623));
    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(20, 198));
    assertThat(stated.partial()).isTrue();
    assertThat(stated.dropped()).isFalse();
    assertThat(stated.completed("openai").partial()).isTrue();
    assertThat(UsageReading.of(new TokenUsage(20, null, 623)).partial()).isTrue();
    assertThat(UsageReading.of(new TokenUsage(20, 198, 218)).partial()).isFalse();
    assertThat(UsageReading.of(new TokenUsage(20, 198, 0)).partial()).isFalse();
    assertThat(
            UsageReading.of(
                    OpenAiTokenUsage.builder()
                        .inputTokenCount(20)
                        .outputTokenCount(198)
                        .totalTokenCount(623)
                        .build())
                .partial())
        .isTrue();
  }

  @Test
  void totalBeyondInputAndOutput_ofGoogle_isOutput() {
    for (String google : List.of("gcp.vertex_ai", "gcp.gemini")) {
      StatedUsage stated = UsageReading.of(new TokenUsage(20, 198, 623)).completed(google);
      assertThat(stated.tokens()).isEqualTo(TokenCounts.of(20, 603));
      assertThat(stated.partial()).isFalse();
      stated = UsageReading.of(new TokenUsage(20, null, 623)).completed(google);
      assertThat(stated.tokens()).isEqualTo(TokenCounts.of(20, 603));
      // here the rest may as well be the input
      stated = UsageReading.of(new TokenUsage(null, 198, 623)).completed(google);
      assertThat(stated.tokens().output()).isEqualTo(198);
      assertThat(stated.partial()).isTrue();
    }
  }

  @Test
  void openAiOfficial_isReadByReflection_andAMissingDetailIsFlagged() {
    StatedUsage stated = UsageReading.of(new OpenAiOfficialTokenUsage(10, 2));
    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(10, 2).cacheRead(4));
    assertThat(stated.dropped()).isTrue();
  }

  @Test
  void negativeFigure_isDroppedAndTheRestKept() {
    StatedUsage stated = UsageReading.of(new TokenUsage(-1, 2));
    assertThat(stated.dropped()).isTrue();
    assertThat(stated.tokens().input()).isNull();
    assertThat(stated.tokens().output()).isEqualTo(2);
  }

  @Test
  void rawEvents_winOverTheBody_andBothOverNothing() {
    var metadata =
        AnthropicChatResponseMetadata.builder()
            .rawServerSentEvents(
                List.of(
                    new ServerSentEvent(
                        "message_start",
                        "{\"type\":\"message_start\",\"message\":{\"model\":\"claude-x\",\"usage\":"
                            + "{\"input_tokens\":100,\"cache_read_input_tokens\":50,"
                            + "\"cache_creation_input_tokens\":25,\"cache_creation\":"
                            + "{\"ephemeral_5m_input_tokens\":5,\"ephemeral_1h_input_tokens\":20},"
                            + "\"output_tokens\":1,\"service_tier\":\"priority\"}}}"),
                    new ServerSentEvent("content_block_delta", "{\"delta\":{\"text\":\"usage\"}}"),
                    new ServerSentEvent(
                        "message_delta",
                        "{\"type\":\"message_delta\",\"usage\":{\"output_tokens\":20}}")))
            .rawHttpResponse(body("{\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}"))
            .build();

    StatedUsage stated = UsageReading.raw(metadata);

    assertThat(stated.tokens())
        .isEqualTo(TokenCounts.of(175, 20).cacheRead(50).cacheWrite(25).cacheWriteOneHour(20));
    assertThat(stated.partial()).isFalse();
    assertThat(stated.source()).isEqualTo(Source.RAW_METADATA);
    assertThat(stated.model()).isEqualTo("claude-x");
    assertThat(stated.serviceTier()).isEqualTo("priority");
  }

  private static SuccessfulHttpResponse body(String json) {
    return SuccessfulHttpResponse.builder().statusCode(200).body(json).build();
  }

  @Test
  void mistralBody_statesWhatItsUsageObjectLeavesOut() {
    var metadata =
        MistralAiChatResponseMetadata.builder()
            .tokenUsage(new TokenUsage(30, 4))
            .rawHttpResponse(
                body(
                    "{\"usage\":{\"prompt_tokens\":30,\"completion_tokens\":4,"
                        + "\"num_cached_tokens\":16}}"))
            .build();

    assertThat(UsageReading.raw(metadata).tokens()).isEqualTo(TokenCounts.of(30, 4).cacheRead(16));
    assertThat(UsageReading.raw(ChatResponseMetadata.builder().build()))
        .isEqualTo(StatedUsage.NONE);
  }
}
