package io.github.usage4j.examples.price;

import io.github.usage4j.examples.support.BadInputException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Comma-separated values in UTF-8 as spreadsheets write them: cells perhaps in quotes, in which a
 * line may end, blank lines, a byte order mark.
 */
final class CsvReader implements AutoCloseable {

  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private final Path path;
  private final BufferedReader reader;

  /** The line on which a record begins, and how many were read. */
  private long line = 1;

  private long read;

  /**
   * @throws BadInputException if it cannot be opened
   */
  CsvReader(Path path) throws BadInputException {
    this.path = path;
    try {
      reader = Files.newBufferedReader(path, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      throw new BadInputException(path + ": there is no such file");
    } catch (IOException e) {
      throw new BadInputException(path + ": cannot be read: " + e.getMessage());
    }
  }

  /** The line on which the last record began, counted from 1. */
  long line() {
    return line;
  }

  /** What is wrong with the last record. */
  BadInputException bad(@Nullable String reason) {
    return new BadInputException(path + ", line " + line + ": " + reason);
  }

  /**
   * The cells of the next record; null if there is none.
   *
   * @throws BadInputException naming file and line, if it cannot be read
   */
  @Nullable List<String> next() throws BadInputException {
    String record;
    try {
      record = record();
    } catch (CharacterCodingException e) {
      line = read + 1;
      throw bad("not valid UTF-8");
    } catch (IOException e) {
      line = read + 1;
      throw bad("cannot be read: " + e.getMessage());
    }
    return record == null ? null : cells(record);
  }

  /** The next line that is not blank, with those that a value in quotes goes on in. */
  private @Nullable String record() throws IOException {
    String text = nextLine();
    while (text != null && text.isBlank()) {
      text = nextLine();
    }
    if (text == null) {
      return null;
    }
    line = read;
    var record = new StringBuilder(text);
    boolean open = opensOrCloses(text);
    while (open) {
      text = nextLine();
      if (text == null) {
        break;
      }
      record.append('\n').append(text);
      open = !opensOrCloses(text);
    }
    return record.toString();
  }

  /** True if a quote is open after this that was not before, or the other way round. */
  private static boolean opensOrCloses(String text) {
    return text.chars().filter(c -> c == '"').count() % 2 != 0;
  }

  private @Nullable String nextLine() throws IOException {
    String text = reader.readLine();
    if (text == null) {
      return null;
    }
    read++;
    return read == 1 && text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
  }

  private List<String> cells(String text) throws BadInputException {
    var cells = new ArrayList<String>();
    var cell = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' && quoted && i + 1 < text.length() && text.charAt(i + 1) == '"') {
        cell.append(c);
        i++;
      } else if (c == '"' && (quoted || cell.isEmpty())) {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        cells.add(cell.toString());
        cell.setLength(0);
      } else {
        cell.append(c);
      }
    }
    if (quoted) {
      throw bad("a quote is not closed");
    }
    cells.add(cell.toString());
    return cells;
  }

  /** Text as a cell of such a file. */
  static String cell(String text) {
    boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n');
    return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
  }

  @Override
  public void close() {
    try {
      reader.close();
    } catch (IOException e) {
      // nothing was written
    }
  }
}
