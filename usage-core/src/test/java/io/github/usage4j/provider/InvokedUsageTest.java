package io.github.usage4j.provider;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Source;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the models state that are called in their own format, as they were seen to state it. */
class InvokedUsageTest {

  private static final String METRICS =
      "'amazon-bedrock-invocationMetrics':{'inputTokenCount':3,'outputTokenCount':13,"
          + "'invocationLatency':9,'cacheReadInputTokenCount':5,'cacheWriteInputTokenCount':7}";

  private final InvokedUsage usage = new InvokedUsage();

  private StatedUsage stated() {
    return usage.stated(Source.WIRE);
  }

  private StatedUsage chunks(String... documents) {
    for (String document : documents) {
      byte[] json = document.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
      byte[] payload =
          ("{\"bytes\":\"" + Base64.getEncoder().encodeToString(json) + "\",\"p\":\"abc\"}")
              .getBytes(StandardCharsets.UTF_8);
      usage.chunk(payload, payload.length);
    }
    return stated();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'usage':{'input_tokens':4,'cache_creation_input_tokens':18131,'cache_read_input_tokens':0,"
            + "'output_tokens':50}} | 18135 | 50 | 0",
        "{'usage':{'inputTokens':30,'outputTokens':55,'cacheReadInputTokenCount':20,"
            + "'cacheWriteInputTokenCount':0}} | 50 | 55 | 20",
        "{'inputTextTokenCount':30,'results':[7,{'tokenCount':29,'outputText':'a'},{'tokenCount':1}]}"
            + " | 30 | 30 |",
        "{'embedding':[0.1],'inputTextTokenCount':5} | 5 | |",
        "{'generation':'a','prompt_token_count':25,'generation_token_count':7,'stop_reason':'stop'}"
            + " | 25 | 7 |",
        "{'choices':[{'message':{}}],'usage':{'prompt_tokens':9,'completion_tokens':2}} | 9 | 2 |",
        "{'generations':[{'text':'a'}],'prompt':'usage'} | | |",
        "{'inputTextTokenCount':-1,'results':7} | | |",
      })
  void bodies_areReadInTheModelsWords(String body, Long input, Long output, Long cached) {
    usage.read(body.replace('\'', '"').getBytes(StandardCharsets.UTF_8));

    assertThat(stated().tokens().input()).isEqualTo(input);
    assertThat(stated().tokens().output()).isEqualTo(output);
    assertThat(stated().tokens().cacheRead()).isEqualTo(cached);
    assertThat(usage.takeProblem()).isNull();
  }

  @Test
  void headers_countWhereTheModelStatesNothing() {
    usage.read("{\"generations\":[{\"text\":\"a\"}]}".getBytes(StandardCharsets.UTF_8));
    usage.headers(
        Map.of(
                "x-amzn-bedrock-input-token-count", "4",
                "x-amzn-bedrock-output-token-count", "50",
                "x-amzn-bedrock-cache-write-input-token-count", "18131",
                "x-amzn-bedrock-cache-read-input-token-count", "many")
            ::get);

    assertThat(stated().tokens()).isEqualTo(TokenCounts.of(18135, 50).cacheWrite(18131));
  }

  @Test
  void headers_countWhereAGuardrailLeavesHalfOfTheUsage() {
    usage.read("{\"usage\":{\"inputTokens\":30}}".getBytes(StandardCharsets.UTF_8));
    usage.headers(
        Map.of("x-amzn-bedrock-input-token-count", "30", "x-amzn-bedrock-output-token-count", "51")
            ::get);

    assertThat(stated().tokens()).isEqualTo(TokenCounts.of(30, 51));
  }

  @Test
  void completeUsageOfTheModel_comesBeforeWhatBedrockCounts() {
    usage.headers(
        Map.of("x-amzn-bedrock-input-token-count", "1", "x-amzn-bedrock-output-token-count", "1")
            ::get);
    usage.read(
        ("{\"usage\":{\"input_tokens\":4,\"output_tokens\":5,\"cache_creation_input_tokens\":30,"
                + "\"cache_creation\":{\"ephemeral_1h_input_tokens\":20}}}")
            .getBytes(StandardCharsets.UTF_8));

    assertThat(stated().tokens())
        .isEqualTo(TokenCounts.of(34, 5).cacheWrite(30).cacheWriteOneHour(20));
  }

