package io.github.usage4j.backfill;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.usage4j.internal.Lines;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The file of records that could not be used: one line of JSON each. It is made when needed. */
final class Rejects implements AutoCloseable {

  private static final JsonMapper MAPPER = new JsonMapper();

  private static final String BEGIN = "{\"where\":";

  private final @Nullable Path file;
  private final @Nullable BiConsumer<ImportRecord, String> told;
  private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();

  /**
   * @param file null if they are not kept
   * @param told gets each; null if nobody is told
   */
  Rejects(@Nullable Path file, @Nullable BiConsumer<ImportRecord, String> told) {
    this.file = file;
    this.told = told;
  }

  /** Cuts off what a killed run wrote after its last checkpoint. */
  void keep(long count) throws IOException {
    if (file == null || !Files.exists(file)) {
      return;
    }
    requireOurs(file);
    long bytes = 0;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      for (long i = 0; i < count; i++) {
        byte[] line = Lines.read(in, Integer.MAX_VALUE - 8);
        if (line == null) {
          return; // somebody took lines away; there is nothing after them
        }
        bytes += line.length + 1;
      }
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(bytes);
    }
  }

  /** What comes next cuts the file. */
  private static void requireOurs(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      String begin = new String(in.readNBytes(BEGIN.length()), UTF_8);
      if (!begin.isEmpty() && !begin.equals(BEGIN)) {
        throw new IllegalArgumentException(
            file + " must be a file of rejected records or not be there, but begins with " + begin);
      }
    }
  }

  void add(ImportRecord record, String reason) throws IOException {
    if (told != null) {
      told.accept(record, reason);
    }
    if (file == null) {
      return;
    }
    var json = MAPPER.createObjectNode();
    json.put("where", record.where()).put("reason", reason).put("text", record.text());
    waiting.write(MAPPER.writeValueAsBytes(json));
    waiting.write('\n');
  }

  void flush() throws IOException {
    if (file == null || waiting.size() == 0) {
      return;
    }
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
      if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      }
      var bytes = ByteBuffer.wrap(waiting.toByteArray());
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    waiting.reset();
  }

  @Override
  public void close() throws IOException {
    flush();
  }
}
