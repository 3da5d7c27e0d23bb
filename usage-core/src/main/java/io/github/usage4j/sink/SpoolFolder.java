package io.github.usage4j.sink;

import io.github.usage4j.UsageException;
import io.github.usage4j.internal.EventFileWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of a spool, held by one process: its lock, its files, and the position up to which
 * everything is stored.
 */
final class SpoolFolder {

  private static final Logger LOG = LoggerFactory.getLogger(UsageSink.class);
  private static final int POSITION_BYTES = 28;
  private static final String CORRUPT = ".corrupt";

  private final Path directory;
  private final boolean posix;
  private final FileChannel lock;
  private @Nullable RandomAccessFile positionFile;
  private boolean positionFailed;
  private boolean closed;

  /**
   * Up to where everything is stored.
   *
   * @param segment number of the file
   * @param offset in it
   * @param record number of the next record
   */
  record Position(long segment, long offset, long record) {}

  private SpoolFolder(Path directory, boolean posix, FileChannel lock) {
    this.directory = directory;
    this.posix = posix;
    this.lock = lock;
  }

  /**
   * Takes hold of the folder, which is created if it is not there.
   *
   * @throws UsageException if it cannot be used, or another process or tracker has it
   */
  static SpoolFolder open(Path directory) {
    try {
      boolean posix = directory.getFileSystem().supportedFileAttributeViews().contains("posix");
      EventFileWriter.createDirectories(directory, attributes(posix, "rwx------"));
      FileChannel lock = lock(directory.resolve("lock"), posix);
      return new SpoolFolder(directory, posix, lock);
    } catch (FileAlreadyExistsException e) {
      throw new UsageException(
          "the spool " + directory + " must be a folder, but " + e.getFile() + " is a file", e);
    } catch (IOException e) {
      throw new UsageException("the spool " + directory + " cannot be used: " + e, e);
    }
  }

  private static FileChannel lock(Path file, boolean posix) throws IOException {
    create(file, posix);
    FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
    boolean locked = false;
    try {
      locked = channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      LOG.debug("Locked by this process", e);
    } finally {
      if (!locked) {
        channel.close();
      }
    }
    if (!locked) {
      throw new UsageException(
          "the spool "
              + file.getParent()
              + " is in use by another tracker or process: each needs a folder of its own",
          null);
    }
    return channel;
  }

