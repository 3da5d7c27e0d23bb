package io.github.usage4j.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/** Reads lines as bytes, in bounded memory. A line ends with a line feed or with the file. */
public final class Lines {

  private Lines() {}

  /** A line is longer than its reader takes; it was read to its end. */
  public static final class TooLongException extends IOException {

    private static final long serialVersionUID = 1L;

    TooLongException(int limit) {
      super("a line must have at most " + limit + " bytes");
    }
  }

  /**
   * The next line without its line feed; null at the end.
   *
   * @param in buffered
   * @param limit the greatest number of bytes kept
   * @throws TooLongException if the line has more bytes; the next call reads the line after it
   */
  public static byte @Nullable [] read(InputStream in, int limit) throws IOException {
    return read(in, limit, OutputStream.nullOutputStream());
  }

  /**
   * The next line like {@link #read(InputStream, int)}.
   *
   * @param tooLong gets the whole of a line that is too long, without its line feed, before that is
   *     thrown
   */
  public static byte @Nullable [] read(InputStream in, int limit, OutputStream tooLong)
      throws IOException {
    int next = in.read();
    if (next < 0) {
      return null;
    }
    var line = new ByteArrayOutputStream(512);
    boolean isTooLong = false;
    for (; next >= 0 && next != '\n'; next = in.read()) {
      if (line.size() < limit) {
        line.write(next);
        continue;
      }
      if (!isTooLong) {
        line.writeTo(tooLong);
        isTooLong = true;
      }
      tooLong.write(next);
    }
    if (isTooLong) {
      throw new TooLongException(limit);
    }
    return line.toByteArray();
  }
}
