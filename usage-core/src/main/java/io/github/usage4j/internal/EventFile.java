package io.github.usage4j.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * A file of events: gzip over lines of JSON, the first of them a header, the last a trailer with
 * the number of events and the SHA-256 of everything before it. A file that is torn, cut at a line,
 * or changed is noticed. {@link EventFileWriter} makes one.
 */
public final class EventFile {

  /**
   * The version of the format: of the lines around the events, and of {@link EventJson}. Older ones
   * are read, too.
   */
  public static final int VERSION = 2;

  /** No event comes near it: its texts are cut at some hundred code points. */
  static final int MAX_LINE = 1 << 20;

  static final String FORMAT = "usage4j-events";
  static final JsonMapper MAPPER = new JsonMapper();

  private final Path path;

  /**
   * An event of the file.
   *
   * @param recordedAt when a store wrote it; null if that is not known
   */
  public record Entry(UsageEvent event, @Nullable Instant recordedAt) {}

  /**
   * What the file says it holds.
   *
   * @param organization whose events they are; null for unattributed ones, or if it holds several
   * @param from the start of their period; null if there is no bound
   * @param to the end of their period, which no longer belongs to it; null if there is no bound
   * @param count how many events there are; null if that was not known when the file was begun
   */
  public record Header(
      @Nullable String organization,
      @Nullable Instant from,
      @Nullable Instant to,
      @Nullable Long count) {}

  /** Reads events one after the other, in the order of the file. Not for several threads. */
  public interface Cursor extends AutoCloseable {
    /**
     * The next event; null after the last one, when everything before was found to be whole.
     *
     * @throws UsageException naming file and line, if the file is not whole
     */
    @Nullable Entry next();

    @Override
    void close();
  }

  /** A file that may or may not be there; nothing is opened yet. */
  public EventFile(Path path) {
    this.path = path;
  }

  /**
   * Reads all of it and says what it holds, with the number of events.
   *
   * @throws UsageException naming file, line and reason, if it cannot be read or is not whole
   */
  public Header verify() {
    try (Reading reading = new Reading()) {
      while (reading.next() != null) {
        // only looked at
      }
      Header header = reading.header;
      return new Header(header.organization(), header.from(), header.to(), reading.count);
    }
  }

  /**
   * Begins to read. What is read is known to be whole only when the end was reached; who cannot
   * take back what was read calls {@link #verify} first.
   *
   * @throws UsageException naming the reason, if it cannot be read or is no such file
   */
  public Cursor open() {
    return new Reading();
  }

  /** The digest that the trailer states. */
  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  private final class Reading implements Cursor {

    private final InputStream in;
    private final MessageDigest digest = digest();
    private final Header header;
    private long line;
    private long count;
    private boolean ended;

    Reading() {
      in = unzipped();
      boolean begun = false;
      try {
        header = header();
        begun = true;
      } finally {
        if (!begun) {
          close();
        }
      }
    }

    private InputStream unzipped() {
      try {
        InputStream file = Files.newInputStream(path);
        try {
          return new BufferedInputStream(new GZIPInputStream(file, 1 << 16));
        } catch (IOException e) {
          file.close();
          throw e;
        }
      } catch (EOFException e) {
        throw bad("is torn: it is shorter than any file of events", e);
      } catch (IOException e) {
        throw bad("cannot be read: " + e, e);
      }
    }

    private Header header() {
      byte[] first = readLine();
      if (first == null) {
        throw bad("is empty", null);
      }
      digest.update(first);
      digest.update((byte) '\n');
      JsonNode json = parse(first);
      if (!FORMAT.equals(json.path("format").asText())) {
        throw bad("is no file of events", null);
      }
      JsonNode version = json.path("version");
      if (!version.isInt() || version.intValue() < 1 || version.intValue() > VERSION) {
        throw bad(
            "has version " + version + ", but this library reads versions 1 to " + VERSION, null);
      }
      return new Header(
          json.path("organization").textValue(),
          instant(json.get("from")),
          instant(json.get("to")),
          json.has("count") ? Long.valueOf(json.path("count").longValue()) : null);
    }

    private @Nullable Instant instant(@Nullable JsonNode value) {
      try {
        return value == null ? null : Instant.parse(value.asText());
      } catch (DateTimeException e) {
        throw bad("has the period bound " + value, e);
      }
    }

    @Override
    public @Nullable Entry next() {
      if (ended) {
        return null;
      }
      byte[] bytes = readLine();
      if (bytes == null) {
        throw bad("ends after " + count + " events without a trailer: it is torn", null);
      }
      if (isTrailer(bytes)) {
        checkTrailer(parse(bytes));
        ended = true;
        return null;
      }
      digest.update(bytes);
      digest.update((byte) '\n');
      count++;
      try {
        return EventJson.read(bytes);
      } catch (IllegalArgumentException e) {
        throw bad(e.getMessage(), e);
      }
    }

    private boolean isTrailer(byte[] bytes) {
      return new String(bytes, 0, Math.min(bytes.length, 8), StandardCharsets.UTF_8)
          .startsWith("{\"end\":");
    }

    private void checkTrailer(JsonNode trailer) {
      long stated = trailer.path("end").asLong(-1);
      Long announced = header.count();
      if (stated != count || (announced != null && announced != count)) {
        throw bad(
            "should have " + (announced == null ? stated : announced) + " events, but has " + count,
            null);
      }
      String sha256 = HexFormat.of().formatHex(digest.digest());
      if (!sha256.equals(trailer.path("sha256").asText())) {
        throw bad("was changed: its SHA-256 is not the one of its trailer", null);
      }
      if (readLine() != null) {
        throw bad("goes on after its trailer", null);
      }
    }

    private JsonNode parse(byte[] bytes) {
      try {
        JsonNode node = MAPPER.readTree(bytes);
        if (node instanceof ObjectNode) {
          return node;
        }
      } catch (IOException e) {
        throw bad("is no JSON", e);
      }
      throw bad("is no JSON object", null);
    }

    /** Without its line break; null at the end of the file. */
    private byte @Nullable [] readLine() {
      line++;
      try {
        return Lines.read(in, MAX_LINE);
      } catch (EOFException | ZipException e) {
        throw bad("is torn: " + e.getMessage(), e);
      } catch (IOException e) {
        throw bad("cannot be read: " + e.getMessage(), e);
      }
    }

    private UsageException bad(@Nullable String reason, @Nullable Exception cause) {
      return new UsageException(path + ", line " + line + ": " + reason, cause);
    }

    @Override
    public void close() {
      try {
        in.close();
      } catch (IOException e) {
        throw new UncheckedIOException("cannot close " + path, e);
      }
    }
  }
}
