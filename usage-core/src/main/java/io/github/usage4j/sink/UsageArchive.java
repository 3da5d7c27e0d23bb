package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.internal.EventFile;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A file of events that a store wrote before it deleted them: compressed, without labels, with a
 * trailer by which a torn or changed file is noticed.
 *
 * @param file where it is
 * @param organization whose events they are; null for unattributed ones
 * @param from the start of their period; null if the file states none
 * @param to the end of their period, which no longer belongs to it; null if the file states none
 * @param count how many events it has
 */
public record UsageArchive(
    Path file,
    @Nullable String organization,
    @Nullable Instant from,
    @Nullable Instant to,
    long count) {

  private static final int BATCH = 1_000;

  /**
   * Reads all of the file and says what it holds.
   *
   * @throws UsageException naming file, line and reason, if it cannot be read, is torn, or was
   *     changed
   */
  public static UsageArchive open(Path file) {
    EventFile.Header header = new EventFile(file).verify();
    Long count = header.count();
    return new UsageArchive(
        file, header.organization(), header.from(), header.to(), count == null ? 0 : count);
  }

  /**
   * Writes all events into a sink, in batches; a sink that has some of them changes nothing. Events
   * before the raw horizon of a JDBC store are refused by it: its own maintenance restores them.
   *
   * @throws UsageException if the file is no longer what {@link #open} found
   * @throws Exception what the sink throws; the batches before were written
   */
  public void restore(UsageSink sink) throws Exception {
    var batch = new ArrayList<UsageEvent>(BATCH);
    try (EventFile.Cursor cursor = new EventFile(file).open()) {
      for (EventFile.Entry entry = cursor.next(); entry != null; entry = cursor.next()) {
        batch.add(entry.event());
        if (batch.size() == BATCH) {
          sink.write(List.copyOf(batch));
          batch.clear();
        }
      }
    }
    if (!batch.isEmpty()) {
      sink.write(List.copyOf(batch));
    }
    sink.flush();
  }
}
