package io.github.usage4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.usage4j.Attribution;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageMetrics.DropReason;
import io.github.usage4j.internal.LetterFile.Change;
import io.github.usage4j.sink.DeadLetters;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageBuffer;
import io.github.usage4j.sink.UsageEvents;
import io.github.usage4j.sink.UsageSink;
import io.github.usage4j.track.UsageTracker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Letters that are changed together with something else. */
class LetterFileTest {

  // Names that cannot stand in a random id, which is hexadecimal, nor in a time.
  private static final Attribution GRACE =
      Attribution.organization("acme").user("grace", "Gr\u00e4ce \uD83E\uDD8A");
  private static final Attribution BOB = Attribution.organization("acme").user("bob", "Bob");
  private static final Change ERASE_GRACE =
      new Change(
          "acme",
          "grace",
          event ->
              "grace".equals(event.attribution().user())
                  ? event.toBuilder().attribution(event.attribution().user("x")).build()
                  : event);

  @TempDir Path directory;

  private Path path() {
    return directory.resolve("letters.jsonl");
  }

  private static String letter(Attribution who) throws IOException {
    UsageEvent event = UsageEvents.chat().attribution(who).build();
    var line = new LetterLine(event, DropReason.REJECTED, Instant.EPOCH, "it quotes " + who);
    return new String(line.bytes(), java.nio.charset.StandardCharsets.UTF_8) + "\n";
  }

  private void add(String lines) throws IOException {
    Files.writeString(path(), lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private List<String> users() {
    var users = new ArrayList<String>();
    DeadLetters.in(path()).forEach(letter -> users.add(letter.event().attribution().user()));
    return users;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  private LetterFile file() {
    return new LetterFile(path());
  }

  @Test
  void settle_letters_areChangedInOrderAlsoThoseAddedMeanwhile() throws Exception {
    String bob = letter(BOB);
    add(letter(GRACE) + bob);

    file().prepare("f0", ERASE_GRACE);
    add(letter(GRACE) + letter(GRACE.tag("a", "b")));
    assertThat(users()).containsExactly("grace", "bob", "grace", "grace");
    file().settle("f0", true, ERASE_GRACE);

    assertThat(users()).containsExactly("x", "bob", "x", "x");
    assertThat(Files.readString(path())).contains(bob).doesNotContain("grace", "Gr\u00e4ce");
    assertThat(files()).containsExactly(path());
    assertThat(Files.getPosixFilePermissions(path()))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void settle_byAnotherProcess_keepsWhatWasAddedMeanwhile() throws Exception {
    add(letter(GRACE) + "{\"torn");
    file().prepare("f0", ERASE_GRACE);
    add("\n" + letter(BOB) + letter(GRACE));
    assertThat(file().pending()).containsExactly("f0");

    file().settle("f0", true, null);

    assertThat(users()).containsExactly("x", "bob", "grace");
    assertThat(file().pending()).isEmpty();
    assertThat(files()).containsExactly(path());
  }

  @Test
  void settle_whatDidNotHappen_leavesEverythingAsItWas() throws Exception {
    add(letter(GRACE) + "oops\n");
    String before = Files.readString(path());
    file().prepare("f0", ERASE_GRACE);
    file().settle("f0", false, null);
    assertThat(Files.readString(path())).isEqualTo(before);
    assertThat(files()).containsExactly(path());
  }

  /** Each state that a killed process can leave leads to the same end. */
  @Test
  void settle_killedInBetween_isGoneOnWith() throws Exception {
    add(letter(GRACE));
    file().prepare("f0", ERASE_GRACE);
    long length = Files.size(path());
    add(letter(BOB));
    Path shorter = directory.resolve("letters.jsonl.changed-f0-" + length);
    Path longer = directory.resolve("letters.jsonl.changed-f0-" + Files.size(path()));
    // It was killed after it had written the longer one, and while it wrote that.
    Files.writeString(longer, Files.readString(shorter) + letter(BOB));
    Files.writeString(longer.resolveSibling(longer.getFileName() + ".part"), "half");

    file().settle("f0", true, null);

    assertThat(users()).containsExactly("x", "bob");
    assertThat(files()).containsExactly(path());
    file().settle("f0", true, null);
    assertThat(users()).containsExactly("x", "bob");
  }

  @Test
  void prepare_linesThatCannotBeRead_goIfTheyMayBeOfThem() throws Exception {
    String newer = "{\"event\":{\"organization\":\"%s\",\"user\":\"%s\",\"new\":[1]}}\n";
    String others = newer.formatted("other", "grace") + newer.formatted("acme", "bob");
    add(newer.formatted("acme", "grace") + others + "{\"userLabel\":\"Gr\u00e4ce\",\"ev\n" + "\n");
    Path replaying = Files.writeString(directory.resolve("letters.jsonl.replaying"), letter(GRACE));
    Path unreadable = Files.writeString(directory.resolve("letters.jsonl.unreadable"), "{grace\n");

    file().prepare("f0", ERASE_GRACE);
    file().settle("f0", true, ERASE_GRACE);

    assertThat(Files.readString(path())).isEqualTo(others);
    assertThat(Files.readString(replaying)).contains("\"x\"").doesNotContain("grace");
    assertThat(unreadable).isEmptyFile();
  }

  @Test
  void replay_whileAnErasureIsNotSettled_isRefusedAndLosesNothing() throws Exception {
    add(letter(GRACE));
    file().prepare("f0", ERASE_GRACE);
    var store = new InMemoryUsageStore();
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> DeadLetters.in(path()).replay(store))
        .withMessageContaining("cut short");
    file().settle("f0", true, null);
    assertThat(DeadLetters.in(path()).replay(store)).isEqualTo(1);
    assertThat(store.events().get(0).attribution().user()).isEqualTo("x");
  }

  /** Writers add all the time; nothing is lost, and nothing comes back. */
  @Test
  void settle_whileABufferAdds_losesNoLetter() throws Exception {
    UsageSink refusing =
        batch -> {
          throw new UsageSink.RejectedException("no", new IllegalArgumentException());
        };
    UsageTracker tracker =
        UsageTracker.builder(refusing)
            .buffer(UsageBuffer.memory().deadLetters(path()).batchSize(1).maxDelay(Duration.ZERO))
            .build();
    for (int i = 0; i < 40; i++) {
      tracker.record(UsageEvents.chat().attribution(i % 2 == 0 ? GRACE : BOB).build());
      if (i % 5 == 0) {
        file().prepare("f" + i, ERASE_GRACE);
        file().settle("f" + i, true, ERASE_GRACE);
      }
    }
    tracker.close();
    file().prepare("ff", ERASE_GRACE);
    file().settle("ff", true, ERASE_GRACE);
    assertThat(users()).hasSize(40).noneMatch("grace"::equals);
  }
}
