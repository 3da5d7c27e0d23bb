package io.github.usage4j.examples.imports;

import io.github.usage4j.UsageException;
import io.github.usage4j.backfill.ImportProgress;
import io.github.usage4j.backfill.ImportSource;
import io.github.usage4j.backfill.UsageImport;
import io.github.usage4j.examples.support.BadInputException;
import io.github.usage4j.examples.support.Databases;
import io.github.usage4j.pricing.PriceCatalog;
import io.github.usage4j.sink.InMemoryUsageStore;
import io.github.usage4j.sink.UsageStore;
import java.io.PrintStream;
import java.time.Duration;

/** Imports JSON lines and shows each event that they become, and each line that becomes none. */
public final class ImportCommand {

  private static final int ALL = 0;
  private static final int NOT_ALL = 1;
  private static final int BAD_INPUT = 2;

  private ImportCommand() {}

  /**
   * Runs the program.
   *
   * @param out gets a line for each event and each rejected record, then the totals
   * @param err gets what is wrong with what was given
   * @return 0, or 1 if a record was rejected or conflicts with what is stored, or 2 if something
   *     given cannot be used
   */
  public static int run(String[] args, PrintStream out, PrintStream err) {
    try {
      ImportOptions options = ImportOptions.of(args);
      ImportOutput output = options.json() ? new JsonOutput(out) : new TextOutput(out);
      return run(options, output);
    } catch (BadInputException e) {
      err.println(e.getMessage());
      return BAD_INPUT;
    }
  }

  private static int run(ImportOptions options, ImportOutput output) throws BadInputException {
    UsageImport job = job(options, output);
    String database = options.database();
    UsageStore store = database == null ? new InMemoryUsageStore() : Databases.open(database);
    var events = new ImportedEvents(store, output);
    ImportSource lines = ImportSource.jsonLines(options.file());
    ImportProgress progress;
    try {
      progress = job.run(lines, events);
    } catch (UsageException e) {
      throw new BadInputException(String.valueOf(e.getMessage()));
    } catch (Exception e) {
      throw new BadInputException("the import has stopped: " + e.getMessage());
    }
    output.totals(progress, events);
    return progress.rejected() + progress.conflicts() == 0 ? ALL : NOT_ALL;
  }

  private static UsageImport job(ImportOptions options, ImportOutput output)
      throws BadInputException {
    try {
      UsageImport job =
          UsageImport.from(options.source())
              .prices(PriceCatalog.bundled())
              .startedAt(options.at())
              .skipBadRecords((record, reason) -> output.rejected(record.where(), reason));
      if (options.provider() == null) {
        job.providerOf(ProviderByModel::find);
      } else {
        job.provider(options.provider());
      }
      if (options.tier() != null) {
        job.serviceTier(options.tier());
      }
      options.conditions().forEach(job::condition);
      if (options.zone() != null) {
        job.localTimesIn(options.zone());
      }
      if (options.database() == null) {
        job.settledAfter(Duration.ZERO); // there is no next run that could go on
      }
      return job;
    } catch (IllegalArgumentException e) {
      throw new BadInputException(String.valueOf(e.getMessage()));
    }
  }
}
