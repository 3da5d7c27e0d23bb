package io.github.usage4j.provider;

import static io.github.usage4j.provider.Reading.read;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is charged apart from tokens, in the block, under other names, and outside of it. */
class ChargedUnitsTest {

  private static String units(String... documents) {
    var units = new TreeMap<String, String>();
    read(documents).units().forEach((name, amount) -> units.put(name, amount.toPlainString()));
    return units.toString();
  }

  private static String inBlock(String fields) {
    return units("{'usage':{'prompt_tokens':9,'completion_tokens':2," + fields + "}}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'server_tool_use':{'web_search_requests':2,'web_fetch_requests':4} | {web_searches=2}",
        "'server_tool_use':{'code_execution_requests':2} | {code_executions=2}",
        "'server_tool_use_details':{'web_search_requests':2} | {web_searches=2}",
        "'num_sources_used':7 | {sources=7}",
        "'num_search_queries':18,'citation_tokens':20016"
            + " | {citation_tokens=20016, web_searches=18}",
        "'server_side_tool_usage_details':{'web_search_calls':2,'x_search_calls':3,"
            + "'code_interpreter_calls':1,'file_search_calls':4,'document_search_calls':5,"
            + "'mcp_calls':6,'image_generation_calls':1}"
            + " | {code_executions=1, document_searches=5, file_searches=4, images=1,"
            + " web_searches=2, x_searches=3}",
        "'prompt_audio_seconds':11.5 | {seconds=11.5}",
        "'type':'duration','seconds':4 | {seconds=4}",
        "'seconds':4 | {}",
        "'num_search_queries':0 | {}",
        "'num_search_queries':-1 | {}",
        "'num_search_queries':1.5 | {}",
        "'num_search_queries':'3' | {}",
        "'num_search_queries':1e12 | {}",
        "'prompt_audio_seconds':null | {}",
      })
  void blocks_nameThemDifferently(String fields, String units) {
    assertThat(inBlock(fields)).isEqualTo(units);
  }

  @Test
  void searchesOfAReranker_areStatedByCohere() {
    assertThat(units("{'meta':{'billed_units':{'search_units':2}}}")).isEqualTo("{searches=2}");
  }

  // OpenAI's output

  private static final String USAGE =
      "'usage':{'input_tokens':9,'output_tokens':2,'total_tokens':11}";

  private static String item(String type, String id, String more) {
    return "{'type':'" + type + "','id':'" + id + "','status':'completed'" + more + "}";
  }

  private static String response(String... items) {
    return "{'object':'response','output':[" + String.join(",", items) + "]," + USAGE + "}";
  }

  private static String search(String id) {
    return item("web_search_call", id, ",'action':{'query':'q','type':'search'}");
  }

  @Test
  void itemsOfTheOutput_areCounted() {
    assertThat(
            units(
                response(
                    search("w1"),
                    item("file_search_call", "f1", ",'queries':['a','b'],'results':null"),
                    item("reasoning", "r1", ",'summary':[]"),
                    search("w2"),
                    item("code_interpreter_call", "c1", ",'container_id':'k1','code':'1'"),
                    item("code_interpreter_call", "c2", ",'container_id':'k1','code':'2'"),
                    item("code_interpreter_call", "c3", ",'container_id':'k2','code':'3'"),
                    item("image_generation_call", "i1", ",'result':'AAAA'"),
                    item("mcp_call", "m1", ""),
                    item("message", "m2", ",'content':[{'type':'web_search_call'}]"))))
        .isEqualTo("{containers=2, file_searches=1, images=1, web_searches=2}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'type':'web_search_call','id':'w','status':'in_progress'}",
        "{'type':'web_search_call','id':'w','status':'searching','action':{'type':'search'}}",
        "{'type':'web_search_call','id':'w','status':'failed','action':{'type':'search'}}",
        "{'type':'web_search_call','id':'w','status':'completed','action':{'type':'open_page'}}",
        "{'type':'web_search_call','id':'w','status':'completed','action':{'type':'find_in_page'}}",
        "{'type':'file_search_call','id':'w','status':'incomplete'}",
        "{'type':'code_interpreter_call','id':'w','status':'completed','container_id':null}",
        "{'type':'message','content':'web_search_call'}",
        "{'type':['web_search_call'],'id':'w'}",
        "7",
        "['web_search_call']",
      })
  void itemThatIsNotCharged_isNone(String item) {
    assertThat(units(response(item))).isEqualTo("{}");
  }

