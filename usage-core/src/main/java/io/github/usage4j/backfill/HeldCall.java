package io.github.usage4j.backfill;

import io.github.usage4j.UsageEvent;
import java.time.Instant;
import java.util.Map;

/** A call that was read and is not written yet, because a later record may say more of it. */
final class HeldCall {

  private final Segment segment;
  private ImportedCall call;
  private ImportRecord record;
  private Instant lastStart;

  /**
   * @param segment that of its first record, which is not done before this call is
   * @param record without its fields, which may be large
   */
  HeldCall(ImportedCall call, ImportRecord record, Segment segment) {
    this.call = call;
    this.record = record;
    this.segment = segment;
    lastStart = call.event().occurredAt();
    segment.pending++;
  }

  /** Keeps what names a record, and its text only if that may be wanted. */
  static ImportRecord withoutFields(ImportRecord record, boolean keepText) {
    return new ImportRecord(
        record.where(), record.identity(), Map.of(), null, keepText ? record.text() : "");
  }

  /**
   * Takes the word of a later record.
   *
   * @throws IllegalArgumentException if both together break a rule of events; then nothing changes
   */
  void join(ImportedCall later, ImportRecord record) {
    call = Restatement.join(call, later);
    lastStart = later.event().occurredAt();
    this.record = record;
  }

  /** Whether a record may still come that says more, by what its last one says. */
  boolean mayGoOn(Instant settledBefore) {
    return call.restatable() && call.open() && !lastStart.isBefore(settledBefore);
  }

  void done() {
    segment.pending--;
  }

  ImportedCall call() {
    return call;
  }

  UsageEvent event() {
    return call.event();
  }

  /** The last record that stated it. */
  ImportRecord record() {
    return record;
  }

  Segment segment() {
    return segment;
  }
}
