package io.github.usage4j.examples.replay;

import io.github.usage4j.examples.support.BadInputException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What the user asked for on the command line. */
record ReplayOptions(Path directory, String database, @Nullable Path report, Capture capture) {
  static final String DEFAULT_DATABASE = "jdbc:h2:mem:replay";

  static final String USAGE =
      """
      usage: replay DIR [--database JDBC_URL] [--report FILE] [--plain]
        DIR         holds recorded exchanges (*.json, in any depth)
        --database  records into this database (default: in memory, gone afterwards)
        --report    writes one JSON line for each exchange file, with the tokens, cost, units and
                    conditions of each event
        --plain     looks only at what LangChain4j's clients pass on, not at what providers sent\
      """;

  /** Reads the command line. */
  static ReplayOptions parse(String[] args) throws BadInputException {
    @Nullable Path directory = null;
    String database = DEFAULT_DATABASE;
    @Nullable Path report = null;
    Capture capture = Capture.WIRE;
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--database" -> database = value(args, i++);
        case "--report" -> report = path(value(args, i++));
        case "--plain" -> capture = Capture.PLAIN;
        default -> {
          if (args[i].startsWith("-") || directory != null) {
            throw new BadInputException("unexpected argument: " + args[i] + "\n" + USAGE);
          }
          directory = path(args[i]);
        }
      }
    }
    if (directory == null) {
      throw new BadInputException("DIR is missing\n" + USAGE);
    }
    return new ReplayOptions(directory, database, report, capture);
  }

  private static String value(String[] args, int option) throws BadInputException {
    if (option + 1 == args.length) {
      throw new BadInputException(args[option] + " needs a value\n" + USAGE);
    }
    return args[option + 1];
  }

  private static Path path(String text) throws BadInputException {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new BadInputException(text + ": not a path: " + e.getReason());
    }
  }
}