  @Test
  void streamOfAnthropic_isReadAsItsEventsCompleteEachOther() {
    assertThat(
            chunks(
                    "{'type':'message_start','message':{'model':'claude','usage':{'input_tokens':3,"
                        + "'cache_creation_input_tokens':7,'cache_read_input_tokens':5,"
                        + "'output_tokens':1}}}",
                    "{'type':'content_block_delta','delta':{'text':'a usage'}}")
                .partial())
        .isTrue();
    assertThat(usage.concluded()).isFalse();

    StatedUsage end =
        chunks(
            "{'type':'message_delta','delta':{'stop_reason':'end_turn'},"
                + "'usage':{'output_tokens':13}}",
            "{'type':'message_stop'," + METRICS + "}");

    assertThat(end.tokens()).isEqualTo(TokenCounts.of(15, 13).cacheRead(5).cacheWrite(7));
    assertThat(end.partial()).isFalse();
    assertThat(end.model()).isEqualTo("claude");
    assertThat(usage.concluded()).isTrue();
  }

  @Test
  void streamOfAnthropicThatLostItsDelta_countsWhatBedrockCounted() {
    StatedUsage stated =
        chunks(
            "{'type':'message_start','message':{'usage':{'input_tokens':3,'output_tokens':1}}}",
            "{'type':'message_stop'," + METRICS + "}");

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(15, 13).cacheRead(5).cacheWrite(7));
    assertThat(stated.partial()).isFalse();
  }

  @Test
  void streamOfNova_statesItsUsageInMetadata() {
    StatedUsage stated =
        chunks(
            "{'messageStart':{'role':'assistant'}}",
            "{'contentBlockDelta':{'delta':{'text':'a'}}}",
            "{'metadata':{'usage':{'inputTokens':30,'outputTokens':55,"
                + "'cacheReadInputTokenCount':0,'cacheWriteInputTokenCount':0},'metrics':{}}}");

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(30, 55).cacheRead(0).cacheWrite(0));
    assertThat(usage.concluded()).isTrue();
  }

  @Test
  void streamOfLlama_runsAlongUntilBedrockSaysItIsOver() {
    StatedUsage cut =
        chunks(
            "{'generation':'a','prompt_token_count':9,'generation_token_count':1,"
                + "'stop_reason':null}",
            "{'generation':'b','prompt_token_count':null,'generation_token_count':2,"
                + "'stop_reason':null}");
    assertThat(cut.tokens()).isEqualTo(TokenCounts.of(9, 2));
    assertThat(usage.concluded()).isFalse();

    StatedUsage end =
        chunks(
            "{'generation':'','prompt_token_count':null,'generation_token_count':3,"
                + "'stop_reason':'stop',"
                + METRICS
                + "}");
    assertThat(end.tokens()).isEqualTo(TokenCounts.of(9, 3));
    assertThat(usage.concluded()).isTrue();
  }

  @Test
  void streamOfTitan_statesInputFirstAndOutputLast() {
    StatedUsage stated =
        chunks(
            "{'outputText':'a','index':0.0,'inputTextTokenCount':28.0}",
            "{'outputText':'b','index':0.0,'totalOutputTextTokenCount':188.0,"
                + "'completionReason':'FINISH',"
                + METRICS
                + "}");

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(28, 188));
  }

  @Test
  void streamThatStatesNothing_countsWhatBedrockCounted() {
    assertThat(chunks("{'text':'a'}", "{'is_finished':true," + METRICS + "}").tokens())
        .isEqualTo(TokenCounts.of(15, 13).cacheRead(5).cacheWrite(7));
  }

  @Test
  void headersThatSayLess_takeNothingAway() {
    usage.headers(Map.of("x-amzn-bedrock-cache-read-input-token-count", "4")::get);
    usage.read("{\"inputTextTokenCount\":5}".getBytes(StandardCharsets.UTF_8));

    assertThat(stated().tokens()).isEqualTo(TokenCounts.input(5));
  }

  @Test
  void brokenChunk_isAProblemThatQuotesNothing() {
    byte[] payload = "{\"bytes\":\"???secret???\"}".getBytes(StandardCharsets.UTF_8);
    usage.chunk(payload, payload.length);

    assertThat(usage.takeProblem()).isNotNull();
    usage.read("{\"usage\":secret}".getBytes(StandardCharsets.UTF_8));
    assertThat(usage.takeProblem())
        .hasMessageNotContaining("secret")
        .hasNoCause()
        .hasNoSuppressedExceptions();
    assertThat(usage.takeProblem()).isNull();
    assertThat(stated().tokens().isUnknown()).isTrue();
  }
}
