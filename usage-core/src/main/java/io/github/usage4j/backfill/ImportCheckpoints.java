package io.github.usage4j.backfill;

import io.github.usage4j.UsageException;
import org.jspecify.annotations.Nullable;

/** Remembers how far imports have come, and keeps two of the same input from running at once. */
public interface ImportCheckpoints {

  /**
   * Begins or continues an import.
   *
   * @param source as in {@link UsageImport#from}
   * @param input as in {@link ImportSource#name}
   * @throws UsageException if another instance is at it
   * @throws Exception if it cannot be known how far it has come
   */
  Session begin(String source, String input) throws Exception;

  /** One run of an import. */
  interface Session extends AutoCloseable {

    /**
     * How far earlier runs came; null if there was none.
     *
     * @throws Exception if that cannot be known
     */
    @Nullable ImportProgress reached() throws Exception;

    /**
     * Remembers how far it is now. Called after the events before it were stored.
     *
     * @throws UsageException if another instance has taken over
     * @throws Exception if it cannot be remembered
     */
    void save(ImportProgress progress) throws Exception;
  }

  /** Remembers nothing: each run reads everything, and changes nothing that is stored. */
  static ImportCheckpoints none() {
    return (source, input) ->
        new Session() {
          @Override
          public @Nullable ImportProgress reached() {
            return null;
          }

          @Override
          public void save(ImportProgress progress) {
            // nothing to remember it in
          }

          @Override
          public void close() {
            // nothing is held
          }
        };
  }
}
