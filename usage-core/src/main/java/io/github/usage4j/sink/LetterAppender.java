package io.github.usage4j.sink;

import io.github.usage4j.internal.LetterFile;
import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Adds lines to a file of letters, which is created with the first byte. What is not ended by
 * {@link #endLine} may be there or not. Used by one thread, which keeps others from the file.
 */
final class LetterAppender extends OutputStream {

  private final Path path;
  private @Nullable RandomAccessFile file;
  private @Nullable OutputStream out;

  LetterAppender(Path path) {
    this.path = path;
  }

  private OutputStream out() throws IOException {
    OutputStream open = out;
    if (open != null) {
      return open;
    }
    if (!Files.exists(path)) {
      LetterFile.create(path);
    }
    var opened = new RandomAccessFile(path.toFile(), "rw");
    file = opened; // from here on close() closes it
    long end = opened.length();
    opened.seek(Math.max(0, end - 1));
    boolean torn = end > 0 && opened.read() != '\n';
    opened.seek(end);
    open = new BufferedOutputStream(new FileOutputStream(opened.getFD()), 1 << 16);
    if (torn) {
      open.write('\n'); // a killed process left half a line: it must not take this one along
    }
    out = open;
    return open;
  }

  @Override
  public void write(int one) throws IOException {
    out().write(one);
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    out().write(bytes, from, length);
  }

  /** Ends the line: when this returns it is on the disk. */
  void endLine() throws IOException {
    write('\n');
    out().flush();
    Objects.requireNonNull(file).getFD().sync();
  }

  @Override
  public void close() throws IOException {
    RandomAccessFile open = file;
    file = null;
    out = null;
    if (open != null) {
      open.close();
    }
  }
}
