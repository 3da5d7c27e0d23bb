package io.github.usage4j.backfill;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.usage4j.Attribution;
import io.github.usage4j.TokenCounts;
import io.github.usage4j.UsageEvent;
import io.github.usage4j.UsageEvent.Outcome;
import io.github.usage4j.UsageEvent.Quality;
import io.github.usage4j.pricing.ModelPrice;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageSink;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several records of one call: one event, whatever times they state and wherever they are read. */
class RestatedRecordsTest {

  private static final Instant NOON = Instant.parse("2026-10-01T12:00:00Z");
  private static final Instant LATER = NOON.plus(Duration.ofDays(2));

  @TempDir Path directory;

  private final InMemoryUsageStore store = new InMemoryUsageStore();
  private final List<String> told = new ArrayList<>();
  private final Map<String, ImportProgress> saved = new HashMap<>();

  private final ImportCheckpoints memory =
      (source, input) ->
          new ImportCheckpoints.Session() {
            @Override
            public @Nullable ImportProgress reached() {
              return saved.get(input);
            }

            @Override
            public void save(ImportProgress progress) {
              saved.put(input, progress);
            }

            @Override
            public void close() {
              // nothing is held
            }
          };

  private UsageImport job() {
    return UsageImport.from("log")
        .provider("anthropic")
        .clock(InstantSource.fixed(LATER))
        .skipBadRecords((record, reason) -> told.add(record.where() + ": " + reason));
  }

  private Path file(String... lines) throws IOException {
    return Files.writeString(
        directory.resolve("log.jsonl"),
        List.of(lines).stream().map(line -> line + "\n").collect(Collectors.joining()));
  }

  private ImportProgress run(UsageImport job, String... lines) throws Exception {
    return job.run(ImportSource.jsonLines(file(lines)), store);
  }

  private UsageEvent only() {
    assertThat(store.events()).hasSize(1);
    return store.events().get(0);
  }

  /** A line of Claude Code, so many seconds after noon. */
  private static String claude(String id, int second, int output) {
    return claude(id, "\"requestId\":\"req_1\",", second, 20_000, output);
  }

  private static String claude(String id, String request, int second, int read, int output) {
    return ("{\"type\":\"assistant\",\"uuid\":\"u%s\",\"sessionId\":\"s\",%s\"timestamp\":\"%s\","
            + "\"message\":{\"id\":\"%s\",\"type\":\"message\",\"model\":\"claude-opus-4-8\","
            + "\"stop_reason\":null,\"usage\":{\"input_tokens\":6,\"output_tokens\":%s,"
            + "\"cache_creation_input_tokens\":1000,\"cache_read_input_tokens\":%s}}}")
        .formatted(second, request, NOON.plusSeconds(second), id, output, read);
  }

  private static String plain(String id, Object at, int input, int output) {
    return "{\"id\":\"%s\",\"model\":\"m\",\"time\":\"%s\",\"prompt_tokens\":%s,\"completion_tokens\":%s}"
        .formatted(id, at, input, output);
  }

  @Test
  void claudeCode_lineForEachBlock_isOneCallOfTheLastLine() throws Exception {
    String[] lines = {claude("msg_A", 0, 8), claude("msg_A", 1, 400), claude("msg_A", 2, 400)};

    ImportProgress progress = run(job(), lines);

    assertThat(only().tokens())
        .isEqualTo(TokenCounts.of(21_006, 400).cacheRead(20_000).cacheWrite(1_000));
    assertThat(only().occurredAt()).isEqualTo(NOON);
    assertThat(only().quality()).isEqualTo(Quality.REPORTED);
    assertThat(List.of(progress.read(), progress.stored(), progress.merged(), progress.shrunk()))
        .containsExactly(3L, 1L, 2L, 0L);
    UUID id = only().id();

    assertThat(run(job(), lines).known()).isEqualTo(1);
    assertThat(only().id()).isEqualTo(id);
    assertThat(told).isEmpty();
  }

