package io.github.usage4j.examples.replay;

import io.github.usage4j.examples.support.BadInputException;
import io.github.usage4j.examples.support.Databases;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Plays every recorded exchange file of a directory and says whether the library recorded what the
 * providers stated.
 */
public final class ReplayCommand {
  /** Exit code: every file was played or skipped for a good reason, and nothing differs. */
  public static final int EQUAL = 0;

  /** Exit code: something differs. */
  public static final int DIFFERENT = 1;

  /** Exit code: something given cannot be used; a message says what. */
  public static final int BAD_INPUT = 2;

  private static final int PROGRESS_EVERY = 50;
  private static final int DIFFERENCES_SHOWN = 50;

  private final PrintStream out;

  ReplayCommand(PrintStream out) {
    this.out = out;
  }

  /**
   * Runs the program.
   *
   * @param args the command line, without the program's name
   * @param out gets progress, tables and summary
   * @param err gets what is wrong with the input
   * @return the exit code
   */
  public static int run(String[] args, PrintStream out, PrintStream err) {
    try {
      return new ReplayCommand(out).run(ReplayOptions.parse(args));
    } catch (BadInputException e) {
      err.println(e.getMessage());
      return BAD_INPUT;
    } catch (IOException e) {
      err.println("the report cannot be written: " + e);
      return BAD_INPUT;
    }
  }

  private int run(ReplayOptions options) throws BadInputException, IOException {
    readAll(options);
    try (Recorder recorder = recorder(options.database())) {
      return run(options, recorder);
    }
  }

  /** Unreadable files are found before the database is opened and anything is played. */
  private static void readAll(ReplayOptions options) throws BadInputException {
    ExchangeReader reader = new ExchangeReader(options.directory());
    for (Path file : reader.files()) {
      reader.read(file);
    }
  }

  /** Plays everything with this recorder. */
  int run(ReplayOptions options, Recorder recorder) throws BadInputException, IOException {
    ExchangeReader reader = new ExchangeReader(options.directory());
    List<Path> files = reader.files();
    try (ReplayReport report = ReplayReport.open(options.report())) {
      long made = play(files, reader, recorder, report, options.capture());
      long recorded = recorder.recordedCalls();
      report.table().forEach(out::println);
      explain(report.different());
      if (recorded != made) {
        out.println();
        out.printf(
            "different: %d events of this run are in the database, but %d calls were made%n",
            recorded, made);
      }
      out.println();
      recorder.monthSummary().forEach(out::println);
      return report.different().isEmpty() && report.files() == files.size() && recorded == made
          ? EQUAL
          : DIFFERENT;
    }
  }

  private static Recorder recorder(String database) throws BadInputException {
    return new LibraryRecorder(Databases.open(database));
  }

  /** Plays all files; how many events that should be. */
  private long play(
      List<Path> files,
      ExchangeReader reader,
      Recorder recorder,
      ReplayReport report,
      Capture capture)
      throws BadInputException, IOException {
    long start = System.nanoTime();
    int done = 0;
    long calls = 0;
    for (Path path : files) {
      calls += play(reader.read(path), recorder, capture, report);
      if (++done % PROGRESS_EVERY == 0 || done == files.size()) {
        long seconds = Duration.ofNanos(System.nanoTime() - start).toSeconds();
        out.printf(
            "%d of %d exchange files replayed, %d differ (%d s)%n",
            done, files.size(), report.different().size(), seconds);
      }
    }
    out.println();
    return calls;
  }

  private static int play(
      ExchangeFile file, Recorder recorder, Capture capture, ReplayReport report)
      throws IOException {
    boolean loop = file.kind() == ExchangeFile.Kind.TOOL_LOOP;
    Played[] played = new Played[1];
    List<RecordedEvent> events;
    try (ReplayServer server = ReplayServer.start()) {
      events =
          recorder.record(
              file.file(),
              () -> {
                played[0] =
                    loop
                        ? new LoopPlayer(recorder, capture).play(file, server)
                        : new StepPlayer(recorder, capture).play(file, server);
                return played[0].calls();
              });
    }
    FileResult.Mode mode = loop ? FileResult.Mode.LOOP : FileResult.Mode.STEPS;
    report.add(Comparison.of(file, mode, capture, played[0], events));
    // What else a call used counts as a call; whether it should be there is compared above.
    return played[0].calls() + (int) events.stream().filter(RecordedEvent::additional).count();
  }

  private void explain(List<FileResult> different) {
    if (different.isEmpty()) {
      return;
    }
    out.println();
    out.println("different:");
    different.stream()
        .limit(DIFFERENCES_SHOWN)
        .forEach(result -> out.println("  " + result.file() + ": " + result.detail()));
    if (different.size() > DIFFERENCES_SHOWN) {
      out.println(
          "  and " + (different.size() - DIFFERENCES_SHOWN) + " more; --report FILE has them all");
    }
  }
}
