package io.github.usage4j.internal;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.usage4j.UsageEvent;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes an {@link EventFile} beside its place and moves it there when it is whole and on the disk:
 * under the final name there is never half a file. Only the owner may read it. Not safe for use by
 * several threads.
 */
public final class EventFileWriter implements AutoCloseable {

  /** What the name of a file ends with until it is whole. */
  public static final String PART = ".part";

  private final Path target;
  private final Path directory;
  private final Path part;
  private final EventFile.Header header;
  private final FileChannel channel;
  private final GZIPOutputStream zip;
  private final OutputStream out;
  private final MessageDigest digest = EventFile.digest();
  private long count;
  private boolean closed;

  /**
   * Begins a file.
   *
   * @param target where it will be; a file that is there is replaced when this one is whole
   */
  public EventFileWriter(Path target, EventFile.Header header) throws IOException {
    this.target = target.toAbsolutePath();
    this.part = this.target.resolveSibling(this.target.getFileName() + PART);
    this.header = header;
    directory = Objects.requireNonNull(this.target.getParent(), () -> target + " is no file");
    createDirectories(directory);
    Files.deleteIfExists(part); // what a killed process left; writers hold the lock of their job
    channel = FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    boolean begun = false;
    try {
      if (Files.getFileStore(part).supportsFileAttributeView("posix")) {
        Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("rw-------"));
      }
      zip = new GZIPOutputStream(Channels.newOutputStream(channel), 1 << 16);
      out = new DigestOutputStream(new BufferedOutputStream(zip, 1 << 16), digest);
      line(headerLine());
      begun = true;
    } finally {
      if (!begun) {
        try (channel) {
          Files.deleteIfExists(part);
        }
      }
    }
  }

  private byte[] headerLine() throws IOException {
    var json = EventFile.MAPPER.createObjectNode();
    json.put("format", EventFile.FORMAT).put("version", EventFile.VERSION);
    if (header.organization() != null) {
      json.put("organization", header.organization());
    }
    if (header.from() != null) {
      json.put("from", header.from().toString());
    }
    if (header.to() != null) {
      json.put("to", header.to().toString());
    }
    if (header.count() != null) {
      json.put("count", header.count());
    }
    return EventFile.MAPPER.writeValueAsBytes(json);
  }

  /** Adds an event. */
  public void write(UsageEvent event, @Nullable Instant recordedAt) throws IOException {
    line(EventJson.write(event, recordedAt));
    count++;
  }

  private void line(byte[] bytes) throws IOException {
    out.write(bytes);
    out.write('\n');
  }

  /**
   * Ends the file: when this returns it is at its place, and stays there if the machine fails.
   *
   * @return how many events it has
   * @throws IllegalStateException if the header announced another number; nothing is moved then
   */
  public long commit() throws IOException {
    Long announced = header.count();
    if (announced != null && announced != count) {
      throw new IllegalStateException(
          target + " should get " + announced + " events, but got " + count);
    }
    String sha256 = HexFormat.of().formatHex(digest.digest());
    line(("{\"end\":" + count + ",\"sha256\":\"" + sha256 + "\"}").getBytes(UTF_8));
    out.flush();
    zip.finish();
    channel.force(true);
    out.close();
    Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    closed = true; // and nothing of it is left beside its place
    forceDirectory(directory);
    return count;
  }

  /**
   * Makes the names in this directory durable, where the system can.
   *
   * @throws IOException if the disk fails: names may be gone when the machine does
   */
  public static void forceDirectory(Path directory) throws IOException {
    FileChannel opened;
    try {
      opened = FileChannel.open(directory, StandardOpenOption.READ);
    } catch (IOException e) {
      return; // not every system opens directories; those that do not make names durable themselves
    }
    try (opened) {
      opened.force(true);
    }
  }

  /**
   * Creates a directory, and those above it, where there are none; those that it creates stay if
   * the machine fails.
   *
   * @param attributes of the last one
   * @throws java.nio.file.FileAlreadyExistsException if one of them is a file
   */
  public static void createDirectories(Path directory, FileAttribute<?>... attributes)
      throws IOException {
    Path parent = directory.toAbsolutePath().getParent();
    if (Files.isDirectory(directory) || parent == null) {
      return;
    }
    createDirectories(parent);
    try {
      Files.createDirectory(directory, attributes);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(directory)) {
        throw e;
      }
    }
    forceDirectory(parent);
  }

  /**
   * Gives the file up, if it was not committed.
   *
   * @throws IOException if what is left in memory cannot be written, as on a full disk; nothing of
   *     the file stays then either
   */
  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      try (channel) { // which a stream that cannot be finished leaves open
        out.close();
      } finally {
        Files.deleteIfExists(part);
      }
    }
  }
}