  /** Of the three forms, the first is Anthropic's own and the others are of gateways. */
  @ParameterizedTest
  @CsvSource({
    "msg_01AbCdEfGhIjKlMnOpQrStUv, '\"requestId\":\"req_1\",', '\"requestId\":\"req_2\",'",
    "msg_A, '\"requestId\":\"req_1\",', '\"requestId\":\"req_1\",'",
    "msg_A, '', ''",
    "msg_01AbCdEfGhIjKlMnOpQrStUv, '\"requestId\":\"req_1\",', ''",
  })
  void claudeCode_sameAnswer_isOneCallWithWhateverRequestIds(String id, String one, String other)
      throws Exception {
    run(job(), claude(id, one, 0, 500, 8), claude(id, other, 5, 500, 90));

    assertThat(only().tokens().output()).isEqualTo(90);
  }

  @Test
  void claudeCode_gatewayThatGivesEveryAnswerOneId_countsThemAll() throws Exception {
    run(
        job(),
        claude("ocgo", "", 0, 500, 8),
        claude("ocgo", "", 1, 500, 90),
        claude("ocgo", "", 60, 1_600, 40),
        claude("ocgo", "", 90, 1_700, 41));

    assertThat(store.events()).extracting(e -> e.tokens().output()).containsExactly(90L, 40L, 41L);
    assertThat(told).isEmpty();
  }

  @Test
  void claudeCode_linesThatAreNoAnswers_areLeftOut() throws Exception {
    ImportProgress progress =
        run(
            job(),
            "{\"type\":\"summary\",\"summary\":\"x\",\"leafUuid\":\"l\"}",
            "{\"type\":\"user\",\"sessionId\":\"s\",\"timestamp\":\"2026-10-01T12:00:00Z\","
                + "\"message\":{\"role\":\"user\",\"content\":\"usage?\"}}",
            "{\"type\":\"file-history-snapshot\",\"messageId\":\"m\",\"isSnapshotUpdate\":false}",
            claude("msg_A", 0, 8).replace("claude-opus-4-8", "<synthetic>"),
            claude("msg_B", 0, 8));

    assertThat(progress.leftOut()).isEqualTo(4);
    assertThat(only().tokens().output()).isEqualTo(8);
    assertThat(told).isEmpty();
  }

  @Test
  void claudeCode_answerOfAnAgentInside_isTheOneOfItsOwnLog() throws Exception {
    String line = claude("msg_01AbCdEfGhIjKlMnOpQrStUv", 3, 77);
    String progress =
        "{\"type\":\"progress\",\"sessionId\":\"s\",\"timestamp\":\"2026-10-01T12:00:09Z\","
            + "\"data\":{\"type\":\"agent_progress\",\"message\":"
            + line
            + "}}";

    run(job(), progress, line);

    assertThat(only().tokens().output()).isEqualTo(77);
    assertThat(only().occurredAt()).isEqualTo(NOON.plusSeconds(3));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void linesInAnyOrder_giveTheSameEvent(int order) throws Exception {
    var lines =
        new ArrayList<>(
            List.of(
                plain("a", NOON, 100, 3),
                plain("a", NOON.plusSeconds(1), 100, 40),
                plain("a", NOON.plusSeconds(2), 100, 41)));
    Collections.rotate(lines, order % 3);
    if (order > 2) {
      Collections.swap(lines, 0, 1);
    }

    ImportProgress progress = run(job(), lines.toArray(String[]::new));

    assertThat(only().tokens()).isEqualTo(TokenCounts.of(100, 41));
    assertThat(only().occurredAt()).isEqualTo(NOON);
    assertThat(progress.merged()).isEqualTo(2);
  }

  @Test
  void laterLineThatStatesLess_keepsTheLargerAndSaysSo() throws Exception {
    ImportProgress progress =
        run(
            job(),
            plain("a", NOON, 1_500, 40),
            plain("a", NOON.plusSeconds(1), 0, 0),
            plain("b", NOON, 30, 7),
            plain("b", NOON, 30, 6));

    assertThat(store.events())
        .extracting(UsageEvent::tokens)
        .containsExactly(TokenCounts.of(1_500, 40), TokenCounts.of(30, 7));
    assertThat(store.events()).extracting(UsageEvent::quality).containsOnly(Quality.PARTIAL);
    assertThat(progress.shrunk()).isEqualTo(2);
    assertThat(progress.merged()).isEqualTo(2);
  }

  @Test
  void lineWithoutUsage_takesNothingAway_andIsUnmeasuredAlone() throws Exception {
    String none =
        "{\"id\":\"%s\",\"model\":\"m\",\"time\":\"2026-10-01T12:00:05Z\",\"usage\":null}";
    run(job(), plain("a", NOON, 10, 2), none.formatted("a"), none.formatted("b"));

    assertThat(store.events())
        .extracting(UsageEvent::tokens)
        .containsExactly(TokenCounts.of(10, 2), TokenCounts.UNKNOWN);
    assertThat(store.events())
        .extracting(UsageEvent::quality)
        .containsExactly(Quality.REPORTED, Quality.MISSING);
  }

  @Test
  void answerThatIsPolled_isTheLastStateOfIt() throws Exception {
    String state =
        "{\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1790856000,\"status\":\"%s\","
            + "\"model\":\"gpt\",\"usage\":%s}";
    run(
        job(),
        state.formatted("queued", "null"),
        state.formatted("in_progress", "null"),
        plain("other", NOON, 1, 1),
        state.formatted(
            "completed", "{\"input_tokens\":5,\"output_tokens\":6,\"total_tokens\":11}"));

    UsageEvent event =
        store.events().stream().filter(e -> e.model().equals("gpt")).findFirst().orElseThrow();
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(5, 6));
    assertThat(event.outcome()).isEqualTo(Outcome.SUCCESS);
    assertThat(store.events()).hasSize(2);
  }

