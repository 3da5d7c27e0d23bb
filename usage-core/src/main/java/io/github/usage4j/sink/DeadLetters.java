package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.internal.LetterFile;
import io.github.usage4j.internal.LetterLine;
import io.github.usage4j.internal.Lines;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
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
  private static final int BATCH = 500;

  private final Path file;

  /**
   * An event that was not taken.
   *
   * @param event as it was given
   * @param reason why it was dropped
   * @param at when that was
   * @param why what the sink said, in a file at most 2,000 characters of it; empty if it said
   *     nothing
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
        var line = new LetterLine(letter.event(), letter.reason(), letter.at(), letter.why());
        lines.add(new String(line.bytes(), StandardCharsets.UTF_8));
      }
      synchronized (LetterFile.FILES) {
        append(file, String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException | RuntimeException e) {
      counts.report(Anomaly.DEAD_LETTER_FAILED, "cannot write to " + file, e);
      lines.forEach(line -> LOG.error("Dead letter: {}", line));
    }
  }

  private static void append(Path file, byte[] lines) throws IOException {
    try (var out = new LetterAppender(file)) {
      out.write(lines);
      out.endLine();
    }
  }

  /** What becomes of lines that are no letters. */
  private interface NoLetters {
    void line(byte[] line) throws IOException;

    /** Where to write the whole of a line that is too long to be one. */
    OutputStream tooLong();

    /** It is written. */
    void tooLongEnded(Lines.TooLongException e) throws IOException;
  }

  /** Tells of them. */
  private static final NoLetters LOGGED =
      new NoLetters() {
        @Override
        public void line(byte[] line) {
          LOG.warn("A dead letter cannot be read: {}", new String(line, StandardCharsets.UTF_8));
        }

        @Override
        public OutputStream tooLong() {
          return OutputStream.nullOutputStream();
        }

        @Override
        public void tooLongEnded(Lines.TooLongException e) {
          LOG.warn("A dead letter cannot be read: {}", e.getMessage());
        }
      };

  /** Keeps them byte by byte. */
  private record Kept(LetterAppender tooLong) implements NoLetters {
    @Override
    public void line(byte[] line) throws IOException {
      tooLong.write(line);
      tooLong.endLine();
    }

    @Override
    public void tooLongEnded(Lines.TooLongException e) throws IOException {
      tooLong.endLine();
    }
  }

  /**
   * Shows every letter, oldest first; those of a replay that did not end come first. A line that
   * cannot be read is logged and passed over.
   *
   * @throws UsageException if the file cannot be read
   */
  public void forEach(Consumer<Letter> reader) {
    synchronized (LetterFile.FILES) {
      forEach(underway(), reader, LOGGED);
      forEach(file, reader, LOGGED);
    }
  }

  /**
   * Delivers all letters to a sink and takes them out of the file. What it refuses again is a new
   * letter; lines that cannot be read, or have more than {@value LetterLine#MAX_BYTES} bytes, go as
   * they are to a file of the same name with {@code .unreadable} at its end. A replay that was cut
   * short is gone on with by the next one; what was delivered before is delivered again, which
   * changes nothing in a store.
   *
   * @return how many events the sink has now
   * @throws UsageException if the file cannot be read or moved, or an erasure of what is in it was
   *     cut short: any method of the store's maintenance that erases or deletes ends it
   * @throws Exception what the sink throws if it cannot write now; no letter is lost
   */
  public long replay(UsageSink sink) throws Exception {
    LetterFile.ON_THE_WAY.lock();
    try {
      return replayAll(sink);
    } finally {
      LetterFile.ON_THE_WAY.unlock();
    }
  }

  private long replayAll(UsageSink sink) throws Exception {
    var counts = new DeliveryCounts(UsageMetrics.NONE);
    var delivery = new Delivery(sink, counts, this);
    var letters = new ArrayList<UsageEvent>();
    var failures = new ArrayList<Exception>();
    begin();
    try (var unreadable = new LetterAppender(beside(LetterFile.UNREADABLE))) {
      forEach(
          underway(),
          letter -> {
            letters.add(letter.event());
            if (letters.size() == BATCH) {
              deliver(delivery, letters, failures);
            }
          },
          new Kept(unreadable));
    }
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
    synchronized (LetterFile.FILES) {
      try {
        if (!new LetterFile(file).pending().isEmpty()) {
          throw new UsageException(
              "an erasure of letters in " + file + " was cut short and must be ended first", null);
        }
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

  private Path underway() {
    return beside(LetterFile.REPLAYING);
  }

  private Path beside(String suffix) {
    return file.resolveSibling(file.getFileName() + suffix);
  }

  private static void forEach(Path from, Consumer<Letter> reader, NoLetters others) {
    if (!Files.exists(from)) {
      return;
    }
    try (InputStream in = new BufferedInputStream(Files.newInputStream(from))) {
      for (byte[] line = next(in, others); line != null; line = next(in, others)) {
        Letter letter = parse(line);
        if (letter != null) {
          reader.accept(letter);
        } else if (line.length > 0) {
          others.line(line);
        }
      }
    } catch (IOException e) {
      throw new UsageException("cannot read " + from + ", or keep a line of it: " + e, e);
    }
  }

  private static byte @Nullable [] next(InputStream in, NoLetters others) throws IOException {
    while (true) {
      try {
        return Lines.read(in, LetterLine.MAX_BYTES, others.tooLong());
      } catch (Lines.TooLongException e) {
        others.tooLongEnded(e);
      }
    }
  }

  private static @Nullable Letter parse(byte[] bytes) {
    LetterLine line = LetterLine.parse(bytes);
    return line == null ? null : new Letter(line.event(), line.reason(), line.at(), line.why());
  }
}
