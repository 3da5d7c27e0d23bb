package io.github.usage4j.backfill;

/**
 * How far an import has come, over all its runs.
 *
 * @param position behind the last record that is done, in the words of the input
 * @param read how many records were read
 * @param stored how many of them became new events
 * @param known how many events were stored before; a run that was killed leaves some
 * @param conflicts how many ids were stored before with other billable content, which stayed
 * @param leftOut how many the filter left out
 * @param rejected how many could not be used
 * @param finished whether the end of the input was reached
 */
public record ImportProgress(
    String position,
    long read,
    long stored,
    long known,
    long conflicts,
    long leftOut,
    long rejected,
    boolean finished) {

  static final ImportProgress NONE = new ImportProgress("", 0, 0, 0, 0, 0, 0, false);
}
