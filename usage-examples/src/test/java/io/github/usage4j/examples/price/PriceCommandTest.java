package io.github.usage4j.examples.price;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.usage4j.examples.SharedData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PriceCommandTest {

  private static final String HEADER =
      "case,provider,model_id,at_utc,input_tokens,output_tokens,cached_input_tokens,"
          + "cache_write_tokens,cache_write_1h_tokens,reasoning_tokens,total_tokens,expected_cost,"
          + "currency,row_effective_from,tier_applied,note\n";
  private static final String GOOD =
      "1,openai,gpt-4o,2026-08-20T12:00:00Z,2500,300,0,0,0,0,2800,0.00925,USD,,false,plain\n";

  @TempDir private Path folder;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... args) {
    return PriceCommand.run(
        args,
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private String file(String content) throws IOException {
    return Files.writeString(folder.resolve("cases.csv"), content).toString();
  }

  private String output() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String errors() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void sampleCases_areAllEqual() {
    Path sample = SharedData.folder("prices").resolve("cases-sample.csv");
    assertThat(run(sample.toString())).as(output() + errors()).isZero();
    assertThat(output().lines()).hasSize(11).contains("8,1.200231,1.200231,true");
    assertThat(errors())
        .contains("10 cases, 0 different, 10 equal; 0 unpriced")
        .doesNotContain("case 8");
  }

  @Test
  void oddFiles_areReadAsSpreadsheetsWriteThem() throws IOException {
    String header = HEADER.replace("model_id,", " model_id ,");
    String note = GOOD.replace("plain", "\"two\nlines, \"\"quoted\"\"\"");
    String named = GOOD.replaceFirst("1,", "\"a\nb\",");
    String cases =
        note
            + named
            + GOOD.replace("0.00925", ".00925")
            + GOOD.replace("0.00925", "9250E-6")
            + GOOD.replace("0.00925", "+0.0000925E+2");
    String odd = "\uFEFF\n" + header + "\n  \n" + cases;
    assertThat(run(file(odd))).as(errors()).isZero();
    assertThat(run(file(odd.replace("\n", "\r\n")))).as(errors()).isZero();
    assertThat(errors()).contains("5 cases, 0 different, 5 equal; 0 unpriced");
    assertThat(output()).contains("\"a\nb\",0.00925,0.00925,true");
    // the line of a later mistake is that of the file
    assertThat(run(file(header + note + GOOD.replace("2500", "x")))).isEqualTo(2);
    assertThat(errors()).contains("line 4: input_tokens must be a whole number, but is 'x'");
  }

  @Test
  void aFileWithoutCases_provesNothing() throws IOException {
    assertThat(run(file(HEADER + "\n"))).isEqualTo(2);
    assertThat(errors()).contains("there are no cases");
    assertThat(output()).isEmpty();
  }

  @Test
  void aDifference_isShownAndFails() throws IOException {
    String wrong = GOOD.replace("0.00925", "0.0092500000000001");
    String noPrice = "3,openai,nonsense,2026-08-20T12:00:00Z,1,1,0,0,0,0,2,,,,,\n";
    String unexpected = noPrice.replace("3,", "4,").replace(",2,,", ",2,0,");
    assertThat(run(file(HEADER + GOOD + wrong.replace("1,openai", "\"2,b\",openai") + noPrice)))
        .isEqualTo(1);
    assertThat(output().lines())
        .containsExactly(
            "case,cost,expected,equal",
            "1,0.00925,0.00925,true",
            "\"2,b\",0.00925,0.0092500000000001,false",
            "3,unpriced,unpriced,true");
    assertThat(run(file(HEADER + unexpected))).isEqualTo(1);
    assertThat(output()).contains("4,unpriced,0,false");
    assertThat(run(file(HEADER + GOOD.replace("USD", "EUR")))).isEqualTo(1);
    assertThat(errors()).contains("case 1: currency is USD, not EUR");
  }

  @Test
  void rowAndTier_thatAreNotAsSaid_areMentioned() throws IOException {
    String other = GOOD.replace("USD,,false", "USD,2026-01-01,true");
    assertThat(run(file(HEADER + other), "--explain")).isZero();
    assertThat(errors())
        .containsPattern(
            "case 1: the row is bundled [0-9-]+: openai/gpt-4o, not that from 2026-01-01")
        .contains("tier_applied is true")
        .contains("2,500 x 2.5 USD / 1M = 0.00625");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2026-08-20T12:00:00Z | 2026-08-20 | line 2: at_utc must be ISO-8601 with Z, but is '2026-08-20'",
        "2026-08-20T12:00:00Z | 1960-01-01T00:00:00Z | line 2: cannot be recorded: occurredAt must lie between",
        ",2500,300, | ,2500.0,300, | line 2: input_tokens must be a whole number, but is '2500.0'",
        ",2500,300, | ,-2500,300, | line 2: input_tokens must be between 0 and 1000000000000, but is -2500",
        ",2500,300,0, | ,2500,300,2501, | line 2: tokens contradict each other",
        ",2800, | ,2801, | line 2: total_tokens must be input and output, 2800, but is 2801",
        "0.00925 | -1 | line 2: expected_cost must be a decimal number, 'unpriced', or a number and 'or unpriced', but is '-1'",
        "0.00925 | free | line 2: expected_cost must be a decimal number, 'unpriced', or a number and 'or unpriced', but is 'free'",
        "USD | DOLLAR | line 2: currency must be an ISO 4217 code such as USD, but was 'DOLLAR'",
        "USD, | USD,soon | line 2: row_effective_from must be a day such as 2026-07-30, but is 'soon'",
        "false | maybe | line 2: tier_applied must be true or false, but is 'maybe'",
        "plain | plain,more | line 2: expected 16 columns, but there are 17",
        "plain | \"plain | line 2: a quote is not closed",
        "openai | ' ' | line 2: provider is blank",
        "model_id | note | line 1: the header has a column twice: note and note",
        "model_id,at_utc | comment,at_utc | line 1: the header has a column twice",
        "note | case | line 1: the header has a column twice: case and case",
        "note | cached_input | line 1: unknown column 'cached_input'; there are case, provider, model,",
        "note | '' | line 1: unknown column ''",
        "note | Note | line 1: unknown column 'Note'",
        "model_id, | reasoning_tokens, | line 1: the header has a column twice",
        "model_id, | units, | line 1: the header has no column model",
        "input_tokens | input_audio | line 1: the header has no column input",
      })
  void badInput_isNamedWithFileLineAndReason(String what, String by, String says)
      throws IOException {
    String bad = file((HEADER + GOOD).replaceFirst(java.util.regex.Pattern.quote(what), by));
    assertThat(run(bad)).isEqualTo(2);
    assertThat(errors()).startsWith(bad + ", ").contains(says);
    assertThat(output()).isEmpty();
  }

  @Test
  void expectedInDollars_mayAllowNoPriceAsWell() throws IOException {
    String cases =
        "provider,model,at,input,output,expected_usd,why\n"
            + "openai,gpt-4o,2026-08-20T12:00:00Z,2500,300,0.00925,equal\n"
            + "openai,gpt-4o,2026-08-20T12:00:00Z,2500,300,0.00925 or unpriced,equal\n"
            + "openai,nonsense,2026-08-20T12:00:00Z,2500,300,0.5 or unpriced,equal\n"
            + "openai,nonsense,2026-08-20T12:00:00Z,2500,300,unpriced,equal\n";
    assertThat(run(file(cases))).as(errors()).isZero();
    assertThat(output().lines())
        .containsExactly(
            "case,cost,expected,equal",
            "line 2,0.00925,0.00925,true",
            "line 3,0.00925,0.00925 or unpriced,true",
            "line 4,unpriced,0.5 or unpriced,true",
            "line 5,unpriced,unpriced,true");
    assertThat(errors()).isEqualToIgnoringNewLines("4 cases, 0 different, 4 equal; 2 unpriced");
  }

  @ParameterizedTest
  @CsvSource({
    "gpt-4o, 0.009 or unpriced",
    "gpt-4o, unpriced",
    "gpt-4o, ''",
    "nonsense, 0.5",
    "nonsense, 0",
  })
  void aPriceInPlaceOfNone_andNoneInPlaceOfAPrice_areDifferent(String model, String expected)
      throws IOException {
    String cases =
        "provider,model,at,input,output,expected_usd\nopenai,"
            + model
            + ",2026-08-20T12:00:00Z,2500,300,"
            + expected
            + "\n";
    assertThat(run(file(cases))).isEqualTo(1);
    assertThat(errors()).contains("1 cases, 1 different, 0 equal; ");
  }

  private static final String ASK =
      "provider,model,at,input,output,cache_read,service_tier,units,expected_usd\n"
          + "openai,gpt-4o,2026-08-20T12:00:00Z,1000000,1000000,,,,";

  private String catalog(String json) throws IOException {
    return Files.writeString(folder.resolve("catalog.json"), json).toString();
  }

  @Test
  void anotherCatalog_takesThePlaceOfTheBundledOne() throws IOException {
    String own =
        catalog(
            """
            {"format": 1, "name": "contract", "version": "7", "generated": "2026-08-01",
             "sources": {"a": {"what": "appendix"}},
             "models": [{"provider": "openai", "model": "gpt-4o", "prices": [
              {"source": "a", "checked": "2026-08-01", "currency": "USD", "input": "3", "output": "4",
               "perUnit": {"web_searches": "0.01"},
               "serviceTiers": {"batch": {"input": "1", "output": "2"}}}]}]}
            """);
    String cases =
        file(
            ASK
                + "7\nopenai,gpt-4o,2026-08-20T12:00:00Z,1000000,1000000,,batch,,3\n"
                + "openai,gpt-4o,2026-08-20T12:00:00Z,1000000,1000000,,flex,,unpriced\n"
                + "openai,gpt-4o,2026-08-20T12:00:00Z,1000000,1000000,,,web_searches=2,7.02\n"
                + "openai,gpt-4.1,2026-08-20T12:00:00Z,10,10,,,,unpriced\n");
    assertThat(run(cases, "--catalog", own)).as(output() + errors()).isZero();
    assertThat(run("--format", "usage4j", "--explain", "--catalog", own, cases)).isZero();
    assertThat(errors()).contains("5 cases, 0 different, 5 equal; 2 unpriced", "1,000,000 x 3 USD");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "litellm | {\"gpt-4o\":{\"litellm_provider\":\"openai\",\"mode\":\"chat\","
            + "\"input_cost_per_token\":3e-06,\"output_cost_per_token\":4e-06}}",
        "models.dev | {\"openai\":{\"id\":\"openai\",\"models\":{\"gpt-4o\":{\"id\":\"gpt-4o\","
            + "\"reasoning\":false,\"cost\":{\"input\":3,\"output\":4}}}}}",
        "genai-prices | [{\"id\":\"openai\",\"name\":\"OpenAI\",\"models\":[{\"id\":\"gpt-4o\",\"match\":"
            + "{\"equals\":\"gpt-4o\"},\"prices\":[{\"prices\":{\"input_mtok\":3,\"output_mtok\":4}}]}]}]",
      })
  void publicFormats_areRead(String format, String json) throws IOException {
    String cases = file(ASK + "7\n");
    assertThat(run(cases, "--format", format, "--catalog", catalog(json)))
        .as(output() + errors())
        .isZero();
    assertThat(run(cases)).isEqualTo(1);
  }

  @Test
  void catalogsThatCannotBeUsed_areNamed() throws IOException {
    String cases = file(HEADER + GOOD);
    String broken = catalog("{\"format\": 2}");
    for (String format : new String[] {"usage4j", "litellm", "models.dev", "genai-prices"}) {
      assertThat(run(cases, "--catalog", broken, "--format", format)).isEqualTo(2);
      assertThat(errors()).contains(broken);
      err.reset();
    }
    assertThat(run(cases, "--catalog", folder.resolve("none.json").toString())).isEqualTo(2);
    assertThat(run(cases, "--catalog")).isEqualTo(2);
    assertThat(run(cases, "--format", "litellm")).isEqualTo(2);
    assertThat(run(cases, "--catalog", broken, "--format", "LiteLLM")).isEqualTo(2);
    assertThat(errors())
        .contains("none.json: there is no such file", "--catalog needs a value")
        .contains("--format needs --catalog", "but is 'LiteLLM'");
    assertThat(output()).isEmpty();
  }

  /** Whether the prices are right is for others to test: each file is read, and judged. */
  @Test
  void casesFromTheField_areAllRead() throws IOException {
    Path folder = SharedData.folder("prices").resolveSibling("../cases").normalize();
    assumeTrue(Files.isDirectory(folder), () -> "skipped: there are no cases in " + folder);
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> cases = files.filter(file -> file.toString().endsWith(".csv")).sorted().toList();
      assertThat(cases).hasSizeGreaterThanOrEqualTo(4);
      for (Path file : cases) {
        out.reset();
        assertThat(run(file.toString())).as(file + ": " + errors()).isIn(0, 1);
        assertThat(output().lines().count()).isEqualTo(Files.readString(file).lines().count());
      }
    }
  }

  @Test
  void badArguments_areExplained() throws IOException {
    assertThat(run()).isEqualTo(2);
    assertThat(run("--what")).isEqualTo(2);
    assertThat(run(folder.resolve("nowhere.csv").toString())).isEqualTo(2);
    assertThat(run(file(""))).isEqualTo(2);
    assertThat(errors())
        .contains("FILE is missing", "unexpected argument: --what", "there is no such file")
        .contains("line 1: the file is empty");
  }
}
