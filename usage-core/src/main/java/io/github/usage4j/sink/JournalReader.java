package io.github.usage4j.sink;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageMetrics.DropReason;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the events of a {@link Journal} in order, and forgets what is stored. A record that cannot
 * be read is counted as dropped, and its file is kept. Used by one thread.
 */
final class JournalReader {

  private static final Logger LOG = LoggerFactory.getLogger(UsageSink.class);

  private final Journal journal;
  private final SpoolFolder folder;
  private final DeliveryCounts counts;
  private long segmentNumber;
  private long offset;
  private long nextRecord;
  private @Nullable Segment segment;
  private @Nullable SegmentReader file;
  private volatile long forgotten;
  private volatile long oldestMillis;

  JournalReader(Journal journal, SpoolFolder folder, DeliveryCounts counts) {
    this.journal = journal;
    this.folder = folder;
    this.counts = counts;
    SpoolFolder.Position start = journal.start();
    segmentNumber = start.segment();
    offset = start.offset();
    nextRecord = start.record();
    forgotten = start.record();
  }

  /** The number of the first record that is not stored. */
  long forgotten() {
    return forgotten;
  }

  /** When the oldest event was written that was read and not forgotten; 0 if there is none. */
  long oldestMillis() {
    return oldestMillis;
  }

  /** Adds what comes next, up to so many events in the list; nothing if there is nothing more. */
  void read(int atMost, List<UsageEvent> into) throws IOException {
    boolean done = false;
    try {
      while (into.size() < atMost && prepareFile()) {
        Segment from = segment;
        SegmentReader reader = file;
        if (from == null || reader == null) {
          break;
        }
        // Sealed first: then the end that is seen after it is the last one.
        boolean sealed = from.sealed();
        long end = from.end();
        boolean found = reader.offset() < end && reader.next(end);
        if (found) {
          take(reader, from, into);
        }
        offset = reader.offset(); // not before it was taken: what fails is read again
        if (!found && (!sealed || !nextFile(from))) {
          break;
        }
      }
      done = true;
    } finally {
      if (!done) {
        closeFile(); // what failed is opened again at the same place
      }
    }
  }

  private void take(SegmentReader reader, Segment from, List<UsageEvent> into) {
    long number = reader.recordNumber();
    if (number > nextRecord) {
      lost(number - nextRecord, from);
    }
    UsageEvent event = null;
    try {
      event = EventBytes.read(reader.payload(), reader.recordVersion());
    } catch (RuntimeException e) {
      LOG.error("Record {} of {} is not an event", number, from.path(), e);
      lost(1, from);
    }
    if (event != null && into.isEmpty()) {
      oldestMillis = reader.millis();
    }
    if (event != null) {
      into.add(event);
    }
    nextRecord = Math.max(nextRecord, number + 1);
  }

  private void lost(long records, Segment from) {
    LOG.error("{} usage events in {} cannot be read; the file is kept", records, from.path());
    if (!from.damaged()) {
      from.foundDamage();
      folder.keep(from.path()); // now: the next process may begin behind the damage
    }
    counts.drop((int) Math.min(Integer.MAX_VALUE, records), DropReason.CORRUPT);
  }

  private boolean prepareFile() throws IOException {
    if (file != null) {
      return true;
    }
    // Asked for each time: a file that was there is gone if the first write to it failed.
    Segment next = journal.after(segmentNumber - 1);
    if (next == null || !next.stays()) {
      return false;
    }
    long from = next.number() == segmentNumber ? offset : Segment.HEADER;
    file = new SegmentReader(next, from); // first, because it may fail
    segment = next;
    segmentNumber = next.number();
    offset = from;
    return true;
  }

  /** False if there is none yet. */
  private boolean nextFile(Segment from) {
    Segment next = journal.after(from.number());
    if (next == null || !next.stays()) {
      return false;
    }
    if (next.first() > nextRecord) {
      lost(next.first() - nextRecord, from);
      nextRecord = next.first();
    }
    closeFile();
    segment = next;
    segmentNumber = next.number();
    offset = Segment.HEADER;
    return true;
  }

  /** Everything that was read is stored. */
  void forget() {
    if (folder.isClosed()) {
      return;
    }
    folder.writePosition(new SpoolFolder.Position(segmentNumber, offset, nextRecord));
    journal.forgetBefore(segmentNumber);
    oldestMillis = 0;
    forgotten = nextRecord;
  }

  /** Forgets the last file too, if nothing more will be added to it and all of it is stored. */
  void forgetEnded() {
    Segment last = segment;
    // Sealed first: then the end that is seen after it is the last one.
    if (last != null
        && last.sealed()
        && offset >= last.end()
        && journal.after(last.number()) == null) {
      closeFile();
      segment = null;
      segmentNumber = last.number() + 1;
      offset = Segment.HEADER;
      forget();
    }
  }

  void closeFile() {
    SegmentReader open = file;
    file = null;
    try {
      if (open != null) {
        open.close();
      }
    } catch (IOException e) {
      LOG.debug("Cannot close a file of the spool", e);
    }
  }
}
