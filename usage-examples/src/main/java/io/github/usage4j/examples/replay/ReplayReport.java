package io.github.usage4j.examples.replay;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.usage4j.examples.support.BadInputException;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Collects the results: one JSON line for each file as it is done, and a table at the end. */
final class ReplayReport implements AutoCloseable {
  private static final ObjectWriter JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN)
          .build()
          .writer();

  private final Map<String, Counts> table = new TreeMap<>();
  private final List<FileResult> different = new ArrayList<>();
  private final @Nullable Writer lines;
  private int files;

  private ReplayReport(@Nullable Writer lines) {
    this.lines = lines;
  }

  /** A report into this file, or only for the table. */
  static ReplayReport open(@Nullable Path file) throws BadInputException {
    try {
      return new ReplayReport(file == null ? null : Files.newBufferedWriter(file));
    } catch (IOException e) {
      throw new BadInputException("--report " + file + ": cannot be written: " + e);
    }
  }

  /** Adds the result of one file. */
  void add(FileResult result) throws IOException {
    files++;
    table.computeIfAbsent(key(result), key -> new Counts()).add(result);
    if (result.differs()) {
      different.add(result);
    }
    if (lines != null) {
      lines.write(line(result));
      lines.write('\n');
      lines.flush();
    }
  }

  /** How many files were reported. */
  int files() {
    return files;
  }

  /** The files that differ. */
  List<FileResult> different() {
    return List.copyOf(different);
  }

  /** The table by provider and reason, as lines to print. */
  List<String> table() {
    String format = "%-14s %-15s %-62s %6s %6s %8s %9s";
    List<String> rows = new ArrayList<>();
    rows.add(
        String.format(
            Locale.ROOT,
            format,
            "provider",
            "status",
            "reason",
            "files",
            "equal",
            "skipped",
            "different"));
    Counts sum = new Counts();
    table.forEach(
        (key, counts) -> {
          String[] parts = key.split("\t", -1);
          rows.add(counts.row(format, parts[0], parts[1], parts[2]));
          sum.add(counts);
        });
    rows.add(sum.row(format, "all", "", ""));
    return rows;
  }

  private static String key(FileResult result) {
    String status = result.status().name().toLowerCase(Locale.ROOT);
    return result.provider()
        + "\t"
        + status
        + "\t"
        + (result.reason() == null ? "" : result.reason());
  }

  private static String line(FileResult result) throws JsonProcessingException {
    return JSON.writeValueAsString(result);
  }

  @Override
  public void close() throws IOException {
    if (lines != null) {
      lines.close();
    }
  }

  /** One row of the table. */
  private static final class Counts {
    private int files;
    private int equal;
    private int different;

    void add(FileResult result) {
      files++;
      equal += Boolean.TRUE.equals(result.equal()) ? 1 : 0;
      different += result.differs() ? 1 : 0;
    }

    void add(Counts other) {
      files += other.files;
      equal += other.equal;
      different += other.different;
    }

    String row(String format, String provider, String status, String reason) {
      return String.format(
              Locale.ROOT,
              format,
              provider,
              status,
              reason,
              files,
              equal,
              files - equal - different,
              different)
          .stripTrailing();
    }
  }
}
