package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.internal.EventFileWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events on disk, in the order in which they came. One thread appends; {@link JournalReader} reads
 * on another.
 */
final class Journal {

  /**
   * The version of the files: of {@link Segment} and {@link EventBytes}. Older ones are read, too.
   */
  static final int VERSION = 2;

  /** How large a file grows before the next one is begun. */
  static final long SEGMENT_BYTES = 16L << 20;

  private static final Logger LOG = LoggerFactory.getLogger(UsageSink.class);

  private final SpoolFolder folder;
  private final long segmentBytes;
  private final long maxBytes;
  private final InstantSource clock;
  private final ConcurrentNavigableMap<Long, Segment> segments = new ConcurrentSkipListMap<>();
  private final AtomicLong bytes = new AtomicLong();
  private final ByteSink records = new ByteSink();
  private final SpoolFolder.Position start;

  /** Held by whoever adds to the last file or ends it. */
  private final ReentrantLock adding = new ReentrantLock();

  private volatile long nextRecord;
  private long nextSegment;
  private @Nullable Segment current;
  private @Nullable RandomAccessFile out;

  /**
   * Looks at what is in the folder.
   *
   * @throws UsageException if a newer version of this library wrote it
   */
  Journal(SpoolFolder folder, long segmentBytes, long maxBytes, InstantSource clock)
      throws IOException {
    this.folder = folder;
    this.segmentBytes = segmentBytes;
    this.maxBytes = maxBytes;
    this.clock = clock;
    SpoolFolder.Position position = folder.readPosition();
    for (Path file : folder.files()) {
      open(file, position);
    }
    long last = segments.isEmpty() ? 0 : segments.lastKey();
    last = Math.max(last, folder.lastSetAside()); // a name that is taken cannot be kept again
    nextSegment = Math.max(last, position == null ? 0 : position.segment()) + 1;
    nextRecord = Math.max(lastRecord() + 1, position == null ? 0 : position.record());
    Map.Entry<Long, Segment> first = segments.firstEntry();
    if (first == null) {
      start = new SpoolFolder.Position(nextSegment, Segment.HEADER, nextRecord);
    } else if (position != null && position.segment() == first.getKey()) {
      start = position;
    } else {
      start = new SpoolFolder.Position(first.getKey(), Segment.HEADER, first.getValue().first());
    }
  }

  private void open(Path file, SpoolFolder.@Nullable Position position) throws IOException {
    long number = Segment.numberOf(file).orElseThrow();
    if (position != null && number < position.segment()) {
      folder.delete(file); // all of it is stored; the process ended before it could do this
      return;
    }
    long length = Files.size(file);
    byte[] begin;
    try (var in = Files.newInputStream(file)) {
      begin = in.readNBytes(Segment.HEADER);
    }
    Optional<Segment.Header> header = Segment.parseHeader(begin);
    if (header.isPresent() && !isReadable(header.get().version())) {
      throw new UsageException(
          "the spool "
              + folder.directory()
              + " has version "
              + header.get().version()
              + ", but this library reads versions 1 to "
              + VERSION,
          null);
    }
    if (header.isEmpty() && length <= Segment.HEADER) {
      folder.delete(file); // begun by a process that was killed before anything was in it
      return;
    }
    long first = header.isPresent() ? header.get().first() : firstRecord(file, number, length);
    if (first < 0) {
      LOG.error("{} is no file of a spool and is set aside", file);
      folder.setAside(file);
      return;
    }
    var segment = new Segment(file, number, first, length, true);
    if (header.isEmpty()) {
      LOG.error("The header of {} cannot be read; its records are, and the file is kept", file);
      segment.foundDamage();
      folder.keep(file);
    }
    segments.put(number, segment);
    bytes.addAndGet(length);
  }

  private static boolean isReadable(int version) {
    return version >= 1 && version <= VERSION;
  }

  /**
   * The number of the first record that can be read; -1 if there is none. Each has a checksum of
   * its own, so that nothing is lost with a header.
   */
  private static long firstRecord(Path file, long number, long length) throws IOException {
    try (var reader =
        new SegmentReader(new Segment(file, number, 0, length, true), Segment.HEADER)) {
      return reader.next(length) ? reader.recordNumber() : -1;
    }
  }

  /** The number of the last record that can be read; -1 if there is none. */
  private long lastRecord() throws IOException {
    for (Segment segment : segments.descendingMap().values()) {
      long last = -1;
      try (var reader = new SegmentReader(segment, Segment.HEADER)) {
        while (reader.next(segment.end())) {
          last = Math.max(last, reader.recordNumber());
        }
      }
      if (last >= 0) {
        return last;
      }
      if (segment.first() > 0) {
        return segment.first() - 1; // nothing in it was ever confirmed
      }
    }
    return -1;
  }

  /** Where reading begins. */
  SpoolFolder.Position start() {
    return start;
  }

  /** The number that the next record will have; all before are on disk. */
  long nextRecord() {
    return nextRecord;
  }

  /** The file after the one of this number; null if there is none yet. */
  @Nullable Segment after(long number) {
    Map.Entry<Long, Segment> next = segments.higherEntry(number);
    return next == null ? null : next.getValue();
  }

  /** All files up to this one, without it, are stored. */
  void forgetBefore(long number) {
    for (Segment segment : segments.headMap(number).values()) {
      bytes.addAndGet(-segment.end());
      if (segment.damaged()) {
        folder.setAside(segment.path());
      } else {
        folder.delete(segment.path());
      }
      segments.remove(segment.number()); // last: who waits for it finds no file
    }
  }

