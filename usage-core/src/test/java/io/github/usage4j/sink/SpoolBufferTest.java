package io.github.usage4j.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics.Anomaly;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.sink.UsageBuffer.Running;
import io.github.usage4j.sink.UsageBuffer.State;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class SpoolBufferTest {

  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir Path temp;

  private final CountingMetrics metrics = new CountingMetrics();
  private final List<UsageEvent> stored = Collections.synchronizedList(new ArrayList<>());

  private Path folder() {
    return temp.resolve("spool");
  }

  private UsageBuffer spool() {
    return UsageBuffer.spool(folder()).maxDelay(Duration.ZERO);
  }

  /** A database that is away until it is told to come. */
  private final class Outage implements UsageSink {
    final AtomicBoolean away = new AtomicBoolean(true);
    final CountDownLatch tried = new CountDownLatch(1);

    @Override
    public void write(List<UsageEvent> batch) throws Exception {
      tried.countDown();
      if (away.get()) {
        throw new java.sql.SQLException("away", "08001");
      }
      stored.addAll(batch);
    }
  }

  private List<Path> segments() throws IOException {
    try (Stream<Path> files = Files.list(folder())) {
      return files.filter(file -> file.toString().endsWith(".spool")).sorted().toList();
    }
  }

  /** Leaves events in the spool, as a process does that ends while its database is away. */
  private List<UsageEvent> leave(int events) {
    List<UsageEvent> left = UsageEvents.chats(events);
    Running buffer =
        spool().segmentBytes(20_000).batchSize(50).inFrontOf(new Outage(), new CountingMetrics());
    for (UsageEvent event : left) {
      buffer.write(List.of(event));
    }
    buffer.close();
    return left;
  }

  @Test
  void write_returnsWithTheEventOnDisk_whileTheSinkIsAway() throws Exception {
    var outage = new Outage();
    Running buffer = spool().inFrontOf(outage, metrics);
    List<UsageEvent> events = UsageEvents.chats(20);
    for (UsageEvent event : events) {
      buffer.write(List.of(event));
      assertThat(readAll()).contains(event);
    }
    assertThat(buffer.health().pending()).isEqualTo(20);
    outage.away.set(false);
    assertThat(buffer.flush(LONG)).isTrue();
    assertThat(stored).containsExactlyElementsOf(events);
    buffer.close();
    assertThat(metrics.settled()).isEqualTo(20);
    assertThat(metrics.accepted).isEqualTo(20);
  }

  /** What another process would find now. */
  private List<UsageEvent> readAll() throws IOException {
    var found = new ArrayList<UsageEvent>();
    for (Path file : segments()) {
      var segment = new Segment(file, 1, 0, Files.size(file), true);
      try (var reader = new SegmentReader(segment, Segment.HEADER)) {
        while (reader.next(segment.end())) {
          found.add(EventBytes.read(reader.payload(), reader.recordVersion()));
        }
      }
    }
    return found;
  }

  @Test
  void close_duringAnOutage_isQuickAndTheNextOneDeliversInOrder() throws Exception {
    List<UsageEvent> events = leave(500);
    assertThat(segments()).hasSizeGreaterThan(3);
    Running next = spool().inFrontOf(stored::addAll, metrics);
    assertThat(next.flush(LONG)).isTrue();
    assertThat(stored).containsExactlyElementsOf(events);
    assertThat(metrics.written).isEqualTo(500);
    next.close();
    next.close();
    assertThat(segments()).isEmpty();
    assertThat(next.health().state()).isEqualTo(State.CLOSED);
    assertThat(next.health().pending()).isZero();
    next.write(UsageEvents.chats(2));
    assertThat(metrics.dropped(DropReason.CLOSED)).isEqualTo(2);
  }

  @Test
  void numbers_goOnAfterACleanEnd() {
    for (int round = 0; round < 3; round++) {
      Running buffer = spool().inFrontOf(stored::addAll, metrics);
      buffer.write(UsageEvents.chats(10));
      buffer.close();
      assertThat(stored).hasSize(10 * (round + 1));
      assertThat(buffer.health().pending()).isZero();
    }
    assertThat(metrics.dropped).isEmpty();
  }

  @Test
  void sinkFlushes_beforeAnythingIsForgotten() throws Exception {
    var flushes = new AtomicInteger();
    var sink =
        new UsageSink() {
          @Override
          public void write(List<UsageEvent> batch) {
            stored.addAll(batch);
          }

          @Override
          public void flush() throws IOException {
            if (flushes.incrementAndGet() < 3) {
              throw new IOException("not durable yet");
            }
          }
        };
    Running buffer = spool().inFrontOf(sink, metrics);
    buffer.write(UsageEvents.chats(5));
    assertThat(buffer.flush(LONG)).isTrue();
    assertThat(flushes.get()).isEqualTo(3);
    buffer.close();
  }

  @Test
  void secondTracker_isRefusedAndTheFirstGoesOn() {
    Running first = spool().inFrontOf(stored::addAll, metrics);
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> spool().inFrontOf(stored::addAll, metrics))
        .withMessageContaining("is in use by another tracker or process");
    first.write(UsageEvents.chats(1));
    assertThat(first.flush(LONG)).isTrue();
    first.close();
    spool().inFrontOf(stored::addAll, metrics).close();
  }

  @Test
  void folderThatIsAFile_isRefusedByName() throws Exception {
    Files.writeString(folder(), "not a folder");
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> spool().inFrontOf(stored::addAll, metrics))
        .withMessage("the spool " + folder() + " must be a folder, but " + folder() + " is a file");
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(
            () -> UsageBuffer.spool(folder().resolve("below")).inFrontOf(stored::addAll, metrics))
        .withMessageContaining("below must be a folder, but " + folder() + " is a file");
  }

  @Test
  void newerVersion_isRefusedAndNothingIsTouched() throws Exception {
    leave(5);
    Path file = segments().get(0);
    byte[] bytes = Files.readAllBytes(file);
    bytes[11] = 3;
    var checksum = java.nio.ByteBuffer.allocate(4).putInt(Segment.checksum(bytes, 0, 24));
    System.arraycopy(checksum.array(), 0, bytes, 24, 4);
    Files.write(file, bytes);
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> spool().inFrontOf(stored::addAll, metrics))
        .withMessageContaining("has version 3, but this library reads versions 1 to 2");
    assertThat(Files.readAllBytes(file)).isEqualTo(bytes);
  }

  @Test
  void files_areForTheOwnerOnly() throws Exception {
    leave(5);
    try (Stream<Path> files = Files.list(folder())) {
      assertThat(files.toList())
          .isNotEmpty()
          .allSatisfy(
              file ->
                  assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                      .isEqualTo("rw-------"));
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder())))
        .isEqualTo("rwx------");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 27, 29, 60, 150})
  void tornTail_losesNothingBeforeIt(int cut) throws Exception {
    List<UsageEvent> events = leave(100);
    Path last = segments().get(segments().size() - 1);
    try (var file = new RandomAccessFile(last.toFile(), "rw")) {
      file.setLength(file.length() - cut);
    }
    Running next = spool().inFrontOf(stored::addAll, metrics);
    assertThat(next.flush(LONG)).isTrue();
    assertThat(stored).containsExactlyElementsOf(events.subList(0, stored.size()));
    assertThat(stored).hasSizeGreaterThanOrEqualTo(98);
    assertThat(metrics.dropped).isEmpty(); // a half written event was never confirmed
    List<UsageEvent> more = UsageEvents.chats(3);
    next.write(more);
    assertThat(next.flush(LONG)).isTrue();
    assertThat(stored).containsAll(more);
    next.close();
  }

  @Test
  void damagedRecord_isCountedAndItsFileKept_andEverythingElseArrives() throws Exception {
    List<UsageEvent> events = leave(300);
    Path file = segments().get(1);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes, StandardOpenOption.TRUNCATE_EXISTING);
    Running next = spool().inFrontOf(stored::addAll, metrics);
    var unused = next.flush(LONG); // true if the damage was found before
    assertThat(stored).hasSize(299).isSubsetOf(events);
    assertThat(metrics.dropped(DropReason.CORRUPT)).isEqualTo(1);
    next.close();
    assertThat(folder().resolve(file.getFileName() + ".corrupt")).exists();
  }

  @Test
  void lostPosition_deliversAgainAndStoresOnce() throws Exception {
    var store = new InMemoryUsageStore();
    var away = new AtomicBoolean();
    UsageSink sink =
        batch -> {
          if (away.get()) {
            throw new Exception("away");
          }
          store.write(batch);
        };
    Running buffer = spool().batchSize(10).inFrontOf(sink, metrics);
    buffer.write(UsageEvents.chats(40));
    assertThat(buffer.flush(LONG)).isTrue();
    away.set(true);
    buffer.write(UsageEvents.chats(7));
    buffer.close();
    Files.write(folder().resolve("position"), new byte[28]);
    Running next = spool().inFrontOf(store, metrics);
    assertThat(next.flush(LONG)).isTrue();
    assertThat(store.events()).hasSize(47);
    assertThat(metrics.conflicts).isZero();
    next.close();
  }

  @Test
  void diskFull_keepsInMemoryAndDeliversDirectly_andNobodyWaits() {
    Running buffer = spool().maxSpoolBytes(2_000).inFrontOf(stored::addAll, metrics);
    List<UsageEvent> events = UsageEvents.chats(300);
    buffer.write(events);
    assertThat(buffer.flush(LONG)).isTrue();
    assertThat(stored).containsExactlyInAnyOrderElementsOf(events);
    assertThat(metrics.anomalies(Anomaly.SPOOL_FAILED)).isPositive();
    assertThat(metrics.dropped).isEmpty();
    buffer.close();
  }

  @Test
  void diskFullAndSinkAway_keepsInMemoryUpToTheCapacity_thenCounts() {
    var outage = new Outage();
    Running buffer =
        spool()
            .maxSpoolBytes(1)
            .capacity(64)
            .batchSize(10)
            .maxWait(Duration.ZERO)
            .inFrontOf(outage, metrics);
    for (UsageEvent event : UsageEvents.chats(2_000)) {
      buffer.write(List.of(event));
    }
    assertThat(buffer.health().state()).isEqualTo(State.DEGRADED);
    long dropped = metrics.dropped(DropReason.BUFFER_FULL);
    assertThat(dropped).isPositive();
    outage.away.set(false);
    assertThat(buffer.flush(LONG)).isTrue();
    assertThat(stored).hasSize((int) (2_000 - dropped));
    buffer.close();
    assertThat(metrics.settled()).isEqualTo(2_000);
  }

  @Test
  void interruptedCaller_waitsForTheDiskAllTheSame_andStaysInterrupted() throws Exception {
    var outage = new Outage();
    Running buffer = spool().inFrontOf(outage, metrics);
    Thread.currentThread().interrupt();
    UsageEvent event = UsageEvents.chat().build();
    buffer.write(List.of(event));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(readAll()).containsExactly(event);
    outage.away.set(false);
    buffer.close();
    assertThat(stored).containsExactly(event);
  }

  @Test
  void maxLoss_returnsAtOnceAndIsOnDiskByItself() throws Exception {
    var outage = new Outage();
    Running buffer = spool().maxLoss(Duration.ofMillis(20)).inFrontOf(outage, metrics);
    UsageEvent event = UsageEvents.chat().build();
    buffer.write(List.of(event));
    outage.tried.await(); // the forwarder only sees what is on disk
    assertThat(readAll()).containsExactly(event);
    buffer.close();
  }

  @Test
  void clockSetBack_givesNoNegativeAge() throws Exception {
    var now = new AtomicReference<>(Instant.parse("2026-11-21T10:00:00Z"));
    var outage = new Outage();
    Running buffer = spool().clock(now::get).inFrontOf(outage, metrics);
    buffer.write(UsageEvents.chats(1));
    outage.tried.await();
    now.set(now.get().plusSeconds(90));
    assertThat(buffer.health().oldestAge()).isEqualTo(Duration.ofSeconds(90));
    now.set(now.get().minusSeconds(3_600));
    assertThat(buffer.health().oldestAge()).isZero();
    outage.away.set(false);
    buffer.write(UsageEvents.chats(1));
    assertThat(buffer.flush(LONG)).isTrue();
    assertThat(buffer.health().pending()).isZero();
    buffer.close();
  }

  @Test
  void close_whileTheSinkHangs_isBoundedAndKeepsEverything() throws Exception {
    var entered = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    UsageSink hanging =
        batch -> {
          entered.countDown();
          while (release.getCount() > 0) {
            try {
              release.await();
            } catch (InterruptedException e) {
              // A driver that does not care.
            }
          }
        };
    Running buffer = spool().closeTimeout(Duration.ofMillis(100)).inFrontOf(hanging, metrics);
    List<UsageEvent> events = UsageEvents.chats(30);
    buffer.write(events);
    entered.await();
    buffer.close();
    assertThat(metrics.dropped).isEmpty();
    assertThat(buffer.health().pending()).isEqualTo(30);
    Running next = spool().inFrontOf(stored::addAll, metrics);
    assertThat(next.flush(LONG)).isTrue();
    release.countDown();
    assertThat(stored).containsExactlyElementsOf(events);
    next.close();
  }

  @Test
  void manyCallers_shareOneFlushOfTheDisk_andNothingIsLost() throws Exception {
    Running buffer = spool().segmentBytes(100_000).inFrontOf(stored::addAll, metrics);
    var callers = new ArrayList<Thread>();
    for (int i = 0; i < 16; i++) {
      List<UsageEvent> mine = UsageEvents.chats(200);
      var caller = new Thread(() -> mine.forEach(event -> buffer.write(List.of(event))));
      caller.start();
      callers.add(caller);
    }
    for (Thread caller : callers) {
      caller.join();
    }
    assertThat(buffer.flush(LONG)).isTrue();
    assertThat(stored).hasSize(3_200).doesNotHaveDuplicates();
    buffer.close();
    assertThat(segments()).isEmpty();
  }
}
