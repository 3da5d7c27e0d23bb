package io.github.usage4j.internal;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of dead letters and those that a replay leaves beside it, to be changed together with
 * something else: {@link #prepare} writes the changed forms beside them, {@link #settle} puts them
 * in place, or forgets them. What is added in between is not lost; a process that dies in between
 * leaves enough for the next one to settle. Safe for use by several threads of one process.
 */
public final class LetterFile {

  /**
   * Held by whoever reads, adds to, moves or replaces a file of letters: letters are rare, and two
   * objects may be for one file.
   */
  public static final Object FILES = new Object();

  /**
   * Held as long as letters are on their way somewhere: what is delivered and what is changed at
   * the same time would come back as it was. Taken before {@link #FILES}.
   */
  public static final ReentrantLock ON_THE_WAY = new ReentrantLock();

  /** What a file is called while its letters are delivered again. */
  public static final String REPLAYING = ".replaying";

  /** What a file is called that has lines which cannot be read. */
  public static final String UNREADABLE = ".unreadable";

  private static final String CHANGED = ".changed-";
  private static final String PART = ".part";
  private static final Logger LOG = LoggerFactory.getLogger(LetterFile.class);
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private final Path file;

  /**
   * The letters in this file, which need not be there.
   *
   * @param file its last part is a name
   */
  public LetterFile(Path file) {
    this.file = file.toAbsolutePath();
  }

  /**
   * What becomes of the letters of one organization.
   *
   * @param organization "" is unattributed
   * @param name who or what is erased; a line that this version cannot read is removed if it has
   *     this text
   * @param events changes an event; one that it does not concern comes back as it was
   */
  public record Change(String organization, String name, UnaryOperator<UsageEvent> events) {

    private UsageEvent apply(UsageEvent event) {
      return isOf(event, organization) ? events.apply(event) : event;
    }

    private boolean concerns(JsonNode unreadable) {
      JsonNode stated = unreadable.path("event").path("organization");
      return (!stated.isTextual() || stated.textValue().equals(organization))
          && hasText(unreadable);
    }

    private boolean hasText(JsonNode json) {
      if (json.isTextual()) {
        return name.equals(json.textValue());
      }
      for (JsonNode part : json) {
        if (hasText(part)) {
          return true;
        }
      }
      return false;
    }
  }

  private static boolean isOf(UsageEvent event, String organization) {
    return organization.equals(Objects.requireNonNullElse(event.attribution().organization(), ""));
  }

  private List<Path> files() {
    return Stream.of("", REPLAYING, UNREADABLE)
        .map(suffix -> file.resolveSibling(file.getFileName() + suffix))
        .toList();
  }

  private Path directory() {
    Path parent = file.getParent();
    if (parent == null) {
      throw new UsageException(file + " is no file", null);
    }
    return parent;
  }

  /** Shows every event of an organization, "" being unattributed, that can be read. */
  public void forEach(String organization, Consumer<UsageEvent> reader) throws IOException {
    synchronized (FILES) {
      for (Path path : files()) {
        forEachLine(
            path,
            0,
            line -> {
              LetterLine letter = LetterLine.parse(line);
              if (letter != null && isOf(letter.event(), organization)) {
                reader.accept(letter.event());
              }
            });
      }
    }
  }

  /** Writes the changed forms beside the files. */
  public void prepare(String token, Change change) throws IOException {
    synchronized (FILES) {
      for (Path path : files()) {
        prepare(path, token, change);
      }
    }
  }

  private void prepare(Path path, String token, Change change) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    long length = Files.size(path);
    write(
        path,
        token,
        length,
        out ->
            forEachLine(
                path,
                0,
                line -> {
                  byte[] changed = changed(path, line, change);
                  if (changed != null) {
                    out.write(changed);
                    out.write('\n');
                  }
                }));
  }

  /** Null takes the line out. */
  private static byte @Nullable [] changed(Path path, byte[] line, Change change)
      throws IOException {
    LetterLine letter = LetterLine.parse(line);
    if (letter != null) {
      UsageEvent event = change.apply(letter.event());
      // What the sink said may quote the event.
      return event.equals(letter.event())
          ? line
          : new LetterLine(event, letter.reason(), letter.at(), "").bytes();
    }
    if (line.length == 0) {
      return null;
    }
    JsonNode json = jsonOrNull(line);
    if (json != null && !change.concerns(json)) {
      return line;
    }
    LOG.warn(
        "A line of {} that cannot be read is removed: {}",
        path,
        json == null ? "nobody can tell whose it is" : "it names what is erased");
    return null;
  }

  /** A line that was cut off is none. */
  private static @Nullable JsonNode jsonOrNull(byte[] line) {
    try {
      JsonNode json = MAPPER.readTree(line);
      return json.isObject() ? json : null;
    } catch (IOException e) {
      LOG.debug("Not JSON", e);
      return null;
    }
  }

  /** The tokens of changes that were prepared and not settled, by a process that died. */
  public List<String> pending() throws IOException {
    synchronized (FILES) {
      var tokens = new ArrayList<String>();
      for (Path path : files()) {
        for (Path changed : beside(path, "")) {
          String rest = name(changed).substring(name(path).length() + CHANGED.length());
          String token = rest.substring(0, rest.indexOf('-'));
          if (!tokens.contains(token)) {
            tokens.add(token);
          }
        }
      }
      return tokens;
    }
  }

  /**
   * Ends a change.
   *
   * @param happened whether what it belongs to happened; else it is forgotten
   * @param change applied to what was added since it was prepared; null if nobody knows it any more
   */
  public void settle(String token, boolean happened, @Nullable Change change) throws IOException {
    synchronized (FILES) {
      for (Path path : files()) {
        if (happened && change != null) {
          prepare(path, token, change);
        }
        settle(path, token, happened);
      }
    }
  }

  private void settle(Path path, String token, boolean happened) throws IOException {
    if (beside(path, token).isEmpty()) {
      return;
    }
    List<Path> found = prepared(path, token);
    if (happened && !found.isEmpty()) {
      Path last = found.get(found.size() - 1);
      long length = length(last);
      if (Files.exists(path) && Files.size(path) > length) {
        LOG.warn(
            "Letters were added to {} after an erasure was cut off, and stay as they are: whoever"
                + " they name must be erased again",
            path);
        Path before = last;
        last =
            write(
                path,
                token,
                Files.size(path),
                out -> {
                  Files.copy(before, out);
                  forEachLine(
                      path,
                      length,
                      line -> {
                        if (line.length > 0) {
                          out.write(line);
                          out.write('\n');
                        }
                      });
                });
      }
      for (Path older : found) {
        if (!older.equals(last)) {
          Files.deleteIfExists(older); // before: after the move its length would mean nothing
        }
      }
      Files.move(last, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
    for (Path left : beside(path, token)) {
      Files.delete(left);
    }
    EventFileWriter.forceDirectory(directory());
  }

  /** In the order of the length that the file had when they were made. */
  private List<Path> prepared(Path path, String token) throws IOException {
    return beside(path, token).stream()
        .filter(each -> !name(each).endsWith(PART))
        .sorted(Comparator.comparingLong(LetterFile::length))
        .toList();
  }

  /** Also what a killed process had not written to its end. */
  private List<Path> beside(Path path, String token) throws IOException {
    if (!Files.isDirectory(directory())) {
      return List.of();
    }
    String begin = name(path) + CHANGED + (token.isEmpty() ? "" : token + "-");
    try (Stream<Path> all = Files.list(directory())) {
      return all.filter(each -> name(each).startsWith(begin)).toList();
    }
  }

  private static long length(Path prepared) {
    String name = name(prepared);
    return Long.parseLong(name.substring(name.lastIndexOf('-') + 1));
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }

  private interface Writing {
    void to(OutputStream out) throws IOException;
  }

  /** Under its name there is never half a file; one of the same change for less is in its place. */
  private Path write(Path path, String token, long length, Writing writing) throws IOException {
    Path target = path.resolveSibling(name(path) + CHANGED + token + "-" + length);
    Path part = target.resolveSibling(name(target) + PART);
    Files.deleteIfExists(part);
    create(part);
    try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
      var out = new BufferedOutputStream(Channels.newOutputStream(channel));
      writing.to(out);
      out.flush();
      channel.force(true);
    }
    Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    EventFileWriter.forceDirectory(directory());
    for (Path older : prepared(path, token)) {
      if (!older.equals(target)) {
        Files.delete(older);
      }
    }
    return target;
  }

  /**
   * Creates a file that only its owner may read, and the directory that it is in. Its name stays if
   * the machine fails.
   */
  public static void create(Path file) throws IOException {
    Path parent =
        Objects.requireNonNull(file.toAbsolutePath().getParent(), () -> file + " is no file");
    EventFileWriter.createDirectories(parent);
    boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
    FileAttribute<?>[] ownerOnly = {
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
    };
    Files.createFile(file, posix ? ownerOnly : new FileAttribute<?>[0]);
    EventFileWriter.forceDirectory(parent);
  }

  private interface LineReader {
    void read(byte[] line) throws IOException;
  }

  /** A line that is too long is none: no letter has so many bytes. */
  private static void forEachLine(Path path, long from, LineReader reader) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    try (InputStream file = Files.newInputStream(path)) {
      file.skipNBytes(from);
      var in = new BufferedInputStream(file);
      for (boolean more = true; more; ) {
        try {
          byte[] line = Lines.read(in, LetterLine.MAX_BYTES);
          more = line != null;
          if (line != null) {
            reader.read(line);
          }
        } catch (Lines.TooLongException e) {
          LOG.warn("A line of {} is passed over: {}", path, e.getMessage());
        }
      }
    }
  }
}
