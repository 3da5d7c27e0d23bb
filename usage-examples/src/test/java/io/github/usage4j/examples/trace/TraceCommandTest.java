package io.github.usage4j.examples.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.examples.SharedData;
import io.github.usage4j.examples.support.BadInputException;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TraceCommandTest {

  private static final String HEADER = "timestamp_utc,workload,input_tokens,output_tokens\n";
  private static final List<String> TRACES =
      List.of("azure2023-code", "azure2023-conv", "mooncake-conversation");
  private static final List<String> FIGURES =
      List.of(
          "rows",
          "first",
          "last",
          "total",
          "by_workload",
          "by_utc_day",
          "by_utc_month",
          "by_utc_hour");

  @TempDir private Path folder;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... args) {
    out.reset();
    err.reset();
    return TraceCommand.run(
        args,
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  private String h2() {
    return "jdbc:h2:" + folder.resolve("usage").toAbsolutePath();
  }

  private Path trace(String name, String content) throws IOException {
    Path file = folder.resolve(name);
    if (name.endsWith(".gz")) {
      try (var gzip = new GZIPOutputStream(Files.newOutputStream(file))) {
        gzip.write(content.getBytes(StandardCharsets.UTF_8));
      }
    } else {
      Files.writeString(file, content);
    }
    return file;
  }

  private JsonNode json() throws IOException {
    return new ObjectMapper().readTree(out.toByteArray());
  }

  @Test
  void productionTraces_importExactly_twiceInARow_onH2() throws Exception {
    importTwice(h2());
  }

  @Test
  void productionTraces_importExactly_twiceInARow_onPostgres() throws Exception {
    SharedData.folder("traces");
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start()) {
      importTwice(postgres.getJdbcUrl("postgres", "postgres"));
    }
  }

  private void importTwice(String database) throws Exception {
    Path traces = SharedData.folder("traces");
    for (String name : TRACES) {
      JsonNode expected =
          new ObjectMapper().readTree(traces.resolve("expected-" + name + ".json").toFile());
      for (int time = 0; time < 2; time++) {
        String file = traces.resolve(name + ".csv.gz").toString();
        assertThat(run(file, "--database", database, "--json")).isZero();
        for (String figure : FIGURES) {
          assertThat(json().get(figure)).as(name + " " + figure).isEqualTo(expected.get(figure));
        }
      }
    }
  }

  @Test
  void twoPartsOfOneWorkload_bothCount_butACopyOfAFileDoesNot() throws Exception {
    String row = "2024-11-30T23:59:59.9999999Z,chat,10,1\n";
    Path first = trace("a.csv", HEADER + row + row); // equal rows are two requests
    Path second = trace("b.csv", HEADER + row + "2024-12-01T00:00:00Z,chat,100,2\n");
    Path copy = trace("copy-of-a.csv.gz", HEADER + row + row);
    for (Path file : List.of(first, second, copy, first)) {
      assertThat(run(file.toString(), "--database", h2(), "--json")).isZero();
    }
    assertThat(json().at("/total/requests").asLong()).isEqualTo(4);
    assertThat(json().at("/total/input_tokens").asLong()).isEqualTo(130);
    assertThat(json().at("/by_utc_month/2024-11/requests").asLong()).isEqualTo(3);
    assertThat(json().at("/by_utc_hour/2024-12-01T00/output_tokens").asLong()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2024-01-01T00:00:00Z,w,-1,2 | line 3: input_tokens must be between 0",
        "2024-01-01T00:00:00Z,w,1,two | line 3: output_tokens must be a whole number, but is 'two'",
        "2024-01-01T00:00:00Z,w,1.5,2 | line 3: input_tokens must be a whole number",
        "2024-01-01T00:00:00Z,w,99999999999999999999,2 | line 3: input_tokens must be",
        "2024-01-01 00:00:00,w,1,2 | line 3: timestamp_utc must be ISO-8601 with Z",
        "2024-01-01T00:00:00+05:00,w,1,2 | line 3: timestamp_utc must be ISO-8601 with Z",
        "2024-01-01T00:00:00z,w,1,2 | line 3: timestamp_utc must be ISO-8601 with Z",
        "2024-01-01T00:00:00Z,w,+1,2 | line 3: input_tokens must be a whole number, but is '+1'",
        "2024-01-01T00:00:00Z,w,1,\u0661 | line 3: output_tokens must be a whole number",
        "2024-01-01T00:00:00Z,,1,2 | line 3: workload is blank",
        "2024-01-01T00:00:00Z,w,1 | line 3: expected 4 columns, but there are 3"
      })
  void badLine_isNamed_andWhatWasRecordedBeforeStays(String line, String message) throws Exception {
    Path good = trace("good.csv", HEADER + "2024-01-01T00:00:00Z,w,10,1\n");
    assertThat(run(good.toString(), "--database", h2())).isZero();
    Path bad = trace("bad.csv", HEADER + "2024-01-01T00:00:00Z,w,5,5\n" + line + "\n");
    assertThat(run(bad.toString(), "--database", h2())).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains(bad + ", " + message);
    assertThat(out.size()).isZero();
    assertThat(run(good.toString(), "--database", h2(), "--json")).isZero();
    assertThat(json().at("/total/input_tokens").asLong()).isEqualTo(10);
  }

  static Stream<Arguments> unrecordable() {
    return Stream.of(
        Arguments.of("1969-12-31T23:59:59Z,w", "occurredAt must lie between"),
        Arguments.of("+1000000000-12-31T23:59:59Z,w", "cannot be recorded"),
        Arguments.of("2024-01-01T00:00:00Z, w", "must not begin or end with white space"),
        Arguments.of("2024-01-01T00:00:00Z,a\tb", "must not contain control characters"),
        Arguments.of("2024-01-01T00:00:00Z," + "w".repeat(129), "at most 128 code points"));
  }

  @ParameterizedTest
  @MethodSource("unrecordable")
  void rowThatCannotBeRecorded_isNamed_andNothingOfItsFileIsImported(String cells, String message)
      throws Exception {
    String good = "2024-01-01T00:00:00Z,w,10,1\n";
    Path bad = trace("bad.csv", HEADER + good.repeat(2_500) + "\n" + cells + ",1,1\n");
    assertThat(run(bad.toString(), "--database", h2())).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains(bad + ", line 2503: cannot be recorded: ", message);
    assertThat(run(trace("good.csv", HEADER + good).toString(), "--database", h2(), "--json"))
        .isZero();
    assertThat(json().at("/total/requests").asLong()).isEqualTo(1);
  }

  @Test
  void fileThatChangesBetweenItsTwoReads_isRefused() throws Exception {
    Path path = trace("a.csv", HEADER + "2024-01-01T00:00:00Z,w,10,1\n");
    var file = new TraceFile(path);
    TraceFile.Contents contents = file.check();
    trace("a.csv", HEADER + "2024-01-01T00:00:00Z,w,99,1\n");
    var written = new ArrayList<UsageEvent>();
    var job = new TraceImport(written::addAll, new ProgressBar(new PrintStream(err), 1));
    assertThatThrownBy(() -> job.run(file, contents))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining(path + ": changed while it was imported");
    assertThat(written).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdbc:oracle:thin:@x", "not a url", "jdbc:h2"})
  void unknownDatabase_isNamed(String url) throws Exception {
    Path good = trace("good.csv", HEADER + "2024-01-01T00:00:00Z,w,10,1\n");
    assertThat(run(good.toString(), "--database", url)).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains(url + ": unknown database URL; these are known: jdbc:h2:");
  }

  @Test
  void unusableFile_isNamed() throws Exception {
    assertThat(run(folder.resolve("missing.csv").toString())).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("missing.csv: there is no such file");
    assertThat(run(trace("empty.csv", "").toString())).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("line 1: the file is empty");
    assertThat(run(trace("other.csv", "a,b\n1,2\n").toString())).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("has no column timestamp_utc");
    Path whole = trace("whole.csv.gz", HEADER + "2024-01-01T00:00:00Z,w,10,1\n".repeat(5000));
    byte[] bytes = Files.readAllBytes(whole);
    Path cut = folder.resolve("cut.csv.gz");
    Files.write(cut, java.util.Arrays.copyOf(bytes, bytes.length / 2));
    assertThat(run(cut.toString())).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("cut.csv.gz, line ");
    assertThat(run()).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("FILE is missing");
  }
}
