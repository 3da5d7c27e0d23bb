package io.github.usage4j.provider;

import static io.github.usage4j.provider.Reading.read;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent.Source;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What Anthropic charges that is not at the top of the usage block, and what is there already. */
class IterationsTest {

  private static String answer(String top, String... iterations) {
    return "{'model':'claude-sonnet-5','usage':{"
        + top
        + ",'iterations':["
        + String.join(",", iterations)
        + "]}}";
  }

  private static String top(int input, int output) {
    return "'input_tokens':%s,'output_tokens':%s".formatted(input, output);
  }

  private static String one(String type, int input, int output) {
    return "{'type':'%s','input_tokens':%s,'output_tokens':%s}".formatted(type, input, output);
  }

  private static String by(String model, String type, int input, int output) {
    return "{'type':'%s','model':'%s','input_tokens':%s,'output_tokens':%s}"
        .formatted(type, model, input, output);
  }

  @Test
  void compaction_isAddedToTheModelThatAnswered() {
    StatedUsage stated =
        read(answer(top(900, 60), one("compaction", 7000, 300), one("message", 900, 60)));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(7900, 360));
    assertThat(stated.requests())
        .containsExactlyInAnyOrder(TokenCounts.of(7000, 300), TokenCounts.of(900, 60));
    assertThat(stated.others()).isEmpty();
    assertThat(stated.partial()).isFalse();
  }

  @Test
  void compactionsOfALoop_haveTheirCachePartsToo() {
    StatedUsage stated =
        read(
            answer(
                "'input_tokens':10,'cache_read_input_tokens':40,'cache_creation_input_tokens':5,"
                    + "'output_tokens':9,'output_tokens_details':{'thinking_tokens':6}",
                "{'type':'message','input_tokens':4,'cache_read_input_tokens':30,"
                    + "'cache_creation_input_tokens':0,'output_tokens':4}",
                "{'type':'compaction','input_tokens':100,'cache_read_input_tokens':200,"
                    + "'cache_creation_input_tokens':7,'cache_creation':"
                    + "{'ephemeral_1h_input_tokens':7},'output_tokens':50}",
                "{'type':'message','input_tokens':6,'cache_read_input_tokens':10,"
                    + "'cache_creation_input_tokens':5,'output_tokens':5}",
                "{'type':'compaction','input_tokens':1,'output_tokens':1}"));

    assertThat(stated.tokens())
        .isEqualTo(
            TokenCounts.of(363, 60)
                .cacheRead(240)
                .cacheWrite(12)
                .cacheWriteOneHour(7)
                .reasoning(6));
    assertThat(stated.requests()).hasSize(4);
    assertThat(stated.requests().stream().reduce(TokenCounts.UNKNOWN, TokenCounts::plus))
        .isEqualTo(stated.tokens());
    assertThat(stated.requests()).allMatch(request -> request.consistent().equals(request));
  }

  @Test
  void advice_isWhatAnotherModelUsed() {
    StatedUsage stated =
        read(
            answer(
                top(30, 12) + ",'service_tier':'batch','speed':'fast','inference_geo':'global'",
                one("message", 10, 5),
                "{'type':'advisor_message','model':'claude-opus-4-8','input_tokens':40,"
                    + "'cache_read_input_tokens':60,'output_tokens':7,'speed':'standard'}",
                one("message", 20, 7),
                by("claude-haiku-4-5", "advisor_message", 3, 2)));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(30, 12));
    assertThat(stated.requests()).containsExactly(TokenCounts.of(10, 5), TokenCounts.of(20, 7));
    assertThat(stated.conditions()).isEqualTo(Map.of("speed", "fast"));
    StatedUsage opus = stated.others().get(0);
    assertThat(opus.model()).isEqualTo("claude-opus-4-8");
    assertThat(opus.tokens()).isEqualTo(TokenCounts.of(100, 7).cacheRead(60));
    assertThat(opus.serviceTier()).isEqualTo("batch");
    assertThat(opus.conditions()).isEmpty();
    StatedUsage haiku = stated.others().get(1);
    assertThat(haiku.tokens()).isEqualTo(TokenCounts.of(3, 2));
    assertThat(haiku.conditions()).isEqualTo(Map.of("speed", "fast"));
    assertThat(stated.others()).hasSize(2);
    assertThat(stated.partial()).isFalse();
  }

  @Test
  void adviceOfNoModel_isNotCountedAndSaysSo() {
    StatedUsage stated =
        read(answer(top(10, 5), one("message", 10, 5), one("advisor_message", 4, 2)));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(10, 5));
    assertThat(stated.others()).isEmpty();
    assertThat(stated.dropped()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"'claude-fable-5'", "null"})
  void attemptThatWasDeclinedBeforeOutput_isNotCharged(String model) {
    StatedUsage stated =
        read(
            answer(
                top(11, 13),
                "{'type':'message','model':" + model + ",'input_tokens':9,'output_tokens':0}",
                by("claude-opus-4-8", "fallback_message", 11, 13)));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(11, 13));
    assertThat(stated.model()).isEqualTo("claude-opus-4-8");
    assertThat(stated.others()).isEmpty();
    assertThat(stated.partial()).isFalse();
  }

  @Test
  void attemptThatWasDeclinedInTheMiddle_isChargedAsItsOwnModel() {
    StatedUsage stated =
        read(
            answer(
                top(11, 13),
                by("claude-fable-5", "message", 9, 4),
                by("claude-opus-4-8", "fallback_message", 11, 13)));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(11, 13));
    assertThat(stated.others()).hasSize(1);
    assertThat(stated.others().get(0).model()).isEqualTo("claude-fable-5");
    assertThat(stated.others().get(0).tokens()).isEqualTo(TokenCounts.of(9, 4));
  }

  @Test
  void streamWithAFallback_countsTheModelThatAnswered() {
    StatedUsage stated =
        read(
            "{'type':'message_start','message':{'model':'claude-fable-5','usage':"
                + "{'input_tokens':535,'cache_read_input_tokens':70,'output_tokens':1}}}",
            "{'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':{"
                + "'input_tokens':412,'cache_read_input_tokens':0,'output_tokens':264,"
                + "'iterations':["
                + by("claude-fable-5", "message", 535, 0)
                + ","
                + by("claude-opus-4-8", "fallback_message", 412, 264)
                + "]}}");

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(412, 264).cacheRead(0).plus(NO_WRITES));
    assertThat(stated.model()).isEqualTo("claude-opus-4-8");
    assertThat(stated.partial()).isFalse();
  }

  private static final TokenCounts NO_WRITES = TokenCounts.UNKNOWN;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // a type that nobody has heard of: beside the sum, part of it, or empty
        "10 | 5 | {'type':'planner','input_tokens':7,'output_tokens':1} | true",
        "17 | 6 | {'type':'planner','input_tokens':7,'output_tokens':1} | false",
        "10 | 5 | {'type':'planner','input_tokens':0,'output_tokens':0} | false",
        "10 | 5 | {'input_tokens':7,'output_tokens':1} | true",
        "10 | 5 | {'type':7,'input_tokens':7,'output_tokens':1} | true",
        "10 | 5 | {'type':'compaction','input_tokens':-7,'output_tokens':1} | true",
        "10 | 5 | 7 | false",
      })
  void typeThatIsNotKnown_isNeitherAddedNorHidden(
      int input, int output, String iteration, boolean dropped) {
    StatedUsage stated = read(answer(top(input, output), one("message", 10, 5), iteration));

    assertThat(stated.tokens().input()).isEqualTo(input);
    assertThat(stated.dropped()).isEqualTo(dropped);
    assertThat(stated.others()).isEmpty();
  }

  @Test
  void sumThatHasTheCompactionAlready_isNotAddedToTwice() {
    StatedUsage stated =
        read(answer(top(7900, 360), one("compaction", 7000, 300), one("message", 900, 60)));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(7900, 360));
    assertThat(stated.requests()).hasSize(2);
  }

  @Test
  void compactionAfterWhichTheAnswerStops_isCountedOnce() {
    StatedUsage beside = read(answer(top(0, 0), one("compaction", 7000, 300)));
    assertThat(beside.tokens()).isEqualTo(TokenCounts.of(7000, 300));
    assertThat(read(answer(top(7000, 300), one("compaction", 7000, 300))).tokens())
        .isEqualTo(TokenCounts.of(7000, 300));
  }

  @Test
  void sumThatHasTheAdviceAlready_leavesItToTheOtherModel() {
    StatedUsage stated =
        read(
            answer(
                top(50, 9),
                one("message", 10, 5),
                by("claude-opus-4-8", "advisor_message", 40, 4)));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(10, 5));
    assertThat(stated.others().get(0).tokens()).isEqualTo(TokenCounts.of(40, 4));
  }

  @Test
  void messagesThatDoNotAddUp_areNoRequests() {
    StatedUsage less = read(answer(top(100, 50), one("message", 10, 5), one("message", 20, 5)));
    assertThat(less.tokens()).isEqualTo(TokenCounts.of(100, 50));
    assertThat(less.requests()).isEmpty();
    assertThat(less.partial()).isFalse();

    StatedUsage more = read(answer(top(10, 5), one("message", 10, 5), one("message", 20, 5)));
    assertThat(more.tokens()).isEqualTo(TokenCounts.of(10, 5));
    assertThat(more.requests()).isEmpty();
    assertThat(more.partial()).isTrue();
  }

  @Test
  void lastListOfAStream_wins() {
    String event =
        "{'type':'message_delta','delta':{'stop_reason':null},'usage':{%s,'iterations':[%s]}}";
    StatedUsage stated =
        read(
            "{'type':'message_start','message':{'model':'m','usage':{'input_tokens':10,"
                + "'output_tokens':1}}}",
            event.formatted(top(10, 5), one("compaction", 7, 3) + "," + one("message", 10, 5)),
            event.formatted(
                top(30, 9),
                one("compaction", 7, 3)
                    + ","
                    + one("message", 10, 5)
                    + ","
                    + one("message", 20, 4)));

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(37, 12));
    assertThat(stated.requests()).hasSize(3);
  }

  @Test
  void contextBeforeACompaction_isNotTakenForTheAnswers() {
    StatedUsage stated =
        read(
            "{'type':'message_start','message':{'model':'m','usage':{'input_tokens':7000,"
                + "'output_tokens':1}}}",
            "{'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':{"
                + top(900, 60)
                + ",'iterations':["
                + one("compaction", 7000, 300)
                + ","
                + one("message", 900, 60)
                + "]}}");

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(7900, 360));
    assertThat(stated.partial()).isFalse();
  }

  @Test
  void invokedModelOnBedrock_isReadTheSame() {
    var bedrock = new InvokedUsage();
    bedrock.read(
        answer(
                top(900, 60),
                one("compaction", 7000, 300),
                one("message", 900, 60),
                by("claude-opus-4-8", "advisor_message", 40, 4))
            .replace('\'', '"')
            .getBytes(StandardCharsets.UTF_8));
    StatedUsage stated = bedrock.stated(Source.WIRE);

    assertThat(stated.tokens()).isEqualTo(TokenCounts.of(7900, 360));
    assertThat(stated.others()).extracting(StatedUsage::model).containsExactly("claude-opus-4-8");
  }

  @Test
  void iterationsInAnotherFormat_areNotGuessedAt() {
    String usage =
        "{'usage':{'prompt_tokens':%s,'completion_tokens':60,'iterations':["
            + one("compaction", 7000, 0)
            + ","
            + one("message", 900, 60)
            + "]}}";
    assertThat(read(usage.formatted(900)).dropped()).isTrue();
    assertThat(read(usage.formatted(7900)).dropped()).isFalse();
    assertThat(read(usage.formatted(900)).tokens()).isEqualTo(TokenCounts.of(900, 60));
  }

  @Test
  void moreOthersThanAnybodyHas_areDropped() {
    String[] many = new String[1000];
    for (int i = 0; i < many.length; i++) {
      many[i] = by("model-" + i, "advisor_message", 1, 1);
    }
    StatedUsage stated = read(answer(top(10, 5), many));

    assertThat(stated.others()).hasSize(64);
    assertThat(stated.dropped()).isTrue();
  }

  @Test
  void sumsBeyondAnyCall_areNone() {
    StatedUsage stated =
        read(
            "{'usage':{'input_tokens':900000000000,'output_tokens':5,'iterations':["
                + "{'type':'message','input_tokens':900000000000,'output_tokens':5},"
                + "{'type':'compaction','input_tokens':900000000000,'output_tokens':5}]}}");

    assertThat(stated.tokens().input()).isNull();
    assertThat(stated.tokens().output()).isEqualTo(10);
    assertThat(stated.dropped()).isTrue();
  }

  @Test
  void noList_changesNothing() {
    for (String iterations : List.of("null", "[]", "{}", "7", "'message'")) {
      StatedUsage stated = read("{'usage':{" + top(10, 5) + ",'iterations':" + iterations + "}}");
      assertThat(stated.tokens()).isEqualTo(TokenCounts.of(10, 5));
      assertThat(stated.requests()).isEmpty();
      assertThat(stated.partial()).isFalse();
    }
  }
}