  @Test
  void linesOnBothSidesOfAMonthEnd_countInTheMonthOfTheFirst() throws Exception {
    Instant end = Instant.parse("2026-10-31T23:59:59.900Z");
    run(
        job(),
        plain("a", "2026-11-01T01:00:00.100+01:00", 10, 2), // 00:00:00.100Z
        plain("a", end, 10, 1));

    assertThat(only().occurredAt()).isEqualTo(end);
    assertThat(only().tokens()).isEqualTo(TokenCounts.of(10, 2));
  }

  @Test
  void price_isThatOfTheJoinedCall() throws Exception {
    PriceCatalog prices =
        PriceCatalog.of(
            ModelPrice.perMillion("anthropic", "m", "USD").input("1").output("1000000"),
            ModelPrice.perMillion("anthropic", "m", "USD")
                .input("0")
                .output("0")
                .validFrom(NOON.plusSeconds(1)));
    run(job().prices(prices), plain("a", NOON, 0, 1), plain("a", NOON.plusSeconds(9), 0, 5));

    assertThat(only().cost().total()).isEqualByComparingTo(new BigDecimal(5));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"organization\":\"acme\", | organization was null and is acme",
        "\"response_model\":\"m2\",\"request_model\":\"n\", | model was m and is m2",
      })
  void idOfAnotherCall_isAConflictThatNamesWhatDiffers(String more, String message)
      throws Exception {
    ImportProgress progress =
        run(
            job(),
            plain("a", NOON, 10, 2),
            plain("a", NOON, 70, 9).replaceFirst("\\{", "{" + more));

    assertThat(only().tokens()).isEqualTo(TokenCounts.of(10, 2));
    assertThat(progress.conflicts()).isEqualTo(1);
    assertThat(told).hasSize(1);
    assertThat(told.get(0)).startsWith("log.jsonl, line 2: its id is that of another call: ");
    assertThat(told.get(0)).contains(message);
  }

  @Test
  void idThatSeveralProvidersGive_isOfACallOfEach() throws Exception {
    String[] lines = {
      plain("a", NOON, 10, 2).replaceFirst("\\{", "{\"provider\":\"openai\","),
      plain("a", NOON, 70, 9).replaceFirst("\\{", "{\"provider\":\"xai\","),
    };
    run(job(), lines);
    run(job().provider("corrected"), lines);

    assertThat(store.events()).extracting(e -> e.tokens().output()).containsExactly(2L, 9L);
    assertThat(told).isEmpty();
  }

  /** The import's own setting may be corrected, and then a record must not count once more. */
  @Test
  void providerOfTheImport_isNoPartOfTheId() throws Exception {
    run(job(), plain("a", NOON, 10, 2));
    ImportProgress progress = run(job().provider("corrected"), plain("a", NOON, 10, 2));

    assertThat(only().provider()).isEqualTo("anthropic");
    assertThat(progress.conflicts()).isEqualTo(1);
  }

  @Test
  void idThatComesAgainForAnotherPrompt_isAConflict() throws Exception {
    ImportProgress progress =
        run(
            job(),
            plain("1", NOON, 10, 200),
            plain("1", NOON.plusSeconds(3), 90, 9), // more read, less written
            plain("2", NOON, 10, 5),
            plain("2", NOON.plus(Duration.ofDays(1)).plusMillis(1), 20, 9)); // a day later

    assertThat(progress.conflicts()).isEqualTo(2);
    assertThat(told.get(0)).contains("tokens was 10/200 and is 90/9");
    assertThat(told.get(1)).contains("start was 2026-10-01T12:00:00Z");
    assertThat(store.events()).extracting(e -> e.tokens().input()).containsExactly(10L, 10L);
  }

  @Test
  void modelThatOnlyTheAnswerNames_isNoContradiction() throws Exception {
    run(
        job(),
        plain("a", NOON, 10, 2).replace("\"model\"", "\"request_model\""),
        plain("a", NOON, 10, 3)
            .replace("\"model\":\"m\"", "\"request_model\":\"m\",\"response_model\":\"m-1\""));

    assertThat(only().model()).isEqualTo("m-1");
  }

  @Test
  void whatOnlyOneLineSays_isKept() throws Exception {
    run(
        job().attribution(Attribution.organization("acme")),
        "{\"id\":\"a\",\"model\":\"m\",\"time\":\"2026-10-01T12:00:00Z\",\"user\":\"ada\","
            + "\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1,\"service_tier\":\"flex\"}}",
        "{\"id\":\"a\",\"model\":\"m\",\"time\":\"2026-10-01T12:00:02Z\",\"session\":\"s\","
            + "\"finish_reason\":\"stop\",\"duration_ms\":500,\"completion_tokens\":3}");

    UsageEvent event = only();
    assertThat(event.tokens()).isEqualTo(TokenCounts.of(5, 3));
    assertThat(event.serviceTier()).isEqualTo("flex");
    assertThat(event.finishReason()).isEqualTo("stop");
    assertThat(event.attribution())
        .isEqualTo(Attribution.organization("acme").user("ada").session("s"));
    assertThat(event.duration()).isEqualTo(Duration.ofMillis(2_500));
  }

  /** Whatever is between the lines of an answer: checkpoints, a kill, a file that grows. */
  @ParameterizedTest
  @CsvSource({"1,2", "2,2", "3,2", "4,3", "7,4"})
  void checkpoint_neverPassesALineThatIsHeldBack(int batch, int heldBack) throws Exception {
    for (int kill = 1; kill < 12; kill++) {
      store.clear();
      saved.clear();
      String[] lines = {
        plain("x", NOON, 1, 1),
        plain("a", NOON, 100, 3),
        plain("y", NOON, 2, 2),
        plain("a", NOON.plusSeconds(1), 100, 40),
        plain("z", NOON, 3, 3),
        plain("a", NOON.plusSeconds(2), 100, 41)
      };
      Path file = file(lines);
      UsageImport job = job().batchSize(batch).holdBack(heldBack).checkpoints(memory);
      int[] left = {kill};
      UsageSink dying =
          new UsageSink() {
            @Override
            public void write(List<UsageEvent> events) {
              throw new AssertionError("the import wants a report");
            }

            @Override
            public void write(List<UsageEvent> events, Report report) {
              step();
              store.write(events, report);
              step();
            }

            private void step() {
              if (--left[0] == 0) {
                throw new IllegalStateException("killed");
              }
            }
          };
      try {
        job.run(ImportSource.jsonLines(file), dying);
      } catch (IllegalStateException killed) {
        // as a process would be
      }
      ImportProgress progress = job.run(ImportSource.jsonLines(file), store);

      assertThat(store.events())
          .extracting(e -> e.tokens().output())
          .containsExactlyInAnyOrder(1L, 2L, 3L, 41L);
      assertThat(progress.read()).isEqualTo(6);
      assertThat(progress.merged()).isEqualTo(2);
      assertThat(progress.stored() + progress.known()).isEqualTo(4);
      assertThat(told).isEmpty();
    }
  }

  @Test
  void sessionThatIsStillWritten_isLeftForTheNextRun() throws Exception {
    var now = new Instant[] {NOON.plusSeconds(2)};
    UsageImport job = job().clock(() -> now[0]).checkpoints(memory);
    Path file = file(claude("msg_A", "\"requestId\":\"r\",", -900, 5, 1), claude("msg_B", 0, 8));

    ImportProgress first = job.run(ImportSource.jsonLines(file), store);
    assertThat(first.heldBack()).isEqualTo(1);
    assertThat(first.finished()).isFalse();
    assertThat(only().responseId()).isNull();

    Files.writeString(file, claude("msg_B", 1, 400) + "\n", StandardOpenOption.APPEND);
    now[0] = NOON.plus(Duration.ofMinutes(10)).plusSeconds(2);
    ImportProgress second = job.run(ImportSource.jsonLines(file), store);

    assertThat(store.events()).extracting(e -> e.tokens().output()).containsExactly(1L, 400L);
    assertThat(second.finished()).isTrue();
    assertThat(second.read()).isEqualTo(3);
    assertThat(second.conflicts()).isZero();
    assertThat(job.run(ImportSource.jsonLines(file), store)).isEqualTo(second);
  }

  @Test
  void settledAfterZero_holdsNothingBackAtTheEnd() throws Exception {
    ImportProgress progress =
        run(
            job().clock(InstantSource.fixed(NOON)).settledAfter(Duration.ZERO),
            claude("msg_A", 0, 8));
    assertThat(progress.finished()).isTrue();
    assertThat(only().tokens().output()).isEqualTo(8);
  }

  @Test
  void fileThatGrewWhenTheAnswerWasStored_doesNotCountTwice_andSaysWhatIsMissing()
      throws Exception {
    UsageImport job = job().checkpoints(memory);
    Path file = file(claude("msg_A", 0, 8));
    job.run(ImportSource.jsonLines(file), store);

    Files.writeString(
        file,
        claude("msg_A", 1, 8) + "\n" + claude("msg_A", 2, 400) + "\n",
        StandardOpenOption.APPEND);
    ImportProgress progress = job.run(ImportSource.jsonLines(file), store);

    assertThat(only().tokens().output()).isEqualTo(8);
    assertThat(progress.conflicts()).isEqualTo(1);
    assertThat(told).hasSize(1);
    assertThat(told.get(0)).contains("(21006/8), which stay; here they are 21006/400");
  }

  @Test
  void sameIdInAnotherFile_isKnownEvenAtAnotherTime() throws Exception {
    run(job(), plain("a", NOON, 10, 5));
    ImportProgress progress =
        run(
            job(),
            plain("a", NOON.plusSeconds(77), 10, 5),
            plain("a", NOON.plusSeconds(78), 10, 4));

    assertThat(progress.known()).isEqualTo(1);
    assertThat(progress.conflicts()).isZero();
    assertThat(only().occurredAt()).isEqualTo(NOON);
  }

  @Test
  void idsWithTime_areOfOneTimeEach() throws Exception {
    run(
        job().idsWithTime(),
        plain("a", NOON, 10, 5),
        plain("a", NOON, 10, 6),
        plain("a", NOON.plusSeconds(1), 10, 7));

    assertThat(store.events())
        .extracting(UsageEvent::id)
        .containsExactly(
            UsageEvent.idFrom("log", "a", NOON),
            UsageEvent.idFrom("log", "a", NOON.plusSeconds(1)));
  }

  @Test
  void idsThatAreNone_areOfOneRecordEach() throws Exception {
    run(
        job(),
        plain("", NOON, 10, 1),
        plain("", NOON, 10, 2),
        plain("  ", NOON, 10, 3),
        // Ollama draws them from some hundred
        plain("chatcmpl-417", NOON, 10, 4).replaceFirst("\\{", "{\"provider\":\"ollama\","),
        plain("chatcmpl-417", NOON, 10, 5).replaceFirst("\\{", "{\"provider\":\"ollama\","),
        plain("i".repeat(100_000), NOON, 10, 6),
        plain("i".repeat(100_000), NOON, 10, 7));

    assertThat(store.events())
        .extracting(e -> e.tokens().output())
        .containsExactlyInAnyOrder(1L, 2L, 3L, 4L, 5L, 7L);
    assertThat(told).isEmpty();
  }

  /** The window is bounded: what comes behind it is told, and nothing is counted twice. */
  @Test
  void lineThatComesTooLate_isAConflict() throws Exception {
    var lines = new ArrayList<String>();
    lines.add(plain("a", NOON, 10, 1));
    for (int i = 0; i < 50; i++) {
      lines.add(plain("b" + i, NOON, 1, 1));
    }
    lines.add(plain("a", NOON, 10, 1));
    lines.add(plain("a", NOON, 10, 9));
    ImportProgress progress = run(job().batchSize(10).holdBack(20), lines.toArray(String[]::new));

    assertThat(progress.conflicts()).isEqualTo(1);
    assertThat(progress.stored()).isEqualTo(51);
    assertThat(told.get(0)).startsWith("log.jsonl, line 53: its id is stored already");
  }

  @Test
  void manyLinesOfOneId_areOneCallInLittleMemory() throws Exception {
    int lines = 30_000;
    Path file = directory.resolve("log.jsonl");
    try (var out = Files.newBufferedWriter(file)) {
      for (int i = 0; i < lines; i++) {
        out.write(plain("a", NOON.plusMillis(i), 10, i / 100) + "\n");
        if (i % 1_000 == 0) {
          out.write("no JSON\n");
        }
      }
    }
    ImportProgress progress = job().checkpoints(memory).run(ImportSource.jsonLines(file), store);

    assertThat(only().tokens()).isEqualTo(TokenCounts.of(10, lines / 100 - 1));
    assertThat(progress.merged()).isEqualTo(lines - 1);
    assertThat(progress.rejected()).isEqualTo(lines / 1_000);
    assertThat(told).hasSize(lines / 1_000);
  }

  /** Against a plain computation: random calls, each in several lines that are mixed up. */
  @Test
  void randomLines_addUpToTheLargestFiguresOfEachCall() throws Exception {
    var random = new Random(20_261_130);
    for (int round = 0; round < 20; round++) {
      store.clear();
      saved.clear();
      var largest = new HashMap<String, Integer>();
      var lines = new ArrayList<String>();
      for (int i = 0; i < 300; i++) {
        // Neighbours: no line is further from the one before of its call than the window.
        String id = "c" + (i / 10 * 10 + random.nextInt(10));
        int output = random.nextInt(1_000);
        largest.merge(id, output, Integer::max);
        lines.add(plain(id, NOON.plusSeconds(random.nextInt(60)), 50, output));
      }
      UsageImport job =
          job()
              .batchSize(1 + random.nextInt(40))
              .holdBack(20 + random.nextInt(30))
              .checkpoints(memory);
      ImportProgress progress = run(job, lines.toArray(String[]::new));

      assertThat(store.events()).hasSize(largest.size());
      assertThat(store.events().stream().mapToLong(e -> e.tokens().output()).sum())
          .isEqualTo(largest.values().stream().mapToLong(i -> i).sum());
      assertThat(progress.stored() + progress.merged()).isEqualTo(300);
      assertThat(progress.conflicts()).isZero();
    }
  }
}
