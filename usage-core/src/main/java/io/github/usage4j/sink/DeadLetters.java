package io.github.usage4j.sink;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.internal.EventJson;
import io.github.usage4j.internal.Lines;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of events that a sink did not take: one JSON object in a line, with the reason. They are
 * counted as dropped, but not lost: look at them with {@link #forEach}, and deliver them again with
 * {@link #replay} when what was wrong is mended.
 *
 * <p>Safe for use by several threads and while a buffer adds to the file, in one process.
 */
public final class DeadLetters {

  /** What the file is called in the folder of a spool. */
  public static final String FILE_NAME = "dead-letters.jsonl";

  private static final Logger LOG = LoggerFactory.getLogger(UsageSink.class);
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final int MAX_LINE = 1 << 20;
  private static final int BATCH = 500;

  /** All files: letters are rare, and two objects may be for one file. */
  private static final Object FILES = new Object();

  private final Path file;

  /**
   * An event that was not taken.
   *
   * @param event as it was given
   * @param reason why it was dropped
   * @param at when that was
   * @param why what the sink said; empty if it said nothing
   */
  public record Letter(UsageEvent event, DropReason reason, Instant at, String why) {}

  private DeadLetters(Path file) {
    this.file = file;
  }

  /** The letters in this file, which need not be there. */
  public static DeadLetters in(Path file) {
    return new DeadLetters(Objects.requireNonNull(file, "file"));
  }

  /** Adds letters. Never throws: if the file fails, they go into the log. */
  void add(List<Letter> letters, DeliveryCounts counts) {
    var lines = new ArrayList<String>();
    try {
      for (Letter letter : letters) {
        lines.add(line(letter));
      }
      synchronized (FILES) {
        append(file, String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException | RuntimeException e) {
      counts.report(Anomaly.DEAD_LETTER_FAILED, "cannot write to " + file, e);
      lines.forEach(line -> LOG.error("Dead letter: {}", line));
    }
  }

  private static void append(Path file, byte[] lines) throws IOException {
    if (!Files.exists(file)) {
      Path parent = file.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
      FileAttribute<?>[] ownerOnly = {
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
      };
      Files.createFile(file, posix ? ownerOnly : new FileAttribute<?>[0]);
    }
    try (var out = new RandomAccessFile(file.toFile(), "rw")) {
      long end = out.length();
      out.seek(Math.max(0, end - 1));
      boolean torn = end > 0 && out.read() != '\n';
      out.seek(end);
      var bytes = new ByteArrayOutputStream(lines.length + 2);
      if (torn) {
        bytes.write('\n'); // a killed process left half a line: it must not take this one along
      }
      bytes.write(lines);
      bytes.write('\n');
      out.write(bytes.toByteArray());
      out.getFD().sync();
    }
  }

  private static String line(Letter letter) throws IOException {
    var bytes = new ByteArrayOutputStream(512);
    Attribution who = letter.event().attribution();
    try (JsonGenerator json = MAPPER.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("reason", letter.reason().name());
      json.writeStringField("at", letter.at().truncatedTo(ChronoUnit.MICROS).toString());
      json.writeStringField("why", letter.why());
      if (who.userLabel() != null) {
        json.writeStringField("userLabel", who.userLabel());
      }
      if (who.customerLabel() != null) {
        json.writeStringField("customerLabel", who.customerLabel());
      }
      json.writeFieldName("event");
      json.writeRawValue(new String(EventJson.write(letter.event(), null), StandardCharsets.UTF_8));
      json.writeEndObject();
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /**
   * Shows every letter, oldest first; those of a replay that did not end come first. A line that
   * cannot be read is logged and passed over.
   *
   * @throws UsageException if the file cannot be read
   */
  public void forEach(Consumer<Letter> reader) {
    synchronized (FILES) {
      forEach(underway(), reader, line -> LOG.warn("A dead letter cannot be read: {}", line));
      forEach(file, reader, line -> LOG.warn("A dead letter cannot be read: {}", line));
    }
  }

  /**
   * Delivers all letters to a sink and takes them out of the file. What it refuses again is a new
   * letter; lines that cannot be read go to a file of the same name with {@code .unreadable} at its
   * end. A replay that was cut short is gone on with by the next one; what was delivered before is
   * delivered again, which changes nothing in a store.
   *
   * @return how many events the sink has now
   * @throws UsageException if the file cannot be read or moved
   * @throws Exception what the sink throws if it cannot write now; no letter is lost
   */
  public long replay(UsageSink sink) throws Exception {
    var counts = new DeliveryCounts(UsageMetrics.NONE);
    var delivery = new Delivery(sink, counts, this);
    var letters = new ArrayList<UsageEvent>();
    var failures = new ArrayList<Exception>();
    begin();
    forEach(
        underway(),
        letter -> {
          letters.add(letter.event());
          if (letters.size() == BATCH) {
            deliver(delivery, letters, failures);
          }
        },
        this::keepUnreadable);
    deliver(delivery, letters, failures);
    if (!failures.isEmpty()) {
      throw failures.get(0);
    }
    sink.flush();
    try {
      Files.deleteIfExists(underway());
    } catch (IOException e) {
      throw new UsageException("cannot delete " + underway() + ": " + e, e);
    }
    UsageBuffer.Health end = counts.health("", UsageBuffer.State.OK, 0, 0, Duration.ZERO);
    return end.written() + end.duplicates();
  }

  /** New letters go to a new file from now on. */
  private void begin() {
    synchronized (FILES) {
      try {
        if (!Files.exists(underway()) && Files.exists(file)) {
          Files.move(file, underway(), StandardCopyOption.ATOMIC_MOVE);
        }
      } catch (IOException e) {
        throw new UsageException("cannot move " + file + ": " + e, e);
      }
    }
  }

  /** After the first failure nothing is tried any more. */
  private static void deliver(
      Delivery delivery, List<UsageEvent> letters, List<Exception> failures) {
    if (failures.isEmpty()) {
      try {
        delivery.write(letters);
      } catch (Exception e) {
        failures.add(e);
      }
    }
    letters.clear();
  }

  private void keepUnreadable(String line) {
    try {
      append(beside(".unreadable"), line.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UsageException("cannot keep a line of " + file + ": " + e, e);
    }
  }

  private Path underway() {
    return beside(".replaying");
  }

  private Path beside(String suffix) {
    return file.resolveSibling(file.getFileName() + suffix);
  }

  private static void forEach(Path from, Consumer<Letter> reader, Consumer<String> unreadable) {
    if (!Files.exists(from)) {
      return;
    }
    try (InputStream in = new BufferedInputStream(Files.newInputStream(from))) {
      for (byte[] line = next(in, unreadable); line != null; line = next(in, unreadable)) {
        Letter letter = parse(line);
        if (letter != null) {
          reader.accept(letter);
        } else if (line.length > 0) {
          unreadable.accept(new String(line, StandardCharsets.UTF_8));
        }
      }
    } catch (IOException e) {
      throw new UsageException("cannot read " + from + ": " + e, e);
    }
  }

  private static byte @Nullable [] next(InputStream in, Consumer<String> unreadable)
      throws IOException {
    while (true) {
      try {
        return Lines.read(in, MAX_LINE);
      } catch (Lines.TooLongException e) {
        unreadable.accept(String.valueOf(e.getMessage()));
      }
    }
  }

  private static @Nullable Letter parse(byte[] line) {
    try {
      JsonNode json = MAPPER.readTree(line);
      UsageEvent event = EventJson.read(MAPPER.writeValueAsBytes(json.path("event"))).event();
      Attribution who = event.attribution();
      who = who.user(who.user(), json.path("userLabel").textValue());
      who = who.customer(who.customer(), json.path("customerLabel").textValue());
      return new Letter(
          event.toBuilder().attribution(who).build(),
          DropReason.valueOf(json.path("reason").asText()),
          Instant.parse(json.path("at").asText()),
          json.path("why").asText());
    } catch (IOException | RuntimeException e) {
      LOG.debug("Not a dead letter", e);
      return null;
    }
  }
}
