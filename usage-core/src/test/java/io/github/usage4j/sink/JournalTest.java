package io.github.usage4j.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.github.usage4j.UsageEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files of a spool in the hands of one thread, step by step. */
class JournalTest {

  private static final int MANY = 1_000;

  @TempDir Path temp;

  private final CountingMetrics metrics = new CountingMetrics();
  private SpoolFolder folder;
  private Journal journal;
  private JournalReader reader;

  @AfterEach
  void close() {
    if (folder != null) {
      reader.closeFile();
      journal.close();
      folder.close();
    }
  }

  /** What a process does that starts; the one before did not have the time to end. */
  private void start() throws IOException {
    close();
    folder = SpoolFolder.open(temp.resolve("spool"));
    journal = new Journal(folder, Journal.SEGMENT_BYTES, Long.MAX_VALUE, InstantSource.system());
    reader = new JournalReader(journal, folder, new DeliveryCounts(metrics));
  }

  private List<UsageEvent> append(int events) throws Exception {
    List<UsageEvent> added = UsageEvents.chats(events);
    journal.append(added);
    return added;
  }

  private List<UsageEvent> read(int atMost) throws IOException {
    var found = new ArrayList<UsageEvent>();
    reader.read(atMost, found);
    return found;
  }

  private void endFile() {
    assertThat(journal.endFile(0)).isPositive();
  }

  private void forgetAll() {
    reader.forget();
    reader.forgetEnded();
  }

  private List<Path> files(String suffix) throws IOException {
    try (Stream<Path> files = Files.list(temp.resolve("spool"))) {
      return files.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
    }
  }

  /** Begins a file, lets the reader come to it, and makes the first write to it fail. */
  private void failFirstWrite() throws Exception {
    journal.file();
    assertThat(read(MANY)).isEmpty();
    journal.file().close();
    assertThatIOException().isThrownBy(() -> append(1));
  }

  @Test
  void fileWhoseFirstWriteFailed_doesNotHoldUpTheNextOne() throws Exception {
    start();
    List<UsageEvent> events = append(3);
    endFile();
    assertThat(read(MANY)).containsExactlyElementsOf(events);
    failFirstWrite();
    List<UsageEvent> more = append(2);
    assertThat(read(MANY)).containsExactlyElementsOf(more);
    endFile();
    forgetAll();
    assertThat(files(".spool")).isEmpty();
    assertThat(reader.forgotten()).isEqualTo(journal.nextRecord());
    assertThat(metrics.dropped).isEmpty();
  }

  @Test
  void fileWhoseFirstWriteFailed_asTheFirstOfAll_doesNotHoldUpTheNextOne() throws Exception {
    start();
    failFirstWrite();
    failFirstWrite();
    List<UsageEvent> events = append(2);
    assertThat(read(MANY)).containsExactlyElementsOf(events);
    start(); // nothing was forgotten
    assertThat(read(MANY)).containsExactlyElementsOf(events);
    assertThat(metrics.dropped).isEmpty();
  }
}
