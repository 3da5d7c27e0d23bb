package io.github.usage4j.pricing;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A table of comma-separated values with a header, as {@code prices.csv} is one. */
final class PriceTable {

  private PriceTable() {}

  /** The recorded prices beside the project; skips the test where they are not. */
  static Path shared(String name) {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("mvnw"))) {
      folder = folder.getParent();
    }
    String elsewhere = System.getProperty("usage4j.shared", "");
    Path shared = elsewhere.isEmpty() ? folder.resolveSibling("shared") : Path.of(elsewhere);
    Path file = shared.resolve("data").resolve("prices").resolve(name);
    assumeTrue(Files.exists(file), () -> "skipped: there are no recorded prices in " + file);
    return file;
  }

  /** The rows by column; an empty cell is empty text. */
  static List<Map<String, String>> rows(Path csv) {
    List<String> lines;
    try {
      lines = Files.readAllLines(csv);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<String> header = cells(lines.get(0));
    var rows = new ArrayList<Map<String, String>>();
    for (String line : lines.subList(1, lines.size())) {
      List<String> cells = cells(line);
      if (cells.size() != header.size()) {
        throw new IllegalArgumentException("a row has " + cells.size() + " cells: " + line);
      }
      var row = new LinkedHashMap<String, String>();
      for (int i = 0; i < cells.size(); i++) {
        row.put(header.get(i), cells.get(i));
      }
      rows.add(row);
    }
    return rows;
  }

  private static List<String> cells(String line) {
    var cells = new ArrayList<String>();
    var cell = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        cells.add(cell.toString());
        cell.setLength(0);
      } else {
        cell.append(c);
      }
    }
    cells.add(cell.toString());
    return cells;
  }
}
