package io.github.usage4j.sink;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;

/**
 * Reads the records of a file one after the other, and goes on behind those that are damaged. A
 * {@link RandomAccessFile}, because a channel is closed by an interrupt of whoever uses it. Used by
 * one thread, closed by any.
 */
final class SegmentReader implements Closeable {

  private static final int FIRST_BUFFER = 1 << 17;

  private final RandomAccessFile file;
  private byte[] buffer = new byte[FIRST_BUFFER];
  private long bufferAt;
  private int buffered;
  private long offset;
  private int recordVersion;
  private long recordNumber;
  private long millis;
  private int payloadAt;
  private int payloadLength;
  private long skipped;

  SegmentReader(Segment segment, long offset) throws IOException {
    file = new RandomAccessFile(segment.path().toFile(), "r");
    this.offset = offset;
    bufferAt = offset;
  }

  /** Where the next record begins, or would begin. */
  long offset() {
    return offset;
  }

  /** The version of the record that {@link #next} found: how its content is written. */
  int recordVersion() {
    return recordVersion;
  }

  /** The number of the record that {@link #next} found. */
  long recordNumber() {
    return recordNumber;
  }

  /** When it was written. */
  long millis() {
    return millis;
  }

  /** Its content; valid until the next call of {@link #next}. */
  ByteBuffer payload() {
    return ByteBuffer.wrap(buffer, payloadAt, payloadLength).slice();
  }

  /** How many bytes were passed over before the record, or the end, because they are none. */
  long skipped() {
    return skipped;
  }

  /**
   * Goes to the next record.
   *
   * @param end up to where the file can be read
   * @return false if there is none before the end
   */
  boolean next(long end) throws IOException {
    skipped = 0;
    while (offset + Segment.RECORD_HEADER <= end) {
      if (isRecord(end)) {
        offset += Segment.RECORD_HEADER + payloadLength;
        return true;
      }
      offset++;
      skipped++;
    }
    skipped += end - offset;
    offset = Math.max(offset, end);
    return false;
  }

  private boolean isRecord(long end) throws IOException {
    if (!load(Segment.RECORD_HEADER, end)) {
      return false;
    }
    int at = (int) (offset - bufferAt);
    var header = ByteBuffer.wrap(buffer);
    int length = header.getInt(at + 4);
    int version = Segment.versionOf(header.getInt(at));
    if (version == 0
        || length < 0
        || length > Segment.MAX_PAYLOAD
        || offset + Segment.RECORD_HEADER + length > end
        || !load(Segment.RECORD_HEADER + length, end)) {
      return false;
    }
    at = (int) (offset - bufferAt);
    header = ByteBuffer.wrap(buffer);
    int checked = Segment.RECORD_HEADER - 12 + length;
    if (header.getInt(at + 8) != Segment.checksum(buffer, at + 12, checked)) {
      return false;
    }
    recordVersion = version;
    recordNumber = header.getLong(at + 12);
    millis = header.getLong(at + 20);
    payloadAt = at + Segment.RECORD_HEADER;
    payloadLength = length;
    return true;
  }

  /** Sees to it that so many bytes from the offset on are in the buffer. */
  private boolean load(int wanted, long end) throws IOException {
    if (offset >= bufferAt && offset + wanted <= bufferAt + buffered) {
      return true;
    }
    if (buffer.length < wanted) {
      buffer = new byte[wanted];
    }
    file.seek(offset);
    bufferAt = offset;
    buffered = 0;
    int most = (int) Math.min(buffer.length, end - offset);
    while (buffered < most) {
      int read = file.read(buffer, buffered, most - buffered);
      if (read < 0) {
        break;
      }
      buffered += read;
    }
    return buffered >= wanted;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
