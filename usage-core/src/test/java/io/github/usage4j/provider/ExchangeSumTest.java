package io.github.usage4j.provider;

import static io.github.usage4j.provider.Reading.read;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.TokenCounts;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Several exchanges of one call. */
class ExchangeSumTest {

  private static StatedUsage claude(String model, int input, String more) {
    return read(
        "{'model':'%s','usage':{'input_tokens':%s,'output_tokens':2%s}}"
            .formatted(model, input, more));
  }

  private static StatedUsage sum(StatedUsage... exchanges) {
    return StatedUsage.sum(List.of(exchanges), null);
  }

  @Test
  void noneAndOne_areThemselves() {
    StatedUsage one = claude("m", 9, "");
    assertThat(sum()).isEqualTo(StatedUsage.NONE);
    assertThat(sum(one)).isEqualTo(one);
  }

  @Test
  void exchangesThatArePricedAlike_areAddedUpAndStayRequests() {
    StatedUsage sum =
        sum(
            claude("m", 9, ",'service_tier':'standard','cost':0.5"),
            claude("m", 20, ",'service_tier':null,'cost':0.25"),
            claude("m", 1, ",'service_tier':'STANDARD','cost':0.25"));

    assertThat(sum.tokens()).isEqualTo(TokenCounts.of(30, 6));
    assertThat(sum.requests())
        .containsExactly(TokenCounts.of(9, 2), TokenCounts.of(20, 2), TokenCounts.of(1, 2));
    assertThat(sum.others()).isEmpty();
    assertThat(sum.cost().total()).isEqualByComparingTo("1");
  }

  @Test
  void exchangesUnderOtherTerms_areNotPricedAsTheLast() {
    StatedUsage sum =
        sum(
            claude("m", 1, ",'service_tier':'priority'"),
            claude("m", 2, ",'speed':'fast'"),
            claude("m", 4, ""),
            claude("m", 8, ",'service_tier':'priority'"),
            claude("m", 16, ""));

    assertThat(sum.tokens()).isEqualTo(TokenCounts.of(20, 4));
    assertThat(sum.serviceTier()).isNull();
    assertThat(sum.conditions()).isEmpty();
    assertThat(sum.others()).hasSize(2);
    StatedUsage priority = sum.others().get(0);
    assertThat(priority.serviceTier()).isEqualTo("priority");
    assertThat(priority.tokens()).isEqualTo(TokenCounts.of(9, 4));
    assertThat(priority.requests()).containsExactly(TokenCounts.of(1, 2), TokenCounts.of(8, 2));
    StatedUsage fast = sum.others().get(1);
    assertThat(fast.conditions()).isEqualTo(Map.of("speed", "fast"));
    assertThat(fast.tokens()).isEqualTo(TokenCounts.of(2, 2));
  }

  @Test
  void exchangesOfAnotherModel_areItsOwn_andTheAnswerDecidesWhose() {
    List<StatedUsage> exchanges =
        List.of(claude("a", 1, ""), claude("b", 2, ""), claude("a", 4, ""), claude("b", 8, ""));

    StatedUsage last = StatedUsage.sum(exchanges, null);
    assertThat(last.model()).isEqualTo("b");
    assertThat(last.tokens()).isEqualTo(TokenCounts.of(10, 4));
    assertThat(last.others().get(0).tokens()).isEqualTo(TokenCounts.of(5, 4));

    StatedUsage answered = StatedUsage.sum(exchanges, "a");
    assertThat(answered.model()).isEqualTo("a");
    assertThat(answered.tokens()).isEqualTo(TokenCounts.of(5, 4));
    assertThat(answered.others().get(0).model()).isEqualTo("b");

    assertThat(StatedUsage.sum(exchanges, "c").model()).isEqualTo("b");
  }

  @Test
  void modelThatIsNotNamed_isTheOneThatIs() {
    StatedUsage sum = sum(claude("", 1, ""), claude("m", 2, ""), claude("", 4, ""));

    assertThat(sum.tokens()).isEqualTo(TokenCounts.of(7, 6));
    assertThat(sum.model()).isEqualTo("m");
  }

  @Test
  void whatOthersUsed_isKeptOfEach() {
    String advised =
        ",'iterations':[{'type':'message','input_tokens':%s,'output_tokens':2},"
            + "{'type':'advisor_message','model':'o','input_tokens':50,'output_tokens':5}]";
    StatedUsage sum =
        sum(claude("m", 1, advised.formatted(1)), claude("m", 2, advised.formatted(2)));

    assertThat(sum.tokens()).isEqualTo(TokenCounts.of(3, 4));
    assertThat(sum.others()).extracting(StatedUsage::model).containsExactly("o", "o");
  }

  @Test
  void costs_areAddedOnlyIfAllAreOfOneCurrency() {
    assertThat(sum(claude("m", 1, ",'cost':1"), claude("m", 1, "")).cost()).isNull();
    assertThat(
            sum(claude("m", 1, ",'cost':1"), claude("m", 1, ",'cost':1,'currency':'EUR'")).cost())
        .isNull();
  }

  @Test
  void unitsOfAnAnswerWithoutTokens_count() {
    StatedUsage searched = read("{'usage':{'num_search_queries':2}}");
    StatedUsage sum = sum(searched, claude("m", 1, ""));

    assertThat(sum.tokens()).isEqualTo(TokenCounts.of(1, 2));
    assertThat(sum.units()).isEqualTo(Map.of("web_searches", BigDecimal.valueOf(2)));
    assertThat(sum(searched, searched).units())
        .isEqualTo(Map.of("web_searches", BigDecimal.valueOf(4)));
  }

  @Test
  void contradictionOfOne_doesNotHideInTheSum() {
    StatedUsage contradicts = read("{'usage':{'prompt_tokens':9,'cached_tokens':90}}");
    StatedUsage sum = sum(contradicts, read("{'usage':{'prompt_tokens':100}}"));

    assertThat(sum.tokens().cacheRead()).isEqualTo(9);
    assertThat(sum.partial()).isTrue();
  }
}
