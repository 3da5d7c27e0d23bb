package io.github.usage4j.sink;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * One file of a spool: a header, then records. Written by one thread, read by another up to what is
 * known to be on disk. Records are never changed, and after a restart nothing is added to a file.
 *
 * <pre>
 * header  8 "USAGE4J\n" | 4 version | 4 zero | 8 number of the first record | 4 CRC32C | 4 zero
 * record  4 mark | 4 length of payload | 4 CRC32C | 8 number | 8 milliseconds | payload
 * </pre>
 *
 * <p>The checksum of a record is over everything after it. The mark and the number are there so
 * that what follows a damaged record is found, and the damage counted. Each version has a mark of
 * its own, so that a record can be read although the header of its file cannot.
 */
final class Segment {

  static final String SUFFIX = ".spool";
  static final int HEADER = 32;
  static final int RECORD_HEADER = 28;
  static final int MARK = 0x55344A53; // U4JS
  static final int MAX_PAYLOAD = 1 << 20;

  private static final int MARK_OF_VERSION_1 = 0x55344A52; // U4JR
  private static final long MAGIC = 0x5553414745344A0AL; // USAGE4J\n
  private static final int CHECKED_HEADER = 24;

  private final Path path;
  private final long number;
  private final long first;
  private volatile long end;
  private volatile boolean sealed;
  private volatile boolean damaged;

  /**
   * A file.
   *
   * @param number of the file
   * @param first the number of its first record
   * @param end how many bytes can be read
   * @param sealed whether no more will come
   */
  Segment(Path path, long number, long first, long end, boolean sealed) {
    this.path = path;
    this.number = number;
    this.first = first;
    this.end = end;
    this.sealed = sealed;
  }

  static String name(long number) {
    return String.format(Locale.ROOT, "%016x%s", number, SUFFIX);
  }

  /** The number in a file name; empty if it is no file of a spool. */
  static Optional<Long> numberOf(Path path) {
    String name = path.getFileName().toString();
    try {
      return name.endsWith(SUFFIX)
          ? Optional.of(Long.parseLong(name.substring(0, name.length() - SUFFIX.length()), 16))
          : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  static byte[] header(long first) {
    var header = ByteBuffer.allocate(HEADER);
    header.putLong(MAGIC).putInt(Journal.VERSION).putInt(0).putLong(first);
    header.putInt(checksum(header.array(), 0, CHECKED_HEADER));
    return header.array();
  }

  /** What a header says. */
  record Header(int version, long first) {}

  /** Empty if this is not the header of any version. */
  static Optional<Header> parseHeader(byte[] bytes) {
    var header = ByteBuffer.wrap(bytes);
    if (bytes.length < HEADER
        || header.getLong(0) != MAGIC
        || header.getInt(CHECKED_HEADER) != checksum(bytes, 0, CHECKED_HEADER)) {
      return Optional.empty();
    }
    return Optional.of(new Header(header.getInt(8), header.getLong(16)));
  }

  /** The version of a record that begins with this; 0 if none does. */
  static int versionOf(int mark) {
    return switch (mark) {
      case MARK -> Journal.VERSION;
      case MARK_OF_VERSION_1 -> 1;
      default -> 0;
    };
  }

  static int checksum(byte[] bytes, int from, int length) {
    var crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  Path path() {
    return path;
  }

  long number() {
    return number;
  }

  long first() {
    return first;
  }

  long end() {
    return end;
  }

  /** So many bytes are on disk. */
  void durableTo(long bytes) {
    end = bytes;
  }

  /** True if {@link #end} does not change any more. */
  boolean sealed() {
    return sealed;
  }

  void seal() {
    sealed = true;
  }

  /** False as long as it goes again if the first write to it fails. */
  boolean stays() {
    return sealed || end > HEADER;
  }

  /** Whether something in it could not be read: it is worth keeping. */
  boolean damaged() {
    return damaged;
  }

  void foundDamage() {
    damaged = true;
  }
}
