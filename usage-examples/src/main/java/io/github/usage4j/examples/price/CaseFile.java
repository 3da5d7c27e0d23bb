package io.github.usage4j.examples.price;

import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.examples.support.BadInputException;
import java.io.BufferedReader;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A file of cases: comma-separated values with a header. */
final class CaseFile {

  private static final List<String> REQUIRED =
      List.of(
          "case",
          "provider",
          "model_id",
          "at_utc",
          "input_tokens",
          "output_tokens",
          "expected_cost");
  private static final Pattern WHOLE_NUMBER = Pattern.compile("-?[0-9]+");
  private static final Pattern DECIMAL =
      Pattern.compile("\\+?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?");
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private final Path path;

  /** The line on which a record begins, and how many were read. */
  private long line = 1;

  private long read;

  CaseFile(Path path) {
    this.path = path;
  }

  /**
   * All cases.
   *
   * @throws BadInputException naming file, line and reason, if anything cannot be used
   */
  List<PriceCase> read() throws BadInputException {
    var cases = new ArrayList<PriceCase>();
    try (BufferedReader reader = Files.newBufferedReader(path, StandardCharsets.UTF_8)) {
      String first = record(reader);
      if (first == null) {
        throw bad("the file is empty; a header is required: " + String.join(",", REQUIRED));
      }
      List<String> header = cells(first).stream().map(String::strip).toList();
      check(header);
      for (String text = record(reader); text != null; text = record(reader)) {
        cases.add(priceCase(new Row(header, cells(text))));
      }
    } catch (NoSuchFileException e) {
      throw new BadInputException(path + ": there is no such file");
    } catch (CharacterCodingException e) {
      line = read + 1;
      throw bad("not valid UTF-8");
    } catch (IOException e) {
      line = read + 1;
      throw bad("cannot be read: " + e.getMessage());
    }
    if (cases.isEmpty()) {
      throw new BadInputException(path + ": there are no cases");
    }
    return cases;
  }

  /** The next line that is not blank, with those that a value in quotes goes on in. */
  private @Nullable String record(BufferedReader reader) throws IOException {
    String text = nextLine(reader);
    while (text != null && text.isBlank()) {
      text = nextLine(reader);
    }
    if (text == null) {
      return null;
    }
    line = read;
    var record = new StringBuilder(text);
    boolean open = opensOrCloses(text);
    while (open) {
      text = nextLine(reader);
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

  private @Nullable String nextLine(BufferedReader reader) throws IOException {
    String text = reader.readLine();
    if (text == null) {
      return null;
    }
    read++;
    return read == 1 && text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
  }

  private void check(List<String> header) throws BadInputException {
    for (String column : REQUIRED) {
      if (!header.contains(column)) {
        throw bad("the header has no column " + column + ": " + String.join(",", header));
      }
    }
    if (new HashSet<>(header).size() != header.size()) {
      throw bad("the header has a column twice: " + String.join(",", header));
    }
  }

  /** The cells of one line, some perhaps in quotes. */
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

  private PriceCase priceCase(Row row) throws BadInputException {
    var c =
        new PriceCase(
            row.required("case"),
            row.required("provider"),
            row.required("model_id"),
            instant(row.required("at_utc")),
            tokens(row),
            expected(row.get("expected_cost")),
            currency(row.get("currency")),
            day(row.get("row_effective_from")),
            tierApplied(row.get("tier_applied")));
    try {
      c.event(); // the rules of events hold for cases, too
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw bad("cannot be recorded: " + e.getMessage());
    }
    return c;
  }

  private TokenCounts tokens(Row row) throws BadInputException {
    var tokens =
        new TokenCounts(
            row.count("input_tokens"),
            row.count("output_tokens"),
            row.count("cached_input_tokens"),
            row.count("cache_write_tokens"),
            row.count("cache_write_1h_tokens"),
            row.count("reasoning_tokens"),
            row.count("input_audio_tokens"),
            row.count("output_audio_tokens"),
            null);
    if (!tokens.consistent().equals(tokens)) {
      throw bad(
          "tokens contradict each other: cached_input_tokens and cache_write_tokens are part of"
              + " input_tokens, cache_write_1h_tokens of cache_write_tokens, reasoning_tokens of"
              + " output_tokens, but they are "
              + tokens);
    }
    Long total = row.count("total_tokens");
    if (total != null && !total.equals(tokens.total())) {
      throw bad(
          "total_tokens must be input_tokens and output_tokens, "
              + tokens.total()
              + ", but is "
              + total);
    }
    return tokens;
  }

  private Instant instant(String text) throws BadInputException {
    try {
      if (text.endsWith("Z")) { // offsets and a small z can be parsed, too
        return Instant.parse(text);
      }
    } catch (DateTimeException e) {
      // refused below
    }
    throw bad("at_utc must be ISO-8601 with Z, but is '" + text + "'");
  }

  private @Nullable BigDecimal expected(String text) throws BadInputException {
    if (text.isEmpty()) {
      return null;
    }
    if (!DECIMAL.matcher(text).matches()) {
      throw bad("expected_cost must be a decimal number, but is '" + text + "'");
    }
    return new BigDecimal(text);
  }

  private @Nullable String currency(String text) throws BadInputException {
    try {
      return text.isEmpty() ? null : Cost.currencyOf(text).getCurrencyCode();
    } catch (IllegalArgumentException e) {
      throw bad(e.getMessage());
    }
  }

  private @Nullable LocalDate day(String text) throws BadInputException {
    try {
      return text.isEmpty() ? null : LocalDate.parse(text);
    } catch (DateTimeException e) {
      throw bad("row_effective_from must be a day such as 2026-07-30, but is '" + text + "'");
    }
  }

  private @Nullable Boolean tierApplied(String text) throws BadInputException {
    return switch (text) {
      case "" -> null;
      case "true", "True", "TRUE" -> true;
      case "false", "False", "FALSE" -> false;
      default -> throw bad("tier_applied must be true or false, but is '" + text + "'");
    };
  }

  private BadInputException bad(@Nullable String reason) {
    return new BadInputException(path + ", line " + line + ": " + reason);
  }

  /** One line, cell by name. */
  private final class Row {
    private final List<String> header;
    private final List<String> cells;

    Row(List<String> header, List<String> cells) throws BadInputException {
      if (cells.size() != header.size()) {
        throw bad("expected " + header.size() + " columns, but there are " + cells.size());
      }
      this.header = header;
      this.cells = cells;
    }

    /** Empty where there is no such column. */
    String get(String column) {
      int at = header.indexOf(column);
      return at < 0 ? "" : cells.get(at).strip();
    }

    String required(String column) throws BadInputException {
      String cell = get(column);
      if (cell.isEmpty()) {
        throw bad(column + " is blank");
      }
      return cell;
    }

    /** Null where nothing is said. */
    @Nullable Long count(String column) throws BadInputException {
      String text = get(column);
      if (text.isEmpty()) {
        return null;
      }
      long count;
      try {
        if (!WHOLE_NUMBER.matcher(text).matches()) { // a plus or other scripts can be parsed, too
          throw new NumberFormatException(text);
        }
        count = Long.parseLong(text);
      } catch (NumberFormatException e) {
        throw bad(column + " must be a whole number, but is '" + text + "'");
      }
      if (count < 0 || count > UsageEvent.MAX_TOKENS) {
        throw bad(column + " must be between 0 and " + UsageEvent.MAX_TOKENS + ", but is " + count);
      }
      return count;
    }
  }
}
