package io.github.usage4j.backfill;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.usage4j.UsageException;
import io.github.usage4j.internal.Lines;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * JSON lines of a file. A position is the number of lines and bytes before it and the SHA-256 of
 * those bytes, so that a file that is not the same any more is noticed.
 */
final class JsonLines implements ImportSource {

  static final int MAX_LINE = 1 << 24;

  private static final int GZIP_MAGIC = 0x1f8b;
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  /** Exact numbers, and one value for each name. */
  private static final ObjectReader READER =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build()
          .readerFor(new TypeReference<LinkedHashMap<String, Object>>() {});

  private final Path file;

  JsonLines(Path file) {
    this.file = file;
  }

  @Override
  public String name() {
    return Objects.requireNonNull(file.getFileName(), () -> file + " is no file").toString();
  }

  @Override
  public Cursor open(@Nullable String position) throws IOException {
    var reading = new Reading();
    boolean open = false;
    try {
      if (position != null) {
        reading.skipTo(position);
      }
      open = true;
    } finally {
      if (!open) {
        reading.close();
      }
    }
    return reading;
  }

  private InputStream uncompressed() throws IOException {
    var in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    in.mark(2);
    int magic = in.read() << 8 | in.read();
    in.reset();
    return magic == GZIP_MAGIC ? new BufferedInputStream(new GZIPInputStream(in, 1 << 16)) : in;
  }

  /** Counts and digests what was read. */
  private static final class Counted extends FilterInputStream {

    private final MessageDigest digest = sha256();
    private long bytes;
    private int last = '\n';

    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int next = in.read();
      if (next >= 0) {
        digest.update((byte) next);
        bytes++;
        last = next;
      }
      return next;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int count = in.read(buffer, offset, length);
      if (count > 0) {
        digest.update(buffer, offset, count);
        bytes += count;
        last = buffer[offset + count - 1];
      }
      return count;
    }

    String hash() {
      try {
        return HexFormat.of().formatHex(((MessageDigest) digest.clone()).digest());
      } catch (CloneNotSupportedException e) {
        throw new AssertionError("the digests of the platform can be cloned", e);
      }
    }
  }

  private final class Reading implements Cursor {

    private final Counted in = new Counted(uncompressed());
    private long line;

    Reading() throws IOException {
      // the field opens the file
    }

    void skipTo(String position) throws IOException {
      String[] parts = position.split(" ", -1);
      if (parts.length != 3) {
        throw new UsageException("'" + position + "' is no position in JSON lines", null);
      }
      line = Long.parseLong(parts[0]);
      long bytes = Long.parseLong(parts[1]);
      var buffer = new byte[1 << 16];
      while (in.bytes < bytes) {
        if (in.read(buffer, 0, (int) Math.min(buffer.length, bytes - in.bytes)) < 0) {
          break;
        }
      }
      if (in.bytes < bytes || !in.hash().equals(parts[2])) {
        throw new UsageException(
            file
                + " changed in its first "
                + line
                + " lines since they were imported; import it under another name",
            null);
      }
      if (bytes > 0 && in.last != '\n') {
        int next = in.read(); // the line break that was not there yet
        if (next >= 0 && next != '\n') {
          throw new UsageException(
              file + ", line " + line + ": goes on since it was imported", null);
        }
      }
    }

    @Override
    public @Nullable ImportRecord next() throws IOException {
      while (true) {
        line++;
        byte[] bytes;
        try {
          bytes = Lines.read(in, MAX_LINE);
        } catch (Lines.TooLongException e) {
          return new ImportRecord(where(), "", Map.of(), e.getMessage(), "");
        } catch (IOException e) {
          throw new UsageException(where() + ": cannot be read: " + e.getMessage(), e);
        }
        if (bytes == null) {
          line--;
          return null;
        }
        String text;
        try {
          text = UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
          String replaced = new String(bytes, UTF_8);
          return new ImportRecord(where(), "", Map.of(), "not valid UTF-8", replaced);
        }
        if (line == 1 && text.startsWith(BYTE_ORDER_MARK)) {
          text = text.substring(1);
        }
        if (!text.isBlank()) {
          return record(text);
        }
      }
    }

    private ImportRecord record(String text) {
      String hash = HexFormat.of().formatHex(sha256().digest(text.strip().getBytes(UTF_8)), 0, 16);
      String identity = "line " + line + " " + hash;
      try {
        Map<String, Object> fields = READER.readValue(text);
        if (fields != null) {
          return new ImportRecord(where(), identity, fields, null, text);
        }
      } catch (IOException | ArithmeticException | NumberFormatException e) {
        // refused below; Jackson's message quotes the line, and an exponent that no number has is
        // none of its exceptions
      }
      return new ImportRecord(where(), identity, Map.of(), "not a JSON object", text);
    }

    private String where() {
      return name() + ", line " + line;
    }

    @Override
    public String position() {
      return line + " " + in.bytes + " " + in.hash();
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
