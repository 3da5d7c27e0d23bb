package io.github.usage4j.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.backfill.ImportProgress;
import io.github.usage4j.backfill.ImportSource;
import io.github.usage4j.backfill.UsageImport;
import io.github.usage4j.sink.ChildJvm;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.zip.GZIPOutputStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A large file is imported by a small process, and a second time changes nothing. */
@Timeout(1_800)
class ImportHeapTest {

  @TempDir Path directory;

  private static DataSource dataSource(String url) {
    if (url.startsWith("jdbc:h2:")) {
      return Databases.h2(url);
    }
    var postgres = new PGSimpleDataSource();
    postgres.setUrl(url);
    postgres.setUser("postgres");
    return postgres;
  }

  /** Imports all of a file, without a checkpoint. */
  static final class Importer {
    public static void main(String[] arguments) throws Exception {
      ImportProgress done =
          UsageImport.from("old")
              .provider("openai")
              .run(
                  ImportSource.jsonLines(Path.of(arguments[1])),
                  JdbcUsageStore.open(dataSource(arguments[0])));
      System.out.println(
          "%s read, %s stored, %s known, %s conflicts"
              .formatted(done.read(), done.stored(), done.known(), done.conflicts()));
    }
  }

  private Path write(int lines) throws IOException {
    Path file = directory.resolve("calls.jsonl.gz");
    try (var out =
        new BufferedWriter(
            new OutputStreamWriter(new GZIPOutputStream(Files.newOutputStream(file)), UTF_8))) {
      for (int i = 0; i < lines; i++) {
        out.write(
            ("{\"id\":\"%s\",\"model\":\"m%s\",\"created\":%s,\"prompt_tokens\":%s,"
                    + "\"completion_tokens\":7,\"organization\":\"o%s\",\"user\":\"\u00fc%s\"}\n")
                .formatted(i, i % 3, 1_790_856_000L + i, i % 1_000, i % 20, i % 500));
      }
    }
    return file;
  }

  private String run(String url, Path file) throws Exception {
    Process process = new ChildJvm("-Xmx64m").start(Importer.class, url, file);
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isZero();
    return said.strip();
  }

  private void importTwice(String database, int lines) throws Exception {
    String url;
    if (database.equals("h2")) {
      url = "jdbc:h2:" + directory.resolve("imported");
    } else {
      try (Connection connection = Databases.postgres().getConnection()) {
        url = connection.getMetaData().getURL();
      }
    }
    Path file = write(lines);
    String n = String.valueOf(lines);

    assertThat(run(url, file)).isEqualTo(n + " read, " + n + " stored, 0 known, 0 conflicts");
    var store = JdbcUsageStore.open(dataSource(url));
    UsageSummary first = total(store);
    assertThat(first.calls()).isEqualTo(lines);
    assertThat(first.tokens().input()).isEqualTo(lines / 1_000 * 499_500L);
    assertThat(run(url, file)).isEqualTo(n + " read, 0 stored, " + n + " known, 0 conflicts");

    assertThat(total(JdbcUsageStore.open(dataSource(url)))).isEqualTo(first);
    assertThat(store.maintenance().verify(BillingPeriod.lifetime())).isEmpty();
  }

  private static UsageSummary total(JdbcUsageStore store) {
    return store.queries().total(UsageFilter.allOrganizations(), BillingPeriod.lifetime());
  }

  @ParameterizedTest
  @ValueSource(strings = {"h2", "postgres"})
  @Tag("full")
  void run_20000LinesIn64MegabytesTwice_countsOnce(String database) throws Exception {
    importTwice(database, 20_000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"h2", "postgres"})
  @Tag("stress")
  void run_millionLinesIn64MegabytesTwice_countsOnce(String database) throws Exception {
    importTwice(database, 1_000_000);
  }
}
