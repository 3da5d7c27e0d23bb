package io.github.usage4j.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.internal.EventFile;
import io.github.usage4j.internal.EventFileWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UsageArchiveTest {

  private static final Instant FROM = Instant.parse("2026-10-01T00:00:00Z");
  private static final Instant TO = Instant.parse("2027-01-01T00:00:00Z");

  @TempDir Path directory;

  private Path write(List<UsageEvent> events) throws Exception {
    Path file = directory.resolve("a.jsonl.gz");
    var header = new EventFile.Header("acme", FROM, TO, (long) events.size());
    try (var writer = new EventFileWriter(file, header)) {
      for (UsageEvent event : events) {
        writer.write(event, null);
      }
      writer.commit();
    }
    return file;
  }

  @Test
  void restore_intoAnotherSinkTwice_givesTheSameTotals() throws Exception {
    List<UsageEvent> events = UsageEvents.random(3, 2_500);
    var before = new InMemoryUsageStore();
    before.write(events);
    var after = new InMemoryUsageStore();

    UsageArchive archive = UsageArchive.open(write(events));
    archive.restore(after);
    archive.restore(after);

    assertThat(archive).isEqualTo(new UsageArchive(archive.file(), "acme", FROM, TO, 2_500));
    assertThat(after.queries().total(UsageFilter.allOrganizations(), BillingPeriod.lifetime()))
        .isEqualTo(
            before.queries().total(UsageFilter.allOrganizations(), BillingPeriod.lifetime()));
  }

  @Test
  void open_noSuchFileOrNoArchive_isRefused() throws Exception {
    Path text = Files.writeString(directory.resolve("text"), "hello");
    for (Path file : List.of(directory.resolve("none"), text)) {
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(() -> UsageArchive.open(file))
          .withMessageContaining(file.toString());
    }
  }
}
