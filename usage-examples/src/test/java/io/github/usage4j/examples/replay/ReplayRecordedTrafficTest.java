package io.github.usage4j.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.usage4j.examples.SharedData;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All recorded provider traffic, through the real clients and this library, into a database. */
class ReplayRecordedTrafficTest {

  private static final int WITH_WIRE = 467;
  private static final int PLAIN = 459;

  @TempDir private Path folder;

  @Test
  void everyExchangeThatHasAClient_isRecordedAsTheProviderStated() throws Exception {
    assertThat(equal(Set.of("no-client", "loop-not-drivable", "not-chat")))
        .isGreaterThanOrEqualTo(WITH_WIRE);
  }

  @Test
  void plain_everyPlayableExchange_isRecordedAsLangChain4jPassesItOn() throws Exception {
    assertThat(
            equal(
                Set.of("no-client", "loop-not-drivable", "not-chat", "usage-not-exposed"),
                "--plain"))
        .isGreaterThanOrEqualTo(PLAIN);
  }

  /** Plays everything; how many files are equal, where nothing may be different. */
  private int equal(Set<String> reasonsToSkip, String... options) throws Exception {
    Path exchanges = SharedData.folder("exchanges");
    Path report = folder.resolve("report.jsonl");
    var arguments = new ArrayList<>(List.of(exchanges.toString(), "--report", report.toString()));
    arguments.addAll(List.of(options));
    var out = new ByteArrayOutputStream();
    int exit =
        ReplayCommand.run(
            arguments.toArray(String[]::new),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            System.err);
    assertThat(exit).as(out.toString(StandardCharsets.UTF_8)).isEqualTo(ReplayCommand.EQUAL);
    List<String> lines = Files.readAllLines(report);
    int equal = 0;
    for (String line : lines) {
      JsonNode result = new ObjectMapper().readTree(line);
      if ("skipped".equals(result.get("status").asText())) {
        assertThat(reasonsToSkip).contains(result.get("reason").asText());
      } else {
        assertThat(result.get("equal").asBoolean()).as(line).isTrue();
        equal++;
      }
    }
    try (var files = Files.walk(exchanges)) {
      assertThat(lines).hasSize((int) files.filter(f -> f.toString().endsWith(".json")).count());
    }
    return equal;
  }
}
