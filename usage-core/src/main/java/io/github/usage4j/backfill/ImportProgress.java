package io.github.usage4j.backfill;

/**
 * How far an import has come, over all its runs. The counts are of the records before {@code
 * position}: what lies behind it is read again by the next run.
 *
 * @param position behind the last record that is done, in the words of the input
 * @param read how many records were read
 * @param stored how many new events were stored; a record may give several, or none
 * @param known how many events were stored before, with at least these figures; a run that was
 *     killed leaves some
 * @param merged how many records stated a call that an earlier record had stated already, and were
 *     counted as one with it
 * @param shrunk how many of these stated a figure smaller than before; the larger one was kept
 * @param conflicts how many events have an id that is taken by another call, or by one with smaller
 *     figures; what was first stays
 * @param leftOut how many the filter left out, and how many records are no call of a model
 * @param rejected how many could not be used
 * @param heldBack how many calls may not be over yet and are left for the next run; not remembered
 * @param finished whether the end of the input was reached and nothing held back
 */
public record ImportProgress(
    String position,
    long read,
    long stored,
    long known,
    long merged,
    long shrunk,
    long conflicts,
    long leftOut,
    long rejected,
    long heldBack,
    boolean finished) {

  static final ImportProgress NONE = new ImportProgress("", 0, 0, 0, 0, 0, 0, 0, 0, 0, false);

  ImportProgress atEnd(long callsHeldBack) {
    return new ImportProgress(
        position,
        read,
        stored,
        known,
        merged,
        shrunk,
        conflicts,
        leftOut,
        rejected,
        callsHeldBack,
        callsHeldBack == 0);
  }
}
