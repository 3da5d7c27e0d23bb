package io.github.usage4j.langchain4j;

import static io.github.usage4j.langchain4j.RealClients.ANTHROPIC;
import static io.github.usage4j.langchain4j.RealClients.GEMINI;
import static io.github.usage4j.langchain4j.RealClients.OPENAI;
import static io.github.usage4j.langchain4j.RealClients.RESPONSES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.model.bedrock.BedrockChatModel;
import dev.langchain4j.model.bedrock.BedrockStreamingChatModel;
import dev.langchain4j.model.chat.ChatModel;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.langchain4j.LoopbackOpenAi.Reply;
import io.github.usage4j.langchain4j.RealClients.Mode;
import io.github.usage4j.langchain4j.internal.EventStreams;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.track.UsageScope;
import io.github.usage4j.track.UsageTracker;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.bedrockruntime.model.InvokeModelRequest;

/**
 * What providers charge beside top-level counts, through real clients: plain and with the wire in
 * sight, answers and streams.
 */
@Timeout(60)
class ChargedBesidesTest {

  private final Ledger ledger = new Ledger();
  private final TrackedModels models = TrackedModels.with(ledger.tracker);
  private LoopbackOpenAi server;

  @AfterEach
  void stopServer() {
    server.close();
  }

  static Mode[] modes() {
    return Mode.all();
  }

  private String serve(Reply... replies) {
    server = new LoopbackOpenAi(replies);
    return server.url();
  }

  private void call(RealClients api, Mode mode, String usage) throws Exception {
    api.call(models, serve(mode.stream() ? api.stream(usage) : api.answer(usage)), mode);
  }

  private void assertNoAnomaly() {
    assertThat(ledger.kinds).isEmpty();
  }

  // Iterations

  private static final String COMPACTED =
      "'input_tokens':900,'output_tokens':60,'iterations':["
          + "{'type':'compaction','input_tokens':7000,'output_tokens':300},"
          + "{'type':'message','input_tokens':900,'output_tokens':60}]";

  private static final String ADVISED =
      "'input_tokens':30,'output_tokens':12,'speed':'fast','iterations':["
          + "{'type':'message','input_tokens':10,'output_tokens':5},"
          + "{'type':'advisor_message','model':'claude-opus-4-8','input_tokens':40,"
          + "'output_tokens':7},"
          + "{'type':'message','input_tokens':20,'output_tokens':7}]";

  @ParameterizedTest
  @MethodSource("modes")
  void compaction_isPartOfTheCall(Mode mode) throws Exception {
    call(ANTHROPIC, mode, COMPACTED);

    assertThat(ledger.only().tokens()).isEqualTo(TokenCounts.of(7900, 360));
    assertThat(ledger.only().quality()).isEqualTo(Quality.REPORTED);
    assertThat(ledger.only().attempts()).isEqualTo(1);
    assertNoAnomaly();
  }

  @ParameterizedTest
  @MethodSource("modes")
  void adviceOfAnotherModel_isAnEventOfItsOwn(Mode mode) throws Exception {
    UsageScope scope = ledger.acme();
    try (scope) {
      call(ANTHROPIC, mode, ADVISED);
    }

    assertThat(ledger.events()).hasSize(2);
    UsageEvent own = ledger.events().get(0);
    UsageEvent other = ledger.events().get(1);
    assertThat(own.model()).isEqualTo("claude-sonnet-5");
    assertThat(own.tokens()).isEqualTo(TokenCounts.of(30, 12));
    assertThat(own.opensOperation()).isTrue();
    assertThat(other.model()).isEqualTo("claude-opus-4-8");
    assertThat(other.provider()).isEqualTo(own.provider());
    assertThat(other.tokens()).isEqualTo(TokenCounts.of(40, 7));
    assertThat(other.conditions()).isEqualTo(Map.of("speed", "fast"));
    assertThat(other.source()).isEqualTo(own.source());
    assertThat(other.streaming()).isEqualTo(mode.stream());
    assertThat(other.operationId()).isEqualTo(own.operationId());
    assertThat(other.attribution()).isEqualTo(own.attribution());
    assertThat(scope.totalUsage().tokens()).isEqualTo(TokenCounts.of(70, 19));
    assertNoAnomaly();
  }

  @ParameterizedTest
  @MethodSource("modes")
  void iterationOfUnknownType_isPartialAndSaysSo(Mode mode) throws Exception {
    call(
        ANTHROPIC,
        mode,
        "'input_tokens':10,'output_tokens':5,'iterations':["
            + "{'type':'message','input_tokens':10,'output_tokens':5},"
            + "{'type':'planner','input_tokens':70,'output_tokens':5}]");

    assertThat(ledger.only().tokens()).isEqualTo(TokenCounts.of(10, 5));
    assertThat(ledger.only().quality()).isEqualTo(Quality.PARTIAL);
    assertThat(ledger.kinds).containsExactly(Anomaly.CONTRADICTORY_FIGURES);
  }

