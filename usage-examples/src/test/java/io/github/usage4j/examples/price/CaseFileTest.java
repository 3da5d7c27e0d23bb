package io.github.usage4j.examples.price;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.examples.support.BadInputException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CaseFileTest {

  private static final String FIRST = "openai,gpt-4o,2026-08-20T12:00:00Z,100,20";

  @TempDir private Path folder;

  private List<PriceCase> read(String header, String line) throws IOException, BadInputException {
    Path file = folder.resolve("cases.csv");
    Files.writeString(
        file, "provider,model,at,input,output,expected_usd" + header + "\n" + line + "\n");
    return new CaseFile(file).read();
  }

  @Test
  void everyColumn_isInTheEvent() throws Exception {
    PriceCase c =
        read(
                ",case,cache_read,cache_write,cache_write_one_hour,reasoning,input_audio,output_audio,"
                    + "cache_read_audio,total,service_tier,conditions,units,row_effective_from,"
                    + "tier_applied,note",
                FIRST
                    + ",0.5 or unpriced,a,30,20,10,5,9,3,4,120,flex,speed=fast; inference_geo = us ;"
                    + "k=,web_searches=2;seconds=0.25,2026-08-01,true,x")
            .get(0);
    UsageEvent event = c.event();
    assertThat(event.tokens()).isEqualTo(new TokenCounts(100L, 20L, 30L, 20L, 10L, 5L, 9L, 3L, 4L));
    assertThat(event.statedTokens()).isNull();
    assertThat(event.serviceTier()).isEqualTo("flex");
    assertThat(event.conditions())
        .isEqualTo(Map.of("speed", "fast", "inference_geo", "us", "k", ""));
    assertThat(event.units())
        .isEqualTo(
            Map.of("web_searches", BigDecimal.valueOf(2), "seconds", new BigDecimal("0.25")));
    assertThat(c.expected()).isEqualTo(new Expected(new BigDecimal("0.5"), true, "USD"));
    assertThat(c.name()).isEqualTo("a");
    assertThat(c.rowFrom()).isEqualTo("2026-08-01");
    assertThat(c.tierApplied()).isTrue();
  }

  @Test
  void whatIsNotSaid_isUnknown() throws Exception {
    PriceCase c = read(",conditions,units", "openai,gpt-4o,2026-08-20T12:00:00Z,,,,,").get(0);
    assertThat(c.event().tokens().isUnknown()).isTrue();
    assertThat(c.conditions()).isEmpty();
    assertThat(c.units()).isEmpty();
    assertThat(c.serviceTier()).isNull();
    assertThat(c.expected()).isEqualTo(new Expected(null, false, "USD"));
    assertThat(c.name()).isEqualTo("line 2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "conditions | fast | conditions must be name=value, with a semicolon between two, but is 'fast'",
        "conditions | speed=fast; | conditions must be name=value",
        "conditions | =fast | conditions must be name=value",
        "conditions | speed=fast;speed=slow | conditions has speed twice",
        "conditions | a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8;i=9 | at most 8 conditions",
        "units | web_searches=many | units of web_searches must be a decimal number, but are 'many'",
        "units | web_searches=-1 | units of web_searches must be a decimal number, but are '-1'",
        "units | web_searches=1e999 | cannot be recorded: units of web_searches must be between",
        "units | web_searches=1e-99999999 | units of web_searches must be a decimal number",
        "cache_read_audio | 1 | tokens contradict each other",
        "currency | EUR | expected_usd is in USD, but currency is EUR",
      })
  void badCells_areNamedWithFileAndLine(String column, String cell, String says) {
    String header = "," + column + (column.equals("cache_read_audio") ? ",cache_read" : "");
    String line = FIRST + ",1," + cell + (column.equals("cache_read_audio") ? ",0" : "");
    assertThatExceptionOfType(BadInputException.class)
        .isThrownBy(() -> read(header, line))
        .withMessageStartingWith(folder.resolve("cases.csv") + ", line 2: ")
        .withMessageContaining(says);
  }

  @ParameterizedTest
  @CsvSource({
    "1e-99999999",
    "1e1000",
    "0 or unpriced or unpriced",
    "or unpriced",
    "unpriced or unpriced",
    "0.5 OR unpriced",
    "0x1p3",
    "1 000"
  })
  void expectedThatIsNone_isRefused(String expected) {
    assertThatExceptionOfType(BadInputException.class)
        .isThrownBy(() -> read("", FIRST + "," + expected))
        .withMessageContaining("expected_usd must be a decimal number, 'unpriced', or")
        .withMessageContaining("but is '" + expected + "'");
  }
}
