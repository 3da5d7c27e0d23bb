package io.github.usage4j.backfill;

import java.util.ArrayList;
import java.util.List;

/**
 * The records between two places at which an import may go on, and what became of them. It is done
 * once all of its calls are; only then a checkpoint may lie behind it.
 */
final class Segment {

  /** A record that could not be used, and why. */
  record Reject(ImportRecord record, String reason) {}

  long read;
  long stored;
  long known;
  long merged;
  long shrunk;
  long conflicts;
  long leftOut;
  long rejected;

  /** How many calls are held or wait to be written whose first record is one of these. */
  long pending;

  /** Those to keep, in the order in which they turned out to be bad. */
  final List<Reject> rejects = new ArrayList<>();

  /** The place behind its last record. */
  String end = "";

  private boolean closed;

  /** Says where the next one begins. */
  void close(String position) {
    end = position;
    closed = true;
  }

  boolean isDone() {
    return closed && pending == 0;
  }

  /** Takes the next one in, so that a long row of them needs no memory. */
  void append(Segment next) {
    read += next.read;
    stored += next.stored;
    known += next.known;
    merged += next.merged;
    shrunk += next.shrunk;
    conflicts += next.conflicts;
    leftOut += next.leftOut;
    rejected += next.rejected;
    rejects.addAll(next.rejects);
    end = next.end;
  }

  ImportProgress added(ImportProgress before) {
    return new ImportProgress(
        end,
        before.read() + read,
        before.stored() + stored,
        before.known() + known,
        before.merged() + merged,
        before.shrunk() + shrunk,
        before.conflicts() + conflicts,
        before.leftOut() + leftOut,
        before.rejected() + rejected,
        0,
        false);
  }
}