  /**
   * Adds events. When it returns they are on disk.
   *
   * @throws UsageSink.RejectedException if one of them cannot be written for what is in it
   * @throws IOException if the disk is full or fails; then none of them counts as written, although
   *     some may be there
   */
  void append(List<UsageEvent> events) throws IOException, UsageSink.RejectedException {
    adding.lock();
    try {
      appendAll(events);
    } finally {
      adding.unlock();
    }
  }

  private void appendAll(List<UsageEvent> events) throws IOException, UsageSink.RejectedException {
    encode(events);
    if (bytes.get() + records.size() > maxBytes) {
      throw new IOException(
          "the spool "
              + folder.directory()
              + " has "
              + bytes
              + " of at most "
              + maxBytes
              + " bytes");
    }
    Segment segment = current;
    boolean used = segment != null && segment.end() > Segment.HEADER;
    try {
      appendOnce(events.size());
    } catch (IOException e) {
      if (!used) {
        throw e;
      }
      // The file may have reached a limit of its own, or its pages may be lost: try a new one.
      LOG.debug("Cannot append to {}", segment, e);
      appendOnce(events.size());
    }
  }

  private void encode(List<UsageEvent> events) throws UsageSink.RejectedException {
    records.cutTo(0);
    long number = nextRecord;
    long millis = clock.millis();
    for (UsageEvent event : events) {
      int at = records.size();
      records.fixedInt(Segment.MARK);
      records.fixedLong(0);
      records.fixedLong(number++);
      records.fixedLong(millis);
      try {
        EventBytes.write(event, records);
      } catch (RuntimeException e) {
        throw new UsageSink.RejectedException("cannot be written to a spool: " + event.id(), e);
      }
      int length = records.size() - at - Segment.RECORD_HEADER;
      if (length > Segment.MAX_PAYLOAD) {
        throw new UsageSink.RejectedException(
            "an event must have at most " + Segment.MAX_PAYLOAD + " bytes, but has " + length,
            new IllegalArgumentException(event.id().toString()));
      }
      records.putInt(at + 4, length);
      int checked = Segment.RECORD_HEADER - 12 + length;
      records.putInt(at + 8, Segment.checksum(records.array(), at + 12, checked));
    }
  }

  private void appendOnce(int events) throws IOException {
    RandomAccessFile file = file();
    Segment segment = current;
    if (segment == null) {
      throw new IllegalStateException("no file");
    }
    long end = segment.end();
    boolean written = false;
    try {
      file.seek(end);
      file.write(records.array(), 0, records.size());
      file.getFD().sync();
      written = true;
    } finally {
      if (!written) {
        giveUp(file, segment, end);
      }
    }
    bytes.addAndGet(records.size());
    long before = nextRecord;
    nextRecord = before + events;
    segment.durableTo(end + records.size());
    if (segment.end() >= segmentBytes) {
      endFile();
    }
  }

  /**
   * After a failed write or flush nobody knows what is on disk, so a file is not written to again.
   */
  private void giveUp(RandomAccessFile file, Segment segment, long end) {
    try {
      file.setLength(end);
    } catch (IOException e) {
      LOG.debug("Cannot cut {}", segment.path(), e);
    }
    boolean empty = end == Segment.HEADER;
    if (empty) {
      segments.remove(segment.number()); // before it is sealed, which lets the reader come to it
    }
    endFile();
    if (empty) {
      bytes.addAndGet(-Segment.HEADER);
      folder.delete(segment.path());
    }
  }

  /** The file that is appended to; begins one if there is none. */
  RandomAccessFile file() throws IOException {
    RandomAccessFile open = out;
    if (open != null) {
      return open;
    }
    long number = nextSegment++;
    Path path = folder.newFile(number);
    boolean begun = false;
    RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
    try {
      file.write(Segment.header(nextRecord));
      EventFileWriter.forceDirectory(folder.directory());
      begun = true;
    } finally {
      if (!begun) {
        file.close();
        folder.delete(path);
      }
    }
    var segment = new Segment(path, number, nextRecord, Segment.HEADER, false);
    bytes.addAndGet(Segment.HEADER);
    segments.put(number, segment);
    current = segment;
    out = file;
    return file;
  }

  private void endFile() {
    Segment segment = current;
    if (segment != null) {
      segment.seal();
    }
    try {
      if (out != null) {
        out.close();
      }
    } catch (IOException e) {
      LOG.debug("Cannot close a file of the spool", e);
    }
    current = null;
    out = null;
  }

  /**
   * Lets the next events go to a new file, so that the last one can be forgotten.
   *
   * @return the number of the last file that was begun; -1 if the disk took too long
   */
  long endFile(long nanos) {
    boolean held = false;
    try {
      held = adding.tryLock(nanos, TimeUnit.NANOSECONDS);
      if (!held) {
        return -1;
      }
      endFile();
      return nextSegment - 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return -1;
    } finally {
      if (held) {
        adding.unlock();
      }
    }
  }

  /** True if no file up to this number is needed any more. */
  boolean hasForgotten(long number) {
    return segments.headMap(number, true).isEmpty();
  }

  /** No more is added. */
  void close() {
    adding.lock();
    try {
      endFile();
    } finally {
      adding.unlock();
    }
  }
}
