package io.github.usage4j.examples.trace;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.usage4j.UsageSummary;
import io.github.usage4j.examples.support.BadInputException;
import io.github.usage4j.examples.support.Databases;
import io.github.usage4j.examples.support.TextTable;
import io.github.usage4j.sink.UsageStore;
import java.io.PrintStream;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/** Imports a production trace and prints what the database then has of its workloads. */
public final class TraceCommand {

  private static final String DEFAULT_DATABASE = "jdbc:h2:mem:trace";
  private static final int BAD_INPUT = 2;
  private static final String USAGE =
      """
      usage: trace FILE [--database JDBC_URL] [--json]
        FILE        a trace, comma-separated values, plain or gzip: timestamp_utc, workload,
                    input_tokens, output_tokens and perhaps cached_input_tokens
        --database  imports into this database (default: in memory, gone afterwards)
        --json      prints the totals as JSON\
      """;

  private TraceCommand() {}

  /**
   * Runs the program.
   *
   * @param out gets the totals
   * @param err gets the progress, and what is wrong with the input
   * @return 0, or 2 if something given cannot be used
   */
  public static int run(String[] args, PrintStream out, PrintStream err) {
    try {
      return new Run(out, err).run(args);
    } catch (BadInputException e) {
      err.println(e.getMessage());
      return BAD_INPUT;
    }
  }

  private record Run(PrintStream out, PrintStream err) {

    int run(String[] args) throws BadInputException {
      String file = null;
      String database = DEFAULT_DATABASE;
      boolean json = false;
      for (int i = 0; i < args.length; i++) {
        switch (args[i]) {
          case "--json" -> json = true;
          case "--database" -> {
            i++;
            if (i == args.length) {
              throw new BadInputException("--database needs a value\n" + USAGE);
            }
            database = args[i];
          }
          default -> {
            if (args[i].startsWith("-") || file != null) {
              throw new BadInputException("unexpected argument: " + args[i] + "\n" + USAGE);
            }
            file = args[i];
          }
        }
      }
      return run(traceFile(file), database, json);
    }

    private int run(TraceFile file, String database, boolean json) throws BadInputException {
      TraceFile.Contents contents = file.check();
      UsageStore store = Databases.open(database);
      var job = new TraceImport(store, new ProgressBar(err, contents.rows()));
      job.run(file, contents);
      err.printf(
          "%,d rows read, %,d of them were there before, %,d conflict%n",
          job.read(), job.known(), job.conflicts());
      var totals = new TraceTotals(store.queries(), contents.workloads());
      if (json) {
        out.println(json(file, contents, totals));
      } else {
        table(totals).lines().forEach(out::println);
      }
      return job.conflicts() == 0 ? 0 : 1;
    }

    private static TraceFile traceFile(@Nullable String file) throws BadInputException {
      if (file == null) {
        throw new BadInputException("FILE is missing\n" + USAGE);
      }
      try {
        return new TraceFile(Path.of(file));
      } catch (InvalidPathException e) {
        throw new BadInputException(file + ": not a path: " + e.getReason());
      }
    }

    private static String json(TraceFile file, TraceFile.Contents contents, TraceTotals totals) {
      var map = new LinkedHashMap<String, @Nullable Object>();
      map.put("file", file.name());
      map.put("rows", contents.rows());
      map.put("first", contents.first() == null ? null : contents.first().timestamp());
      map.put("last", contents.last() == null ? null : contents.last().timestamp());
      map.putAll(totals.toMap());
      try {
        return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(map);
      } catch (JsonProcessingException e) {
        throw new IllegalStateException("maps of text and numbers can be written", e);
      }
    }

    private static TextTable table(TraceTotals totals) {
      var table = new TextTable("month (UTC)", "requests", "input", "cached", "output", "total");
      totals.byMonth().forEach((month, sum) -> row(table, month, sum));
      row(table, "total", totals.total());
      return table;
    }

    private static void row(TextTable table, String name, UsageSummary sum) {
      table.row(
          name,
          sum.calls(),
          known(sum.tokens().input()),
          known(sum.tokens().cacheRead()),
          known(sum.tokens().output()),
          sum.totalTokens());
    }

    private static Object known(@Nullable Long count) {
      return count == null ? "-" : count;
    }
  }
}
