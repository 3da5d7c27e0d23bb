package io.github.usage4j.backfill;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.usage4j.BillingPeriod;
import io.github.usage4j.Cost;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageException;
import io.github.usage4j.UsageFilter;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageSink;
import io.github.usage4j.sink.UsageSink.RejectedException;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UsageImportTest {

  private static final Instant START = Instant.parse("2026-10-01T00:00:00Z");

  @TempDir Path directory;

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final Memory memory = new Memory();

  /** Checkpoints of a test. */
  private static final class Memory implements ImportCheckpoints {
    private final Map<String, ImportProgress> saved = new HashMap<>();

    @Override
    public Session begin(String source, String input) {
      return new Session() {
        @Override
        public @Nullable ImportProgress reached() {
          return saved.get(source + "/" + input);
        }

        @Override
        public void save(ImportProgress progress) {
          saved.put(source + "/" + input, progress);
        }

        @Override
        public void close() {
          // nothing is held
        }
      };
    }
  }

  private UsageImport job() {
    return UsageImport.from("old").provider("openai").checkpoints(memory).batchSize(100);
  }

  private static String line(int i) {
    return "{\"id\":\"r%s\",\"model\":\"m\",\"created\":%s,\"usage\":{\"prompt_tokens\":%s,\"completion_tokens\":1}}%n"
        .formatted(i, START.getEpochSecond() + i, i);
  }

  private static String lines(int from, int to) {
    var text = new StringBuilder();
    for (int i = from; i < to; i++) {
      text.append(line(i));
    }
    return text.toString();
  }

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("calls.jsonl"), text);
  }

  private UsageSummary total() {
    return store.queries().total(UsageFilter.allOrganizations(), BillingPeriod.lifetime());
  }

  @Test
  void run_twice_changesNothing() throws Exception {
    Path file = file(lines(0, 1_050));

    ImportProgress first = job().run(ImportSource.jsonLines(file), store);
    UsageSummary total = total();
    ImportProgress second = job().run(ImportSource.jsonLines(file), store);
    ImportProgress unremembered =
        job().checkpoints(ImportCheckpoints.none()).run(ImportSource.jsonLines(file), store);

    assertThat(first.stored()).isEqualTo(1_050);
    assertThat(first.finished()).isTrue();
    assertThat(second).isEqualTo(first);
    assertThat(unremembered.known()).isEqualTo(1_050);
    assertThat(total()).isEqualTo(total);
    assertThat(total.calls()).isEqualTo(1_050);
    assertThat(total.tokens().input()).isEqualTo(1_050L * 1_049 / 2);
  }

  /** Killed at each place: before and after a write, before and after a checkpoint. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 150, 10_000})
  void run_killedAnywhereAndStartedAgain_isExact(int heldBack) throws Exception {
    Path file = file(lines(0, 950));
    for (int kill = 1; kill < 44; kill++) {
      store.clear();
      memory.saved.clear();
      var steps = new AtomicInteger(kill);
      var dying = new Dying(steps);
      ImportCheckpoints checkpoints =
          (source, input) -> {
            ImportCheckpoints.Session session = memory.begin(source, input);
            return new ImportCheckpoints.Session() {
              @Override
              public @Nullable ImportProgress reached() throws Exception {
                return session.reached();
              }

              @Override
              public void save(ImportProgress progress) throws Exception {
                dying.step();
                session.save(progress);
                dying.step();
              }

              @Override
              public void close() {
                // a killed process closes nothing
              }
            };
          };
      try {
        job().holdBack(heldBack).checkpoints(checkpoints).run(ImportSource.jsonLines(file), dying);
      } catch (IllegalStateException killed) {
        // as a process would be
      }
      ImportProgress progress = job().holdBack(heldBack).run(ImportSource.jsonLines(file), store);

      assertThat(total().calls()).isEqualTo(950);
      assertThat(total().tokens().input()).isEqualTo(950L * 949 / 2);
      assertThat(progress.read()).isEqualTo(950);
      assertThat(progress.stored() + progress.known()).isEqualTo(950);
    }
  }

  private final class Dying implements UsageSink {
    private final AtomicInteger left;

    Dying(AtomicInteger left) {
      this.left = left;
    }

    void step() {
      if (left.decrementAndGet() == 0) {
        throw new IllegalStateException("killed");
      }
    }

    @Override
    public void write(List<UsageEvent> events) throws Exception {
      write(events, Report.NONE);
    }

    @Override
    public void write(List<UsageEvent> events, Report report) throws Exception {
      step();
      store.write(events, report);
      step();
    }
  }

  @Test
  void run_fileThatHasGrown_takesOnlyWhatIsNew() throws Exception {
    String withoutBreak = lines(0, 10).stripTrailing();
    Path file = file(withoutBreak);
    job().run(ImportSource.jsonLines(file), store);

    Files.writeString(file, "\n" + lines(10, 15), StandardOpenOption.APPEND);
    ImportProgress progress = job().run(ImportSource.jsonLines(file), store);

    assertThat(progress.read()).isEqualTo(15);
    assertThat(progress.known()).isZero();
    assertThat(total().calls()).isEqualTo(15);
    file(lines(0, 15) + "oops\n");
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> job().run(ImportSource.jsonLines(file), store))
        .withMessageContaining("calls.jsonl, line 16");
  }

  @Test
  void run_fileWhoseBeginningChanged_isRefused() throws Exception {
    Path file = file(lines(0, 10));
    job().run(ImportSource.jsonLines(file), store);

    for (String other : List.of(lines(1, 12), lines(0, 9), "")) {
      file(other);
      assertThatExceptionOfType(UsageException.class)
          .isThrownBy(() -> job().run(ImportSource.jsonLines(file), store))
          .withMessageContaining("changed in its first 10 lines");
    }
    assertThat(total().calls()).isEqualTo(10);
  }

  @Test
  void run_compressed_isReadAlike() throws Exception {
    Path file = directory.resolve("calls.jsonl.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(lines(0, 300).getBytes(UTF_8));
    }
    job().run(ImportSource.jsonLines(file), store);
    assertThat(total().calls()).isEqualTo(300);

    byte[] whole = Files.readAllBytes(file);
    Path torn = directory.resolve("torn.gz");
    Files.write(torn, java.util.Arrays.copyOf(whole, whole.length / 2));
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> job().run(ImportSource.jsonLines(torn), store))
        .withMessageMatching("torn.gz, line \\d+: cannot be read: .*");
  }

  @Test
  void run_badLine_stopsNamingItAndKeepsTheBatchesBefore() throws Exception {
    Path file = file(lines(0, 250) + "{\"id\":1}\n" + lines(250, 300));

    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> job().holdBack(0).run(ImportSource.jsonLines(file), store))
        .withMessageStartingWith("calls.jsonl, line 251: start is missing");

    assertThat(total().calls()).isEqualTo(200);
  }

  /** What is held back may be stated again behind the bad line, and is read again. */
  @Test
  void run_badLine_leavesWhatIsHeldBackToTheNextRun() throws Exception {
    String bad = lines(0, 250) + "{\"id\":1}\n";
    Path file = file(bad + lines(249, 300));
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> job().holdBack(120).run(ImportSource.jsonLines(file), store));
    assertThat(total().calls()).isEqualTo(80);

    file(bad.replace("{\"id\":1}\n", "") + lines(249, 300));
    ImportProgress progress = job().holdBack(120).run(ImportSource.jsonLines(file), store);

    assertThat(total().calls()).isEqualTo(300);
    assertThat(progress.stored() + progress.known()).isEqualTo(300);
    assertThat(progress.merged()).isEqualTo(1);
  }

  @Test
  void run_badLinesSkipped_areCountedAndKeptOnce() throws Exception {
    Path rejects = directory.resolve("rejects.jsonl");
    Path file = file("\n" + lines(0, 150) + "oops\n" + lines(150, 260) + "{\"id\":1}\n \n");
    var dying = new Dying(new AtomicInteger(5)); // behind the first checkpoint and a rejected line
    assertThatThrownBy(
            () ->
                job()
                    .skipBadRecords(rejects)
                    .onProgress(p -> dying.step())
                    .run(ImportSource.jsonLines(file), dying))
        .hasMessage("killed");

    ImportProgress progress =
        job().skipBadRecords(rejects).run(ImportSource.jsonLines(file), store);

    assertThat(progress.rejected()).isEqualTo(2);
    assertThat(total().calls()).isEqualTo(260);
    assertThat(Files.readAllLines(rejects)).hasSize(2);
    assertThat(Files.readAllLines(rejects).get(0))
        .contains("\"calls.jsonl, line 152\"", "not a JSON object", "\"oops\"");
  }

  @Test
  void run_rejectsFileOfSomebodyElse_isLeftAlone() throws Exception {
    Path rejects = Files.writeString(directory.resolve("important.txt"), "keep me");
    Path file = file(lines(0, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> job().skipBadRecords(rejects).run(ImportSource.jsonLines(file), store));
    assertThat(rejects).hasContent("keep me");
  }

  @Test
  void run_lineTooLongOrNotUtf8_isNamed() throws Exception {
    Path rejects = directory.resolve("rejects.jsonl");
    Path file = directory.resolve("calls.jsonl");
    try (OutputStream out = Files.newOutputStream(file)) {
      out.write("x".repeat(JsonLines.MAX_LINE + 1).getBytes(UTF_8));
      out.write('\n');
      out.write(new byte[] {'"', (byte) 0xC3, '"', '\n'});
      out.write(line(1).getBytes(UTF_8));
    }
    ImportProgress progress =
        job().skipBadRecords(rejects).run(ImportSource.jsonLines(file), store);
    assertThat(progress.rejected()).isEqualTo(2);
    assertThat(total().calls()).isEqualTo(1);
    assertThat(Files.readString(rejects)).contains("at most", "not valid UTF-8");
  }

  @Test
  void run_recordThatTheSinkRefuses_isFoundAmongTheOthers() throws Exception {
    Path file = file(lines(0, 300));
    UsageSink picky =
        events -> {
          if (events.stream().anyMatch(e -> e.tokens().input() == 137L)) {
            throw new RejectedException("no 137", new IllegalArgumentException());
          }
          store.write(events);
        };
    assertThatExceptionOfType(UsageException.class)
        .isThrownBy(() -> job().run(ImportSource.jsonLines(file), picky))
        .withMessage("calls.jsonl, line 138: no 137");
    ImportProgress progress =
        job().skipBadRecords(directory.resolve("r")).run(ImportSource.jsonLines(file), picky);
    assertThat(progress.rejected()).isEqualTo(1);
    assertThat(total().calls()).isEqualTo(299);
  }

  @Test
  void run_linesWithoutId_areDifferentCallsAndTheSameInEachRun() throws Exception {
    String line = "{\"model\":\"m\",\"created\":1790856000,\"prompt_tokens\":1}\n";
    Path file = file(line + line);
    UsageImport job = job().checkpoints(ImportCheckpoints.none());
    job.run(ImportSource.jsonLines(file), store);
    job.run(ImportSource.jsonLines(file), store);
    assertThat(total().calls()).isEqualTo(2);
  }

  @Test
  void run_prices_areThoseOfThen() throws Exception {
    PriceCatalog prices =
        PriceCatalog.of(
            ModelPrice.perMillion("openai", "m", "USD").input("1").output("1"),
            ModelPrice.perMillion("openai", "m", "USD")
                .input("1000000")
                .output("0")
                .validFrom(START.plusSeconds(2)));
    job().prices(prices).run(ImportSource.jsonLines(file(lines(1, 4))), store);

    assertThat(total().costs())
        .extracting(Cost::total)
        .containsExactly(new BigDecimal("0.000002").add(new BigDecimal("5")));
  }

  @Test
  void run_filter_leavesOutAndCounts() throws Exception {
    ImportProgress progress =
        job()
            .where(event -> event.tokens().input() % 10 == 0)
            .run(ImportSource.jsonLines(file(lines(0, 100))), store);
    assertThat(progress.leftOut()).isEqualTo(90);
    assertThat(progress.stored()).isEqualTo(10);
  }

  @Test
  void run_idThatIsStoredWithSmallerFigures_isAConflictThatIsTold() throws Exception {
    job().run(ImportSource.jsonLines(file(line(1))), store);
    String more = line(1).replace("\"completion_tokens\":1", "\"completion_tokens\":2");
    var told = new ArrayList<String>();

    ImportProgress progress =
        job()
            .checkpoints(ImportCheckpoints.none())
            .skipBadRecords((record, reason) -> told.add(record.where() + ": " + reason))
            .run(ImportSource.jsonLines(file(more)), store);

    assertThat(progress.conflicts()).isEqualTo(1);
    assertThat(progress.stored()).isZero();
    assertThat(total().tokens().output()).isEqualTo(1);
    assertThat(told)
        .containsExactly(
            "calls.jsonl, line 1: its id is stored already with other figures (1/1), which stay;"
                + " here they are 1/2");
  }

  @Test
  void run_mapperOfTheHost_replacesTheFieldNames() throws Exception {
    Path file = file("{\"n\":1}\n{\"n\":2}\n");
    var seen = new ArrayList<UsageEvent>();
    job()
        .mapper(
            record ->
                record.fields().get("n").equals(2)
                    ? null
                    : UsageEvent.builder(
                            UsageEvent.idFrom("x", record.identity()),
                            UsageEvent.Kind.CHAT,
                            "p",
                            "m")
                        .startedAt(START)
                        .build())
        .run(ImportSource.jsonLines(file), seen::addAll);
    assertThat(seen).hasSize(1);
  }
}
