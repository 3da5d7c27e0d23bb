package io.github.usage4j.examples.imports;

import io.github.usage4j.examples.support.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a user asks of the import.
 *
 * @param database its JDBC URL; null imports into memory
 * @param provider of records that name none; null tells it by the name of the model
 * @param tier of records that state none
 * @param conditions of the price of records that do not state them
 * @param at the start of records that state no time
 * @param zone of times that state none; null refuses them
 */
record ImportOptions(
    Path file,
    @Nullable String database,
    boolean json,
    String source,
    @Nullable String provider,
    @Nullable String tier,
    Map<String, String> conditions,
    Instant at,
    @Nullable ZoneId zone) {

  static final String USAGE =
      """
      usage: import FILE [--database JDBC_URL] [--json] [--source NAME] [--provider NAME]
                    [--tier NAME] [--condition NAME=VALUE]... [--at TIME] [--zone ZONE]
        FILE         JSON lines, plain or gzip: logs, results of batches, sessions of Claude Code,
                     spans of OpenTelemetry, or answers of providers (docs/import.md)
        --database   imports into this database (default: in memory, gone afterwards)
        --json       prints a JSON object for each event and rejected record, then the totals
        --source     where the records come from, part of the ids of events (default: import)
        --provider   the provider of records that name none (default: by the name of the model)
        --tier       the service tier of records that state none, such as batch
        --condition  a condition of the price, such as inference_geo=us; may be repeated
        --at         the time of records that state none (default: when FILE was last changed)
        --zone       the zone of times that state none, such as UTC or Europe/Berlin\
      """;

  private static final String SOURCE = "import";

  static ImportOptions of(String[] args) throws BadInputException {
    String file = null;
    var values = new LinkedHashMap<String, String>();
    var conditions = new LinkedHashMap<String, String>();
    boolean json = false;
    for (Iterator<String> all = List.of(args).iterator(); all.hasNext(); ) {
      String arg = all.next();
      switch (arg) {
        case "--json" -> json = true;
        case "--condition" -> {
          String[] pair = value(arg, all).split("=", 2);
          if (pair.length != 2) {
            throw new BadInputException("--condition must be NAME=VALUE, but is " + pair[0]);
          }
          conditions.put(pair[0], pair[1]);
        }
        case "--database", "--source", "--provider", "--tier", "--at", "--zone" ->
            values.put(arg, value(arg, all));
        default -> {
          if (arg.startsWith("-") || file != null) {
            throw new BadInputException("unexpected argument: " + arg + "\n" + USAGE);
          }
          file = arg;
        }
      }
    }
    Path path = path(file);
    return new ImportOptions(
        path,
        values.get("--database"),
        json,
        values.getOrDefault("--source", SOURCE),
        values.get("--provider"),
        values.get("--tier"),
        conditions,
        values.containsKey("--at") ? time(values.get("--at")) : changed(path),
        zone(values.get("--zone")));
  }

  private static String value(String name, Iterator<String> rest) throws BadInputException {
    if (!rest.hasNext()) {
      throw new BadInputException(name + " needs a value\n" + USAGE);
    }
    return rest.next();
  }

  private static Path path(@Nullable String file) throws BadInputException {
    if (file == null) {
      throw new BadInputException("FILE is missing\n" + USAGE);
    }
    try {
      Path path = Path.of(file);
      if (!Files.isRegularFile(path)) {
        throw new BadInputException(
            file + ": " + (Files.exists(path) ? "is no file" : "there is no such file"));
      }
      return path;
    } catch (InvalidPathException e) {
      throw new BadInputException(file + ": not a path: " + e.getReason());
    }
  }

  private static Instant changed(Path file) throws BadInputException {
    try {
      return Files.getLastModifiedTime(file).toInstant();
    } catch (IOException e) {
      throw new BadInputException(file + ": cannot be read: " + e.getMessage());
    }
  }

  private static Instant time(String text) throws BadInputException {
    try {
      return Instant.parse(text);
    } catch (DateTimeException e) {
      throw new BadInputException(
          "--at must be a time such as 2026-11-21T12:00:00Z, but is '" + text + "'");
    }
  }

  private static @Nullable ZoneId zone(@Nullable String name) throws BadInputException {
    try {
      return name == null ? null : ZoneId.of(name);
    } catch (DateTimeException e) {
      throw new BadInputException(
          "--zone must be a zone such as UTC or Europe/Berlin, but is '" + name + "'");
    }
  }
}