  /** Readable by its owner only, from the first moment on. */
  private static void create(Path file, boolean posix) throws IOException {
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      Files.createFile(file, attributes(posix, "rw-------"));
    }
  }

  private static FileAttribute<?>[] attributes(boolean posix, String permissions) {
    return posix
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  Path directory() {
    return directory;
  }

  /** The files of the spool in the order in which they were written. */
  List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return new ArrayList<>(
          all.filter(path -> Segment.numberOf(path).isPresent()).sorted().toList());
    }
  }

  /** The greatest number that a file has that was set aside; 0 if there is none. */
  long lastSetAside() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(path -> path.getFileName().toString())
          .filter(name -> name.endsWith(CORRUPT) && name.contains(Segment.SUFFIX))
          .map(name -> name.substring(0, name.indexOf(Segment.SUFFIX)) + Segment.SUFFIX)
          .flatMap(name -> Segment.numberOf(Path.of(name)).stream())
          .mapToLong(number -> number)
          .max()
          .orElse(0);
    }
  }

  /** A new file; whoever needs its name to stay forces the folder. */
  Path newFile(long number) throws IOException {
    Path file = directory.resolve(Segment.name(number));
    create(file, posix);
    return file;
  }

  /** True if no file up to this number is there, nor one that was set aside. */
  boolean hasNothingUpTo(long number) {
    try (Stream<Path> all = Files.list(directory)) {
      List<Path> left =
          all.filter(
                  path ->
                      Segment.numberOf(path).map(found -> found <= number).orElse(false)
                          || path.toString().endsWith(CORRUPT))
              .toList();
      if (!left.isEmpty()) {
        LOG.warn("Events are left in {}", left);
      }
      return left.isEmpty();
    } catch (IOException e) {
      LOG.warn("Cannot list {}", directory, e);
      return false;
    }
  }

  /**
   * Gives a file in which something is wrong a second name, under which it stays for people. From
   * now on it is kept whatever becomes of this process; it can be read and deleted as before.
   */
  void keep(Path file) {
    try {
      Path kept = nameToKeep(file);
      if (!Files.exists(kept)) {
        try {
          Files.createLink(kept, file);
        } catch (IOException | UnsupportedOperationException e) {
          LOG.debug("There are no links here", e);
          Files.copy(file, kept, StandardCopyOption.COPY_ATTRIBUTES);
        }
        EventFileWriter.forceDirectory(directory);
      }
    } catch (IOException e) {
      LOG.warn("Cannot keep {}; it is tried again when all of it is stored", file, e);
    }
  }

  /** Takes a file in which something is wrong out of the way, and keeps it for people. */
  void setAside(Path file) {
    try {
      Path kept = nameToKeep(file);
      if (Files.exists(kept)) {
        Files.delete(file);
      } else {
        Files.move(file, kept);
      }
    } catch (IOException e) {
      LOG.warn("Cannot set {} aside", file, e);
    }
  }

  /** The name under which the file is kept already, or else one that is free. */
  private static Path nameToKeep(Path file) throws IOException {
    Path kept = file.resolveSibling(file.getFileName() + CORRUPT);
    for (int i = 2; Files.exists(kept) && Files.mismatch(kept, file) >= 0; i++) {
      kept = file.resolveSibling(file.getFileName() + "." + i + CORRUPT);
    }
    return kept;
  }

  void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      LOG.warn("Cannot delete {}; its events are stored and will be delivered again", file, e);
    }
  }

  /** The position that was written last; null if there is none that can be read. */
  @Nullable Position readPosition() throws IOException {
    Path file = directory.resolve("position");
    if (!Files.exists(file)) {
      return null;
    }
    byte[] bytes = Files.readAllBytes(file);
    var position = ByteBuffer.wrap(bytes);
    boolean whole =
        bytes.length >= POSITION_BYTES
            && position.getInt(POSITION_BYTES - 4)
                == Segment.checksum(bytes, 0, POSITION_BYTES - 4);
    return whole
        ? new Position(position.getLong(0), position.getLong(8), position.getLong(16))
        : null;
  }

  /**
   * Remembers the position. It is not forced to the disk, and a failure is no more than a warning:
   * who finds an older one delivers events again, which changes nothing.
   */
  synchronized void writePosition(Position position) {
    if (closed) {
      return; // another process may have the folder by now
    }
    var bytes = ByteBuffer.allocate(POSITION_BYTES);
    bytes.putLong(position.segment()).putLong(position.offset()).putLong(position.record());
    bytes.putInt(Segment.checksum(bytes.array(), 0, POSITION_BYTES - 4));
    try {
      RandomAccessFile file = positionFile;
      if (file == null) {
        Path path = directory.resolve("position");
        create(path, posix);
        file = new RandomAccessFile(path.toFile(), "rw");
        positionFile = file;
      }
      file.seek(0);
      file.write(bytes.array());
    } catch (IOException e) {
      if (!positionFailed) {
        positionFailed = true;
        LOG.warn("Cannot remember what is stored of {}; it may be delivered again", directory, e);
      }
    }
  }

  boolean isClosed() {
    synchronized (this) {
      return closed;
    }
  }

  /** Gives the folder back. */
  synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      if (positionFile != null) {
        positionFile.close();
      }
    } catch (IOException e) {
      LOG.debug("Cannot close the position of {}", directory, e);
    }
    try {
      lock.close();
    } catch (IOException e) {
      LOG.debug("Cannot close the lock of {}", directory, e);
    }
  }
}
