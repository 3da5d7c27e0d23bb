package io.github.usage4j.provider;

import static io.github.usage4j.provider.Reading.read;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.TokenCounts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams whose later blocks state less than earlier ones. */
class GrowingFiguresTest {

  private static final String START =
      "{'type':'message_start','message':{'usage':{'input_tokens':900,'output_tokens':1,"
          + "'cache_read_input_tokens':80,'cache_creation_input_tokens':0}}}";

  private static String delta(String usage) {
    return "{'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':{" + usage + "}}";
  }

  private static TokenCounts claude(long input, long output, long cached) {
    return TokenCounts.of(input, output).cacheRead(cached).cacheWrite(0);
  }

  // Anthropic's events

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'output_tokens':33",
        "'input_tokens':0,'output_tokens':33",
        "'input_tokens':0,'cache_read_input_tokens':0,'output_tokens':33",
        "'input_tokens':null,'cache_read_input_tokens':null,'output_tokens':33",
      })
  void inputThatTheEndLeavesOut_stays(String usage) {
    StatedUsage stated = read(START, delta(usage));

    assertThat(stated.tokens()).isEqualTo(claude(980, 33, 80));
    assertThat(stated.partial()).isFalse();
  }

  @Test
  void figuresThatComeAtTheEndOnly_count() {
    StatedUsage stated =
        read(
            "{'type':'message_start','message':{'usage':{'input_tokens':0,'output_tokens':0}}}",
            delta("'input_tokens':900,'cache_read_input_tokens':80,'output_tokens':33"));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(980, 33).cacheRead(80));
    assertThat(stated.partial()).isFalse();
  }

  @Test
  void inputInOtherParts_isTakenAsTheEndStatesIt() {
    StatedUsage stated =
        read(
            START,
            delta("'input_tokens':500,'cache_read_input_tokens':480,'output_tokens':33"),
            delta("'output_tokens':40"));

    assertThat(stated.tokens()).isEqualTo(claude(980, 40, 480));
    assertThat(stated.partial()).isFalse();
  }

  @Test
  void inputThatShrinks_staysAndIsAContradiction() {
    StatedUsage stated = read(START, delta("'input_tokens':700,'output_tokens':33"));

    assertThat(stated.tokens()).isEqualTo(claude(980, 33, 80));
    assertThat(stated.dropped()).isTrue();
  }

  @Test
  void outputThatShrinks_staysAndIsAContradiction() {
    StatedUsage stated =
        read(START, delta("'output_tokens':40"), delta("'input_tokens':900,'output_tokens':33"));

    assertThat(stated.tokens()).isEqualTo(claude(980, 40, 80));
    assertThat(stated.dropped()).isTrue();
  }

  // OpenAI's chunks

  private static String chunk(String usage) {
    return "{'choices':[],'usage':{" + usage + "}}";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'prompt_tokens':0,'completion_tokens':0,'total_tokens':0 | 30 | 7 | false",
        "'prompt_tokens':30,'completion_tokens':9,'total_tokens':39 | 30 | 9 | false",
        "'prompt_tokens':30,'completion_tokens':0 | 30 | 7 | false",
        "'prompt_tokens':null,'completion_tokens':9 | 30 | 9 | false",
        "'total_tokens':0 | 30 | 7 | false",
        "'prompt_tokens':30,'completion_tokens':4,'total_tokens':34 | 30 | 7 | true",
        "'prompt_tokens':-1,'completion_tokens':9 | 30 | 9 | true",
        "'prompt_tokens':1e999999999,'completion_tokens':9 | 30 | 9 | true",
        "'prompt_tokens':'many','completion_tokens':9 | 30 | 9 | true",
      })
  void laterChunk_keepsTheLargerFigure(String usage, long input, long output, boolean dropped) {
    StatedUsage stated =
        read(
            chunk(
                "'prompt_tokens':30,'completion_tokens':7,'total_tokens':37,"
                    + "'prompt_tokens_details':{'cached_tokens':16},'cost':0.5"),
            chunk(usage));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(input, output).cacheRead(16));
    assertThat(stated.dropped()).isEqualTo(dropped);
    assertThat(stated.cost().total()).isEqualByComparingTo("0.5");
  }

  @Test
  void detailsOfTheEarlierChunkOnly_stay() {
    StatedUsage stated =
        read(
            chunk(
                "'prompt_tokens':30,'completion_tokens':7,'prompt_tokens_details':"
                    + "{'cached_tokens':16,'audio_tokens':3},'completion_tokens_details':"
                    + "{'reasoning_tokens':4}"),
            chunk(
                "'prompt_tokens':30,'completion_tokens':8,'prompt_tokens_details':null,"
                    + "'completion_tokens_details':{}"));

    assertThat(stated.tokens().cacheRead()).isEqualTo(16);
    assertThat(stated.tokens().reasoning()).isEqualTo(4);
    assertThat(stated.tokens().inputAudio()).isEqualTo(3);
    assertThat(stated.partial()).isFalse();
  }

  @Test
  void runningFigures_endAsTheLastOnes() {
    StatedUsage stated =
        read(
            chunk("'prompt_tokens':9,'completion_tokens':1,'total_tokens':10"),
            chunk("'prompt_tokens':9,'completion_tokens':2,'total_tokens':11"),
            chunk("'prompt_tokens':9,'completion_tokens':3,'total_tokens':12"));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(9, 3));
    assertThat(stated.partial()).isFalse();
  }

  @Test
  void blockOfAnotherShape_takesThePlace() {
    StatedUsage stated =
        read(chunk("'prompt_tokens':9,'completion_tokens':1"), chunk("'input_tokens':4"));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.input(4));
  }

  @Test
  void blockThatCountsNothingOfAnyShape_changesNothing() {
    StatedUsage stated =
        read(
            chunk("'prompt_tokens':9,'completion_tokens':1"),
            chunk("'queue_time':0.1"),
            chunk("'search_context_size':'high'"));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(9, 1));
    assertThat(stated.conditions()).containsEntry("search_context_size", "high");
  }

  // Gemini's chunks

  private static String gemini(String usage) {
    return "{'candidates':[{'finishReason':'STOP'}],'usageMetadata':{" + usage + "}}";
  }

  @Test
  void phasesOfAnAnswer_endWithTheWhole() {
    StatedUsage stated =
        read(
            gemini(
                "'promptTokenCount':46,'candidatesTokenCount':51,'totalTokenCount':198,"
                    + "'thoughtsTokenCount':101"),
            gemini("'promptTokenCount':46,'totalTokenCount':46"),
            gemini(
                "'promptTokenCount':46,'candidatesTokenCount':22,'totalTokenCount':135,"
                    + "'thoughtsTokenCount':67"),
            gemini("'promptTokenCount':147,'totalTokenCount':315,'thoughtsTokenCount':168"));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(147, 168).reasoning(168));
    assertThat(stated.partial()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'promptTokenCount':0,'candidatesTokenCount':40,'totalTokenCount':0 | 900 | 49 | 80 | false",
        "'candidatesTokenCount':40 | 900 | 49 | 80 | false",
        "'promptTokenCount':0,'candidatesTokenCount':0,'totalTokenCount':0 | 900 | 39 | 80 | false",
        "'promptTokenCount':900,'candidatesTokenCount':40,'totalTokenCount':949"
            + " | 900 | 49 | 80 | false",
        "'promptTokenCount':900,'candidatesTokenCount':40,'totalTokenCount':940"
            + " | 900 | 40 | 80 | false",
        // less in all than there was already
        "'promptTokenCount':700,'candidatesTokenCount':40,'totalTokenCount':740"
            + " | 700 | 40 | | true",
      })
  void lastChunk_keepsWhatItLeavesOutAndHasRoomFor(
      String usage, long input, long output, Long cached, boolean dropped) {
    StatedUsage stated =
        read(
            gemini(
                "'promptTokenCount':900,'candidatesTokenCount':30,'thoughtsTokenCount':9,"
                    + "'totalTokenCount':939,'cachedContentTokenCount':80"),
            gemini(usage));

    assertThat(stated.tokens().input()).isEqualTo(input);
    assertThat(stated.tokens().output()).isEqualTo(output);
    assertThat(stated.tokens().cacheRead()).isEqualTo(cached);
    assertThat(stated.dropped()).isEqualTo(dropped);
  }
}
