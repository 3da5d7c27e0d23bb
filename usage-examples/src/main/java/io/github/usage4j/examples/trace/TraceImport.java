package io.github.usage4j.examples.trace;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.examples.support.BadInputException;
import io.github.usage4j.sink.UsageSink;
import java.util.ArrayList;
import java.util.List;

/** Writes a trace into a sink, in batches; rows that are there already change nothing. */
final class TraceImport implements UsageSink.Report {

  /** The provider under which traces are recorded: they name none. */
  static final String PROVIDER = "trace";

  private static final int BATCH = 2_000;

  private final UsageSink sink;
  private final ProgressBar progress;
  private final List<UsageEvent> batch = new ArrayList<>(BATCH);
  private long read;
  private long known;
  private long conflicts;

  TraceImport(UsageSink sink, ProgressBar progress) {
    this.sink = sink;
    this.progress = progress;
  }

  void run(TraceFile file, TraceFile.Contents contents) throws BadInputException {
    try {
      file.forEach(
          contents,
          row -> {
            batch.add(row.event(contents.sha256()));
            if (batch.size() == BATCH) {
              write();
            }
          });
      write();
      sink.flush();
    } catch (BadInputException e) {
      throw e;
    } catch (Exception e) {
      throw new BadInputException(
          "the database cannot be written to after " + read + " rows: " + e.getMessage());
    } finally {
      progress.end();
    }
  }

  long read() {
    return read;
  }

  /** Rows that were imported before. */
  long known() {
    return known;
  }

  /** Rows whose id is taken by a call with other figures; they were not imported. */
  long conflicts() {
    return conflicts;
  }

  private void write() throws BadInputException {
    if (batch.isEmpty()) {
      return;
    }
    try {
      sink.write(List.copyOf(batch), this);
    } catch (Exception e) {
      throw new BadInputException(
          "the database cannot be written to after " + read + " rows: " + e.getMessage());
    }
    read += batch.size();
    batch.clear();
    progress.show(read);
  }

  @Override
  public void duplicate(UsageEvent event) {
    known++;
  }

  @Override
  public void conflict(UsageEvent event) {
    conflicts++;
  }
}
