package io.github.usage4j.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
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

  private static void damage(Path file, int from, int to) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    for (int i = from; i < to; i++) {
      bytes[i] ^= 0x55;
    }
    Files.write(file, bytes);
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

  @Test
  void damagedFile_isKept_alsoIfTheProcessEndsBeforeAllOfItIsStored() throws Exception {
    start();
    List<UsageEvent> events = append(10);
    Path file = files(".spool").get(0);
    start();
    int middle = (int) Files.size(file) / 2;
    damage(file, middle, middle + 1);
    byte[] damaged = Files.readAllBytes(file);
    assertThat(read(7)).hasSize(7).isSubsetOf(events);
    assertThat(metrics.dropped(DropReason.CORRUPT)).isEqualTo(1);
    reader.forget();

    start();
    assertThat(read(MANY)).containsExactlyElementsOf(events.subList(8, 10));
    forgetAll();
    assertThat(file).doesNotExist();
    assertThat(files(".corrupt")).hasSize(1);
    assertThat(files(".corrupt").get(0)).hasBinaryContent(damaged);
    assertThat(metrics.dropped(DropReason.CORRUPT)).isEqualTo(1);
  }

  @Test
  void damagedFile_isKept_alsoIfTheProcessEndsBeforeItIsPutAway() throws Exception {
    start();
    append(10);
    Path file = files(".spool").get(0);
    damage(file, (int) Files.size(file) / 2, (int) Files.size(file) / 2 + 1);
    start();
    assertThat(read(MANY)).hasSize(9);
    endFile();
    append(1);
    assertThat(read(MANY)).hasSize(1);
    // The position is written first, and then the files before it are put away.
    folder.writePosition(new SpoolFolder.Position(journal.start().segment() + 1, 32, 11));

    start();
    assertThat(file).doesNotExist();
    assertThat(files(".corrupt")).hasSize(1);
  }

  @Test
  void newestFile_withoutAReadableHeader_isDeliveredAndKept() throws Exception {
    start();
    List<UsageEvent> events = append(3);
    endFile();
    events = Stream.concat(events.stream(), append(4).stream()).toList();
    Path newest = files(".spool").get(1);
    damage(newest, 8, 12);
    byte[] damaged = Files.readAllBytes(newest);

    start();
    assertThat(journal.nextRecord()).isEqualTo(7);
    List<UsageEvent> more = append(2);
    assertThat(read(MANY))
        .containsExactlyElementsOf(Stream.concat(events.stream(), more.stream()).toList());
    endFile();
    forgetAll();
    assertThat(files(".spool")).isEmpty();
    assertThat(files(".corrupt")).hasSize(1);
    assertThat(files(".corrupt").get(0)).hasBinaryContent(damaged);
    assertThat(metrics.dropped).isEmpty();
  }

  @Test
  void onlyFile_damagedInHeaderAndFirstRecord_losesThatRecordAndSaysSo() throws Exception {
    start();
    List<UsageEvent> events = append(3);
    assertThat(read(1)).hasSize(1);
    reader.forget();
    Path file = files(".spool").get(0);
    SpoolFolder.Position second = folder.readPosition();
    damage(file, 0, Segment.HEADER);
    damage(file, (int) second.offset() + 4, (int) second.offset() + 5);

    start();
    assertThat(read(MANY)).containsExactly(events.get(2));
    assertThat(metrics.dropped(DropReason.CORRUPT)).isEqualTo(1);
  }

  @Test
  void filesThatAreNone_areAllKept_andTheirNumbersAreNotUsedAgain() throws Exception {
    start();
    Path first = temp.resolve("spool").resolve(Segment.name(5));
    for (String text : List.of("a", "b", "c")) {
      Files.writeString(first, text.repeat(100));
      start();
      assertThat(first).doesNotExist();
    }
    assertThat(files(".corrupt")).hasSize(3);
    List<UsageEvent> events = append(1);
    assertThat(files(".spool").get(0).getFileName()).hasToString(Segment.name(6));
    assertThat(read(MANY)).containsExactlyElementsOf(events);
  }
}
