package io.github.usage4j.backfill;

import io.github.usage4j.UsageException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Records in an order that is the same in each run, so that a run can go on where one ended. */
public interface ImportSource {

  /** What the input is called, the same in each run; at most 256 characters. */
  String name();

  /**
   * Opens the input.
   *
   * @param position behind the last record that was imported; null to begin with the first
   * @throws UsageException if what lies before the position is no longer what it was
   * @throws Exception if it cannot be read
   */
  Cursor open(@Nullable String position) throws Exception;

  /** Reads one record after the other. Not safe for use by several threads. */
  interface Cursor extends AutoCloseable {

    /**
     * The next record; null when there is none, now or ever.
     *
     * @throws Exception if the input cannot be read
     */
    @Nullable ImportRecord next() throws Exception;

    /** The place behind the last record that {@link #next} returned. */
    String position();
  }

  /**
   * A file with one JSON object in each line, in UTF-8, plain or compressed with gzip. Empty lines
   * are skipped. A file that has grown is imported from where it ended before; one whose beginning
   * has changed since is refused.
   *
   * @param file its name, without the folders, is the name of the input
   */
  static ImportSource jsonLines(Path file) {
    return new JsonLines(file);
  }
}
