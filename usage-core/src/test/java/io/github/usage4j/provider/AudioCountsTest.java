package io.github.usage4j.provider;

import static io.github.usage4j.provider.Reading.read;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.TokenCounts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Audio, cached audio, and figures that stand under names of one provider. */
class AudioCountsTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'prompt_tokens_details':{'audio_tokens':40,'cached_tokens':30} | 40 | 30 |",
        "'prompt_tokens_details':{'audio_tokens':40,'cached_tokens':30,"
            + "'cached_tokens_details':{'text_tokens':10,'audio_tokens':20}} | 40 | 30 | 20",
      })
  void audioOfOpenAi_includesTheCached(String details, long audio, long cached, Long cachedAudio) {
    TokenCounts tokens =
        read("{'usage':{'prompt_tokens':100,'completion_tokens':2," + details + "}}").tokens();
    assertThat(tokens.inputAudio()).isEqualTo(audio);
    assertThat(tokens.cacheRead()).isEqualTo(cached);
    assertThat(tokens.cacheReadAudio()).isEqualTo(cachedAudio);
  }

  @ParameterizedTest
  @CsvSource({
    "input_token_details,output_token_details",
    "input_tokens_details,output_tokens_details"
  })
  void audioOfResponses_isReadByBothNames(String in, String out) {
    TokenCounts tokens =
        read("{'usage':{'input_tokens':100,'output_tokens':20,'total_tokens':120,'"
                + in
                + "':{'audio_tokens':40,'cached_tokens':30,'cached_tokens_details':"
                + "{'audio_tokens':20}},'"
                + out
                + "':{'audio_tokens':7}}}")
            .tokens();
    assertThat(tokens)
        .isEqualTo(TokenCounts.of(100, 20).cacheRead(30).audio(40, 7).cacheReadAudio(20));
  }

  @Test
  void audioOfGemini_isSummedOverEntriesAndTools() {
    TokenCounts tokens =
        read("{'usageMetadata':{'promptTokenCount':900,'toolUsePromptTokenCount':50,"
                + "'candidatesTokenCount':10,'cachedContentTokenCount':500,'promptTokensDetails':["
                + "{'modality':'AUDIO','tokenCount':300},{'modality':'TEXT','tokenCount':400},"
                + "{'modality':'AUDIO','tokenCount':200}],'cacheTokensDetails':["
                + "{'modality':'AUDIO','tokenCount':100},{'modality':'AUDIO','tokenCount':50}],"
                + "'toolUsePromptTokensDetails':[{'modality':'AUDIO','tokenCount':9}],"
                + "'candidatesTokensDetails':[{'modality':'AUDIO','tokenCount':4},"
                + "{'modality':'AUDIO','tokenCount':3}]}}")
            .tokens();
    assertThat(tokens)
        .isEqualTo(TokenCounts.of(950, 10).cacheRead(500).audio(509, 7).cacheReadAudio(150));
  }

  @Test
  void noAudio_isNotZeroAudio() {
    TokenCounts tokens =
        read("{'usageMetadata':{'promptTokenCount':9,'cacheTokensDetails':"
                + "[{'modality':'TEXT','tokenCount':4}],'promptTokensDetails':[]}}")
            .tokens();
    assertThat(tokens.inputAudio()).isNull();
    assertThat(tokens.cacheReadAudio()).isNull();
  }

  @Test
  void reasoningOfADeepResearch_isApartFromItsOutput() {
    StatedUsage stated =
        read(
            "{'usage':{'prompt_tokens':33,'completion_tokens':7163,'total_tokens':7196,"
                + "'citation_tokens':20016,'num_search_queries':18,'reasoning_tokens':95305}}");
    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(33, 102_468).reasoning(95_305));
    assertThat(stated.partial()).isFalse();
  }

  @Test
  void reasoningAtTheTop_isPartOfTheOutputElsewhere() {
    StatedUsage stated =
        read("{'usage':{'prompt_tokens':9,'completion_tokens':20,'reasoning_tokens':7}}");
    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(9, 20).reasoning(7));
  }

  @Test
  void usageInTheChoice_countsWhereTheDocumentHasNone() {
    String choice =
        "'choices':[{'index':0,'delta':{},'finish_reason':'stop','usage':{'prompt_tokens':41,"
            + "'completion_tokens':17,'cached_tokens':16}}]";
    TokenCounts kimi = TokenCounts.of(41, 17).cacheRead(16);
    assertThat(read("{" + choice + "}").tokens()).isEqualTo(kimi);
    assertThat(read("{" + choice + ",'usage':null}").tokens()).isEqualTo(kimi);
    assertThat(read("{" + choice + ",'usage':{}}").tokens()).isEqualTo(kimi);
    assertThat(read("{'usage':{'prompt_tokens':0,'completion_tokens':0}," + choice + "}").tokens())
        .isEqualTo(kimi);
    assertThat(read("{'usage':{'prompt_tokens':9}," + choice + "}").tokens())
        .isEqualTo(TokenCounts.input(9));
    assertThat(
            read("{" + choice.replace("'usage':{", "'x':{'y':1},'message':{'usage':{") + "}}")
                .tokens())
        .isEqualTo(kimi);
    assertThat(new RawUsage().read(("{" + choice + "}").replace('\'', '"')).concluded()).isTrue();
  }

  @Test
  void choicesThatDoNotAgree_areAContradiction() {
    String two =
        "{'choices':[{'usage':{'prompt_tokens':41,'completion_tokens':17}},"
            + "{'usage':{'prompt_tokens':41,'completion_tokens':%s}}]}";
    assertThat(read(two.formatted(17)).partial()).isFalse();
    assertThat(read(two.formatted(18)).partial()).isTrue();
  }
}
