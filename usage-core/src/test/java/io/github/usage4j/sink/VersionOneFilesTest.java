package io.github.usage4j.sink;

import static io.github.usage4j.sink.UsageEvents.NOON;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.usage4j.Attribution;
import io.github.usage4j.Cost;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Kind;
import io.github.usage4j.UsageException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files that were written before events had conditions and tokens the audio part of cache reads,
 * and which an upgrade finds: none of their events may be lost or read as something else.
 */
class VersionOneFilesTest {

  private static final String SPOOL = "0000000000000001.spool";

  @TempDir private Path temp;

  private final List<UsageEvent> stored = new ArrayList<>();
  private final CountingMetrics metrics = new CountingMetrics();

  /** What the files hold. */
  private static List<UsageEvent> events() {
    return List.of(
        UsageEvent.builder(id(1), Kind.CHAT, "openai", "gpt-4o")
            .startedAt(NOON)
            .duration(Duration.ofMillis(800))
            .serviceTier("flex")
            .attribution(Attribution.organization("acme").user("ada", "Ada L.").tag("team", "blue"))
            .tokens(new TokenCounts(1_000L, 200L, 150L, 40L, 30L, 25L, 7L, 3L, null))
            .unit("searches", BigDecimal.valueOf(3))
            .cost(Cost.total(new BigDecimal("0.5"), "USD"))
            .metadata("{}")
            .instance("node-1")
            .build(),
        UsageEvent.builder(id(2), Kind.CHAT, "openai", "gpt-4o")
            .startedAt(NOON)
            .tokens(new TokenCounts(10L, null, 15L, null, null, null, 12L, 0L, null))
            .build(),
        UsageEvent.builder(id(3), Kind.CHAT, "p", "").startedAt(NOON).build());
  }

  private static UUID id(int last) {
    return UUID.fromString("019aa6ba-3a00-7000-8000-00000000000" + last);
  }

  private static UsageEvent withoutLabels(UsageEvent event) {
    Attribution who = event.attribution();
    return event.toBuilder().attribution(who.user(who.user())).build();
  }

  private Path file(String name) throws IOException {
    try (var in =
        Objects.requireNonNull(getClass().getResourceAsStream("/version-1/" + name), name)) {
      Path file = temp.resolve(name);
      Files.createDirectories(temp);
      Files.write(file, in.readAllBytes());
      return file;
    }
  }

  private void deliver() {
    UsageBuffer.Running buffer = UsageBuffer.spool(temp).inFrontOf(stored::addAll, metrics);
    assertThat(buffer.flush(Duration.ofMinutes(1))).isTrue();
    buffer.close();
  }

  @Test
  void spool_isDeliveredAsItWas() throws Exception {
    file(SPOOL);

    deliver();

    assertThat(stored).isEqualTo(events());
    assertThat(metrics.dropped).isEmpty();
  }

  @Test
  void spool_newEventsBehindTheOldOnes_areDeliveredToo() throws Exception {
    file(SPOOL);
    UsageEvent event = UsageEvents.complete();
    UsageBuffer.Running buffer =
        UsageBuffer.spool(temp)
            .inFrontOf(
                batch -> {
                  throw new IOException("away");
                },
                metrics);
    buffer.write(List.of(event));
    buffer.close();

    deliver();

    assertThat(stored).startsWith(events().toArray(UsageEvent[]::new)).endsWith(event).hasSize(4);
    assertThat(metrics.dropped).isEmpty();
  }

  @Test
  void spool_whoseHeaderIsDamaged_isReadByItsRecords() throws Exception {
    Path spool = file(SPOOL);
    byte[] bytes = Files.readAllBytes(spool);
    bytes[11] ^= 0x55; // the version, which the checksum of the header covers
    Files.write(spool, bytes);

    deliver();

    assertThat(stored).isEqualTo(events());
  }

  @Test
  void archive_isRestoredAsItWas() throws Exception {
    UsageArchive archive = UsageArchive.open(file("events.jsonl.gz"));

    archive.restore(stored::addAll);

    assertThat(archive.count()).isEqualTo(3);
    assertThat(stored)
        .isEqualTo(events().stream().map(VersionOneFilesTest::withoutLabels).toList());
  }

  @Test
  void deadLetter_isReplayedAsItWas() throws Exception {
    long taken = DeadLetters.in(file("dead-letters.jsonl")).replay(stored::addAll);

    assertThat(taken).isEqualTo(1);
    assertThat(stored).isEqualTo(events().subList(0, 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "3", "-1", "\"2\"", "null", "2147483648"})
  void archive_ofAnyOtherVersion_isRefused(String version) throws Exception {
    Path file = file("events.jsonl.gz");
    String text;
    try (var in = new GZIPInputStream(Files.newInputStream(file))) {
      text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    try (var out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(
          text.replace("\"version\":1", "\"version\":" + version).getBytes(StandardCharsets.UTF_8));
    }

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> UsageArchive.open(file))
        .withMessageContaining(
            "has version " + version + ", but this library reads versions 1 to 2");
  }
}
