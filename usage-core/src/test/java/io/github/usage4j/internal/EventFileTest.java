package io.github.usage4j.internal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.sink.UsageEvents;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventFileTest {

  private static final EventFile.Header HEADER = new EventFile.Header(null, null, null, null);
  private static final Instant RECORDED = Instant.parse("2026-11-21T12:00:01.000001Z");

  @TempDir Path directory;

  /** Labels live in one table only, and in no file. */
  private static UsageEvent withoutLabels(UsageEvent event) {
    Attribution who = event.attribution();
    return event.toBuilder().attribution(who.user(who.user()).customer(who.customer())).build();
  }

  private Path write(List<UsageEvent> events) throws IOException {
    Path file = directory.resolve("events.jsonl.gz");
    try (var writer = new EventFileWriter(file, HEADER)) {
      for (UsageEvent event : events) {
        writer.write(event, RECORDED);
      }
      writer.commit();
    }
    return file;
  }

  private static List<EventFile.Entry> read(Path file) {
    var entries = new ArrayList<EventFile.Entry>();
    try (var cursor = new EventFile(file).open()) {
      for (var entry = cursor.next(); entry != null; entry = cursor.next()) {
        entries.add(entry);
      }
    }
    return entries;
  }

  @Test
  void roundTrip_completeEvent_losesLabelsOnly() {
    UsageEvent event = UsageEvents.complete();

    byte[] line = EventJson.write(event, RECORDED);

    assertThat(EventJson.read(line)).isEqualTo(new EventFile.Entry(withoutLabels(event), RECORDED));
    assertThat(new String(line, UTF_8)).doesNotContain("Ada L.", "Customer 7", "\n");
  }

  /** A component that comes later must be written too. */
  @Test
  void write_everyComponent_isInTheLine() {
    String line = new String(EventJson.write(UsageEvents.complete(), RECORDED), UTF_8);
    for (var component : UsageEvent.class.getRecordComponents()) {
      String name =
          switch (component.getName()) {
            case "duration", "timeToFirstToken" -> component.getName() + "Micros";
            case "attribution" -> "organization";
            default -> component.getName();
          };
      assertThat(line).contains("\"" + name + "\":");
    }
    for (var component : Attribution.class.getRecordComponents()) {
      if (!component.getName().endsWith("Label")) {
        assertThat(line).contains("\"" + component.getName() + "\":");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void roundTrip_randomEvents_isExact(long seed) throws Exception {
    List<UsageEvent> events = UsageEvents.random(seed, 2_000);

    List<EventFile.Entry> read = read(write(events));

    assertThat(read)
        .extracting(EventFile.Entry::event)
        .isEqualTo(events.stream().map(EventFileTest::withoutLabels).toList());
    assertThat(read).extracting(EventFile.Entry::recordedAt).containsOnly(RECORDED);
  }

  @Test
  void read_fieldOfANewerVersion_isRefused() {
    String line = new String(EventJson.write(UsageEvents.complete(), null), UTF_8);
    for (String place : List.of("{\"id\"", "{\"input\"")) {
      String newer = line.replace(place, "{\"carbon\":1," + place.substring(1));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> EventJson.read(newer.getBytes(UTF_8)))
          .withMessageContaining("carbon");
    }
  }

  @Test
  void read_requiredFieldMissing_isNamed() {
    String line = new String(EventJson.write(UsageEvents.chat().build(), null), UTF_8);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> EventJson.read(line.replace("\"provider\"", "\"x\"").getBytes(UTF_8)))
        .withMessage("provider is missing");
  }

  @Test
  void verify_noEvents_isWhole() throws Exception {
    assertThat(new EventFile(write(List.of())).verify().count()).isZero();
  }

  @Test
  void verify_cutAnywhere_isNoticed() throws Exception {
    byte[] whole = Files.readAllBytes(write(UsageEvents.random(7, 12)));
    Path torn = directory.resolve("torn");
    for (int length = 0; length < whole.length; length += 1 + length % 7) {
      Files.write(torn, Arrays.copyOf(whole, length));
      assertThatExceptionOfType(UsageException.class)
          .as("%d of %d bytes", length, whole.length)
          .isThrownBy(() -> new EventFile(torn).verify());
    }
  }

  @Test
  void verify_bitFlippedInTheText_isNoticed() throws Exception {
    byte[] text = unzip(write(UsageEvents.random(8, 5)));
    var random = new Random(1);
    Path changed = directory.resolve("changed");
    for (int i = 0; i < 500; i++) {
      byte[] other = text.clone();
      other[random.nextInt(text.length)] ^= (byte) (1 << random.nextInt(7));
      zip(changed, other);
      assertThatThrownBy(() -> new EventFile(changed).verify()).isInstanceOf(UsageException.class);
    }
  }

  @Test
  void verify_lineTakenOutOrAppended_isNoticed() throws Exception {
    List<String> lines = new String(unzip(write(UsageEvents.random(9, 5))), UTF_8).lines().toList();
    var fewer = new ArrayList<>(lines);
    fewer.remove(2);
    var more = new ArrayList<>(lines);
    more.add(lines.get(1));
    Path changed = directory.resolve("changed");
    zip(changed, (String.join("\n", fewer) + "\n").getBytes(UTF_8));
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> new EventFile(changed).verify())
        .withMessageContaining("should have 5 events, but has 4");
    zip(changed, (String.join("\n", more) + "\n").getBytes(UTF_8));
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> new EventFile(changed).verify())
        .withMessageContaining("goes on after its trailer");
  }

  @Test
  void commit_otherNumberThanAnnounced_leavesNoFile() throws Exception {
    Path file = directory.resolve("wrong");
    try (var writer = new EventFileWriter(file, new EventFile.Header("acme", null, null, 2L))) {
      writer.write(UsageEvents.chat().build(), null);
      assertThatThrownBy(writer::commit).isInstanceOf(IllegalStateException.class);
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void close_withoutCommit_leavesTheOldFile() throws Exception {
    Path file = write(UsageEvents.random(1, 3));
    try (var writer = new EventFileWriter(file, HEADER)) {
      writer.write(UsageEvents.chat().build(), null);
    }
    assertThat(read(file)).hasSize(3);
    assertThat(directory.toFile().list()).containsExactly("events.jsonl.gz");
  }

  /** As on a full disk: what is left in memory cannot be written when the file is closed. */
  @Test
  void close_thatCannotWrite_leavesNothing() throws Exception {
    var writer = new EventFileWriter(directory.resolve("full"), HEADER);
    writer.write(UsageEvents.chat().build(), null);
    Thread.currentThread().interrupt(); // which closes the file on its first write
    try {
      assertThatThrownBy(writer::close).isInstanceOf(IOException.class);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void commit_thatCannotBeMoved_leavesNothing() throws Exception {
    Path taken = Files.createDirectories(directory.resolve("taken").resolve("inside")).getParent();
    try (var writer = new EventFileWriter(taken, HEADER)) {
      writer.write(UsageEvents.chat().build(), null);
      assertThatThrownBy(writer::commit).isInstanceOf(IOException.class);
    }
    assertThat(directory.toFile().list()).containsExactly("taken");
  }

  private static byte[] unzip(Path file) throws IOException {
    try (var in = new GZIPInputStream(new ByteArrayInputStream(Files.readAllBytes(file)))) {
      return in.readAllBytes();
    }
  }

  private static void zip(Path file, byte[] text) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(bytes)) {
      out.write(text);
    }
    Files.write(file, bytes.toByteArray());
  }
}
