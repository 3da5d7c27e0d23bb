package io.github.usage4j.examples.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.usage4j.examples.support.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reads what is right, and names file, line and reason of what is not. */
class ExchangeReaderTest {
  @TempDir Path directory;

  @Test
  void read_wellFormedFile_hasItsStepsAndFigures() throws Exception {
    Path file = Exchanges.write(directory, "a.json", "", "");
    ExchangeFile read = new ExchangeReader(directory).read(file);
    assertEquals("a.json", read.file());
    assertEquals(Exchanges.STATED, read.expectedTotal().figures());
    assertEquals("small", read.steps().get(0).requestedModel());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "input_tokens": 18, "output_tokens": 35, "total_tokens": 53, | "input_tokens": -5, | :13: not a recorded exchange: in steps[0].expected: input_tokens must not be negative, was -5
          "status": 200                                                | "status": 42        | :9: not a recorded exchange: in steps[0].response: response.status must be an HTTP status, was 42
          "provider": "together",                                      | "provider": "",     | :21: not a recorded exchange: provider is missing
          "tool_calls": []                                             | "tool_calls": [     | :15: not a recorded exchange: in steps[0].tool_calls: Unexpected close marker '}': expected ']'
          """)
  void read_malformedFile_namesFileLineAndReason(String what, String by, String message)
      throws Exception {
    Path file = Exchanges.write(directory, "a.json", what, by);
    assertEquals(file + message, failure(file));
  }

  @Test
  void read_stepThatIsNull_isRefused() throws IOException {
    Path file =
        Files.writeString(
            directory.resolve("a.json"),
            """
            {"provider": "p", "api": "a", "kind": "single", "steps": [null],
             "expected_total": {}}\
            """);
    assertEquals(file + ":2: not a recorded exchange: steps[0] is missing", failure(file));
  }

  @Test
  void files_directoryWithoutExchanges_isRefused() throws IOException {
    Files.writeString(directory.resolve("INDEX.md"), "nothing");
    String message =
        assertThrows(BadInputException.class, () -> new ExchangeReader(directory).files())
            .getMessage();
    assertEquals(directory + ": holds no recorded exchange (no file named *.json)", message);
  }

  private String failure(Path file) {
    var reader = new ExchangeReader(directory);
    return String.valueOf(
        assertThrows(BadInputException.class, () -> reader.read(file)).getMessage());
  }
}