  @ParameterizedTest
  @MethodSource("modes")
  void fallback_isOfTheModelThatAnswered(Mode mode) throws Exception {
    call(
        ANTHROPIC,
        mode,
        "'input_tokens':11,'output_tokens':13,'iterations':["
            + "{'type':'message','model':'claude-sonnet-5','input_tokens':9,'output_tokens':0},"
            + "{'type':'fallback_message','model':'claude-opus-4-8','input_tokens':11,"
            + "'output_tokens':13}]");

    assertThat(ledger.only().model()).isEqualTo("claude-opus-4-8");
    assertThat(ledger.only().tokens()).isEqualTo(TokenCounts.of(11, 13));
    assertNoAnomaly();
  }

  @ParameterizedTest
  @MethodSource("modes")
  void eachRequest_isPricedByItself(Mode mode) throws Exception {
    var store = new InMemoryUsageStore();
    ModelPrice small =
        ModelPrice.perMillion("anthropic", "claude-sonnet-5", "USD").input("1").output("1");
    ModelPrice above =
        ModelPrice.perMillion("anthropic", "claude-sonnet-5", "USD").input("10").output("10");
    UsageTracker tracker =
        UsageTracker.builder(store)
            .buffer(UsageBuffer.none())
            .prices(PriceCatalog.of(small.aboveInput(5_000, above)))
            .build();
    ANTHROPIC.call(
        TrackedModels.with(tracker),
        serve(mode.stream() ? ANTHROPIC.stream(COMPACTED) : ANTHROPIC.answer(COMPACTED)),
        mode);

    // 960 below the threshold, 7300 above it
    assertThat(store.events().get(0).cost().total()).isEqualByComparingTo("0.07396");
  }

  @Test
  void invokedModel_hasItsAdviceToo() {
    String body = ("{'model':'claude-sonnet-5','usage':{" + ADVISED + "}}").replace('\'', '"');
    Reply reply =
        LoopbackBedrock.reply(
            "application/json",
            body.getBytes(StandardCharsets.UTF_8),
            "x-amzn-bedrock-performanceconfig-latency",
            "optimized");
    var client = LoopbackBedrock.client(serve(reply).replace("/v1", ""));
    ChatModel model =
        Fakes.chat(
            request -> {
              client.invokeModel(
                  InvokeModelRequest.builder()
                      .modelId("m")
                      .body(SdkBytes.fromUtf8String("{}"))
                      .build());
              return Fakes.text(null);
            });
    models.wrap(model).chat("hi");

    assertThat(ledger.figures()).containsExactly("30/12", "40/7");
    assertThat(ledger.events())
        .allSatisfy(
            event ->
                assertThat(event.conditions())
                    .isEqualTo(Map.of("speed", "fast", "latency", "optimized")));
  }

  @Test
  void answerThatTheClientRefuses_isChargedWithItsAdvice() {
    Reply refused =
        LoopbackOpenAi.json(
            200,
            ("{'id':'m1','model':'claude-sonnet-5','content':[{'type':7,'text':{}}],'usage':{"
                    + ADVISED
                    + "}}")
                .replace('\'', '"'));
    ChatModel model = models.wrap(ANTHROPIC.blocking(serve(refused), UsageHttpClient.builder()));

    assertThatThrownBy(() -> model.chat("hi")).isNotNull();
    assertThat(ledger.figures()).containsExactly("30/12 ERROR", "40/7 ERROR");
    assertThat(ledger.events()).extracting(UsageEvent::outcome).containsOnly(Outcome.ERROR);
  }

  // Conditions

  @ParameterizedTest
  @MethodSource("modes")
  void conditions_stayWithTheEvent(Mode mode) throws Exception {
    call(
        ANTHROPIC,
        mode,
        "'input_tokens':100,'output_tokens':20,'service_tier':'batch','speed':'fast',"
            + "'inference_geo':'us','cache_read_input_tokens':0");

    assertThat(ledger.only().serviceTier()).isEqualTo("batch");
    assertThat(ledger.only().conditions())
        .isEqualTo(Map.of("speed", "fast", "inference_geo", "us"));
  }

  @ParameterizedTest
  @MethodSource("modes")
  void conditionOfAnotherProvider_staysToo(Mode mode) throws Exception {
    call(
        OPENAI,
        mode,
        "'prompt_tokens':10,'completion_tokens':2,'total_tokens':12,"
            + "'search_context_size':'high','num_search_queries':3");

    assertThat(ledger.only().conditions()).isEqualTo(Map.of("search_context_size", "high"));
    assertThat(ledger.only().units()).isEqualTo(Map.of("web_searches", BigDecimal.valueOf(3)));
  }

