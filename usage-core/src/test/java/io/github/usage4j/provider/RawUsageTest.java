package io.github.usage4j.provider;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Source;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Raw shapes that the recorded exchanges have few or none of. */
class RawUsageTest {

  private static StatedUsage read(String... documents) {
    var raw = new RawUsage();
    for (String document : documents) {
      raw.read(document.replace('\'', '"'));
    }
    return raw.stated(Source.WIRE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'usage':{'prompt_tokens':9,'completion_tokens':2,'prompt_cache_hit_tokens':4}} | 9 | 2 | 4",
        "{'usage':{'prompt_tokens':9,'completion_tokens':2,'cached_tokens':4}} | 9 | 2 | 4",
        "{'x_groq':{'usage':{'prompt_tokens':9,'completion_tokens':2}}} | 9 | 2 |",
        "{'usage':{'prompt_tokens':1},'x_groq':{'usage':{'prompt_tokens':9}}} | 1 | |",
        "{'response':{'usage':{'input_tokens':9,'total_tokens':11,'output_tokens':2,"
            + "'input_tokens_details':{'cached_tokens':4}}}} | 9 | 2 | 4",
        "{'usage':{'input_tokens':9,'output_tokens':2,'cache_read_input_tokens':4}} | 13 | 2 | 4",
        "{'usageMetadata':{'promptTokenCount':9,'thoughtsTokenCount':2,'totalTokenCount':14,"
            + "'toolUsePromptTokenCount':3}} | 12 | 2 |",
        "[{'usageMetadata':{'promptTokenCount':1}},{'usageMetadata':{'promptTokenCount':9}}] | 9 | |",
        "{'usage':{'inputTokens':9,'outputTokens':2,'cacheReadInputTokens':4}} | 13 | 2 | 4",
        "{'done':true,'prompt_eval_count':9,'eval_count':2} | 9 | 2 |",
        "{'delta':{'usage':{'tokens':{'input_tokens':9.0,'output_tokens':2}}}} | 9 | 2 |",
        "{'meta':{'billed_units':{'input_tokens':9}}} | 9 | |",
        "{'usage':{'total_tokens':9}} | 9 | |",
        "{'usage':{'prompt_tokens':9,'completion_tokens':2,'cache_read_input_tokens':4}} | 9 | 2 | 4",
        "{'usage':{'input_tokens':9,'output_tokens':2,'input_token_details':{'cached_tokens':4}}}"
            + " | 9 | 2 | 4",
        "{'input_tokens':9} | | |",
        "{'usage':null} | | |",
        "{'content':'usage','choices':[{'usage':{'prompt_tokens':9}}]} | 9 | |",
        "{'choices':[{'message':{'content':'{usage:{prompt_tokens:9}}'}}]} | | |",
        "{'choices':[{'message':{'tool_calls':[{'usage':{'prompt_tokens':9}}]}}]} | | |",
        "{'choices':[{'logprobs':{'usage':{'prompt_tokens':9}}}]} | | |",
        "{'choices':['a',[{}],7,{}],'usage':{'prompt_tokens':9}} | 9 | |",
        "{'choices':'a','usage':{'prompt_tokens':9}} | 9 | |",
        "not JSON with usage | | |",
      })
  void shapes_areToldApartByTheirKeys(String json, Long input, Long output, Long cached) {
    TokenCounts tokens = read(json).tokens();
    assertThat(tokens.input()).isEqualTo(input);
    assertThat(tokens.output()).isEqualTo(output);
    assertThat(tokens.cacheRead()).isEqualTo(cached);
  }

  @Test
  void reasoningStatedApart_isTakenInIfTheTotalSaysSo() {
    String usage =
        "{'usage':{'prompt_tokens':32,'completion_tokens':9,'total_tokens':%s,"
            + "'completion_tokens_details':{'reasoning_tokens':94}}}";
    assertThat(read(usage.formatted(135)).tokens())
        .isEqualTo(TokenCounts.of(32, 103).reasoning(94));
    assertThat(read(usage.formatted(41)).tokens()).isEqualTo(TokenCounts.of(32, 9).reasoning(94));
  }

  @Test
  void totalThatNothingExplains_isNotAllThatIsKnown() {
    StatedUsage stated =
        read("{'usage':{'prompt_tokens':20,'completion_tokens':198,'total_tokens':623}}");
    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(20, 198));
    assertThat(stated.partial()).isTrue();
    assertThat(
            read("{'usage':{'prompt_tokens':20,'completion_tokens':198,'total_tokens':218}}")
                .partial())
        .isFalse();
    assertThat(
            read("{'usage':{'prompt_tokens':32,'completion_tokens':9,'total_tokens':135,"
                    + "'completion_tokens_details':{'reasoning_tokens':94}}}")
                .partial())
        .isFalse();
    assertThat(
            read("{'usage':{'prompt_tokens':9,'completion_tokens':2,'total_tokens':1e30}}")
                .partial())
        .isTrue();
  }

  @Test
  void cacheAtTheRoot_isPartOfThePrompt() {
    String usage =
        "{'usage':{'prompt_tokens':%s,'completion_tokens':20,'cache_read_input_tokens':50,"
            + "'cache_creation_input_tokens':25,'cache_creation':{'ephemeral_5m_input_tokens':5,"
            + "'ephemeral_1h_input_tokens':20}}}";
    TokenCounts parts = TokenCounts.UNKNOWN.cacheRead(50).cacheWrite(25).cacheWriteOneHour(20);
    assertThat(read(usage.formatted(100)).tokens()).isEqualTo(parts.plus(TokenCounts.of(100, 20)));
    assertThat(read(usage.formatted(60)).tokens().consistent())
        .isEqualTo(TokenCounts.of(60, 20).cacheRead(50).cacheWrite(10).cacheWriteOneHour(10));
    assertThat(
            read("{'usage':{'prompt_tokens':9,'cache_creation':{'ephemeral_1h_input_tokens':4}}}")
                .tokens())
        .isEqualTo(TokenCounts.input(9).cacheWrite(4).cacheWriteOneHour(4));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'usageMetadata':{'promptTokenCount':9,'serviceTier':'flex'}} | flex",
        "{'usageMetadata':{'promptTokenCount':9,'trafficType':'ON_DEMAND_PRIORITY'}}"
            + " | ON_DEMAND_PRIORITY",
        "{'usageMetadata':{'promptTokenCount':9,'serviceTier':'priority',"
            + "'trafficType':'ON_DEMAND'}} | priority",
        "{'usageMetadata':{'promptTokenCount':9,'trafficType':'TRAFFIC_TYPE_UNSPECIFIED'}} |",
        "{'usageMetadata':{'promptTokenCount':9,'serviceTier':7}} |",
        "{'serviceTier':{'type':'flex'},'usage':{'inputTokens':9,'outputTokens':2}} | flex",
        "{'usage':{'inputTokens':9,'outputTokens':2},'serviceTier':{'type':'flex'}} | flex",
        "{'usage':{'inputTokens':9,'outputTokens':2},'serviceTier':{'type':['flex']}} |",
        "{'usage':{'input_tokens':9,'output_tokens':2,'service_tier':'batch'}} | batch",
      })
  void serviceTier_isReadWhereverItIs(String json, String tier) {
    StatedUsage stated = read(json);
    assertThat(stated.tokens().input()).isEqualTo(9);
    assertThat(stated.serviceTier()).isEqualTo(tier);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'choices':[{'delta':{'content':'hello'}}]} | false",
        "{'choices':[],'usage':null} | true",
        "{'done':true,'eval_count':2} | true",
        "{'meta':{'billed_units':{}}} | true",
        "{'type':'response.output_item.done','item':{}} | true",
        "{'sequence_number':7, 'type': 'response.output_item.done','item':{}} | true",
        "{'type':'response.output_item.added','item':{}} | false",
        "{'type':'response.output_text.delta','item_id':'m','output_index':0,'content_index':0,"
            + "'delta':'response.output_item.done'} | false",
        "{} | false",
      })
  void pieceThatCannotStateAnything_isNotParsed(String event, boolean mayState) {
    assertThat(RawUsage.mayState(event.replace('\'', '"'))).isEqualTo(mayState);
  }

  @Test
  void cutOffDocument_givesWhatWasReadUntilThen() {
    assertThat(read("{'usage':{'prompt_tokens':9,'completion_tokens':2},'choices':[{'te").tokens())
        .isEqualTo(TokenCounts.of(9, 2));
  }

  @Test
  void streamThatOnlyBegan_isInterim() {
    StatedUsage stated =
        read("{'type':'message_start','message':{'usage':{'input_tokens':9,'output_tokens':1}}}");
    assertThat(stated.partial()).isTrue();
    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(9, 1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'choices':[],'usage':{'prompt_tokens':9,'completion_tokens':2}} | true",
        "{'choices':[{'finish_reason':'stop'}],'usage':{'prompt_tokens':9}} | true",
        "{'choices':[{'finish_reason':null}],'usage':{'prompt_tokens':9}} | false",
        "{'choices':[{'finish_reason':''}],'usage':{'prompt_tokens':9}} | false",
        "{'choices':[{'finish_reason':['stop']}],'usage':{'prompt_tokens':9}} | false",
        "{'choices':[],'usage':{'prompt_tokens':9,'completion_tokens':0}} | false",
        "{'usage':{'prompt_tokens':9,'completion_tokens':2}} | false",
        "{'type':'message_start','message':{'stop_reason':null,'usage':{'input_tokens':9}}} | false",
        "{'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':{'output_tokens':9}}"
            + " | true",
        "{'type':'message_delta','delta':{'stop_reason':null},'usage':{'output_tokens':9}} | false",
        "{'type':'response.completed','response':{'usage':{'input_tokens':9}}} | true",
        "{'type':'response.in_progress','response':{'usage':{'input_tokens':9}}} | false",
        "{'candidates':[{'content':{}}],'usageMetadata':{'promptTokenCount':9}} | false",
        "{'candidates':[{'finishReason':'STOP'}],'usageMetadata':{'promptTokenCount':9}} | true",
        "{'done':true,'prompt_eval_count':9,'eval_count':2} | true",
        "{'type':'message-end','delta':{'usage':{'tokens':{'input_tokens':9}}}} | true",
      })
  void figures_areTheLastOnes_onlyIfTheStreamSaysSo(String event, boolean concluded) {
    assertThat(new RawUsage().read(event.replace('\'', '"')).concluded()).isEqualTo(concluded);
  }

  @Test
  void lastBlockOfAStream_wins() {
    assertThat(
            read(
                    "{'usage':{'prompt_tokens':9,'completion_tokens':1}}",
                    "{'usage':null}",
                    "{'usage':{'prompt_tokens':9,'completion_tokens':2}}")
                .tokens())
        .isEqualTo(TokenCounts.of(9, 2));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"-1", "1e30", "1e999999999", "99999999999999999999", "0.5", "'many'", "[]"})
  void nonsense_isDroppedWithoutHarm(String figure) {
    StatedUsage stated =
        read(
            "{'usage':{'prompt_tokens':"
                + figure
                + ",'completion_tokens':2,'cost':"
                + figure
                + "}}");
    assertThat(stated.dropped()).isTrue();
    assertThat(stated.tokens().input()).isNull();
    assertThat(stated.tokens().output()).isEqualTo(2);
  }
}
