package io.github.usage4j.provider;

import static io.github.usage4j.provider.Reading.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.usage4j.Cost;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What providers say that an answer costs. */
class StatedCostTest {

  private static Cost of(String fields) {
    return read("{'usage':{'prompt_tokens':9,'completion_tokens':2," + fields + "}}").cost();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'cost':0.5 | 0.5",
        "'cost':'0.0012' | 0.0012",
        "'cost':0 | 0",
        "'cost':4e-05 | 0.00004",
        "'cost':0.0004970133333333333 | 0.000497013333333333",
        "'total_cost':0.25 | 0.25",
        "'estimated_cost':0.25 | 0.25",
        // OpenRouter, with a key of one's own and without
        "'cost':0,'is_byok':true,'cost_details':{'upstream_inference_cost':0.0031} | 0.0031",
        "'cost':0.0002,'is_byok':true,'cost_details':{'upstream_inference_cost':0.004} | 0.0042",
        "'cost':0.004,'is_byok':false,'cost_details':{'upstream_inference_cost':0.004} | 0.004",
        "'cost':0.016,'cost_details':{'upstream_inference_cost':0.0001} | 0.016",
        // Perplexity
        "'cost':{'input_tokens_cost':0.1,'request_cost':5,'total_cost':5.11} | 5.11",
        "'cost':{'input_tokens_cost':0.00001,'output_tokens_cost':0.0002,'request_cost':0.006}"
            + " | 0.00621",
        "'cost':{'total_cost':'5.11','currency':'USD'} | 5.11",
        // xAI
        "'cost_in_usd_ticks':37756000 | 0.0037756",
        "'cost_in_usd_ticks':1 | 0.0000000001",
        "'cost_in_usd_ticks':0 | 0",
      })
  void cost_isReadInEveryForm(String fields, String dollars) {
    assertThat(of(fields)).isEqualTo(Cost.total(new java.math.BigDecimal(dollars), "USD"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'x':1",
        "'cost':null",
        "'cost':-0.5",
        "'cost':'free'",
        "'cost':''",
        "'cost':true",
        "'cost':[0.5]",
        "'cost':{}",
        "'cost':{'total_cost':-1}",
        "'cost':{'total_cost':'x','input_cost':1}",
        "'cost':{'input_cost':1,'output_cost':'x'}",
        "'cost':1e30",
        "'cost':1e999999999",
        "'cost_in_usd_ticks':-1",
        "'cost_in_usd_ticks':0.5",
        "'cost_in_usd_ticks':1e30",
        // a part of it only: the fee, or credits of some kind
        "'cost':0,'is_byok':true",
        "'cost':0,'is_byok':true,'cost_details':{'upstream_inference_cost':null}",
        "'cost':0.5,'currency':'CREDITS'",
      })
  void whatIsNoCost_isNone(String fields) {
    assertThat(of(fields)).isNull();
    assertThat(
            read("{'usage':{'prompt_tokens':9,'completion_tokens':2," + fields + "}}")
                .tokens()
                .input())
        .isEqualTo(9);
  }

  @Test
  void costInAnotherCurrency_staysInIt() {
    assertThat(of("'cost':0.5,'currency':'EUR'").currency().getCurrencyCode()).isEqualTo("EUR");
    assertThat(of("'cost':{'total_cost':0.5,'currency':'CNY'}").currency().getCurrencyCode())
        .isEqualTo("CNY");
  }

  @Test
  void costWithoutTokens_isStated() {
    StatedUsage image = read("{'data':[],'usage':{'cost_in_usd_ticks':400000000}}");

    assertThat(image.tokens().isUnknown()).isTrue();
    assertThat(image.cost().total()).isEqualByComparingTo("0.04");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1e-100000000", "1e-2147483647", "0e-999999999", "1e-19", "'1e-9999999'"})
  void costOfNextToNothing_takesNoTime(String amount) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          for (String field :
              new String[] {
                "'cost':%s",
                "'cost':0,'is_byok':true,'cost_details':{'upstream_inference_cost':%s}",
                "'cost':{'total_cost':%s}",
                "'cost':{'input_cost':%s,'output_cost':%s}",
                "'cost_in_usd_ticks':%s",
                "'prompt_audio_seconds':%s",
                "'num_search_queries':%s",
                "'server_tool_use':{'web_search_requests':%s}",
                "'total_tokens':%s",
                "'iterations':[{'type':'compaction','input_tokens':%s,'output_tokens':2}]",
              }) {
            Cost cost = of(field.replace("%s", amount));
            assertThat(cost == null || cost.total().signum() == 0).isTrue();
          }
        });
  }
}