  @Test
  void itemsWithoutIds_areCountedByTheirNumber() {
    String call = "{'type':'web_search_call'}";
    assertThat(units(response(call, call, call))).isEqualTo("{web_searches=3}");
  }

  @Test
  void stream_showsEachItemOnce() {
    String done = "{'type':'response.output_item.done','output_index':%s,'item':%s}";
    String added = "{'type':'response.output_item.added','item':%s}";
    String[] begin = {
      "{'type':'response.created','response':{'output':[],'usage':null,"
          + "'tool_usage':{'web_search':{'num_requests':0}}}}",
      added.formatted("{'type':'web_search_call','id':'w1','status':'in_progress'}"),
      done.formatted(0, search("w1")),
      done.formatted(1, item("code_interpreter_call", "c1", ",'container_id':'k1'")),
      done.formatted(2, search("w2")),
    };
    assertThat(units(begin)).isEqualTo("{containers=1, web_searches=2}");

    String[] whole = java.util.Arrays.copyOf(begin, begin.length + 1);
    whole[begin.length] =
        "{'type':'response.completed','response':"
            + response(
                search("w1"),
                item("code_interpreter_call", "c1", ",'container_id':'k1'"),
                search("w2"))
            + "}";
    assertThat(units(whole)).isEqualTo("{containers=1, web_searches=2}");
  }

  @Test
  void searchesThatAreBilled_countBeforeThoseThatAreShown() {
    String billed =
        response(search("w1"), search("w2"))
            .replace("'object'", "'tool_usage':{'web_search':{'num_requests':%s}},'object'");
    assertThat(units(billed.formatted("5"))).isEqualTo("{web_searches=5}");
    assertThat(units(billed.formatted("0"))).isEqualTo("{web_searches=2}");
    assertThat(units(billed.formatted("'x'"))).isEqualTo("{web_searches=2}");
  }

  @Test
  void searchesInTheBlock_countBeforeThoseThatAreShown() {
    String both =
        "{'output':["
            + search("w1")
            + ","
            + search("w2")
            + "],'usage':{'input_tokens':9,'output_tokens':2,'total_tokens':11,"
            + "'server_side_tool_usage_details':{'web_search_calls':%s}}}";
    assertThat(units(both.formatted(3))).isEqualTo("{web_searches=3}");
    assertThat(units(both.formatted(0))).isEqualTo("{}");
  }

  @Test
  void answerThatTalksOfTools_hasNone() {
    assertThat(
            units(
                "{'choices':[{'message':{'content':'{\\\"type\\\":\\\"web_search_call\\\"}',"
                    + "'output':[{'type':'web_search_call'}]}}],'usage':{'prompt_tokens':9}}"))
        .isEqualTo("{}");
  }

  // Gemini's grounding

  private static String grounded(String model, String queries) {
    return "{'candidates':[{'content':{},'groundingMetadata':{'webSearchQueries':"
        + queries
        + "}}],'usageMetadata':{'promptTokenCount':9,'candidatesTokenCount':2},'modelVersion':'"
        + model
        + "'}";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "gemini-3-flash-preview | ['a','b'] | {web_searches=2}",
        "gemini-3.8-flash | ['a','b','a',''] | {web_searches=2}",
        "gemini-2.5-flash | ['a','b'] | {web_searches=1}",
        "models/gemini-2.0-flash | ['a'] | {web_searches=1}",
        "gemini-10-pro | ['a','b'] | {web_searches=2}",
        "some-model | ['a','b'] | {web_searches=2}",
        "gemini-3-flash | [] | {}",
        "gemini-2.5-flash | [''] | {}",
        "gemini-3-flash | 'a' | {}",
        "gemini-3-flash | [7,null,{}] | {}",
      })
  void groundedAnswer_isChargedAsItsGenerationIs(String model, String queries, String units) {
    assertThat(units(grounded(model, queries))).isEqualTo(units);
  }

  @Test
  void groundedStream_countsEachQueryOnce() {
    String model = "gemini-3-flash";
    assertThat(
            units(grounded(model, "['a']"), grounded(model, "['a','b']"), grounded(model, "['b']")))
        .isEqualTo("{web_searches=2}");
  }

  @Test
  void unitsAlone_areStated() {
    StatedUsage stated = read("{'output':[" + search("w1") + "],'usage':{'status':'x'}}");
    assertThat(stated.units()).isEqualTo(Map.of("web_searches", java.math.BigDecimal.ONE));
    assertThat(stated.tokens().isUnknown()).isTrue();
  }
}
