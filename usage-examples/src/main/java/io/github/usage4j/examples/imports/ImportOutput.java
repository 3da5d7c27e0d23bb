package io.github.usage4j.examples.imports;

import io.github.usage4j.UsageEvent;
import io.github.usage4j.backfill.ImportProgress;

/** How the results of an import are shown, one after the other. */
interface ImportOutput {

  /** An event, and what became of it. */
  void event(UsageEvent event, ImportedEvents.State state);

  /** A record that could not be used. */
  void rejected(String where, String reason);

  /** What all of it adds up to. */
  void totals(ImportProgress progress, ImportedEvents all);
}