  @ParameterizedTest
  @CsvSource({"optimized,1", "standard,0"})
  void latencyOfConverse_isACondition(String latency, int conditions) throws Exception {
    String rest =
        ("'usage':{'inputTokens':10,'outputTokens':2},'performanceConfig':{'latency':'"
                + latency
                + "'}}")
            .replace('\'', '"');
    String url =
        serve(
                LoopbackOpenAi.json(
                    200,
                    ("{'output':{'message':{'role':'assistant','content':[{'text':'ok'}]}},"
                                + "'stopReason':'end_turn',")
                            .replace('\'', '"')
                        + rest),
                LoopbackBedrock.reply(
                    LoopbackBedrock.EVENT_STREAM,
                    EventStreams.all(
                        LoopbackBedrock.start(),
                        LoopbackBedrock.text("ok"),
                        LoopbackBedrock.stop(),
                        EventStreams.event("metadata", "{\"metrics\":{\"latencyMs\":6}," + rest))))
            .replace("/v1", "");
    models
        .wrap(
            BedrockChatModel.builder()
                .client(LoopbackBedrock.client(url))
                .modelId("m")
                .region(Region.US_EAST_1)
                .build())
        .chat("hi");
    RealClients.drain(
        models.wrap(
            BedrockStreamingChatModel.builder()
                .client(LoopbackBedrock.async(url))
                .modelId("m")
                .region(Region.US_EAST_1)
                .build()));

    assertThat(ledger.figures()).containsExactly("10/2", "10/2");
    assertThat(ledger.events()).allMatch(event -> event.conditions().size() == conditions);
  }

  // Several exchanges

  private static ChatModel twice(ChatModel model) {
    return Fakes.chat(
        request -> {
          model.chat(request);
          return model.chat(request);
        });
  }

  @Test
  void exchangesUnderOtherTerms_areNotPricedAsOne() {
    String url =
        serve(
            ANTHROPIC.answer("'input_tokens':100,'output_tokens':20,'service_tier':'priority'"),
            ANTHROPIC.answer("'input_tokens':7,'output_tokens':1,'service_tier':'standard'"));
    models.wrap(twice(ANTHROPIC.blocking(url, UsageHttpClient.builder()))).chat("hi");

    assertThat(ledger.figures()).containsExactly("7/1", "100/20");
    assertThat(ledger.events())
        .extracting(UsageEvent::serviceTier)
        .containsExactly("standard", "priority");
    assertThat(ledger.events().get(0).attempts()).isEqualTo(2);
    assertNoAnomaly();
  }

  @Test
  void adviceOfEachExchange_isCounted() {
    models
        .wrap(
            twice(ANTHROPIC.blocking(serve(ANTHROPIC.answer(ADVISED)), UsageHttpClient.builder())))
        .chat("hi");

    assertThat(ledger.figures()).containsExactly("60/24", "40/7", "40/7");
  }

  // Usage in the choice

  private static final String CHOICE =
      "{'id':'c1','model':'kimi-k2.5','choices':[{'index':0,%s,'finish_reason':'stop',"
          + "'usage':{'prompt_tokens':41,'completion_tokens':17,'total_tokens':58,"
          + "'cached_tokens':16}}]}";

  @ParameterizedTest
  @MethodSource("modes")
  void usageInTheChoice_isTheCalls(Mode mode) throws Exception {
    Reply reply =
        mode.stream()
            ? RealClients.events(
                "{'id':'c1','model':'kimi-k2.5','choices':[{'index':0,"
                    + "'delta':{'content':'ok'}}]}",
                CHOICE.formatted("'delta':{}"),
                "[DONE]")
            : LoopbackOpenAi.json(
                200,
                CHOICE
                    .formatted("'message':{'role':'assistant','content':'ok'}")
                    .replace('\'', '"'));
    OPENAI.call(models, serve(reply), mode);

    assertThat(ledger.only().tokens()).isEqualTo(TokenCounts.of(41, 17).cacheRead(16));
    assertThat(ledger.only().quality()).isEqualTo(Quality.REPORTED);
  }

