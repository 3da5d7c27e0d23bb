package io.github.usage4j.pricing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Where the file of a catalog is, and how it is read from there. */
interface PriceOrigin {

  /** More than any price list has: LiteLLM's has 2 MB. */
  int MAX_BYTES = 64 << 20;

  /** A file as it is now. */
  final class Read {
    private final byte[] content;
    private final String name;
    private final LocalDate modified;

    /**
     * @param name by which price references know it, if it does not name itself
     * @param modified its last change
     */
    Read(byte[] content, String name, LocalDate modified) {
      this.content = content;
      this.name = name;
      this.modified = modified;
    }

    byte[] content() {
      return content;
    }

    String name() {
      return name;
    }

    LocalDate modified() {
      return modified;
    }
  }

  /** For messages. */
  String where();

  /**
   * Reads the file.
   *
   * @return null if it is known to be as it was when it was last {@link #accepted}
   * @throws IOException if it cannot be read, is larger than {@link #MAX_BYTES}, or takes too long
   */
  @Nullable Read read() throws IOException;

  /** What was read last is in force. */
  default void accepted() {}

  /** A file of this machine. */
  static PriceOrigin of(Path file) {
    return new PriceOrigin() {
      @Override
      public String where() {
        return file.toString();
      }

      @Override
      public Read read() throws IOException {
        Path last = Objects.requireNonNull(file.getFileName(), "file name");
        try (InputStream in = Files.newInputStream(file)) {
          LocalDate modified =
              LocalDate.ofInstant(Files.getLastModifiedTime(file).toInstant(), ZoneOffset.UTC);
          return new Read(bounded(in), last.toString(), modified);
        }
      }
    };
  }

  /** A file in the library itself. */
  static PriceOrigin resource(String path, String where, String name) {
    return new PriceOrigin() {
      @Override
      public String where() {
        return where;
      }

      @Override
      public Read read() throws IOException {
        try (InputStream in = PriceOrigin.class.getResourceAsStream(path)) {
          if (in == null) {
            throw new NoSuchFileException(path);
          }
          return new Read(bounded(in), name, LocalDate.EPOCH);
        }
      }
    };
  }

  /** All of it, if that is not too much. */
  private static byte[] bounded(InputStream in) throws IOException {
    byte[] content = in.readNBytes(MAX_BYTES + 1);
    if (content.length > MAX_BYTES) {
      throw new IOException("it has more than " + MAX_BYTES + " bytes");
    }
    return content;
  }
}
