package io.github.usage4j.examples.imports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ImportCommandTest {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static final String MESSAGE =
      "{\"id\":\"msg_1\",\"type\":\"message\",\"model\":\"claude-haiku-4-5\","
          + "\"stop_reason\":\"end_turn\",\"usage\":{\"input_tokens\":1000,\"output_tokens\":100,"
          + "\"service_tier\":\"%s\"}}\n";

  @TempDir private Path folder;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... args) {
    out.reset();
    err.reset();
    return ImportCommand.run(
        args,
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private String file(String content) throws IOException {
    Path file = Files.writeString(folder.resolve("log.jsonl"), content);
    Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-10-05T00:00:00Z")));
    return file.toString();
  }

  private List<JsonNode> json(String type) throws IOException {
    var lines = new ArrayList<JsonNode>();
    for (String line : out.toString(StandardCharsets.UTF_8).lines().toList()) {
      JsonNode json = MAPPER.readTree(line);
      if (json.path("type").asText().equals(type)) {
        lines.add(json);
      }
    }
    return lines;
  }

  private String text() {
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void answersOfManyForms_areShownWithWhatTheyCost() throws Exception {
    String content =
        MESSAGE.formatted("standard")
            + "{\"custom_id\":\"a\",\"result\":{\"type\":\"succeeded\",\"message\":"
            + MESSAGE.formatted("batch").strip().replace("msg_1", "msg_2")
            + "}}\n"
            + "{\"id\":\"batch_req_1\",\"custom_id\":\"b\",\"response\":{\"status_code\":200,"
            + "\"body\":{\"id\":\"c1\",\"created\":1790856000,\"model\":\"gpt-4o-mini\","
            + "\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":100}}}}\n"
            + "oops\n"
            + "{\"model\":\"unheard-of\",\"prompt_tokens\":5}\n";

    assertThat(run(file(content), "--json")).isEqualTo(1);

    List<JsonNode> events = json("event");
    // Half the price where the catalog has one for batches; never the full one.
    assertThat(events.get(0).get("cost").asText()).isEqualTo("0.0015");
    assertThat(events.get(1).get("cost").asText()).isIn("null", "0.00075");
    assertThat(events.get(2).get("cost").asText()).isIn("null", "0.000105");
    assertThat(events)
        .extracting(e -> e.get("service_tier").asText())
        .containsExactly("standard", "batch", "batch");
    assertThat(events)
        .extracting(e -> e.get("provider").asText())
        .containsExactly("anthropic", "anthropic", "openai");
    assertThat(events)
        .extracting(e -> e.get("time").asText())
        .containsExactly("2026-10-05T00:00:00Z", "2026-10-05T00:00:00Z", "2026-10-01T12:00:00Z");
    assertThat(events.get(0).get("input_tokens").asLong()).isEqualTo(1_000);
    assertThat(json("rejected"))
        .extracting(r -> r.get("where").asText())
        .containsExactly("log.jsonl, line 4", "log.jsonl, line 5");
    assertThat(json("rejected").get(0).get("reason").asText()).isEqualTo("not a JSON object");
    assertThat(json("rejected").get(1).get("reason").asText()).startsWith("provider is missing");
    JsonNode totals = json("totals").get(0);
    assertThat(totals.get("costs").has("USD")).isTrue();
    assertThat(totals.get("input_tokens").asLong()).isEqualTo(3_000);
    assertThat(totals.get("rejected").asLong()).isEqualTo(2);
    assertThat(err.size()).isZero();
  }

  @Test
  void text_hasALineForEachEventAndRejectedRecord() throws Exception {
    assertThat(run(file(MESSAGE.formatted("standard") + "[]\n"))).isEqualTo(1);
    assertThat(text())
        .contains("anthropic    claude-haiku-4-5", "0.0015 USD", "reported")
        .contains("log.jsonl, line 2: rejected: not a JSON object")
        .contains("1 events: input 1000, output 100")
        .contains("cost 0.0015 USD, 0 unpriced")
        .contains("2 records read: 1 new events");
  }

  @Test
  void options_sayWhatRecordsDoNot() throws Exception {
    String content =
        "{\"id\":\"a\",\"model\":\"m\",\"time\":\"2026-10-01 02:00\",\"prompt_tokens\":5}\n";
    assertThat(
            run(
                file(content),
                "--json",
                "--provider",
                "acme",
                "--tier",
                "slow",
                "--condition",
                "region=eu",
                "--zone",
                "Europe/Berlin",
                "--source",
                "old"))
        .isZero();
    JsonNode event = json("event").get(0);
    assertThat(event.get("provider").asText()).isEqualTo("acme");
    assertThat(event.get("service_tier").asText()).isEqualTo("slow");
    assertThat(event.get("conditions").toString()).isEqualTo("{\"region\":\"eu\"}");
    assertThat(event.get("time").asText()).isEqualTo("2026-10-01T00:00:00Z");
    assertThat(event.get("cost").isNull()).isTrue();

    assertThat(run(file(MESSAGE.formatted("x")), "--json", "--at", "2026-01-02T00:00:00Z"))
        .isZero();
    assertThat(json("event").get(0).get("time").asText()).isEqualTo("2026-01-02T00:00:00Z");
  }

  @Test
  void whatItPrints_canBeImportedAgain() throws Exception {
    run(file(MESSAGE.formatted("standard")), "--json");
    JsonNode event = json("event").get(0);

    assertThat(run(file(event + "\n"), "--json")).isZero();

    JsonNode again = json("event").get(0);
    for (String figure :
        List.of("time", "provider", "model", "input_tokens", "output_tokens", "service_tier")) {
      assertThat(again.get(figure)).as(figure).isEqualTo(event.get(figure));
    }
    assertThat(again.get("stated_cost").asText()).isEqualTo("0.0015");
  }

  @Test
  void database_knowsWhatWasImportedBefore() throws Exception {
    String database = "jdbc:h2:" + folder.resolve("usage").toAbsolutePath();
    assertThat(run(file(MESSAGE.formatted("standard")), "--database", database)).isZero();
    assertThat(run(file(MESSAGE.formatted("standard")), "--database", database)).isZero();
    assertThat(text()).contains("(known before)", "0 new events, 1 known before");
    String more = MESSAGE.formatted("standard").replace("100,", "900,");
    assertThat(run(file(more), "--database", database, "--json")).isEqualTo(1);
    assertThat(json("event").get(0).get("state").asText()).isEqualTo("conflict");
    assertThat(json("rejected").get(0).get("reason").asText())
        .isEqualTo(
            "its id is stored already with other figures (1000/100), which stay; here they are"
                + " 1000/900");
    assertThat(json("totals").get(0).get("events").asLong()).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "FILE --what | unexpected argument: --what",
        "FILE --tier | --tier needs a value",
        "FILE --at yesterday | --at must be a time such as 2026-11-21T12:00:00Z",
        "FILE --zone Mars | --zone must be a zone such as UTC",
        "FILE --condition speed | --condition must be NAME=VALUE, but is speed",
        "FILE --condition =x | condition must not be null or blank",
        "FILE --database jdbc:x | unknown database URL",
        "FILE FILE | unexpected argument",
        "missing.jsonl | missing.jsonl: there is no such file",
        ". | .: is no file",
      })
  void badArguments_areNamed(String args, String message) throws Exception {
    String file = file("");
    assertThat(run(args.strip().replace("FILE", file).split(" "))).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains(message);
    assertThat(out.size()).isZero();
    assertThat(run()).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("FILE is missing");
  }

  @Test
  void emptyFile_isNothing() throws Exception {
    assertThat(run(file(""), "--json")).isZero();
    assertThat(json("totals").get(0).get("read").asLong()).isZero();
  }

  /** The cases that come as JSON lines, without any option. */
  @ParameterizedTest
  @CsvSource({
    "09-claude-code-one-answer-in-three-lines.jsonl, 21006, 400",
    "14-import-anthropic-batch-tier.jsonl, 1000, 100",
    "15-import-xai-reasoning-apart.jsonl, 100, 220",
  })
  void casesOfTheField_comeOutRight(String name, long input, long output) throws Exception {
    Path cases = cases();
    assertThat(run(cases.resolve(name).toString(), "--json")).isZero();
    assertThat(json("event")).hasSize(1);
    assertThat(json("event").get(0).get("input_tokens").asLong()).isEqualTo(input);
    assertThat(json("event").get(0).get("output_tokens").asLong()).isEqualTo(output);
  }

  private static Path cases() {
    Path project = Path.of("").toAbsolutePath();
    while (!Files.exists(project.resolve("mvnw"))) {
      project = project.getParent();
    }
    String elsewhere = System.getProperty("usage4j.shared", "");
    Path shared = elsewhere.isEmpty() ? project.resolveSibling("shared") : Path.of(elsewhere);
    Path cases = shared.resolve("cases");
    assumeTrue(Files.isDirectory(cases), () -> "skipped: there are no field cases in " + cases);
    return cases;
  }
}
