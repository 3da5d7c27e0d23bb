package io.github.usage4j.provider;

import static io.github.usage4j.provider.Reading.read;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageEvent.Source;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts beside the counts: which of them change the price. */
class ConditionsTest {

  private static Map<String, String> of(String fields) {
    return read("{'usage':{'input_tokens':9,'output_tokens':2," + fields + "}}").conditions();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'speed':'fast' | speed | fast",
        "'inference_geo':'us' | inference_geo | us",
        "'search_context_size':'low' | search_context_size | low",
        "'quality_mode':'ultra' | quality_mode | ultra", // nobody knows what it is yet
        "' Speed ':' fast ' | Speed | fast",
        "'fallback_credit':{'status':{'type':'redeemed'}} | fallback_credit | redeemed",
      })
  void textInTheBlock_isACondition(String fields, String name, String value) {
    assertThat(of(fields)).isEqualTo(Map.of(name, value));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'speed':'standard'",
        "'speed':'STANDARD'",
        "'inference_geo':'global'",
        "'inference_geo':'not_available'",
        "'service_tier':'standard'",
        "'serviceTier':'flex'",
        "'trafficType':'ON_DEMAND'",
        "'type':'tokens'",
        "'object':'usage'",
        "'currency':'USD','cost':'0.5'",
        "'request_id':'r1','created_at':'2026-11-30'",
        "'speed':null",
        "'speed':''",
        "'speed':' '",
        "'speed':7",
        "'speed':['fast']",
        "'speed':{'name':'fast'}",
        "'mode':'MODE_UNSPECIFIED'",
        "'output_tokens_details':{'mode':'fast'}",
        "'fallback_credit':{'status':{'type':'not_applied','reason':'expired'}}",
        "'fallback_credit':null",
      })
  void whatSaysNothingAboutThePrice_isNone(String fields) {
    assertThat(of(fields)).isEmpty();
  }

  @Test
  void conditionsStack() {
    assertThat(of("'speed':'fast','inference_geo':'us','service_tier':'batch'"))
        .isEqualTo(Map.of("speed", "fast", "inference_geo", "us"));
  }

  @Test
  void laterTextOfAStream_counts() {
    String start =
        "{'type':'message_start','message':{'usage':{'input_tokens':9,'output_tokens':1,"
            + "'speed':'%s','inference_geo':'us'}}}";
    String end = "{'type':'message_delta','usage':{'output_tokens':5%s}}";

    assertThat(read(start.formatted("standard"), end.formatted(",'speed':'fast'")).conditions())
        .isEqualTo(Map.of("speed", "fast", "inference_geo", "us"));
    assertThat(read(start.formatted("fast"), end.formatted(",'speed':'standard'")).conditions())
        .isEqualTo(Map.of("inference_geo", "us"));
    assertThat(read(start.formatted("fast"), end.formatted("")).conditions())
        .isEqualTo(Map.of("speed", "fast", "inference_geo", "us"));
  }

  @Test
  void moreThanAnEventHas_endWithOneThatNoPriceKnows() {
    var fields = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      fields.append(i == 0 ? "" : ",").append("'a").append(i).append("':'x'");
    }
    assertThat(of(fields.toString())).hasSize(8).doesNotContainKey("more_conditions");

    Map<String, String> cut = of(fields + ",'b':'x','c':'x'");
    assertThat(cut).hasSize(8).containsEntry("more_conditions", "3").containsEntry("a6", "x");
    assertThat(event(cut).conditions()).isEqualTo(cut);
  }

  @Test
  void namesAndValuesOfAnyKind_fitIntoAnEvent() {
    String longName = "n".repeat(63) + "  x" + "m".repeat(100);
    Map<String, String> odd =
        of("'" + longName + "':'" + "v".repeat(500) + "','  ':'a','\\u0007\\ud800':'\\u0000b'");

    assertThat(odd).hasSize(3);
    assertThat(event(odd).conditions()).isEqualTo(odd);
  }

  private static UsageEvent event(Map<String, String> conditions) {
    return UsageEvent.builder(UUID.randomUUID(), Kind.CHAT, "p", "m")
        .startedAt(Instant.parse("2026-11-30T00:00:00Z"))
        .attribution(Attribution.NONE)
        .conditions(conditions)
        .build();
  }

  @ParameterizedTest
  @CsvSource({"optimized,optimized", "standard,", "' ',"})
  void latencyOfBedrock_isReadWhereverItIs(String stated, String kept) {
    Map<String, String> expected = kept == null ? Map.of() : Map.of("latency", kept);
    String usage = "'usage':{'inputTokens':9,'outputTokens':2}";
    String config = "'performanceConfig':{'x':1,'latency':'" + stated + "'}";
    assertThat(read("{" + usage + "," + config + "}").conditions()).isEqualTo(expected);
    assertThat(read("{" + config + "," + usage + "}").conditions()).isEqualTo(expected);

    var invoked = new InvokedUsage();
    invoked.terms(Map.of("x-amzn-bedrock-performanceconfig-latency", stated)::get);
    invoked.read("{\"usage\":{\"input_tokens\":9}}".getBytes(StandardCharsets.UTF_8));
    assertThat(invoked.stated(Source.WIRE).conditions()).isEqualTo(expected);
  }

  @Test
  void termsOfACallThatBedrockCounted_areKept() {
    var invoked = new InvokedUsage();
    invoked.terms(
        Map.of(
                "x-amzn-bedrock-performanceconfig-latency", "optimized",
                "x-amzn-bedrock-service-tier", "flex")
            ::get);
    invoked.headers(
        Map.of("x-amzn-bedrock-input-token-count", "4", "x-amzn-bedrock-output-token-count", "5")
            ::get);
    StatedUsage stated = invoked.stated(Source.WIRE);

    assertThat(stated.tokens().input()).isEqualTo(4);
    assertThat(stated.conditions()).isEqualTo(Map.of("latency", "optimized"));
    assertThat(stated.serviceTier()).isEqualTo("flex");
  }
}
