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
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All recorded provider traffic, through the real clients and this library, into a database. */
class ReplayRecordedTrafficTest {

  private static final Set<String> REASONS =
      Set.of("no-client", "loop-not-drivable", "usage-not-exposed");

  @TempDir private Path folder;

  @Test
  void everyPlayableExchange_isRecordedAsTheProviderStated() throws Exception {
    Path exchanges = SharedData.folder("exchanges");
    Path report = folder.resolve("report.jsonl");
    var out = new ByteArrayOutputStream();
    int exit =
        ReplayCommand.run(
            new String[] {exchanges.toString(), "--report", report.toString()},
            new PrintStream(out, true, StandardCharsets.UTF_8),
            System.err);
    assertThat(exit).as(out.toString(StandardCharsets.UTF_8)).isEqualTo(ReplayCommand.EQUAL);
    List<String> lines = Files.readAllLines(report);
    int equal = 0;
    for (String line : lines) {
      JsonNode result = new ObjectMapper().readTree(line);
      if ("skipped".equals(result.get("status").asText())) {
        assertThat(REASONS).contains(result.get("reason").asText());
      } else {
        assertThat(result.get("equal").asBoolean()).as(line).isTrue();
        equal++;
      }
    }
    try (var files = Files.walk(exchanges)) {
      assertThat(lines).hasSize((int) files.filter(f -> f.toString().endsWith(".json")).count());
    }
    assertThat(equal).isGreaterThanOrEqualTo(466);
  }
}
