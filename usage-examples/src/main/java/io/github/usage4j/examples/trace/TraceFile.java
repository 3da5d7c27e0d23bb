package io.github.usage4j.examples.trace;

import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.examples.support.BadInputException;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A trace: comma-separated values with a header, plain or compressed with gzip. It is read line by
 * line and never held in memory as a whole.
 */
final class TraceFile {

  private static final int GZIP_MAGIC = 0x1f8b;
  private static final Pattern WHOLE_NUMBER = Pattern.compile("-?[0-9]+");
  private static final String CACHED = "cached_input_tokens";
  private static final List<String> REQUIRED =
      List.of("timestamp_utc", "workload", "input_tokens", "output_tokens");

  private final Path path;

  /** Takes the rows one by one. */
  interface RowConsumer {
    void accept(TraceRow row) throws BadInputException;
  }

  /**
   * What a trace is, found out by reading all of it once.
   *
   * @param sha256 of its uncompressed content, in hexadecimal: its identity
   * @param workloads that occur in it, in order
   * @param first its earliest request; null if it has none
   * @param last its latest request; null if it has none
   */
  record Contents(
      String sha256,
      long rows,
      Set<String> workloads,
      @Nullable TraceRow first,
      @Nullable TraceRow last) {}

  TraceFile(Path path) {
    this.path = path;
  }

  String name() {
    return String.valueOf(path.getFileName());
  }

  /**
   * Reads and checks all of it.
   *
   * @throws BadInputException naming file, line and reason, if anything in it cannot be used
   */
  Contents check() throws BadInputException {
    var found =
        new Object() {
          long rows;
          final Set<String> workloads = new TreeSet<>();
          @Nullable TraceRow first;
          @Nullable TraceRow last;
        };
    MessageDigest digest = sha256();
    read(
        digest,
        row -> {
          found.rows++;
          found.workloads.add(row.workload());
          if (found.first == null || row.at().isBefore(found.first.at())) {
            found.first = row;
          }
          if (found.last == null || row.at().isAfter(found.last.at())) {
            found.last = row;
          }
        });
    return new Contents(hash(digest), found.rows, found.workloads, found.first, found.last);
  }

  /**
   * Reads all of it once more.
   *
   * @throws BadInputException at the end, if it was not what {@link #check} had found
   */
  void forEach(Contents checked, RowConsumer consumer) throws BadInputException {
    MessageDigest digest = sha256();
    read(digest, consumer);
    if (!hash(digest).equals(checked.sha256())) {
      throw new BadInputException(path + ": changed while it was imported");
    }
  }

  private static String hash(MessageDigest digest) {
    return HexFormat.of().formatHex(digest.digest());
  }

  private void read(MessageDigest digest, RowConsumer consumer) throws BadInputException {
    long line = 0;
    try (InputStream content = new DigestInputStream(open(), digest);
        var reader =
            new BufferedReader(
                new InputStreamReader(content, StandardCharsets.UTF_8.newDecoder()))) {
      line = 1;
      String header = reader.readLine();
      if (header == null) {
        throw bad(line, "the file is empty; a header is required: " + String.join(",", REQUIRED));
      }
      Columns columns = columns(header);
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        line++;
        if (!text.isEmpty()) {
          consumer.accept(row(columns, text, line));
        }
      }
    } catch (NoSuchFileException e) {
      throw new BadInputException(path + ": there is no such file");
    } catch (CharacterCodingException e) {
      throw bad(line + 1, "not valid UTF-8");
    } catch (IOException e) {
      throw bad(line + 1, "cannot be read: " + e.getMessage());
    }
  }

  private InputStream open() throws IOException {
    var file = new BufferedInputStream(Files.newInputStream(path));
    file.mark(2);
    int magic = file.read() << 8 | file.read();
    file.reset();
    return magic == GZIP_MAGIC ? new GZIPInputStream(file, 1 << 16) : file;
  }

  /** Where each column stands; -1 if there is none. */
  private record Columns(int count, List<Integer> required, int cached) {}

  private Columns columns(String header) throws BadInputException {
    List<String> names = List.of(header.split(",", -1));
    for (String column : REQUIRED) {
      if (!names.contains(column)) {
        throw bad(1, "the header has no column " + column + ": " + header);
      }
    }
    List<Integer> required = REQUIRED.stream().map(names::indexOf).toList();
    return new Columns(names.size(), required, names.indexOf(CACHED));
  }

  private TraceRow row(Columns columns, String text, long line) throws BadInputException {
    String[] cells = text.split(",", -1);
    if (cells.length != columns.count()) {
      throw bad(line, "expected " + columns.count() + " columns, but there are " + cells.length);
    }
    Instant at = timestamp(cells[columns.required().get(0)], line);
    String workload = cells[columns.required().get(1)];
    if (workload.isBlank()) {
      throw bad(line, "workload is blank");
    }
    long input = count(REQUIRED.get(2), cells[columns.required().get(2)], line);
    long output = count(REQUIRED.get(3), cells[columns.required().get(3)], line);
    TokenCounts tokens = TokenCounts.of(input, output);
    if (columns.cached() >= 0 && !cells[columns.cached()].isEmpty()) {
      long cached = count(CACHED, cells[columns.cached()], line);
      if (cached > input) {
        throw bad(line, CACHED + " is " + cached + ", more than input_tokens, " + input);
      }
      tokens = tokens.cacheRead(cached);
    }
    var row = new TraceRow(line - 1, at, cells[columns.required().get(0)], workload, tokens);
    try {
      row.event(""); // the rules of events hold for rows, too
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw bad(line, "cannot be recorded: " + e.getMessage());
    }
    return row;
  }

  private Instant timestamp(String text, long line) throws BadInputException {
    try {
      if (text.endsWith("Z")) { // offsets and a small z can be parsed, too
        return Instant.parse(text);
      }
    } catch (DateTimeException e) {
      // refused below
    }
    throw bad(line, "timestamp_utc must be ISO-8601 with Z, but is '" + text + "'");
  }

  private long count(String name, String text, long line) throws BadInputException {
    long count;
    try {
      if (!WHOLE_NUMBER.matcher(text).matches()) { // a plus or other scripts can be parsed, too
        throw new NumberFormatException(text);
      }
      count = Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw bad(line, name + " must be a whole number, but is '" + text + "'");
    }
    if (count < 0 || count > UsageEvent.MAX_TOKENS) {
      throw bad(
          line, name + " must be between 0 and " + UsageEvent.MAX_TOKENS + ", but is " + count);
    }
    return count;
  }

  private BadInputException bad(long line, String reason) {
    return new BadInputException(path + ", line " + line + ": " + reason);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