  // Figures only grow

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void zerosAtTheEndOfAStream_changeNothing(boolean wire) throws Exception {
    String chunk = "{'id':'c1','model':'m','choices':[],'usage':{%s}}";
    OPENAI.call(
        models,
        serve(
            RealClients.events(
                "{'id':'c1','model':'m','choices':[{'index':0,'delta':{'content':'ok'}}]}",
                "{'id':'c1','model':'m','choices':[{'index':0,'delta':{},"
                    + "'finish_reason':'stop'}]}",
                chunk.formatted(
                    "'prompt_tokens':30,'completion_tokens':7,'prompt_tokens_details':"
                        + "{'cached_tokens':16}"),
                chunk.formatted("'prompt_tokens':0,'completion_tokens':0"),
                "[DONE]")),
        new Mode(wire, true));

    assertThat(ledger.only().tokens()).isEqualTo(TokenCounts.of(30, 7).cacheRead(16));
    assertNoAnomaly();
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void figuresThatShrink_arePartial(boolean wire) throws Exception {
    String event = "{'type':'message_delta','delta':{'stop_reason':'end_turn'},'usage':{%s}}";
    ANTHROPIC.call(
        models,
        serve(
            RealClients.events(
                "{'type':'message_start','message':{'id':'m1','type':'message','role':"
                    + "'assistant','model':'claude-sonnet-5','content':[],'usage':"
                    + "{'input_tokens':900,'output_tokens':1}}}",
                "{'type':'content_block_start','index':0,'content_block':"
                    + "{'type':'text','text':''}}",
                "{'type':'content_block_delta','index':0,'delta':"
                    + "{'type':'text_delta','text':'ok'}}",
                "{'type':'content_block_stop','index':0}",
                event.formatted("'input_tokens':700,'output_tokens':40"),
                "{'type':'message_stop'}")),
        new Mode(wire, true));

    assertThat(ledger.only().tokens()).isEqualTo(TokenCounts.of(900, 40));
    assertThat(ledger.only().quality()).isEqualTo(Quality.PARTIAL);
    assertThat(ledger.kinds).containsExactly(Anomaly.CONTRADICTORY_FIGURES);
  }

  // Stated cost

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'cost':0.0002,'is_byok':true,'cost_details':{'upstream_inference_cost':0.004} | 0.0042",
        "'cost':{'input_tokens_cost':0.1,'request_cost':5,'total_cost':5.1} | 5.1",
        "'cost_in_usd_ticks':37756000 | 0.0037756",
      })
  void statedCost_isKeptInEveryForm(String fields, BigDecimal dollars) throws Exception {
    for (Mode mode : Mode.all()) {
      call(OPENAI, mode, "'prompt_tokens':10,'completion_tokens':2," + fields);
      server.close();
    }

    assertThat(ledger.events()).hasSize(4);
    assertThat(ledger.events())
        .allSatisfy(event -> assertThat(event.statedCost().total()).isEqualByComparingTo(dollars));
  }

  @Test
  void costOfNextToNothing_hangsNothing() throws Exception {
    call(
        OPENAI,
        new Mode(true, false),
        "'prompt_tokens':10,'completion_tokens':2,'cost':1e-100000000");

    assertThat(ledger.figures()).containsExactly("10/2");
  }

  // Units outside of the block

  @ParameterizedTest
  @MethodSource("modes")
  void toolsThatOpenAiRan_areUnits(Mode mode) throws Exception {
    call(
        RESPONSES,
        mode,
        "{'type':'web_search_call','id':'w1','status':'completed','action':{'type':'search'}},"
            + "{'type':'web_search_call','id':'w2','status':'completed','action':"
            + "{'type':'open_page'}},"
            + "{'type':'file_search_call','id':'f1','status':'completed','queries':['q']},"
            + "{'type':'code_interpreter_call','id':'c1','status':'completed',"
            + "'container_id':'k1','code':'1','outputs':null},");

    assertThat(ledger.figures()).containsExactly("1000/100");
    assertThat(ledger.only().units())
        .isEqualTo(
            Map.of(
                "web_searches", BigDecimal.ONE,
                "file_searches", BigDecimal.ONE,
                "containers", BigDecimal.ONE));
  }

  private static final String GROUNDED =
      ",'groundingMetadata':{'webSearchQueries':['a','b']}}],'modelVersion':'gemini-3-flash',"
          + "'usageMetadata':{'promptTokenCount':1000,'candidatesTokenCount':10,"
          + "'totalTokenCount':1010,'cachedContentTokenCount':800,'promptTokensDetails':["
          + "{'modality':'TEXT','tokenCount':200},{'modality':'AUDIO','tokenCount':800}],"
          + "'cacheTokensDetails':[{'modality':'AUDIO','tokenCount':800}]}";

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void searchesAndAudioOfGemini_areSeenOnTheWire(boolean stream) throws Exception {
    call(GEMINI, new Mode(true, stream), GROUNDED);

    assertThat(ledger.only().tokens())
        .isEqualTo(new TokenCounts(1000L, 10L, 800L, null, null, null, 800L, null, 800L));
    assertThat(ledger.only().units()).isEqualTo(Map.of("web_searches", BigDecimal.valueOf(2)));
  }
}
