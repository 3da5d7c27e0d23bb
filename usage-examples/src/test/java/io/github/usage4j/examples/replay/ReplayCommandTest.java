package io.github.usage4j.examples.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageQueries;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageStore;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as its user sees it: exit codes, messages, report. */
class ReplayCommandTest {
  @TempDir Path directory;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void run_equalExchanges_endsWithZeroAndReportsEachFile() throws Exception {
    Path exchanges = Files.createDirectory(directory.resolve("exchanges"));
    Exchanges.write(exchanges, "a.json", "", "");
    Exchanges.write(
        exchanges,
        "b.json",
        "together\",\n  \"api\": \"chat.completions",
        "cohere\",\n  \"api\": \"chat-v2");
    Path report = directory.resolve("report.jsonl");
    assertEquals(0, run(exchanges.toString(), "--report", report.toString()));
    List<String> lines = Files.readAllLines(report);
    assertEquals(2, lines.size());
    JsonNode first = JsonMapper.builder().build().readTree(lines.get(0));
    assertEquals("a.json", first.path("file").asText());
    assertEquals("steps", first.path("mode").asText());
    assertEquals("ok", first.path("status").asText());
    assertTrue(first.path("equal").asBoolean());
    assertEquals(18, first.path("events").path(0).path("input_tokens").asLong());
    assertEquals(53, first.path("total").path("total_tokens").asLong());
  }

  @Test
  void run_differentFigure_endsWithOneAndNamesTheFile() throws Exception {
    Exchanges.write(directory, "a.json", "35, \"total_tokens\": 53", "36, \"total_tokens\": 54");
    assertEquals(1, run(directory.toString()));
    assertTrue(text(out).contains("a.json: step 1: output_tokens 35 instead of 36"));
  }

  @Test
  void run_databaseOfEarlierRun_isNoDifference() throws Exception {
    Exchanges.write(directory, "a.json", "", "");
    String database = "jdbc:h2:" + directory.resolve("usage").toAbsolutePath();
    assertEquals(0, run(directory.toString(), "--database", database));
    assertEquals(0, run(directory.toString(), "--database", database));
    assertTrue(text(out).lines().anyMatch(line -> line.matches("total +2 .*")), text(out));
  }

  @Test
  void run_eventThatComesAfterItsFileWasCompared_endsWithOne() throws Exception {
    Exchanges.write(directory, "a.json", "", "");
    Exchanges.write(directory, "b.json", "", "");
    ReplayOptions options = ReplayOptions.parse(new String[] {directory.toString()});
    try (Recorder recorder = new LibraryRecorder(new LateCopies())) {
      assertEquals(
          1,
          new ReplayCommand(new PrintStream(out, true, StandardCharsets.UTF_8))
              .run(options, recorder));
    }
    assertTrue(
        text(out).contains("3 events of this run are in the database, but 2 calls were made"),
        text(out));
  }

  /** Counts calls twice, but the second time only with the call after them. */
  private static final class LateCopies implements UsageStore {
    private final InMemoryUsageStore store = new InMemoryUsageStore();
    private List<UsageEvent> before = List.of();

    @Override
    public void write(List<UsageEvent> events) {
      store.write(events);
      if (!before.isEmpty()) {
        store.write(before);
      }
      before = events.stream().map(LateCopies::copy).toList();
    }

    private static UsageEvent copy(UsageEvent event) {
      return UsageEvent.builder(
              UsageEvent.newId(event.occurredAt()),
              event.kind(),
              event.provider(),
              event.requestModel())
          .startedAt(event.occurredAt())
          .operation(event.operationId(), event.step())
          .attribution(event.attribution())
          .tokens(event.tokens())
          .build();
    }

    @Override
    public UsageQueries queries() {
      return store.queries();
    }
  }

  @Test
  void run_unreadableFile_endsWithTwoBeforeAnythingIsPlayed() throws Exception {
    Exchanges.write(directory, "a.json", "", "");
    Exchanges.write(directory, "b.json", "53,", "53.5,");
    Path report = Files.writeString(directory.resolve("report.jsonl"), "from before");
    assertEquals(2, run(directory.toString(), "--report", report.toString()));
    assertTrue(text(err).startsWith(directory.resolve("b.json") + ":11: not a recorded exchange:"));
    assertEquals("from before", Files.readString(report));
    assertFalse(text(out).contains("replayed"));
  }

  @Test
  void run_wrongArguments_endsWithTwoAndUsage() {
    assertEquals(2, run());
    assertTrue(text(err).startsWith("DIR is missing"));
    assertTrue(text(err).contains("usage: replay DIR"));
    assertEquals(2, run("a", "b"));
    assertEquals(2, run("a", "--database"));
  }

  private int run(String... args) {
    return ReplayCommand.run(
        args,
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private static String text(ByteArrayOutputStream bytes) {
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
